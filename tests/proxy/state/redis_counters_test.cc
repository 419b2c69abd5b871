// Sliding windows in a real Redis: exact, over two machines, and what happens without it.
#include "proxy/state/redis_counters.h"

#include <gtest/gtest.h>

#include <future>
#include <utility>

#include "proxy/state/limits.h"
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
  static core::velocity::Look look(RedisCounters& counters, const Question& question) {
    std::promise<core::velocity::Look> answer;
    counters.look(question.counter, question.window_ms, [&](Failure failure, core::velocity::Look seen) {
      EXPECT_EQ(failure, Failure::kNone);
      answer.set_value(seen);
    });
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

TEST_F(RedisCountersTest, WhatIsTakenBackTwiceIsTakenBackOnce) {
  RedisCounters counters(machine(), "test", 20'000);
  const Question first = question(1, 1, 10), second = question(1, 2, 10);
  const std::uint32_t stamp = count(counters, first).second.stamp;
  ASSERT_NE(count(counters, second).second.stamp, 0u);
  for (int i = 0; i < 2; ++i) {  // two who have sent the same, perhaps in one millisecond with the other one
    std::promise<Failure> done;
    counters.take_back(first.counter, first.request, stamp, [&](Failure failure) { done.set_value(failure); });
    EXPECT_EQ(done.get_future().get(), Failure::kNone);
  }
  EXPECT_EQ(look(counters, first).count, 1u);
}

TEST_F(RedisCountersTest, WhoeverLooksSeesWhatAllMachinesHaveCounted) {
  RedisCounters one(machine(), "test", 20'000), other(machine(), "test", 20'000);
  EXPECT_FALSE(look(one, question(1, 0, 5)).found);
  count(one, question(1, 1, 5));
  count(other, question(1, 2, 5));
  const core::velocity::Look seen = look(one, question(1, 0, 5));
  EXPECT_TRUE(seen.found);
  EXPECT_EQ(seen.count, 2u);
  EXPECT_GT(seen.oldest_leaves_ms, 0u);
  EXPECT_LE(seen.oldest_leaves_ms, 3'600'000u);
}

/// What a rule with a limit is told, as Workflows hands it on.
core::gate::CountedApart ask(Limits& limits, const Question& question, core::config::WhenAway away,
                             forward::WorkflowAnswer::Outcome expected = forward::WorkflowAnswer::Outcome::kCounted) {
  auto workflow = std::make_shared<core::rules::Workflow>();
  workflow->asks = core::config::Asks::kLimit;
  workflow->when_away = away;
  forward::WorkflowQuestion asked;
  asked.workflow = workflow;
  asked.count = question;
  std::promise<forward::WorkflowAnswer> answer;
  limits.ask(asked, [&](forward::WorkflowAnswer told) { answer.set_value(std::move(told)); });
  const forward::WorkflowAnswer told = answer.get_future().get();
  EXPECT_EQ(told.outcome, expected);
  return told.counted;
}

TEST_F(RedisCountersTest, WithoutTheServerTheRuleSaysWhoCounts) {
  using core::config::WhenAway;
  core::velocity::Counters local(core::velocity::Counters::kBytesMin);
  const auto link = machine();
  RedisCounters counters(link, "test", 200);
  Limits limits(counters, local);
  const core::gate::CountedApart first = ask(limits, question(1, 1, 2), WhenAway::kLocal);
  EXPECT_FALSE(first.counted.over);
  EXPECT_NE(first.stamp, 0u);
  EXPECT_NE(first.counted.stamp, 0u) << "this machine has counted it, too";
  server_->kill();
  EXPECT_FALSE(ask(limits, question(1, 2, 2), WhenAway::kLocal).counted.over);
  const core::gate::CountedApart third = ask(limits, question(1, 3, 2), WhenAway::kLocal);
  EXPECT_TRUE(third.counted.over) << "it has not forgotten what it counted before";
  EXPECT_EQ(third.stamp, 0u);
  EXPECT_TRUE(ask(limits, question(1, 4, 2), WhenAway::kOpen).unknown);
  ask(limits, question(1, 5, 2), WhenAway::kClosed, forward::WorkflowAnswer::Outcome::kAway);
  EXPECT_EQ(limits.figures().redis, 1u);
  EXPECT_EQ(limits.figures().local, 2u);
  EXPECT_EQ(limits.figures().open, 1u);
  EXPECT_EQ(limits.figures().closed, 1u);
}

}  // namespace
}  // namespace proxy::state
