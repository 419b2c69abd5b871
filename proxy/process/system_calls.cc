#include "proxy/process/system_calls.h"

#include <sys/syscall.h>

#include <algorithm>

// The calls that aarch64 never had (x86 keeps them beside their successors) and those younger than the headers
// of Debian 12 stand behind #ifdef.
#define CALL(name) {SYS_##name, #name}

namespace proxy::process {
namespace {

constexpr SystemCall kRefused[] = {
    // Other programs. (A process of its own copied by clone() is refused by clone()'s flags.)
    CALL(execve), CALL(execveat),
#ifdef SYS_fork
    CALL(fork), CALL(vfork),
#endif
    // Other processes, and this one from outside. A sanitizer's leak check attaches to its own process.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    CALL(ptrace), CALL(process_vm_readv),
#endif
    CALL(process_vm_writev), CALL(kcmp), CALL(pidfd_getfd), CALL(process_madvise),
    // Who it is.
    CALL(setuid), CALL(setgid), CALL(setreuid), CALL(setregid), CALL(setresuid), CALL(setresgid),
    CALL(setfsuid), CALL(setfsgid), CALL(setgroups), CALL(capset),
    // Where it is: mounts, roots, name spaces.
    CALL(mount), CALL(umount2), CALL(pivot_root), CALL(chroot), CALL(move_mount), CALL(open_tree),
    CALL(fsopen), CALL(fsconfig), CALL(fsmount), CALL(fspick), CALL(mount_setattr), CALL(unshare), CALL(setns),
    // The kernel and the machine.
    CALL(init_module), CALL(finit_module), CALL(delete_module), CALL(kexec_load), CALL(reboot),
#ifdef SYS_kexec_file_load
    CALL(kexec_file_load),
#endif
    CALL(swapon), CALL(swapoff), CALL(sethostname), CALL(setdomainname), CALL(settimeofday), CALL(clock_settime),
    CALL(clock_adjtime), CALL(adjtimex), CALL(acct), CALL(quotactl), CALL(quotactl_fd), CALL(syslog), CALL(vhangup),
#ifdef SYS_iopl
    CALL(iopl), CALL(ioperm), CALL(modify_ldt), CALL(uselib), CALL(ustat), CALL(sysfs), CALL(_sysctl),
#endif
    // Where the kernel's holes were.
    CALL(bpf), CALL(perf_event_open), CALL(userfaultfd), CALL(add_key), CALL(request_key), CALL(keyctl),
    CALL(fanotify_init), CALL(fanotify_mark), CALL(open_by_handle_at), CALL(name_to_handle_at), CALL(lookup_dcookie),
    CALL(nfsservctl), CALL(vmsplice), CALL(remap_file_pages), CALL(personality), CALL(move_pages), CALL(migrate_pages),
    // Devices.
    CALL(mknodat),
#ifdef SYS_mknod
    CALL(mknod),
#endif
};

constexpr SystemCall kAbsent[] = {
    CALL(io_uring_setup),  // libuv 1.45 and later; what goes through it no filter sees
    CALL(io_uring_enter), CALL(io_uring_register),
};

constexpr SystemCall kMade[] = {
    // Requests.
    CALL(read), CALL(readv), CALL(write), CALL(writev), CALL(recvfrom), CALL(recvmsg), CALL(recvmmsg), CALL(sendto),
    CALL(sendmsg), CALL(sendmmsg), CALL(accept), CALL(accept4), CALL(epoll_pwait), CALL(epoll_ctl), CALL(close),
    CALL(shutdown), CALL(futex), CALL(clock_gettime), CALL(gettimeofday),
#ifdef SYS_epoll_wait
    CALL(epoll_wait), CALL(poll), CALL(select), CALL(time),
#endif
    // Connections to backends, names of backends (NSS: files, DNS, systemd-resolved, nscd), list fetches.
    CALL(socket), CALL(socketpair), CALL(connect), CALL(bind), CALL(listen), CALL(getsockname), CALL(getpeername),
    CALL(getsockopt), CALL(setsockopt), CALL(ppoll), CALL(pselect6), CALL(ioctl), CALL(fcntl), CALL(eventfd2),
    CALL(epoll_create1), CALL(pipe2), CALL(dup), CALL(dup3), CALL(uname), CALL(getrandom), CALL(timerfd_create),
    CALL(timerfd_settime), CALL(epoll_pwait2), CALL(close_range), CALL(sysinfo),
#ifdef SYS_epoll_create
    CALL(epoll_create), CALL(eventfd), CALL(pipe), CALL(dup2), CALL(alarm),
#endif
    // Files: configuration, certificates, lists and their journals, logs, captures; libraries of NSS.
    CALL(openat), CALL(openat2), CALL(fstat), CALL(newfstatat), CALL(statx), CALL(lseek), CALL(pread64), CALL(pwrite64),
    CALL(preadv), CALL(pwritev), CALL(fsync), CALL(fdatasync), CALL(ftruncate), CALL(truncate), CALL(fallocate),
    CALL(fadvise64), CALL(renameat), CALL(renameat2), CALL(unlinkat), CALL(linkat), CALL(mkdirat), CALL(getdents64),
    CALL(readlinkat), CALL(faccessat), CALL(faccessat2), CALL(fchmod), CALL(fchmodat), CALL(fchown), CALL(flock),
    CALL(umask), CALL(statfs), CALL(fstatfs), CALL(getcwd), CALL(sendfile), CALL(copy_file_range), CALL(utimensat),
    CALL(chdir), CALL(fchdir),
#ifdef SYS_open
    CALL(open), CALL(stat), CALL(lstat), CALL(access), CALL(rename), CALL(unlink), CALL(link), CALL(mkdir), CALL(rmdir),
    CALL(readlink), CALL(chmod), CALL(getdents), CALL(creat),
#endif
    // Memory.
    CALL(brk), CALL(mmap), CALL(munmap), CALL(mremap), CALL(mprotect), CALL(madvise), CALL(mlock), CALL(munlock),
    CALL(mlock2), CALL(msync), CALL(mincore), CALL(membarrier), CALL(memfd_create),
#ifdef SYS_map_shadow_stack
    CALL(map_shadow_stack),
#endif
#ifdef SYS_mseal
    CALL(mseal),
#endif
    // Threads, signals, time, the end.
    CALL(clone), CALL(clone3), CALL(set_robust_list), CALL(get_robust_list), CALL(rseq), CALL(set_tid_address),
    CALL(sched_yield), CALL(sched_getaffinity), CALL(sched_setaffinity), CALL(sched_getparam), CALL(sched_getscheduler),
    CALL(sched_setscheduler), CALL(sched_get_priority_max), CALL(sched_get_priority_min), CALL(getcpu), CALL(gettid),
    CALL(getpid), CALL(getppid), CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid), CALL(getpriority),
    CALL(setpriority), CALL(getrusage), CALL(prlimit64), CALL(getrlimit), CALL(setrlimit), CALL(prctl), CALL(capget),
    CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(rt_sigtimedwait), CALL(rt_sigpending),
    CALL(sigaltstack), CALL(tgkill), CALL(tkill), CALL(kill), CALL(nanosleep), CALL(clock_nanosleep), CALL(clock_getres),
    CALL(restart_syscall), CALL(exit), CALL(exit_group), CALL(times),
#ifdef SYS_futex_waitv
    CALL(futex_waitv),
#endif
#ifdef SYS_arch_prctl
    CALL(arch_prctl),
#endif
};

}  // namespace

std::span<const SystemCall> refused_calls() noexcept { return kRefused; }
std::span<const SystemCall> absent_calls() noexcept { return kAbsent; }
std::span<const SystemCall> made_calls() noexcept { return kMade; }

int newest_call() noexcept {
  int newest = 0;
  for (const auto calls : {refused_calls(), absent_calls(), made_calls()}) {
    for (const SystemCall& call : calls) newest = std::max(newest, call.number);
  }
  return newest;
}

}  // namespace proxy::process
