#include "proxy/upstream/deadlines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <list>
#include <vector>

#include "proxy/upstream/random.h"

namespace proxy::upstream {
namespace {

TEST(Deadlines, RunsThemInOrderWhateverIsSetMovedAndCleared) {
  Deadlines deadlines;
  Random random(7);
  struct Owner {
    explicit Owner(Deadlines& deadlines, std::vector<std::uint64_t>& to)
        : ran(to), deadline(deadlines, this, [](void* owner) {
            auto& self = *static_cast<Owner*>(owner);
            self.ran.push_back(self.deadline.due_ms());
          }) {}
    std::vector<std::uint64_t>& ran;
    Deadline deadline;
  };
  std::vector<std::uint64_t> ran;
  std::list<Owner> owners;
  for (int i = 0; i < 500; ++i) owners.emplace_back(deadlines, ran);
  for (int round = 0; round < 4; ++round) {
    for (Owner& owner : owners) deadlines.set(owner.deadline, random.next() % 1'000);
  }
  std::size_t cleared = 0;
  for (Owner& owner : owners) {
    if (random.next() % 4 != 0) continue;
    deadlines.clear(owner.deadline);
    ++cleared;
  }
  while (deadlines.run_one(1'000)) {
  }
  EXPECT_EQ(ran.size() + cleared, owners.size());
  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
  EXPECT_TRUE(deadlines.empty());
}

TEST(Deadlines, SettingOneNeedsNoMemory) {
  // By contract noexcept; and those that have come and gone leave no room behind that others lack.
  Deadlines deadlines;
  const auto nothing = [](void*) {};
  std::list<Deadline> kept;
  for (int i = 0; i < 100; ++i) {
    const Deadline passing(deadlines, nullptr, nothing);
    kept.emplace_back(deadlines, nullptr, nothing);
  }
  static_assert(noexcept(deadlines.set(kept.front(), 1)));
  for (Deadline& one : kept) deadlines.set(one, 5);
  EXPECT_EQ(deadlines.size(), kept.size());
  for (Deadline& one : kept) deadlines.clear(one);
  EXPECT_FALSE(deadlines.run_one(9));
}

TEST(Deadlines, WhatIsDueNowIsDueAndWhatIsLaterIsNot) {
  Deadlines deadlines;
  int ran = 0;
  Deadline one(deadlines, &ran, [](void* count) { ++*static_cast<int*>(count); });
  EXPECT_FALSE(deadlines.run_one(UINT64_MAX)) << "none is set";
  deadlines.set(one, 10);
  EXPECT_FALSE(deadlines.run_one(9));
  EXPECT_EQ(deadlines.next_ms(), 10U);
  deadlines.set(one, 20);  // put off
  EXPECT_FALSE(deadlines.run_one(19));
  deadlines.set(one, 15);  // and drawn near
  EXPECT_EQ(deadlines.size(), 1U);
  EXPECT_TRUE(deadlines.run_one(15));
  EXPECT_FALSE(one.set());
  EXPECT_FALSE(deadlines.run_one(UINT64_MAX)) << "once";
  EXPECT_EQ(ran, 1);
  deadlines.clear(one);  // one that is not set
  EXPECT_TRUE(deadlines.empty());
}

TEST(Deadlines, WhoeverIsDueMaySetItselfAnewAndClearOthers) {
  struct Owner {
    Deadlines& deadlines;
    Deadline* other = nullptr;
    std::uint64_t again_ms = 0;
    int ran = 0;
    Deadline own{deadlines, this, [](void* owner) {
                   auto& self = *static_cast<Owner*>(owner);
                   ++self.ran;
                   if (self.other != nullptr) self.deadlines.clear(*self.other);
                   if (self.again_ms != 0) self.deadlines.set(self.own, self.again_ms);
                 }};
  };
  Deadlines deadlines;
  Owner first{deadlines}, second{deadlines};
  first.other = &second.own;
  first.again_ms = 7;
  deadlines.set(second.own, 6);
  deadlines.set(first.own, 5);
  EXPECT_TRUE(deadlines.run_one(6));
  EXPECT_FALSE(deadlines.run_one(6)) << "the second was cleared, and the first is due at 7";
  first.again_ms = 0;
  EXPECT_TRUE(deadlines.run_one(7));
  EXPECT_EQ(first.ran, 2);
  EXPECT_EQ(second.ran, 0);
  EXPECT_TRUE(deadlines.empty());
}

}  // namespace
}  // namespace proxy::upstream
