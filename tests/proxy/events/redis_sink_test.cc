#include <gtest/gtest.h>

#include "../redis/asking.h"
#include "delivering.h"

namespace proxy::events {
namespace {

using Result = Outcome::Result;

class RedisSinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (redis::RedisServer::program().empty()) GTEST_SKIP() << "no redis-server";
    server_ = std::make_unique<redis::RedisServer>();
    ASSERT_TRUE(server_->running());
    settings_.name.value = "bus";
    settings_.redis.value = "redis://127.0.0.1:" + std::to_string(server_->port()) + "/2";
    settings_.stream.value = "signups";
    settings_.concurrency = 256;
    settings_.timeout = core::config::milliseconds(20'000);
  }
  std::unique_ptr<Sink> open() {
    auto sink = open_sink(settings_);
    EXPECT_TRUE(sink.ok()) << sink.error();
    return sink.ok() ? std::move(sink).value() : nullptr;
  }
  redis::Answer ask(redis::Command command) {
    redis::Options options = redis::options_for(server_->port());
    options.database = 2;
    redis::Link link(options, 1);
    EXPECT_TRUE(redis::eventually([&] { return link.connected(); }));
    return redis::ask(link, std::move(command));
  }

  std::unique_ptr<redis::RedisServer> server_;
  core::config::Sink settings_;
};

TEST_F(RedisSinkTest, AddsAnEntryForEachEvent) {
  const auto sink = open();
  ASSERT_NE(sink, nullptr);
  Delivering delivering(*sink);
  ASSERT_TRUE(delivering.work_until([&] {  // the first ones may find no connection yet
    delivering.offer(made_event("warm"));
    EXPECT_TRUE(delivering.settle(1));
    return ask(redis::Command{"EXISTS", "signups"}).reply.integer == 1;
  }));
  ask(redis::Command{"DEL", "signups"});
  delivering.offer(made_event("e1", "k"));
  delivering.offer(made_event("e2"));
  ASSERT_TRUE(delivering.settle(2));
  const redis::Answer read = ask(redis::Command{"XRANGE", "signups", "-", "+"});
  ASSERT_EQ(read.reply.items.size(), 2U);
  const auto& fields = read.reply.items[0].items[1].items;
  ASSERT_EQ(fields.size(), 6U);
  EXPECT_EQ(fields[0].text + "=" + fields[1].text, "id=e1");
  EXPECT_EQ(fields[2].text + "=" + fields[3].text, "type=com.example.told");
  std::string json;
  core::events::append_structured(json, made_event("e1", "k"));
  EXPECT_EQ(fields[5].text, json);
}

TEST_F(RedisSinkTest, KeepsAboutAsManyAsItMay) {
  settings_.maxlen = 1;
  settings_.concurrency = 4096;
  const auto sink = open();
  ASSERT_NE(sink, nullptr);
  Delivering delivering(*sink);
  constexpr std::int64_t kEvents = 2000;
  for (std::int64_t i = 0; i < kEvents; ++i) delivering.offer(made_event(std::to_string(i)));
  ASSERT_TRUE(delivering.settle(kEvents));
  EXPECT_LT(ask(redis::Command{"XLEN", "signups"}).reply.integer, 500);  // whole nodes of 100 are cut off
}

TEST_F(RedisSinkTest, WaitsForAServerThatRefusesOrIsAway) {
  const auto sink = open();
  ASSERT_NE(sink, nullptr);
  Delivering delivering(*sink);
  ask(redis::Command{"SET", "signups", "a text"});
  std::uint64_t ticket = 0;
  ASSERT_TRUE(delivering.work_until([&] {
    delivering.offer(made_event("e1"));
    ++ticket;
    EXPECT_TRUE(delivering.settle(1));
    EXPECT_EQ(delivering.outcome(ticket).result, Result::kAway) << "never an attempt of the event";
    return delivering.outcome(ticket).why == "redis: refused (WRONGTYPE)";
  }));
  server_->kill();
  delivering.offer(made_event("e2"));
  ASSERT_TRUE(delivering.settle(1));
  EXPECT_EQ(delivering.outcome(++ticket).result, Result::kAway);
  server_->start();
  ask(redis::Command{"DEL", "signups"});
  ASSERT_TRUE(delivering.work_until([&] {
    delivering.offer(made_event("e3"));
    EXPECT_TRUE(delivering.settle(1));
    return delivering.outcome(++ticket).result == Result::kDelivered;
  }));
}

}  // namespace
}  // namespace proxy::events
