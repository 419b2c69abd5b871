// Couriers of several machines and one store: one of them delivers.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "proxy/events/courier.h"
#include "proxy/state/sqlite_store.h"
#include "tests/proxy/events/scripted_sink.h"
#include "tests/proxy/state/waiting.h"

namespace proxy::events {
namespace {

using state::Failure;

constexpr std::uint64_t kForever = 3'600'000;  // a lease that ends by being given back only
constexpr std::uint64_t kShort = 300;
constexpr std::uint64_t kLost = 1000;         // one that is lost on purpose, and by a slow machine hardly

/// A machine's way to the store, on which changes of leases may be lost.
class Way final : public state::Store {
 public:
  explicit Way(state::Store& to) : to_(to) {}
  std::atomic<bool> leases_lost{false};
  std::atomic<bool> late_hidden{false};  // entries with the key "late"
  std::atomic<int> measured{0};  // how often: a courier does it with each of its looks

  void commit(state::Batch batch, Done done) override {
    const bool lease = !batch.writes.empty() && batch.writes.front().table == state::Lease::kTable;
    if (lease && leases_lost) return done(Failure::kUnavailable);
    to_.commit(std::move(batch), std::move(done));
  }
  void read(std::string table, std::string key, ReadDone done) override {
    if (table == state::Lease::kTable && leases_lost) return done(Failure::kUnavailable, {});
    to_.read(std::move(table), std::move(key), std::move(done));
  }
  void scan(std::string table, std::string after, std::size_t limit, ScanDone done) override {
    to_.scan(std::move(table), std::move(after), limit, std::move(done));
  }
  void read_stream(std::string stream, std::uint64_t after, std::size_t limit, StreamDone done) override {
    to_.read_stream(std::move(stream), after, limit,
                    [this, done = std::move(done)](Failure failure, std::vector<state::Entry> entries) {
                      std::erase_if(entries, [this](const auto& entry) { return late_hidden && entry.key == "late"; });
                      done(failure, std::move(entries));
                    });
  }
  void trim(std::string stream, std::uint64_t up_to, std::vector<std::uint64_t> numbers, Done done) override {
    to_.trim(std::move(stream), up_to, std::move(numbers), std::move(done));
  }
  void measure(std::string stream, MeasureDone done) override {
    ++measured;
    to_.measure(std::move(stream), std::move(done));
  }
  void close() noexcept override {}

 private:
  state::Store& to_;
};

struct Machine {
  Machine(state::Store& store, std::uint64_t seed, std::uint64_t lease_ms) : way(store) {
    core::config::Sink settings;
    settings.name.value = "crm";
    settings.attempts = 3;
    settings.backoff = settings.backoff_max = core::config::milliseconds(1);
    auto made = std::make_unique<ScriptedSink>();
    sink = made.get();
    courier = std::make_unique<Courier>(settings, std::move(made), way, seed, lease_ms);
  }
  void start() { ASSERT_EQ(courier->start(), ""); }
  void until_delivers(bool does) const {
    while (courier->figures().delivers != does) std::this_thread::yield();
  }
  void until_waiting(std::uint64_t count) const {
    while (courier->figures().waiting != count) std::this_thread::yield();
  }

  Way way;
  ScriptedSink* sink = nullptr;
  std::unique_ptr<Courier> courier;
};

class SharedCouriers : public ::testing::Test {
 protected:
  SharedCouriers() { store_ = std::move(state::open_sqlite({})).value(); }

  std::unique_ptr<Machine> machine(std::uint64_t lease_ms) {
    return std::make_unique<Machine>(*store_, ++machines_, lease_ms);
  }
  /// What some machine puts in, each an entry: "a1" is the first of key "a".
  void put(const std::vector<std::string>& ids, const std::string& entry_key = {}) {
    for (const std::string& id : ids) {
      core::events::CloudEvent event;
      event.id = id;
      event.partition_key = id.substr(0, 1);
      event.data = "{}";
      std::string value;
      core::events::append_stored(value, event);
      ASSERT_EQ(ask().append(waiting_stream("crm"), entry_key, value), Failure::kNone);
    }
  }
  state::Waiting ask() { return state::Waiting(*store_); }

  std::unique_ptr<state::Store> store_;
  std::uint64_t machines_ = 0;
};

TEST_F(SharedCouriers, OneOfThemBringsWhatAllHavePutIn) {
  const auto one = machine(kForever), other = machine(kForever);
  EXPECT_FALSE(one->courier->figures().delivers) << "before it has the lease";
  one->start();
  one->until_delivers(true);
  other->start();
  put({"a1", "a2", "a3"});
  other->courier->committed(3);  // it was the other that put them in
  EXPECT_EQ(one->sink->taken(3), (std::vector<std::string>{"a1", "a2", "a3"}));
  one->until_waiting(0);
  other->until_waiting(0);
  EXPECT_FALSE(other->courier->figures().delivers);
  EXPECT_EQ(other->sink->offers(), 0U);
  EXPECT_EQ(ask().measure(waiting_stream("crm")).entries, 0U);
}

TEST_F(SharedCouriers, EachKnowsHowMuchWaits) {
  const auto one = machine(kForever), other = machine(kForever);
  one->sink->hold(true);
  one->start();
  one->until_delivers(true);
  other->start();
  put({"a1", "a2", "b1"});
  one->until_waiting(3);
  other->until_waiting(3);
  one->sink->hold(false);
  other->until_waiting(0);
  one->until_waiting(0);
}

TEST_F(SharedCouriers, ACleanStopHandsOver) {
  auto one = machine(kForever), other = machine(kForever);
  one->start();
  one->until_delivers(true);
  other->start();
  put({"a1"});
  EXPECT_EQ(one->sink->taken(1).size(), 1U);
  one->courier->stop();
  put({"a2"});
  EXPECT_EQ(other->sink->taken(1), (std::vector<std::string>{"a2"})) << "and what was taken comes no second time";
  other->courier->stop();
  EXPECT_EQ(one->sink->taken().size(), 1U);
  EXPECT_EQ(ask().measure(waiting_stream("crm")).entries, 0U);
}

TEST_F(SharedCouriers, TheLeaseOfADeadMachineIsWaitedFor) {
  ASSERT_EQ(ask().write(state::Lease::kTable, "crm", "dead 17 " + std::to_string(kShort), 0), Failure::kNone);
  put({"a1"});
  const auto one = machine(kShort);
  const auto begin = std::chrono::steady_clock::now();
  one->start();
  EXPECT_EQ(one->sink->taken(1).size(), 1U);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(kShort));
}

TEST_F(SharedCouriers, AnotherGoesOnInOrderWhenOneLosesTheLease) {
  const auto one = machine(kLost), other = machine(kLost);
  one->sink->answer = [](const core::events::CloudEvent& event, int) {
    return event.id == "a1" ? Outcome{} : Outcome{Outcome::Result::kAway, 1, "away"};
  };
  one->start();
  one->until_delivers(true);
  put({"a1", "a2", "a3"});
  EXPECT_EQ(one->sink->taken(1).size(), 1U);
  one->until_waiting(2);
  one->way.leases_lost = true;
  one->until_delivers(false);
  other->start();
  other->until_delivers(true);
  put({"a4"});
  EXPECT_EQ(other->sink->taken(3), (std::vector<std::string>{"a2", "a3", "a4"}));
  EXPECT_EQ(one->sink->taken().size(), 1U);
  one->way.leases_lost = false;  // it has nothing to give back
}

TEST_F(SharedCouriers, WhatIsUnderWayWhenTheLeaseIsLostIsNotBroughtBesideItself) {
  const auto one = machine(kLost);
  one->sink->hold(true);
  one->start();
  one->until_delivers(true);
  put({"a1", "b1"});
  one->sink->offered(2);
  one->way.leases_lost = true;
  one->until_delivers(false);
  one->way.leases_lost = false;
  one->until_delivers(true);
  for (const int before = one->way.measured; one->way.measured < before + 3;) std::this_thread::yield();
  EXPECT_EQ(one->sink->offers(), 2U) << "it waits for its own";
  one->sink->hold(false);
  EXPECT_GE(one->sink->taken(4).size(), 4U) << "at least once";
  one->until_waiting(0);
  EXPECT_FALSE(one->sink->twice());
  EXPECT_EQ(one->courier->figures().delivered.load(), one->sink->taken().size());
}

TEST_F(SharedCouriers, APurgeAtAnyMachineReachesTheOneThatDelivers) {
  const auto one = machine(kForever), other = machine(kForever);
  std::atomic<bool> away{true};
  one->sink->answer = [&](const auto&, int) {
    return away ? Outcome{Outcome::Result::kAway, 1, "away"} : Outcome{};
  };
  one->start();
  one->until_delivers(true);
  other->start();
  put({"a1", "a2", "b1"});
  one->sink->offered(1);
  std::promise<Failure> purged;
  other->courier->purge([&](Failure failure) { purged.set_value(failure); });
  EXPECT_EQ(purged.get_future().get(), Failure::kNone);
  put({"a3"});
  while (one->courier->figures().purged != 3) std::this_thread::yield();
  away = false;
  EXPECT_EQ(one->sink->taken(1), (std::vector<std::string>{"a3"}));
  other->until_waiting(0);
}

TEST_F(SharedCouriers, APurgeWhileNobodyDeliversIsFoundByWhoeverBegins) {
  const auto other = machine(kForever);  // which never has it: its thread does not run
  put({"a1", "a2"});
  std::promise<Failure> purged;
  other->courier->purge([&](Failure failure) { purged.set_value(failure); });
  EXPECT_EQ(purged.get_future().get(), Failure::kNone);
  put({"a3"});
  const auto one = machine(kForever);
  one->start();
  EXPECT_EQ(one->sink->taken(1), (std::vector<std::string>{"a3"}));
  one->until_waiting(0);
  EXPECT_EQ(one->courier->figures().purged.load(), 2U);
}

TEST_F(SharedCouriers, WhatComesWithNumbersThatWereReadAlreadyIsFound) {
  const auto one = machine(kForever);
  one->way.late_hidden = true;
  one->start();
  one->until_delivers(true);
  put({"a1"}, "late");
  put({"b1"});
  EXPECT_EQ(one->sink->taken(1), (std::vector<std::string>{"b1"}));
  one->until_waiting(1);
  one->way.late_hidden = false;
  EXPECT_EQ(one->sink->taken(2), (std::vector<std::string>{"b1", "a1"}));
  one->until_waiting(0);
}

}  // namespace
}  // namespace proxy::events
