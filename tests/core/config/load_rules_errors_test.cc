#include <gtest/gtest.h>

#include "tests/core/config/rendered_case.h"

namespace core::config {
namespace {

TEST(LoadRefusesAFileThat, HasWrongRules) {
  constexpr RenderedCase kCases[] = {
      {"a rule without a name",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - block: m
)~",
       R"~(claimgate.yaml:8:9: error: the key "name" is missing
    8 |       - block: m
      |         ^ write name: blocked domains
)~"},
      {"a rule without an action",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        mode: shadow
)~",
       R"~(claimgate.yaml:8:9: error: one of these keys is missing: block, validation_error, continue, set, remove, ask, approval, invitation
    8 |       - name: r
      |         ^ write block: not_open
)~"},
      {"a rule with two actions",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        block: m
        set: { a: b }
)~",
       R"~(claimgate.yaml:10:9: error: "set" cannot stand beside "block"
   10 |         set: { a: b }
      |         ^~~ exactly one of: block, validation_error, continue, set, remove, ask, approval, invitation
)~"},
      {"two rules of one name",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        block: m
      - name: r
        block: m
)~",
       R"~(claimgate.yaml:10:15: error: two rules of one connector cannot have the same name
   10 |       - name: r
      |               ^ the first is in line 8
)~"},
      {"rules that are none",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules: { name: r }
)~",
       R"~(claimgate.yaml:7:12: error: expected a list of maps, found a map
    7 |     rules: { name: r }
      |            ^ write rules: [ { name: everybody, continue: {} } ]
)~"},
      {"ask and cache",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        ask: ""
      - name: s
        ask: crm
        cache: { ttl: { continue: 2d, blok: 1h }, jitter: 101%, revalidate: later }
      - name: t
        block: no
        cache: { key: [ email ] }
)~",
       R"~(claimgate.yaml:9:14: error: expected the name of a backend
    9 |         ask: ""
      |              ^~ write ask: crm
claimgate.yaml:12:9: error: the key "key" is missing
   12 |         cache: { ttl: { continue: 2d, blok: 1h }, jitter: 101%, revalidate: later }
      |         ^~~~~ write key: [email.canonical, country]
claimgate.yaml:12:36: error: expected a unit: ms, s, m or h
   12 |         cache: { ttl: { continue: 2d, blok: 1h }, jitter: 101%, revalidate: later }
      |                                    ^ write continue: 10m
claimgate.yaml:12:39: error: unknown key "blok"
   12 |         cache: { ttl: { continue: 2d, blok: 1h }, jitter: 101%, revalidate: later }
      |                                       ^~~~ did you mean "block"?
claimgate.yaml:12:59: error: expected a share from 0% to 100%
   12 |         cache: { ttl: { continue: 2d, blok: 1h }, jitter: 101%, revalidate: later }
      |                                                           ^~~~ write jitter: 10%
claimgate.yaml:12:77: error: unknown revalidate "later"
   12 |         cache: { ttl: { continue: 2d, blok: 1h }, jitter: 101%, revalidate: later }
      |                                                                             ^~~~~ one of: background, wait
claimgate.yaml:15:9: error: only a rule that asks has decisions to keep
   15 |         cache: { key: [ email ] }
      |         ^~~~~ leave it out
)~"},
      {"a mode",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        mode: dry
        block: m
)~",
       R"~(claimgate.yaml:9:15: error: unknown mode "dry"
    9 |         mode: dry
      |               ^~~ one of: live, shadow
)~"},
      {"an action of a wrong type",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        block: { en: x }
)~",
       R"~(claimgate.yaml:9:16: error: expected the name of a message, found a map
    9 |         block: { en: x }
      |                ^ write block: not_open
)~"},
      {"claims of a wrong type",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        set: { a: 5, b: , c: [x], "": d }
)~",
       R"~(claimgate.yaml:9:22: error: expected a text, found nothing
    9 |         set: { a: 5, b: , c: [x], "": d }
      |                      ^ write b: "" for an empty text
claimgate.yaml:9:30: error: expected a text, found a list
    9 |         set: { a: 5, b: , c: [x], "": d }
      |                              ^ write c: "" for an empty text
claimgate.yaml:9:35: error: expected the name of a claim
    9 |         set: { a: 5, b: , c: [x], "": d }
      |                                   ^~
)~"},
      {"no claims",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        set: {}
)~",
       R"~(claimgate.yaml:9:14: error: expected at least one claim
    9 |         set: {}
      |              ^ write set: { givenName: "{givenName | name_case}" }
)~"},
  };
  for (const RenderedCase& c : kCases) expect_rendered(c);
}

TEST(LoadRefusesAFileThat, HasWrongConditions) {
  constexpr RenderedCase kCases[] = {
      {"an empty condition",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        when: {}
        block: m
)~",
       R"~(claimgate.yaml:9:15: error: expected at least one condition
    9 |         when: {}
      |               ^ leave "when" out of a rule that always acts
)~"},
      {"a condition that is a list",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        when: [ { country: Sweden } ]
        block: m
)~",
       R"~(claimgate.yaml:9:15: error: expected a map of conditions, found a list
    9 |         when: [ { country: Sweden } ]
      |               ^ write when: { country: { equals: Sweden } }
)~"},
      {"an unknown test",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        when: { country: { eqals: Sweden } }
        block: m
)~",
       R"~(claimgate.yaml:9:28: error: unknown test "eqals"
    9 |         when: { country: { eqals: Sweden } }
      |                            ^~~~~ did you mean "equals"?
)~"},
      {"a test without a claim",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        when: { equals: Sweden }
        block: m
)~",
       R"~(claimgate.yaml:9:17: error: "equals" is a test, expected a claim here
    9 |         when: { equals: Sweden }
      |                 ^~~~~~ write { claim: { equals: ... } }
)~"},
      {"tests of a wrong type",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        when: { a: { in: Sweden }, b: { matches: 5 }, c: { exists: maybe }, d: [x], e: , f: {} }
        block: m
)~",
       R"~(claimgate.yaml:9:26: error: expected a list of strings, numbers or booleans, found the string "Sweden"
    9 |         when: { a: { in: Sweden }, b: { matches: 5 }, c: { exists: maybe }, d: [x], e: , f: {} }
      |                          ^~~~~~ write in: [Sweden, Norway]
claimgate.yaml:9:50: error: expected a string or a list of strings, found the integer 5
    9 |         when: { a: { in: Sweden }, b: { matches: 5 }, c: { exists: maybe }, d: [x], e: , f: {} }
      |                                                  ^ put it in quotation marks: "5"
claimgate.yaml:9:68: error: expected true or false, found the string "maybe"
    9 |         when: { a: { in: Sweden }, b: { matches: 5 }, c: { exists: maybe }, d: [x], e: , f: {} }
      |                                                                    ^~~~~ write exists: true
claimgate.yaml:9:80: error: expected a value or a map of tests, found a list
    9 |         when: { a: { in: Sweden }, b: { matches: 5 }, c: { exists: maybe }, d: [x], e: , f: {} }
      |                                                                                ^ write { in: [...] }
claimgate.yaml:9:85: error: expected a value or a map of tests, found nothing
    9 |         when: { a: { in: Sweden }, b: { matches: 5 }, c: { exists: maybe }, d: [x], e: , f: {} }
      |                                                                                     ^ write { exists: true }
claimgate.yaml:9:93: error: expected at least one test
    9 |         when: { a: { in: Sweden }, b: { matches: 5 }, c: { exists: maybe }, d: [x], e: , f: {} }
      |                                                                                             ^ write { exists: true }
)~"},
      {"empty operands",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        when: { a: { in: [] }, b: { contains: "" } }
        block: m
)~",
       R"~(claimgate.yaml:9:26: error: expected at least one item in the list
    9 |         when: { a: { in: [] }, b: { contains: "" } }
      |                          ^ write in: [Sweden, Norway]
claimgate.yaml:9:47: error: an empty text
    9 |         when: { a: { in: [] }, b: { contains: "" } }
      |                                               ^~ write exists: true to ask if there is a value
)~"},
      {"lengths",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        when: { a: { length: -1 }, b: { length: { min: 3, max: 2 } }, c: { length: {} }, d: { length: { mx: 2 } } }
        block: m
)~",
       R"~(claimgate.yaml:9:30: error: expected an integer from 0 to 1000000, found the integer -1
    9 |         when: { a: { length: -1 }, b: { length: { min: 3, max: 2 } }, c: { length: {} }, d: { length...
      |                              ^~ write length: { min: 2, max: 64 }
claimgate.yaml:9:49: error: no length is at least 3 and at most 2
    9 |         when: { a: { length: -1 }, b: { length: { min: 3, max: 2 } }, c: { length: {} }, d: { length...
      |                                                 ^ exchange min and max
claimgate.yaml:9:84: error: expected min, max or both
    9 | ... a: { length: -1 }, b: { length: { min: 3, max: 2 } }, c: { length: {} }, d: { length: { mx: 2 } } }
      |                                                                        ^ write length: { min: 2, max: 64 }
claimgate.yaml:9:105: error: unknown key "mx"
    9 | ... a: { length: -1 }, b: { length: { min: 3, max: 2 } }, c: { length: {} }, d: { length: { mx: 2 } } }
      |                                                                                             ^~ one of: min, max
)~"},
      {"joiners",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        when: { all: {}, any: [], not: [] }
        block: m
)~",
       R"~(claimgate.yaml:9:22: error: expected a list of conditions, found a map
    9 |         when: { all: {}, any: [], not: [] }
      |                      ^ write all: [ { country: Sweden }, { country: Norway } ]
claimgate.yaml:9:31: error: expected at least one condition in the list
    9 |         when: { all: {}, any: [], not: [] }
      |                               ^
claimgate.yaml:9:40: error: expected a map of conditions, found a list
    9 |         when: { all: {}, any: [], not: [] }
      |                                        ^ write when: { country: { equals: Sweden } }
)~"},
      {"an integer that is too long",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        when: { a: 123456789012345678901234567890 }
        block: m
)~",
       R"~(claimgate.yaml:9:20: error: an integer of more than 64 bits
    9 |         when: { a: 123456789012345678901234567890 }
      |                    ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ put it in quotation marks: it is a string
)~"},
      {"numbers that no reader holds",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        when: { a: 1e999, b: { at_least: -1.5e400 } }
        block: m
)~",
       R"~(claimgate.yaml:9:20: error: a number that no reader holds (IEEE 754)
    9 |         when: { a: 1e999, b: { at_least: -1.5e400 } }
      |                    ^~~~~ put it in quotation marks for the text
claimgate.yaml:9:42: error: a number that no reader holds (IEEE 754)
    9 |         when: { a: 1e999, b: { at_least: -1.5e400 } }
      |                                          ^~~~~~~~ put it in quotation marks for the text
)~"},
      {"a bound of the environment that is no number",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        when: { a: { at_least: "${env:WORD}" } }
        block: m
)~",
       R"~(claimgate.yaml:9:32: error: expected a number, found a string
    9 |         when: { a: { at_least: "${env:WORD}" } }
      |                                ^~~~~~~~~~~~~ write at_least: 1
)~"},
  };
  for (const RenderedCase& c : kCases) expect_rendered(c);
}

TEST(LoadWarnsOf, TextsThatOtherReadersOfYamlTakeForNumbersOrBooleans) {
  expect_rendered({"a value in each place of a rule",
                   R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        when:
          extension_vip: True
          postalCode: { in: [ 01069, "01067", 4711 ], not_equals: +5, starts_with: [ 00, A ] }
          any: [ { city: { equals: .5 } }, { city: .inf } ]
        set: { extension_agreed: FALSE, country: 0x2E, jobTitle: "007", extension_level: 7 }
)~",
                   R"~(claimgate.yaml:10:26: warning: "True" is a text here, and a boolean to other readers of YAML
   10 |           extension_vip: True
      |                          ^~~~ write "True" in quotation marks, or true for the boolean
claimgate.yaml:11:31: warning: "01069" is a text here, and a number to other readers of YAML
   11 |           postalCode: { in: [ 01069, "01067", 4711 ], not_equals: +5, starts_with: [ 00, A ] }
      |                               ^~~~~ write "01069" in quotation marks, or 1069 for the number
claimgate.yaml:11:67: warning: "+5" is a text here, and a number to other readers of YAML
   11 |           postalCode: { in: [ 01069, "01067", 4711 ], not_equals: +5, starts_with: [ 00, A ] }
      |                                                                   ^~ write "+5" in quotation marks, or 5 for the number
claimgate.yaml:11:86: warning: "00" is a text here, and a number to other readers of YAML
   11 |           postalCode: { in: [ 01069, "01067", 4711 ], not_equals: +5, starts_with: [ 00, A ] }
      |                                                                                      ^~ put it in quotation marks: "00"
claimgate.yaml:12:36: warning: ".5" is a text here, and a number to other readers of YAML
   12 |           any: [ { city: { equals: .5 } }, { city: .inf } ]
      |                                    ^~ write ".5" in quotation marks, or 0.5 for the number
claimgate.yaml:12:52: warning: ".inf" is a text here, and a number to other readers of YAML
   12 |           any: [ { city: { equals: .5 } }, { city: .inf } ]
      |                                                    ^~~~ put it in quotation marks: ".inf"
claimgate.yaml:13:34: warning: "FALSE" is a text here, and a boolean to other readers of YAML
   13 |         set: { extension_agreed: FALSE, country: 0x2E, jobTitle: "007", extension_level: 7 }
      |                                  ^~~~~ write "FALSE" in quotation marks, or false for the boolean
claimgate.yaml:13:50: warning: "0x2E" is a text here, and a number to other readers of YAML
   13 |         set: { extension_agreed: FALSE, country: 0x2E, jobTitle: "007", extension_level: 7 }
      |                                                  ^~~~ put it in quotation marks: "0x2E"
)~"});
}

TEST(LoadRefusesAFileThat, HasWrongReferences) {
  constexpr RenderedCase kCases[] = {
      {"a variable that is not set",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: { basic: { username: b, password: "x${env:NOT_SET}" } }
)~",
       R"~(claimgate.yaml:6:47: error: the environment variable NOT_SET is not set
    6 |     auth: { basic: { username: b, password: **** } }
      |                                             ^~~~
)~"},
      {"a file that is not there",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
messages: { m: "${file:texts/none.txt}" }
)~",
       R"~(claimgate.yaml:3:17: error: cannot read texts/none.txt: no such file
    3 | messages: { m: "${file:texts/none.txt}" }
      |                 ^~~~~~~~~~~~~~~~~~~~~~
)~"},
      {"references that are none",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
messages: { a: "${x}", b: 'it''s ${env:}', c: "\u00e5 ${env:A", d: "${file:}", e: "${env:1A}" }
)~",
       R"~(claimgate.yaml:3:17: error: expected env: or file: behind "${"
    3 | messages: { a: "${x}", b: 'it''s ${env:}', c: "\u00e5 ${env:A", d: "${file:}", e: "${env:1A}" }
      |                 ^~~~ write $${ for a "${" that is no reference
claimgate.yaml:3:34: error: expected the name of an environment variable
    3 | messages: { a: "${x}", b: 'it''s ${env:}', c: "\u00e5 ${env:A", d: "${file:}", e: "${env:1A}" }
      |                                  ^~~~~~~ letters, digits and "_", as in ${env:B2C_PASSWORD}
claimgate.yaml:3:55: error: this reference has no closing brace
    3 | messages: { a: "${x}", b: 'it''s ${env:}', c: "\u00e5 ${env:A", d: "${file:}", e: "${env:1A}" }
      |                                                       ^~ write $${ for a "${" that is none
claimgate.yaml:3:69: error: expected the path of a file
    3 | messages: { a: "${x}", b: 'it''s ${env:}', c: "\u00e5 ${env:A", d: "${file:}", e: "${env:1A}" }
      |                                                                     ^~~~~~~~ as in ${file:/run/secrets/b2c-password}
claimgate.yaml:3:84: error: expected the name of an environment variable
    3 | messages: { a: "${x}", b: 'it''s ${env:}', c: "\u00e5 ${env:A", d: "${file:}", e: "${env:1A}" }
      |                                                                                    ^~~~~~~~~ letters, digits and "_", as in ${env:B2C_PASSWORD}
)~"},
      {"a reference in a key",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: anonymous
    rules:
      - name: r
        set: { "${env:A}": x }
)~",
       R"~(claimgate.yaml:9:16: error: a reference cannot stand in a key
    9 |         set: { "${env:A}": x }
      |                ^~~~~~~~~~ write the name itself
)~"},
      {"a reference of a wrong type",
       R"~(workers: "${env:WORD}"
listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
)~",
       R"~(claimgate.yaml:1:10: error: expected an integer from 0 to 1024, found a string
    1 | workers: "${env:WORD}"
      |          ^~~~~~~~~~~~~ write workers: 4
)~"},
  };
  for (const RenderedCase& c : kCases) expect_rendered(c);
}

}  // namespace
}  // namespace core::config
