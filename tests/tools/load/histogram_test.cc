#include "tools/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tools/load/random.h"

namespace load {
namespace {

TEST(Histogram, KeepsSmallValuesExactly) {
  for (std::uint64_t value = 0; value < 256; ++value) {
    EXPECT_EQ(Histogram::upper_end_of(Histogram::bucket_of(value)), value);
  }
}

TEST(Histogram, NumbersItsBucketsWithoutGapOrOverlap) {
  const std::size_t last = Histogram::bucket_of(Histogram::kMax_ns);
  for (std::size_t bucket = 0; bucket < last; ++bucket) {
    const std::uint64_t end = Histogram::upper_end_of(bucket);
    ASSERT_EQ(Histogram::bucket_of(end), bucket);
    ASSERT_EQ(Histogram::bucket_of(end + 1), bucket + 1);
  }
  EXPECT_EQ(Histogram::upper_end_of(last), Histogram::kMax_ns);
}

TEST(Histogram, ReportsAtMostTheStatedErrorAboveAndNeverBelow) {
  Random random(7);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t value = random.next() >> (24 + random.below(40));
    const std::uint64_t reported = Histogram::upper_end_of(Histogram::bucket_of(value));
    ASSERT_GE(reported, value);
    ASSERT_LE(static_cast<double>(reported - value),
              static_cast<double>(value) * Histogram::kRelativeErrorMax);
  }
  EXPECT_LE(Histogram::kRelativeErrorMax, 0.01);
}

TEST(Histogram, AgreesWithSortedValuesOnEveryPercentile) {
  Random random(11);
  Histogram histogram;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 9'973; ++i) {
    values.push_back(static_cast<std::uint64_t>(random.exponential() * 1e6));
    histogram.record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double percent : {0.01, 1.0, 50.0, 75.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    SCOPED_TRACE(percent);
    const auto rank = static_cast<std::size_t>(
        std::ceil(percent / 100 * static_cast<double>(values.size()) - 1e-6));
    const auto exact = static_cast<double>(values[std::max<std::size_t>(rank, 1) - 1]);
    const auto reported = static_cast<double>(histogram.percentile_ns(percent));
    EXPECT_GE(reported, exact);
    EXPECT_LE(reported, exact * (1 + Histogram::kRelativeErrorMax));
  }
  EXPECT_EQ(histogram.percentile_ns(100), values.back());
  EXPECT_EQ(histogram.min_ns(), values.front());
}

TEST(Histogram, TakesTheRankAndNotTheOneAfterIt) {
  Histogram histogram;
  for (std::uint64_t i = 1; i <= 1000; ++i) histogram.record(i <= 999 ? 10 : 200);
  EXPECT_EQ(histogram.percentile_ns(99.9), 10U);  // 999 of 1,000 are not above 10
  EXPECT_EQ(histogram.percentile_ns(99.91), 200U);
}

TEST(Histogram, MergedIsTheSameAsRecordedTogether) {
  Random random(3);
  Histogram parts[3], whole;
  for (int i = 0; i < 30'000; ++i) {
    const std::uint64_t value = random.next() >> (30 + i % 30);
    parts[i % 3].record(value);
    whole.record(value);
  }
  Histogram merged;
  for (const Histogram& part : parts) merged.merge(part);
  EXPECT_EQ(merged.count(), whole.count());
  EXPECT_EQ(merged.min_ns(), whole.min_ns());
  EXPECT_EQ(merged.max_ns(), whole.max_ns());
  EXPECT_NEAR(merged.mean_ns(), whole.mean_ns(), whole.mean_ns() * 1e-9);
  const auto expected = whole.points();
  const auto got = merged.points();
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].value_ns, expected[i].value_ns);
    EXPECT_EQ(got[i].count, expected[i].count);
  }
  EXPECT_EQ(got.back().not_above, whole.count());
}

TEST(Histogram, CountsWhatIsTooLargeAsTheLargest) {
  Histogram histogram;
  histogram.record(UINT64_MAX);
  EXPECT_EQ(histogram.max_ns(), Histogram::kMax_ns);
  EXPECT_EQ(histogram.percentile_ns(50), Histogram::kMax_ns);
}

TEST(Histogram, IsZeroEverywhereWhenEmptyOrCleared) {
  Histogram histogram;
  histogram.record(12'345);
  histogram.clear();
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.min_ns(), 0U);
  EXPECT_EQ(histogram.max_ns(), 0U);
  EXPECT_EQ(histogram.percentile_ns(99), 0U);
  EXPECT_EQ(histogram.mean_ns(), 0);
  EXPECT_TRUE(histogram.points().empty());
  histogram.record(5);
  EXPECT_EQ(histogram.points().size(), 1U);
}

}  // namespace
}  // namespace load
