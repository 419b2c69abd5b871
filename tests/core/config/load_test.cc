#include "core/config/load.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/core/config/memory_source.h"

namespace core::config {
namespace {

constexpr std::string_view kExample = R"~(# Sign-up of the customer tenant.
listeners:
  - address: 0.0.0.0:8443
  - address: 127.0.0.1:8080
admin: { address: 127.0.0.1:9090 }

lists:
  blocked_domains: { file: lists/blocked-domains.txt, match: domain }
  blocked_people:  { file: lists/blocked-people.txt,  match: email }
  partners:        { values: [example.com, example.org], match: domain }

messages:
  not_open: { en: "Sign-up is not open to {email.domain}.", sv: "Registrering är inte öppen för {email.domain}." }
  postcode: { en: "Enter a five-digit postal code.", sv: "Ange ett femsiffrigt postnummer." }
  later:    "We could not check your details. Please try again in a minute."

connectors:
  before-create:
    path: /b2c/before-create
    dialect: b2c-userflow
    auth: { basic: [ { username: b2c, password: "${env:B2C_PASSWORD}" } ] }
    deadline: 4s
    otherwise: { validation_error: later }
    rules:
      - name: blocked domains
        when: { email.domain: { in_list: blocked_domains }, not: { email.domain: { in_list: partners } } }
        block: not_open
      - name: postal code
        when: { country: { equals: Sweden }, postalCode: { not_matches: '^\d{3} ?\d{2}$' } }
        validation_error: postcode
      - name: tidy names
        mode: shadow
        set: { givenName: "{givenName | name_case}", surname: "{surname | name_case}" }
      - name: everybody else
        continue: {}
)~";

class Load : public testing::Test {
 protected:
  Load() { source.variables["B2C_PASSWORD"] = "correct horse"; }

  Config load_main(std::string_view text) {
    source.files["claimgate.yaml"] = text;
    return load("claimgate.yaml", source, diagnostics);
  }
  /// The file with one connector whose rule has this `when`.
  Condition load_condition(std::string_view when) {
    Config config = load_main(
        "listeners: [ { address: 127.0.0.1:0 } ]\nconnectors: { a: { path: /a, dialect: "
        "b2c-userflow, rules: [ { name: r, block: m, when: " +
        std::string(when) + " } ] } }\n");
    EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.render();
    return config.connectors.at(0).rules.at(0).when;
  }

  MemorySource source;
  Diagnostics diagnostics;
};

TEST_F(Load, ReadsTheExample) {
  const Config config = load_main(kExample);
  ASSERT_EQ(diagnostics.render(), "");

  ASSERT_EQ(config.listeners.size(), 2u);
  EXPECT_EQ(config.listeners[0].address.host, "0.0.0.0");
  EXPECT_EQ(config.listeners[0].address.port, 8443);
  EXPECT_EQ(config.listeners[0].address.text.value, "0.0.0.0:8443");
  EXPECT_FALSE(config.listeners[0].address.loopback);
  EXPECT_TRUE(config.listeners[1].address.loopback);
  ASSERT_TRUE(config.admin.has_value());
  EXPECT_EQ(config.admin->address.port, 9090);

  ASSERT_EQ(config.lists.size(), 3u);
  EXPECT_EQ(config.lists[0].name.value, "blocked_domains");
  EXPECT_EQ(config.lists[0].file.value, "lists/blocked-domains.txt");
  EXPECT_EQ(config.lists[0].match, ListMatch::kDomain);
  EXPECT_EQ(config.lists[1].match, ListMatch::kEmail);
  ASSERT_EQ(config.lists[2].values.size(), 2u);
  EXPECT_EQ(config.lists[2].values[1].value, "example.org");
  EXPECT_TRUE(config.lists[2].file.value.empty());

  ASSERT_EQ(config.messages.size(), 3u);
  ASSERT_EQ(config.messages[0].texts.size(), 2u);
  EXPECT_EQ(config.messages[0].texts[1].first.value, "sv");
  EXPECT_EQ(config.messages[0].texts[1].second.value,
            "Registrering \xc3\xa4r inte \xc3\xb6ppen f\xc3\xb6r {email.domain}.");
  ASSERT_EQ(config.messages[2].texts.size(), 1u);
  EXPECT_EQ(config.messages[2].texts[0].first.value, "en");  // the fallback

  ASSERT_EQ(config.connectors.size(), 1u);
  const Connector& connector = config.connectors[0];
  EXPECT_EQ(connector.name.value, "before-create");
  EXPECT_EQ(connector.path.value, "/b2c/before-create");
  EXPECT_TRUE(connector.has_auth);
  EXPECT_FALSE(connector.allow_anonymous);
  ASSERT_EQ(connector.basic.size(), 1u);
  EXPECT_EQ(connector.basic[0].username.value, "b2c");
  EXPECT_FALSE(connector.basic[0].username.secret);
  EXPECT_EQ(connector.basic[0].password.value, "correct horse");
  EXPECT_TRUE(connector.basic[0].password.secret);
  EXPECT_EQ(connector.deadline, milliseconds{4000});
  ASSERT_TRUE(connector.otherwise.has_value());
  EXPECT_EQ(connector.otherwise->kind, Action::Kind::kValidationError);
  EXPECT_EQ(connector.otherwise->message.value, "later");

  ASSERT_EQ(connector.rules.size(), 4u);
  const Rule& domains = connector.rules[0];
  EXPECT_EQ(domains.name.value, "blocked domains");
  EXPECT_EQ(domains.mode, Mode::kLive);
  EXPECT_EQ(domains.action.kind, Action::Kind::kBlock);
  EXPECT_EQ(domains.action.message.value, "not_open");
  EXPECT_EQ(domains.action.message.mark.line, 27u);
  EXPECT_EQ(domains.action.message.mark.column, 16u);
  ASSERT_EQ(domains.when.kind, Condition::Kind::kAll);
  ASSERT_EQ(domains.when.children.size(), 2u);
  const Condition& listed = domains.when.children[0];
  EXPECT_EQ(listed.kind, Condition::Kind::kTest);
  EXPECT_EQ(listed.subject.value, "email.domain");
  EXPECT_EQ(listed.subject.mark.column, 17u);
  EXPECT_EQ(listed.test, config::Test::kInList);
  EXPECT_EQ(listed.test_mark.column, 33u);
  EXPECT_EQ(listed.operands.at(0).text.value, "blocked_domains");
  EXPECT_EQ(listed.operands.at(0).text.mark.column, 42u);
  const Condition& negation = domains.when.children[1];
  EXPECT_EQ(negation.kind, Condition::Kind::kNot);
  ASSERT_EQ(negation.children.size(), 1u);
  EXPECT_EQ(negation.children[0].kind, Condition::Kind::kAll);
  EXPECT_EQ(negation.children[0].children.at(0).operands.at(0).text.value, "partners");

  const Condition& pattern = connector.rules[1].when.children.at(1);
  EXPECT_EQ(pattern.test, config::Test::kMatches);
  EXPECT_TRUE(pattern.negated);
  EXPECT_EQ(pattern.operands.at(0).text.value, R"(^\d{3} ?\d{2}$)");

  const Rule& tidy = connector.rules[2];
  EXPECT_EQ(tidy.mode, Mode::kShadow);
  EXPECT_EQ(tidy.action.kind, Action::Kind::kSet);
  EXPECT_EQ(tidy.when.kind, Condition::Kind::kAll);
  EXPECT_TRUE(tidy.when.children.empty());
  ASSERT_EQ(tidy.action.assignments.size(), 2u);
  EXPECT_EQ(tidy.action.assignments[1].claim.value, "surname");
  EXPECT_EQ(tidy.action.assignments[1].text.value, "{surname | name_case}");
  EXPECT_EQ(connector.rules[3].action.kind, Action::Kind::kContinue);
}

TEST_F(Load, FillsInTheDefaults) {
  const Config config = load_main(
      "listeners: [ { address: 'unix:/run/claimgate.sock' } ]\n"
      "connectors: { a: { path: /a, dialect: b2c-userflow } }\n");
  ASSERT_EQ(diagnostics.render(), "");
  EXPECT_EQ(config.workers, 0);
  EXPECT_EQ(config.fallback_locale.value, "en");
  EXPECT_EQ(config.access_log.file.value, "stdout");
  EXPECT_EQ(config.access_log.sample, 1.0);
  EXPECT_EQ(config.limits.body_bytes, 256 << 10);
  EXPECT_FALSE(config.admin.has_value());
  EXPECT_FALSE(config.connectors[0].has_auth);
  EXPECT_FALSE(config.connectors[0].otherwise.has_value());
  EXPECT_EQ(config.connectors[0].token_fault, TokenFault::kContinue);
  EXPECT_EQ(config.connectors[0].deadline, milliseconds{4000});
}

TEST_F(Load, ReadsEveryKeyOfTheSmallSections) {
  const Config config = load_main(R"~(
listeners: [ { address: "[::1]:8080" } ]
workers: 4
fallback_locale: sv
access_log: { file: /var/log/claimgate/access.log, sample: 0.25 }
limits:
  request_line_bytes: 1KiB
  head_bytes: 2KiB
  header_fields: 20
  body_bytes: 1MiB
  chunk_extension_bytes: 0
  trailer_bytes: 512
  json_depth: 8
  json_members: 100
  connections: 1000
  requests_per_connection: 5
  head_timeout: 1s
  body_timeout: 2s
  idle_timeout: 3m
  write_timeout: 400ms
  drain_timeout: 1h
connectors:
  a:
    path: /a
    dialect: b2c-userflow
    auth: { basic: { username: a, password: b } }
    token_fault: fail
    otherwise: { continue: { loyalty: none } }
  b: { path: /b, dialect: b2c-userflow, auth: anonymous, otherwise: { block: m } }
)~");
  ASSERT_EQ(diagnostics.render(), "");
  EXPECT_EQ(config.workers, 4);
  EXPECT_EQ(config.fallback_locale.value, "sv");
  EXPECT_EQ(config.access_log.file.value, "/var/log/claimgate/access.log");
  EXPECT_EQ(config.access_log.sample, 0.25);
  EXPECT_EQ(config.limits.request_line_bytes, 1024);
  EXPECT_EQ(config.limits.head_bytes, 2048);
  EXPECT_EQ(config.limits.header_fields, 20);
  EXPECT_EQ(config.limits.body_bytes, 1 << 20);
  EXPECT_EQ(config.limits.chunk_extension_bytes, 0);
  EXPECT_EQ(config.limits.trailer_bytes, 512);
  EXPECT_EQ(config.limits.json_depth, 8);
  EXPECT_EQ(config.limits.json_members, 100);
  EXPECT_EQ(config.limits.connections, 1000);
  EXPECT_EQ(config.limits.requests_per_connection, 5);
  EXPECT_EQ(config.limits.head_timeout, milliseconds{1'000});
  EXPECT_EQ(config.limits.body_timeout, milliseconds{2'000});
  EXPECT_EQ(config.limits.idle_timeout, milliseconds{180'000});
  EXPECT_EQ(config.limits.write_timeout, milliseconds{400});
  EXPECT_EQ(config.limits.drain_timeout, milliseconds{3'600'000});
  EXPECT_EQ(config.connectors.at(0).token_fault, TokenFault::kFail);
  EXPECT_EQ(config.connectors[0].otherwise->kind, Action::Kind::kContinue);
  EXPECT_EQ(config.connectors[0].otherwise->assignments.at(0).text.value, "none");
  EXPECT_EQ(config.connectors[0].basic.at(0).password.value, "b");
  EXPECT_TRUE(config.connectors.at(1).allow_anonymous);
  EXPECT_TRUE(config.connectors[1].has_auth);
  EXPECT_EQ(config.connectors[1].otherwise->kind, Action::Kind::kBlock);
}

TEST_F(Load, MakesTheRequestLineFitASmallerHead) {
  const Config config = load_main(
      "listeners: [ { address: 127.0.0.1:0 } ]\nlimits: { head_bytes: 4KiB }\n"
      "connectors: { a: { path: /a, dialect: b2c-userflow } }\n");
  ASSERT_EQ(diagnostics.render(), "");
  EXPECT_EQ(config.limits.request_line_bytes, 4096);
}

TEST_F(Load, ReadsEveryTest) {
  struct Case {
    std::string_view when;
    config::Test test;
    bool negated;
    std::size_t operands;
  };
  constexpr Case kCases[] = {
      {"{ c: Sweden }", config::Test::kEquals, false, 1},
      {"{ c: { equals: 42 } }", config::Test::kEquals, false, 1},
      {"{ c: { not_equals: true } }", config::Test::kEquals, true, 1},
      {"{ c: { in: [a, 1, 2.5, false] } }", config::Test::kIn, false, 4},
      {"{ c: { not_in: [a] } }", config::Test::kIn, true, 1},
      {"{ c: { in_list: l } }", config::Test::kInList, false, 1},
      {"{ c: { in_list: [l] } }", config::Test::kInList, false, 1},
      {"{ c: { not_in_list: l } }", config::Test::kInList, true, 1},
      {"{ c: { starts_with: '+46' } }", config::Test::kStartsWith, false, 1},
      {"{ c: { ends_with: [x, y] } }", config::Test::kEndsWith, false, 2},
      {"{ c: { contains: x } }", config::Test::kContains, false, 1},
      {"{ c: { matches: [x, y, z] } }", config::Test::kMatches, false, 3},
      {"{ c: { not_matches: x } }", config::Test::kMatches, true, 1},
      {"{ c: { length: 5 } }", config::Test::kLength, false, 0},
      {"{ c: { exists: true } }", config::Test::kExists, false, 0},
      {"{ c: { exists: false } }", config::Test::kMissing, false, 0},
      {"{ c: { missing: true } }", config::Test::kMissing, false, 0},
      {"{ c: { missing: false } }", config::Test::kExists, false, 0},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.when);
    const Condition when = load_condition(c.when);
    ASSERT_EQ(when.children.size(), 1u);
    const Condition& test = when.children[0];
    EXPECT_EQ(test.kind, Condition::Kind::kTest);
    EXPECT_EQ(test.subject.value, "c");
    EXPECT_EQ(test.test, c.test);
    EXPECT_EQ(test.negated, c.negated);
    EXPECT_EQ(test.operands.size(), c.operands);
  }
}

TEST_F(Load, TellsTheTypesOfScalarsApart) {
  const Condition when = load_condition(
      "{ c: { in: [a, '5', 5, -7, 01234, +46, 1.5, true, 'true', yes, \"${env:B2C_PASSWORD}\"] } "
      "}");
  using Type = Scalar::Type;
  constexpr Type kTypes[] = {Type::kString, Type::kString, Type::kInteger, Type::kInteger,
                             Type::kString, Type::kString, Type::kNumber,  Type::kBoolean,
                             Type::kString, Type::kString, Type::kString};
  const std::vector<Scalar>& operands = when.children.at(0).operands;
  ASSERT_EQ(operands.size(), std::size(kTypes));
  for (std::size_t i = 0; i < operands.size(); ++i) {
    EXPECT_EQ(operands[i].type, kTypes[i]) << operands[i].text.value;
  }
}

TEST_F(Load, ReadsLengths) {
  const auto length = [this](std::string_view text) {
    return load_condition("{ c: { length: " + std::string(text) + " } }").children.at(0).length;
  };
  EXPECT_EQ(length("5").min, 5);
  EXPECT_EQ(length("5").max, 5);
  EXPECT_EQ(length("{ min: 2 }").min, 2);
  EXPECT_FALSE(length("{ min: 2 }").max.has_value());
  EXPECT_EQ(length("{ min: 2, max: 2 }").max, 2);
}

TEST_F(Load, JoinsConditions) {
  const Condition when = load_condition(
      "{ a: { exists: true, length: { max: 3 } }, any: [ { b: 1, c: 2 }, { not: { d: 3 } } ], "
      "\"all\": [ { e: 4 } ] }");
  ASSERT_EQ(when.kind, Condition::Kind::kAll);
  ASSERT_EQ(when.children.size(), 4u);
  EXPECT_EQ(when.children[0].test, config::Test::kExists);
  EXPECT_EQ(when.children[1].test, config::Test::kLength);
  EXPECT_EQ(when.children[1].subject.value, "a");
  const Condition& any = when.children[2];
  EXPECT_EQ(any.kind, Condition::Kind::kAny);
  ASSERT_EQ(any.children.size(), 2u);
  EXPECT_EQ(any.children[0].children.size(), 2u);
  EXPECT_EQ(any.children[1].children.at(0).kind, Condition::Kind::kNot);
  EXPECT_EQ(when.children[3].kind, Condition::Kind::kAll);  // joins although it is quoted
}

TEST_F(Load, SpreadsSeveralListsOverTests) {
  const Condition any = load_condition("{ c: { in_list: [a, b] } }").children.at(0);
  EXPECT_EQ(any.kind, Condition::Kind::kAny);
  ASSERT_EQ(any.children.size(), 2u);
  EXPECT_EQ(any.children[1].operands.at(0).text.value, "b");
  EXPECT_FALSE(any.children[1].negated);
  const Condition all = load_condition("{ c: { not_in_list: [a, b] } }").children.at(0);
  EXPECT_EQ(all.kind, Condition::Kind::kAll);
  ASSERT_EQ(all.children.size(), 2u);
  EXPECT_TRUE(all.children[0].negated);
  EXPECT_EQ(all.children[0].subject.value, "c");
}

TEST_F(Load, AcceptsAliasesAByteOrderMarkAndCarriageReturns) {
  const Config config = load_main(
      "\xef\xbb\xbflisteners:\r\n  - &l { address: 127.0.0.1:0 }\r\n  - *l\r\n"
      "connectors:\r\n  a: { path: /a, dialect: &d b2c-userflow, auth: &auth\r\n"
      "    { basic: { username: u, password: p } } }\r\n"
      "  b: { path: /b, dialect: *d, auth: *auth }\r\n");
  ASSERT_EQ(diagnostics.render(), "");
  EXPECT_EQ(config.listeners.size(), 2u);
  ASSERT_EQ(config.connectors.size(), 2u);
  EXPECT_EQ(config.connectors[1].basic.at(0).password.value, "p");
  EXPECT_EQ(config.listeners[0].address.text.mark.line, 2u);
}

TEST_F(Load, ReadsAFileThatIsJson) {
  const Config config = load_main(
      "{\"listeners\":[{\"address\":\"127.0.0.1:0\"}],\"connectors\":{\"a\":{\"path\":\"/a\","
      "\"dialect\":\"b2c-userflow\",\"rules\":[{\"name\":\"r\",\"continue\":{}}]}}}");
  ASSERT_EQ(diagnostics.render(), "");
  EXPECT_EQ(config.connectors.at(0).rules.at(0).name.value, "r");
}

TEST_F(Load, KeepsASetAndItsTemplatesInTheFilesOrder) {
  const Config config = load_main(
      "listeners: [ { address: 127.0.0.1:0 } ]\nconnectors: { a: { path: /a, dialect: b2c-userflow,"
      " rules: [ { name: r, set: { z: '1', a: '', m: \"{x}\" } } ] } }\n");
  ASSERT_EQ(diagnostics.render(), "");
  const auto& assignments = config.connectors[0].rules[0].action.assignments;
  ASSERT_EQ(assignments.size(), 3u);
  EXPECT_EQ(assignments[0].claim.value, "z");
  EXPECT_EQ(assignments[1].text.value, "");
  EXPECT_EQ(assignments[2].claim.value, "m");
}

TEST(PathBeside, StaysWhereTheNamingFileIs) {
  EXPECT_EQ(path_beside("claimgate.yaml", "lists/a.txt"), "lists/a.txt");
  EXPECT_EQ(path_beside("/etc/claimgate/claimgate.yaml", "lists/a.txt"),
            "/etc/claimgate/lists/a.txt");
  EXPECT_EQ(path_beside("/etc/claimgate/claimgate.yaml", "/srv/a.txt"), "/srv/a.txt");
  EXPECT_EQ(path_beside("/claimgate.yaml", "a"), "/a");
}

/// Whatever the loader is given, it returns, and what it says can be printed.
void expect_survives(std::string_view text, MemorySource& source) {
  source.files["claimgate.yaml"] = text;
  Diagnostics diagnostics;
  load("claimgate.yaml", source, diagnostics);
  const std::string rendered = diagnostics.render();
  EXPECT_EQ(rendered.empty(), diagnostics.all().empty());
  for (const Diagnostic& d : diagnostics.all()) {
    EXPECT_FALSE(d.message.empty());
    EXPECT_LE(diagnostics.offset_of(d.mark), text.size());
  }
}

TEST_F(Load, SurvivesTheExampleCutAtEveryByte) {
  for (std::size_t size = 0; size < kExample.size(); ++size) {
    SCOPED_TRACE(size);
    expect_survives(kExample.substr(0, size), source);
  }
}

TEST_F(Load, SurvivesTheExampleWithEveryByteChanged) {
  constexpr std::string_view kBytes = "\t\n {}[],:&*!|>'\"%@`#-?x0$";
  for (std::size_t at = 0; at < kExample.size(); ++at) {
    SCOPED_TRACE(at);
    std::string text(kExample);
    text[at] = kBytes[at % kBytes.size()];
    expect_survives(text, source);
    text.insert(at, 1, kBytes[(at / 3) % kBytes.size()]);
    expect_survives(text, source);
  }
}

TEST_F(Load, NeverPrintsAPasswordOfAFileThatIsCutOff) {
  std::string text(kExample);
  const std::string reference = "\"${env:B2C_PASSWORD}\"";
  const std::size_t password = text.find(reference);
  for (const std::string_view written :
       {"hunter2-hunter2", "\"hunter2-hunter2\"", "'hunter2-hunter2'"}) {
    std::string literal = text;
    literal.replace(password, reference.size(), written);
    for (std::size_t size = password + 6; size <= literal.size(); ++size) {
      SCOPED_TRACE(size);
      source.files["claimgate.yaml"] = literal.substr(0, size) + "\n  : [ {";
      Diagnostics found;
      load("claimgate.yaml", source, found);
      EXPECT_EQ(found.render().find("hunt"), std::string::npos) << found.render();
    }
  }
}

}  // namespace
}  // namespace core::config
