#include "proxy/process/seccomp.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "proxy/process/system_calls.h"

namespace proxy::process {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kMachine = 0;  // install_seccomp() says that there is no filter for it
#endif

constexpr const char* kNoList = "there is no list of system calls for this kind of machine";
constexpr std::uint32_t kRefuse = SECCOMP_RET_TRAP;
constexpr std::uint32_t kAbsent = SECCOMP_RET_ERRNO | ENOSYS;

// Instructions of the kernel's filter machine (seccomp(2), bpf(4) of the BSDs). Only the lower half
// of an argument is looked at: both calls below take an int or keep their flags there.
sock_filter load(std::size_t offset) noexcept {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}
sock_filter load_argument(int index) noexcept {
  return load(offsetof(seccomp_data, args) +
              8 * static_cast<std::size_t>(index));  // little-endian machines
}
sock_filter answer(std::uint32_t action) noexcept { return {BPF_RET | BPF_K, 0, 0, action}; }
/// Goes on behind the next `skipped` instructions unless the loaded word is `value`.
sock_filter unless(std::uint32_t value, std::uint8_t skipped) noexcept {
  return {BPF_JMP | BPF_JEQ | BPF_K, 0, skipped, value};
}

void add_rows(std::vector<sock_filter>& program, std::span<const SystemCall> calls,
              std::uint32_t action) {
  for (const SystemCall& call : calls) {
    program.push_back(unless(static_cast<std::uint32_t>(call.number), 1));
    program.push_back(answer(action));
  }
}

/// clone() makes threads, which share the memory, and no processes. clone3() has its flags where no
/// filter can see them, and is what new threads are made by: a copy of the process is possible by
/// it, another program in it is not.
void add_clone(std::vector<sock_filter>& program) {
  program.push_back(unless(SYS_clone, 4));
  program.push_back(load_argument(0));
  program.push_back({BPF_JMP | BPF_JSET | BPF_K, 1, 0, CLONE_VM});
  program.push_back(answer(kRefuse));
  program.push_back(answer(SECCOMP_RET_ALLOW));
}

/// Internet, Unix, and the netlink of getaddrinfo(), which asks for the machine's addresses.
void add_socket(std::vector<sock_filter>& program) {
  constexpr std::array<std::uint32_t, 4> kFamilies = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
  program.push_back(unless(SYS_socket, 2 * kFamilies.size() + 2));
  program.push_back(load_argument(0));
  for (const std::uint32_t family : kFamilies) {
    program.push_back(unless(family, 1));
    program.push_back(answer(SECCOMP_RET_ALLOW));
  }
  // The kernel's own answer for what was not built: who tries a family only to see whether it is
  // there (VSOCK, say) goes on without.
  program.push_back(answer(SECCOMP_RET_ERRNO | EAFNOSUPPORT));
}

/// On all threads, those that are there and those to come. Why it cannot be done, otherwise nothing.
std::optional<std::string> put_in_force(std::vector<sock_filter>& program) {
  const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
  const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &whole);
  if (result == 0) return std::nullopt;
  if (result > 0) return "a thread has another filter already";  // its id
  return std::strerror(errno);
}

int exit_code_of_refusal = 1;  // set before the handler is: it has no other way to know

void append(char* line, std::size_t room, std::size_t& size, const char* text) noexcept {
  const std::size_t count = std::min(std::strlen(text), room - size);
  std::memcpy(line + size, text, count);
  size += count;
}

/// Async-signal-safe: the call may have been refused anywhere.
void on_refused(int, siginfo_t* what, void*) {
  char number[12];
  std::size_t at = sizeof number - 1;
  number[at] = '\0';
  unsigned rest = static_cast<unsigned>(what->si_syscall);
  do {
    number[--at] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  const char* const name = system_call_name(what->si_syscall);
  char line[256];
  std::size_t size = 0;
  append(line, sizeof line, size, "claimgate: error: system call ");
  append(line, sizeof line, size, number + at);
  if (name != nullptr) {
    append(line, sizeof line, size, " (");
    append(line, sizeof line, size, name);
    append(line, sizeof line, size, ")");
  }
  append(line, sizeof line, size,
         " is not one that process.seccomp lets through, so this process ends; see "
         "docs/operation.md\n");
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line, size);
  ::_exit(exit_code_of_refusal);
}

}  // namespace

const char* system_call_name(int number) noexcept {
  for (const auto calls : {refused_calls(), absent_calls(), made_calls()}) {
    for (const SystemCall& call : calls) {
      if (call.number == number) return call.name;
    }
  }
  return nullptr;
}

std::vector<sock_filter> seccomp_program(SeccompMode mode) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  mode = SeccompMode::kStandard;  // sanitizers make calls of their own
#endif
  std::vector<sock_filter> program;
  // Calls of another kind of machine (32-bit programs, x32) have other numbers: none is made.
  program.push_back(load(offsetof(seccomp_data, arch)));
  program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 1, 0, kMachine});
  program.push_back(answer(kRefuse));
  program.push_back(load(offsetof(seccomp_data, nr)));
#if defined(__x86_64__)
  constexpr std::uint32_t kX32 = 0x40000000;  // __X32_SYSCALL_BIT
  program.push_back({BPF_JMP | BPF_JSET | BPF_K, 0, 1, kX32});
  program.push_back(answer(kRefuse));
#endif
  add_rows(program, absent_calls(), kAbsent);
  add_clone(program);
  if (mode == SeccompMode::kStandard) {
    add_rows(program, refused_calls(), kRefuse);
    program.push_back(answer(SECCOMP_RET_ALLOW));
    return program;
  }
  add_socket(program);
  add_rows(program, made_calls(), SECCOMP_RET_ALLOW);
  program.push_back({BPF_JMP | BPF_JGT | BPF_K, 0, 1, static_cast<std::uint32_t>(newest_call())});
  program.push_back(answer(kAbsent));
  program.push_back(answer(kRefuse));
  return program;
}

std::optional<std::string> hide_io_uring() {
  if (kMachine == 0) return kNoList;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return std::strerror(errno);
  std::vector<sock_filter> program;
  program.push_back(load(offsetof(seccomp_data, arch)));
  program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 1, 0, kMachine});
  program.push_back(answer(SECCOMP_RET_ALLOW));  // the filter behind it refuses those
  program.push_back(load(offsetof(seccomp_data, nr)));
  add_rows(program, absent_calls(), kAbsent);
  program.push_back(answer(SECCOMP_RET_ALLOW));
  return put_in_force(program);
}

std::optional<std::string> install_seccomp(SeccompMode mode, int exit_code) {
  if (kMachine == 0) return kNoList;
  exit_code_of_refusal = exit_code;
  struct sigaction handler {};
  handler.sa_sigaction = on_refused;
  handler.sa_flags = SA_SIGINFO | SA_NODEFER;
  if (::sigaction(SIGSYS, &handler, nullptr) != 0) return std::strerror(errno);
  std::vector<sock_filter> program = seccomp_program(mode);
  return put_in_force(program);
}

}  // namespace proxy::process
