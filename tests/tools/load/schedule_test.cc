#include "tools/load/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace load {
namespace {

std::vector<std::uint64_t> times(const Schedule& schedule, Spacing spacing, unsigned thread = 0,
                                 unsigned threads = 1, std::uint64_t seed = 1) {
  Arrivals arrivals(schedule, spacing, thread, threads, seed);
  std::vector<std::uint64_t> all;
  while (const auto at = arrivals.next_ns()) all.push_back(*at);
  return all;
}

TEST(Schedule, SpacesConstantArrivalsEvenlyFromZero) {
  const auto all = times(Schedule::constant(1000, 10 * kNsPerMs), Spacing::kConstant);
  ASSERT_EQ(all.size(), 10U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], i * kNsPerMs);
}

TEST(Schedule, HoldsAsManyRequestsAsRateTimesDuration) {
  EXPECT_EQ(times(Schedule::constant(20'000, 3 * kNsPerSecond), Spacing::kConstant).size(),
            60'000U);
  EXPECT_EQ(times(Schedule::constant(0.5, 10 * kNsPerSecond), Spacing::kConstant).size(), 5U);
}

TEST(Schedule, GoesFromStepToStepWithoutAHole) {
  const auto schedule = Schedule::parse("1000x10ms,2000x10ms,500x20ms");
  ASSERT_TRUE(schedule.ok());
  EXPECT_EQ(schedule.value().duration_ns(), 40 * kNsPerMs);
  const auto all = times(schedule.value(), Spacing::kConstant);
  ASSERT_EQ(all.size(), 10U + 20U + 10U);
  EXPECT_EQ(all[9], 9 * kNsPerMs);
  EXPECT_EQ(all[10], 10 * kNsPerMs);
  EXPECT_EQ(all[11] - all[10], kNsPerMs / 2);
  EXPECT_EQ(all[30], 20 * kNsPerMs);
  EXPECT_EQ(all[31] - all[30], 2 * kNsPerMs);
  EXPECT_EQ(schedule.value().phase_at(0), 0U);
  EXPECT_EQ(schedule.value().phase_at(10 * kNsPerMs - 1), 0U);
  EXPECT_EQ(schedule.value().phase_at(10 * kNsPerMs), 1U);
  EXPECT_EQ(schedule.value().phase_at(99 * kNsPerMs), 2U);
}

TEST(Schedule, RampsInAStraightLine) {
  const auto schedule = Schedule::parse("100..5000x60s");
  ASSERT_TRUE(schedule.ok());
  EXPECT_DOUBLE_EQ(schedule.value().requests(), 2550 * 60);
  const auto all = times(schedule.value(), Spacing::kConstant);
  EXPECT_EQ(all.size(), 153'000U);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  // By the middle of the ramp 100 * 30 + (4900 / 60) * 30^2 / 2 requests were due.
  const auto middle = std::lower_bound(all.begin(), all.end(), 30 * kNsPerSecond) - all.begin();
  EXPECT_NEAR(static_cast<double>(middle), 39'750, 1.5);
}

TEST(Schedule, RampsDownToNothingAndUpFromNothing) {
  for (const std::string_view text : {"0..1000x10s", "1000..0x10s"}) {
    SCOPED_TRACE(text);
    const auto schedule = Schedule::parse(text);
    ASSERT_TRUE(schedule.ok());
    const auto all = times(schedule.value(), Spacing::kConstant);
    EXPECT_EQ(all.size(), 5'000U);
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
    EXPECT_LE(all.back(), 10 * kNsPerSecond);
  }
}

TEST(Schedule, RefusesWhatIsNoSchedule) {
  for (const std::string_view text : {"", "1000", "1000x", "x10s", "1000x0s", "0x10s", "0..0x10s",
                                      "1000x10s,", "..x1s", "1000..x10s", "1000x23h,1000x2h"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(Schedule::parse(text).ok());
  }
  std::string many = "1x1s";
  for (std::size_t i = 0; i < Schedule::kPhasesMax; ++i) many += ",1x1s";
  EXPECT_FALSE(Schedule::parse(many).ok());
}

TEST(Arrivals, OfSeveralThreadsInterleaveToTheSamePlan) {
  const auto schedule = Schedule::parse("1000x50ms,200..3000x1s").value();
  auto together = std::vector<std::uint64_t>();
  for (unsigned thread = 0; thread < 3; ++thread) {
    const auto part = times(schedule, Spacing::kConstant, thread, 3);
    together.insert(together.end(), part.begin(), part.end());
  }
  std::sort(together.begin(), together.end());
  EXPECT_EQ(together, times(schedule, Spacing::kConstant));
}

TEST(Arrivals, OfAPoissonProcessHaveExponentialGaps) {
  const auto all = times(Schedule::constant(1000, 100 * kNsPerSecond), Spacing::kPoisson);
  // 100,000 expected; the standard deviation is 316.
  EXPECT_NEAR(static_cast<double>(all.size()), 100'000, 1'500);
  double above_mean = 0, sum = 0, squares = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const double gap = static_cast<double>(all[i] - all[i - 1]) * 1e-6;  // mean: 1 ms
    sum += gap;
    squares += gap * gap;
    above_mean += gap > 1 ? 1 : 0;
  }
  const double count = static_cast<double>(all.size()) - 1;
  const double mean = sum / count;
  EXPECT_NEAR(mean, 1, 0.02);
  EXPECT_NEAR(squares / count - mean * mean, 1, 0.05);  // variance = mean squared
  EXPECT_NEAR(above_mean / count, std::exp(-1.0), 0.01);
}

TEST(Arrivals, OfPoissonThreadsAddUpToTheRate) {
  const Schedule schedule = Schedule::constant(4000, 25 * kNsPerSecond);
  std::size_t count = 0;
  for (unsigned thread = 0; thread < 4; ++thread) {
    count += times(schedule, Spacing::kPoisson, thread, 4).size();
  }
  EXPECT_NEAR(static_cast<double>(count), 100'000, 1'500);
}

TEST(Arrivals, AreTheSameForTheSameSeedAndOthersForAnother) {
  const Schedule schedule = Schedule::constant(1000, kNsPerSecond);
  EXPECT_EQ(times(schedule, Spacing::kPoisson, 0, 1, 5),
            times(schedule, Spacing::kPoisson, 0, 1, 5));
  EXPECT_NE(times(schedule, Spacing::kPoisson, 0, 1, 5),
            times(schedule, Spacing::kPoisson, 0, 1, 6));
  EXPECT_NE(times(schedule, Spacing::kPoisson, 0, 2, 5),
            times(schedule, Spacing::kPoisson, 1, 2, 5));
}

}  // namespace
}  // namespace load
