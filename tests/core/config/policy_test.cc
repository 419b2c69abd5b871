#include "core/config/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/load.h"
#include "tests/core/config/memory_source.h"
#include "tests/core/config/rendered_case.h"

namespace core::config {
namespace {

using testing::HasSubstr;

constexpr std::string_view kPolicyHead =
    "listeners: [ { address: 127.0.0.1:8080 } ]\n"
    "connectors: { a: { path: /a, dialect: b2c-userflow } }\n";

/// A configuration that ends with `more`, loaded from etc/claimgate.yaml.
struct LoadedPolicy {
  explicit LoadedPolicy(std::string_view more) {
    source.files["etc/claimgate.yaml"] = std::string(kPolicyHead).append(more);
    source.variables["WORD"] = "sesame-open-sesame";
    config = load("etc/claimgate.yaml", source, diagnostics);
  }
  MemorySource source;
  Diagnostics diagnostics;
  Config config;
};

TEST(LoadTests, TurnsClaimsIntoTheBodyOfARequest) {
  const LoadedPolicy loaded(
      "tests:\n"
      "  - name: every kind of value\n"
      "    connector: a\n"
      "    locale: sv-SE\n"
      "    claims:\n"
      "      postalCode: 01234\n"
      "      phone: +46701234567\n"
      "      text: \"say \\\"hi\\\"\"\n"
      "      number: 4.5\n"
      "      integer: 7\n"
      "      quoted: \"7\"\n"
      "      yes: true\n"
      "      nothing: null\n"
      "      identities: [ { issuer: google.com, n: 1 }, x ]\n"
      "    expect: { verdict: continue }\n");
  ASSERT_FALSE(loaded.diagnostics.has_errors()) << loaded.diagnostics.render();
  ASSERT_EQ(loaded.config.tests.size(), 1u);
  EXPECT_EQ(loaded.config.tests[0].body.value,
            R"({"postalCode":"01234","phone":"+46701234567","text":"say \"hi\"","number":4.5,)"
            R"("integer":7,"quoted":"7","yes":true,"nothing":null,)"
            R"("identities":[{"issuer":"google.com","n":1},"x"],"ui_locales":"sv-SE"})");
}

TEST(LoadTests, KeepsEveryExpectationWithItsPlace) {
  const LoadedPolicy loaded(
      "tests:\n"
      "  - name: all of it\n"
      "    connector: a\n"
      "    file: requests/one.json\n"
      "    now: 2026-11-26T10:00:00.250+01:00\n"
      "    expect:\n"
      "      verdict: validation_error\n"
      "      rule: \"\"\n"
      "      message: No.\n"
      "      claims: {}\n"
      "      shadowed: []\n"
      "      tags: [office, night]\n"
      "  - name: another\n"
      "    connector: a\n"
      "    body: '{'\n"
      "    expect: { verdict: refused, claims_include: { age: 5, name: x } }\n");
  ASSERT_FALSE(loaded.diagnostics.has_errors()) << loaded.diagnostics.render();
  ASSERT_EQ(loaded.config.tests.size(), 2u);
  const PolicyTest& one = loaded.config.tests[0];
  EXPECT_EQ(one.file.value, "etc/requests/one.json");
  EXPECT_EQ(one.now, 1795683600250);
  EXPECT_EQ(one.expect.verdict, ToldVerdict::kValidationError);
  EXPECT_EQ(one.expect.verdict_mark.line, 9u);
  EXPECT_EQ(one.expect.rule->value, "");
  EXPECT_EQ(one.expect.message->value, "No.");
  EXPECT_TRUE(one.expect.claims->empty());
  EXPECT_TRUE(one.expect.shadowed->empty());
  ASSERT_EQ(one.expect.tags->size(), 2u);
  EXPECT_EQ((*one.expect.tags)[1].value, "night");
  EXPECT_EQ(one.expect.tags_mark.line, 14u);
  const PolicyTest& two = loaded.config.tests[1];
  EXPECT_EQ(two.body.value, "{");
  EXPECT_FALSE(two.expect.claims.has_value());
  ASSERT_EQ(two.expect.claims_include.size(), 2u);
  EXPECT_EQ(two.expect.claims_include[0].second.value, "5");
  EXPECT_EQ(two.expect.claims_include[1].second.value, "\"x\"");
}

TEST(LoadTests, JoinsThoseOfIncludedFiles) {
  MemorySource source;
  source.files["claimgate.yaml"] =
      "include: [ more.yaml ]\n" + std::string(kPolicyHead) +
      "tests: [ { name: one, connector: a, claims: {}, expect: { verdict: continue } } ]\n";
  source.files["more.yaml"] =
      "tests: [ { name: two, connector: a, claims: {}, expect: { verdict: continue } } ]\n";
  Diagnostics diagnostics;
  const Config config = load("claimgate.yaml", source, diagnostics);
  EXPECT_EQ(config.tests.size(), 2u) << diagnostics.render();

  source.files["more.yaml"] =
      "tests: [ { name: one, connector: a, claims: {}, expect: { verdict: continue } } ]\n";
  load("claimgate.yaml", source, diagnostics);
  EXPECT_THAT(diagnostics.render(), HasSubstr("the test \"one\" is defined twice"));
}

TEST(LoadTests, RefusesWhatCannotBeMeant) {
  struct Case {
    std::string_view test, message;
  };
  constexpr Case kCases[] = {
      {"{ connector: a, claims: {}, expect: { verdict: block } }", "the key \"name\" is missing"},
      {"{ name: t, claims: {}, expect: { verdict: block } }", "the key \"connector\" is missing"},
      {"{ name: t, connector: a, claims: {} }", "the key \"expect\" is missing"},
      {"{ name: t, connector: a, expect: { verdict: block } }",
       "one of these keys is missing: claims, body, file"},
      {"{ name: t, connector: a, claims: {}, body: '{}', expect: { verdict: block } }",
       "\"body\" cannot stand beside \"claims\""},
      {"{ name: t, connector: a, claims: {}, expect: {} }", "a test has to expect something"},
      {"{ name: t, connector: a, claims: {}, expect: { verdict: blocked } }",
       "unknown verdict \"blocked\""},
      {"{ name: t, connector: a, claims: {}, expect: { claims: {}, claims_include: { b: c } } }",
       "\"claims_include\" cannot stand beside \"claims\""},
      {"{ name: t, connector: a, claims: [], expect: { verdict: block } }",
       "expected a map of claims, found a list"},
      {"{ name: t, connector: a, body: '{}', locale: sv, expect: { verdict: block } }",
       "\"locale\" goes with \"claims\" only"},
      {"{ name: t, connector: a, claims: {}, locale: s v, expect: { verdict: block } }",
       "\"s v\" is no language tag"},
      {"{ name: t, connector: a, claims: { ui_locales: en }, locale: sv, expect: { rule: r } }",
       "the claims have a \"ui_locales\" of their own"},
      {"{ name: t, connector: a, claims: {}, now: yesterday, expect: { verdict: block } }",
       "expected a moment as RFC 3339 writes it"},
      {"{ name: ' ', connector: a, claims: {}, expect: { verdict: block } }",
       "a test needs a name"},
      {"{ name: t, connector: a, file: '', expect: { verdict: block } }",
       "expected the name of a file"},
      {"{ name: t, connector: a, claims: {}, expect: { shadowed: r } }",
       "expected a list of strings"},
      {"t", "expected a map, found the string \"t\""},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.test);
    const LoadedPolicy loaded("tests:\n  - " + std::string(c.test) + "\n");
    EXPECT_EQ(loaded.diagnostics.errors(), 1u) << loaded.diagnostics.render();
    EXPECT_THAT(loaded.diagnostics.render(), HasSubstr("etc/claimgate.yaml:4:"));
    EXPECT_THAT(loaded.diagnostics.render(), HasSubstr("error: " + std::string(c.message)));
  }
}

TEST(LoadCapture, ReadsEveryKeyAndHasItsDefaults) {
  const LoadedPolicy none("");
  EXPECT_TRUE(none.config.capture.file.value.empty());

  const LoadedPolicy little("capture: { file: c.jsonl }\n");
  ASSERT_FALSE(little.diagnostics.has_errors()) << little.diagnostics.render();
  EXPECT_EQ(little.config.capture.file.value, "etc/c.jsonl");
  EXPECT_EQ(little.config.capture.share, 1.0);
  EXPECT_EQ(little.config.capture.bytes, 64 << 20);
  EXPECT_EQ(little.config.capture.when_full, Capture::WhenFull::kStop);

  const LoadedPolicy all(
      "capture: { file: /c.jsonl, share: 0.25, connectors: [ a ], keep: [ country, email.domain "
      "],\n"
      "  secret: \"${env:WORD}\", bytes: 1MiB, when_full: rotate }\n");
  ASSERT_EQ(all.diagnostics.render(), "");
  const Capture& capture = all.config.capture;
  EXPECT_EQ(capture.file.value, "/c.jsonl");
  EXPECT_EQ(capture.share, 0.25);
  EXPECT_EQ(capture.connectors.size(), 1u);
  EXPECT_EQ(capture.keep.size(), 2u);
  EXPECT_EQ(capture.secret.value, "sesame-open-sesame");
  EXPECT_EQ(capture.bytes, 1 << 20);
  EXPECT_EQ(capture.when_full, Capture::WhenFull::kRotate);
}

TEST(LoadCapture, RefusesToKeepSecretsAndShortKeys) {
  struct Case {
    std::string_view capture, message;
  };
  constexpr Case kCases[] = {
      {"{ share: 1 }", "error: the key \"file\" is missing"},
      {"{ file: '' }", "error: expected the name of a file"},
      {"{ file: c, keep: [ password ] }", "error: the value of \"password\" is never written"},
      {"{ file: c, keep: [ newPassword ] }",
       "error: the value of \"newPassword\" is never written"},
      {"{ file: c, keep: [ email.local ] }",
       "error: the only derived value that can be kept is \"email.domain\""},
      {"{ file: c, secret: short }", "error: a secret has 16 or more bytes"},
      {"{ file: c, share: 1.5 }", "error: expected a number from 0 to 1"},
      {"{ file: c, bytes: 1KiB }", "error: expected a size from 64KiB to 64GiB"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.capture);
    const LoadedPolicy loaded("capture: " + std::string(c.capture) + "\n");
    EXPECT_EQ(loaded.diagnostics.errors(), 1u) << loaded.diagnostics.render();
    EXPECT_THAT(loaded.diagnostics.render(), HasSubstr(std::string(c.message)));
  }
  const LoadedPolicy written("capture: { file: c, secret: M4RK3R-in-the-file }\n");
  EXPECT_THAT(written.diagnostics.render(), HasSubstr("warning: a secret is written in the file"));
  EXPECT_THAT(written.diagnostics.render(), testing::Not(HasSubstr("M4RK3R")));
}

TEST(ParseMoment, ReadsRfc3339AndNothingElse) {
  struct Case {
    std::string_view text;
    std::int64_t ms;
  };
  constexpr Case kGood[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"1969-12-31T23:59:59.999Z", -1},
      {"2000-02-29T12:30:45z", 951'827'445'000},
      {"2000-02-29T12:30:45.5Z", 951'827'445'500},
      {"2000-02-29 12:30:45.1239Z", 951'827'445'123},
      {"2000-02-29T12:30:45+01:30", 951'827'445'000 - 90 * 60'000},
      {"2000-02-29T12:30:45-00:30", 951'827'445'000 + 30 * 60'000},
  };
  for (const Case& c : kGood) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(parse_moment(c.text), c.ms);
  }
  for (const std::string_view bad :
       {"", "2000-02-29", "2001-02-29T00:00:00Z", "2000-13-01T00:00:00Z", "2000-00-01T00:00:00Z",
        "2000-02-29T24:00:00Z", "2000-02-29T12:60:00Z", "2000-02-29T12:30:60Z",
        "2000-02-29T12:30:45", "2000-02-29T12:30:45.Z", "2000-02-29T12:30:45+0130",
        "2000-02-29T12:30:45+24:00", "2000-02-29T12:30:45Zx", "2000-2-29T12:30:45Z",
        "20000-02-29T12:30:45Z", "-000-02-29T12:30:45Z"}) {
    SCOPED_TRACE(bad);
    EXPECT_EQ(parse_moment(bad), std::nullopt);
  }
}

}  // namespace
}  // namespace core::config
