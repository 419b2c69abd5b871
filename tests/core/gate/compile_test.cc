#include "core/gate/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/gate/house.h"

namespace core::gate {
namespace {

using testing::HasSubstr;

// Names are resolved here; what the loader finds by itself is tested beside it.
TEST(Compile, ReportsEachUnresolvedNameWithItsPlaceAndASuggestion) {
  struct Case {
    std::string rule, message, suggestion;
  };
  const Case cases[] = {
      {"{ name: r, when: { emial.domain: x }, block: plain }", "unknown derived value \"emial.domain\"", "did you mean \"email.domain\"?"},
      {"{ name: r, when: { email.domain: { in_list: blokced } }, block: plain }", "unknown list \"blokced\"", "did you mean \"blocked\"?"},
      {"{ name: r, block: plian }", "unknown message \"plian\"", "did you mean \"plain\"?"},
      {"{ name: r, when: { email: { in_list: blocked } }, block: plain }", "a whole address is looked up in a list of domains", "write email.domain"},
      {"{ name: r, when: { email.domain: { in_list: people } }, block: plain }", "a domain is looked up in a list of addresses", "write email"},
      {"{ name: r, when: { email.domain: { in_list: [ blocked, people ] } }, block: plain }", "a domain is looked up in a list of addresses", "write email"},
      {"{ name: r, when: { city: { matches: 'a(' } }, block: plain }", "not a pattern", "RE2"},
      {"{ name: r, set: { city: \"{city | uper}\" } }", "unknown filter \"uper\"", "did you mean \"upper\"?"},
      {"{ name: r, set: { city: \"{city\" } }", "\"{\" without a \"}\"", "write {{"},
      {"{ name: r, set: { city: \"city}\" } }", "\"}\" without a \"{\"", "write }}"},
      {"{ name: r, set: { city: \"{}\" } }", "a claim's name is missing", ""},
      {"{ name: r, set: { email.domain: x } }", "only a claim can be set", "a derived value follows"},
      {"{ name: r, set: { city: 5 } }", "\"city\" is a text", "put it in quotation marks: \"5\""},
      {"{ name: r, set: { extension_n: 1e999 } }", "a number that is too large", "put it in quotation marks"},
      {"{ name: r, set: { step: x } }", "\"step\" identifies the request", "extension_"},
      {"{ name: r, set: { objectId: x } }", "\"objectId\" identifies the request", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.rule);
    House house(with_rules("      - " + c.rule + "\n"));
    EXPECT_EQ(house.snapshot, nullptr);
    EXPECT_EQ(house.diagnostics.errors(), 1u) << house.diagnostics.render();
    EXPECT_THAT(house.diagnostics.render(), HasSubstr("claimgate.yaml:14:"));
    EXPECT_THAT(house.diagnostics.render(), HasSubstr("error: " + c.message));
    EXPECT_THAT(house.diagnostics.render(), HasSubstr(c.suggestion));
  }
}

TEST(Compile, KnowsRuleGroupsThatIncludeThemselvesOrNobodyIncludes) {
  House house(with_rules("      - { include: a }\n") +
              "rule_groups:\n"
              "  a: { rules: [ { include: b } ] }\n"
              "  b: { rules: [ { include: a } ] }\n"
              "  c: { rules: [ { name: r, block: nothing } ] }\n");
  EXPECT_EQ(house.snapshot, nullptr);
  const std::string said = house.diagnostics.render();
  EXPECT_THAT(said, HasSubstr("error: this rule group includes itself"));
  EXPECT_THAT(said, HasSubstr("warning: no connector includes this rule group: its rules are not checked"));
  EXPECT_EQ(house.diagnostics.errors(), 1u) << said;
}

TEST(Compile, RefusesRuleGroupsMoreThanEightDeep) {
  std::string groups = "rule_groups:\n";
  for (int i = 1; i < 9; ++i) {
    groups += "  g" + std::to_string(i) + ": { rules: [ { include: g" + std::to_string(i + 1) + " } ] }\n";
  }
  const std::string last = "  g9: { rules: [ { name: r, block: plain } ] }\n";
  House deep(with_rules("      - { include: g2 }\n") + groups + last);
  EXPECT_NE(deep.snapshot, nullptr) << deep.diagnostics.render();
  House deeper(with_rules("      - { include: g1 }\n") + groups + last);
  EXPECT_EQ(deeper.snapshot, nullptr);
  EXPECT_THAT(deeper.diagnostics.render(), HasSubstr("more than 8 inclusions one in the other"));
}

TEST(Compile, RefusesClaimsInOtherwise) {
  House house(with_rules("      - { name: r, block: plain }\n",
                         "    otherwise: { continue: { city: x } }\n"));
  EXPECT_EQ(house.snapshot, nullptr);
  EXPECT_THAT(house.diagnostics.render(), HasSubstr("`otherwise` sets no claims"));
}

TEST(Compile, PointsIntoATemplate) {
  House house(with_rules("      - { name: r, set: { city: \"Hello {city | uper}\" } }\n"));
  ASSERT_FALSE(house.diagnostics.all().empty());
  EXPECT_EQ(house.diagnostics.render(),
            "claimgate.yaml:14:48: error: unknown filter \"uper\"\n"
            "   14 |       - { name: r, set: { city: \"Hello {city | uper}\" } }\n"
            "      |                                                ^~~~ did you mean \"upper\"?\n");
}

TEST(Compile, WarnsWhatCannotBeMeant) {
  House house(with_rules("      - { name: all, when: { postcode: x }, set: { loyalty: y } }\n"
                         "      - { name: end, block: plain }\n"
                         "      - { name: never, block: plain }\n"));
  ASSERT_NE(house.snapshot, nullptr) << house.diagnostics.render();
  const std::string remarks = house.diagnostics.render();
  EXPECT_THAT(remarks, HasSubstr("warning: no B2C user flow sends a claim \"postcode\""));
  EXPECT_THAT(remarks, HasSubstr("did you mean \"postalCode\"?"));
  EXPECT_THAT(remarks, HasSubstr("custom attributes are named extension_loyalty"));
  EXPECT_THAT(remarks, HasSubstr("rule \"never\" can never act"));
}

TEST(Compile, LoadsListsBesideTheirFileAndNamesBadLines) {
  const std::string yaml =
      "listeners: [ { address: 127.0.0.1:0 } ]\n"
      "lists: { domains: { file: lists/d.txt, match: domain } }\n"
      "messages: { no: \"No.\" }\n"
      "connectors:\n"
      "  c: { path: /c, dialect: b2c-userflow, rules: [ { name: r, when: { email.domain: { in_list: domains } }, block: no } ] }\n";
  House house(yaml, {{"lists/d.txt", "one.example\nbad domain\n"}});
  ASSERT_NE(house.snapshot, nullptr) << house.diagnostics.render();
  EXPECT_THAT(house.diagnostics.render(), HasSubstr("lists/d.txt:2: left out"));
  EXPECT_THAT(house.ask(R"({"email":"a@sub.ONE.example."})"), HasSubstr("ShowBlockPage"));

  House missing(yaml);
  EXPECT_EQ(missing.snapshot, nullptr);
  EXPECT_EQ(missing.diagnostics.errors(), 1u) << missing.diagnostics.render();
  EXPECT_THAT(missing.diagnostics.render(), HasSubstr("cannot read lists/d.txt: no such file"));
}

TEST(Snapshot, FindsConnectorsByTheirExactPath) {
  std::string yaml =
      "listeners: [ { address: 127.0.0.1:0 } ]\nmessages: { no: \"No.\" }\nconnectors:\n";
  for (int i = 0; i < 20; ++i) {
    const std::string n = std::to_string(i);
    yaml += "  c" + n + ": { path: /p" + n + ", dialect: b2c-userflow, rules: [ { name: r, block: no } ] }\n";
  }
  House house(yaml);
  ASSERT_NE(house.snapshot, nullptr) << house.diagnostics.render();
  for (int i = 0; i < 20; ++i) {
    const std::string path = "/p" + std::to_string(i);
    ASSERT_NE(house.snapshot->find(path), nullptr);
    EXPECT_EQ(house.snapshot->find(path)->path, path);
  }
  EXPECT_EQ(house.snapshot->find("/p"), nullptr);
  EXPECT_EQ(house.snapshot->find("/p1/"), nullptr);
  EXPECT_EQ(house.snapshot->find("/P1"), nullptr);
  EXPECT_EQ(house.snapshot->find(""), nullptr);
}

}  // namespace
}  // namespace core::gate
