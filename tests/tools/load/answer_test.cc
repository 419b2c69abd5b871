#include "tools/load/answer.h"

#include <gtest/gtest.h>

namespace load {
namespace {

TEST(AnswerCheck, TellsRightFromWrong) {
  struct Case {
    int status;
    std::string_view body;
    Expectation expect;
    AnswerFault fault;
  };
  const Case kCases[] = {
      {200, R"({"version":"1.0.0","action":"Continue"})", kExpectContinue, AnswerFault::kNone},
      {200, R"({"action":"Continue","givenName":"Ana","n":[1,{"action":"x"}]})", kExpectContinue,
       AnswerFault::kNone},
      {200, " {\"act\\u0069on\" : \"Cont\\u0069nue\"} \n", kExpectContinue, AnswerFault::kNone},
      {200, R"({"action":"ShowBlockPage","userMessage":"no"})", kExpectBlock, AnswerFault::kNone},
      {400, R"({"status":400,"action":"ValidationError"})", kExpectValidationError,
       AnswerFault::kNone},
      {400, R"({"status":"400","action":"ValidationError"})", kExpectValidationError,
       AnswerFault::kNone},
      {415, "", kExpectRefusal, AnswerFault::kNone},
      {200, R"({"action":"ShowBlockPage"})", kExpectContinue, AnswerFault::kAction},
      {200, R"({"nested":{"action":"Continue"}})", kExpectContinue, AnswerFault::kAction},
      {200, R"({"version":"1.0.0"})", kExpectContinue, AnswerFault::kAction},
      {200, R"({"action":1})", kExpectContinue, AnswerFault::kAction},
      {500, R"({"action":"Continue"})", kExpectContinue, AnswerFault::kStatus},
      {200, R"({"action":"ValidationError"})", kExpectValidationError, AnswerFault::kStatus},
      {400, R"({"status":409,"action":"ValidationError"})", kExpectValidationError,
       AnswerFault::kStatus},
      {400, R"({"status":"409","action":"ValidationError"})", kExpectValidationError,
       AnswerFault::kStatus},
      {500, "", kExpectRefusal, AnswerFault::kStatus},
      {200, "", kExpectContinue, AnswerFault::kBody},
      {200, "Continue", kExpectContinue, AnswerFault::kBody},
      {200, R"(["Continue"])", kExpectContinue, AnswerFault::kBody},
      {200, R"({"action":"Continue")", kExpectContinue, AnswerFault::kBody},
      {200, R"({"action":"Continue"}{})", kExpectContinue, AnswerFault::kBody},
      {200, R"({"action":"Continue","x":null})", kExpectContinue, AnswerFault::kBody},
      {200, R"({"action":"Continue",})", kExpectContinue, AnswerFault::kBody}};
  AnswerCheck check;
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.body);
    EXPECT_EQ(check.check(c.status, c.body, c.expect), c.fault);
  }
}

TEST(AnswerCheck, ComparesExpectedClaims) {
  const ExpectedClaims claims = {{"givenName", "Rémi"}, {"surname", "Li"}};
  Expectation expect = kExpectContinue;
  expect.claims = &claims;
  AnswerCheck check;
  EXPECT_EQ(
      check.check(200, R"({"action":"Continue","surname":"Li","givenName":"R\u00e9mi"})", expect),
      AnswerFault::kNone);
  EXPECT_EQ(
      check.check(200, R"({"action":"Continue","surname":"LI","givenName":"R\u00e9mi"})", expect),
      AnswerFault::kClaims);
  EXPECT_EQ(check.check(200, R"({"action":"Continue","surname":"Li"})", expect),
            AnswerFault::kClaims);
}

TEST(AnswerCheck, SurvivesEveryPrefixOfAnAnswer) {
  const std::string_view whole =
      R"({"version":"1.0.0","status":400,"action":"ValidationError","m":"\u00e9"})";
  AnswerCheck check;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(check.check(400, whole.substr(0, size), kExpectValidationError), AnswerFault::kNone)
        << size;
  }
  EXPECT_EQ(check.check(400, whole, kExpectValidationError), AnswerFault::kNone);
}

}  // namespace
}  // namespace load
