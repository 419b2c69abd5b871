#include "tools/load/collector.h"

#include <gtest/gtest.h>

namespace load {
namespace {

Histogram of(std::uint64_t value_ns) {
  Histogram histogram;
  histogram.record(value_ns);
  return histogram;
}

TEST(Collector, HandsOutAnIntervalOnceEveryThreadHasPassedIt) {
  Collector collector(2);
  collector.deliver(0, 0, {.offered = 1, .answered = 1}, of(10));
  collector.deliver(0, 1, {.offered = 2, .answered = 2}, of(20));
  EXPECT_TRUE(collector.take(0).empty());
  collector.deliver(1, 0, {.offered = 4, .answered = 3, .failed = 1}, of(30));
  const auto taken = collector.take(0);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].index, 0U);
  EXPECT_EQ(taken[0].counts.offered, 5U);
  EXPECT_EQ(taken[0].counts.answered, 4U);
  EXPECT_EQ(taken[0].counts.failed, 1U);
  EXPECT_EQ(taken[0].p50_ns, 10U);
  EXPECT_EQ(taken[0].max_ns, 30U);
  EXPECT_TRUE(collector.take(0).empty());
}

TEST(Collector, DoesNotWaitForAThreadThatHasFinished) {
  Collector collector(2);
  collector.finish(1);
  collector.deliver(0, 0, {.offered = 1}, of(10));
  EXPECT_EQ(collector.take(0).size(), 1U);
  EXPECT_FALSE(collector.finished());
  collector.deliver(0, 1, {}, Histogram());
  collector.finish(0);
  EXPECT_FALSE(collector.finished());  // one interval has not been taken
  EXPECT_EQ(collector.take(0).size(), 1U);
  EXPECT_TRUE(collector.finished());
}

}  // namespace
}  // namespace load
