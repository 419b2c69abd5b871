#include "proxy/upstream/balancer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace proxy::upstream {
namespace {

using Candidates = std::vector<Candidate>;

/// How often each was chosen; the last is nobody.
std::vector<std::size_t> chosen(const Candidates& candidates, std::size_t times,
                                std::size_t avoid = SIZE_MAX) {
  Random random(7);
  std::vector<std::size_t> counts(candidates.size() + 1);
  for (std::size_t i = 0; i < times; ++i) ++counts[choose(candidates, avoid, random)];
  return counts;
}

TEST(Balancer, NobodyWithoutWeightIsChosen) {
  EXPECT_EQ(chosen({}, 10), (std::vector<std::size_t>{10}));
  EXPECT_EQ(chosen({{0, 0}, {0, 0}}, 10), (std::vector<std::size_t>{0, 0, 10}));
  EXPECT_EQ(chosen({{0, 0}, {1, 500}, {0, 0}}, 10), (std::vector<std::size_t>{0, 10, 0, 0}));
  EXPECT_EQ(chosen({{0, 0}, {1, 0}, {1, 9}}, 1'000)[0], 0U);
}

TEST(Balancer, WhereTheLastTryFailedIsTakenOnlyWhenThereIsNothingElse) {
  EXPECT_EQ(chosen({{1, 0}, {1, 99}}, 10, 0), (std::vector<std::size_t>{0, 10, 0}));
  EXPECT_EQ(chosen({{1, 0}, {0, 0}}, 10, 0), (std::vector<std::size_t>{10, 0, 0}));
  EXPECT_EQ(chosen({{0, 0}, {0, 0}}, 10, 0), (std::vector<std::size_t>{0, 0, 10}));
  EXPECT_EQ(chosen({{1, 0}, {1, 0}, {1, 0}}, 900, 2)[2], 0U);
}

// 100,000 draws of a fixed seed: the bounds are ten standard deviations and more.
TEST(Balancer, IdleOnesGetTheShareOfTheirWeight) {
  struct Case {
    const char* what;
    Candidates candidates;
    std::vector<double> shares;
  };
  const Case cases[] = {
      {"equal", {{100, 0}, {100, 0}}, {0.5, 0.5}},
      {"one to three", {{1, 0}, {3, 0}}, {0.25, 0.75}},
      {"a canary", {{99, 0}, {1, 0}}, {0.99, 0.01}},
      {"a slow return", {{100, 0}, {100, 0}, {10, 0}}, {100.0 / 210, 100.0 / 210, 10.0 / 210}},
      {"fractions", {{0.25, 0}, {0.75, 0}}, {0.25, 0.75}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    constexpr std::size_t kTimes = 100'000;
    const std::vector<std::size_t> counts = chosen(c.candidates, kTimes);
    for (std::size_t i = 0; i < c.shares.size(); ++i) {
      const double share = static_cast<double>(counts[i]) / kTimes;
      EXPECT_NEAR(share, c.shares[i], std::min(0.02, c.shares[i] / 3)) << i;
    }
  }
}

TEST(Balancer, OfTwoEqualOnesTheLessBusyIsTaken) {
  EXPECT_EQ(chosen({{100, 1}, {100, 0}}, 100), (std::vector<std::size_t>{0, 100, 0}));
  EXPECT_EQ(chosen({{100, 3}, {100, 7}}, 100), (std::vector<std::size_t>{100, 0, 0}));
}

TEST(Balancer, ACanaryIsNotFloodedForHavingNothingToDo) {
  // 50 of 99 busy: the canary still gets about its one in a hundred.
  const std::vector<std::size_t> counts = chosen({{99, 50}, {1, 0}}, 100'000);
  EXPECT_GT(counts[1], 600U);
  EXPECT_LT(counts[1], 1'500U);
  // And all of it only when the other has as much to do, for its weight, as one question is for it.
  EXPECT_EQ(chosen({{99, 99}, {1, 0}}, 100), (std::vector<std::size_t>{0, 100, 0}));
  EXPECT_EQ(chosen({{99, 98}, {1, 1}}, 100), (std::vector<std::size_t>{100, 0, 0}));
}

TEST(Balancer, TwoChoicesKeepTheLoadLevel) {
  // A thousand questions that stay, on a hundred endpoints. Drawn without a second choice the busiest
  // of them has 20 and more.
  Candidates endpoints(100, {100, 0});
  Random random(7);
  for (int i = 0; i < 1'000; ++i) ++endpoints[choose(endpoints, SIZE_MAX, random)].in_flight;
  const auto busier = [](const Candidate& a, const Candidate& b) { return a.in_flight < b.in_flight; };
  EXPECT_LE(std::max_element(endpoints.begin(), endpoints.end(), busier)->in_flight, 13U);
}

TEST(Balancer, ASlowEndpointGetsFewerQuestions) {
  // Each turn one question; nine answer within a turn, the first takes a hundred.
  Candidates endpoints(10, {100, 0});
  Random random(7);
  std::vector<int> ends;  // of the slow one's questions, by turn
  int slow = 0;
  constexpr int kTurns = 10'000;
  for (int turn = 0; turn < kTurns; ++turn) {
    endpoints[0].in_flight -= static_cast<std::size_t>(std::erase(ends, turn));
    const std::size_t at = choose(endpoints, SIZE_MAX, random);
    if (at != 0) continue;  // answered within the turn
    ++endpoints[0].in_flight;
    ends.push_back(turn + 100);
    ++slow;
  }
  EXPECT_LT(slow, kTurns / 10 / 3) << "a third of its share by weight at most";
  EXPECT_GT(slow, 0) << "and it is not forgotten";
}

}  // namespace
}  // namespace proxy::upstream
