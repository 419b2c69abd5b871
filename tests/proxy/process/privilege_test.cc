#include "proxy/process/privilege.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace proxy::process {
namespace {

/// The line of /proc/thread-self/status that begins with `name`, without it.
std::string status(const std::string& name) {
  std::ifstream file("/proc/thread-self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  return "none";
}

void expect(const char* what, bool holds) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  ::_exit(98);
}

void expect_nothing_left() {
  constexpr char kNone[] = "0000000000000000";
  expect("no_new_privs", status("NoNewPrivs") == "1");
  expect("effective", status("CapEff") == kNone);
  expect("permitted", status("CapPrm") == kNone);
  expect("inheritable", status("CapInh") == kNone);
  expect("ambient", status("CapAmb") == kNone);
}

TEST(GiveUpPrivileges, LeavesNoCapabilityWhoeverItIs) {
  EXPECT_EXIT(
      {
        const uid_t before = ::geteuid();
        expect("it can be done", !give_up_privileges(""));
        expect("it is who it was", ::geteuid() == before);
        expect_nothing_left();
        if (before == 0) expect("bounding set", status("CapBnd") == "0000000000000000");
        ::_exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(GiveUpPrivileges, MakesRootTheUserThatIsNamedForGood) {
  const passwd* const nobody = ::getpwnam("nobody");
  if (!is_root() || nobody == nullptr) GTEST_SKIP() << "needs root, and a user called nobody";
  EXPECT_EXIT(
      {
        expect("it can be done", !give_up_privileges("nobody"));
        const std::string uid = std::to_string(nobody->pw_uid);
        const std::string gid = std::to_string(nobody->pw_gid);
        expect("user", status("Uid") == uid + "\t" + uid + "\t" + uid + "\t" + uid);
        expect("group", status("Gid") == gid + "\t" + gid + "\t" + gid + "\t" + gid);
        expect("root's groups are gone", status("Groups") == gid + " ");
        expect("no way back", ::setuid(0) != 0 && ::setgid(0) != 0);
        expect_nothing_left();
        ::_exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(GiveUpPrivileges, RefusesAUserThatThereIsNot) {
  EXPECT_EXIT(
      {
        const auto why = give_up_privileges("no-such-user");
        std::fputs(why.value_or("none").c_str(), stderr);
        ::_exit(0);
      },
      testing::ExitedWithCode(0), "process.user: there is no user no-such-user");
}

TEST(GiveUpPrivileges, OnlyRootBecomesAnother) {
  const passwd* const nobody = ::getpwnam("nobody");
  if (!is_root() || nobody == nullptr) GTEST_SKIP() << "needs root, and a user called nobody";
  EXPECT_EXIT(
      {
        expect("it can be done", !give_up_privileges("nobody"));
        expect("it is that already", !give_up_privileges("nobody"));
        std::fputs(give_up_privileges("root").value_or("none").c_str(), stderr);
        ::_exit(0);
      },
      testing::ExitedWithCode(0), "process.user: only root can become root");
}

TEST(SettleMemory, LeavesNoCoreUnlessToldTo) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "LeakSanitizer attaches to the process";
#endif
  EXPECT_EXIT(
      {
        hide_memory();
        expect("hidden", ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
        settle_memory(true);
        expect("told to", ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1);
        settle_memory(false);
        expect("not", ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
        rlimit core;
        core.rlim_cur = core.rlim_max = 1;
        ::getrlimit(RLIMIT_CORE, &core);
        expect("core limit", core.rlim_cur == 0 && core.rlim_max == 0);
        ::_exit(0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace proxy::process
