// Rules with an invitation: what is asked, what is told, and what is refused when the configuration is read.
#include <gtest/gtest.h>

#include "core/decisions/encoded.h"
#include "tests/core/gate/house.h"

namespace core::gate {
namespace {

constexpr std::string_view kInvitations =
    "state: memory\n"
    "invitations: { partners: { code: extension_code, person: [ email.canonical, country ], block: [ used_up ],\n"
    "  messages: { unknown: plain, used_up: named }, valid: 2d, forget_after: 3d } }\n";

std::string with_invitation(std::string_view more = "") {
  return std::string(kInvitations) +
         with_rules("      - { name: i, invitation: partners" + std::string(more) + " }\n"
                    "      - { name: n, set: { city: Lund } }\n");
}

TEST(Invitations, AreAskedByCodeAddressDomainAndPerson) {
  House house(with_invitation(", when_away: open"));
  ASSERT_NE(house.gate, nullptr) << house.diagnostics.render();
  EXPECT_EQ(house.ask(R"({"step":"PostAttributeCollection","email":"D.ana@Gmail.com","extension_code":"x"})"), "asks");
  const Asked asked = house.gate->at_hand().asked();
  ASSERT_NE(asked.ask->workflow, nullptr);
  const rules::Workflow& workflow = *asked.ask->workflow;
  EXPECT_EQ(asked.ask->backend_name, "invitations.partners");
  EXPECT_FALSE(asked.ask->remembers_retry) << "a code's record knows who has brought it before";
  EXPECT_EQ(workflow.when_away, config::WhenAway::kOpen);
  std::vector<std::string> key;
  for (const rules::Subject& subject : asked.ask->key) {
    const std::string_view value = house.gate->asking().text_of(subject);
    key.emplace_back(value.data() == nullptr ? "missing" : value);
  }
  EXPECT_EQ(key, (std::vector<std::string>{"x", "dana@gmail.com", "gmail.com", "dana@gmail.com", "missing"}));
  using config::InvitationRefusal;
  const auto told = [&](InvitationRefusal refusal) { return workflow.invitation->told[static_cast<std::size_t>(refusal)]; };
  EXPECT_EQ(told(InvitationRefusal::kUsedUp).message, "named");
  EXPECT_TRUE(told(InvitationRefusal::kUsedUp).blocks);
  EXPECT_EQ(told(InvitationRefusal::kExpired).message, "plain") << "that of an unknown one";
  EXPECT_FALSE(told(InvitationRefusal::kExpired).blocks);
  EXPECT_EQ(workflow.invitation->forget_s, 3 * 86'400);
  ASSERT_EQ(house.snapshot->invitations.size(), 1u);
  EXPECT_EQ(house.snapshot->invitations[0].valid_s, 2 * 86'400);
}

/// What is told of a code stands at its field once, and in a user flow is not said twice.
TEST(Invitations, SayWhatIsWrongAtTheCodesField) {
  decisions::Decision refused;
  refused.kind = rules::VerdictKind::kValidationError;
  refused.message = "plain";
  const std::string encoded = decisions::encode(refused);
  const Given given[] = {{0, Source::kState, encoded, Fallback::kNone}};
  House flow(with_invitation());
  EXPECT_EQ(flow.ask(R"({"step":"PostAttributeCollection","email":"a@b.example"})", {.given = given}),
            R"({"version":"1.0.0","status":400,"action":"ValidationError","userMessage":"No."})");
  EXPECT_EQ(flow.report.rule, 0);

  std::string yaml = with_invitation();
  yaml.replace(yaml.find("b2c-userflow"), 12, "ext-id");
  House events(yaml);
  ASSERT_NE(events.gate, nullptr) << events.diagnostics.render();
  const std::string event =
      R"({"type":"microsoft.graph.authenticationEvent.attributeCollectionSubmit","data":{)"
      R"("@odata.type":"microsoft.graph.onAttributeCollectionSubmitCalloutData","userSignUpInfo":{"attributes":{)"
      R"("extension_9c2f41d07be84a6c8f35d1e2a07b64c3_code":{"@odata.type":"microsoft.graph.stringDirectoryAttributeValue",)"
      R"("value":"x"}}}}})";
  const std::string answer = events.ask(event, {.given = given});
  EXPECT_NE(answer.find(R"("message":"No.","attributeErrors":{"extension_9c2f41d07be84a6c8f35d1e2a07b64c3_code":"No."})"),
            std::string::npos)
      << answer;
}

TEST(Invitations, LetAGoodCodeGoOn) {
  const std::string encoded = decisions::encode({});
  const Given given[] = {{0, Source::kState, encoded, Fallback::kNone}};
  House house(with_invitation());
  EXPECT_EQ(house.ask(R"({"step":"PostAttributeCollection","email":"a@b.example"})", {.given = given}),
            R"({"version":"1.0.0","action":"Continue","city":"Lund"})");
  EXPECT_EQ(house.report.source, Source::kState);
}

TEST(InvitationMistakes, AreReportedWithTheirPlace) {
  struct Mistake {
    std::string_view what, instead, told;
  };
  constexpr Mistake kMistakes[] = {
      {"invitation: partners", "invitation: partenrs", "unknown invitation \"partenrs\""},
      {"invitation: partners", "invitation: \"\"", "expected the name of an invitation"},
      {"invitation: partners", "invitation: partners, step: check", "only a rule with `approval` has this"},
      {"invitation: partners", "invitation: partners, cache: { key: [ email ] }", "only a rule that asks has decisions"},
      {"invitation: partners", "block: plain, when_away: open", "only a rule with `approval`, `invitation` or `limit` has this"},
      {"unknown: plain", "unknown: plian", "unknown message \"plian\""},
      {"unknown: plain, ", "", "the key \"unknown\" is missing"},
      {"used_up: named", "used: named", "unknown key \"used\""},
      {"block: [ used_up ]", "block: [ usedup ]", "unknown refusal \"usedup\""},
      {"code: extension_code", "code: objectId", "cannot be a code"},
      {"code: extension_code", "code: email.domain", "only a claim can be a code"},
      {"code: extension_code", "code: \"\"", "code"},
      {"email.canonical, country", "email.canonicla", "email.canonicla"},
      {"email.canonical, country", "email", "write email.canonical"},
      {"valid: 2d", "valid: 1s", "valid"},
      {"state: memory\n", "", "invitations are kept in a state, and there is none"},
  };
  for (const Mistake& mistake : kMistakes) {
    SCOPED_TRACE(mistake.instead);
    std::string yaml = with_invitation();
    const std::size_t at = yaml.find(mistake.what);
    ASSERT_NE(at, std::string::npos);
    yaml.replace(at, mistake.what.size(), mistake.instead);
    const House house(yaml);
    EXPECT_NE(house.diagnostics.render().find(mistake.told), std::string::npos) << house.diagnostics.render();
    EXPECT_NE(house.diagnostics.render().find("claimgate.yaml:"), std::string::npos);
  }
  EXPECT_EQ(House(with_invitation()).diagnostics.render(), "");
}

}  // namespace
}  // namespace core::gate
