#include "core/config/scalars.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace core::config {
namespace {

/// A copy in a heap buffer of exactly its size, so that a byte read too far is seen by ASan.
struct Exact {
  explicit Exact(std::string_view text) : bytes(text.begin(), text.end()) { bytes.shrink_to_fit(); }
  std::string_view view() const { return {bytes.data(), bytes.size()}; }
  std::vector<char> bytes;
};

TEST(ParseDuration, ReadsEveryUnit) {
  struct Case {
    std::string_view text;
    std::int64_t ms;
  };
  constexpr Case kCases[] = {
      {"0ms", 0},
      {"250ms", 250},
      {"5s", 5'000},
      {"2m", 120'000},
      {"1h", 3'600'000},
      {"24h", 86'400'000},
      {"1440m", 86'400'000},
      {"007s", 7'000},
      {"86400s", 86'400'000},
      {"86400000ms", 86'400'000},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto parsed = parse_duration(Exact(c.text).view());
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed.value().count(), c.ms);
  }
}

TEST(ParseDuration, ReadsDaysWhereThereMayBeSome) {
  constexpr milliseconds kLongest{21 * kDayMs};
  EXPECT_EQ(parse_duration("7d", kLongest).value().count(), 7 * kDayMs);
  EXPECT_EQ(parse_duration("504h", kLongest).value().count(), 21 * kDayMs);
  EXPECT_EQ(parse_duration("22d", kLongest).error().message, "longer than 21 days");
  EXPECT_EQ(parse_duration("7w", kLongest).error().message, "expected a unit: ms, s, m, h or d");
  EXPECT_EQ(format_duration(21 * kDayMs), "21d");
  EXPECT_EQ(format_duration(kDayMs), "24h");
  EXPECT_EQ(format_duration(25 * 3'600'000), "25h");
}

TEST(ParseDuration, PointsAtTheByteItRefuses) {
  struct Case {
    std::string_view text, message;
    std::size_t offset;
  };
  constexpr Case kCases[] = {
      {"", "expected a number, as in \"250ms\"", 0},
      {"-5s", "expected a number, as in \"250ms\"", 0},
      {"+5s", "expected a number, as in \"250ms\"", 0},
      {"5", "expected a unit: ms, s, m or h", 0},
      {"5 s", "expected a unit: ms, s, m or h", 1},
      {"5S", "expected a unit: ms, s, m or h", 1},
      {"5d", "expected a unit: ms, s, m or h", 1},
      {"5ms ", "expected a unit: ms, s, m or h", 1},
      {"1.5s", "expected a whole number", 1},
      {"1441m", "longer than 24 hours", 0},  // one past the limit
      {"25h", "longer than 24 hours", 0},
      {"86400001ms", "longer than 24 hours", 0},
      {"18446744073709551615h", "longer than 24 hours", 0},  // the product would wrap
      {"99999999999999999999999s", "longer than 24 hours", 0},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto parsed = parse_duration(Exact(c.text).view());
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().offset, c.offset);
    EXPECT_EQ(parsed.error().message, c.message);
  }
}

TEST(ParseSize, ReadsBytesAndBinaryUnits) {
  struct Case {
    std::string_view text;
    std::int64_t bytes;
  };
  constexpr Case kCases[] = {{"0", 0},
                             {"65536", 65536},
                             {"16KiB", 16384},
                             {"1MiB", 1 << 20},
                             {"2GiB", std::int64_t{2} << 30},
                             {"1024GiB", std::int64_t{1} << 40}};
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto parsed = parse_size(Exact(c.text).view());
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed.value(), c.bytes);
  }
}

TEST(ParseSize, RefusesOtherUnitsAndSaysTheNearest) {
  struct Case {
    std::string_view text, message, suggestion;
    std::size_t offset;
  };
  constexpr std::string_view kUnit = "expected a unit: KiB, MiB or GiB, or none for bytes";
  constexpr Case kCases[] = {
      {"", "expected a number, as in \"16KiB\"", "", 0},
      {"KiB", "expected a number, as in \"16KiB\"", "", 0},
      {"-1", "expected a number, as in \"16KiB\"", "", 0},
      {"16k", kUnit, "write 16KiB", 2},
      {"16KB", kUnit, "write 16KiB", 2},
      {"3mb", kUnit, "write 3MiB", 1},
      {"16 KiB", kUnit, "", 2},
      {"5TiB", kUnit, "", 1},
      {"1025GiB", "more than 1 TiB", "", 0},
      {"18014398509481984KiB", "more than 1 TiB", "", 0},  // 2^64 bytes
      {"99999999999999999999", "more than 1 TiB", "", 0},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto parsed = parse_size(Exact(c.text).view());
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().offset, c.offset);
    EXPECT_EQ(parsed.error().message, c.message);
    EXPECT_EQ(parsed.error().suggestion, c.suggestion);
  }
}

TEST(ParseAddress, ReadsAddressesAndKnowsLoopback) {
  struct Case {
    std::string_view text, host;
    int port;
    bool loopback;
  };
  constexpr Case kCases[] = {
      {"0.0.0.0:8443", "0.0.0.0", 8443, false},
      {"127.0.0.1:0", "127.0.0.1", 0, true},
      {"127.255.255.254:1", "127.255.255.254", 1, true},
      {"126.0.0.1:65535", "126.0.0.1", 65535, false},
      {"[::1]:8080", "::1", 8080, true},
      {"[::]:8080", "::", 8080, false},
      {"[0:0:0:0:0:0:0:1]:1", "0:0:0:0:0:0:0:1", 1, true},
      {"[2001:DB8::8:800:200c:417a]:443", "2001:DB8::8:800:200c:417a", 443, false},
      {"[2001:db8:1:2:3:4:5::]:443", "2001:db8:1:2:3:4:5::", 443, false},
      {"[::ffff:127.0.0.1]:80", "::ffff:127.0.0.1", 80, true},
      {"[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1", 80, false},
      {"[1:2:3:4:5:6:7.8.9.10]:80", "1:2:3:4:5:6:7.8.9.10", 80, false},
      {"[1::1]:80", "1::1", 80, false},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto parsed = parse_address(Exact(c.text).view());
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    EXPECT_EQ(parsed.value().kind, ListenerAddress::Kind::kTcp);
    EXPECT_EQ(parsed.value().host, c.host);
    EXPECT_EQ(parsed.value().port, c.port);
    EXPECT_EQ(parsed.value().loopback, c.loopback);
  }
}

TEST(ParseAddress, ReadsUnixSockets) {
  const auto parsed = parse_address("unix:/run/claimgate.sock");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value().kind, ListenerAddress::Kind::kUnix);
  EXPECT_EQ(parsed.value().host, "/run/claimgate.sock");
  EXPECT_TRUE(parsed.value().loopback);
  EXPECT_TRUE(parse_address("unix:/" + std::string(106, 'a')).ok());
  EXPECT_FALSE(parse_address("unix:/" + std::string(107, 'a')).ok());
}

TEST(ParseAddress, RefusesWhatIsNoAddress) {
  constexpr std::string_view kCases[] = {
      "",
      ":",
      ":80",
      "*:80",
      "127.0.0.1",
      "127.0.0.1:",
      "127.0.0.1:65536",
      "127.0.0.1:-1",
      "127.0.0.1:+1",
      "127.0.0.1:80 ",
      " 127.0.0.1:80",
      "127.0.0.1:0x50",
      "127.0.0:80",
      "127.0.0.1.1:80",
      "127.0.0.01:80",
      "127.0.0.256:80",
      "0x7f.0.0.1:80",
      "1:80",
      "localhost:80",
      "[::1]",
      "[::1]80",
      "[::1]:",
      "[::1",
      "[]:80",
      "[1:2:3:4:5:6:7]:80",
      "[1:2:3:4:5:6:7:8:9]:80",
      "[1:2:3:4:5:6:7:8::]:80",
      "[::1::]:80",
      "[:::]:80",
      "[12345::]:80",
      "[1:2:3:4:5:6:7:]:80",
      "[:1:2:3:4:5:6:7]:80",
      "[::g]:80",
      "[::1%lo]:80",
      "[127.0.0.1]:80",
      "[1:2:3:4:5:6:7:1.2.3.4]:80",
      "[::1.2.3]:80",
      "::1:80",
      "unix:",
      "unix:@x",
      "unix:x",
      "unix:/",
      "http://127.0.0.1:80",
  };
  for (const std::string_view text : kCases) {
    SCOPED_TRACE(text);
    const auto parsed = parse_address(Exact(text).view());
    ASSERT_FALSE(parsed.ok());
    EXPECT_LE(parsed.error().offset, text.size());
    EXPECT_FALSE(parsed.error().message.empty());
  }
  EXPECT_FALSE(parse_address(std::string_view("unix:/a\0b", 9)).ok());
}

TEST(TypeOfPlain, TakesForNumbersWhatJsonTakes) {
  using Type = Scalar::Type;
  struct Case {
    std::string_view text;
    Type type;
  };
  constexpr Case kCases[] = {
      {"true", Type::kBoolean}, {"false", Type::kBoolean},  {"True", Type::kString},
      {"yes", Type::kString},   {"no", Type::kString},      {"on", Type::kString},
      {"0", Type::kInteger},    {"-7", Type::kInteger},     {"42", Type::kInteger},
      {"01234", Type::kString}, {"-01", Type::kString},     {"+46701234567", Type::kString},
      {"0x10", Type::kString},  {"1_000", Type::kString},   {"1.5", Type::kNumber},
      {"1e3", Type::kNumber},   {"-1.5E-3", Type::kNumber}, {"1.", Type::kString},
      {".5", Type::kString},    {"1e", Type::kString},      {"1.2.3", Type::kString},
      {".inf", Type::kString},  {"-", Type::kString},       {"", Type::kString},
      {"12:30", Type::kString},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(type_of_plain(Exact(c.text).view()), c.type);
  }
}

// The core schema of YAML 1.2.2 (10.3.2), where it differs from what JSON reads.
TEST(ReadOtherwiseByYaml, KnowsWhatOtherReadersTakeForNumbersAndBooleans) {
  using Type = Scalar::Type;
  struct Case {
    std::string_view text;
    Type type;
    std::string_view plain;
  };
  constexpr Case kCases[] = {
      {"True", Type::kBoolean, "true"},   {"TRUE", Type::kBoolean, "true"},
      {"False", Type::kBoolean, "false"}, {"FALSE", Type::kBoolean, "false"},
      {"+5", Type::kInteger, "5"},        {"007", Type::kInteger, "7"},
      {"-01", Type::kInteger, "-1"},      {"00", Type::kInteger, "0"},
      {"+46701234567", Type::kInteger, "46701234567"},
      {"0x1F", Type::kInteger, "31"},     {"0o17", Type::kInteger, "15"},
      {"0xFFFFFFFFFFFFFFFFFF", Type::kInteger, ""},
      {".5", Type::kNumber, "0.5"},       {"-.5", Type::kNumber, "-0.5"},
      {"5.", Type::kNumber, "5"},         {"+1.50", Type::kNumber, "1.50"},
      {"007.5e+3", Type::kNumber, "7.5e+3"},
      {"+1e3", Type::kNumber, "1e3"},     {"5.E3", Type::kNumber, "5E3"},
      {".inf", Type::kNumber, ""},        {"-.INF", Type::kNumber, ""},
      {".NaN", Type::kNumber, ""},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto reading = read_otherwise_by_yaml(Exact(c.text).view());
    ASSERT_TRUE(reading.has_value());
    EXPECT_EQ(reading->type, c.type);
    EXPECT_EQ(reading->plain, c.plain);
    if (!c.plain.empty()) {
      EXPECT_NE(type_of_plain(c.plain), Type::kString);
    }
  }
  for (const std::string_view same :
       {"true", "false", "5", "-7", "1.5", "1e3", "", "-", "+", ".", "+.", "-.e3", "1e", "1.2.3", "tRUE", "yes",
        "NO", "on", "1_000", "0x", "0xG", "0o8", "-0x1F", "-.nan", "12:30", "2026-12-01", "00-950", "Sweden"}) {
    SCOPED_TRACE(same);
    EXPECT_FALSE(read_otherwise_by_yaml(Exact(same).view()).has_value());
  }
}

TEST(Format, IsTheShortestThatReadsBack) {
  EXPECT_EQ(format_duration(0), "0ms");
  EXPECT_EQ(format_duration(1500), "1500ms");
  EXPECT_EQ(format_duration(90'000), "90s");
  EXPECT_EQ(format_duration(7'200'000), "2h");
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1000), "1000");
  EXPECT_EQ(format_size(16384), "16KiB");
  EXPECT_EQ(format_size(1 << 20), "1MiB");
}

}  // namespace
}  // namespace core::config
