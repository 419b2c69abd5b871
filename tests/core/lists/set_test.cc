#include "core/lists/set.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace core::lists {
namespace {

Set set_of(const std::vector<std::string>& texts, std::uint64_t seed = 1) {
  auto builder = Set::Builder::with_room(texts.size(), seed);
  for (const std::string& text : texts) builder->add(text);
  return std::move(*builder).finish();
}

std::string numbered(std::size_t i) { return "user" + std::to_string(i) + "@example.com"; }

TEST(Set, ContainsNothingWhenEmpty) {
  const Set never_built;
  EXPECT_FALSE(never_built.contains("anna@example.com"));
  EXPECT_FALSE(never_built.contains(""));
  never_built.prefetch(never_built.hash("anna@example.com"));
  EXPECT_EQ(never_built.size(), 0u);
  EXPECT_EQ(never_built.bytes(), 0u);

  const Set of_nothing = set_of({});
  EXPECT_FALSE(of_nothing.contains("anna@example.com"));
  EXPECT_EQ(of_nothing.size(), 0u);
}

TEST(Set, ContainsWhatWasAddedAndNothingElse) {
  for (const std::size_t count : {1u, 2u, 7u, 8u, 9u, 40u, 41u, 1000u, 100'000u}) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i) texts.push_back(numbered(i));
    const Set set = set_of(texts);
    EXPECT_EQ(set.size(), count);
    std::size_t found = 0;
    for (const std::string& text : texts) found += set.contains(text);
    EXPECT_EQ(found, count);
    std::size_t strangers = 0;
    for (std::size_t i = count; i < 2 * count + 1000; ++i) strangers += set.contains(numbered(i));
    EXPECT_EQ(strangers, 0u) << count;
  }
}

TEST(Set, CountsATextOnce) {
  const Set set = set_of({"a", "b", "a", "a", "", "b", ""});
  EXPECT_EQ(set.size(), 3u);
  EXPECT_TRUE(set.contains(""));
  EXPECT_TRUE(set.contains("a"));
  EXPECT_FALSE(set.contains("c"));
}

TEST(Set, TakesTheSpaceItSays) {
  // performance.md: 1.1 million entries in 51 MiB is what keeping the texts costs.
  EXPECT_LT(Set::Builder::bytes_for(1'100'000), std::size_t{14} << 20);
  EXPECT_LT(Set::Builder::bytes_for(10'000'000), std::size_t{160'000'000});
  for (const std::size_t capacity : {0u, 1u, 5u, 1000u, 12'345u}) {
    const auto builder = Set::Builder::with_room(capacity, 1);
    ASSERT_TRUE(builder);
  }
  EXPECT_EQ(set_of({"a"}).bytes(), 64u);
  EXPECT_EQ(set_of(std::vector<std::string>(1000, "a")).bytes(), Set::Builder::bytes_for(1000));
}

/// The table in set.h: 1.12 lines. A hundred thousand misses have a standard deviation of 0.002.
TEST(Set, AnswersAMissFromLittleMoreThanOneLine) {
  EXPECT_EQ(Set().lines_of_miss({}), 0u);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 200'000; ++i) texts.push_back(numbered(i));
  const Set set = set_of(texts);
  std::size_t lines = 0;
  for (std::size_t i = 0; i < 100'000; ++i) lines += set.lines_of_miss(set.hash(numbered(~i)));
  EXPECT_NEAR(static_cast<double>(lines) / 100'000, 1.12, 0.02);
}

TEST(Set, ReadsTheNextLineOnlyBehindABucketThatSentAMarkOn) {
  for (const bool rising : {true, false}) {
    auto builder = Set::Builder::with_room(20, 1);  // five buckets
    for (std::uint64_t i = 1; i <= 8; ++i) builder->add(Hash{0, rising ? i : 100 - i});
    EXPECT_EQ(std::move(*builder).finish().lines_of_miss({0, 50}), 1u);

    builder = Set::Builder::with_room(20, 1);
    for (std::uint64_t i = 1; i <= 9; ++i) builder->add(Hash{0, rising ? i : 100 - i});
    EXPECT_EQ(std::move(*builder).finish().lines_of_miss({0, 50}), 2u);
  }
}

TEST(Set, GrowsNotBeyondItsRoom) {
  auto builder = Set::Builder::with_room(20, 1);
  for (std::size_t i = 0; i < 5000; ++i) builder->add(numbered(i));
  const Set set = std::move(*builder).finish();
  EXPECT_EQ(set.size(), 20u);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_TRUE(set.contains(numbered(i)));
  for (std::size_t i = 20; i < 5000; ++i) EXPECT_FALSE(set.contains(numbered(i)));
}

TEST(Set, RefusesACapacityThatNoMachineHas) {
  EXPECT_FALSE(Set::Builder::with_room(static_cast<std::size_t>(-1), 1));
  EXPECT_FALSE(Set::Builder::with_room((std::size_t{1} << 48) + 1, 1));
}

TEST(Set, HoldsAMarkOfZero) {
  auto builder = Set::Builder::with_room(4, 1);
  EXPECT_FALSE(Set(std::move(*Set::Builder::with_room(4, 1)).finish()).contains(Hash{5, 0}));
  builder->add(Hash{5, 0});
  const Set set = std::move(*builder).finish();
  EXPECT_EQ(set.size(), 1u);
  EXPECT_TRUE(set.contains(Hash{5, 0}));
  EXPECT_TRUE(set.contains(Hash{5, 1}));  // 0 is stored as 1
  EXPECT_FALSE(set.contains(Hash{5, 2}));
}

/// Every mark wants the last bucket: the chain runs over the end into the first ones.
TEST(Set, FollowsAChainOfFullBucketsAroundTheEnd) {
  constexpr std::uint64_t kLast = ~std::uint64_t{0};
  for (std::uint64_t count = 1; count <= 100; ++count) {
    auto builder = Set::Builder::with_room(100, 1);  // 21 buckets
    for (std::uint64_t mark = 1; mark <= count; ++mark) builder->add(Hash{kLast, mark * 77});
    for (std::uint64_t mark = 1; mark <= count; ++mark) builder->add(Hash{kLast, mark * 77});
    const Set set = std::move(*builder).finish();
    EXPECT_EQ(set.size(), count);
    for (std::uint64_t mark = 1; mark <= count; ++mark) {
      EXPECT_TRUE(set.contains(Hash{kLast, mark * 77})) << count << " " << mark;
      EXPECT_FALSE(set.contains(Hash{kLast, mark * 77 + 1})) << count << " " << mark;
    }
  }
}

/// Whether a full bucket sent one on is told by the order of its first two marks: it must hold
/// for every order in which marks can arrive.
TEST(Set, FindsWhatAFullBucketSentOnInEveryOrderOfArrival) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 2000; ++round) {
    const std::size_t count = 1 + random() % 60;
    auto builder = Set::Builder::with_room(60, 1);  // 13 buckets, of which three are wanted
    std::vector<Hash> added;
    for (std::size_t i = 0; i < count; ++i) {
      const Hash hash{(random() % 3) << 62, random() % 1000};
      added.push_back(hash);
      builder->add(hash);
    }
    const Set set = std::move(*builder).finish();
    for (const Hash& hash : added) ASSERT_TRUE(set.contains(hash)) << round;
  }
}

TEST(Set, AgreesWithAnOrdinarySetOnRandomTexts) {
  std::mt19937_64 random(9);
  for (int round = 0; round < 50; ++round) {
    std::unordered_set<std::string> expected;
    std::vector<std::string> texts;
    const std::size_t count = random() % 2000;
    for (std::size_t i = 0; i < count; ++i) {
      texts.push_back(std::string(random() % 40, 'a') + std::to_string(random() % 1000));
      expected.insert(texts.back());
    }
    const Set set = set_of(texts, random());
    EXPECT_EQ(set.size(), expected.size());
    for (int i = 0; i < 2000; ++i) {
      const std::string text = std::string(random() % 40, 'a') + std::to_string(random() % 1200);
      ASSERT_EQ(set.contains(text), expected.contains(text)) << text;
    }
  }
}

TEST(Set, LeavesAnEmptySetBehindWhenMoved) {
  Set from = set_of({"a", "b"}, 3);
  Set to = std::move(from);
  EXPECT_TRUE(to.contains("a"));
  EXPECT_FALSE(from.contains("a"));  // NOLINT(bugprone-use-after-move): promised in set.h
  EXPECT_EQ(from.size(), 0u);
  EXPECT_EQ(from.bytes(), 0u);
  from = std::move(to);
  EXPECT_TRUE(from.contains("b"));
  EXPECT_EQ(from.size(), 2u);
}

TEST(Set, AnswersAlikeInOneStepAndInThree) {
  const Set set = set_of({"a", "b"}, 3);
  for (const std::string_view text : {"a", "b", "c", ""}) {
    const Hash hash = set.hash(text);
    set.prefetch(hash);
    EXPECT_EQ(set.contains(hash), set.contains(text));
  }
}

}  // namespace
}  // namespace core::lists
