#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/decisions/encoded.h"
#include "tests/core/gate/house.h"

// protocol.md, section d.
namespace core::gate {
namespace {

using testing::HasSubstr;

constexpr std::string_view kApp = "extension_9c2f41d07be84a6c8f35d1e2a07b64c3_";

std::string ext(const std::string& rules, const std::string& more = "") {
  std::string yaml = with_rules(rules, more);
  const std::string dialect = "b2c-userflow";
  return yaml.replace(yaml.find(dialect), dialect.size(), "ext-id");
}

std::string event(std::string_view name, const std::string& attributes, const std::string& context = "") {
  return R"({"type":"microsoft.graph.authenticationEvent.)" + std::string(name) +
         R"(","data":{"authenticationContext":{"client":{"locale":"sv-se"})" + context +
         R"(},"userSignUpInfo":{"attributes":{)" + attributes + R"(},"identities":[]}}})";
}

std::string attribute(const std::string& name, const std::string& type, const std::string& value) {
  return '"' + name + R"(":{"@odata.type":"microsoft.graph.)" + type +
         R"(DirectoryAttributeValue","value":)" + value + R"(,"attributeType":"builtIn"})";
}

std::string start(const std::string& action) {
  return R"({"data":{"@odata.type":"microsoft.graph.onAttributeCollectionStartResponseData","actions":[{"@odata.type":"microsoft.graph.attributeCollectionStart.)" +
         action + "}]}}";
}
std::string submit(const std::string& action) {
  return R"({"data":{"@odata.type":"microsoft.graph.onAttributeCollectionSubmitResponseData","actions":[{"@odata.type":"microsoft.graph.attributeCollectionSubmit.)" +
         action + "}]}}";
}
std::string token(const std::string& claims) {
  return R"({"data":{"@odata.type":"microsoft.graph.onTokenIssuanceStartResponseData","actions":[{"@odata.type":"microsoft.graph.tokenIssuanceStart.provideClaimsForToken","claims":{)" +
         claims + "}}]}}";
}

const std::string kCity = attribute("city", "string", "\"lund\"");

// protocol.md e.3: the answers of every step, and a.7's rows as they are here.
TEST(ExtId, HasOneActionForEveryStepAndVerdict) {
  const std::string verdicts =
      "      - { name: b, when: { city: b }, block: plain }\n"
      "      - { name: v, when: { city: v }, validation_error: plain }\n"
      "      - { name: s, when: { city: s }, set: { city: \"{city | upper}\" } }\n";
  House house(ext(verdicts));
  const auto at = [&](std::string_view name, const std::string& city) {
    return event(name, attribute("city", "string", '"' + city + '"'));
  };
  EXPECT_EQ(house.ask(at("attributeCollectionStart", "x")), start(R"(continueWithDefaultBehavior")"));
  EXPECT_EQ(house.ask(at("attributeCollectionStart", "s")), start(R"(setPrefillValues","inputs":{"city":"S"})"));
  EXPECT_EQ(house.ask(at("attributeCollectionStart", "b")), start(R"(showBlockPage","message":"Nej.")"));
  EXPECT_FALSE(house.report.rewritten);
  EXPECT_EQ(house.ask(at("attributeCollectionStart", "v")), start(R"(showBlockPage","message":"Nej.")"));
  EXPECT_TRUE(house.report.rewritten);
  EXPECT_EQ(house.report.outcome, Outcome::kBlock);
  EXPECT_EQ(house.ask(at("attributeCollectionSubmit", "x")), submit(R"(continueWithDefaultBehavior")"));
  EXPECT_EQ(house.ask(at("attributeCollectionSubmit", "s")), submit(R"(modifyAttributeValues","attributes":{"city":"S"})"));
  EXPECT_EQ(house.ask(at("attributeCollectionSubmit", "b")), submit(R"(showBlockPage","message":"Nej.")"));
  EXPECT_EQ(house.ask(at("attributeCollectionSubmit", "v")), submit(R"(showValidationError","message":"Nej.")"));
  EXPECT_EQ(house.report.status, 200) << "d.6: a validation error too";
  EXPECT_EQ(house.report.step, dialects::Step::kAttributeCollectionSubmit);

  const auto sign_in = [](const std::string& city) {
    return event("tokenIssuanceStart", "", R"(,"user":{"id":"1","city":")" + city + "\"}");
  };
  EXPECT_EQ(house.ask(sign_in("x")), token(""));
  EXPECT_EQ(house.ask(sign_in("s")), token(R"("city":"S")"));
  EXPECT_EQ(house.ask(sign_in("b")), token(""));
  EXPECT_TRUE(house.report.rewritten);
  EXPECT_EQ(house.ask(sign_in("v")), token(""));
  House closed(ext(verdicts, "    token_fault: fail\n"));
  EXPECT_THAT(closed.ask(sign_in("b")), HasSubstr(R"("status":500)"));
  EXPECT_EQ(closed.report.outcome, Outcome::kFault);
  EXPECT_EQ(closed.ask(sign_in("x")), token(""));
}

TEST(ExtId, KeepsTheTypeOfEachAttribute) {
  House house(ext("      - { name: s, set: { extension_seats: \"{city}\", extension_offers: \"{state}\", "
                  "displayName: \"{country}\" } }\n"));
  const auto ask = [&](const std::string& number, const std::string& boolean, const std::string& text) {
    return house.ask(event("attributeCollectionSubmit",
                           attribute("city", "string", '"' + number + '"') + ',' +
                               attribute("state", "string", '"' + boolean + '"') + ',' +
                               attribute("country", "string", '"' + text + '"') + ',' +
                               attribute(std::string(kApp) + "seats", "int64", "1") + ',' +
                               attribute(std::string(kApp) + "offers", "boolean", "true") + ',' +
                               attribute("displayName", "string", "\"a\"")));
  };
  EXPECT_EQ(ask("12", "FALSE", "b"),
            submit(R"(modifyAttributeValues","attributes":{"extension_9c2f41d07be84a6c8f35d1e2a07b64c3_seats":12,)"
                   R"("extension_9c2f41d07be84a6c8f35d1e2a07b64c3_offers":false,"displayName":"b"})"));
  EXPECT_EQ(house.report.omitted, 0u);
  for (const std::string no_number : {"", "x", "1.0", "01", "-0", "1e3", "9223372036854775808", "-9223372036854775809", "99999999999999999999"}) {
    EXPECT_EQ(ask(no_number, "yes", "b"), submit(R"(modifyAttributeValues","attributes":{"displayName":"b"})")) << no_number;
    EXPECT_EQ(house.report.omitted, 2u);
  }
  for (const std::string number : {"0", "-1", "9223372036854775807", "-9223372036854775808"}) {
    EXPECT_THAT(ask(number, "true", "b"), HasSubstr("seats\":" + number + ","));
  }
}

TEST(ExtId, AnswersOnlyAttributesThatTheEventHas) {
  House house(ext("      - { name: s, set: { state: Skane, extension_Tier: gold } }\n"));
  EXPECT_EQ(house.ask(event("attributeCollectionSubmit", kCity)), submit(R"(continueWithDefaultBehavior")"))
      << "one action that says something, and not an empty change";
  EXPECT_EQ(house.report.omitted, 2u);
  // The short name of an attribute is the event's long one, in its letter case (a.5, e.3).
  EXPECT_EQ(house.ask(event("attributeCollectionSubmit",
                            '"' + std::string(kApp) + R"(tier":{"@odata.type":"microsoft.graph.stringDirectoryAttributeValue"})")),
            submit(R"(modifyAttributeValues","attributes":{"extension_9c2f41d07be84a6c8f35d1e2a07b64c3_tier":"gold"})"));
}

TEST(ExtId, AnswersAListInTheFormReceived) {
  House house(ext("      - { name: s, set: { extension_tags: \"{extension_tags},new\" } }\n"));
  const std::string name = std::string(kApp) + "tags";
  EXPECT_EQ(house.ask(event("attributeCollectionSubmit", attribute(name, "string", R"("a,b")"))),
            submit(R"(modifyAttributeValues","attributes":{")" + name + R"(":"a,b,new"})"));
  EXPECT_EQ(house.ask(event("attributeCollectionSubmit", attribute(name, "stringCollection", R"(["a","b"])"))),
            submit(R"(modifyAttributeValues","attributes":{")" + name + R"(":["a","b","new"]})"));
}

TEST(ExtId, TellsWhatIsWrongWithEachAttribute) {
  House house(ext("      - { name: v, validation_error: { message: plain, claims: { city: named, extension_seats: plain, state: plain } } }\n"));
  EXPECT_EQ(house.ask(event("attributeCollectionSubmit",
                            kCity + ',' + attribute(std::string(kApp) + "seats", "int64", "1") + ',' +
                                attribute("givenName", "string", "\"Noor\""))),
            submit(R"(showValidationError","message":"Nej.\nNej.","attributeErrors":{"city":"Not Noor, .",)"
                   R"("extension_9c2f41d07be84a6c8f35d1e2a07b64c3_seats":"Nej."})"))
      << "state is no field of this form: it is told in the message";
}

TEST(ExtId, GivesBlockPagesATitle) {
  House house(ext("      - { name: b, block: plain }\n", "    block_title: named\n"));
  EXPECT_EQ(house.ask(event("attributeCollectionSubmit", attribute("givenName", "string", "\"<Noor>\""))),
            submit(R"(showBlockPage","title":"Not ‹Noor›, .","message":"Nej.")"));
}

// protocol.md d.7
TEST(ExtId, PutsOnlyTextsInTokensAndNoMoreThanThreeKilobytes) {
  House house(ext("      - { name: s, set: { extension_costCentre: 4711, extension_member: true, city: Lund } }\n"));
  EXPECT_EQ(house.ask(event("tokenIssuanceStart", "")),
            token(R"("costCentre":"4711","member":"true","city":"Lund")"));
  House large(ext("      - { name: s, set: { extension_a: \"{city}\", extension_b: x } }\n"));
  const auto ask = [&](std::size_t size) {
    return large.ask(event("tokenIssuanceStart", "", R"(,"user":{"city":")" + std::string(size, 'z') + "\"}"));
  };
  EXPECT_EQ(ask(3 * 1024 - 3), token(R"("a":")" + std::string(3 * 1024 - 3, 'z') + R"(","b":"x")"));
  EXPECT_EQ(large.report.omitted, 0u);
  EXPECT_EQ(ask(3 * 1024 - 2), token(R"("a":")" + std::string(3 * 1024 - 2, 'z') + "\""));
  EXPECT_EQ(large.report.omitted, 1u);
  EXPECT_EQ(ask(3 * 1024), token(R"("b":"x")"));
}

TEST(ExtId, RefusesEventsThatNobodyCarries) {
  House house(ext("      - { name: b, block: plain }\n"));
  for (const std::string_view name : {"emailOtpSend", "passwordSubmit", "verifiedIdClaimValidation", "userCreateStart"}) {
    EXPECT_THAT(house.ask(event(name, "")), HasSubstr(R"("status":400)")) << name;
    EXPECT_EQ(house.report.outcome, Outcome::kBadBody);
  }
  EXPECT_THAT(house.ask(R"({"step":"PostAttributeCollection","email":"a@b.example"})"), HasSubstr(R"("status":400)"));
}

std::string carrying(const std::string& rules) {
  return ext(rules, "    carry: { emailOtpSend: mailer }\n") +
         "backends:\n  mailer: { endpoints: [ http://127.0.0.1:1 ], speaks: ext-id }\n";
}

TEST(ExtId, CarriesAnEventAndItsAnswerUnread) {
  House house(carrying("      - { name: b, block: plain }\n"));
  ASSERT_NE(house.snapshot, nullptr) << house.diagnostics.render();
  const std::string body = event("emailOtpSend", "");
  EXPECT_EQ(house.ask(body), "asks");
  EXPECT_EQ(house.gate->at_hand().asked().ask->backend_name, "mailer");
  EXPECT_FALSE(house.gate->at_hand().asked().by_body) << "nothing of it is remembered";
  EXPECT_FALSE(house.gate->at_hand().asked().by_claims);
  decisions::Decision decision;
  const std::string answer = R"({ "data" : {"@odata.type":"microsoft.graph.OnOtpSendResponseData"} })";
  decision.claims = {{"", claims::Kind::kObject, answer}};
  const std::string encoded = decisions::encode(decision);
  const Given given[] = {{Gate::kCarries, Source::kBackend, encoded, Fallback::kBackend}};
  Known known;
  known.given = given;
  EXPECT_EQ(house.ask(body, known), answer);
  EXPECT_EQ(house.report.outcome, Outcome::kContinue);
  EXPECT_EQ(house.report.step, dialects::Step::kEmailOtpSend);
  known = {};
  known.give_up = Fallback::kDeadline;
  EXPECT_THAT(house.ask(body, known), HasSubstr(R"("status":502)"));
  EXPECT_EQ(house.report.outcome, Outcome::kFault);
  EXPECT_EQ(house.report.fallback, Fallback::kDeadline);
  // A decision that is no carried answer is nothing that could be told.
  const std::string plain = decisions::encode({});
  const Given other[] = {{Gate::kCarries, Source::kBackend, plain, Fallback::kBackend}};
  known = {};
  known.given = other;
  EXPECT_THAT(house.ask(body, known), HasSubstr(R"("status":502)"));
}

// One rule set, the same person by three callers (protocol.md e): the same verdict, three answers.
TEST(ExtId, FollowsTheRulesThatOtherCallersFollow) {
  const std::string rules =
      "      - { name: domain, when: { email.domain: { in_list: blocked }, step: PostAttributeCollection }, validation_error: plain }\n";
  House flow(with_rules(rules));
  EXPECT_EQ(flow.ask(R"({"step":"PostAttributeCollection","ui_locales":"sv-SE","email":"a@blocked.example"})"),
            R"({"version":"1.0.0","status":400,"action":"ValidationError","userMessage":"Nej."})");
  House events(ext(rules));
  EXPECT_EQ(events.ask(event("attributeCollectionSubmit", attribute("email", "string", "\"a@blocked.example\""))),
            submit(R"(showValidationError","message":"Nej.")"));
}

// protocol.md d.7: a token's claims are texts and arrays of texts; e.3: other callers get a text with spaces.
TEST(ExtId, TellsArraysThatABackendBroughtAndOtherCallersTexts) {
  decisions::Decision decision;
  decision.claims = {{"extension_roles", claims::Kind::kArray, R"(["buyer","re\"vie\u0077er"])"},
                     {"extension_unknown", claims::Kind::kArray, R"(["a"])"},
                     {"extension_none", claims::Kind::kArray, "[]"}};
  const std::string encoded = decisions::encode(decision);
  const Given given[] = {{0, Source::kBackend, encoded, Fallback::kNone}};
  Known known;
  known.given = given;
  const std::string rules =
      "      - { name: a, ask: crm }\n"
      "      - { name: r, when: { extension_roles.any: buyer }, set: { extension_seen: \"array\" } }\n"
      "      - { name: t, when: { extension_roles: { starts_with: buyer } }, set: { extension_seen: \"text\" } }\n";
  House house(ext(rules), {}, {"crm"});
  ASSERT_NE(house.gate, nullptr) << house.diagnostics.render();
  EXPECT_EQ(house.ask(event("tokenIssuanceStart", ""), known),
            token(R"("roles":["buyer","re\"vie\u0077er"],"seen":"array","unknown":["a"],"none":[])"));
  EXPECT_EQ(house.report.omitted, 0u);
  // An attribute of a form is none (d.5): the caller would refuse it.
  EXPECT_EQ(house.ask(event("attributeCollectionSubmit", attribute("extension_roles", "string", "\"\"")), known),
            submit(R"(continueWithDefaultBehavior")"));

  for (const char* dialect : {"b2c-userflow", "b2c-policy"}) {
    SCOPED_TRACE(dialect);
    std::string yaml = with_rules(rules);
    yaml.replace(yaml.find("b2c-userflow"), 12, dialect);
    House other(yaml, {}, {"crm"});
    ASSERT_NE(other.gate, nullptr) << other.diagnostics.render();
    const std::string answer = other.ask(R"({"step":"PreTokenIssuance","email":"a@b.example"})", known);
    EXPECT_THAT(answer, HasSubstr(R"("extension_roles":"buyer re\"viewer","extension_seen":"text","extension_unknown":"a","extension_none":"")"));
  }
}

}  // namespace
}  // namespace core::gate
