// The eviction against LRU of equal bytes, on the traffic of sign-ups: few people often, many
// rarely, and campaigns of people who come once.
#include <gtest/gtest.h>

#include "tests/core/decisions/traces.h"

namespace core::decisions {
namespace {

TEST(HitRatio, IsNotWorseThanThatOfLruOfEqualBytes) {
  struct Case {
    const char* name;
    double s;
    bool scans;
    double better_by;  // at least, in shares of all requests
  };
  constexpr Case kCases[] = {
      {"Zipf 0.8", 0.8, false, 0.02},
      {"Zipf 1.0", 1.0, false, 0.01},
      {"Zipf 1.0 and campaigns", 1.0, true, 0.03},
  };
  for (const Case& c : kCases) {
    std::vector<std::uint32_t> trace = traces::zipf(100'000, c.s, 150'000, 7);
    if (c.scans) trace = traces::with_scans(trace, 15'000, 7'500);
    Cache cache(1 << 20);
    const double ours = traces::hit_ratio(cache, trace, 160);
    // The entries that fit are what LRU gets: its bookkeeping is no dearer than ours.
    const double lru = traces::lru_hit_ratio(cache.figures().entries, trace);
    std::printf("%-24s %zu entries: S3-FIFO %.3f, LRU %.3f\n", c.name,
                static_cast<std::size_t>(cache.figures().entries), ours, lru);
    EXPECT_GE(ours, lru + c.better_by) << c.name;
  }
}

}  // namespace
}  // namespace core::decisions
