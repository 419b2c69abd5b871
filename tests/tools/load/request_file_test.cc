#include "tools/load/request_file.h"

#include <gtest/gtest.h>

namespace load {
namespace {

TEST(RequestFile, KeepsAnObjectByteForByteAndUnescapesAString) {
  const auto parsed = RequestFile::parse(
      "{\"expect\": {\"status\": 200, \"action\": \"Continue\"}, \"body\": {\"a\" : \"\\u00e9\",  "
      "\"b\":[1, 2 ]}}\n"
      "\n"
      "{\"body\":\"{\\\"broken\\\": \",\"expect\":{\"status\":\"4xx\"}}\r\n"
      "{\"body\":{},\"expect\":{\"status\":200,\"action\":\"Continue\",\"claims\":{\"surname\":"
      "\"Li\"}}}");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  const auto& requests = parsed.value().requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].body, "{\"a\" : \"\\u00e9\",  \"b\":[1, 2 ]}");
  EXPECT_EQ(requests[0].expect.status_min, 200);
  EXPECT_EQ(requests[0].expect.action, "Continue");
  EXPECT_EQ(requests[1].body, "{\"broken\": ");
  EXPECT_EQ(requests[1].expect.status_min, 400);
  EXPECT_EQ(requests[1].expect.status_max, 499);
  EXPECT_TRUE(requests[1].expect.action.empty());
  ASSERT_NE(requests[2].expect.claims, nullptr);
  EXPECT_EQ(requests[2].expect.claims->at(0).second, "Li");
}

TEST(RequestFile, KeepsItsViewsWhenItIsMoved) {
  auto parsed = RequestFile::parse("{\"body\":{},\"expect\":{\"status\":200,\"action\":\"Go\"}}");
  ASSERT_TRUE(parsed.ok());
  const RequestFile moved = std::move(parsed).value();
  EXPECT_EQ(moved.requests()[0].expect.action, "Go");
}

TEST(RequestFile, NamesTheLineItRefuses) {
  struct Case {
    std::string_view text, begins;
  };
  constexpr Case kCases[] = {
      {"", "it holds no request"},
      {"{\"body\":{},\"expect\":{\"status\":200}}\n{", "line 2: "},
      {"[]", "line 1: no member \"body\""},
      {"{\"body\":{}}", "line 1: no object \"expect\""},
      {"{\"body\":{},\"expect\":[]}", "line 1: no object \"expect\""},
      {"{\"body\":1,\"expect\":{\"status\":200}}", "line 1: \"body\" is neither"},
      {"{\"body\":{},\"expect\":{}}", "line 1: no \"status\""},
      {"{\"body\":{},\"expect\":{\"status\":99}}", "line 1: \"status\" is outside"},
      {"{\"body\":{},\"expect\":{\"status\":\"6xx\"}}", "line 1: \"status\" is neither"},
      {"{\"body\":{},\"expect\":{\"status\":true}}", "line 1: \"status\" is neither"},
      {"{\"body\":{},\"expect\":{\"status\":200,\"claims\":{\"a\":1}}}",
       "line 1: an expected claim"}};
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto parsed = RequestFile::parse(c.text);
    ASSERT_FALSE(parsed.ok());
    EXPECT_TRUE(parsed.error().message.starts_with(c.begins)) << parsed.error().message;
  }
  EXPECT_FALSE(RequestFile::read("/nonexistent/requests.jsonl").ok());
}

}  // namespace
}  // namespace load
