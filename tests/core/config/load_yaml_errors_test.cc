#include <gtest/gtest.h>

#include "tests/core/config/rendered_case.h"

namespace core::config {
namespace {

TEST(LoadRefusesAFileThat, IsWrongAsYaml) {
  constexpr RenderedCase kCases[] = {
      {"an empty file", "",
       R"~(claimgate.yaml:1:1: error: there is nothing in this file
    1 |
      | ^ write at least listeners and connectors
)~"},
      {"comments alone",
       R"~(# nothing
)~",
       R"~(claimgate.yaml:1:1: error: there is nothing in this file
    1 | # nothing
      | ^ write at least listeners and connectors
)~"},
      {"a scalar for a file",
       R"~(hello
)~",
       R"~(claimgate.yaml:1:1: error: expected the sections of a configuration, found the string "hello"
    1 | hello
      | ^~~~~ write at least listeners and connectors
)~"},
      {"a tab in the indentation",
       "limits:\n"
       "\tjson_depth: 3\n",
       R"~(claimgate.yaml:2:1: error: a tab in the indentation
    2 |  json_depth: 3
      | ^ indent with spaces
)~"},
      {"a colon in a plain text",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
messages: { m: a }
fallback_locale: a: b
)~",
       R"~(claimgate.yaml:4:19: error: a colon is not expected here
    4 | fallback_locale: a: b
      |                   ^ put a text with ": " in it in quotation marks
)~"},
      {"an unclosed quotation mark",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
messages: { m: "Hello }
)~",
       R"~(claimgate.yaml:3:16: error: this quotation mark is never closed
    3 | messages: { m: "Hello }
      |                ^
)~"},
      {"an unclosed quotation mark at the end of a line",
       R"~(messages: { m: "Hello
)~",
       R"~(claimgate.yaml:1:16: error: this quotation mark is never closed
    1 | messages: { m: "Hello
      |                ^
)~"},
      {"an unclosed bracket",
       R"~(include: [a.yaml
workers: 3
)~",
       R"~(claimgate.yaml:2:8: error: expected "," or "]"
    2 | workers: 3
      |        ^ a list that began with "[" is still open
)~"},
      {"a reference without quotation marks",
       R"~(messages: { m: ${env:M} }
)~",
       R"~(claimgate.yaml:1:17: error: not valid YAML
    1 | messages: { m: ${env:M} }
      |                 ^ between brackets a reference needs quotation marks: "${env:NAME}"
)~"},
      {"an IPv6 address without quotation marks",
       R"~(listeners:
  - address: [::1]:8080
)~",
       R"~(claimgate.yaml:2:19: error: not valid YAML
    2 |   - address: [::1]:8080
      |                   ^ put an IPv6 address in quotation marks: "[::1]:8080"
)~"},
      {"a reserved character",
       R"~(workers: @4
)~",
       R"~(claimgate.yaml:1:10: error: a value cannot begin with "@"
    1 | workers: @4
      |          ^ put the value in quotation marks
)~"},
      {"a line indented too little",
       R"~(limits:
    json_depth: 3
  json_members: 4
)~",
       R"~(claimgate.yaml:3:3: error: expected a key here
    3 |   json_members: 4
      |   ^ is the line indented like its neighbours?
)~"},
      {"an alias without an anchor",
       R"~(workers: *w
)~",
       R"~(claimgate.yaml:1:10: error: an alias without an anchor
    1 | workers: *w
      |          ^ write &name before the first use of the value
)~"},
      {"an alias inside of its anchor",
       R"~(lists: &l { a: *l }
)~",
       R"~(claimgate.yaml:1:16: error: an alias cannot stand inside of what it repeats
    1 | lists: &l { a: *l }
      |                ^~
)~"},
      {"a duplicate key",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
workers: 1
workers: 2
)~",
       R"~(claimgate.yaml:4:1: error: "workers" is written twice
    4 | workers: 2
      | ^~~~~~~ the first is in line 3
)~"},
      {"a duplicate key in quotation marks",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
limits: { json_depth: 1, "json_depth": 2 }
)~",
       R"~(claimgate.yaml:3:26: error: "json_depth" is written twice
    3 | limits: { json_depth: 1, "json_depth": 2 }
      |                          ^~~~~~~~~~~~ the first is in line 3
)~"},
      {"a merge key",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
limits: { <<: { json_depth: 1 } }
)~",
       R"~(claimgate.yaml:3:11: error: merge keys are not supported
    3 | limits: { <<: { json_depth: 1 } }
      |           ^~ write the keys out, or repeat a whole value with an alias
)~"},
      {"a second document",
       R"~(workers: 1
---
workers: 2
)~",
       R"~(claimgate.yaml:2:1: error: a configuration is one YAML document, this is a second one
    2 | ---
      | ^~~ put it in a file of its own and name that in "include"
)~"},
      {"a tag",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
workers: !!int 3
)~",
       R"~(claimgate.yaml:3:16: error: YAML tags are not supported
    3 | workers: !!int 3
      |                ^ leave the tag out; a text in quotation marks is a string
)~"},
      {"a list for a key",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
limits: { [a]: 1 }
)~",
       R"~(claimgate.yaml:3:11: error: expected a name before the colon
    3 | limits: { [a]: 1 }
      |           ^ a list or a map cannot be a key
)~"},
      {"a byte that is not UTF-8",
       "listeners: [ { address: 127.0.0.1:8080 } ]\n"
       "connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }\n"
       "# caf\351\n",
       R"~(claimgate.yaml:3:6: error: not UTF-8
    3 | # caf?
      |      ^ save the file as UTF-8
)~"},
      {"a control character",
       "listeners: [ { address: 127.0.0.1:8080 } ]\n"
       "connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }\n"
       "# \033[31m\n",
       R"~(claimgate.yaml:3:3: error: a control character, U+001B
    3 | # ?[31m
      |   ^ in a text in double quotation marks it can be escaped
)~"},
      {"escapes that write what a file may not hold",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
messages: { a: "x\0", b: "\N", c: "\ud800" }
)~",
       R"~(claimgate.yaml:3:16: error: a text cannot hold a zero byte
    3 | messages: { a: "x\0", b: "\N", c: "\ud800" }
      |                ^
claimgate.yaml:3:26: error: the escapes \N and \_ are not supported
    3 | messages: { a: "x\0", b: "\N", c: "\ud800" }
      |                          ^ write \u0085 or \u00a0
claimgate.yaml:3:42: error: an escape that is no character
    3 | messages: { a: "x\0", b: "\N", c: "\ud800" }
      |                                          ^
)~"},
      {"a pattern in double quotation marks",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        when: { a: { matches: "^\d+$" } }
        block: m
)~",
       R"~(claimgate.yaml:9:35: error: a backslash that escapes nothing
    9 |         when: { a: { matches: "^\d+$" } }
      |                                   ^ between single quotation marks a backslash is a backslash: '^\d+$'
)~"},
  };
  for (const RenderedCase& c : kCases) expect_rendered(c);
}

}  // namespace
}  // namespace core::config
