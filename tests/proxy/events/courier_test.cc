#include "proxy/events/courier.h"

#include <gtest/gtest.h>

#include <future>

#include "proxy/state/sqlite_store.h"
#include "tests/proxy/events/scripted_sink.h"

namespace proxy::events {
namespace {

class CourierTest : public ::testing::Test {
 protected:
  CourierTest() {
    settings_.name.value = "crm";
    settings_.attempts = 3;
    settings_.backoff = core::config::milliseconds(1);
    settings_.backoff_max = core::config::milliseconds(4);
    store_ = std::move(state::open_sqlite({})).value();
    auto sink = std::make_unique<ScriptedSink>();
    sink_ = sink.get();
    sink_->answer = [](const auto&, int) { return Outcome{}; };
    courier_ = std::make_unique<Courier>(settings_, std::move(sink), *store_, 1);
  }

  /// Events of one entry: id and key.
  void commit(const std::vector<std::pair<std::string, std::string>>& events) {
    std::string value;
    for (const auto& [id, key] : events) {
      core::events::CloudEvent event;
      event.id = id;
      event.partition_key = key;
      event.data = "{}";
      core::events::append_stored(value, event);
    }
    state::Batch batch;
    batch.appends.push_back({waiting_stream("crm"), "", value});
    std::promise<state::Failure> done;
    store_->commit(std::move(batch), [&](state::Failure failure) { done.set_value(failure); });
    ASSERT_EQ(done.get_future().get(), state::Failure::kNone);
    courier_->committed(events.size());
  }

  std::vector<state::Entry> entries(const std::string& stream) {
    std::promise<std::vector<state::Entry>> read;
    store_->read_stream(stream, 0, 100, [&](state::Failure, std::vector<state::Entry> found) {
      read.set_value(std::move(found));
    });
    return read.get_future().get();
  }

  core::config::Sink settings_;
  std::unique_ptr<state::Store> store_;
  ScriptedSink* sink_ = nullptr;
  std::unique_ptr<Courier> courier_;
};

TEST_F(CourierTest, BringsWhatWaitsAndForgetsIt) {
  ASSERT_EQ(courier_->start(), "");
  commit({{"a1", "a"}, {"b1", "b"}, {"x", ""}});
  EXPECT_EQ(sink_->taken(3).size(), 3U);
  courier_->stop();
  EXPECT_TRUE(entries(waiting_stream("crm")).empty());
  EXPECT_EQ(courier_->figures().delivered.load(), 3U);
  EXPECT_EQ(courier_->figures().waiting.load(), 0U);
}

TEST_F(CourierTest, CountsWhatIsPutInBesideTheOutboxWhenItIsRead) {
  ASSERT_EQ(courier_->start(), "");
  std::string value;
  core::events::CloudEvent event;
  event.id = "put in";
  core::events::append_stored(value, event);
  state::Batch batch;
  batch.appends.push_back({waiting_stream("crm"), std::string(kUncounted), value});
  std::promise<void> done;
  store_->commit(std::move(batch), [&](state::Failure) { done.set_value(); });
  done.get_future().wait();
  courier_->look();
  EXPECT_EQ(sink_->taken(1), (std::vector<std::string>{"put in"}));
  courier_->stop();
  EXPECT_EQ(courier_->figures().waiting.load(), 0U) << "counted once, and taken off once";
  EXPECT_TRUE(entries(waiting_stream("crm")).empty());
}

TEST_F(CourierTest, KeepsTheOrderOfAKeyWhileItsFirstEventFails) {
  sink_->answer = [](const core::events::CloudEvent& event, int attempt) {
    const bool fails = event.id == "a1" && attempt < 3;
    return fails ? Outcome{Outcome::Result::kFailed, 0, "no"} : Outcome{};
  };
  ASSERT_EQ(courier_->start(), "");
  commit({{"a1", "a"}, {"a2", "a"}});
  commit({{"b1", "b"}, {"a3", "a"}});
  std::vector<std::string> taken = sink_->taken(4);
  std::erase(taken, "b1");
  EXPECT_EQ(taken, (std::vector<std::string>{"a1", "a2", "a3"}));
  EXPECT_EQ(courier_->figures().retried.load(), 2U);
}

TEST_F(CourierTest, BuriesWhatIsNeverTakenAndGoesOn) {
  sink_->answer = [](const core::events::CloudEvent& event, int) {
    if (event.id == "bad") return Outcome{Outcome::Result::kFailed, 0, "no"};
    if (event.id == "gone") return Outcome{Outcome::Result::kRefused, 0, "never"};
    return Outcome{};
  };
  ASSERT_EQ(courier_->start(), "");
  commit({{"bad", "a"}, {"a2", "a"}, {"gone", "a"}, {"a3", "a"}});
  EXPECT_EQ(sink_->taken(2), (std::vector<std::string>{"a2", "a3"}));
  courier_->stop();
  const auto dead = entries(dead_stream("crm"));
  ASSERT_EQ(dead.size(), 2U);
  EXPECT_EQ(dead[0].key, "bad");
  EXPECT_EQ(dead[1].key, "gone");
  EXPECT_TRUE(entries(waiting_stream("crm")).empty());
}

TEST_F(CourierTest, ASinkThatIsAwayCostsNoAttempt) {
  sink_->answer = [](const core::events::CloudEvent&, int attempt) {
    return attempt <= 10 ? Outcome{Outcome::Result::kAway, 1, "away"} : Outcome{};
  };
  ASSERT_EQ(courier_->start(), "");
  commit({{"a1", "a"}});
  EXPECT_EQ(sink_->taken(1).size(), 1U);
  EXPECT_EQ(courier_->figures().dead.load(), 0U);
}

TEST_F(CourierTest, TakesUpWhatWasThereBeforeIt) {
  commit({{"a1", "a"}, {"a2", "a"}});
  auto sink = std::make_unique<ScriptedSink>();
  ScriptedSink& second = *sink;
  second.answer = [](const auto&, int) { return Outcome{}; };
  Courier courier(settings_, std::move(sink), *store_, 1);
  ASSERT_EQ(courier.start(), "");
  EXPECT_EQ(second.taken(2), (std::vector<std::string>{"a1", "a2"}));
  courier.stop();
  EXPECT_EQ(courier.figures().waiting.load(), 0U);
  EXPECT_TRUE(entries(waiting_stream("crm")).empty());
}

TEST_F(CourierTest, MoreThanFitIntoMemoryComeInOrder) {
  std::vector<std::pair<std::string, std::string>> events;
  for (int i = 0; i < 1000; ++i) events.emplace_back("a" + std::to_string(i), "a");
  std::vector<std::string> wanted;
  for (int round = 0; round < 6; ++round) {
    for (auto& [id, key] : events) id = std::to_string(round) + "/" + id.substr(id.find('a'));
    for (const auto& [id, key] : events) wanted.push_back(id);
    commit(events);
  }
  ASSERT_EQ(courier_->start(), "");
  EXPECT_EQ(sink_->taken(wanted.size()), wanted);
}

TEST_F(CourierTest, APurgeThrowsAwayWhatIsNotUnderWay) {
  sink_->answer = [](const auto&, int) { return Outcome{Outcome::Result::kAway, 60'000, "away"}; };
  ASSERT_EQ(courier_->start(), "");
  commit({{"a1", "a"}, {"a2", "a"}, {"x", ""}});
  courier_->purge([](state::Failure failure) { EXPECT_EQ(failure, state::Failure::kNone); });
  while (courier_->figures().purged.load() != 3) std::this_thread::yield();
  courier_->stop();
  EXPECT_TRUE(entries(waiting_stream("crm")).empty());
}

}  // namespace
}  // namespace proxy::events
