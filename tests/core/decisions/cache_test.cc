#include "core/decisions/cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace core::decisions {
namespace {

using State = Cache::State;

Key key_of(std::uint64_t number) {
  KeyHash hash(Seed{1, 2});
  hash.add_number(number);
  return hash.finish();
}

class DecisionCache : public ::testing::Test {
 protected:
  Cache::Found find(std::uint64_t number, std::uint64_t now_ms) {
    arena_.reset();
    return cache_.find(key_of(number), now_ms, arena_);
  }
  bool put(std::uint64_t number, std::string_view decision, Lifetime lifetime,
           std::uint64_t now_ms) {
    return cache_.put(key_of(number), decision, lifetime, now_ms);
  }
  Cache cache_{4 << 20};
  Arena arena_{1 << 20};
};

TEST_F(DecisionCache, GivesBackWhatWasPutUntilItsTime) {
  EXPECT_EQ(find(1, 0).state, State::kMissing);
  ASSERT_TRUE(put(1, "yes", {1'000, 0, 0}, 100));
  EXPECT_EQ(find(1, 100).state, State::kFresh);
  const Cache::Found last = find(1, 1'099);
  EXPECT_EQ(last.state, State::kFresh);
  EXPECT_EQ(last.decision, "yes");
  EXPECT_EQ(last.left_ms, 1u);
  EXPECT_EQ(find(1, 1'100).state, State::kMissing);
  EXPECT_EQ(find(2, 100).state, State::kMissing);
}

TEST_F(DecisionCache, TellsStaleOnesAndAsksOneCallerForANewOne) {
  ASSERT_TRUE(put(1, "old", {1'000, 60'000, 0}, 0));
  const Cache::Found first = find(1, 1'000);
  EXPECT_EQ(first.state, State::kStale);
  EXPECT_EQ(first.decision, "old");
  EXPECT_TRUE(first.refresh);
  EXPECT_FALSE(find(1, 1'001).refresh);
  EXPECT_FALSE(find(1, 999 + Cache::kRefreshMs).refresh);
  EXPECT_TRUE(find(1, 1'000 + Cache::kRefreshMs).refresh) << "the first one never came back";
  EXPECT_EQ(find(1, 60'999).state, State::kStale);
  EXPECT_EQ(find(1, 61'000).state, State::kMissing);
  ASSERT_TRUE(put(1, "new", {1'000, 0, 0}, 61'000));
  EXPECT_EQ(find(1, 61'000).decision, "new");
}

TEST_F(DecisionCache, LeavesABackendThatCouldNotSettleItAlone) {
  cache_.put_unresolved(key_of(1), 5'000, 0);
  EXPECT_EQ(find(1, 4'999).state, State::kUnresolved);
  EXPECT_EQ(find(1, 5'000).state, State::kMissing);
  // A stale decision is told all the same, and nobody is sent to renew it.
  ASSERT_TRUE(put(2, "old", {1'000, 60'000, 0}, 0));
  cache_.put_unresolved(key_of(2), 5'000, 1'000);
  const Cache::Found found = find(2, 2'000);
  EXPECT_EQ(found.state, State::kStale);
  EXPECT_FALSE(found.refresh);
  EXPECT_TRUE(find(2, 6'000).refresh);
  // A decision ends it.
  ASSERT_TRUE(put(1, "yes", {1'000, 0, 0}, 4'000));
  EXPECT_EQ(find(1, 4'001).state, State::kFresh);
  cache_.put_unresolved(key_of(3), 0, 0);
  EXPECT_EQ(find(3, 0).state, State::kMissing);
}

TEST_F(DecisionCache, ShortensLifetimesByAtMostTheJitter) {
  constexpr std::uint64_t kFresh = 100'000;
  std::uint64_t least = kFresh, most = 0;
  for (std::uint64_t i = 0; i < 500; ++i) {
    ASSERT_TRUE(put(i, "x", {kFresh, 0, 0.1}, 7));
    const std::uint64_t left = find(i, 7).left_ms;
    least = std::min(least, left);
    most = std::max(most, left);
  }
  EXPECT_GE(least, kFresh * 9 / 10);
  EXPECT_LT(least, kFresh * 92 / 100);
  EXPECT_LE(most, kFresh);
  EXPECT_GT(most, kFresh * 98 / 100);
}

TEST_F(DecisionCache, KeepsNothingThatHasNoLifetimeOrIsTooLarge) {
  EXPECT_FALSE(put(1, "x", {0, 0, 0}, 0));
  EXPECT_FALSE(put(1, std::string(1 << 20, 'x'), {1'000, 0, 0}, 0));
  EXPECT_EQ(cache_.figures().entries, 0u);
  Cache none(0);
  EXPECT_FALSE(none.put(key_of(1), "x", {1'000, 0, 0}, 0));
  EXPECT_EQ(none.find(key_of(1), 0, arena_).state, State::kMissing);
}

TEST_F(DecisionCache, AnswersMissingWhenTheArenaIsFull) {
  ASSERT_TRUE(put(1, std::string(100, 'x'), {1'000, 0, 0}, 0));
  Arena small(50);
  EXPECT_EQ(cache_.find(key_of(1), 0, small).state, State::kMissing);
  EXPECT_TRUE(small.exhausted());
}

TEST_F(DecisionCache, ForgetsWhatIsErased) {
  ASSERT_TRUE(put(1, "x", {1'000, 0, 0}, 0));
  ASSERT_TRUE(put(2, "y", {1'000, 0, 0}, 0));
  EXPECT_TRUE(cache_.erase(key_of(1)));
  EXPECT_FALSE(cache_.erase(key_of(1)));
  EXPECT_EQ(find(1, 0).state, State::kMissing);
  EXPECT_EQ(find(2, 0).state, State::kFresh);
  cache_.clear();
  EXPECT_EQ(find(2, 0).state, State::kMissing);
  const CacheFigures figures = cache_.figures();
  EXPECT_EQ(figures.entries, 0u);
  EXPECT_EQ(figures.bytes, 0u);
  EXPECT_EQ(figures.deletions, 2u);
}

TEST_F(DecisionCache, InspectsWithoutATrace) {
  ASSERT_TRUE(put(1, "old", {1'000, 60'000, 0}, 0));
  EXPECT_TRUE(cache_.peek(key_of(1), 2'000, arena_).refresh);
  EXPECT_TRUE(find(1, 2'000).refresh) << "the look before has taken nobody's turn";
  EXPECT_EQ(cache_.figures().hits, 0u);
}

TEST_F(DecisionCache, StaysWithinItsBytes) {
  const std::string decision(200, 'd');
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(put(i, decision, {1'000'000, 0, 0}, 0));
    if (i % 1'000 == 0) {
      ASSERT_LE(cache_.figures().bytes, cache_.bytes_max());
    }
  }
  const CacheFigures figures = cache_.figures();
  EXPECT_LE(figures.bytes, cache_.bytes_max());
  EXPECT_GT(figures.bytes, cache_.bytes_max() * 8 / 10);
  EXPECT_EQ(figures.insertions, 100'000u);
  EXPECT_EQ(figures.entries + figures.evictions, 100'000u);
}

TEST_F(DecisionCache, ThrowsOutWhatIsDeadBeforeWhatIsNot) {
  const std::string decision(200, 'd');
  for (std::uint64_t i = 0; i < 100'000; ++i) ASSERT_TRUE(put(i, decision, {10, 0, 0}, i));
  EXPECT_EQ(cache_.figures().evictions, 0u);
  EXPECT_GT(cache_.figures().expirations, 80'000u);
}

// People who come once pass through; those who come again stay.
TEST_F(DecisionCache, KeepsItsRegularsThroughAScan) {
  const std::string decision(200, 'd');
  constexpr std::uint64_t kRegulars = 2'000;
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t i = 0; i < kRegulars; ++i) {
      if (find(i, 0).state == State::kMissing) put(i, decision, {1'000'000, 0, 0}, 0);
    }
  }
  for (std::uint64_t i = 1'000'000; i < 1'100'000; ++i) put(i, decision, {1'000'000, 0, 0}, 0);
  std::uint64_t kept = 0;
  for (std::uint64_t i = 0; i < kRegulars; ++i) kept += find(i, 0).state == State::kFresh ? 1 : 0;
  EXPECT_GT(kept, kRegulars * 95 / 100);
}

TEST_F(DecisionCache, IsSharedByThreads) {
  std::atomic<bool> wrong{false};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      Arena arena(1 << 16);
      std::uint64_t random = 88172645463325252ULL + t;
      for (int i = 0; i < 20'000; ++i) {
        random ^= random << 13U;
        random ^= random >> 7U;
        random ^= random << 17U;
        const std::uint64_t number = random % 500;
        arena.reset();
        const std::string decision = "decision " + std::to_string(number);
        const Cache::Found found = cache_.find(key_of(number), 0, arena);
        if (found.state == State::kFresh && found.decision != decision) wrong = true;
        if (random % 5 == 0) cache_.put(key_of(number), decision, {1'000, 0, 0}, 0);
        if (random % 50 == 1) cache_.erase(key_of(number));
        if (random % 50 == 2) cache_.put_unresolved(key_of(number), 5, 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(wrong);
}

}  // namespace
}  // namespace core::decisions
