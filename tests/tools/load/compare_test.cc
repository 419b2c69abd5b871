#include "tools/load/compare.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tools/load/random.h"
#include "tools/load/statistics.h"

namespace load {
namespace {

TEST(Median, IsTheMiddleOrBetweenTheMiddles) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({5, 1, 3}), 3);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
}

TEST(MannWhitneyTest, IsExactForSmallSamples) {
  // Complete separation of n and m values: 2 of the C(n + m, n) orders are as extreme.
  EXPECT_DOUBLE_EQ(mann_whitney({1, 2, 3}, {4, 5, 6}).p_value, 2.0 / 20);
  EXPECT_DOUBLE_EQ(mann_whitney({5, 6, 7, 8}, {1, 2, 3, 4}).p_value, 2.0 / 70);
  // U = 1: two orders on each side.
  EXPECT_DOUBLE_EQ(mann_whitney({1, 2, 4}, {3, 5, 6}).p_value, 4.0 / 20);
  EXPECT_EQ(mann_whitney({1, 2, 4}, {3, 5, 6}).u, 1);
  EXPECT_TRUE(mann_whitney({1, 2, 4}, {3, 5, 6}).exact);
  EXPECT_DOUBLE_EQ(mann_whitney({1, 4}, {2, 3}).p_value, 1);
}

TEST(MannWhitneyTest, ApproximatesWithTiesAndLargeSamples) {
  EXPECT_EQ(mann_whitney({1, 1, 1}, {1, 1, 1}).p_value, 1);
  EXPECT_EQ(mann_whitney({}, {1}).p_value, 1);
  Random random(1);
  std::vector<double> a, b, shifted;
  for (int i = 0; i < 60; ++i) {
    a.push_back(random.exponential());
    b.push_back(random.exponential());
    shifted.push_back(random.exponential() + 1);
  }
  EXPECT_FALSE(mann_whitney(a, b).exact);
  EXPECT_GT(mann_whitney(a, b).p_value, 0.01);
  EXPECT_LT(mann_whitney(a, shifted).p_value, 1e-6);
}

TEST(MannWhitneyTest, ApproximationMeetsTheExactValue) {
  Random random(2);
  std::vector<double> a, b;
  for (int i = 0; i < 20; ++i) {
    a.push_back(random.unit());
    b.push_back(random.unit() + 0.15);
  }
  const MannWhitney exact = mann_whitney(a, b);
  ASSERT_TRUE(exact.exact);
  std::vector<double> with_tie = a;
  with_tie[0] = with_tie[1];
  EXPECT_FALSE(mann_whitney(with_tie, b).exact);
  EXPECT_NEAR(mann_whitney(with_tie, b).p_value, exact.p_value, 0.05);
}

TEST(Bootstrap, HoldsTheTrueRatioAboutAsOftenAsItSays) {
  int held = 0;
  constexpr int kTrials = 20;
  for (int trial = 0; trial < kTrials; ++trial) {
    Random random(static_cast<std::uint64_t>(trial) + 100);
    std::vector<double> a, b;
    for (int i = 0; i < 30; ++i) {
      a.push_back(10 + random.unit());
      b.push_back(11 + 1.1 * random.unit());
    }
    const RatioInterval interval = bootstrap_ratio(a, b, 0.95, 1);
    held += interval.low <= 1.1 && 1.1 <= interval.high ? 1 : 0;
    EXPECT_LE(interval.low, interval.ratio);
    EXPECT_GE(interval.high, interval.ratio);
  }
  EXPECT_GE(held, kTrials * 85 / 100);
}

TEST(Bootstrap, OfBlocksIsWiderForSamplesThatDrift) {
  Random random(9);
  std::vector<double> drifting;
  double level = 100;
  for (int i = 0; i < 200; ++i) drifting.push_back(level += random.unit() - 0.5);
  const RatioInterval single = block_bootstrap_ratio({drifting}, {drifting}, 1, 0.95, 1);
  const RatioInterval blocks = block_bootstrap_ratio({drifting}, {drifting}, 20, 0.95, 1);
  EXPECT_GT(blocks.high - blocks.low, 1.5 * (single.high - single.low));
}

TEST(BlockMedians, LeavesOutAShortRest) {
  EXPECT_EQ(block_medians({1, 2, 3, 4, 5, 6, 7}, 3), (std::vector<double>{2, 5}));
  EXPECT_EQ(block_medians({1, 2, 3, 4, 5, 6, 7, 9}, 3), (std::vector<double>{2, 5, 8}));
  EXPECT_EQ(block_length(27), 3U);
  EXPECT_EQ(block_length(28), 4U);
}

RunSamples run_around(double p99_ns, std::uint64_t seed, std::size_t intervals = 30) {
  Random random(seed);
  RunSamples run;
  run.path = "run" + std::to_string(seed) + ".json";
  run.machine = "m";
  run.load = "l";
  for (std::size_t i = 0; i < intervals; ++i) {
    run.rate.push_back(1000);
    run.mean_ns.push_back(p99_ns / 3 * (0.95 + 0.1 * random.unit()));
    run.p50_ns.push_back(p99_ns / 4 * (0.95 + 0.1 * random.unit()));
    run.p90_ns.push_back(p99_ns / 2 * (0.95 + 0.1 * random.unit()));
    run.p99_ns.push_back(p99_ns * (0.9 + 0.2 * random.unit()));
  }
  return run;
}

const Comparison& named(const std::vector<Comparison>& all, std::string_view name) {
  for (const Comparison& one : all) {
    if (one.name == name) return one;
  }
  ADD_FAILURE() << "no " << name;
  return all.front();
}

TEST(Compare, SeesALargeDifferenceAndNotASmallOne) {
  const auto larger = compare_sides({run_around(1e6, 1)}, {run_around(1.5e6, 2)}, 0.95);
  EXPECT_EQ(named(larger, "p99").outcome, Comparison::Outcome::kHigher);
  EXPECT_TRUE(named(larger, "p99").worse());
  EXPECT_EQ(named(larger, "answers/s").outcome, Comparison::Outcome::kNoDifference);
  const auto smaller = compare_sides({run_around(1.5e6, 1)}, {run_around(1e6, 2)}, 0.95);
  EXPECT_EQ(named(smaller, "p99").outcome, Comparison::Outcome::kLower);
  EXPECT_FALSE(named(smaller, "p99").worse());
  const auto same = compare_sides({run_around(1e6, 1)}, {run_around(1.002e6, 2)}, 0.95);
  EXPECT_EQ(named(same, "p99").outcome, Comparison::Outcome::kNoDifference);
}

TEST(Compare, SaysNothingFromAHandfulOfIntervals) {
  const auto few = compare_sides({run_around(1e6, 1, 4)}, {run_around(9e6, 2, 4)}, 0.95);
  EXPECT_EQ(named(few, "p99").outcome, Comparison::Outcome::kTooFew);
}

TEST(Compare, WeighsWholeRunsOnceThereAreEnough) {
  // Each run is steady within itself, but the runs of a side drift by 20%: intervals alone would
  // see a difference between any two of them.
  std::vector<RunSamples> a, b, apart;
  const double drift[] = {0.9, 1.1, 1.0, 0.95, 1.05};
  for (std::uint64_t i = 0; i < 5; ++i) {
    a.push_back(run_around(1e6 * drift[i], i));
    b.push_back(run_around(1e6 * drift[4 - i], 50 + i));
    apart.push_back(run_around(2e6 * drift[i], 90 + i));
  }
  EXPECT_EQ(named(compare_sides({a[0]}, {a[1]}, 0.95), "p99").outcome,
            Comparison::Outcome::kHigher);
  EXPECT_EQ(named(compare_sides(a, b, 0.95), "p99").outcome, Comparison::Outcome::kNoDifference);
  EXPECT_EQ(named(compare_sides(a, apart, 0.95), "p99").outcome, Comparison::Outcome::kHigher);
}

TEST(Compare, WritesWhatLimitsIt) {
  RunSamples a = run_around(1e6, 1);
  RunSamples b = run_around(1e6, 2);
  b.machine = "other";
  b.load = "other";
  b.error_share = 0.01;
  b.not_sent = 7;
  const std::string text = write_comparison({a}, {b}, compare_sides({a}, {b}, 0.95), 0.95);
  for (const std::string_view phrase :
       {"fewer than 4 runs", "another machine", "another load", "1.000% errors", "never sent",
        "no difference beyond the noise"}) {
    EXPECT_NE(text.find(phrase), std::string::npos) << phrase << "\n" << text;
  }
}

TEST(ParseSamples, RefusesWhatIsNoReport) {
  for (const std::string_view json :
       {"", "{", "[]", "{}", R"({"tool":"other","format":1})",
        R"({"tool":"claimgate-load","format":2})", R"({"tool":"claimgate-load","format":1})",
        R"({"tool":"claimgate-load","format":1,"interval_ns":0,"intervals":[]})"}) {
    SCOPED_TRACE(json);
    EXPECT_FALSE(parse_samples("x", json).ok());
  }
}

TEST(ParseSamples, LeavesOutIntervalsCutShort) {
  const auto parsed = parse_samples(
      "x", R"({"tool":"claimgate-load","format":1,"interval_ns":500000000,"error_share":0.5,
      "requests":{"not_sent":3},"intervals":[
      {"complete":true,"answered":100,"p50_ns":5,"p90_ns":6,"p99_ns":7,"mean_ns":5.5,"cpu_us":9},
      {"complete":true,"answered":0,"p50_ns":0,"p90_ns":0,"p99_ns":0,"mean_ns":0,"cpu_us":0},
      {"complete":false,"answered":3,"p50_ns":5,"p90_ns":6,"p99_ns":7,"mean_ns":5.5,"cpu_us":9}, 7]})");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed.value().rate, (std::vector<double>{200, 0}));
  EXPECT_EQ(parsed.value().p99_ns, (std::vector<double>{7}));
  EXPECT_EQ(parsed.value().cpu_us, (std::vector<double>{9}));
  EXPECT_EQ(parsed.value().not_sent, 3U);
}

}  // namespace
}  // namespace load
