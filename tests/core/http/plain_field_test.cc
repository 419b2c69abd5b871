#include "core/http/plain_field.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/http/request_reader.h"
#include "tests/core/http/pieces.h"
#include "tests/core/http/raw_cases.h"

namespace {

using core::http::Header;
using core::http::Limits;
using core::http::RequestReader;
using PlainFields = RequestReader::PlainFields;
using State = RequestReader::State;
using test::Outcome;

TEST(SplitPlainField, TakesOnlyLinesThatLeaveNoChoice) {
  struct Case {
    std::string_view line, name, value;  // without a name: not plain
  };
  constexpr Case kCases[] = {
      {"Host: a", "Host", "a"},
      {"Host:a", "Host", "a"},
      {"X: a b\tc", "X", "a b\tc"},
      {"X: :", "X", ":"},
      {"a_long_name_of_more_than_sixteen_bytes: \xff", "a_long_name_of_more_than_sixteen_bytes",
       "\xff"},
      {"Content-Length: 780", "Content-Length", "780"},
      {"content-length:0", "content-length", "0"},
      {"Content-Length: 999999999999999", "Content-Length", "999999999999999"},
      {"Connection: close, X", "Connection", "close, X"},
      {"Upgrades: a", "Upgrades", "a"},
      {"Content-Length: 1000000000000000", "", ""},  // 16 digits
      {"Content-Length: 12a", "", ""},
      {"CONTENT-LENGTH: +1", "", ""},
      {"Transfer-Encoding: chunked", "", ""},
      {"tRANSFER-eNCODING:x", "", ""},
      {"Upgrade: h2c", "", ""},
      {"Proxy-Connection: close", "", ""},
      {"X:", "", ""},
      {"X: ", "", ""},
      {"X:\t", "", ""},
      {"X:  a", "", ""},
      {"X:\ta", "", ""},
      {"X: a ", "", ""},
      {"X: a\t", "", ""},
      {"X : a", "", ""},
      {": a", "", ""},
      {"X", "", ""},
      {"X\xff: a", "", ""},
      {"X(: a", "", ""},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.line);
    const std::string wire = std::string(c.line) + "\r\n" + std::string(test::kPadding, ':');
    Header field;
    const bool plain = core::http::split_plain_field({wire.data(), c.line.size()}, field);
    ASSERT_EQ(plain, !c.name.empty());
    if (!plain) continue;
    EXPECT_EQ(field.name, c.name);
    EXPECT_EQ(field.value, c.value);
    EXPECT_EQ(field.name.data(), wire.data());
  }
}

/// Both readers of the same bytes.
class BothWays {
 public:
  /// What the reader that splits plain fields itself says; fails the test when the one that asks
  /// llhttp about every head says anything else: of the fields, of the framing, or of a refusal.
  Outcome read(const std::string& wire) {
    const Outcome here = test::read_whole(here_, wire);
    const Outcome there = test::read_whole(by_llhttp_, wire);
    EXPECT_TRUE(here == there) << testing::PrintToString(wire) << "\nhere: " << here.status << ' '
                               << here.reason << ' ' << here.fields << "\nllhttp: " << there.status
                               << ' ' << there.reason << ' ' << there.fields;
    return here;
  }

  Outcome read_in_pieces(const std::string& wire, const std::vector<std::size_t>& ends) {
    const Outcome here = test::read_in_pieces(here_, wire, ends);
    EXPECT_TRUE(here == test::read_in_pieces(by_llhttp_, wire, ends))
        << testing::PrintToString(wire);
    return here;
  }

 private:
  RequestReader here_{Limits{}};
  RequestReader by_llhttp_{Limits{}, PlainFields::kByLlhttp};
};

/// What B2C's HTTP client writes, with what proxies on the way like to add.
const std::string kHead =
    "POST /signup HTTP/1.1\r\nHost: a.example:80\r\nAuthorization: Basic dTpw\r\n"
    "Accept: application/json\r\nContent-Length: 2\r\nContent-Type:application/json\r\n"
    "Connection: keep-alive\r\nX-Forwarded-For: 1.2.3.4, 5.6.7.8\r\n\r\n";

TEST(PlainFields, EveryRawCaseIsReadAsByLlhttp) {
  BothWays both;
  for (const test::RawCase& c : test::raw_cases()) {
    SCOPED_TRACE(c.name + " (" + c.source + ")");
    both.read(c.bytes);
    if (c.bytes.size() > 1'000) continue;
    both.read_in_pieces(c.bytes, test::ends_every(1, c.bytes.size()));
    both.read_in_pieces(c.bytes, test::ends_every(7, c.bytes.size()));
  }
}

/// Every byte at every place of an ordinary head, put in, put over another, and taken away.
TEST(PlainFields, EveryByteEverywhereIsReadAsByLlhttp) {
  BothWays both;
  int accepted = 0;
  for (std::size_t at = kHead.find('\n') + 1; at < kHead.size(); ++at) {
    for (int byte = 0; byte < 0x100; ++byte) {
      const std::string c(1, static_cast<char>(byte));
      accepted += both.read(kHead.substr(0, at) + c + kHead.substr(at) + "{}").status == 0;
      accepted += both.read(kHead.substr(0, at) + c + kHead.substr(at + 1) + "{}").status == 0;
      if (HasFailure()) return;
    }
    both.read(kHead.substr(0, at) + kHead.substr(at + 1) + "{}");
  }
  EXPECT_GT(accepted, 20'000);
}

/// Heads put together at random from what matters to either reader.
TEST(PlainFields, HeadsOfTheGrammarAndBesideItAreReadAsByLlhttp) {
  constexpr std::string_view kNames[] = {"Connection",
                                         "Content-Length",
                                         "Transfer-Encoding",
                                         "Upgrade",
                                         "Proxy-Connection",
                                         "Expect",
                                         "Content-Encoding",
                                         "Authorization",
                                         "Content-Type",
                                         "X",
                                         "Via",
                                         "content-lengt",
                                         "Content-Lengthy",
                                         "connectio",
                                         "upgrades",
                                         "Transfer_Encoding",
                                         "proxy-connections",
                                         "Host"};
  constexpr std::string_view kBefore[] = {":", ": ", ": ", ": ", ":  ", ":\t", " :", ""};
  constexpr std::string_view kValues[] = {"keep-alive",
                                          "close",
                                          "Keep-Alive, Upgrade",
                                          "upgrade",
                                          "close,close",
                                          "close, ,keep-alive",
                                          "chunked",
                                          "gzip, chunked",
                                          "identity",
                                          "0",
                                          "2",
                                          "00000000000002",
                                          "000000000000000002",
                                          "18446744073709551617",
                                          "2, 2",
                                          "+2",
                                          "100-continue",
                                          "h2c",
                                          "",
                                          "a",
                                          "a b",
                                          "\xc3\xa9",
                                          "\x80",
                                          "a:b",
                                          ":",
                                          "\"q\"",
                                          "a\tb"};
  constexpr std::string_view kBehind[] = {"", "", "", "", " ", "\t", " \t "};
  constexpr std::string_view kVersions[] = {"1.1", "1.1", "1.0"};
  std::uint32_t random = 7230;
  const auto pick = [&random](const auto& all) {
    random = random * 1'664'525u + 1'013'904'223u;
    return std::string(all[(std::uint64_t{random} * std::size(all)) >> 32]);
  };
  BothWays both;
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < 40'000; ++i) {
    std::string wire = "POST / HTTP/" + pick(kVersions) + "\r\nHost: a\r\n";
    for (int fields = i % 5; fields > 0; --fields) {
      const std::string name = pick(kNames);
      // A second Host, or a coding nobody knows, would end most heads: they are rarer.
      if (name == "Host" && i % 7 != 0) continue;
      wire += name + pick(kBefore) + pick(kValues) + pick(kBehind) + "\r\n";
    }
    wire += "\r\n0\r\n\r\n";
    const Outcome outcome = both.read(wire);
    accepted += outcome.state == State::kMessage;
    refused += outcome.state == State::kRefused;
    if (HasFailure()) return;
  }
  EXPECT_GT(accepted, 5'000);
  EXPECT_GT(refused, 5'000);
}

}  // namespace
