#include "proxy/capture/redactor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proxy::capture {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "a secret of a test";

std::string redacted(const std::vector<std::string>& keep, std::string_view body,
                     const char* secret = kSecret) {
  Redactor redactor(keep, secret);
  std::string line;
  EXPECT_TRUE(redactor.append(body, line));
  return line;
}

/// The pseudonym of a line with one claim that is hidden.
std::string pseudonym(std::string_view body, const char* secret = kSecret) {
  const std::string line = redacted({}, body, secret);
  const std::size_t at = line.find("\"pseudonym\":\"");
  return at == std::string::npos ? "" : line.substr(at + 13, 16);
}

TEST(Redactor, WritesValuesOfKeptClaimsOnlyAndPseudonymsOfTheRest) {
  const std::string line =
      redacted({"country", "extension_Tier", "tags"},
               "{\"step\":\"PostAttributeCollection\", \"email\" : "
               "\"dana@b.example\",\n\"country\":\"S\\u00e9\\n\" ,"
               "\"extension_9c2f41d07be84a6c8f35d1e2a07b64c3_tier\": 5 , \"age\":42,\"on\":true,"
               "\"nothing\":null,\"tags\":[ 1,\n {\"a\" : \"b c\"} ],\"more\":{\"x\":[]}}");
  EXPECT_TRUE(line.starts_with(
      R"("claims":{"country":"S\u00e9\n","extension_9c2f41d07be84a6c8f35d1e2a07b64c3_tier":5,)"
      R"("tags":[1,{"a":"b c"}]},"redacted":{"email":{"kind":"string","pseudonym":")"))
      << line;
  EXPECT_THAT(line, HasSubstr(R"("age":{"kind":"number","pseudonym":")"));
  EXPECT_THAT(line, HasSubstr(R"("on":{"kind":"boolean","pseudonym":")"));
  EXPECT_THAT(line, HasSubstr(R"("nothing":{"kind":"null"})"));
  EXPECT_THAT(line, HasSubstr(R"("more":{"kind":"object","pseudonym":")"));
  for (const char* part : {"dana", "b.example", "42", "true", "PostAttribute", "\n"}) {
    EXPECT_THAT(line, Not(HasSubstr(part)));
  }
}

TEST(Redactor, GivesEqualValuesOfAClaimEqualPseudonymsAndNobodyElseTheSame) {
  const std::string one = pseudonym(R"({"email":"é@b.example"})");
  EXPECT_EQ(one.size(), 16u);
  EXPECT_EQ(pseudonym(R"({"email":"\u00e9@b.example"})"), one);
  EXPECT_NE(pseudonym(R"({"email":"e@b.example"})"), one);
  EXPECT_NE(pseudonym(R"({"mail":"é@b.example"})"), one);
  EXPECT_NE(pseudonym(R"({"email":"é@b.example"})", "another secret"), one);
  EXPECT_NE(pseudonym(R"({"a":"1"})"), pseudonym(R"({"a":1})"));
  EXPECT_EQ(pseudonym(R"({"extension_Tier":1})"),
            pseudonym(R"({"extension_9c2f41d07be84a6c8f35d1e2a07b64c3_tier":1})"));
}

TEST(Redactor, GivesSecretsNoPseudonymAndNeverKeepsThem) {
  const std::string line =
      redacted({"country"}, R"({"password":"hunter2","newPassword":"hunter2"})");
  EXPECT_EQ(
      line,
      R"("claims":{},"redacted":{"password":{"kind":"string"},"newPassword":{"kind":"string"}})");
}

TEST(Redactor, KeepsTheDomainOfAHiddenAddressWhenAsked) {
  EXPECT_THAT(redacted({"email.domain"}, R"({"email":"dana@Mx.B.Example."})"),
              HasSubstr(R"(,"domain":"mx.b.example"})"));
  EXPECT_THAT(redacted({}, R"({"email":"dana@b.example"})"), Not(HasSubstr("domain")));
  // What is no domain may be anything, a name too.
  for (const char* address :
       {"dana", "dana@", "x@Dana Scully", "x@dana", "x@a.b\\\"c", "x@a.b@c d.e"}) {
    EXPECT_THAT(redacted({"email.domain"}, std::string(R"({"email":")") + address + "\"}"),
                Not(HasSubstr("domain")));
  }
}

TEST(Redactor, ReadsEveryBodyThatTheGateAcceptsAndLeavesTheLineAloneOtherwise) {
  EXPECT_EQ(redacted({}, "{}"), R"("claims":{},"redacted":{})");
  EXPECT_EQ(redacted({"n"}, "\xef\xbb\xbf {\"n\": 123456789012345678901234567890.5e-7 }"),
            R"("claims":{"n":123456789012345678901234567890.5e-7},"redacted":{})");
  EXPECT_EQ(redacted({"a\"b"}, R"({"a\"b":"<&>"})"),
            "\"claims\":{\"a\\\"b\":\"<&>\"},\"redacted\":{}");
  Redactor redactor({}, kSecret);
  for (const char* body : {"", "[]", "5", "{\"a\":", "{\"a\":1", "{\"a\" 1}"}) {
    SCOPED_TRACE(body);
    std::string line = "before";
    EXPECT_FALSE(redactor.append(body, line));
    EXPECT_EQ(line, "before");
  }
}

}  // namespace
}  // namespace proxy::capture
