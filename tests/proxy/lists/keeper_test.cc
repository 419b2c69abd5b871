#include "proxy/lists/keeper.h"

#include <gtest/gtest.h>
#include <uv.h>

#include <atomic>
#include <chrono>
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

namespace proxy::lists {
namespace {

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
  House() {
    EXPECT_EQ(uv_loop_init(&loop_), 0);
    keeper_ = std::make_unique<Keeper>(loop_, "", [this](const Keeper::Table& table) {
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
    Keeper::Table table = keeper_->take_up(Keeper::Table(std::move(read)), {source}, failure, remarks);
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
