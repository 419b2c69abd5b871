#include "core/http/response.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/http/http_date.h"

namespace {

using core::http::After;
using core::http::ErrorAnswer;
using core::http::Header;
using core::http::OutBuffer;
using core::http::PreparedResponse;
using core::http::Request;
using core::http::Response;

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

std::string written(const Response& response) {
  OutBuffer out(1 << 20);
  EXPECT_TRUE(core::http::write_response(out, response, kDate));
  return std::string(out.view());
}

std::string written(const ErrorAnswer& answer) {
  OutBuffer out(1 << 20);
  EXPECT_TRUE(core::http::write_error(out, answer, kDate));
  return std::string(out.view());
}

TEST(WriteResponse, WritesTheWholeAnswer) {
  const Header fields[] = {{"X-Correlation-Id", "abc"}, {"Vary", "Accept-Language"}};
  Response response;
  response.body = R"({"action":"Continue"})";
  response.fields = fields;
  EXPECT_EQ(written(response),
            "HTTP/1.1 200 OK\r\n"
            "Content-Type: application/json\r\n"
            "Cache-Control: no-store\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Length: 21\r\n"
            "X-Correlation-Id: abc\r\n"
            "Vary: Accept-Language\r\n"
            "\r\n"
            "{\"action\":\"Continue\"}");
}

TEST(WriteResponse, SaysWhatBecomesOfTheConnection) {
  Response response;
  EXPECT_EQ(written(response).find("Connection"), std::string::npos);
  response.after = After::kClose;
  EXPECT_NE(written(response).find("\r\nConnection: close\r\n\r\n"), std::string::npos);
  response.after = After::kKeepOpenHttp10;
  EXPECT_NE(written(response).find("\r\nConnection: keep-alive\r\n\r\n"), std::string::npos);
}

TEST(WriteResponse, KeepsTheLengthButNotTheBodyForHead) {
  Response response;
  response.body = "{}";
  const std::string full = written(response);
  response.head_only = true;
  EXPECT_EQ(written(response), full.substr(0, full.size() - 2));
}

TEST(WriteResponse, ClaimsNoContentWhereThereIsNone) {
  Response response;
  response.status = 204;
  response.body = "ignored";
  EXPECT_EQ(written(response),
            "HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

TEST(WriteResponse, LeavesOutAnEmptyContentType) {
  Response response;
  response.content_type = {};
  const std::string answer = written(response);
  EXPECT_EQ(answer.find("Content-Type"), std::string::npos);
  EXPECT_NE(answer.find("\r\nContent-Length: 0\r\n\r\n"), std::string::npos);
}

TEST(WriteResponse, LetsNoValueEndItsLine) {
  const std::string evil = std::string("a\r\nSet-Cookie: b\n\x7f", 18) + std::string(1, '\0');
  const Header fields[] = {{"X-\rName", evil}};
  Response response;
  response.fields = fields;
  response.content_type = "text/plain\r\nX: y";
  const std::string answer = written(response);
  EXPECT_NE(answer.find("\r\nX- Name: a  Set-Cookie: b   \r\n"), std::string::npos);
  EXPECT_NE(answer.find("\r\nContent-Type: text/plain  X: y\r\n"), std::string::npos);
}

TEST(WriteResponse, AppendsNothingWhenThereIsNoRoom) {
  Response response;
  const std::string body(500, 'b');
  response.body = body;
  OutBuffer out(1'000);
  ASSERT_TRUE(out.append("before"));
  EXPECT_FALSE(core::http::write_response(out, response, kDate));
  EXPECT_FALSE(
      PreparedResponse(response).write(out, After::kKeepOpen, false, std::string(1'000, 'd')));
  EXPECT_EQ(out.view(), "before");
}

TEST(PreparedResponse, IsByteForByteTheResponseItWasMadeFrom) {
  const Header fields[] = {{"Retry-After", "5"}};
  for (const int status : {200, 400, 409, 503, 204}) {
    for (const After after : {After::kKeepOpen, After::kKeepOpenHttp10, After::kClose}) {
      for (const bool head_only : {false, true}) {
        SCOPED_TRACE(testing::Message() << status << ' ' << static_cast<int>(after) << head_only);
        Response response;
        response.status = status;
        response.body = R"({"version":"1.0.0"})";
        response.fields = fields;
        const PreparedResponse prepared(response);
        response.after = after;
        response.head_only = head_only;
        OutBuffer out(1 << 16);
        ASSERT_TRUE(prepared.write(out, after, head_only, kDate));
        EXPECT_EQ(out.view(), written(response));
        EXPECT_EQ(prepared.status(), status);
      }
    }
  }
}

TEST(WriteError, TellsStatusMessageAndOffset) {
  ErrorAnswer answer;
  answer.status = 400;
  answer.message = "a line feed without a carriage return";
  answer.offset = 14;
  EXPECT_EQ(
      written(answer),
      "HTTP/1.1 400 Bad Request\r\n"
      "Content-Type: application/json\r\n"
      "Cache-Control: no-store\r\n"
      "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
      "Content-Length: 86\r\n"
      "Connection: close\r\n"
      "\r\n"
      R"({"error":{"status":400,"message":"a line feed without a carriage return","offset":14}})");
}

TEST(WriteError, BringsTheFieldsItsStatusDemands) {
  ErrorAnswer answer;
  answer.after = After::kKeepOpen;
  answer.status = 405;
  answer.allow = "POST, OPTIONS";
  EXPECT_NE(written(answer).find("\r\nAllow: POST, OPTIONS\r\n\r\n"), std::string::npos);
  answer = {};
  answer.status = 401;
  answer.www_authenticate = "Basic realm=\"claimgate\"";
  EXPECT_NE(written(answer).find("\r\nWWW-Authenticate: Basic realm=\"claimgate\"\r\n"),
            std::string::npos);
  answer = {};
  answer.status = 503;
  answer.retry_after_s = 0;
  EXPECT_NE(written(answer).find("\r\nRetry-After: 0\r\n"), std::string::npos);
  EXPECT_EQ(written(answer).find("offset"), std::string::npos);
}

TEST(WriteError, IsJsonWhateverTheMessage) {
  ErrorAnswer answer;
  answer.message = "say \"\\\" \n\x01 \xc3\xa9";
  EXPECT_NE(written(answer).find(R"("message":"say \"\\\" \u000a\u0001 é"})"), std::string::npos);
  // The longest message grows most when all of it is escaped; a cut leaves no half character.
  const std::string controls(10'000, '\x02');
  answer.message = controls;
  EXPECT_NE(written(answer).find("\r\nContent-Length: " + std::to_string(512 * 6 + 37) + "\r\n"),
            std::string::npos);
  std::string accents = "x";
  for (int i = 0; i < 400; ++i) accents += "\xc3\xa9";
  answer.message = accents;
  EXPECT_NE(written(answer).find("\xc3\xa9\"}}"), std::string::npos);
}

TEST(AfterAnswerTo, FollowsTheClientUnlessTheServerCloses) {
  Request request;
  EXPECT_EQ(core::http::after_answer_to(request, false), After::kKeepOpen);
  EXPECT_EQ(core::http::after_answer_to(request, true), After::kClose);
  request.http_1_1 = false;
  EXPECT_EQ(core::http::after_answer_to(request, false), After::kKeepOpenHttp10);
  request.keep_alive = false;
  EXPECT_EQ(core::http::after_answer_to(request, false), After::kClose);
}

TEST(ReasonPhrase, NamesEveryStatusThatIsAnswered) {
  for (const int status : {100, 200, 400, 401, 403, 404, 405, 408, 409, 413, 414,
                           415, 417, 429, 431, 500, 501, 502, 503, 504, 505}) {
    EXPECT_NE(core::http::reason_phrase(status), "Unknown") << status;
  }
  EXPECT_EQ(core::http::reason_phrase(299), "Unknown");
}

TEST(OutBuffer, GrowsToItsBoundAndNotBeyond) {
  OutBuffer out(100, 10);
  EXPECT_EQ(out.capacity(), 0u);
  EXPECT_TRUE(out.append(""));
  EXPECT_TRUE(out.append("0123456789"));
  EXPECT_EQ(out.capacity(), 10u);
  EXPECT_TRUE(out.append("a"));
  EXPECT_EQ(out.capacity(), 20u);
  EXPECT_TRUE(out.append(std::string(89, 'x')));
  EXPECT_EQ(out.capacity(), 100u);
  EXPECT_FALSE(out.append("y"));
  EXPECT_EQ(out.reserve(static_cast<std::size_t>(-1)), nullptr);
  EXPECT_EQ(out.view(), "0123456789a" + std::string(89, 'x'));
  out.truncate(11);
  EXPECT_EQ(out.view(), "0123456789a");
  out.truncate(50);
  EXPECT_EQ(out.size(), 11u);
  out.clear();
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(out.capacity(), 100u);
}

TEST(OutBuffer, CountsOnlyWhatIsCommitted) {
  OutBuffer out(1'000);
  char* const room = out.reserve(5);
  ASSERT_NE(room, nullptr);
  room[0] = 'a';
  room[1] = 'b';
  EXPECT_TRUE(out.empty());
  out.commit(2);
  EXPECT_EQ(out.view(), "ab");
}

TEST(FormatHttpDate, WritesImfFixdate) {
  struct Case {
    std::int64_t seconds;
    std::string_view text;
  };
  constexpr Case kCases[] = {
      {784'111'777, "Sun, 06 Nov 1994 08:49:37 GMT"},  // RFC 9110, 5.6.7
      {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
      {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
      {951'782'400, "Tue, 29 Feb 2000 00:00:00 GMT"},
      {951'868'799, "Tue, 29 Feb 2000 23:59:59 GMT"},
      {951'868'800, "Wed, 01 Mar 2000 00:00:00 GMT"},
      {1'709'164'800, "Thu, 29 Feb 2024 00:00:00 GMT"},
      {1'735'689'599, "Tue, 31 Dec 2024 23:59:59 GMT"},
      {4'107'542'400, "Mon, 01 Mar 2100 00:00:00 GMT"},  // 2100 has no leap day
      {2'147'483'648, "Tue, 19 Jan 2038 03:14:08 GMT"},
      {253'402'300'799, "Fri, 31 Dec 9999 23:59:59 GMT"},
      {253'402'300'800, "Fri, 31 Dec 9999 23:59:59 GMT"},
      {INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"},
      {INT64_MIN, "Mon, 01 Jan 0001 00:00:00 GMT"},
  };
  for (const Case& c : kCases) {
    char out[core::http::kHttpDateBytes];
    core::http::format_http_date(c.seconds, out);
    EXPECT_EQ(std::string_view(out, sizeof out), c.text) << c.seconds;
  }
}

}  // namespace
