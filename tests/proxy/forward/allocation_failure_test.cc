// What a caller is told when memory is exhausted, wherever it happens on the way of a forwarded request. This
// file replaces operator new for the whole test program; only allocations of workers' threads are made to fail.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/proxy/forward/house.h"
#include "tests/replaced_new.h"

namespace {

std::atomic<bool> armed{false};
std::atomic<std::int64_t> seen{0};  // allocations of workers while armed
std::atomic<std::int64_t> first{0};  // of these, the one that fails
std::atomic<bool> lasting{false};   // and all after it

}  // namespace

void* tests::take(std::size_t size) noexcept {
  if (proxy::forward::on_worker && armed.load(std::memory_order_relaxed)) {
    const std::int64_t number = seen.fetch_add(1, std::memory_order_relaxed);
    if (number == first || (lasting && number > first)) return nullptr;
  }
  return take_from_malloc(size);
}

namespace proxy::forward {
namespace {

using net::Client;

constexpr std::int64_t kAllocationsMax = 400;  // more than any of these requests makes

/// From now on the allocation with this number fails, `and_all_after` it as well.
void arm(std::int64_t number, bool and_all_after) {
  seen = 0;
  first = number;
  lasting = and_all_after;
  armed = true;
}
/// How many allocations there were.
std::int64_t disarm() {
  armed = false;
  return seen;
}

void fail_each_of_a_kept_connection(bool and_all_after) {
  House house(true);
  std::int64_t failed = 0;
  for (std::int64_t number = 0; number < kAllocationsMax; ++number) {
    SCOPED_TRACE(number);
    Client client(house.workers().port());
    ASSERT_TRUE(client.send(house.next()));
    ASSERT_NE(client.read_answers(1).find(kLund), std::string::npos);
    const std::size_t before = client.received().size();
    arm(number, and_all_after);
    ASSERT_TRUE(client.send(house.next()));
    const std::string both = client.read_answers(2);
    const std::int64_t allocations = disarm();
    EXPECT_EQ(client.statuses(), "200 200");
    const std::string_view second = std::string_view(both).substr(before);
    EXPECT_TRUE(second.ends_with(kLund) || second.ends_with(kLater)) << second;
    if (allocations <= number) {
      EXPECT_TRUE(second.ends_with(kLund)) << "none has failed";
      break;
    }
    ++failed;
    ASSERT_NO_FATAL_FAILURE(house.expect_whole());
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(failed, 0);
  EXPECT_LT(failed, kAllocationsMax);
  ::testing::Test::RecordProperty("allocations", static_cast<int>(failed));
}

TEST(WithoutMemory, AForwardIsAnsweredWhicheverAllocationFails) { fail_each_of_a_kept_connection(false); }

TEST(WithoutMemory, AForwardIsAnsweredWhenAllAllocationsFailFromOneOn) { fail_each_of_a_kept_connection(true); }

TEST(WithoutMemory, ANewCallerIsAnsweredOrItsConnectionEnds) {
  House house(false);
  std::int64_t failed = 0;
  std::size_t answered = 0;
  for (std::int64_t number = 0; number < kAllocationsMax; ++number) {
    SCOPED_TRACE(number);
    arm(number, false);
    Client client(house.workers().port());
    const bool sent = client.send(house.next());
    if (sent) client.read_answers(1);
    const std::int64_t allocations = disarm();
    if (!client.received().empty()) {
      expect_answer(client);
      ++answered;
    } else {
      EXPECT_TRUE(client.read_to_end()) << "neither answered nor ended";
    }
    if (allocations <= number) break;
    ++failed;
    ASSERT_NO_FATAL_FAILURE(house.expect_whole());
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(failed, 0);
  EXPECT_LT(failed, kAllocationsMax);
  EXPECT_GT(answered, 0u);
}

TEST(WithoutMemory, ThoseWhoHaveJoinedOnAnotherWorkerAreAnsweredToo) {
  House house(true, 2);
  constexpr std::int64_t kNumbers = 60;  // which one fails depends on the threads
  for (std::int64_t number = 0; number < kNumbers; ++number) {
    SCOPED_TRACE(number);
    Client first_client(house.workers().port(0)), second_client(house.workers().port(1));
    const std::string request = house.next();
    arm(number, number % 2 == 1);
    ASSERT_TRUE(first_client.send(request) && second_client.send(request));
    first_client.read_answers(1);
    second_client.read_answers(1);
    disarm();
    for (const Client* client : {&first_client, &second_client}) {
      if (!client->received().empty()) expect_answer(*client);
    }
    ASSERT_NO_FATAL_FAILURE(house.expect_whole());
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace proxy::forward
