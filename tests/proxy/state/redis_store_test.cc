// What the store in Redis promises beyond store_test.cc: a server that is killed, stopped or full.
#include "proxy/state/redis_store.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "stores.h"
#include "waiting.h"

namespace proxy::state {
namespace {

class RedisStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (redis::RedisServer::program().empty()) GTEST_SKIP() << "no redis-server: tools/install --for test";
    server_ = std::make_unique<redis::RedisServer>();
  }
  std::unique_ptr<Store> machine(std::uint64_t timeout_ms, std::uint64_t silence_ms) const {
    redis::Options options;
    options.port = server_->port();
    options.silence_ms = options.connect_timeout_ms = silence_ms;
    options.backoff_ms = 5;
    options.backoff_ms_max = 20;
    options.scripts = redis_scripts::all();
    return make_redis_store(std::make_shared<redis::Link>(std::move(options), 1), {.timeout_ms = timeout_ms});
  }
  /// True once a batch is taken again.
  static bool works(Store& store) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (Waiting(store).write("t", "probe", "x", kAnyVersion) != Failure::kNone) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  std::unique_ptr<redis::RedisServer> server_;
};

TEST_F(RedisStoreTest, WhatWasAcknowledgedOutlivesAServerThatIsKilledUnderLoad) {
  const std::unique_ptr<Store> store = machine(20'000, 20'000);
  std::vector<std::string> kept;
  int number = 0;
  for (int round = 0; round < 10; ++round) {
    std::thread killer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(5 * round));
      server_->kill();
    });
    for (bool gone = false; !gone;) {
      const std::string key = std::to_string(number++);
      const Failure failure = Waiting(*store).commit({{{"t", key, "v", 0, 0, false}}, {{"s", key, "v"}}});
      if (failure == Failure::kNone) kept.push_back(key);
      gone = failure != Failure::kNone;
      if (gone) {
        EXPECT_EQ(failure, Failure::kUnavailable);
      }
    }
    killer.join();
    server_->start();
    ASSERT_TRUE(works(*store));
  }
  for (const std::string& key : kept) EXPECT_EQ(Waiting(*store).read("t", key).second.value, "v") << key;
  // Each acknowledged batch has its record and its entry, and no entry is there twice.
  std::vector<std::string> entries;
  std::uint64_t after = 0;
  for (;;) {
    const std::vector<Entry> page = Waiting(*store).stream("s", after);
    if (page.empty()) break;
    for (const Entry& entry : page) entries.push_back(entry.key);
    after = page.back().number;
  }
  std::size_t at = 0;
  for (const std::string& key : kept) {
    while (at < entries.size() && entries[at] != key) ++at;
    ASSERT_LT(at, entries.size()) << key;
    ++at;
  }
  EXPECT_LE(entries.size(), static_cast<std::size_t>(number));
}

TEST_F(RedisStoreTest, NobodyWaitsForAServerThatSleepsAndItIsConsistentAfter) {
  const std::unique_ptr<Store> store = machine(100, 200);
  ASSERT_TRUE(works(*store));
  const std::unique_ptr<Store> patient = machine(20'000, 20'000);
  ASSERT_EQ(Waiting(*patient).write("t", "k", "before", 0), Failure::kNone);
  const std::uint64_t version = Waiting(*patient).read("t", "k").second.version;
  server_->stop();
  EXPECT_EQ(Waiting(*store).write("t", "k", "meanwhile", version), Failure::kTimeout);
  while (Waiting(*store).read("t", "k").first != Failure::kUnavailable) {
  }
  server_->go_on();
  ASSERT_TRUE(works(*store));
  // It was done, or it was not: whoever asks again with the version finds out.
  const Failure again = Waiting(*patient).write("t", "k", "again", version);
  const std::string value = Waiting(*patient).read("t", "k").second.value;
  EXPECT_EQ(value, again == Failure::kNone ? "again" : "meanwhile");
}

TEST_F(RedisStoreTest, AFullServerSaysSoAndKeepsNothingOfABatch) {
  server_ = std::make_unique<redis::RedisServer>(std::vector<std::string>{"maxmemory 4mb", "maxmemory-policy noeviction"});
  const std::unique_ptr<Store> store = machine(20'000, 20'000);
  Failure failure = Failure::kNone;
  int number = 0;
  while (failure == Failure::kNone && number < 1000) {
    const std::string key = std::to_string(number++);
    failure = Waiting(*store).commit({{{"t", key, std::string(100'000, 'x'), 0, 0, false}}, {{"s", key, ""}}});
  }
  EXPECT_EQ(failure, Failure::kFull);
  EXPECT_EQ(Waiting(*store).read("t", std::to_string(number - 1)).second.version, 0u);
  EXPECT_EQ(Waiting(*store).stream("s").size(), static_cast<std::size_t>(number - 1));
}

}  // namespace
}  // namespace proxy::state
