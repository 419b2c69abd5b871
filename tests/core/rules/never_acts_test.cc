#include "core/rules/never_acts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/load.h"
#include "tests/core/config/memory_source.h"

namespace core::rules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// The rules of one connector, each in flow style.
std::vector<config::Rule> rules_of(const std::vector<std::string>& rules) {
  std::string yaml =
      "listeners: [ { address: 127.0.0.1:0 } ]\n"
      "connectors:\n  a:\n    path: /a\n    dialect: b2c-userflow\n    rules:\n";
  for (std::size_t i = 0; i < rules.size(); ++i) {
    yaml += "      - { name: r" + std::to_string(i) + ", " + rules[i] + " }\n";
  }
  config::MemorySource source;
  source.files["c.yaml"] = yaml;
  config::Diagnostics diagnostics;
  config::Config config = config::load("c.yaml", source, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.render();
  return std::move(config.connectors.at(0).rules);
}

/// Which of the rules can never act.
std::vector<std::size_t> idle(const std::vector<std::string>& rules) {
  std::vector<std::size_t> found;
  for (const NeverActs& one : find_never_acting(rules_of(rules))) found.push_back(one.rule);
  return found;
}

std::string block(const std::string& when) { return "when: { " + when + " }, block: m"; }

/// A rule with `above` that ends, and one with `below`.
struct Pair {
  std::string above, below;
};

TEST(FindNeverActing, FindsAConditionThatARuleAboveImplies) {
  const Pair kPairs[] = {
      {"country: Sweden", "country: Sweden"},
      {"country: { in: [ Sweden, Norway ] }", "country: Norway"},
      {"country: { in: [ Sweden, Norway ] }", "country: { in: [ Norway, Sweden ] }"},
      {"country: Sweden", "country: Sweden, city: Lund"},
      {"country: { not_equals: Sweden }", "country: Norway"},
      {"country: { not_equals: Sweden }", "country: { not_in: [ Sweden, Norway ] }"},
      {"country: { exists: true }", "country: Sweden"},
      {"country: { exists: true }", "country: { matches: x }"},
      {"country: { exists: true }", "country: { not_in_list: l }"},
      {"country: { missing: true }", "country: { exists: false }"},
      {"country: { starts_with: S }", "country: Sweden"},
      {"country: { starts_with: S }", "country: { starts_with: [ Sw, So ] }"},
      {"country: { ends_with: [ en, ay ] }", "country: { in: [ Sweden, Norway ] }"},
      {"country: { contains: e }", "country: { contains: we }"},
      {"city: { length: { min: 2 } }", "city: { length: { min: 3, max: 5 } }"},
      {"city: { length: { max: 4 } }", "city: Lund"},
      {"email.domain: { in_list: l }", "email.domain: { in_list: l }"},
      {"email.domain: { in_list: [ l, k ] }", "email.domain: { in_list: l }"},
      {"email.domain: { in_list: l }", "email.domain: { in_list: l }, country: Sweden"},
      {"\"country | lower\": se", "\"country | lower\": se"},
      {"any: [ { country: Sweden }, { city: Lund } ]", "city: Lund"},
      {"any: [ { country: Sweden }, { city: Lund } ]",
       "any: [ { city: Lund }, { country: Sweden } ]"},
      {"all: [ { country: Sweden }, { city: Lund } ]", "city: Lund, country: Sweden"},
      {"not: { country: Sweden }", "not: { country: { in: [ Sweden, Norway ] } }"},
      {"not: { country: Sweden }", "country: Norway"},
      {"not: { country: Sweden }", "country: { missing: true }"},
      {"extension_age: 5", "extension_age: 5"},
  };
  for (const Pair& pair : kPairs) {
    SCOPED_TRACE(pair.above + "  >  " + pair.below);
    EXPECT_THAT(idle({block(pair.above), block(pair.below)}), ElementsAre(1));
    // What the lower rule does makes no difference; what the upper one does makes all of it.
    EXPECT_THAT(idle({block(pair.above), "when: { " + pair.below + " }, set: { city: x }"}),
                ElementsAre(1));
    EXPECT_THAT(idle({block(pair.above), "mode: shadow, " + block(pair.below)}), ElementsAre(1));
    EXPECT_THAT(idle({"mode: shadow, " + block(pair.above), block(pair.below)}), IsEmpty());
    EXPECT_THAT(idle({"when: { " + pair.above + " }, set: { state: x }", block(pair.below)}),
                IsEmpty());
  }
}

TEST(FindNeverActing, IsSilentWhenTheLowerRuleMayStillAct) {
  const Pair kPairs[] = {
      {"country: Sweden", "country: Norway"},
      {"country: Sweden", "country: sweden"},
      {"country: Norway", "country: { in: [ Sweden, Norway ] }"},
      {"country: Sweden, city: Lund", "country: Sweden"},
      {"country: { not_equals: Sweden }", "country: Sweden"},
      {"country: { not_equals: Sweden }", "country: { missing: true }"},
      {"country: { not_equals: Sweden }", "not: { country: Sweden }"},  // holds without a country
      {"country: { not_in: [ Sweden, Norway ] }", "country: { not_equals: Sweden }"},
      {"country: { exists: true }", "not: { country: Sweden }"},
      {"country: { starts_with: Sw }", "country: { starts_with: S }"},
      {"country: { starts_with: Sw }", "country: { contains: Sw }"},
      {"city: { length: { min: 3 } }", "city: { length: { min: 2 } }"},
      {"city: { length: { max: 3 } }", "city: { length: { min: 2 } }"},
      {"city: { length: { max: 3 } }", "city: Lund"},
      {"email.domain: { in_list: l }", "email.domain: { in_list: k }"},
      {"email.domain: { in_list: l }", "email.domain: { not_in_list: l }"},
      {"email.domain: { in_list: l }", "email: { in_list: l }"},
      {"city: { matches: a }", "city: { matches: ab }"},
      {"city: { matches: a }", "city: { not_matches: a }"},
      {"\"country | lower\": se", "country: se"},
      {"all: [ { country: Sweden }, { city: Lund } ]", "city: Lund"},
      {"any: [ { country: Sweden }, { city: Lund } ]", "city: Malmö"},
      {"not: { country: Sweden }", "country: Sweden"},
      {"not: { country: { in: [ Sweden, Norway ] } }", "not: { country: Sweden }"},
      {"not: { country: Sweden, city: Lund }", "country: Sweden"},
      {"extension_age: 5", "extension_age: \"5\""},  // 5.0 is 5, and not "5"
      {"extension_age: \"5\"", "extension_age: 5"},
      {"extension_on: true", "extension_on: \"TRUE\""},
  };
  for (const Pair& pair : kPairs) {
    SCOPED_TRACE(pair.above + "  >  " + pair.below);
    EXPECT_THAT(idle({block(pair.above), block(pair.below)}), IsEmpty());
  }
}

TEST(FindNeverActing, FindsConditionsThatContradictThemselves) {
  for (const std::string when : {
           "country: { equals: Sweden, in: [ Norway, Denmark ] }",
           "country: { equals: Sweden, not_equals: Sweden }",
           "country: { in: [ Sweden, Norway ], not_in: [ Norway, Sweden, Denmark ] }",
           "country: { equals: Sweden, missing: true }",
           "country: { exists: true, missing: true }",
           "country: { matches: x, missing: true }",
           "country: { equals: Sweden, starts_with: N }",
           "country: { equals: Sweden, length: { max: 3 } }",
           "city: { equals: Lund, contains: x }",
           "country: Sweden, all: [ { city: Lund }, { country: Norway } ]",
           "country: Sweden, not: { country: { in: [ Sweden, Norway ] } }",
           "country: Sweden, not: { country: { exists: true } }",
           "email.domain: { in_list: l, not_in_list: l }",
           "city: { matches: a, not_matches: a }",
           "country: Sweden, any: [ { country: Norway }, { country: { missing: true } } ]",
           "any: [ { country: { equals: Sweden, in: [ Norway ] } } ]",
           "extension_on: { equals: yes, in: [ no, never ] }",
       }) {
    SCOPED_TRACE(when);
    EXPECT_THAT(idle({block(when)}), ElementsAre(0));
  }
  EXPECT_THAT(
      idle({block("city: { length: { min: 5 } }, all: [ { city: { length: { max: 4 } } } ]")}),
      ElementsAre(0));
}

TEST(FindNeverActing, IsSilentAboutConditionsThatMayHold) {
  for (const std::string when : {
           "country: { equals: Sweden, in: [ Norway, Sweden ] }",
           "country: { in: [ Sweden, Norway ], not_equals: Sweden }",
           "country: { equals: Sweden, starts_with: [ N, S ] }",
           "country: { equals: Sweden, matches: x }",
           "country: { equals: Sweden, in_list: l }",
           "city: { equals: Lund, length: 4 }",
           "country: Sweden, city: Norway",
           "country: Sweden, \"country | lower\": sweden",
           "country: Sweden, any: [ { country: Norway }, { city: Lund } ]",
           "country: Sweden, not: { country: Norway }",
           "country: Sweden, not: { country: Sweden, city: Lund }",
           "not: { country: { exists: true } }, country: { missing: true }",
           "email.domain: { in_list: l, not_in_list: k }",
           "extension_age: { equals: 5, in: [ 5.0, 7 ] }",  // numbers have spellings
           "extension_age: { equals: 5, in: [ \"5.0\" ] }",
           "extension_on: { equals: true, in: [ \"True\" ] }",
           "extension_age: { equals: \"5\", not_equals: 6 }",
       }) {
    SCOPED_TRACE(when);
    EXPECT_THAT(idle({block(when)}), IsEmpty());
  }
}

TEST(FindNeverActing, CountsRulesTogetherThatEndEachValue) {
  EXPECT_THAT(idle({block("country: Sweden"), block("country: Norway"),
                    block("country: { in: [ Norway, Sweden ] }")}),
              ElementsAre(2));
  EXPECT_THAT(idle({block("country: Sweden"), block("country: Norway"),
                    block("country: { in: [ Norway, Sweden, Finland ] }")}),
              IsEmpty());
  EXPECT_THAT(idle({block("country: Sweden"), block("city: Lund"),
                    block("any: [ { country: Sweden }, { city: Lund, state: x } ]")}),
              ElementsAre(2));
}

TEST(FindNeverActing, KnowsThatASetMayChangeWhatWasTested) {
  const std::string sweden = block("country: Sweden");
  EXPECT_THAT(idle({sweden, "set: { country: Sweden }", sweden}), IsEmpty());
  EXPECT_THAT(idle({sweden, "set: { country: Sweden }", sweden, sweden}), ElementsAre(3));
  EXPECT_THAT(idle({sweden, "set: { city: Lund }", sweden}), ElementsAre(2));
  EXPECT_THAT(idle({sweden, "mode: shadow, set: { country: x }", sweden}), ElementsAre(2));
  // Derived values may come from any claim.
  const std::string domain = block("email.domain: { in_list: l }");
  EXPECT_THAT(idle({domain, "set: { email: x }", domain}), IsEmpty());
  EXPECT_THAT(idle({domain, "set: { city: x }", domain}), IsEmpty());
  // Both spellings are one custom attribute.
  const std::string tier = block("extension_tier: gold");
  EXPECT_THAT(idle({tier, "set: { extension_9c2f41d07be84a6c8f35d1e2a07b64c3_Tier: gold }", tier}),
              IsEmpty());
  EXPECT_THAT(idle({block("country: Sweden, city: Lund"), "set: { city: Lund }",
                    block("country: Sweden, city: Lund")}),
              IsEmpty());
}

TEST(FindNeverActing, SaysWhichRuleIsInTheWay) {
  const auto found = find_never_acting(rules_of(
      {block("country: Sweden"), block("country: Sweden, city: Lund"),
       block("country: { equals: Sweden, in: [ Norway ] }"), "block: m", block("city: Lund")}));
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].why, "rule \"r0\" above it ends every request that this one is for");
  EXPECT_EQ(found[1].why, "no request has both: country equals \"Sweden\", country in \"Norway\"");
  EXPECT_EQ(found[2].why, "rule \"r3\" above it ends every request");
}

TEST(FindNeverActing, StaysBoundedWithDeepAndWithManyConditions) {
  std::string deep = "country: Sweden";
  for (int i = 0; i < 25; ++i)
    deep = "all: [ { " + deep + " }, { any: [ { city: a }, { state: b } ] } ]";
  EXPECT_THAT(idle({block(deep + ", postalCode: x"), block(deep)}), IsEmpty());

  std::vector<std::string> many;
  for (int i = 0; i < 3000; ++i) {
    many.push_back(block("city: { starts_with: x" + std::to_string(i) + "_ }"));
    many.push_back(block("country: c" + std::to_string(i)));
    many.push_back("when: { state: s }, set: { postalCode: x }");
  }
  many.push_back(block("country: c2999, state: x"));
  EXPECT_THAT(idle(many), IsEmpty());  // given up: the sets alone are more than the bound
}

}  // namespace
}  // namespace core::rules
