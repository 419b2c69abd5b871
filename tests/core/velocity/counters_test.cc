#include "core/velocity/counters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <thread>
#include <vector>

namespace core::velocity {
namespace {

Key key_of(std::uint64_t number) {
  decisions::KeyHash hash(decisions::Seed{1, 2});
  hash.add_number(number);
  return hash.finish();
}

Question attempt(std::uint64_t counter, std::uint64_t request, std::uint32_t at_most = 3,
                 std::uint64_t window_ms = 1'000) {
  Question question;
  question.counter = key_of(counter);
  question.request = key_of(1'000'000 + request);
  question.window_ms = window_ms;
  question.at_most = at_most;
  question.repeat_ms = 100;
  question.look_for_repeat = true;
  return question;
}

Question account(std::uint64_t counter, std::uint64_t request, std::uint32_t at_most = 3,
                 std::uint64_t window_ms = 1'000) {
  Question question = attempt(counter, request, at_most, window_ms);
  question.counts_when_over = false;
  return question;
}

TEST(Counters, SayWhatIsOverWithinASlidingWindow) {
  Counters counters(1 << 20);
  EXPECT_FALSE(counters.count(attempt(1, 1), 10).over);
  EXPECT_FALSE(counters.count(attempt(1, 2), 500).over);
  EXPECT_FALSE(counters.count(attempt(1, 3), 900).over);
  EXPECT_FALSE(counters.count(attempt(2, 4), 900).over) << "another key is another counter";
  EXPECT_TRUE(counters.count(account(1, 5), 1'009).over);
  const Counted fourth = counters.count(account(1, 6), 1'010);
  EXPECT_FALSE(fourth.over) << "the first one has left just now";
  EXPECT_EQ(fourth.before, 2u);
  EXPECT_TRUE(counters.count(account(1, 7), 1'010).over);
  EXPECT_FALSE(counters.count(account(1, 8), 1'500).over);
}

TEST(Counters, AttemptsCountThoughTheyAreOverAndAccountsDoNot) {
  Counters counters(1 << 20);
  for (std::uint64_t i = 0; i < 10; ++i) {
    EXPECT_EQ(counters.count(attempt(1, i, 2), 100 * i).over, i >= 2) << i;
    EXPECT_EQ(counters.count(account(2, i, 2), 100 * i).over, i >= 2) << i;
  }
  EXPECT_TRUE(counters.count(attempt(1, 20, 2), 1'150).over);
  EXPECT_FALSE(counters.count(account(2, 21, 2), 1'150).over);
}

TEST(Counters, ARequestThatIsRepeatedIsToldTheSameAndCountedOnce) {
  Counters counters(1 << 20);
  EXPECT_FALSE(counters.count(attempt(1, 1, 1), 0).repeated);
  const Counted again = counters.count(attempt(1, 1, 1), 99);
  EXPECT_TRUE(again.repeated);
  EXPECT_FALSE(again.over);
  EXPECT_TRUE(counters.count(attempt(1, 2, 1), 99).over);
  const Counted over_again = counters.count(attempt(1, 2, 1), 198);
  EXPECT_TRUE(over_again.repeated);
  EXPECT_TRUE(over_again.over);
  EXPECT_FALSE(counters.count(attempt(1, 2, 1), 199).repeated);
  Question not_looked_for = attempt(1, 2, 1);
  not_looked_for.look_for_repeat = false;
  EXPECT_FALSE(counters.count(not_looked_for, 200).repeated);
}

TEST(Counters, WhatIsTakenBackMakesRoomAndIsCountedWhenItComesAgain) {
  Counters counters(1 << 20);
  const Counted first = counters.count(account(1, 1, 1), 5);
  ASSERT_NE(first.stamp, 0u);
  EXPECT_TRUE(counters.count(account(1, 2, 1), 6).over);
  counters.take_back(key_of(1), key_of(1'000'001), first.stamp);
  EXPECT_FALSE(counters.count(account(1, 1, 1), 7).repeated);
  EXPECT_TRUE(counters.count(account(1, 3, 1), 8).over);
  counters.take_back(key_of(9), key_of(9), 7);  // nothing
}

TEST(Counters, LookingCountsNothing) {
  Counters counters(1 << 20);
  Question only = attempt(1, 1, 1);
  only.only_look = true;
  EXPECT_FALSE(counters.count(only, 0).over);
  EXPECT_FALSE(counters.count(only, 0).over);
  EXPECT_FALSE(counters.look(key_of(1), 1'000, 0).found);
  counters.count(attempt(1, 1, 1), 10);
  only.request = key_of(77);
  EXPECT_TRUE(counters.count(only, 20).over);
  const Look look = counters.look(key_of(1), 1'000, 30);
  EXPECT_TRUE(look.found);
  EXPECT_EQ(look.count, 1u);
  EXPECT_EQ(look.oldest_leaves_ms, 980u);
  EXPECT_TRUE(counters.erase(key_of(1)));
  EXPECT_FALSE(counters.erase(key_of(1)));
  EXPECT_FALSE(counters.count(only, 40).over);
}

TEST(Counters, TimeDoesNotGoBackForACounter) {
  Counters counters(1 << 20);
  counters.count(attempt(1, 1), 5'000);
  counters.count(attempt(1, 2), 4'990);  // another worker, whose turn began earlier
  EXPECT_EQ(counters.look(key_of(1), 1'000, 5'999).count, 2u);
  EXPECT_EQ(counters.look(key_of(1), 1'000, 6'000).count, 0u);
}

TEST(Counters, AreRightWhereTheLowBitsOfTheTimeBeginAgain) {
  Counters counters(1 << 20);
  const std::uint64_t turn = std::uint64_t{1} << 32U;
  const std::uint64_t window = Counters::kWindowMsMax;
  counters.count(attempt(1, 1, 9, window), turn - 1);
  const Counted at_zero = counters.count(account(1, 2, 9, window), turn);
  EXPECT_NE(at_zero.stamp, 0u);
  counters.count(attempt(1, 3, 9, window), turn + 1);
  EXPECT_EQ(counters.look(key_of(1), window, turn + window - 2).count, 3u);
  EXPECT_EQ(counters.look(key_of(1), window, turn + window + 1).count, 0u);
  // A counter that nobody has asked for most of two windows.
  counters.count(attempt(2, 50, 9, window), 10);
  EXPECT_EQ(counters.look(key_of(2), window, 9 + window).count, 1u);
  EXPECT_EQ(counters.look(key_of(2), window, 9 + 2 * window).count, 0u);
}

/// What Counters promise, in the plainest way: all times, all requests.
struct Model {
  struct Seen {
    std::uint64_t until_ms;
    bool over;
    std::uint64_t stamp_ms;
  };
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<std::uint64_t>> times;
  std::map<std::uint64_t, Seen> requests;

  std::size_t within(std::uint64_t counter, std::uint64_t window_ms, std::uint64_t now_ms) {
    const auto& all = times[{counter, 0}];
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](std::uint64_t at) { return now_ms - at < window_ms; }));
  }
  bool count(std::uint64_t counter, std::uint64_t request, const Question& question,
             std::uint64_t now_ms, bool& repeated) {
    const auto seen = requests.find(request);
    repeated = seen != requests.end() && seen->second.until_ms > now_ms;
    if (repeated) return seen->second.over;
    const bool over = within(counter, question.window_ms, now_ms) >= question.at_most;
    if (!over || question.counts_when_over) times[{counter, 0}].push_back(now_ms);
    requests[request] = {now_ms + question.repeat_ms, over, now_ms};
    return over;
  }
  void take_back(std::uint64_t counter, std::uint64_t request, std::uint64_t stamp_ms) {
    requests.erase(request);
    auto& all = times[{counter, 0}];
    all.erase(std::find(all.begin(), all.end(), stamp_ms));
  }
};

TEST(Counters, AgreeWithAPlainModel) {
  std::mt19937_64 random(20261127);
  const auto below = [&](std::uint64_t end) { return random() % end; };
  for (int round = 0; round < 12; ++round) {
    Counters counters(4 << 20);
    Model model;
    // A limit belongs to its counter, as in a configuration.
    std::uint32_t at_most[8];
    std::uint64_t window_ms[8];
    bool attempts[8];
    for (int i = 0; i < 8; ++i) {
      at_most[i] = static_cast<std::uint32_t>(1 + below(i % 2 == 0 ? 4 : 60));
      window_ms[i] = 1 + below(3'000);
      attempts[i] = below(2) == 0;
    }
    std::uint64_t now_ms = (std::uint64_t{1} << 32U) - 20'000;
    struct Kept {
      std::uint64_t counter, request, at_ms;
      std::uint32_t stamp;
    };
    std::vector<Kept> kept;
    for (int step = 0; step < 2'000; ++step) {
      now_ms += below(10) == 0 ? below(2'000) : below(30);
      const std::uint64_t counter = below(8);
      const std::uint64_t request = counter * 1'000 + below(40);
      if (!kept.empty() && below(6) == 0) {
        const Kept back = kept.back();
        kept.pop_back();
        counters.take_back(key_of(back.counter), key_of(1'000'000 + back.request), back.stamp);
        model.take_back(back.counter, back.request, back.at_ms);
        continue;
      }
      Question question = attempts[counter]
                              ? attempt(counter, request, at_most[counter], window_ms[counter])
                              : account(counter, request, at_most[counter], window_ms[counter]);
      question.repeat_ms = 1 + below(200);
      bool repeated = false;
      const bool over = model.count(counter, request, question, now_ms, repeated);
      const Counted counted = counters.count(question, now_ms);
      ASSERT_EQ(counted.over, over) << "round " << round << ", step " << step;
      ASSERT_EQ(counted.repeated, repeated) << "round " << round << ", step " << step;
      if (!attempts[counter] && !over && !repeated && now_ms != std::uint64_t{1} << 32U) {
        kept.push_back({counter, request, now_ms, counted.stamp});
      }
      // Whatever is not taken back within the window is an account.
      std::erase_if(kept, [&](const Kept& one) {
        return now_ms - one.at_ms >= window_ms[one.counter];
      });
      const std::size_t within = model.within(counter, window_ms[counter], now_ms);
      ASSERT_EQ(counters.look(key_of(counter), window_ms[counter], now_ms).count,
                std::min<std::size_t>(within, at_most[counter]));
    }
    EXPECT_EQ(counters.figures().evictions, 0u);
  }
}

TEST(Counters, ForgetTheCounterThatWasAskedLongestAgoWhenThereIsNoRoom) {
  Counters counters(1 << 20);
  constexpr std::uint64_t kMany = 20'000;  // at two cells each: more than there are
  for (std::uint64_t i = 0; i < kMany; ++i) {
    counters.count(attempt(i, i, 1, 60'000), i / 100);
    counters.count(attempt(0, kMany + i, 1, 60'000), i / 100);  // is asked all the time
  }
  EXPECT_TRUE(counters.look(key_of(0), 60'000, 1'000).found);
  EXPECT_FALSE(counters.look(key_of(1), 60'000, 1'000).found);
  EXPECT_TRUE(counters.look(key_of(kMany - 1), 60'000, 1'000).found);
  const Figures figures = counters.figures();
  EXPECT_GT(figures.evictions, kMany / 2);
  EXPECT_GT(figures.forgotten_repeats, 0u);
  EXPECT_LE(figures.bytes, std::size_t{1} << 20);
  EXPECT_GT(figures.counters, 5'000u);
}

TEST(Counters, OneThatTakesAllThereIsLosesItsOldest) {
  Counters counters(1 << 20);
  const std::uint32_t most = 500'000;  // more than at_most_max() allows a configuration
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    Question question = attempt(1, i, most, 60'000'000);
    question.repeat_ms = 0;
    ASSERT_FALSE(counters.count(question, i).over);
  }
  const Look look = counters.look(key_of(1), 60'000'000, 200'000);
  EXPECT_GT(look.count, counters.at_most_max());
  EXPECT_LT(look.count, 200'000u);
  EXPECT_GT(counters.figures().evictions, 0u);
  EXPECT_GE(counters.at_most_max(), 50'000u);
  EXPECT_EQ(Counters(256 << 20).at_most_max(), Counters::kAtMostMax);
}

TEST(Counters, LetExactlySoManyThroughHoweverManyThreadsAsk) {
  Counters counters(8 << 20);
  constexpr std::uint32_t kAtMost = 500;
  std::atomic<std::uint32_t> through{0}, twice{0};
  const auto ask = [&](std::uint64_t first) {
    for (std::uint64_t i = 0; i < 1'000; ++i) {
      const Question question = account(1 + i % 4, first + i, kAtMost / 4, 1'000'000);
      const Counted counted = counters.count(question, 10 + i);
      if (counted.over) continue;
      if (i % 3 == 0) {  // it was not created
        counters.take_back(question.counter, question.request, counted.stamp);
        continue;
      }
      through.fetch_add(1);
      if (counters.count(question, 10 + i).repeated) twice.fetch_add(1);
      counters.look(question.counter, 1'000'000, 10 + i);
    }
  };
  std::thread other([&] { ask(10'000); });
  ask(20'000);
  other.join();
  EXPECT_EQ(through.load(), kAtMost);
  EXPECT_EQ(twice.load(), kAtMost);
}

}  // namespace
}  // namespace core::velocity
