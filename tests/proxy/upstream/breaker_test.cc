#include "proxy/upstream/breaker.h"

#include <gtest/gtest.h>

namespace proxy::upstream {
namespace {

constexpr std::uint64_t kBreakerNow = 1'000'000'000;  // the clock of a machine that has run for a while

BreakerOptions in_a_row(unsigned failures) { return {failures, 1, 1'000'000, 10'000, 5'000}; }
BreakerOptions by_share(double share, unsigned requests) {
  return {1'000'000, share, requests, 10'000, 5'000};
}

Breaker opened(std::uint64_t now_ms) {
  Breaker breaker(in_a_row(1));
  EXPECT_TRUE(breaker.admit(now_ms));
  EXPECT_TRUE(breaker.failure(breaker.spell(), now_ms));
  return breaker;
}

TEST(BreakerStates, OpensAfterSoManyFailuresInARow) {
  Breaker breaker(in_a_row(3));
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(breaker.failure(breaker.spell(), kBreakerNow));
    EXPECT_FALSE(breaker.failure(breaker.spell(), kBreakerNow));
    breaker.success(breaker.spell(), kBreakerNow);  // the row begins anew
  }
  EXPECT_FALSE(breaker.failure(breaker.spell(), kBreakerNow));
  EXPECT_FALSE(breaker.failure(breaker.spell(), kBreakerNow));
  EXPECT_EQ(breaker.state(kBreakerNow), BreakerState::kClosed);
  EXPECT_TRUE(breaker.failure(breaker.spell(), kBreakerNow)) << "it says so once";
  EXPECT_EQ(breaker.state(kBreakerNow), BreakerState::kOpen);
  EXPECT_FALSE(breaker.admit(kBreakerNow));
  EXPECT_FALSE(breaker.would_admit(kBreakerNow));
  EXPECT_FALSE(breaker.failure(breaker.spell(), kBreakerNow)) << "open is open";
}

TEST(BreakerStates, OpensByShareOnceThereAreEnoughRequests) {
  Breaker breaker(by_share(0.5, 10));
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker.failure(breaker.spell(), kBreakerNow));
  for (int i = 0; i < 5; ++i) breaker.success(breaker.spell(), kBreakerNow);
  EXPECT_TRUE(breaker.failure(breaker.spell(), kBreakerNow)) << "5 of 10";
  Breaker better(by_share(0.5, 10));
  for (int i = 0; i < 100; ++i) {
    better.success(better.spell(), kBreakerNow);
    better.success(better.spell(), kBreakerNow);
    EXPECT_FALSE(better.failure(better.spell(), kBreakerNow)) << "never more than a third";
  }
}

TEST(BreakerStates, TheShareIsOfTheWindow) {
  Breaker breaker(by_share(0.5, 10));
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(breaker.failure(breaker.spell(), kBreakerNow));
  // A window later the nine are forgotten, whichever slots they were in.
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(breaker.failure(breaker.spell(), kBreakerNow + 10'000)) << i;
  // Nine and the tenth within a window.
  EXPECT_TRUE(breaker.failure(breaker.spell(), kBreakerNow + 10'000 + 8'999));
}

TEST(BreakerStates, AYoungClockIsNoFailure) {
  Breaker breaker(by_share(0.5, 2));  // slots begin as those of time 0
  breaker.success(breaker.spell(), 0);
  EXPECT_TRUE(breaker.failure(breaker.spell(), 1));
  Breaker other(in_a_row(1));
  EXPECT_TRUE(other.failure(other.spell(), 0));
  EXPECT_EQ(other.state(0), BreakerState::kOpen);
}

TEST(BreakerStates, AfterATimeOneTryAtATimeFindsOut) {
  Breaker breaker = opened(kBreakerNow);
  EXPECT_FALSE(breaker.admit(kBreakerNow + 4'999));
  EXPECT_EQ(breaker.state(kBreakerNow + 5'000), BreakerState::kHalfOpen);
  EXPECT_TRUE(breaker.would_admit(kBreakerNow + 5'000));
  EXPECT_TRUE(breaker.would_admit(kBreakerNow + 5'000)) << "asking changes nothing";
  EXPECT_TRUE(breaker.admit(kBreakerNow + 5'000));
  EXPECT_FALSE(breaker.admit(kBreakerNow + 5'000)) << "the second waits for the first";
  EXPECT_FALSE(breaker.would_admit(kBreakerNow + 60'000));
}

TEST(BreakerStates, OneSuccessClosesItAndForgetsWhatWas) {
  Breaker breaker(by_share(0.5, 4));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(breaker.failure(breaker.spell(), kBreakerNow));
  EXPECT_TRUE(breaker.failure(breaker.spell(), kBreakerNow));
  ASSERT_TRUE(breaker.admit(kBreakerNow + 5'000));
  breaker.success(breaker.spell(), kBreakerNow + 5'000);
  EXPECT_EQ(breaker.state(kBreakerNow + 5'000), BreakerState::kClosed);
  EXPECT_TRUE(breaker.admit(kBreakerNow + 5'000));
  EXPECT_TRUE(breaker.admit(kBreakerNow + 5'000));
  // The four are still within the window; they do not count.
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(breaker.failure(breaker.spell(), kBreakerNow + 5'001));
}

TEST(BreakerStates, OneFailureOpensItForAnotherWhile) {
  Breaker breaker = opened(kBreakerNow);
  ASSERT_TRUE(breaker.admit(kBreakerNow + 5'000));
  EXPECT_TRUE(breaker.failure(breaker.spell(), kBreakerNow + 6'000));
  EXPECT_FALSE(breaker.admit(kBreakerNow + 10'999)) << "from the failure on, not from the first";
  EXPECT_TRUE(breaker.admit(kBreakerNow + 11'000));
}

TEST(BreakerStates, ATryWithoutAnAnswerMakesWayForAnother) {
  Breaker breaker = opened(kBreakerNow);
  ASSERT_TRUE(breaker.admit(kBreakerNow + 5'000));
  breaker.withdraw(breaker.spell());
  EXPECT_EQ(breaker.state(kBreakerNow + 5'000), BreakerState::kHalfOpen);
  EXPECT_TRUE(breaker.admit(kBreakerNow + 5'000));
  EXPECT_FALSE(breaker.admit(kBreakerNow + 5'000));
}

TEST(BreakerStates, AnAnswerToAQuestionFromBeforeDoesNotCloseIt) {
  Breaker breaker = opened(kBreakerNow);
  breaker.success(breaker.spell() - 1, kBreakerNow + 1);
  EXPECT_EQ(breaker.state(kBreakerNow + 1), BreakerState::kOpen);
  EXPECT_FALSE(breaker.admit(kBreakerNow + 1));
}

TEST(BreakerStates, ATryOfAnEarlierSpellIsNotTheOneThatFindsOut) {
  Breaker breaker(in_a_row(1));
  ASSERT_TRUE(breaker.admit(kBreakerNow));
  const Breaker::Spell old = breaker.spell();
  EXPECT_TRUE(breaker.failure(old, kBreakerNow));
  ASSERT_TRUE(breaker.admit(kBreakerNow + 5'000)) << "half open";
  const Breaker::Spell probe = breaker.spell();

  breaker.withdraw(old);
  EXPECT_FALSE(breaker.admit(kBreakerNow + 5'000)) << "the one that finds out is still under way";
  breaker.success(old, kBreakerNow + 5'000);
  EXPECT_EQ(breaker.state(kBreakerNow + 5'000), BreakerState::kHalfOpen);
  EXPECT_FALSE(breaker.failure(old, kBreakerNow + 5'000));
  EXPECT_EQ(breaker.state(kBreakerNow + 5'000), BreakerState::kHalfOpen);

  breaker.success(probe, kBreakerNow + 5'001);
  EXPECT_EQ(breaker.state(kBreakerNow + 5'001), BreakerState::kClosed);
  EXPECT_FALSE(breaker.failure(old, kBreakerNow + 5'002)) << "it fails of what was then";
  EXPECT_TRUE(breaker.failure(probe, kBreakerNow + 5'002));
}

TEST(BreakerStates, OtherOptionsKeepWhatWasCounted) {
  Breaker breaker(in_a_row(10));
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker.failure(breaker.spell(), kBreakerNow));
  breaker.adopt(in_a_row(5));
  EXPECT_TRUE(breaker.failure(breaker.spell(), kBreakerNow));
  BreakerOptions soon = in_a_row(5);
  soon.open_ms = 100;
  breaker.adopt(soon);
  EXPECT_TRUE(breaker.admit(kBreakerNow + 100)) << "how long it is open is asked when it matters";
}

}  // namespace
}  // namespace proxy::upstream
