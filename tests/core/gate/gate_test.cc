#include "core/gate/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/http/request_reader.h"
#include "tests/core/gate/house.h"

namespace core::gate {
namespace {

using testing::HasSubstr;

constexpr std::string_view kEmptyContinue = R"({"version":"1.0.0","action":"Continue"})";

std::string at_step(std::string_view step, std::string_view more = "") {
  return R"({"step":")" + std::string(step) + '"' + std::string(more) + "}";
}

TEST(Gate, ContinuesWithoutClaimsWhenNoRuleActs) {
  House house(with_rules("      - { name: r, when: { email: x@y.example }, block: plain }\n"));
  EXPECT_EQ(house.ask(at_step("PostFederationSignup", R"(,"email":"a@b.example")")), kEmptyContinue);
  EXPECT_EQ(house.report.outcome, Outcome::kContinue);
  EXPECT_EQ(house.report.rule, rules::Verdict::kNoRule);
}

TEST(Gate, AnswersTheThreeShapesExactly) {
  House house(with_rules("      - { name: b, when: { city: b }, block: plain }\n"
                         "      - { name: v, when: { city: v }, validation_error: plain }\n"
                         "      - { name: s, set: { city: \"{city | upper}\" } }\n"));
  EXPECT_EQ(house.ask(at_step("PostAttributeCollection", R"(,"city":"b")")),
            R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"No."})");
  EXPECT_EQ(house.report.status, 200);
  EXPECT_EQ(house.ask(at_step("PostAttributeCollection", R"(,"city":"v")")),
            R"({"version":"1.0.0","status":400,"action":"ValidationError","userMessage":"No."})");
  EXPECT_EQ(house.report.status, 400);
  EXPECT_THAT(std::string(house.out.view()), HasSubstr("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_EQ(house.ask(at_step("PostAttributeCollection", R"(,"city":"c")")),
            R"({"version":"1.0.0","action":"Continue","city":"C"})");
}

// protocol.md a.7, every row and column.
TEST(Gate, TellsOnlyWhatIsLegalAtTheStep) {
  struct Case {
    std::string_view step, wanted, fault, told;
    Outcome outcome;
    bool rewritten;
  };
  constexpr Case kCases[] = {
      {"PostFederationSignup", "block", "continue", "ShowBlockPage", Outcome::kBlock, false},
      {"PostFederationSignup", "validation_error", "continue", "ShowBlockPage", Outcome::kBlock, true},
      {"PostAttributeCollection", "block", "continue", "ShowBlockPage", Outcome::kBlock, false},
      {"PostAttributeCollection", "validation_error", "continue", "ValidationError", Outcome::kValidationError, false},
      {"PreTokenIssuance", "block", "continue", "Continue", Outcome::kContinue, true},
      {"PreTokenIssuance", "validation_error", "continue", "Continue", Outcome::kContinue, true},
      {"PreTokenApplicationClaims", "block", "continue", "Continue", Outcome::kContinue, true},
      {"pretokenissuance", "block", "continue", "Continue", Outcome::kContinue, true},
      {"PreTokenIssuance", "block", "fail", "error", Outcome::kFault, true},
      {"PreTokenIssuance", "validation_error", "fail", "error", Outcome::kFault, true},
      {"PostFederationSignup", "block", "fail", "ShowBlockPage", Outcome::kBlock, false},
      {"Unheard", "block", "continue", "ShowBlockPage", Outcome::kBlock, false},
      {"Unheard", "validation_error", "continue", "ValidationError", Outcome::kValidationError, false},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(std::string(c.step) + " " + std::string(c.wanted) + " " + std::string(c.fault));
    House house(with_rules("      - { name: tidy, set: { city: X } }\n      - { name: r, " +
                               std::string(c.wanted) + ": plain }\n",
                           "    token_fault: " + std::string(c.fault) + "\n"));
    ASSERT_NE(house.gate, nullptr) << house.diagnostics.render();
    const std::string told = house.ask(at_step(c.step));
    EXPECT_THAT(told, HasSubstr(std::string(c.told)));
    EXPECT_EQ(told.find("city"), std::string::npos) << "nothing that rules set goes with a rewritten verdict";
    EXPECT_EQ(house.report.outcome, c.outcome);
    EXPECT_EQ(house.report.rewritten, c.rewritten);
  }
}

TEST(Gate, GivesBackTheCallersSpellingOfACustomAttribute) {
  House house(with_rules("      - { name: s, set: { extension_Tier: gold } }\n"));
  constexpr std::string_view kApp = "extension_9c2f41d07be84a6c8f35d1e2a07b64c3_tier";
  EXPECT_EQ(house.ask("{\"" + std::string(kApp) + "\":\"x\"}"),
            R"({"version":"1.0.0","action":"Continue",")" + std::string(kApp) + R"(":"gold"})");
  EXPECT_EQ(house.ask("{}"), R"({"version":"1.0.0","action":"Continue","extension_Tier":"gold"})");
}

TEST(Gate, LeavesOutWhatTheDirectoryWouldRefuse) {
  House house(with_rules("      - { name: s, set: { postalCode: \"{city}\", email: a@b.example } }\n"));
  EXPECT_EQ(house.ask(R"({"city":")" + std::string(40, 'x') + "\"}"),
            R"({"version":"1.0.0","action":"Continue","postalCode":")" + std::string(40, 'x') +
                R"(","email":"a@b.example"})");
  EXPECT_EQ(house.report.omitted, 0u);
  EXPECT_EQ(house.ask(R"({"city":")" + std::string(41, 'x') + "\"}"),
            R"({"version":"1.0.0","action":"Continue","email":"a@b.example"})");
  EXPECT_EQ(house.report.omitted, 1u);
  // Before the token an address cannot be replaced (protocol.md a.7).
  EXPECT_EQ(house.ask(R"({"step":"PreTokenIssuance","city":"x"})"),
            R"({"version":"1.0.0","action":"Continue","postalCode":"x"})");
}

TEST(Gate, SpeaksTheCallersLanguage) {
  House house(with_rules("      - { name: b, block: plain }\n"));
  EXPECT_THAT(house.ask(R"({"ui_locales":"sv-SE"})"), HasSubstr("Nej."));
  EXPECT_THAT(house.ask(R"({"ui_locales":"da, sv en"})"), HasSubstr("Nej."));
  EXPECT_THAT(house.ask(R"({"ui_locales":"fi"})"), HasSubstr("No."));
  EXPECT_THAT(house.ask("{}"), HasSubstr("No."));
  EXPECT_THAT(house.ask(R"({"ui_locales":42})"), HasSubstr("No."));
}

TEST(Gate, MakesClaimsHarmlessInMessages) {
  House house(with_rules("      - { name: b, block: named }\n"));
  const std::string told = house.ask(
      R"({"givenName":"<script>\"\u0007\u202eevil","email":"a@X.example"})");
  EXPECT_EQ(told.find('<'), std::string::npos);
  EXPECT_EQ(told.find("u003c"), std::string::npos) << "the page must not see the character either";
  EXPECT_EQ(told.find("\xe2\x80\xae"), std::string::npos);
  EXPECT_THAT(told, HasSubstr("\u2039script\u203a\\\""));
  EXPECT_THAT(told, HasSubstr("x.example."));
  // A missing claim leaves its place empty.
  EXPECT_THAT(house.ask("{}"), HasSubstr("\"Not , .\""));
}

TEST(Gate, SaysWhereABodyIsWrong) {
  House house(with_rules("      - { name: b, block: plain }\n"));
  EXPECT_THAT(house.ask(R"({"a":1,})"), HasSubstr(R"({"error":{"status":400,"message":)"));
  EXPECT_THAT(house.ask(R"({"a":1,})"), HasSubstr(R"("offset":7)"));
  EXPECT_EQ(house.report.outcome, Outcome::kBadBody);
  house.ask("[]");
  EXPECT_EQ(house.report.status, 400);
}

TEST(Gate, FallsBackToOtherwiseWhenTextsOutgrowTheScratchMemory) {
  std::string rules;
  for (int i = 0; i < 4; ++i) {
    rules += "      - { name: r" + std::to_string(i) +
             ", set: { city: \"{city} {city} {city} {city}\" } }\n";
  }
  House house(with_rules(rules, "    otherwise: { block: plain }\n"));
  const std::string told = house.ask(R"({"city":")" + std::string(4000, 'x') + "\"}");
  EXPECT_THAT(told, HasSubstr("ShowBlockPage"));
  EXPECT_EQ(house.report.rule, rules::Verdict::kOtherwise);
  // The next request finds everything as it was.
  EXPECT_THAT(house.ask(R"({"city":"y"})"), HasSubstr("Continue"));
}

TEST(Gate, KeepsNothingOfTheRequestBefore) {
  House house(with_rules("      - { name: s, when: { city: exists }, set: { surname: \"{city}\" } }\n"
                         "      - { name: m, when: { email.domain: { in_list: blocked } }, block: plain }\n"));
  house.ask(R"({"city":"a","email":"a@blocked.example"})");
  EXPECT_EQ(house.report.outcome, Outcome::kBlock);
  EXPECT_EQ(house.ask("{}"), kEmptyContinue);
}

struct HeadCase {
  std::string_view head;
  int status;
  std::string_view has;
};

TEST(Gate, AsksForPathMethodCredentialsAndMediaTypeInThisOrder) {
  House house(with_rules("      - { name: b, block: plain }\n",
                         "    auth: { basic: [ { username: b2c, password: \"s3cr:et\" },"
                         " { username: b2c, password: next } ] }\n"));
  ASSERT_NE(house.gate, nullptr) << house.diagnostics.render();
  const HeadCase cases[] = {
      {"POST /nowhere HTTP/1.1\r\n", 404, "no connector"},
      {"GET /signup HTTP/1.1\r\n", 405, "Allow: POST\r\n"},
      {"POST /signup HTTP/1.1\r\n", 401, "WWW-Authenticate: Basic realm="},
      {"POST /signup HTTP/1.1\r\nAuthorization: Basic YjJjOnMzY3I6ZXR=\r\n", 401, "credentials"},
      {"POST /signup HTTP/1.1\r\nAuthorization: Basic\r\n", 401, "credentials"},
      {"POST /signup HTTP/1.1\r\nAuthorization: Bearer YjJjOnMzY3I6ZXQ=\r\n", 401, "credentials"},
      {"POST /signup HTTP/1.1\r\nAuthorization: Basic YjJjOnMzY3I6ZXQ=\r\n", 415, "application/json"},
      {"POST /signup HTTP/1.1\r\nAuthorization: Basic YjJjOnMzY3I6ZXQ=\r\nContent-Type: text/plain\r\n", 415, ""},
      {"POST /signup HTTP/1.1\r\nAuthorization: Basic YjJjOnMzY3I6ZXQ=\r\nContent-Type: application/jsonx\r\n", 415, ""},
      {"POST /signup HTTP/1.1\r\nAuthorization: Basic YjJjOnMzY3I6ZXQ=\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n", 415, "coding"},
      {"POST /signup?code=k3y HTTP/1.1\r\nAuthorization: Basic YjJjOnMzY3I6ZXQ=\r\nContent-Type: application/json\r\n", 200, "ShowBlockPage"},
      {"POST /signup HTTP/1.1\r\nAuthorization: basic  YjJjOm5leHQ=\r\nContent-Type: Application/JSON; charset=utf-8\r\n", 200, "ShowBlockPage"},
      {"POST /signup HTTP/1.1\r\nAuthorization: Basic YjJjOm5leHQ=\r\nContent-Type: application/json\r\nContent-Encoding: identity\r\n", 200, "ShowBlockPage"},
  };
  for (const HeadCase& c : cases) {
    SCOPED_TRACE(c.head);
    std::string bytes = std::string(c.head) + "Host: h\r\nContent-Length: 2\r\n\r\n{}";
    bytes.append(claims::kReadPadding, '\0');
    http::RequestReader reader{http::Limits{}};
    auto state = reader.advance(bytes.data(), bytes.size() - claims::kReadPadding);
    if (state == http::RequestReader::State::kHead) {
      state = reader.advance(bytes.data(), bytes.size() - claims::kReadPadding);
    }
    ASSERT_EQ(state, http::RequestReader::State::kMessage);
    house.out.clear();
    const Report report = house.gate->answer(reader.request(), kDate, false, house.out);
    EXPECT_EQ(report.status, c.status);
    EXPECT_THAT(std::string(house.out.view()), HasSubstr("HTTP/1.1 " + std::to_string(c.status) + " "));
    EXPECT_THAT(std::string(house.out.view()), HasSubstr(std::string(c.has)));
    EXPECT_THAT(std::string(house.out.view()), HasSubstr("\r\nDate: " + std::string(kDate) + "\r\n"));
  }
}

TEST(Gate, TakesUpAnotherConfiguration) {
  House first(with_rules("      - { name: b, block: plain }\n"));
  House second(with_rules("      - { name: s, set: { extension_other: y, jobTitle: x } }\n"));
  first.gate->adopt(second.snapshot);
  first.snapshot = second.snapshot;
  EXPECT_THAT(first.ask("{}"), HasSubstr(R"("extension_other":"y","jobTitle":"x")"));
}

TEST(Gate, TellsMessagesAboutClaimsOnLinesOfTheirOwn) {
  House house(with_rules("      - { name: v, validation_error: { message: plain, claims: { city: plain, "
                         "postalCode: named } } }\n"));
  EXPECT_EQ(house.ask(at_step("PostAttributeCollection", R"(,"givenName":"A","email":"a@b.example")")),
            R"({"version":"1.0.0","status":400,"action":"ValidationError","userMessage":)"
            R"("No.\nNo.\nNot A, b.example."})");
}

TEST(Gate, WritesNumbersAndBooleansAsSuch) {
  House house(with_rules("      - { name: s, set: { extension_n: \"{city | as_number}\", extension_b: "
                         "\"{state | as_boolean}\", postalCode: \"\" } }\n"));
  EXPECT_EQ(house.ask(at_step("PostAttributeCollection", R"(,"city":"042","state":"no")")),
            R"({"version":"1.0.0","action":"Continue","extension_n":42,"extension_b":false,)"
            R"("postalCode":""})");
}

TEST(Gate, WritesWhatStandsWithoutQuotationMarksAsItLooks) {
  House house(with_rules("      - { name: s, set: { extension_n: -1.50, extension_b: true, extension_t: "
                         "\"5\", city: \"5\" } }\n"));
  EXPECT_EQ(house.ask(at_step("PostAttributeCollection")),
            R"({"version":"1.0.0","action":"Continue","extension_n":-1.50,"extension_b":true,)"
            R"("extension_t":"5","city":"5"})");
}

TEST(Gate, FollowsTheTimeItIsGiven) {
  House house(with_rules("      - { name: t, when: { time: { from: 2026-12-01 } }, block: plain }\n"));
  house.gate->use_time(1'796'083'199);
  house.ask(at_step("PostAttributeCollection"));
  EXPECT_EQ(house.report.outcome, Outcome::kContinue);
  house.gate->use_time(1'796'083'200);
  house.ask(at_step("PostAttributeCollection"));
  EXPECT_EQ(house.report.outcome, Outcome::kBlock);
}

TEST(Gate, RunsShadowRulesOverTheClaimsAsTheyCame) {
  House house(with_rules("      - { name: s, set: { city: \"{city | upper}\" } }\n",
                         "    shadow_rules:\n"
                         "      - { name: b, when: { city: b }, block: plain }\n"
                         "      - { name: s, set: { city: \"{city | upper}\" } }\n"));
  EXPECT_EQ(house.ask(at_step("PostAttributeCollection", R"(,"city":"a")")),
            R"({"version":"1.0.0","action":"Continue","city":"A"})");
  EXPECT_TRUE(house.report.shadow.ran);
  EXPECT_FALSE(house.report.shadow.differs);
  EXPECT_EQ(house.ask(at_step("PostAttributeCollection", R"(,"city":"b")")),
            R"({"version":"1.0.0","action":"Continue","city":"B"})");
  EXPECT_TRUE(house.report.shadow.differs);
  EXPECT_EQ(house.report.shadow.kind, rules::VerdictKind::kBlock);
  EXPECT_EQ(house.report.shadow.rule, 0);
  EXPECT_EQ(house.gate->evaluation().changed().size(), 1u);  // the live ones again
}

TEST(Gate, ComparesWhatShadowRulesSayOfSingleClaims) {
  const auto differs = [](const std::string& live, const std::string& beside) {
    const auto rule = [](const std::string& messages) {
      const std::string said = messages.empty() ? "plain" : "{ message: plain" + messages + " }";
      return "      - { name: v, validation_error: " + said + " }\n";
    };
    House house(with_rules(rule(live), "    shadow_rules:\n" + rule(beside)));
    EXPECT_NE(house.gate, nullptr) << house.diagnostics.render();
    if (house.gate == nullptr) return false;
    house.ask(at_step("PostAttributeCollection"));
    EXPECT_EQ(house.report.outcome, Outcome::kValidationError);
    EXPECT_TRUE(house.report.shadow.ran);
    return house.report.shadow.differs;
  };
  const std::string both = ", claims: { city: plain, country: named }";
  EXPECT_FALSE(differs("", ""));
  EXPECT_FALSE(differs(both, both));
  EXPECT_FALSE(differs(both, ", claims: { country: named, city: plain }")) << "order says nothing";
  EXPECT_TRUE(differs(both, ""));
  EXPECT_TRUE(differs("", both));
  EXPECT_TRUE(differs(both, ", claims: { city: plain }"));
  EXPECT_TRUE(differs(both, ", claims: { city: named, country: plain }"));
}

}  // namespace
}  // namespace core::gate
