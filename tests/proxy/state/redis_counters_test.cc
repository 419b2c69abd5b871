// Sliding windows in a real Redis: exact, over two machines, and what happens without it.
#include "proxy/state/redis_counters.h"

#include <gtest/gtest.h>

#include <future>
#include <utility>

#include "tests/proxy/redis/redis_server.h"

namespace proxy::state {
namespace {

using core::velocity::Counted;
using core::velocity::Question;

class RedisCountersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (redis::RedisServer::program().empty()) GTEST_SKIP() << "no redis-server: tools/install --for test";
    server_ = std::make_unique<redis::RedisServer>();
  }
  std::shared_ptr<redis::Link> machine() const {
    redis::Options options;
    options.port = server_->port();
    options.connect_timeout_ms = options.silence_ms = 20'000;
    options.scripts = RedisCounters::scripts();
    return std::make_shared<redis::Link>(std::move(options), 1);
  }
  static std::pair<Failure, Counted> count(RedisCounters& counters, const Question& question) {
    std::promise<std::pair<Failure, Counted>> answer;
    counters.count(question, [&](Failure failure, Counted counted) { answer.set_value({failure, counted}); });
    return answer.get_future().get();
  }
  static Question question(std::uint64_t counter, std::uint64_t request, std::uint32_t at_most,
                           std::uint64_t window_ms = 3'600'000) {
    Question asked;
    asked.counter = {counter, counter};
    asked.request = {request, request};
    asked.window_ms = window_ms;
    asked.at_most = at_most;
    asked.repeat_ms = 60'000;
    return asked;
  }

  std::unique_ptr<redis::RedisServer> server_;
};

TEST_F(RedisCountersTest, TwoMachinesHaveOneLimit) {
  RedisCounters one(machine(), "test", 20'000), other(machine(), "test", 20'000);
  for (std::uint32_t i = 0; i < 4; ++i) {
    const auto [failure, counted] = count(i % 2 == 0 ? one : other, question(1, i, 4));
    ASSERT_EQ(failure, Failure::kNone);
    EXPECT_FALSE(counted.over);
    EXPECT_EQ(counted.before, i);
    EXPECT_NE(counted.stamp, 0u);
  }
  EXPECT_TRUE(count(one, question(1, 4, 4)).second.over);
  EXPECT_TRUE(count(other, question(1, 5, 4)).second.over);
  EXPECT_FALSE(count(other, question(2, 6, 4)).second.over);
}

TEST_F(RedisCountersTest, WhatHasLeftTheWindowCountsNoMore) {
  RedisCounters counters(machine(), "test", 20'000);
  Question asked = question(1, 0, 1, 50);
  EXPECT_FALSE(count(counters, asked).second.over);
  asked.counts_when_over = false;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (count(counters, asked).second.over && std::chrono::steady_clock::now() < end) {
  }
  EXPECT_LT(std::chrono::steady_clock::now(), end);
}

TEST_F(RedisCountersTest, ARetryIsToldWhatTheFirstWasAndCountsOnce) {
  RedisCounters counters(machine(), "test", 20'000);
  Question asked = question(1, 7, 1);
  asked.look_for_repeat = true;
  EXPECT_FALSE(count(counters, asked).second.repeated);
  const Counted again = count(counters, asked).second;
  EXPECT_TRUE(again.repeated);
  EXPECT_FALSE(again.over);
  asked.request = {8, 8};
  EXPECT_TRUE(count(counters, asked).second.over);
  EXPECT_TRUE(count(counters, asked).second.repeated);
  EXPECT_TRUE(count(counters, asked).second.over);
}

TEST_F(RedisCountersTest, WhatIsTakenBackLeavesRoom) {
  RedisCounters counters(machine(), "test", 20'000);
  Question asked = question(1, 7, 1);
  asked.look_for_repeat = true;
  asked.counts_when_over = false;
  const Counted counted = count(counters, asked).second;
  std::promise<Failure> done;
  counters.take_back(asked.counter, asked.request, counted.stamp, [&](Failure failure) { done.set_value(failure); });
  EXPECT_EQ(done.get_future().get(), Failure::kNone);
  const Counted again = count(counters, asked).second;
  EXPECT_FALSE(again.repeated);
  EXPECT_FALSE(again.over);
  asked.only_look = true;
  asked.look_for_repeat = false;
  EXPECT_EQ(count(counters, asked).second.before, 1u);
  std::promise<bool> erased;
  counters.erase(asked.counter, [&](Failure, bool was_there) { erased.set_value(was_there); });
  EXPECT_TRUE(erased.get_future().get());
  EXPECT_EQ(count(counters, asked).second.before, 0u);
}

TEST_F(RedisCountersTest, WithoutTheServerThisMachineCountsForItself) {
  core::velocity::Counters local(core::velocity::Counters::kBytesMin);
  RedisCounters counters(machine(), "test", 200);
  const auto local_count = [&](std::uint64_t request) {
    std::promise<std::pair<Failure, Counted>> answer;
    counters.count_or_local(question(1, request, 2), local, 1'000'000 + request,
                            [&](Failure failure, Counted counted) { answer.set_value({failure, counted}); });
    return answer.get_future().get();
  };
  EXPECT_FALSE(local_count(1).second.over);
  server_->kill();
  EXPECT_EQ(local_count(2).first, Failure::kNone);
  const auto [failure, counted] = local_count(3);
  EXPECT_EQ(failure, Failure::kNone);
  EXPECT_TRUE(counted.over);  // it has not forgotten what it counted before
}

}  // namespace
}  // namespace proxy::state
