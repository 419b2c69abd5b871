// This file replaces operator new for the whole test program, so that it can tell on which thread something
// large is made.
#include "proxy/lists/keeper.h"

#include <gtest/gtest.h>
#include <uv.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/lists/compiled.h"
#include "proxy/lists/pages.h"
#include "tests/proxy/lists/scratch.h"
#include "tests/replaced_new.h"

namespace {
thread_local std::size_t largest_block = 0;  // that this thread has asked for
}

void* tests::take(std::size_t size) noexcept {
  largest_block = std::max(largest_block, size);
  return take_from_malloc(size);
}

namespace proxy::lists {
namespace {

using core::lists::Step;
using core::lists::List;
using core::lists::Match;

/// What has been freed, and by whom.
struct Freed {
  std::atomic<bool> done{false};
  std::thread::id by;

  std::shared_ptr<const void> owner(std::shared_ptr<const void> inner) {
    return {inner.get(), [this, inner](const void*) {
              by = std::this_thread::get_id();
              done.store(true, std::memory_order_release);
            }};
  }
};

/// A list of made-up addresses whose memory says who frees it.
std::shared_ptr<const List> watched(Freed& freed, std::size_t entries) {
  std::string text;
  for (std::size_t i = 0; i < entries; ++i) text += "person" + std::to_string(i) + "@one.example\n";
  const auto built = std::make_shared<const List>(List::parse(text, Match::kEmail, 7));
  core::lists::Set set = core::lists::Set::over(built->set().bucket_bytes(), built->size(), 7,
                                                freed.owner(built)).value();
  List::Parts parts{std::move(set), 7, built->shortest(), built->longest(),
                    built->label_counts(), Match::kEmail, 0};
  return std::make_shared<const List>(List::from(std::move(parts)));
}

/// A loop with a keeper, and a thread that stands for a worker: it holds a table until it is handed
/// the next one, as a gate does.
class House {
 public:
  /// `state` is where live changes are kept, or empty.
  explicit House(std::string state = "") {
    EXPECT_EQ(uv_loop_init(&loop_), 0);
    keeper_ = std::make_unique<Keeper>(loop_, std::move(state), [this](const Keeper::Table& table) {
      published_ = table;
    });
    EXPECT_EQ(keeper_->open(), "");
    keeper_->start();
  }
  ~House() {
    keeper_->stop();
    uv_run(&loop_, UV_RUN_DEFAULT);
    keeper_.reset();
    while (uv_loop_close(&loop_) == UV_EBUSY) uv_run(&loop_, UV_RUN_NOWAIT);
  }
  Keeper::Table take_up(std::shared_ptr<const List> list, const std::string& path,
                        std::chrono::milliseconds reload) {
    auto read = std::make_shared<core::lists::Table>();
    read->emplace_back(std::move(list));
    Source source;
    source.definition = {"people", Definition::Kind::kFile, path, {}, Match::kEmail, reload};
    std::string failure;
    std::vector<std::string> remarks;
    Keeper::Table table = keeper_->take_up(Keeper::Table(std::move(read)), {source}, {}, failure, remarks);
    EXPECT_EQ(failure, "");
    return table;
  }
  /// Turns the loop until `done`, with an end.
  bool turn_until(const std::function<bool()>& done) {
    for (const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
         !done() && std::chrono::steady_clock::now() < end;) {
      uv_run(&loop_, UV_RUN_ONCE);  // the keeper's timer ends the wait
    }
    return done();
  }
  /// What the list that is published has become, or one that has nothing.
  bool has(std::string_view value) {
    return published_ != nullptr && (*published_)[0].contains(value);
  }
  Keeper& keeper() { return *keeper_; }
  Keeper::Table& published() { return published_; }

 private:
  uv_loop_t loop_;
  std::unique_ptr<Keeper> keeper_;
  Keeper::Table published_;
};

TEST(Keeper, FreesAListThatWasReplacedNeitherOnItsLoopNorOnTheWorkerThatUsedItLast) {
  const Scratch directory;
  const std::string path = directory / "people.txt";
  write(path, "a@two.example\nb@two.example\n");
  Freed freed;
  House house;
  std::atomic<const core::lists::Table*> seen{nullptr};
  std::atomic<bool> release{false};
  // 200,000 entries: some MiB, so that its pages are given back before.
  std::thread worker([&seen, &release, held = house.take_up(watched(freed, 200'000), path,
                                                            std::chrono::milliseconds(1))]() mutable {
    seen = held.get();
    while (!release.load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_TRUE((*held)[0].contains("person199999@one.example"));
    held.reset();
  });
  const std::thread::id worker_id = worker.get_id();
  EXPECT_TRUE(house.turn_until([&] { return house.published() != nullptr; }));
  EXPECT_TRUE((*house.published())[0].contains("b@two.example"));
  for (int i = 0; i < 4; ++i) house.turn_until([turns = 0]() mutable { return ++turns > 3; });
  EXPECT_FALSE(freed.done.load()) << "a worker still uses it";
  release = true;
  EXPECT_TRUE(house.turn_until([&] { return freed.done.load(std::memory_order_acquire); }));
  worker.join();
  EXPECT_NE(freed.by, std::this_thread::get_id());
  EXPECT_NE(freed.by, worker_id);
}

TEST(Keeper, FreesWhatAConfigurationLeavesBehindOffTheLoop) {
  const Scratch directory;
  write(directory / "people.txt", "a@two.example\n");
  Freed lists, snapshot;
  House house;
  house.take_up(watched(lists, 10), directory / "people.txt", std::chrono::milliseconds(0));
  house.take_up(std::make_shared<const List>(List::of({"c@x.example"}, Match::kEmail, 1)),
                directory / "people.txt", std::chrono::milliseconds(0));
  house.keeper().retire(snapshot.owner(std::make_shared<const int>(1)));
  const auto gone = [](const Freed& freed) { return freed.done.load(std::memory_order_acquire); };
  EXPECT_TRUE(house.turn_until([&] { return gone(lists) && gone(snapshot); }));
  EXPECT_NE(lists.by, std::this_thread::get_id());
  EXPECT_NE(snapshot.by, std::this_thread::get_id());
}

/// Entries of a file that stand for a list's source.
constexpr const char* kBefore = "source@one.example\ngone@one.example\n";
constexpr const char* kAfter = "source@two.example\ngone@one.example\nlonger@two.example\n";

std::shared_ptr<const List> list_of(std::string_view text) {
  return std::make_shared<const List>(List::parse(text, Match::kEmail, 7));
}

// Nearly as many live changes as a list may have: there is room for some more.
constexpr std::size_t kMany = Keeper::kChangesMax - 10;
const std::string kLast = "live" + std::to_string(kMany - 1) + "@x.example";

/// The steps look into `values`.
struct ManyChanges {
  std::vector<std::string> values;
  std::vector<Step> steps;
  explicit ManyChanges(std::int64_t expires_s) {
    values.reserve(kMany);
    steps.push_back({Step::Kind::kRemove, 1, 0, "gone@one.example"});
    for (std::size_t i = 1; i < kMany; ++i) {
      values.push_back("live" + std::to_string(i) + "@x.example");
      steps.push_back({Step::Kind::kAdd, 1, expires_s, values.back()});
    }
  }
};

/// A list in a file with many live changes, in force.
struct ChangedHouse {
  const Scratch directory;
  const std::string path = directory / "people.txt";
  House house{directory / "state"};

  explicit ChangedHouse(std::chrono::milliseconds reload, std::int64_t expires_s = 0) {
    write(path, kBefore);
    house.take_up(list_of(kBefore), path, reload);
    const ManyChanges many(expires_s);
    EXPECT_EQ(house.keeper().change(0, many.steps), "");
    EXPECT_TRUE(house.has("live1@x.example"));
  }
  std::string forget(std::string_view value) {
    return house.keeper().change(0, {{Step::Kind::kForget, 2, 0, value}});
  }
};

// A merge makes blocks that are much larger: of 16 bytes for each change, for one.
constexpr std::size_t kSmallBytes = 64 << 10;

TEST(Keeper, PutsLiveChangesOverAListThatWasReadAgainOffTheLoop) {
  ChangedHouse changed(std::chrono::milliseconds(1));
  House& house = changed.house;
  largest_block = 0;
  EXPECT_NE(house.keeper().changes(0)->over(house.keeper().now(0).source(), 1), nullptr);
  ASSERT_GT(largest_block, std::size_t{1} << 20) << "the measure must see a merge where there is one";

  largest_block = 0;
  write(changed.path, kAfter);
  EXPECT_TRUE(house.turn_until([&] { return house.has("source@two.example"); }));
  EXPECT_LT(largest_block, kSmallBytes) << "it was merged here";
  EXPECT_TRUE(house.has("live1@x.example"));
  EXPECT_TRUE(house.has(kLast));
  EXPECT_FALSE(house.has("gone@one.example"));
  EXPECT_FALSE(house.has("source@one.example"));
  EXPECT_EQ(house.keeper().states()[0].entries, kMany + 1);
}

TEST(Keeper, AChangeMadeDuringAMergeIsInForceAtOnceAndAfterIt) {
  ChangedHouse changed(std::chrono::milliseconds(1));
  House& house = changed.house;
  ASSERT_EQ(changed.forget("live1@x.example"), "");
  write(changed.path, kAfter);
  // A change after each turn, some of them while the merge is under way; more of them than there are rounds.
  bool forgotten = false;
  const bool read = house.turn_until([&] {
    forgotten = !forgotten;
    const Step step{forgotten ? Step::Kind::kForget : Step::Kind::kAdd, 2, 0, "live2@x.example"};
    EXPECT_EQ(house.keeper().change(0, {step}), "");
    EXPECT_EQ(house.has("live2@x.example"), !forgotten);
    return house.has("source@two.example");
  });
  EXPECT_TRUE(read) << "changes must not keep a list from being read";
  EXPECT_EQ(house.has("live2@x.example"), !forgotten);
  EXPECT_FALSE(house.has("live1@x.example"));
  EXPECT_FALSE(house.has("gone@one.example"));
}

TEST(Keeper, TakesOutWhatHasExpiredOffTheLoop) {
  // What the admin address would not take: they expire at the first tick.
  ChangedHouse changed(std::chrono::milliseconds(0), now_s() - 1);
  House& house = changed.house;
  largest_block = 0;
  EXPECT_TRUE(house.turn_until([&] { return !house.has("live1@x.example"); }));
  EXPECT_LT(largest_block, kSmallBytes);
  EXPECT_FALSE(house.has(kLast));
  EXPECT_FALSE(house.has("gone@one.example")) << "a removal does not expire";
  EXPECT_EQ(house.keeper().changes(0)->size(), 1u);
  EXPECT_EQ(house.keeper().states()[0].entries, 1u);
}

TEST(Keeper, TakesUpWhatAnotherThreadHasMergedUnlessItWasChangedSince) {
  ChangedHouse changed(std::chrono::milliseconds(0));
  Keeper& keeper = changed.house.keeper();
  const auto reload = [&](const std::function<void()>& meanwhile) {
    Source source;
    source.definition = {"people", Definition::Kind::kFile, changed.path, {}, Match::kEmail,
                         std::chrono::milliseconds(0)};
    auto read = std::make_shared<core::lists::Table>();
    read->emplace_back(list_of(kAfter));
    Keeper::Standing standing = keeper.standing();
    Keeper::Table merged;
    std::thread other([&] { merged = Keeper::merge(read, {source}, standing); });
    other.join();
    meanwhile();
    std::string failure;
    std::vector<std::string> remarks;
    largest_block = 0;
    return keeper.take_up(merged, {source}, standing, failure, remarks);
  };
  Keeper::Table table = reload([] {});
  EXPECT_LT(largest_block, kSmallBytes);
  EXPECT_TRUE((*table)[0].contains(kLast));
  EXPECT_TRUE((*table)[0].contains("longer@two.example"));
  EXPECT_FALSE((*table)[0].contains("gone@one.example"));
  table = reload([&] { EXPECT_EQ(changed.forget("gone@one.example"), ""); });
  EXPECT_TRUE((*table)[0].contains("gone@one.example")) << "the last change is in force";
  EXPECT_TRUE((*table)[0].contains(kLast));
}

TEST(GiveBack, TakesWholePagesAndNothingBesideThem) {
  constexpr std::size_t kBytes = std::size_t{5} << 20;
  std::vector<char> memory(kBytes, 'x');
  constexpr std::size_t kBegin = 4097, kEnd = kBytes - 4097;
  give_back(memory.data() + kBegin, kEnd - kBegin);
  for (std::size_t i = 0; i < kBytes; ++i) {
    const bool outside = i < kBegin || i >= kEnd;
    ASSERT_TRUE(!outside || memory[i] == 'x') << i;
  }
  EXPECT_EQ(memory[kBytes / 2], 0);
  give_back(nullptr, 0);
  std::vector<char> small(100'000, 'y');
  give_back(small.data(), small.size());
  EXPECT_EQ(small[50'000], 'y');
}

}  // namespace
}  // namespace proxy::lists
