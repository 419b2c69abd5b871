#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/gate/house.h"

// protocol.md, section c.
namespace core::gate {
namespace {

std::string b2b(const std::string& rules, const std::string& step = "PostAttributeCollection") {
  std::string yaml = with_rules(rules, "    step: " + step + "\n");
  const std::string dialect = "b2c-userflow";
  return yaml.replace(yaml.find(dialect), dialect.size(), "b2b-signup");
}

TEST(B2bSignup, TakesItsStepFromTheConnector) {
  const std::string rules = "      - { name: r, when: { city: v }, validation_error: plain }\n";
  House after(b2b(rules));
  EXPECT_EQ(after.ask(R"({"email":"a@b.example","city":"v"})"),
            R"({"version":"1.0.0","status":400,"action":"ValidationError","userMessage":"No."})");
  EXPECT_EQ(after.report.step, dialects::Step::kPostAttributeCollection);
  EXPECT_EQ(after.report.status, 400);
  House before(b2b(rules, "PostFederationSignup"));
  // A body that says another step is not believed: one URL is one step.
  EXPECT_EQ(before.ask(R"({"step":"PostAttributeCollection","city":"v"})"),
            R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"No."})");
  EXPECT_EQ(before.report.step, dialects::Step::kPostFederationSignup);
  EXPECT_TRUE(before.report.rewritten);
}

TEST(B2bSignup, LetsRulesTestTheStepAsAUserFlowNamesIt) {
  House house(b2b("      - { name: r, when: { step: PostFederationSignup }, block: plain }\n",
                  "PostFederationSignup"));
  EXPECT_EQ(house.ask("{}"), R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"No."})");
}

TEST(B2bSignup, ReadsLastNameAsSurnameAndAnswersInTheCallersSpelling) {
  House house(b2b("      - { name: r, set: { surname: \"{surname | upper}\" } }\n"));
  EXPECT_EQ(house.ask(R"({"lastName":"marques"})"),
            R"({"version":"1.0.0","action":"Continue","lastName":"MARQUES"})");
  EXPECT_EQ(house.ask(R"({"surname":"marques"})"),
            R"({"version":"1.0.0","action":"Continue","surname":"MARQUES"})");
  EXPECT_EQ(house.ask(R"({"lastName":"other","surname":"marques"})"),
            R"({"version":"1.0.0","action":"Continue","surname":"MARQUES"})");
  EXPECT_EQ(house.ask(R"({})"), R"({"version":"1.0.0","action":"Continue"})");
}

TEST(B2bSignup, KnowsAnIssuerWithAndWithoutItsDomain) {
  House house(b2b("      - { name: r, when: { identities.issuer: facebook.com }, block: plain }\n"));
  const std::string_view block = R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"No."})";
  EXPECT_EQ(house.ask(R"({"identities":[{"signInType":"federated","issuer":"facebook","issuerAssignedId":"1"}]})"), block);
  EXPECT_EQ(house.ask(R"({"identities":[{"signInType":"federated","issuer":"facebook.com"}]})"), block);
  EXPECT_EQ(house.ask(R"({"identities":[{"issuer":"google"}]})"),
            R"({"version":"1.0.0","action":"Continue"})");
  // Absent for Entra ID and Microsoft accounts (c.1).
  EXPECT_EQ(house.ask(R"({"email":"a@b.example"})"), R"({"version":"1.0.0","action":"Continue"})");
}

TEST(B2bSignup, DoesNotTouchTheUserFlowsOfOtherConnectors) {
  House house(with_rules("      - { name: r, when: { surname: missing }, block: plain }\n"));
  EXPECT_EQ(house.ask(R"({"lastName":"x"})"),
            R"({"version":"1.0.0","action":"Continue"})")
      << "`missing` is a value here";
  House absent(with_rules("      - { name: r, when: { surname: { missing: true } }, block: plain }\n"));
  EXPECT_EQ(absent.ask(R"({"lastName":"x"})"),
            R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"No."})");
}

}  // namespace
}  // namespace core::gate
