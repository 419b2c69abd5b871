#include "proxy/policy/tests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "core/gate/compile.h"
#include "tests/core/config/memory_source.h"

namespace proxy::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPolicy =
    "listeners: [ { address: 127.0.0.1:0 } ]\n"
    "messages: { no: { en: \"Not {givenName}.\", sv: \"Inte {givenName}.\" } }\n"
    "connectors:\n"
    "  a:\n"
    "    path: /a\n"
    "    dialect: b2c-userflow\n"
    "    rules:\n"
    "      - { name: eve, when: { email: { equals: eve@b.example } }, block: no }\n"
    "      - { name: code, when: { postalCode: { not_matches: '^[0-9]+$' } }, validation_error: no "
    "}\n"
    "      - { name: watch, mode: shadow, when: { city: Paris }, block: no }\n"
    "      - { name: tidy, when: { any: [ { givenName: { exists: true } }, { surname: x } ] },\n"
    "          set: { givenName: \"{givenName | title_case}\", extension_key: \"${env:KEY}\" }, tag: tidied }\n";

/// A configuration with these tests, run.
struct Ran {
  explicit Ran(std::string_view tests) {
    source.files["c.yaml"] = std::string(kPolicy) + "tests:\n" + std::string(tests);
    source.files["body.json"] = R"({"email":"eve@b.example","givenName":"Eve"})";
    source.variables["KEY"] = "M4RK3R";
    config = core::config::load("c.yaml", source, diagnostics);
    snapshot = core::gate::compile(config, {1, 7}, source, diagnostics);
    if (snapshot == nullptr) return;
    Rehearsal rehearsal(snapshot, snapshot->lists);
    coverage.emplace(*snapshot);
    run = run_tests(config, rehearsal, source, diagnostics, &*coverage);
  }
  core::config::MemorySource source;
  core::config::Diagnostics diagnostics;
  core::config::Config config;
  std::shared_ptr<const core::gate::Snapshot> snapshot;
  std::optional<Coverage> coverage;
  TestRun run;
};

TEST(RunTests, PassesWhatIsSoAndSaysNothing) {
  const Ran ran(
      "  - { name: block, connector: a, file: body.json,\n"
      "      expect: { verdict: block, rule: eve, message: Not Eve., shadowed: [] } }\n"
      "  - { name: swedish, connector: a, locale: sv-SE, claims: { email: eve@b.example, "
      "givenName: Bo },\n"
      "      expect: { message: Inte Bo. } }\n"
      "  - { name: form, connector: a, claims: { step: PostAttributeCollection, postalCode: x },\n"
      "      expect: { verdict: validation_error, rule: code } }\n"
      "  - { name: before the form, connector: a, claims: { step: PostFederationSignup, "
      "postalCode: x },\n"
      "      expect: { verdict: block, rule: code } }\n"
      "  - { name: shadow, connector: a, claims: { city: Paris, givenName: bo },\n"
      "      expect: { verdict: continue, rule: '', shadowed: [ watch ], claims_include: { "
      "givenName: Bo } } }\n"
      "  - { name: nothing set, connector: a, claims: {}, expect: { verdict: continue, claims: {} "
      "} }\n"
      "  - { name: no JSON, connector: a, body: '{', expect: { verdict: refused } }\n");
  ASSERT_NE(ran.snapshot, nullptr) << ran.diagnostics.render();
  EXPECT_EQ(ran.run.passed, 7u);
  EXPECT_EQ(ran.run.failed, 0u);
  EXPECT_EQ(ran.diagnostics.render(), "");
}

TEST(RunTests, ReportsEachExpectationAtItsPlaceWithWhatCame) {
  const Ran ran(
      "  - { name: t, connector: a, claims: { givenName: bo, city: Paris },\n"
      "      expect: { verdict: block, rule: eve, message: Hi } }\n");
  ASSERT_NE(ran.snapshot, nullptr) << ran.diagnostics.render();
  EXPECT_EQ(ran.run.failed, 1u);
  EXPECT_EQ(ran.diagnostics.errors(), 3u);
  const std::string said = ran.diagnostics.render();
  EXPECT_THAT(said, HasSubstr("c.yaml:15:26: error: test \"t\": expected the verdict block, came "
                              "continue, no rule ended it\n"));
  EXPECT_THAT(said,
              HasSubstr("c.yaml:15:39: error: test \"t\": expected rule \"eve\" to end it, came "));
  EXPECT_THAT(said, HasSubstr("c.yaml:15:53: error: test \"t\": expected this message, came none"));
}

TEST(RunTests, TellsMissingWrongAndUnwantedClaimsApart) {
  const Ran ran(
      "  - { name: t, connector: a, claims: { givenName: bo },\n"
      "      expect: { claims: { givenName: bo, city: x } } }\n");
  const std::string said = ran.diagnostics.render();
  EXPECT_THAT(said, HasSubstr("c.yaml:15:38: error: test \"t\": expected \"bo\", came \"Bo\""));
  EXPECT_THAT(
      said,
      HasSubstr("c.yaml:15:42: error: test \"t\": expected the claim to be \"x\", it is not in"));
  EXPECT_THAT(said,
              HasSubstr("expected no claim \"extension_key\", came a value that holds a secret"));
  EXPECT_THAT(said, Not(HasSubstr("M4RK3R")));
  EXPECT_EQ(ran.diagnostics.errors(), 3u) << said;
}

TEST(RunTests, ComparesShadowRulesBothWays) {
  const Ran ran(
      "  - { name: one, connector: a, claims: { city: Oslo }, expect: { shadowed: [ watch ] } }\n"
      "  - { name: two, connector: a, claims: { city: Paris }, expect: { shadowed: [] } }\n");
  EXPECT_EQ(ran.run.failed, 2u);
  EXPECT_THAT(ran.diagnostics.render(), HasSubstr("\"watch\" would have acted, it would not"));
  EXPECT_THAT(ran.diagnostics.render(),
              HasSubstr("no rule \"watch\" in shadow, it would have acted"));
}

TEST(RunTests, ComparesTagsBothWays) {
  const Ran good(
      "  - { name: one, connector: a, claims: { givenName: bo }, expect: { tags: [ tidied ] } }\n"
      "  - { name: two, connector: a, claims: { city: Oslo }, expect: { tags: [] } }\n");
  EXPECT_EQ(good.run.passed, 2u) << good.diagnostics.render();
  const Ran bad(
      "  - { name: one, connector: a, claims: { givenName: bo }, expect: { tags: [] } }\n"
      "  - { name: two, connector: a, claims: { city: Oslo }, expect: { tags: [ tidied ] } }\n");
  EXPECT_EQ(bad.run.failed, 2u);
  EXPECT_THAT(bad.diagnostics.render(),
              HasSubstr("expected no tag \"tidied\", a rule has put it on: continue, no rule"));
  EXPECT_THAT(bad.diagnostics.render(),
              HasSubstr("expected the tag \"tidied\", no rule has put it on: continue, no rule"));
  const Ran unknown("  - { name: t, connector: a, claims: {}, expect: { tags: [ tidy ] } }\n");
  EXPECT_EQ(unknown.snapshot, nullptr);
  EXPECT_THAT(unknown.diagnostics.render(), HasSubstr("unknown tag \"tidy\" of connector \"a\""));
}

TEST(RunTests, SaysThatAVerdictWasRewritten) {
  const Ran ran(
      "  - { name: t, connector: a, claims: { step: PostFederationSignup, postalCode: x },\n"
      "      expect: { verdict: validation_error } }\n");
  EXPECT_THAT(ran.diagnostics.render(),
              HasSubstr("came block, as this step allows nothing else, by rule \"code\""));
}

TEST(RunTests, FailsATestWhoseFileIsNotThere) {
  const Ran ran("  - { name: t, connector: a, file: gone.json, expect: { verdict: block } }\n");
  EXPECT_EQ(ran.run.failed, 1u);
  EXPECT_THAT(ran.diagnostics.render(), HasSubstr("cannot read gone.json: no such file"));
}

TEST(RunTests, IsNotTriedWithUnknownConnectorsAndRules) {
  const Ran ran(
      "  - { name: one, connector: b, claims: {}, expect: { verdict: block } }\n"
      "  - { name: two, connector: a, claims: {}, expect: { rule: evee } }\n"
      "  - { name: three, connector: a, claims: {}, expect: { shadowed: [ eve ] } }\n");
  EXPECT_EQ(ran.snapshot, nullptr);
  const std::string said = ran.diagnostics.render();
  EXPECT_THAT(said, HasSubstr("c.yaml:14:29: error: unknown connector \"b\""));
  EXPECT_THAT(said, HasSubstr("unknown rule \"evee\" of connector \"a\""));
  EXPECT_THAT(said, HasSubstr("did you mean \"eve\"?"));
  EXPECT_THAT(said, HasSubstr("rule \"eve\" is not in shadow"));
}

TEST(Coverage, NamesRulesThatNeverActAndConditionsThatNeverHold) {
  const Ran ran(
      "  - { name: t, connector: a, claims: { givenName: bo, email: a@b.example }, expect: { "
      "verdict: continue } }\n"
      "  - { name: u, connector: a, claims: { postalCode: x }, expect: { rule: code } }\n");
  ASSERT_NE(ran.snapshot, nullptr) << ran.diagnostics.render();
  EXPECT_EQ(ran.coverage->rules(), 4u);
  EXPECT_EQ(ran.coverage->rules_acted(), 2u);
  EXPECT_EQ(
      ran.coverage->render(ran.config, ran.diagnostics),
      "c.yaml:8:17: rule \"eve\" of connector \"a\" acts in no test\n"
      "    never holds: email equals \"eve@b.example\"\n"
      "c.yaml:10:17: rule \"watch\" of connector \"a\" acts in no test\n"
      "    never holds: city equals \"Paris\"\n"
      "c.yaml:11:17: rule \"tidy\" of connector \"a\" acts, but these conditions hold in no test:\n"
      "    surname equals \"x\"\n"
      "coverage: 2 of 4 rules act in a test\n");
}

TEST(Rehearsal, AnswersAsTheServerWould) {
  const Ran ran("  - { name: t, connector: a, claims: {}, expect: { verdict: continue } }\n");
  ASSERT_NE(ran.snapshot, nullptr) << ran.diagnostics.render();
  Rehearsal rehearsal(ran.snapshot, ran.snapshot->lists);
  EXPECT_EQ(rehearsal.find("b"), nullptr);
  const Told told =
      rehearsal.ask(*rehearsal.find("a"), R"({"givenName":"å\"","extension_X_key":1})", 0);
  EXPECT_EQ(told.verdict, core::config::ToldVerdict::kContinue);
  EXPECT_EQ(told.message, "");
  EXPECT_THAT(told.claims, ElementsAre(std::pair("givenName", "\"Å\\\"\""),
                                       std::pair("extension_key", "\"M4RK3R\"")));
}

}  // namespace
}  // namespace proxy::policy
