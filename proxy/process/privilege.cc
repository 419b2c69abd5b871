#include "proxy/process/privilege.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace proxy::process {
namespace {

std::string because(const std::string& what) { return what + ": " + std::strerror(errno); }

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
};

std::optional<User> find_user(const std::string& name) {
  std::vector<char> room(16 << 10);  // a large group entry of some directory service fits
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found) != 0 ||
      found == nullptr) {
    return std::nullopt;
  }
  return User{found->pw_uid, found->pw_gid};
}

std::optional<std::string> become(const std::string& name, const User& user) {
  if (::initgroups(name.c_str(), user.gid) != 0) return because("the groups of " + name);
  if (::setresgid(user.gid, user.gid, user.gid) != 0) return because("the group of " + name);
  if (::setresuid(user.uid, user.uid, user.uid) != 0) return because("to become " + name);
  if (::setuid(0) == 0) return "root could be had back after becoming " + name;
  return std::nullopt;
}

/// In all sets of this thread. glibc has no call for it, and libcap would be a library for one
/// call.
std::optional<std::string> drop_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capget, &header, held) != 0) return because("to see capabilities");
  bool any = false;
  for (const __user_cap_data_struct& half : held)
    any = any || (half.effective | half.permitted | half.inheritable) != 0;
  if (!any) return std::nullopt;  // a filter of the service manager may refuse even this
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capset, &header, none) != 0) return because("to drop capabilities");
  return std::nullopt;
}

}  // namespace

bool is_root() noexcept { return ::geteuid() == 0; }

std::optional<std::string> give_up_privileges(const std::string& user) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return because("no_new_privs");
  std::optional<User> other;
  if (!user.empty()) {
    other = find_user(user);
    if (!other) return "process.user: there is no user " + user;
    if (other->uid == ::geteuid()) {
      other.reset();
    } else if (!is_root()) {
      return "process.user: only root can become " + user;
    }
  }
  // Both need CAP_SETPCAP: who has it not cannot gain by what is left in these sets, for
  // no_new_privs keeps programs from taking up capabilities.
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
       ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  ::prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0,
          0);  // uid 0 alone gives none
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (other) {
    if (auto why = become(user, *other)) return why;
  }
  return drop_capabilities();
}

void hide_memory() noexcept {
#if !defined(__SANITIZE_ADDRESS__)  // LeakSanitizer attaches to the process
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

void settle_memory(bool core_dumps) noexcept {
  if (core_dumps) {
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    return;
  }
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  hide_memory();
}

}  // namespace proxy::process
