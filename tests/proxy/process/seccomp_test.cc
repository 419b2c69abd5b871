#include "proxy/process/seccomp.h"

#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <map>
#include <string>
#include <thread>

#include "proxy/process/system_calls.h"

namespace proxy::process {
namespace {

constexpr int kExitRefused = 6;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

/// In a child of the test, which is for ever filtered.
void filter(SeccompMode mode) {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (const auto why = install_seccomp(mode, kExitRefused)) {
    std::fprintf(stderr, "no filter: %s\n", why->c_str());
    ::_exit(99);
  }
}

class Seccomp : public testing::TestWithParam<SeccompMode> {};

TEST_P(Seccomp, EndsTheProcessThatStartsAProgramAndSaysWhichCallItWas) {
  EXPECT_EXIT(
      {
        filter(GetParam());
        ::execl("/bin/true", "true", nullptr);
        ::_exit(98);
      },
      testing::ExitedWithCode(kExitRefused),
      "system call [0-9]+ \\(execve\\) is not one that process.seccomp");
}

TEST_P(Seccomp, HoldsInThreadsThatWereThereBefore) {
  EXPECT_EXIT(
      {
        std::thread early([] {
          while (::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_FILTER)
            std::this_thread::yield();
          ::syscall(SYS_mount, "none", "/", "none", 0, nullptr);
          ::_exit(98);
        });
        filter(GetParam());
        early.join();
      },
      testing::ExitedWithCode(kExitRefused), "\\(mount\\)");
}

TEST_P(Seccomp, RefusesACopyOfTheProcess) {
  EXPECT_EXIT(
      {
        filter(GetParam());
        ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
        ::_exit(98);
      },
      testing::ExitedWithCode(kExitRefused), "\\(clone\\)");
}

TEST_P(Seccomp, IsAsIfThereWereNoIoUring) {
  EXPECT_EXIT(
      {
        filter(GetParam());
        const long result = ::syscall(SYS_io_uring_setup, 8, nullptr);
        ::_exit(result == -1 && errno == ENOSYS ? 0 : 98);
      },
      testing::ExitedWithCode(0), "");
}

TEST(IoUring, IsHiddenBeforeTheFilterComesAndBehindIt) {
  EXPECT_EXIT(
      {
        if (hide_io_uring()) ::_exit(97);
        for (const int more : {0, 1}) {
          const long result = ::syscall(SYS_io_uring_setup, 8, nullptr);
          if (result != -1 || errno != ENOSYS || ::getpid() <= 0) ::_exit(98);
          if (more == 0) filter(SeccompMode::kStandard);
        }
        ::_exit(0);
      },
      testing::ExitedWithCode(0), "");
}

/// What the process does after its start, in small: threads, names, files, TLS, sockets.
TEST_P(Seccomp, LetsThroughWhatTheProcessDoes) {
  EXPECT_EXIT(
      {
        filter(GetParam());
        std::thread thread([] {
          addrinfo* found = nullptr;
          ::getaddrinfo("no-such-name.invalid", "443", nullptr, &found);
          if (::getaddrinfo("localhost", "443", nullptr, &found) == 0) ::freeaddrinfo(found);
          SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
          SSL_CTX_set_default_verify_paths(context);
          SSL_CTX_free(context);
        });
        thread.join();
        std::FILE* const file = std::tmpfile();
        std::fputs("a", file);
        std::fclose(file);
        ::close(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ::_exit(0);
      },
      testing::ExitedWithCode(0), "");
}

INSTANTIATE_TEST_SUITE_P(Modes, Seccomp,
                         testing::Values(SeccompMode::kStandard, SeccompMode::kStrict),
                         [](const auto& mode) {
                           return mode.param == SeccompMode::kStandard ? "Standard" : "Strict";
                         });

TEST(SeccompStrict, RefusesWhatNobodyListed) {
  if (kSanitized) GTEST_SKIP() << "sanitizers make calls of their own: strict is standard";
  EXPECT_EXIT(
      {
        filter(SeccompMode::kStrict);
        ::syscall(SYS_setsid);
        ::_exit(98);
      },
      testing::ExitedWithCode(kExitRefused), "system call [0-9]+ is not one");
  EXPECT_EXIT(
      {
        filter(SeccompMode::kStrict);
        const int packets = ::socket(AF_PACKET, SOCK_RAW, 0);
        ::_exit(packets == -1 && errno == EAFNOSUPPORT ? 0 : 98);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_EXIT(
      {
        filter(SeccompMode::kStrict);
        const long result = ::syscall(newest_call() + 1000);  // of a later kernel
        ::_exit(result == -1 && errno == ENOSYS ? 0 : 98);
      },
      testing::ExitedWithCode(0), "");
}

TEST(SystemCalls, NoneIsInTwoTables) {
  std::map<int, std::string> seen;
  for (const auto calls : {refused_calls(), absent_calls(), made_calls()}) {
    for (const SystemCall& call : calls) {
      const auto [first, fresh] = seen.try_emplace(call.number, call.name);
      EXPECT_TRUE(fresh) << call.name << " and " << first->second;
    }
  }
  EXPECT_STREQ(system_call_name(SYS_mount), "mount");
  EXPECT_EQ(system_call_name(-1), nullptr);
}

TEST(SeccompProgram, IsShortEnoughForTheKernel) {
  for (const SeccompMode mode : {SeccompMode::kStandard, SeccompMode::kStrict}) {
    EXPECT_LE(seccomp_program(mode).size(), std::size_t{BPF_MAXINSNS});
  }
}

}  // namespace
}  // namespace proxy::process
