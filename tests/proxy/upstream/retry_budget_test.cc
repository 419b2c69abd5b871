#include "proxy/upstream/retry_budget.h"

#include <gtest/gtest.h>

namespace proxy::upstream {
namespace {

int taken(RetryBudget& budget) {
  int count = 0;
  while (budget.take()) ++count;
  return count;
}

TEST(RetryBudget, GivesOneRetryToBeginWithAndThenAShareOfTheCalls) {
  struct Case {
    double share;
    int calls, retries;
  };
  constexpr Case kCases[] = {
      {0, 1'000, 0}, {0.1, 1'000, 101}, {0.25, 1'000, 251}, {1, 1'000, 1'001}, {0.001, 10'000, 11},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.share);
    RetryBudget budget(c.share);
    int retries = 0;
    if (budget.take()) ++retries;
    for (int i = 0; i < c.calls; ++i) {
      budget.on_call();
      retries += taken(budget);
    }
    EXPECT_EQ(retries, c.retries);
  }
}

TEST(RetryBudget, ABurstAfterAQuietHourFindsAHundredCallsWorth) {
  struct Case {
    double share;
    int burst;
  };
  constexpr Case kCases[] = {{0.1, 10}, {0.5, 50}, {1, 100}, {0.001, 1}, {0, 0}};
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.share);
    RetryBudget budget(c.share);
    for (int i = 0; i < 1'000'000; ++i) budget.on_call();
    EXPECT_EQ(taken(budget), c.burst);
    EXPECT_EQ(taken(budget), 0);
  }
}

TEST(RetryBudget, AnotherShareKeepsWhatWasSavedWithinTheNewBound) {
  RetryBudget budget(1);
  for (int i = 0; i < 1'000; ++i) budget.on_call();
  budget.set_share(0.1);
  EXPECT_EQ(taken(budget), 10);
  budget.set_share(1);
  EXPECT_EQ(taken(budget), 0) << "a reload is no gift";
  budget.on_call();
  EXPECT_EQ(taken(budget), 1);
  budget.on_call();
  budget.set_share(0);
  EXPECT_EQ(taken(budget), 0);
}

TEST(RetryBudget, WhatWasNotUsedComesBackWithinTheBound) {
  RetryBudget budget(0.1);
  ASSERT_TRUE(budget.take());
  EXPECT_FALSE(budget.take());
  budget.give_back();
  EXPECT_EQ(taken(budget), 1);
  RetryBudget none(0);
  none.give_back();
  EXPECT_FALSE(none.take());
}

}  // namespace
}  // namespace proxy::upstream
