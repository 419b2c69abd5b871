// That a comparison of secrets takes the same time wherever they differ, counted instead of timed: a child runs it
// one instruction after the other. So the answer does not depend on the machine or on what else it does.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/gate/caller.h"

namespace core::gate {
namespace {

constexpr long kStepsMax = 2'000'000;

bool stopped_by(int status, int signal) { return WIFSTOPPED(status) && WSTOPSIG(status) == signal; }

/// The instructions that `run` takes, with some that are always the same around it; none when the system does
/// not let a child be stepped through.
std::optional<long> instructions(const std::function<void()>& run) {
  const pid_t child = ::fork();
  if (child < 0) return std::nullopt;
  if (child == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(1);
    run();  // what is done only once is done here
    ::raise(SIGSTOP);
    run();
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  int status = 0;
  long steps = 0;
  bool counted = ::waitpid(child, &status, 0) == child && stopped_by(status, SIGSTOP);
  while (counted && steps < kStepsMax) {
    counted = ::ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) == 0 && ::waitpid(child, &status, 0) == child;
    if (stopped_by(status, SIGSTOP)) break;
    counted = counted && stopped_by(status, SIGTRAP);
    ++steps;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  if (!counted || steps == kStepsMax) return std::nullopt;
  return steps;
}

/// `text` with another byte at `at`.
std::string changed(std::string text, std::size_t at) {
  text[at] = text[at] == 'A' ? 'B' : 'A';
  return text;
}

/// That `admits` takes equally long for the right text with one byte changed, wherever that is. What the right
/// one takes is no secret: its answer says that it is right.
void expect_same_time(const std::string& right, const std::function<bool(std::string_view)>& admits) {
  volatile bool sink = false;
  ASSERT_TRUE(admits(right));
  std::optional<long> first_count;
  // At the beginning, behind the eight bytes that are compared at once, and at the end.
  const std::size_t first = right.find(' ') + 1;
  for (const std::size_t at : {first, first + 9, right.size() - 1}) {
    const std::string wrong = changed(right, at);
    ASSERT_FALSE(admits(wrong));
    const std::optional<long> count = instructions([&] { sink = admits(wrong); });
    if (!count) GTEST_SKIP() << "this system does not let a process step through its child";
    if (!first_count) first_count = count;
    EXPECT_EQ(count, first_count) << "byte " << at << " of " << right.size();
  }
}

TEST(ConstantTime, TheMeasureSeesAComparisonThatStopsEarly) {
  const std::string right = "Bearer tokentokentokentoken";
  volatile bool sink = false;
  const auto count = [&](const std::string& presented) {
    return instructions([&] {
      bool same = true;
      for (std::size_t i = 0; same && i < right.size(); ++i) same = presented[i] == right[i];
      sink = same;
    });
  };
  const std::optional<long> early = count(changed(right, 7)), late = count(changed(right, right.size() - 1));
  if (!early || !late) GTEST_SKIP() << "this system does not let a process step through its child";
  EXPECT_LT(*early, *late);
}

TEST(ConstantTime, CredentialsOfACallerAreComparedToTheirEnd) {
  CallerCheck check;
  check.accept_basic("b2c", "first-secret-of-ours");
  check.accept_basic("b2c", "other-secret-of-ours");
  check.accept_bearer("tokentokentokentoken");
  check.accept_bearer("another-token-of-ours");
  for (const std::string& right :
       {"Basic " + base64("b2c:other-secret-of-ours"), std::string("Bearer tokentokentokentoken")}) {
    SCOPED_TRACE(right);
    expect_same_time(right, [&](std::string_view presented) { return check.admits(presented); });
  }
}

TEST(ConstantTime, TheAdminTokenIsComparedToItsEnd) {
  const std::string token = "token-of-the-admin-address";
  expect_same_time("Bearer " + token, [&](std::string_view presented) { return bears(presented, token); });
}

}  // namespace
}  // namespace core::gate
