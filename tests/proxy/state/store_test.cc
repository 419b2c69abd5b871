// What every store promises, whichever it is.
#include "proxy/state/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "stores.h"
#include "waiting.h"

namespace proxy::state {
namespace {

constexpr std::int64_t kLongAgo = 1'000'000, kFarOff = 4'000'000'000;

class AnyStore : public ::testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override {
    store_ = GetParam().open(scratch_);
    if (store_ == nullptr) GTEST_SKIP() << "not to be had here";
  }
  Waiting ask() { return Waiting(*store_); }

  Scratch scratch_;
  std::unique_ptr<Store> store_;
};

TEST_P(AnyStore, ReadsWhatWasWritten) {
  EXPECT_EQ(ask().read("t", "k").second.version, 0u);
  const std::string value("bytes \0 and \xff too", 16);
  ASSERT_EQ(ask().write("t", "k", value, 0), Failure::kNone);
  const auto [failure, record] = ask().read("t", "k");
  EXPECT_EQ(failure, Failure::kNone);
  EXPECT_EQ(record.value, value);
  EXPECT_NE(record.version, 0u);
  EXPECT_EQ(ask().read("other", "k").second.version, 0u);
  EXPECT_EQ(ask().read("t", "K").second.version, 0u);
}

TEST_P(AnyStore, WritesOnlyWhatHasTheExpectedVersion) {
  ASSERT_EQ(ask().write("t", "k", "one", 0), Failure::kNone);
  EXPECT_EQ(ask().write("t", "k", "two", 0), Failure::kConflict);
  const std::uint64_t first = ask().read("t", "k").second.version;
  EXPECT_EQ(ask().write("t", "k", "two", first + 1), Failure::kConflict);
  EXPECT_EQ(ask().write("t", "k", "two", first), Failure::kNone);
  EXPECT_EQ(ask().write("t", "k", "three", first), Failure::kConflict);
  EXPECT_EQ(ask().read("t", "k").second.value, "two");
  EXPECT_GT(ask().read("t", "k").second.version, first);
  EXPECT_EQ(ask().write("t", "k", "four", kAnyVersion), Failure::kNone);
  EXPECT_EQ(ask().write("t", "new", "five", kAnyVersion), Failure::kNone);
  EXPECT_EQ(ask().write("t", "absent", "six", 7), Failure::kConflict);
}

TEST_P(AnyStore, ErasedAndMadeAgainIsAnotherRecord) {
  ASSERT_EQ(ask().write("t", "k", "one", 0), Failure::kNone);
  const std::uint64_t first = ask().read("t", "k").second.version;
  EXPECT_EQ(ask().erase("t", "k", first + 1), Failure::kConflict);
  EXPECT_EQ(ask().erase("t", "k", first), Failure::kNone);
  EXPECT_EQ(ask().read("t", "k").second.version, 0u);
  EXPECT_EQ(ask().erase("t", "k", kAnyVersion), Failure::kNone);
  ASSERT_EQ(ask().write("t", "k", "two", 0), Failure::kNone);
  EXPECT_GT(ask().read("t", "k").second.version, first);
}

TEST_P(AnyStore, DoesAllOfABatchOrNothing) {
  ASSERT_EQ(ask().write("t", "b", "old", 0), Failure::kNone);
  EXPECT_EQ(ask().commit({{{"t", "a", "new", 0, 0, false}, {"t", "b", "new", 0, 0, false}},
                          {{"s", "k", "entry"}}}),
            Failure::kConflict);
  EXPECT_EQ(ask().read("t", "a").second.version, 0u);
  EXPECT_TRUE(ask().stream("s").empty());
  const std::uint64_t old = ask().read("t", "b").second.version;
  EXPECT_EQ(ask().commit({{{"t", "a", "new", 0, 0, false}, {"t", "b", "", old, 0, true}},
                          {{"s", "k", "entry"}, {"s", "l", "another"}, {"r", "k", "elsewhere"}}}),
            Failure::kNone);
  EXPECT_EQ(ask().read("t", "a").second.value, "new");
  EXPECT_EQ(ask().read("t", "b").second.version, 0u);
  const std::vector<Entry> entries = ask().stream("s");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].value, "entry");
  EXPECT_EQ(entries[1].key, "l");
  EXPECT_EQ(ask().stream("r").size(), 1u);
}

TEST_P(AnyStore, WhatHasExpiredIsNotThere) {
  ASSERT_EQ(ask().write("t", "gone", "x", 0, kLongAgo), Failure::kNone);
  ASSERT_EQ(ask().write("t", "here", "x", 0, kFarOff), Failure::kNone);
  EXPECT_EQ(ask().read("t", "gone").second.version, 0u);
  EXPECT_NE(ask().read("t", "here").second.version, 0u);
  const auto rows = ask().scan("t");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].key, "here");
  EXPECT_EQ(ask().write("t", "gone", "y", 0, kFarOff), Failure::kNone);
  EXPECT_EQ(ask().read("t", "gone").second.value, "y");
  const std::uint64_t version = ask().read("t", "gone").second.version;
  EXPECT_EQ(ask().write("t", "gone", "z", version), Failure::kNone);  // and now it stays
  EXPECT_EQ(ask().read("t", "gone").second.value, "z");
}

TEST_P(AnyStore, ScansByKeyAndPageByPage) {
  std::vector<std::string> keys;
  for (const char* key : {"b", "a", "\xc3\xa9", "B", "a b", "aa"}) {
    ASSERT_EQ(ask().write("t", key, std::string("of ") + key, 0), Failure::kNone);
  }
  ASSERT_EQ(ask().write("t2", "other", "x", 0), Failure::kNone);
  std::string after;
  while (true) {
    const std::vector<Row> page = ask().scan("t", after, 2);
    if (page.empty()) break;
    ASSERT_LE(page.size(), 2u);
    for (const Row& row : page) {
      EXPECT_EQ(row.record.value, "of " + row.key);
      EXPECT_NE(row.record.version, 0u);
      keys.push_back(row.key);
    }
    after = page.back().key;
  }
  EXPECT_THAT(keys, ::testing::ElementsAre("B", "a", "a b", "aa", "b", "\xc3\xa9"));
}

TEST_P(AnyStore, StreamsKeepTheirOrderAndForgetWhatWasDelivered) {
  for (int i = 0; i < 6; ++i) ASSERT_EQ(ask().append("s", "k", std::to_string(i)), Failure::kNone);
  std::vector<Entry> entries = ask().stream("s", 0, 4);
  ASSERT_EQ(entries.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(entries[i].value, std::to_string(i));
  for (std::size_t i = 1; i < 4; ++i) EXPECT_GT(entries[i].number, entries[i - 1].number);
  const std::uint64_t second = entries[1].number, fourth = entries[3].number;
  entries = ask().stream("s", fourth);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].value, "4");
  const std::uint64_t last = entries[1].number;

  EXPECT_EQ(ask().trim("s", second, {fourth, 999999}), Failure::kNone);
  entries = ask().stream("s");
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].value, "2");
  EXPECT_EQ(entries[1].value, "4");
  const StreamSize size = ask().measure("s");
  EXPECT_EQ(size.entries, 3u);
  EXPECT_EQ(size.first, entries[0].number);
  EXPECT_EQ(size.last, last);

  EXPECT_EQ(ask().trim("s", last, {}), Failure::kNone);
  EXPECT_EQ(ask().measure("s").entries, 0u);
  EXPECT_EQ(ask().measure("s").first, 0u);
  ASSERT_EQ(ask().append("s", "k", "after"), Failure::kNone);
  EXPECT_GT(ask().stream("s").at(0).number, last);  // no number twice
}

TEST_P(AnyStore, RefusesWhatIsTooLarge) {
  EXPECT_EQ(ask().write("t", "k", std::string(kValueBytesMax, 'x'), 0), Failure::kNone);
  EXPECT_EQ(ask().write("t", "l", std::string(kValueBytesMax + 1, 'x'), 0), Failure::kTooLarge);
  EXPECT_EQ(ask().write("t", std::string(kKeyBytesMax + 1, 'x'), "", 0), Failure::kTooLarge);
  EXPECT_EQ(ask().append("s", "k", std::string(kValueBytesMax + 1, 'x')), Failure::kTooLarge);
  Batch many;
  many.appends.resize(kBatchItemsMax + 1, {"s", "k", "v"});
  EXPECT_EQ(ask().commit(many), Failure::kTooLarge);
  EXPECT_TRUE(ask().stream("s").empty());
  EXPECT_EQ(ask().read("t", "k").second.value.size(), kValueBytesMax);
}

TEST_P(AnyStore, ManyThreadsCountTogetherWithoutLosingOne) {
  constexpr int kThreads = 4, kEach = 25;
  std::atomic<int> conflicts = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this, &conflicts] {
      for (int i = 0; i < kEach; ++i) {
        while (true) {
          const Record record = ask().read("t", "count").second;
          const int count = record.version == 0 ? 0 : std::stoi(record.value);
          const Failure failure = ask().commit(
              {{{"t", "count", std::to_string(count + 1), record.version, 0, false}}, {{"s", "k", "one"}}});
          if (failure == Failure::kNone) break;
          ASSERT_EQ(failure, Failure::kConflict);
          ++conflicts;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ask().read("t", "count").second.value, std::to_string(kThreads * kEach));
  EXPECT_EQ(ask().measure("s").entries, static_cast<std::uint64_t>(kThreads * kEach));
}

TEST_P(AnyStore, AnswersEverythingOnceEvenWhileItCloses) {
  std::atomic<int> kept = 0, ending = 0, other = 0;
  constexpr int kAsked = 200;
  for (int i = 0; i < kAsked; ++i) {
    store_->commit({{{"t", std::to_string(i), "x", 0, 0, false}}, {}}, [&](Failure failure) {
      ++(failure == Failure::kNone ? kept : failure == Failure::kEnding ? ending : other);
    });
    if (i == kAsked / 2) store_->close();
  }
  EXPECT_EQ(kept + ending, kAsked);
  EXPECT_GE(ending.load(), kAsked / 2 - 1);
  EXPECT_EQ(other.load(), 0);
  EXPECT_EQ(ask().read("t", "0").first, Failure::kEnding);
}

TEST_P(AnyStore, HasEverythingAgainWhenItIsOpenedAgain) {
  if (!GetParam().outlives) GTEST_SKIP() << "memory";
  ASSERT_EQ(ask().write("t", "k", "one", 0), Failure::kNone);
  ASSERT_EQ(ask().append("s", "k", "entry"), Failure::kNone);
  const Record record = ask().read("t", "k").second;
  const std::uint64_t number = ask().stream("s").at(0).number;
  ASSERT_EQ(ask().erase("t", "k", record.version), Failure::kNone);
  ASSERT_EQ(ask().trim("s", number, {}), Failure::kNone);
  ASSERT_EQ(ask().write("t", "l", "two", 0), Failure::kNone);
  store_.reset();
  store_ = GetParam().open(scratch_);
  ASSERT_NE(store_, nullptr);
  EXPECT_EQ(ask().read("t", "l").second.value, "two");
  ASSERT_EQ(ask().write("t", "k", "again", 0), Failure::kNone);
  EXPECT_GT(ask().read("t", "k").second.version, record.version);
  ASSERT_EQ(ask().append("s", "k", "later"), Failure::kNone);
  EXPECT_GT(ask().stream("s").at(0).number, number);
}

TEST_P(AnyStore, CountsWhatItDoes) {
  ASSERT_EQ(ask().write("t", "k", "one", 0), Failure::kNone);
  ASSERT_EQ(ask().write("t", "k", "two", 0), Failure::kConflict);
  ask().read("t", "k");
  const Counters& counters = store_->counters();
  EXPECT_EQ(counters.commits.load(), 1u);
  EXPECT_EQ(counters.reads.load(), 1u);
  EXPECT_EQ(counters.failures[static_cast<std::size_t>(Failure::kConflict)].load(), 1u);
  EXPECT_EQ(counters.health.load(), Failure::kNone);
  EXPECT_EQ(counters.waiting.load(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Stores, AnyStore, ::testing::ValuesIn(store_kinds()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace proxy::state
