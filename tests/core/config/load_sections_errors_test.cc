#include <gtest/gtest.h>

#include "tests/core/config/rendered_case.h"

namespace core::config {
namespace {

TEST(LoadRefusesAFileThat, HasWrongSectionsOrLimits) {
  constexpr RenderedCase kCases[] = {
      {"an unknown key far from any",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
frobnicate: 1
)~",
       R"~(claimgate.yaml:3:1: error: unknown key "frobnicate"
    3 | frobnicate: 1
      | ^~~~~~~~~~
)~"},
      {"an unknown key near one",
       R"~(listener: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
)~",
       R"~(claimgate.yaml:1:1: error: unknown key "listener"
    1 | listener: [ { address: 127.0.0.1:8080 } ]
      | ^~~~~~~~ did you mean "listeners"?
)~"},
      {"sections missing",
       R"~(workers: 1
)~",
       R"~(claimgate.yaml:1:1: error: the key "listeners" is missing
    1 | workers: 1
      | ^ write listeners: [ { address: 127.0.0.1:8080 } ]
claimgate.yaml:1:1: error: the key "connectors" is missing
    1 | workers: 1
      | ^ write connectors: { before-create: { path: /b2c/before-create, dialect: b2c-userflow } }
)~"},
      {"a state that is none",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
state: disk
)~",
       R"~(claimgate.yaml:3:8: error: expected a map or the word memory, found the string "disk"
    3 | state: disk
      |        ^~~~ write state: { sqlite: /var/lib/claimgate/state.db }
)~"},
      {"a state without a file, and with a key that is too short",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
state: { sqlite: "", synchronous: ful, key: c2hvcnQ= }
)~",
       R"~(claimgate.yaml:3:18: error: expected the name of a file
    3 | state: { sqlite: "", synchronous: ful, key: **** }
      |                  ^~ write sqlite: state.db
claimgate.yaml:3:35: error: unknown synchronous "ful"
    3 | state: { sqlite: "", synchronous: ful, key: **** }
      |                                   ^~~ did you mean "full"?
claimgate.yaml:3:45: error: expected 32 bytes in base64
    3 | state: { sqlite: "", synchronous: ful, key: **** }
      |                                             ^~~~ as from openssl rand -base64 32
)~"},
      {"an invitation without its code, and with reasons that are none",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
state: memory
messages: { m: { en: x } }
invitations:
  partners: { messages: { unknown: m, used: m }, block: [ expierd ], valid: 5s }
)~",
       R"~(claimgate.yaml:6:3: error: the key "code" is missing
    6 |   partners: { messages: { unknown: m, used: m }, block: [ expierd ], valid: 5s }
      |   ^~~~~~~~ write code: extension_invitationCode
claimgate.yaml:6:39: error: unknown key "used"
    6 |   partners: { messages: { unknown: m, used: m }, block: [ expierd ], valid: 5s }
      |                                       ^~~~ one of: unknown, missing, expired, used_up, elsewhere
claimgate.yaml:6:59: error: unknown refusal "expierd"
    6 |   partners: { messages: { unknown: m, used: m }, block: [ expierd ], valid: 5s }
      |                                                           ^~~~~~~ did you mean "expired"?
claimgate.yaml:6:77: error: expected a duration from 1m to 3650d, found the string "5s"
    6 |   partners: { messages: { unknown: m, used: m }, block: [ expierd ], valid: 5s }
      |                                                                             ^~ write valid: 30d
)~"},
      {"invitations without a state",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
messages: { m: { en: x } }
invitations: { partners: { code: extension_code, messages: { unknown: m } } }
)~",
       R"~(claimgate.yaml:4:16: error: invitations are kept in a state, and there is none
    4 | invitations: { partners: { code: extension_code, messages: { unknown: m } } }
      |                ^~~~~~~~ write state: { sqlite: state.db }
)~"},
      {"TLS without a certificate",
       R"~(listeners: [ { address: 127.0.0.1:8443, tls: { key: k } } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
)~",
       R"~(claimgate.yaml:1:41: error: one of these keys is missing: certificate, certificates
    1 | listeners: [ { address: 127.0.0.1:8443, tls: { key: k } } ]
      |                                         ^~~ write certificate: tls/server.crt
)~"},
      {"limits out of range",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
limits: { json_depth: 513, body_bytes: 17MiB, connections: 0, idle_timeout: 2h }
)~",
       R"~(claimgate.yaml:3:23: error: expected an integer from 1 to 512, found the integer 513
    3 | limits: { json_depth: 513, body_bytes: 17MiB, connections: 0, idle_timeout: 2h }
      |                       ^~~ write json_depth: 32
claimgate.yaml:3:40: error: expected a size from 1KiB to 16MiB, found the string "17MiB"
    3 | limits: { json_depth: 513, body_bytes: 17MiB, connections: 0, idle_timeout: 2h }
      |                                        ^~~~~ write body_bytes: 256KiB
claimgate.yaml:3:60: error: expected an integer from 1 to 1000000, found the integer 0
    3 | limits: { json_depth: 513, body_bytes: 17MiB, connections: 0, idle_timeout: 2h }
      |                                                            ^ write connections: 16384
claimgate.yaml:3:77: error: expected a duration from 100ms to 1h, found the string "2h"
    3 | limits: { json_depth: 513, body_bytes: 17MiB, connections: 0, idle_timeout: 2h }
      |                                                                             ^~ write idle_timeout: 1m
)~"},
      {"limits of a wrong type",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
limits: { json_depth: "3", body_bytes: [], head_timeout: 10, json_members: }
)~",
       R"~(claimgate.yaml:3:23: error: expected an integer from 1 to 512, found the string "3"
    3 | limits: { json_depth: "3", body_bytes: [], head_timeout: 10, json_members: }
      |                       ^~~ write json_depth: 32
claimgate.yaml:3:40: error: expected a size from 1KiB to 16MiB, found a list
    3 | limits: { json_depth: "3", body_bytes: [], head_timeout: 10, json_members: }
      |                                        ^ write body_bytes: 256KiB
claimgate.yaml:3:58: error: expected a unit: ms, s, m or h
    3 | limits: { json_depth: "3", body_bytes: [], head_timeout: 10, json_members: }
      |                                                          ^~ write 10s or 10ms
claimgate.yaml:3:62: error: expected an integer from 1 to 1000000, found nothing
    3 | limits: { json_depth: "3", body_bytes: [], head_timeout: 10, json_members: }
      |                                                              ^~~~~~~~~~~~ write json_members: 16384
)~"},
      {"units",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
limits: { body_bytes: 16kb, trailer_bytes: 1.5MiB, head_timeout: 1.5s, body_timeout: 5 s }
)~",
       R"~(claimgate.yaml:3:25: error: expected a unit: KiB, MiB or GiB, or none for bytes
    3 | limits: { body_bytes: 16kb, trailer_bytes: 1.5MiB, head_timeout: 1.5s, body_timeout: 5 s }
      |                         ^~ write 16KiB
claimgate.yaml:3:45: error: expected a unit: KiB, MiB or GiB, or none for bytes
    3 | limits: { body_bytes: 16kb, trailer_bytes: 1.5MiB, head_timeout: 1.5s, body_timeout: 5 s }
      |                                             ^~~~~ write trailer_bytes: 16KiB
claimgate.yaml:3:67: error: expected a whole number
    3 | limits: { body_bytes: 16kb, trailer_bytes: 1.5MiB, head_timeout: 1.5s, body_timeout: 5 s }
      |                                                                   ^~~ write 1500ms for 1.5s
claimgate.yaml:3:87: error: expected a unit: ms, s, m or h
    3 | limits: { body_bytes: 16kb, trailer_bytes: 1.5MiB, head_timeout: 1.5s, body_timeout: 5 s }
      |                                                                                       ^~ write body_timeout: 10s
)~"},
      {"a line longer than the head",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
limits: { request_line_bytes: 32KiB }
)~",
       R"~(claimgate.yaml:3:11: error: request_line_bytes is larger than head_bytes, which includes it
    3 | limits: { request_line_bytes: 32KiB }
      |           ^~~~~~~~~~~~~~~~~~
)~"},
      {"a share above one",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
access_log: { file: 3, sample: 1.5 }
)~",
       R"~(claimgate.yaml:3:21: error: expected a string, found the integer 3
    3 | access_log: { file: 3, sample: 1.5 }
      |                     ^ put it in quotation marks: "3"
claimgate.yaml:3:32: error: expected a number from 0 to 1, found the number 1.5
    3 | access_log: { file: 3, sample: 1.5 }
      |                                ^~~ write sample: 0.01
)~"},
      {"a language that is none",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
fallback_locale: "en_US"
)~",
       R"~(claimgate.yaml:3:18: error: "en_US" is no language tag
    3 | fallback_locale: "en_US"
      |                  ^~~~~~~ as in en, sv or pt-BR
)~"},
  };
  for (const RenderedCase& c : kCases) expect_rendered(c);
}

TEST(LoadRefusesAFileThat, HasWrongListeners) {
  constexpr RenderedCase kCases[] = {
      {"listeners that are none",
       R"~(listeners: []
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
)~",
       R"~(claimgate.yaml:1:12: error: expected at least one item in the list
    1 | listeners: []
      |            ^ write listeners: [ { address: 127.0.0.1:8080 } ]
)~"},
      {"a listener that is a text",
       R"~(listeners: [ 127.0.0.1:8080 ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
)~",
       R"~(claimgate.yaml:1:14: error: expected a map, found the string "127.0.0.1:8080"
    1 | listeners: [ 127.0.0.1:8080 ]
      |              ^~~~~~~~~~~~~~ write - address: 127.0.0.1:8080
)~"},
      {"host names and half addresses",
       R"~(listeners:
  - address: localhost:8080
  - address: gate.example.com:8080
  - address: :8080
  - address: 8080
  - address: 10.0.0.1
  - address: 10.0.0.256:80
  - address: 10.0.0.1:99999
  - address: "::1:8080"
  - address: "[::1"
  - address: "[fe80::1%eth0]:80"
  - address: unix:@claimgate
  - address: unix:run/claimgate.sock
  - address: http://127.0.0.1:80
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
)~",
       R"~(claimgate.yaml:2:14: error: a listener needs an address, not a host name
    2 |   - address: localhost:8080
      |              ^~~~~~~~~~~~~~ write 127.0.0.1:8080
claimgate.yaml:3:14: error: a listener needs an address, not a host name
    3 |   - address: gate.example.com:8080
      |              ^~~~~~~~~~~~~~~~~~~~~ write an address, as in 127.0.0.1:8080
claimgate.yaml:4:14: error: expected an address before the port
    4 |   - address: :8080
      |              ^~~~~ write 0.0.0.0:8080 for every interface
claimgate.yaml:5:14: error: expected an address and a port
    5 |   - address: 8080
      |              ^~~~ as in 127.0.0.1:8080
claimgate.yaml:6:22: error: expected a port behind the address
    6 |   - address: 10.0.0.1
      |                      ^ write 10.0.0.1:8080
claimgate.yaml:7:14: error: not an IPv4 address
    7 |   - address: 10.0.0.256:80
      |              ^~~~~~~~~~~~~ as in 127.0.0.1:8080
claimgate.yaml:8:23: error: expected a port from 0 to 65535
    8 |   - address: 10.0.0.1:99999
      |                       ^~~~~
claimgate.yaml:9:14: error: expected brackets around an IPv6 address
    9 |   - address: "::1:8080"
      |              ^~~~~~~~~~ write [::1]:8080
claimgate.yaml:10:19: error: expected "]" behind the IPv6 address
   10 |   - address: "[::1"
      |                   ^
claimgate.yaml:11:23: error: addresses with a zone are not supported
   11 |   - address: "[fe80::1%eth0]:80"
      |                       ^~~~~~~~~ write an address that is not link-local
claimgate.yaml:12:19: error: abstract Unix sockets are not supported
   12 |   - address: unix:@claimgate
      |                   ^~~~~~~~~~ write a path, as in unix:/run/claimgate.sock
claimgate.yaml:13:19: error: expected an absolute path
   13 |   - address: unix:run/claimgate.sock
      |                   ^~~~~~~~~~~~~~~~~~ as in unix:/run/claimgate.sock
claimgate.yaml:14:14: error: expected an address, not a URL
   14 |   - address: http://127.0.0.1:80
      |              ^~~~~~~~~~~~~~~~~~~ as in 127.0.0.1:8080
)~"},
      {"the same address twice",
       R"~(listeners:
  - address: 127.0.0.1:8080
  - address: 127.0.0.1:8080
admin: { address: 127.0.0.1:8080 }
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
)~",
       R"~(claimgate.yaml:3:14: error: two listeners cannot have the same address
    3 |   - address: 127.0.0.1:8080
      |              ^~~~~~~~~~~~~~ the first is at claimgate.yaml:2:14
claimgate.yaml:4:19: error: two listeners cannot have the same address
    4 | admin: { address: 127.0.0.1:8080 }
      |                   ^~~~~~~~~~~~~~ the first is at claimgate.yaml:2:14
)~"},
  };
  for (const RenderedCase& c : kCases) expect_rendered(c);
}

TEST(LoadRefusesAFileThat, HasWrongListsOrMessages) {
  constexpr RenderedCase kCases[] = {
      {"a list of nothing",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
lists: { a: {} }
)~",
       R"~(claimgate.yaml:3:10: error: one of these keys is missing: file, values, url
    3 | lists: { a: {} }
      |          ^ write file: lists/partners.txt
)~"},
      {"a list whose source is of another scheme",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
lists: { a: { url: "ftp://a.example/x" } }
)~",
       R"~(claimgate.yaml:3:20: error: expected a URL of http or https
    3 | lists: { a: { url: "ftp://a.example/x" } }
      |                    ^~~~~~~~~~~~~~~~~~~ write url: https://host/path
)~"},
      {"values that are read again, from a host of redirects",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
lists: { a: { values: [x], reload: 1m, redirect_hosts: [b.example] } }
)~",
       R"~(claimgate.yaml:3:28: error: values that stand in the file have no other source
    3 | lists: { a: { values: [x], reload: 1m, redirect_hosts: [b.example] } }
      |                            ^~~~~~ leave it out
claimgate.yaml:3:40: error: only a `url` redirects
    3 | lists: { a: { values: [x], reload: 1m, redirect_hosts: [b.example] } }
      |                                        ^~~~~~~~~~~~~~ leave it out
)~"},
      {"a token that is too short, and no directory",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
admin: { address: 127.0.0.1:9090, token: short }
lists_state: ""
)~",
       R"~(claimgate.yaml:3:42: error: a token has 16 or more visible ASCII characters
    3 | admin: { address: 127.0.0.1:9090, token: **** }
      |                                          ^~~~ as from openssl rand -hex 32
claimgate.yaml:4:14: error: expected the name of a directory
    4 | lists_state: ""
      |              ^~ write lists_state: lists-state
)~"},
      {"a list of both",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
lists: { a: { file: a.txt, values: [x], match: emial } }
)~",
       R"~(claimgate.yaml:3:28: error: "values" cannot stand beside "file"
    3 | lists: { a: { file: a.txt, values: [x], match: emial } }
      |                            ^~~~~~ exactly one of: file, values, url
claimgate.yaml:3:48: error: unknown match "emial"
    3 | lists: { a: { file: a.txt, values: [x], match: emial } }
      |                                                ^~~~~ did you mean "email"?
)~"},
      {"values that are no strings",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
lists: { a: { values: [x, 5, true, ~, ""] } }
)~",
       R"~(claimgate.yaml:3:27: error: expected a string, found the integer 5
    3 | lists: { a: { values: [x, 5, true, ~, ""] } }
      |                           ^ put it in quotation marks: "5"
claimgate.yaml:3:30: error: expected a string, found the boolean true
    3 | lists: { a: { values: [x, 5, true, ~, ""] } }
      |                              ^~~~ put it in quotation marks: "true"
claimgate.yaml:3:36: error: expected a string, found nothing
    3 | lists: { a: { values: [x, 5, true, ~, ""] } }
      |                                    ^ write values: [example.com, example.org]
claimgate.yaml:3:39: error: a list cannot hold an empty text
    3 | lists: { a: { values: [x, 5, true, ~, ""] } }
      |                                       ^~
)~"},
      {"names that are none",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
lists: { "a b": { values: [x] } }
messages: { "": x }
)~",
       R"~(claimgate.yaml:3:10: error: not a name for a list
    3 | lists: { "a b": { values: [x] } }
      |          ^~~~~ write 1 to 64 letters, digits, "_", "." and "-", a letter or digit first
claimgate.yaml:4:13: error: not a name for a message
    4 | messages: { "": x }
      |             ^~ write 1 to 64 letters, digits, "_", "." and "-", a letter or digit first
)~"},
      {"messages",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
messages:
  a: { en_US: x, sv: 5, SV: y }
  b: []
  c: {}
  d:
  e: ""
)~",
       R"~(claimgate.yaml:4:8: error: "en_US" is no language tag
    4 |   a: { en_US: x, sv: 5, SV: y }
      |        ^~~~~ as in en, sv or pt-BR
claimgate.yaml:4:22: error: expected a text, found the integer 5
    4 |   a: { en_US: x, sv: 5, SV: y }
      |                      ^ put it in quotation marks: "5"
claimgate.yaml:5:6: error: expected a text, or a text for each language, found a list
    5 |   b: []
      |      ^ write b: { en: "..." }
claimgate.yaml:6:3: error: a message needs a text
    6 |   c: {}
      |   ^ write { en: "..." }
claimgate.yaml:7:3: error: expected a text, or a text for each language, found nothing
    7 |   d:
      |   ^ write d: { en: "..." }
claimgate.yaml:8:6: error: a message needs words
    8 |   e: ""
      |      ^~
)~"},
  };
  for (const RenderedCase& c : kCases) expect_rendered(c);
}

}  // namespace
}  // namespace core::config
