#include "tools/load/exchange_list.h"

#include <gtest/gtest.h>

#include <vector>

namespace load {
namespace {

TEST(ExchangeList, ExpiresInTheOrderOfSendingWhateverWasAnswered) {
  ExchangeList list;
  std::vector<std::uint32_t> slots;
  for (std::uint64_t i = 0; i < 6; ++i) {
    slots.push_back(list.acquire());
    list.set_out(slots.back(), 100 + i);
  }
  list.take_in(slots[0]);  // the first, one in the middle, the last
  list.take_in(slots[3]);
  list.take_in(slots[5]);
  list.take_in(slots[5]);       // twice does no harm
  list.set_out(slots[0], 200);  // sent again: now the last
  std::vector<std::uint64_t> deadlines;
  while (list.first_out() != ExchangeList::kNone) {
    deadlines.push_back(list.first_deadline_ns());
    list.take_in(list.first_out());
  }
  EXPECT_EQ(deadlines, (std::vector<std::uint64_t>{101, 102, 104, 200}));
  EXPECT_EQ(list.first_deadline_ns(), UINT64_MAX);
}

TEST(ExchangeList, UsesSlotsAndTheirMemoryAgain) {
  ExchangeList list;
  const std::uint32_t slot = list.acquire();
  list[slot].request.bytes.assign(5'000, 'x');
  list[slot].attempts = 2;
  list[slot].resent = true;
  const char* memory = list[slot].request.bytes.data();
  EXPECT_EQ(list.in_use(), 1U);
  list.give_back(slot);
  EXPECT_EQ(list.in_use(), 0U);
  EXPECT_EQ(list.acquire(), slot);
  EXPECT_EQ(list[slot].request.bytes.data(), memory);
  EXPECT_EQ(list[slot].attempts, 0U);
  EXPECT_FALSE(list[slot].resent);
}

}  // namespace
}  // namespace load
