// What callers see when system calls of the worker fail or do less than they were asked for, wherever that happens
// on the way of a forwarded request. This file replaces recv(), send() and accept4() for the whole test program;
// only calls of workers' threads are made to fail.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/proxy/forward/house.h"

namespace {

enum Call : unsigned { kRecv = 1, kSend = 2, kAccept = 4 };
constexpr int kShort = -1;  // in place of an error: one byte

std::atomic<unsigned> failing{0};    // of these calls
std::atomic<int> how{0};             // errno, or kShort
std::atomic<std::int64_t> first_call{0};  // the one that fails
std::atomic<std::int64_t> every{0};  // and behind it each of so many; 0: none
std::atomic<std::int64_t> calls_seen{0};

/// 0, an errno, or kShort.
int fault(Call call) noexcept {
  if (!proxy::forward::on_worker || (failing & call) == 0) return 0;
  const std::int64_t behind = calls_seen.fetch_add(1) - first_call;
  if (behind == 0 || (behind > 0 && every > 0 && behind % every == 0)) return how;
  return 0;
}

}  // namespace

extern "C" ssize_t recv(int fd, void* to, std::size_t room, int flags) {
  const int wrong = fault(kRecv);
  if (wrong > 0) {
    errno = wrong;
    return -1;
  }
  if (wrong == kShort && room > 1) room = 1;
  return ::syscall(SYS_recvfrom, fd, to, room, flags, nullptr, nullptr);
}

extern "C" ssize_t send(int fd, const void* from, std::size_t size, int flags) {
  const int wrong = fault(kSend);
  if (wrong > 0) {
    errno = wrong;
    return -1;
  }
  if (wrong == kShort && size > 1) size = 1;
  return ::syscall(SYS_sendto, fd, from, size, flags, nullptr, 0);
}

extern "C" int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  const int wrong = fault(kAccept);
  if (wrong > 0) {
    errno = wrong;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_accept4, fd, address, size, flags));
}

namespace proxy::forward {
namespace {

using net::Client;

constexpr std::int64_t kCallsMax = 100;  // more than any of these requests makes

void arm(unsigned calls, int error, std::int64_t number, std::int64_t again_every) {
  calls_seen = 0;
  first_call = number;
  every = again_every;
  how = error;
  failing = calls;
}
std::int64_t disarm_calls() {
  failing = 0;
  return calls_seen;
}

struct Fault {
  const char* name;
  unsigned calls;
  int error;
  std::int64_t every = 0;
};

// What a system says on any day, and nobody may notice. Without descriptors or memory callers are turned away:
// tests/e2e/abuse.test.mjs.
constexpr Fault kHarmless[] = {
    {"recv is interrupted", kRecv, EINTR},
    {"recv has nothing yet", kRecv, EAGAIN},
    {"recv has one byte", kRecv, kShort},
    {"every recv has one byte", kRecv, kShort, 1},
    {"every second recv has nothing yet", kRecv, EAGAIN, 2},
    {"send is interrupted", kSend, EINTR},
    {"send has no room", kSend, EAGAIN},
    {"send takes one byte", kSend, kShort},
    {"every send takes one byte", kSend, kShort, 1},
    {"every second send has no room", kSend, EAGAIN, 2},
    {"accept is interrupted", kAccept, EINTR},
    {"accept has nobody", kAccept, EAGAIN},
    {"the caller has left before accept", kAccept, ECONNABORTED},
};

TEST(FailingCalls, NobodyNoticesThoseThatCanBeDoneAgain) {
  for (const bool keeps : {true, false}) {
    House house(keeps);
    for (const Fault& fault : kHarmless) {
      SCOPED_TRACE(std::string(fault.name) + (keeps ? "" : ", backend that closes"));
      std::int64_t calls = 0;
      for (std::int64_t number = 0; number == 0 || number < calls; ++number) {
        SCOPED_TRACE(number);
        ASSERT_LT(number, kCallsMax);
        arm(fault.calls, fault.error, number, fault.every);
        Client client(house.workers().port());
        ASSERT_TRUE(client.send(house.next()));
        client.read_answers(1);
        calls = disarm_calls();
        EXPECT_EQ(client.statuses(), "200") << client.received();
        EXPECT_TRUE(client.received().ends_with(kLund)) << client.received();
        if (fault.every != 0) break;  // all of them have failed
        if (::testing::Test::HasFailure()) return;
      }
      EXPECT_GT(calls, 0) << "none of them was made";
    }
    house.expect_whole();
  }
}

// What ends a connection. The caller's own may end with it; a backend's ends in an answer.
constexpr Fault kFinal[] = {
    {"recv: reset", kRecv, ECONNRESET},   {"recv: no memory", kRecv, ENOMEM}, {"recv: timed out", kRecv, ETIMEDOUT},
    {"send: reset", kSend, ECONNRESET},   {"send: broken", kSend, EPIPE},     {"send: no buffers", kSend, ENOBUFS},
};

TEST(FailingCalls, AConnectionThatFailsEndsOrItsCallerIsAnsweredAndNothingIsLeft) {
  std::size_t answered = 0, ended = 0;
  for (const bool keeps : {true, false}) {
    House house(keeps);
    for (const Fault& fault : kFinal) {
      SCOPED_TRACE(std::string(fault.name) + (keeps ? "" : ", backend that closes"));
      std::int64_t calls = 0;
      for (std::int64_t number = 0; number <= calls; ++number) {
        SCOPED_TRACE(number);
        ASSERT_LT(number, kCallsMax);
        Client client(house.workers().port());
        arm(fault.calls, fault.error, number, 0);
        ASSERT_TRUE(client.send(house.next()));
        client.read_answers(1);
        calls = disarm_calls();
        if (client.received().empty()) {
          EXPECT_TRUE(client.read_to_end()) << "neither answered nor ended";
          ++ended;
        } else {
          expect_answer(client);
          ++answered;
        }
        ASSERT_NO_FATAL_FAILURE(house.expect_whole());
        if (::testing::Test::HasFailure()) return;
      }
    }
  }
  // Of all together: which call one of them hits also depends on the end of the connection before.
  EXPECT_GT(answered, 0u);
  EXPECT_GT(ended, 0u);
}

}  // namespace
}  // namespace proxy::forward
