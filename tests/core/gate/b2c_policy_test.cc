#include <gtest/gtest.h>

#include "tests/core/gate/house.h"

// protocol.md, section b: the author of a policy names the claims.
namespace core::gate {
namespace {

std::string policy(const std::string& rules) {
  std::string yaml = with_rules(rules);
  const std::string dialect = "b2c-userflow";
  return yaml.replace(yaml.find(dialect), dialect.size(), "b2c-policy");
}

TEST(B2cPolicy, ClaimsMayHaveAnyNameAndTypedValues) {
  House house(policy("      - { name: known, when: { signInName: { ends_with: '@b.example' } }, set: { score: 5, trusted: true } }\n"
                     "      - { name: other, when: { signInName: mallory }, block: plain }\n"));
  EXPECT_EQ(house.diagnostics.render(), "");
  EXPECT_EQ(house.ask(R"({"signInName":"a@b.example"})"), R"({"score":5,"trusted":true})");
  EXPECT_EQ(house.ask(R"({"signInName":"mallory"})"),
            R"({"version":"1.0.0","status":409,"userMessage":"No."})");
  EXPECT_EQ(house.report.status, 409);
}

TEST(B2cPolicy, FlowsOfTheSameFileStillHaveTextsInTheirAttributes) {
  House house(with_rules("      - { name: typed, set: { city: 5 } }\n"));
  EXPECT_NE(house.diagnostics.render().find("\"city\" is a text"), std::string::npos);
}

}  // namespace
}  // namespace core::gate
