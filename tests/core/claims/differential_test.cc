// read() against simdjson on bodies that are nearly right: 240,000 of them, the same every time.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

#include "tests/core/claims/oracle.h"

namespace {

using claims_test::kSignUp;

constexpr std::string_view kSeeds[] = {
    kSignUp,
    R"({"email":"a@b.example","step":"PostFederationSignup","x":{"y":[1,2.5,-3e10,null,true]}})",
    R"( { "email" : "a@b.example" , "givenName" : "\ud83d\ude00 \u0041\n\t\"\\\/" , "x" : [ ] } )",
    "{\"surname\":\"\xE6\x9D\x8E\xE5\xB0\x8F\xE9\xBE\x99\",\"x\":\"\xF0\x9F\x98\x80\",\"city\":"
    "\"\xC3\xA9\"}",
    R"({"a":1,"b":-0,"c":0.5,"d":1e5,"e":1E+5,"f":1e-5,"g":123456789012345678901234567890})",
    R"({"x":[[[[[[{"a":{"b":{"c":[{}]}}}]]]]]],"city":{},"state":[],"country":false})",
    R"({"extension_Tier":"a","extension_9c2f41d07be84a6c8f35d1e2a07b64c3_LoyaltyTier":"b","x":null})",
    "{\r\n  \"email\": "
    "\"long.address.of.somebody@a-long-domain-name.example\",\r\n\t\"postalCode\": 12345\r\n}\r\n",
    R"({"\u0065mail":"escaped name","a b":1,"a\"b":2,"":3,"clientId":"x"})",
    "\xEF\xBB\xBF{\"email\":\"after a byte order mark\"}",
    R"("a string")",
    "[1,2,3]"};

constexpr std::string_view kTokens[] = {"{",
                                        "}",
                                        "[",
                                        "]",
                                        ":",
                                        ",",
                                        "\"",
                                        "\\",
                                        "\\u",
                                        "\\u0000",
                                        "\\ud800",
                                        "\\udc00",
                                        "\\u00e9",
                                        "\\ud83d\\ude00",
                                        "\\x",
                                        "null",
                                        "true",
                                        "false",
                                        "nul",
                                        "0",
                                        "1",
                                        "-",
                                        "+",
                                        ".",
                                        "e",
                                        "E5",
                                        "01",
                                        "1.",
                                        "-0",
                                        "1e999",
                                        " ",
                                        "\n",
                                        "\t",
                                        "\f",
                                        "\xC3\xA9",
                                        "\xC0\x80",
                                        "\xED\xA0\x80",
                                        "\xF4\x90\x80\x80",
                                        "\xFF",
                                        "\xEF\xBB\xBF",
                                        "\x7F",
                                        "\x1F",
                                        "\"email\":",
                                        "\"x\":1,",
                                        ",\"x\":2",
                                        "{\"a\":1}",
                                        "[1]",
                                        "/**/",
                                        "\"\""};

class Mutator {
 public:
  std::string next() {
    std::string body(pick(kSeeds));
    for (std::size_t left = 1 + below(3); left > 0; --left) mutate(body);
    return body;
  }

 private:
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
  template <std::size_t N>
  std::string_view pick(const std::string_view (&from)[N]) {
    return from[below(N)];
  }

  void mutate(std::string& body) {
    const std::size_t at = below(body.size() + 1);
    const std::size_t left = body.size() - at;
    switch (below(8)) {
      case 0:
        if (left > 0) body[at] = static_cast<char>(body[at] ^ (1 << below(8)));
        break;
      case 1:
        if (left > 0) body[at] = static_cast<char>(below(256));
        break;
      case 2:
        body.erase(at, 1 + below(3));
        break;
      case 3:
        body.erase(at, below(40));
        break;
      case 4:
      case 5:
        body.insert(at, pick(kTokens));
        break;
      case 6: {  // a piece of another body
        const std::string_view other = pick(kSeeds);
        const std::size_t from = below(other.size());
        body.insert(at, other.substr(from, below(60)));
        break;
      }
      default: {  // a piece of itself again
        const std::string piece = body.substr(at, below(60));
        body.insert(below(body.size() + 1), piece);
      }
    }
  }

  std::mt19937_64 random_{20240611};
};

TEST(ReadAgainstSimdjson, AgreesOnTheSeeds) {
  claims_test::Oracle oracle;
  for (const std::string_view seed : kSeeds) {
    EXPECT_EQ(oracle.disagreement(seed), "") << seed;
  }
  EXPECT_GE(oracle.accepted(), 8U);
}

TEST(ReadAgainstSimdjson, AgreesOnMutants) {
  constexpr std::size_t kMutants = 240'000;
  claims_test::Oracle oracle;
  Mutator mutator;
  for (std::size_t i = 0; i < kMutants; ++i) {
    const std::string body = mutator.next();
    ASSERT_EQ(oracle.disagreement(body), "") << "mutant " << i << ": " << body;
  }
  // Enough of both kinds to mean something.
  EXPECT_GT(oracle.accepted(), kMutants / 20);
  EXPECT_LT(oracle.accepted(), kMutants / 2);
}

}  // namespace
