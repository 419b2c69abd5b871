#include "core/mapping/connector_contract.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/core/mapping/bench.h"

namespace core::mapping {
namespace {

using test::kJsonType;
using test::Mapped;
using test::told;

/// The labels of an answer's remarks.
std::string remarks(const Answer& answer) {
  std::string out;
  for (std::size_t i = 0; i < kRemarkCount; ++i) {
    if (!answer.remarks.has(static_cast<Remark>(i))) continue;
    out += (out.empty() ? "" : " ") + std::string(label(static_cast<Remark>(i)));
  }
  return out;
}

struct ConnectorCase {
  std::string_view what, source;
  int status;
  std::string_view body, said, remarks = {};
};

TEST(ConnectorContract, UnderstandsTheThreeShapesAndWhatPeopleMakeOfThem) {
  const std::string ours = std::string(" text=") + std::string(kTextOfOurs);
  const std::string block_ours = "block" + ours;
  const std::string error_ours = "validation_error" + ours;
  const ConnectorCase cases[] = {
      // a.6
      {"continue", "a.6", 200,
       R"({"version":"1.0.0","action":"Continue","postalCode":"4050-021","extension_tier":"gold"})",
       "continue postalCode=4050-021 extension_tier=gold"},
      {"block", "a.6", 200, R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"No."})",
       "block text=No."},
      {"validation error", "a.6", 400,
       R"({"version":"1.0.0","status":400,"action":"ValidationError","userMessage":"No."})",
       "validation_error text=No."},
      {"status as a string", "a.6", 400,
       R"({"version":"1.0.0","status":"400","action":"ValidationError","userMessage":"No."})",
       "validation_error text=No."},
      {"code, and userMessage with Continue", "a.6", 200,
       R"({"version":"1.0.0","action":"Continue","code":"C-1","userMessage":"Hi","city":"Umeå"})",
       "continue city=Umeå"},
      {"Allow", "a.6", 200, R"({"version":"1.0.0","action":"Allow"})", "continue", "allow"},
      {"types of claims", "a.5", 200,
       R"({"version":"1.0.0","action":"Continue","extension_b":true,"extension_n":-3,"extension_s":"1"})",
       "continue extension_b=true:boolean extension_n=-3:number extension_s=1"},
      {"an empty claim clears one", "f.5", 200,
       R"({"version":"1.0.0","action":"Continue","extension_captcha":""})", "continue extension_captcha="},
      // a.8, row by row
      {"401", "a.8", 401, R"({"version":"1.0.0","action":"Continue"})", "unresolved contract"},
      {"403", "a.8", 403, R"({"version":"1.0.0","action":"Continue"})", "unresolved contract"},
      {"400 without status", "a.8", 400,
       R"({"version":"1.0.0","action":"ValidationError","userMessage":"No."})",
       "validation_error text=No.", "validation_status"},
      {"400 with another status", "a.8", 400,
       R"({"version":"1.0.0","status":422,"action":"ValidationError","userMessage":"No."})",
       "validation_error text=No.", "validation_status"},
      {"409", "a.8", 409, R"({"version":"1.0.0","status":409,"userMessage":"No."})",
       "unresolved contract"},
      {"500", "a.8", 500, R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"No."})",
       "unresolved contract"},
      {"302", "a.8", 302, "", "unresolved contract"},
      {"an error body that is no JSON", "a.8", 400, "Bad Request", "unresolved json"},
      {"200 with an unknown action", "a.8", 200, R"({"version":"1.0.0","action":"Proceed"})",
       "unresolved contract"},
      {"an action that is no string", "a.8", 200, R"({"version":"1.0.0","action":1})",
       "unresolved contract"},
      {"200 with neither version nor action", "a.8", 200, R"({"displayName":"X"})",
       "continue displayName=X", "no_action no_version"},
      {"200 with an empty object", "a.8", 200, "{}", "continue", "no_action no_version"},
      {"an action of null", "a.8", 200, R"({"version":"1.0.0","action":null})", "continue", "no_action"},
      {"400 without an action", "a.8", 400, R"({"version":"1.0.0","status":400,"userMessage":"No."})",
       "unresolved contract"},
      {"nothing", "a.8", 200, "", "unresolved json"},
      {"a list", "a.8", 200, "[]", "unresolved contract"},
      {"a string", "a.8", 200, "\"Continue\"", "unresolved contract"},
      // g
      {"a member of null", "g 1, g 24", 200,
       R"({"version":"1.0.0","action":"Continue","city":null,"country":"SE"})", "continue country=SE",
       "null_member"},
      {"ValidationError with 200", "g 2", 200,
       R"({"version":"1.0.0","status":400,"action":"ValidationError","userMessage":"No."})",
       "validation_error text=No.", "validation_http"},
      {"ValidationError with 200 and no status", "g 2", 200,
       R"({"version":"1.0.0","action":"ValidationError","userMessage":"No."})",
       "validation_error text=No.", "validation_status validation_http"},
      {"ShowBlockPage with 400", "g 3", 400,
       R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"No."})", "block text=No.",
       "block_http"},
      {"ShowBlockPage with a status", "g 3", 200,
       R"({"version":"1.0.0","action":"ShowBlockPage","status":200,"userMessage":"No."})",
       "block text=No.", "block_status"},
      {"ShowBlockPage with 400 and a status", "g 3", 400,
       R"({"version":"1.0.0","action":"ShowBlockPage","status":400,"userMessage":"No."})",
       "block text=No.", "block_status block_http"},
      {"a bare attribute", "a.5, g 39", 200,
       R"({"version":"1.0.0","action":"Continue","loyaltyNumber":"7"})", "continue loyaltyNumber=7",
       "bare_attribute"},
      {"a trailing comma", "g 21", 200, R"({"version":"1.0.0","action":"Continue",})", "unresolved json"},
      {"a comment", "g 21", 200, "{\"version\":\"1.0.0\", // v\n\"action\":\"Continue\"}",
       "unresolved json"},
      // and besides
      {"version missing", "a.6", 200, R"({"action":"Continue"})", "continue", "no_version"},
      {"version as a number", "a.6", 200, R"({"version":1,"action":"Continue"})", "continue",
       "version_type"},
      {"small letters", "a.6", 200, R"({"version":"1.0.0","action":"continue"})", "continue",
       "action_case"},
      {"userMessage missing", "a.6", 200, R"({"version":"1.0.0","action":"ShowBlockPage"})", block_ours,
       "no_message"},
      {"userMessage empty", "a.6", 400,
       R"({"version":"1.0.0","status":400,"action":"ValidationError","userMessage":" "})", error_ours,
       "no_message"},
      {"userMessage a number", "a.6", 200,
       R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":7})", "block text=7", "message_type"},
      {"userMessage with what a page may not show", "a.6", 200,
       R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"a\u202eb\u0000c\nd"})",
       "block text=abc d"},
      {"nested members", "a.5", 200,
       R"({"version":"1.0.0","action":"Continue","data":{"a":1},"list":[1],"city":"X"})",
       "continue city=X", "nested_member"},
      {"members that identify the request", "a.3", 200,
       R"({"version":"1.0.0","action":"Continue","objectId":"x","step":"y","identities":[],"city":"X"})",
       "continue city=X", "reserved_member"},
      {"201", "a.8", 201, R"({"version":"1.0.0","action":"Continue"})", "continue", "continue_http"},
      {"Continue with 400", "a.8", 400, R"({"version":"1.0.0","status":400,"action":"Continue"})",
       "unresolved contract"},
      {"a member twice", "0.4", 200, R"({"version":"1.0.0","action":"Continue","city":"X","city":"Y"})",
       "unresolved duplicate"},
      {"claims with a block are none", "a.6", 200,
       R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"No.","city":"X"})", "block text=No."},
      {"invalid UTF-8", "0.4", 200, "{\"version\":\"1.0.0\",\"action\":\"Continue\",\"city\":\"\xe5\"}",
       "unresolved utf8"},
      {"a byte order mark", "0.4", 200, "\xEF\xBB\xBF{\"version\":\"1.0.0\",\"action\":\"Continue\"}",
       "continue"},
  };
  Mapped backend("speaks: connector");
  for (const ConnectorCase& c : cases) {
    SCOPED_TRACE(std::string(c.what) + " (" + std::string(c.source) + ")");
    const Answer answer = backend.read(c.status, kJsonType, c.body);
    EXPECT_EQ(told(answer), c.said);
    if (answer.resolved()) {
      EXPECT_EQ(remarks(answer), c.remarks);
    }
  }
}

TEST(ConnectorContract, RemarksAnotherContentType) {
  Mapped backend("speaks: connector");
  const std::string_view body = R"({"version":"1.0.0","action":"Continue"})";
  EXPECT_EQ(remarks(backend.read(200, "Content-Type: application/json; charset=utf-8", body)), "");
  EXPECT_EQ(remarks(backend.read(200, "X: y", body)), "");
  EXPECT_EQ(remarks(backend.read(200, "Content-Type: text/html", body)), "content_type");
}

TEST(AnswerWords, AreThereForEveryReasonAndRemark) {
  std::set<std::string_view> labels;
  for (std::size_t i = 0; i < kUnresolvedCount; ++i) {
    EXPECT_TRUE(labels.insert(label(static_cast<Unresolved>(i))).second);
    EXPECT_FALSE(describe(static_cast<Unresolved>(i)).empty());
  }
  labels.clear();
  for (std::size_t i = 0; i < kRemarkCount; ++i) {
    EXPECT_TRUE(labels.insert(label(static_cast<Remark>(i))).second);
    EXPECT_FALSE(describe(static_cast<Remark>(i)).empty());
  }
  for (std::size_t i = 0; i < kNotAskedCount; ++i) {
    EXPECT_FALSE(describe(static_cast<NotAsked>(i)).empty());
    EXPECT_FALSE(label(static_cast<NotAsked>(i)).empty());
  }
}

}  // namespace
}  // namespace core::mapping
