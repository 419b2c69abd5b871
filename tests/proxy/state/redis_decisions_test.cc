// Decisions of backends in a real Redis: what one machine keeps another finds, nobody reads it there, and what is
// forgotten is forgotten everywhere.
#include "proxy/state/redis_decisions.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "core/decisions/encoded.h"
#include "proxy/state/redis_scripts.h"
#include "proxy/state/redis_store.h"
#include "tests/proxy/redis/asking.h"

namespace proxy::state {
namespace {

namespace decisions = core::decisions;
using forward::Landing;

constexpr const char* kSecret = "anna@posteo.example";

std::string encoded(const std::string& value) {
  decisions::Decision decision;
  decision.claims.push_back({"extension_tier", core::claims::Kind::kString, value});
  return decisions::encode(decision);
}

/// One machine of several.
class Machine {
 public:
  Machine(std::uint16_t port, std::vector<std::string> keys) : shared(1 << 20, {1, 2}, 1) {
    redis::Options options = redis::options_for(port);
    options.scripts = redis_scripts::all();
    link = std::make_shared<redis::Link>(std::move(options), 1);
    store = make_redis_store(link, {"test", 20'000, 1000});
    decisions = std::make_unique<RedisDecisions>(link, *store, shared,
                                                 RedisDecisionsOptions{"test", 20'000, 20'000, std::move(keys)});
    decisions->start();
  }
  ~Machine() {
    store->close();
    link->close();
  }
  std::shared_ptr<const Landing> find(const decisions::Key& by_claims) {
    core::gate::Asked asked;
    asked.by_claims = true;
    asked.claims_key = by_claims;
    std::promise<std::shared_ptr<const Landing>> found;
    decisions->find(asked, [&](std::shared_ptr<const Landing> landing) { found.set_value(std::move(landing)); });
    return found.get_future().get();
  }
  decisions::Cache::Found cached(const decisions::Key& key) {
    arena.reset();
    return shared.cache.peek(key, uv_hrtime() / 1'000'000, arena);
  }
  bool is_cached(const decisions::Key& key) { return cached(key).state != decisions::Cache::State::kMissing; }
  bool ready() { return redis::eventually([&] { return decisions->ready(); }); }
  /// Waits until `count` values were kept.
  bool kept(std::uint64_t count) { return redis::eventually([&] { return decisions->figures().kept == count; }); }

  forward::Shared shared;
  core::Arena arena{1 << 16};
  std::shared_ptr<redis::Link> link;
  std::unique_ptr<RedisDecisions> decisions;
  std::unique_ptr<Store> store;
};

class RedisDecisionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (redis::RedisServer::program().empty()) GTEST_SKIP() << "no redis-server: tools/install --for test";
    server_ = std::make_unique<redis::RedisServer>();
  }
  std::unique_ptr<Machine> machine(std::vector<std::string> keys = {std::string(32, 'k')}) {
    auto made = std::make_unique<Machine>(server_->port(), std::move(keys));
    EXPECT_TRUE(made->ready());
    return made;
  }

  std::unique_ptr<redis::RedisServer> server_;
};

TEST_F(RedisDecisionsTest, WhatOneMachineKeepsAnotherFindsAndRemembers) {
  const auto one = machine(), other = machine();
  const decisions::Key key{1, 2}, unresolved{3, 4}, unknown{5, 6};
  one->decisions->keep(key, encoded("gold"), {60'000, 30'000, 0});
  one->decisions->keep_unresolved(unresolved, 60'000);
  ASSERT_TRUE(one->kept(2));

  const auto found = other->find(key);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->decision, encoded("gold"));
  EXPECT_TRUE(found->from_cache);
  const decisions::Cache::Found cached = other->cached(key);
  EXPECT_EQ(cached.state, decisions::Cache::State::kFresh);
  EXPECT_LE(cached.left_ms, 60'000u);
  EXPECT_GT(cached.left_ms, 20'000u);

  const auto nothing = other->find(unresolved);
  ASSERT_NE(nothing, nullptr);
  EXPECT_TRUE(nothing->decision.empty());
  EXPECT_EQ(nothing->why, core::gate::Fallback::kRemembered);
  EXPECT_EQ(other->cached(unresolved).state, decisions::Cache::State::kUnresolved);
  EXPECT_EQ(other->find(unknown), nullptr);
  EXPECT_EQ(other->decisions->figures().hits, 2u);
  EXPECT_EQ(other->decisions->figures().misses, 1u);
}

TEST_F(RedisDecisionsTest, WhatIsPastItsTimeIsToldOnlyByWhoHasNothingBetter) {
  const auto one = machine(), other = machine();
  const decisions::Key key{1, 2};
  one->decisions->keep(key, encoded("gold"), {1, 60'000, 0});
  ASSERT_TRUE(one->kept(1));
  ASSERT_TRUE(redis::eventually([&] { return other->find(key) == nullptr; }));
  ASSERT_TRUE(redis::eventually([&] { return other->cached(key).state == decisions::Cache::State::kStale; }));
  EXPECT_EQ(other->cached(key).decision, encoded("gold"));
}

TEST_F(RedisDecisionsTest, NobodyReadsItWithoutTheKeyAndNoOtherNameGetsIt) {
  const auto one = machine({std::string(32, 'n'), std::string(32, 'o')}), stranger = machine({std::string(32, 's')});
  const decisions::Key key{1, 2}, other_key{3, 4};
  one->decisions->keep(key, encoded(kSecret), {60'000, 0, 0});
  ASSERT_TRUE(one->kept(1));
  redis::Answer names = redis::ask(*one->link, redis::Command{"KEYS", "{test}:d:*"});
  ASSERT_EQ(names.reply.items.size(), 1u);
  const std::string name = names.reply.items[0].text;
  const std::string value = redis::ask(*one->link, redis::Command{"GET", name}).reply.text;
  EXPECT_EQ(value.find("posteo"), std::string::npos);

  EXPECT_EQ(stranger->find(key), nullptr);
  EXPECT_EQ(stranger->decisions->figures().unreadable, 1u);
  // Moved to another question's name, or with a bit turned, it is nothing.
  std::string moved = name;
  moved.replace(moved.size() - 32, 32, decisions::to_text(other_key));
  redis::ask(*one->link, redis::Command{"SET", moved, value, "PX", "60000"});
  EXPECT_EQ(one->find(other_key), nullptr);
  std::string turned = value;
  turned[turned.size() / 2] = static_cast<char>(turned[turned.size() / 2] ^ 1);
  redis::ask(*one->link, redis::Command{"SET", name, turned, "PX", "60000"});
  EXPECT_EQ(one->find(key), nullptr);

  redis::ask(*one->link, redis::Command{"SET", name, value, "PX", "60000"});
  const auto rolled = machine({std::string(32, 'x'), std::string(32, 'n')});  // a newer key in front
  ASSERT_NE(rolled->find(key), nullptr);
}

TEST_F(RedisDecisionsTest, WhatIsForgottenIsForgottenByAllMachines) {
  const auto one = machine(), other = machine();
  const decisions::Key key{1, 2}, stays{3, 4};
  one->decisions->keep(key, encoded("gold"), {600'000, 0, 0});
  one->decisions->keep(stays, encoded("silver"), {600'000, 0, 0});
  ASSERT_TRUE(one->kept(2));
  ASSERT_NE(other->find(key), nullptr);
  ASSERT_NE(other->find(stays), nullptr);

  std::promise<Failure> forgotten;
  one->decisions->forget({key}, [&](Failure failure) { forgotten.set_value(failure); });
  ASSERT_EQ(forgotten.get_future().get(), Failure::kNone);
  ASSERT_TRUE(redis::eventually([&] { return !other->is_cached(key); }));
  EXPECT_EQ(other->find(key), nullptr);
  EXPECT_TRUE(other->is_cached(stays));

  std::promise<Failure> all;
  one->decisions->forget_all([&](Failure failure) { all.set_value(failure); });
  ASSERT_EQ(all.get_future().get(), Failure::kNone);
  ASSERT_TRUE(redis::eventually([&] { return !other->is_cached(stays) && other->decisions->ready(); }));
  EXPECT_EQ(other->find(stays), nullptr) << "it is there, under a generation that nobody asks any more";
}

TEST_F(RedisDecisionsTest, AMachineThatWasAwayHearsWhatItHasMissed) {
  const auto one = machine(), other = machine();
  const decisions::Key key{1, 2};
  one->decisions->keep(key, encoded("gold"), {600'000, 0, 0});
  ASSERT_TRUE(one->kept(1));
  ASSERT_NE(other->find(key), nullptr);
  server_->kill();
  ASSERT_TRUE(redis::eventually([&] { return !other->decisions->ready() && !one->decisions->ready(); }));
  std::promise<Failure> away;
  one->decisions->forget({key}, [&](Failure failure) { away.set_value(failure); });
  EXPECT_EQ(away.get_future().get(), Failure::kUnavailable);
  EXPECT_EQ(other->find(key), nullptr) << "answered all the same";
  EXPECT_TRUE(other->is_cached(key)) << "what it remembers itself it goes on telling";
  server_->start();
  ASSERT_TRUE(redis::eventually([&] { return other->decisions->ready() && one->decisions->ready(); }));
  std::promise<Failure> forgotten;
  one->decisions->forget({key}, [&](Failure failure) { forgotten.set_value(failure); });
  ASSERT_EQ(forgotten.get_future().get(), Failure::kNone);
  ASSERT_TRUE(redis::eventually([&] { return !other->is_cached(key); }));
}

}  // namespace
}  // namespace proxy::state
