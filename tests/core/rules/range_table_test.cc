#include "core/rules/range_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

namespace core::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Numbers = std::vector<std::uint32_t>;

Numbers found(const RangeTable& table, double value) {
  Numbers numbers;
  table.find(value, [&](std::uint32_t number) { numbers.push_back(number); });
  return numbers;
}

TEST(RangeTable, KnowsWhichEndsAreIn) {
  NumberRange half_open{1, 2};
  half_open.max_in = false;
  NumberRange above{2, std::numeric_limits<double>::infinity()};
  above.min_in = false;
  const RangeTable table({{half_open, 1}, {above, 2}, {NumberRange{2, 2}, 3}, {NumberRange{}, 4}});
  EXPECT_THAT(found(table, 0.999), ElementsAre(4));
  EXPECT_THAT(found(table, 1), UnorderedElementsAre(1, 4));
  EXPECT_THAT(found(table, 1.999), UnorderedElementsAre(1, 4));
  EXPECT_THAT(found(table, 2), UnorderedElementsAre(3, 4));
  EXPECT_THAT(found(table, 2.001), UnorderedElementsAre(2, 4));
  EXPECT_THAT(found(table, -1e308), ElementsAre(4));
  EXPECT_TRUE(RangeTable().empty());
  EXPECT_THAT(found(RangeTable(), 0), IsEmpty());
}

TEST(RangeTable, FindsWhatLookingAtEachRangeFinds) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::pair<NumberRange, std::uint32_t>> ranges;
    const auto count = static_cast<std::uint32_t>(random() % 40);
    for (std::uint32_t i = 0; i < count; ++i) {
      NumberRange range;
      const double a = static_cast<int>(random() % 20), b = static_cast<int>(random() % 20);
      if (random() % 5 != 0) range.min = std::min(a, b);
      if (random() % 5 != 0) range.max = std::max(a, b);
      range.min_in = random() % 2 == 0;
      range.max_in = random() % 2 == 0;
      ranges.emplace_back(range, i);
    }
    const RangeTable table(ranges);
    for (double value = -1; value <= 20; value += 0.5) {
      Numbers wanted;
      for (const auto& [range, number] : ranges) {
        if (range.has(value)) wanted.push_back(number);
      }
      ASSERT_THAT(found(table, value), testing::UnorderedElementsAreArray(wanted)) << value;
    }
  }
}

lists::Network network(std::string_view text) { return lists::read_network(text).network.value(); }

Numbers found(const NetworkTable& table, std::string_view address) {
  Numbers numbers;
  table.find(network(address), [&](std::uint32_t number) { numbers.push_back(number); });
  return numbers;
}

TEST(NetworkTable, FindsEveryNetworkAroundAnAddress) {
  const NetworkTable table({{network("10.0.0.0/8"), 1},
                            {network("10.1.0.0/16"), 2},
                            {network("10.1.2.3"), 3},
                            {network("0.0.0.0/0"), 4},
                            {network("2001:db8::/32"), 5},
                            {network("2001:db8::1"), 6}});
  EXPECT_THAT(found(table, "10.1.2.3"), ElementsAre(4, 1, 2, 3));
  EXPECT_THAT(found(table, "10.1.2.4"), ElementsAre(4, 1, 2));
  EXPECT_THAT(found(table, "10.255.255.255"), ElementsAre(4, 1));
  EXPECT_THAT(found(table, "11.0.0.0"), ElementsAre(4));
  EXPECT_THAT(found(table, "2001:db8::1"), ElementsAre(5, 6));
  EXPECT_THAT(found(table, "2001:db8:ffff::"), ElementsAre(5));
  EXPECT_THAT(found(table, "2001:db9::"), IsEmpty());
  EXPECT_THAT(found(table, "::"), IsEmpty());  // 0.0.0.0/0 is of IPv4 alone
}

TEST(NetworkTable, TakesAMappedAddressForTheIpv4AddressItIs) {
  const NetworkTable table({{network("192.0.2.0/24"), 1}, {network("::/0"), 2}});
  EXPECT_THAT(found(table, "::ffff:192.0.2.7"), ElementsAre(1));
  EXPECT_THAT(found(table, "::fffe:c000:207"), ElementsAre(2));
}

// A claim may hold a network: it is in those that have all of it.
TEST(NetworkTable, FindsForANetworkThoseThatHoldAllOfIt) {
  const NetworkTable table({{network("10.0.0.0/8"), 1}, {network("10.1.0.0/16"), 2}});
  EXPECT_THAT(found(table, "10.1.0.0/16"), ElementsAre(1, 2));
  EXPECT_THAT(found(table, "10.16.0.0/12"), ElementsAre(1));
  EXPECT_THAT(found(table, "8.0.0.0/5"), IsEmpty());
}

}  // namespace
}  // namespace core::rules
