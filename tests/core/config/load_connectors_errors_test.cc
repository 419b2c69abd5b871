#include <gtest/gtest.h>

#include "tests/core/config/rendered_case.h"

namespace core::config {
namespace {

TEST(LoadRefusesAFileThat, HasWrongConnectors) {
  constexpr RenderedCase kCases[] = {
      {"a connector without path and dialect",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a: { auth: anonymous }
)~",
       R"~(claimgate.yaml:3:3: error: the key "path" is missing
    3 |   a: { auth: anonymous }
      |   ^ write path: /b2c/before-create
claimgate.yaml:3:3: error: the key "dialect" is missing
    3 |   a: { auth: anonymous }
      |   ^ write dialect: b2c-userflow
)~"},
      {"a connector that is nothing",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
)~",
       R"~(claimgate.yaml:3:3: error: expected a map, found nothing
    3 |   a:
      |   ^ write a: { path: /b2c/before-create, dialect: b2c-userflow }
)~"},
      {"a connector's name",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  Before Create: { path: /a, dialect: b2c-userflow }
)~",
       R"~(claimgate.yaml:3:3: error: not a name for a connector
    3 |   Before Create: { path: /a, dialect: b2c-userflow }
      |   ^~~~~~~~~~~~~ write 1 to 64 small letters, digits, "_", "." and "-", a letter or digit first
)~"},
      {"paths",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a: { path: a, dialect: b2c-userflow }
  b: { path: "/b?code=1", dialect: b2c-userflow }
  c: { path: /c/*, dialect: b2c-userflow }
  d: { path: "https://x/d", dialect: b2c-userflow }
  e: { path: /e f, dialect: b2c-userflow }
)~",
       R"~(claimgate.yaml:3:14: error: a path begins with "/"
    3 |   a: { path: a, dialect: b2c-userflow }
      |              ^ write /a
claimgate.yaml:4:17: error: a path has no query
    4 |   b: { path: "/b?code=1", dialect: b2c-userflow }
      |                 ^~~~~~~ leave out the "?" and what follows
claimgate.yaml:5:17: error: a path is no pattern
    5 |   c: { path: /c/*, dialect: b2c-userflow }
      |                 ^ write a connector for each path
claimgate.yaml:6:14: error: a path begins with "/"
    6 |   d: { path: "https://x/d", dialect: b2c-userflow }
      |              ^~~~~~~~~~~~~ write the path of the URL alone
claimgate.yaml:7:16: error: a character that cannot stand in a path
    7 |   e: { path: /e f, dialect: b2c-userflow }
      |                ^~ write it percent-encoded (RFC 3986)
)~"},
      {"two connectors with one path",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a: { path: /x, dialect: b2c-userflow }
  b: { path: /x, dialect: b2c-userflow }
)~",
       R"~(claimgate.yaml:4:14: error: the connectors "a" and "b" have the same path
    4 |   b: { path: /x, dialect: b2c-userflow }
      |              ^~ the first is at claimgate.yaml:3:14
)~"},
      {"contracts of custom policies",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a: { path: /a, dialect: b2c-policy, step: PostFederationSignup, deadline: 9s }
  b: { path: /b, dialect: b2c-policy, policy: { claims_in: url, payload: order } }
  c: { path: /c, dialect: b2c-policy, policy: { claims_in: header, url: /x, more_info: x } }
  d: { path: /d, dialect: b2c-policy, policy: { names: { a: x, b: x, c: "" } } }
  e: { path: /e, dialect: b2c-userflow, policy: {} }
)~",
       R"~(claimgate.yaml:3:39: error: custom policies have no steps
    3 |   a: { path: /a, dialect: b2c-policy, step: PostFederationSignup, deadline: 9s }
      |                                       ^~~~ leave it out
claimgate.yaml:3:77: warning: custom policies wait 10s in all: an answer after 8s may come too late
    3 |   a: { path: /a, dialect: b2c-policy, step: PostFederationSignup, deadline: 9s }
      |                                                                             ^~ write deadline: 8s
claimgate.yaml:4:39: error: the key "url" is missing: it says where in the URL claims are
    4 |   b: { path: /b, dialect: b2c-policy, policy: { claims_in: url, payload: order } }
      |                                       ^~~~~~ write url: "/{email}/{tier}?lang={ui_locales}"
claimgate.yaml:4:65: error: without claims_in: body it has no meaning
    4 |   b: { path: /b, dialect: b2c-policy, policy: { claims_in: url, payload: order } }
      |                                                                 ^~~~~~~ write claims_in: body, or leave it out
claimgate.yaml:5:39: error: the key "names" is missing: it says which header fields are claims
    5 |   c: { path: /c, dialect: b2c-policy, policy: { claims_in: header, url: /x, more_info: x } }
      |                                       ^~~~~~ write names: { email: signInName }
claimgate.yaml:5:68: error: without claims_in: url it has no meaning
    5 |   c: { path: /c, dialect: b2c-policy, policy: { claims_in: header, url: /x, more_info: x } }
      |                                                                    ^~~ write claims_in: url, or leave it out
claimgate.yaml:5:77: error: without debug: true it has no meaning
    5 |   c: { path: /c, dialect: b2c-policy, policy: { claims_in: header, url: /x, more_info: x } }
      |                                                                             ^~~~~~~~~ write debug: true, or leave it out
claimgate.yaml:6:67: error: two claims of this name
    6 |   d: { path: /d, dialect: b2c-policy, policy: { names: { a: x, b: x, c: "" } } }
      |                                                                   ^ give each claim its own
claimgate.yaml:6:73: error: expected a name
    6 |   d: { path: /d, dialect: b2c-policy, policy: { names: { a: x, b: x, c: "" } } }
      |                                                                         ^~ write the claim's PartnerClaimType
claimgate.yaml:7:41: error: this dialect has no place for it
    7 |   e: { path: /e, dialect: b2c-userflow, policy: {} }
      |                                         ^~~~~~ leave it out, or write dialect: b2c-policy
)~"},
      {"dialects",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a: { path: /a, dialect: b2c-user-flow }
  b: { path: /b, dialect: b2c-police }
  c: { path: /c, dialect: soap }
  d: { path: /d, dialect: b2b-signup }
  e: { path: /e, dialect: b2b-signup, step: PreTokenIssuance }
  f: { path: /f, dialect: b2c-userflow, step: PostAttributeCollection }
)~",
       R"~(claimgate.yaml:3:27: error: unknown dialect "b2c-user-flow"
    3 |   a: { path: /a, dialect: b2c-user-flow }
      |                           ^~~~~~~~~~~~~ did you mean "b2c-userflow"?
claimgate.yaml:4:27: error: unknown dialect "b2c-police"
    4 |   b: { path: /b, dialect: b2c-police }
      |                           ^~~~~~~~~~ did you mean "b2c-policy"?
claimgate.yaml:5:27: error: unknown dialect "soap"
    5 |   c: { path: /c, dialect: soap }
      |                           ^~~~ one of: b2c-userflow, b2b-signup, ext-id, b2c-policy
claimgate.yaml:6:3: error: the key "step" is missing: requests of b2b-signup do not say it
    6 |   d: { path: /d, dialect: b2b-signup }
      |   ^ write step: PostAttributeCollection
claimgate.yaml:7:45: error: unknown step "PreTokenIssuance"
    7 |   e: { path: /e, dialect: b2b-signup, step: PreTokenIssuance }
      |                                             ^~~~~~~~~~~~~~~~ one of: PostFederationSignup, PostAttributeCollection
claimgate.yaml:8:41: error: requests of this dialect say which step they are
    8 |   f: { path: /f, dialect: b2c-userflow, step: PostAttributeCollection }
      |                                         ^~~~ leave it out
)~"},
      {"deadlines",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a: { path: /a, dialect: b2c-userflow, deadline: 50ms }
  b: { path: /b, dialect: b2c-userflow, deadline: 61s }
  c: { path: /c, dialect: b2c-userflow, deadline: 4500ms }
  d: { path: /d, dialect: ext-id, deadline: 1701ms }
)~",
       R"~(claimgate.yaml:3:51: error: expected a duration from 100ms to 1m, found the string "50ms"
    3 |   a: { path: /a, dialect: b2c-userflow, deadline: 50ms }
      |                                                   ^~~~ write deadline: 4s
claimgate.yaml:4:51: error: expected a duration from 100ms to 1m, found the string "61s"
    4 |   b: { path: /b, dialect: b2c-userflow, deadline: 61s }
      |                                                   ^~~ write deadline: 4s
claimgate.yaml:5:51: warning: user flows wait 5s in all: an answer after 4s may come too late
    5 |   c: { path: /c, dialect: b2c-userflow, deadline: 4500ms }
      |                                                   ^~~~~~ write deadline: 4s
claimgate.yaml:6:45: warning: extensions wait 2s at most: an answer after 1700ms may come too late
    6 |   d: { path: /d, dialect: ext-id, deadline: 1701ms }
      |                                             ^~~~~~ write deadline: 1700ms
)~"},
      {"what only extensions have",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a: { path: /a, dialect: b2c-userflow, block_title: sorry }
  b: { path: /b, dialect: ext-id, carry: { emailOtpSent: mailer, passwordSubmit: "" } }
)~",
       R"~(claimgate.yaml:3:41: error: this dialect has no place for it
    3 |   a: { path: /a, dialect: b2c-userflow, block_title: sorry }
      |                                         ^~~~~~~~~~~ leave it out, or write dialect: ext-id
claimgate.yaml:4:44: error: unknown key "emailOtpSent"
    4 |   b: { path: /b, dialect: ext-id, carry: { emailOtpSent: mailer, passwordSubmit: **** } }
      |                                            ^~~~~~~~~~~~ did you mean "emailOtpSend"?
claimgate.yaml:4:82: error: expected a text
    4 |   b: { path: /b, dialect: ext-id, carry: { emailOtpSent: mailer, passwordSubmit: **** } }
      |                                                                                  ^~~~ write passwordSubmit: migration
)~"},
      {"an open connector",
       R"~(listeners: [ { address: 0.0.0.0:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
)~",
       R"~(claimgate.yaml:3:3: error: this connector is open to everybody who reaches a listener
    3 |   a:
      |   ^ write auth: { basic: ... }, or auth: anonymous if that is meant
)~"},
      {"a password in an open file",
       R"~(listeners: [ { address: 0.0.0.0:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: { basic: { username: b2c, password: hunter2 } }
)~",
       R"~(claimgate.yaml:6:47: warning: a password is written in the file
    6 |     auth: { basic: { username: b2c, password: **** } }
      |                                               ^~~~ write password: "${env:NAME}" or "${file:PATH}"
)~"},
      {"credentials",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth:
      basic:
        - { username: "b:c", password: hunter2 }
        - { username: "", password: "" }
        - { username: b, passwrod: hunter2 }
        - { user: b, password: 12345 }
        - b2c:hunter2
        - { username: b, password: "a\tb" }
)~",
       R"~(claimgate.yaml:8:25: error: a username cannot hold a colon (RFC 7617)
    8 |         - { username: "b:c", password: **** }
      |                         ^~
claimgate.yaml:9:23: error: an empty username
    9 |         - { username: "", password: **** }
      |                       ^~
claimgate.yaml:9:37: error: an empty password
    9 |         - { username: "", password: **** }
      |                                     ^~~~ write password: "${env:NAME}"
claimgate.yaml:10:26: error: unknown key "passwrod"
   10 |         - { username: b, passwrod: **** }
      |                          ^~~~~~~~ did you mean "password"?
claimgate.yaml:11:11: error: the key "username" is missing
   11 |         - { user: ****, password: **** }
      |           ^ write username: b2c
claimgate.yaml:11:13: error: unknown key "user"
   11 |         - { user: ****, password: **** }
      |             ^~~~ one of: username, password
claimgate.yaml:11:32: error: expected a string, found an integer
   11 |         - { user: ****, password: **** }
      |                                   ^~~~ put it in quotation marks
claimgate.yaml:12:11: error: expected a map or a list of maps, found a string
   12 |         - ****
      |           ^~~~ write basic: { username: b2c, password: "${env:B2C_PASSWORD}" }
claimgate.yaml:13:36: error: a password cannot hold control characters (RFC 7617)
   13 |         - { username: b, password: **** }
      |                                    ^~~~
)~"},
      {"an empty list of credentials",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: { basic: [] }
)~",
       R"~(claimgate.yaml:6:20: error: expected at least one item in the list
    6 |     auth: { basic: [] }
      |                    ^ write basic: { username: b2c, password: "${env:B2C_PASSWORD}" }
)~"},
      {"an auth that is misspelt",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymos
)~",
       R"~(claimgate.yaml:6:11: error: expected a map or the word anonymous, found the string "anonymos"
    6 |     auth: anonymos
      |           ^~~~~~~~ did you mean "anonymous"?
)~"},
      {"an auth that is a password",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: hunter2
)~",
       R"~(claimgate.yaml:6:11: error: expected a map or the word anonymous, found a string
    6 |     auth: ****
      |           ^~~~ write auth: { basic: { username: b2c, password: "${env:B2C_PASSWORD}" } }
)~"},
      {"otherwise",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    otherwise: { set: { a: b } }
)~",
       R"~(claimgate.yaml:6:5: error: one of these keys is missing: validation_error, block, continue
    6 |     otherwise: { set: { a: b } }
      |     ^~~~~~~~~ write validation_error: later
claimgate.yaml:6:18: error: unknown key "set"
    6 |     otherwise: { set: { a: b } }
      |                  ^~~ one of: continue, block, validation_error
)~"},
      {"otherwise, twice",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    otherwise: { block: m, continue: {} }
)~",
       R"~(claimgate.yaml:6:28: error: "continue" cannot stand beside "block"
    6 |     otherwise: { block: m, continue: {} }
      |                            ^~~~~~~~ exactly one of: validation_error, block, continue
)~"},
      {"token faults",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    token_fault: ignore
)~",
       R"~(claimgate.yaml:6:18: error: unknown token_fault "ignore"
    6 |     token_fault: ignore
      |                  ^~~~~~ one of: continue, fail
)~"},
  };
  for (const RenderedCase& c : kCases) expect_rendered(c);
}

}  // namespace
}  // namespace core::config
