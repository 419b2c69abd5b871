#include "proxy/upstream/health.h"

#include <gtest/gtest.h>

namespace proxy::upstream {
namespace {

constexpr std::uint64_t kHealthNow = 1'000'000;

HealthOptions options_of(std::string path, unsigned rise = 2, unsigned fall = 3) {
  HealthOptions options;
  options.path = std::move(path);
  options.rise = rise;
  options.fall = fall;
  options.slow_return_ms = 10'000;
  return options;
}

/// What its endpoint does with a failed try when another endpoint is left.
void fail(Health& health, std::uint64_t now_ms) {
  if (health.try_failed()) health.eject(now_ms);
}

TEST(SlowReturn, GrowsFromATenthToTheWhole) {
  SlowReturn never_away;
  EXPECT_EQ(never_away.share(0), 1);
  EXPECT_EQ(never_away.share(kHealthNow), 1);
  SlowReturn back;
  back.begin(kHealthNow, 10'000);
  struct Case {
    std::uint64_t after_ms;
    double share;
  };
  constexpr Case kCases[] = {{0, 0.1}, {500, 0.1}, {1'000, 0.1}, {2'500, 0.25},
                             {5'000, 0.5}, {9'999, 0.9999}, {10'000, 1}, {1'000'000, 1}};
  for (const Case& c : kCases) EXPECT_DOUBLE_EQ(back.share(kHealthNow + c.after_ms), c.share) << c.after_ms;
  SlowReturn at_once;
  at_once.begin(kHealthNow, 0);
  EXPECT_EQ(at_once.share(kHealthNow), 1);
}

TEST(Health, SoManyFailedChecksTakeItOutAndSoManyGoodOnesBringItBack) {
  Health health(options_of("/health"));
  EXPECT_EQ(health.share(kHealthNow), 1);
  for (int i = 0; i < 2; ++i) {
    health.check_failed(kHealthNow);
    health.check_failed(kHealthNow);
    EXPECT_FALSE(health.ejected());
    health.check_passed(kHealthNow);  // the row begins anew
  }
  for (int i = 0; i < 3; ++i) health.check_failed(kHealthNow);
  EXPECT_TRUE(health.ejected());
  EXPECT_EQ(health.share(kHealthNow + 1'000'000), 0) << "no time brings it back";
  health.check_passed(kHealthNow);
  health.check_failed(kHealthNow);
  health.check_passed(kHealthNow);
  EXPECT_TRUE(health.ejected());
  health.check_passed(kHealthNow);
  EXPECT_FALSE(health.ejected());
  EXPECT_DOUBLE_EQ(health.share(kHealthNow), 0.1);
  EXPECT_DOUBLE_EQ(health.share(kHealthNow + 5'000), 0.5);
  EXPECT_DOUBLE_EQ(health.share(kHealthNow + 10'000), 1);
}

TEST(Health, FailedTriesInARowTakeItOut) {
  Health health(options_of(""));
  for (int i = 0; i < 5; ++i) {
    fail(health, kHealthNow);
    fail(health, kHealthNow);
    health.try_succeeded();
  }
  EXPECT_FALSE(health.ejected());
  for (int i = 0; i < 3; ++i) fail(health, kHealthNow);
  EXPECT_TRUE(health.ejected());
  EXPECT_FALSE(health.try_failed()) << "out is out";
}

TEST(Health, WithoutChecksItStaysAwayLongerEachTime) {
  Health health(options_of("", 2, 1));
  std::uint64_t now = kHealthNow;
  for (const std::uint64_t away_ms : {1'000, 2'000, 4'000, 8'000, 16'000, 30'000, 30'000}) {
    fail(health, now);
    ASSERT_TRUE(health.ejected());
    EXPECT_EQ(health.returns_ms() - now, away_ms);
    now = health.returns_ms();
    health.come_back(now);
    EXPECT_DOUBLE_EQ(health.share(now), 0.1);
  }
  health.try_succeeded();
  fail(health, now);
  EXPECT_EQ(health.returns_ms() - now, 1'000U) << "an answer makes it what it was";
}

TEST(Health, WhoeverRefusesToEjectKeepsIt) {
  Health health(options_of("", 2, 2));
  EXPECT_FALSE(health.try_failed());
  EXPECT_TRUE(health.try_failed());
  EXPECT_TRUE(health.try_failed()) << "asked again with each failure";
  EXPECT_FALSE(health.ejected());
}

TEST(Health, OtherOptionsCountFromTheNextCheckOn) {
  Health health(options_of("/health", 2, 3));
  health.check_failed(kHealthNow);
  health.check_failed(kHealthNow);
  health.adopt(options_of("/health", 1, 2));
  health.check_failed(kHealthNow);
  EXPECT_TRUE(health.ejected());
  health.check_passed(kHealthNow);
  EXPECT_FALSE(health.ejected());
}

}  // namespace
}  // namespace proxy::upstream
