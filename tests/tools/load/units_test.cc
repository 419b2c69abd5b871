#include "tools/load/units.h"

#include <gtest/gtest.h>

namespace load {
namespace {

TEST(ParseDuration, ReadsEveryUnit) {
  struct Case {
    std::string_view text;
    std::uint64_t ns;
  };
  constexpr Case kCases[] = {{"0us", 0},
                             {"250us", 250'000},
                             {"10ms", 10'000'000},
                             {"1.5s", 1'500'000'000},
                             {"2m", 120'000'000'000},
                             {"24h", 86'400'000'000'000}};
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto parsed = parse_duration_ns(c.text);
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed.value(), c.ns);
  }
}

TEST(ParseDuration, RefusesWhatIsNoDuration) {
  for (const std::string_view text :
       {"", "10", "s", "-1s", "1 s", "1e3s", "25h", "1.2.3s", "1d", "999999999999999999999h"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(parse_duration_ns(text).ok());
  }
}

TEST(ParseRate, ReadsPlainNumbersAndThousands) {
  EXPECT_DOUBLE_EQ(parse_rate("0.5").value(), 0.5);
  EXPECT_DOUBLE_EQ(parse_rate("2.5k").value(), 2500);
  EXPECT_DOUBLE_EQ(parse_rate("1m").value(), 1e6);
  for (const std::string_view text : {"", "0", "-1", "11m", "5x", "nan", "inf"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(parse_rate(text).ok());
  }
}

TEST(ParseShare, ReadsFractionsAndPercent) {
  EXPECT_DOUBLE_EQ(parse_share("0.3").value(), 0.3);
  EXPECT_DOUBLE_EQ(parse_share("30%").value(), 0.3);
  EXPECT_DOUBLE_EQ(parse_share("0").value(), 0);
  for (const std::string_view text : {"", "1.1", "101%", "-1", "x", "5ms"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(parse_share(text).ok());
  }
}

TEST(ParseByteRange, ReadsOneNumberOrTwo) {
  EXPECT_EQ(load::parse_byte_range("0").value().to, 0U);
  EXPECT_EQ(load::parse_byte_range("4000").value().from, 4000U);
  EXPECT_EQ(load::parse_byte_range("4000").value().to, 4000U);
  EXPECT_EQ(load::parse_byte_range("10..1000000").value().from, 10U);
  EXPECT_EQ(load::parse_byte_range("10..1000000").value().to, 1'000'000U);
  for (const std::string_view text :
       {"", "x", "-1", "1k", "..", "1..", "..1", "2..1", "1...2", "1.5", "1000001", "0..1000001"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(load::parse_byte_range(text).ok());
  }
}

TEST(FormatDuration, ShowsThreeDigitsInTheFittingUnit) {
  struct Case {
    double ns;
    std::string_view text;
  };
  constexpr Case kCases[] = {
      {0, "0 ns"},         {812, "812 ns"},        {999.4, "999 ns"},      {999.9, "1.00 us"},
      {41'300, "41.3 us"}, {7'204'000, "7.20 ms"}, {9'999'000, "10.0 ms"}, {152e6, "152 ms"},
      {1.52e9, "1.52 s"},  {120e9, "120 s"}};
  for (const Case& c : kCases) EXPECT_EQ(format_duration(c.ns), c.text);
}

TEST(FormatCount, GroupsByThousands) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1'000), "1,000");
  EXPECT_EQ(format_count(12'345'678), "12,345,678");
}

}  // namespace
}  // namespace load
