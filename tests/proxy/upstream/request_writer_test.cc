#include "proxy/upstream/request_writer.h"

#include <gtest/gtest.h>

namespace proxy::upstream {
namespace {

using core::http::OutBuffer;
using core::mapping::Question;

BackendOptions plain() {
  BackendOptions backend;
  backend.name = "crm";
  return backend;
}

EndpointOptions at(std::string authority, std::string base_path = "") {
  EndpointOptions endpoint;
  endpoint.authority = std::move(authority);
  endpoint.base_path = std::move(base_path);
  return endpoint;
}

Question post(std::string target, std::string fields, std::string body) {
  return {"POST", std::move(target), std::move(fields), std::move(body), true};
}

Trace trace(std::string_view traceparent, std::string_view request_id) {
  Trace made;
  made.traceparent.set(traceparent);
  made.request_id.set(request_id);
  return made;
}

std::string written(const BackendOptions& backend, const EndpointOptions& endpoint,
                    const Question& question, const Trace& trace = {},
                    std::string_view bearer = {}) {
  OutBuffer out(1 << 16);
  EXPECT_TRUE(out.append("before "));
  EXPECT_TRUE(RequestWriter(backend, endpoint).write(question, trace, bearer, out));
  EXPECT_TRUE(out.view().starts_with("before ")) << "what stood there stays";
  return std::string(out.view().substr(7));
}

std::string usual() {
  return std::string(RequestWriter::kUserAgent) + std::string(RequestWriter::kAccept);
}

TEST(RequestWriter, WritesExactlyThis) {
  const Question question = post("/v2/search", "Content-Type: application/json\r\nX-Country: SE\r\n", "{\"a\":1}");
  EXPECT_EQ(written(plain(), at("crm.internal:8080", "/api"), question,
                    trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "r-1")),
            "POST /api/v2/search HTTP/1.1\r\nHost: crm.internal:8080\r\n" + usual() +
                "Content-Type: application/json\r\nX-Country: SE\r\n"
                "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
                "X-Request-Id: r-1\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
}

TEST(RequestWriter, SaysALengthWhenThereIsABodyAndOnlyThen) {
  EXPECT_EQ(written(plain(), at("crm"), {"GET", "/x", "", "", false}),
            "GET /x HTTP/1.1\r\nHost: crm\r\n" + usual() + "\r\n");
  EXPECT_EQ(written(plain(), at("crm"), post("/x", "", "")),
            "POST /x HTTP/1.1\r\nHost: crm\r\n" + usual() + "Content-Length: 0\r\n\r\n");
}

TEST(RequestWriter, ShowsTheBackendsCredentials) {
  BackendOptions backend = plain();
  backend.credentials = "X-Api-Key: k\r\n";
  EXPECT_EQ(written(backend, at("crm"), {"GET", "/x", "", "", false}),
            "GET /x HTTP/1.1\r\nHost: crm\r\n" + usual() + "X-Api-Key: k\r\n\r\n");
  EXPECT_EQ(written(plain(), at("crm"), {"GET", "/x", "", "", false}, {}, "t0k"),
            "GET /x HTTP/1.1\r\nHost: crm\r\n" + usual() + "Authorization: Bearer t0k\r\n\r\n");
}

TEST(RequestWriter, JoinsAKeyToTheQuery) {
  BackendOptions backend = plain();
  backend.query = "code=a%26b";
  for (const auto& [target, line] : {std::pair{"/x", "GET /x?code=a%26b HTTP/1.1\r\n"},
                                     {"/x?y=z", "GET /x?y=z&code=a%26b HTTP/1.1\r\n"}}) {
    EXPECT_TRUE(written(backend, at("crm"), {"GET", target, "", "", false}).starts_with(line)) << target;
  }
}

TEST(RequestWriter, WhatTheMappingNamesIsNotSaidTwice) {
  BackendOptions backend = plain();
  backend.credentials = "X-Api-Key: k\r\n";
  struct Case {
    std::string fields, expected;
  };
  const std::string agent(RequestWriter::kUserAgent), accept(RequestWriter::kAccept);
  const Case cases[] = {
      {"user-AGENT: mine\r\n", accept + "X-Api-Key: k\r\nuser-AGENT: mine\r\n"},
      {"X: y\r\nAccept: text/xml\r\n", agent + "X-Api-Key: k\r\nX: y\r\nAccept: text/xml\r\n"},
      {"Accept: a\r\nUser-Agent: u\r\n", "X-Api-Key: k\r\nAccept: a\r\nUser-Agent: u\r\n"},
      {"Accept-Language: sv\r\nX-User-Agent: x\r\n", agent + accept + "X-Api-Key: k\r\nAccept-Language: sv\r\nX-User-Agent: x\r\n"},
      {"X: Accept: y\r\n", agent + accept + "X-Api-Key: k\r\nX: Accept: y\r\n"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(written(backend, at("crm"), {"GET", "/x", c.fields, "", false}),
              "GET /x HTTP/1.1\r\nHost: crm\r\n" + c.expected + "\r\n");
  }
}

TEST(RequestWriter, ATraceThatWouldEndItsLineIsLeftOut) {
  for (const char* const bad : {"a\r\nX: injected", "a\nb", "a\x7f", "\xc3\xa5", "a\tb", ""}) {
    const std::string request = written(plain(), at("crm"), {"GET", "/x", "", "", false}, trace(bad, bad));
    EXPECT_EQ(request, "GET /x HTTP/1.1\r\nHost: crm\r\n" + usual() + "\r\n") << bad;
  }
}

TEST(RequestWriter, WithoutRoomNothingIsWritten) {
  OutBuffer out(100, 16);
  ASSERT_TRUE(out.append("before"));
  EXPECT_FALSE(RequestWriter(plain(), at("crm")).write(post("/x", "", std::string(200, 'x')), {}, {}, out));
  EXPECT_EQ(out.view(), "before");
}

}  // namespace
}  // namespace proxy::upstream
