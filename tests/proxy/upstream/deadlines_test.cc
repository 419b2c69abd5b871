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

}  // namespace
}  // namespace proxy::upstream
