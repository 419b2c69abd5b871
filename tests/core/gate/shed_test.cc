// What a request is told whose body there is no memory for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/http/request_reader.h"
#include "tests/core/gate/house.h"

namespace core::gate {
namespace {

using testing::HasSubstr;

/// The answer to a head whose body is still to come.
std::string shed(House& house, std::string_view head) {
  std::string bytes = std::string(head) + "Host: h\r\nContent-Length: 20\r\n\r\n{";
  const std::size_t size = bytes.size();
  bytes.append(claims::kReadPadding, '\0');
  http::RequestReader reader{http::Limits{}};
  EXPECT_EQ(reader.advance(bytes.data(), size), http::RequestReader::State::kHead);
  house.out.clear();
  house.report = house.gate->shed(reader.request(), kDate, house.out);
  return std::string(house.out.view());
}

constexpr std::string_view kHead =
    "POST /signup HTTP/1.1\r\nAuthorization: Basic YjJjOnMzY3I6ZXQ=\r\nContent-Type: application/json\r\n";

std::string with_otherwise(const std::string& otherwise) {
  return with_rules("      - { name: s, set: { city: x } }\n",
                    "    auth: { basic: [ { username: b2c, password: \"s3cr:et\" } ] }\n"
                    "    otherwise: " + otherwise + "\n");
}

TEST(GateShed, TellsTheConnectorsOtherwise) {
  struct Case {
    std::string_view otherwise, told;
    int status;
  };
  constexpr Case kCases[] = {
      {"{ block: plain }", R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"No."})", 200},
      {"{ validation_error: plain }",
       R"({"version":"1.0.0","status":400,"action":"ValidationError","userMessage":"No."})", 400},
      {"{ continue: {} }", R"({"version":"1.0.0","action":"Continue"})", 200},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.otherwise);
    House house(with_otherwise(std::string(c.otherwise)));
    ASSERT_NE(house.gate, nullptr) << house.diagnostics.render();
    // What the request before has left is not told.
    static_cast<void>(house.ask(R"({"step":"PostAttributeCollection","ui_locales":"sv","city":"y"})"));
    const std::string answer = shed(house, kHead);
    EXPECT_THAT(answer, HasSubstr("\r\n\r\n" + std::string(c.told)));
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_EQ(house.report.status, c.status);
    EXPECT_EQ(house.report.source, Source::kOtherwise);
    EXPECT_EQ(house.report.fallback, Fallback::kOverload);
  }
}

TEST(GateShed, TellsNothingOfAConnectorToWhomItWouldNotAdmit) {
  House house(with_otherwise("{ block: plain }"));
  ASSERT_NE(house.gate, nullptr) << house.diagnostics.render();
  EXPECT_THAT(shed(house, "POST /signup HTTP/1.1\r\n"), HasSubstr("HTTP/1.1 401 "));
  EXPECT_EQ(house.report.source, Source::kRules);
  EXPECT_THAT(shed(house, "POST /nowhere HTTP/1.1\r\n"), HasSubstr("HTTP/1.1 404 "));
}

}  // namespace
}  // namespace core::gate
