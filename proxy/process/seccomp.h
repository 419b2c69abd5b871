#pragma once

#include <linux/filter.h>

#include <optional>
#include <string>
#include <vector>

// The filter of system calls (seccomp(2)), for all threads of the process and for ever.
//
// Two ways of writing one were considered. A list of what is allowed is the tighter one, and breaks
// the day a new C library makes a call that nobody listed: in a service that people's sign-up waits
// for, that is an outage for a danger that was none. A list of what is refused can be complete
// where it matters, because what an intruder wants is known: start a program, take over another
// process, mount, load code into the kernel, change who he is, reach the parts of the kernel with
// the longest record of holes. So `standard` is the latter and always on, and `strict` is the
// former for who has tested it with his own system. As of Linux 5.11 the kernel remembers which
// calls pass whatever their arguments are, so the length of a list costs nothing.
//
// A call that is refused ends the process, with a line that names it: whoever got so far should not
// go on trying. io_uring and calls younger than this table are answered with ENOSYS instead:
// libraries try them and have another way.
namespace proxy::process {

enum class SeccompMode { kStandard, kStrict };

/// The program that the kernel runs for each system call.
std::vector<sock_filter> seccomp_program(SeccompMode mode);

/// From here on io_uring is answered as if the kernel had none (ENOSYS). Before the first loop is made: libuv of 1.45
/// and later sets up a ring with it, and ends the process when a ring that it has does not work any more. Sets
/// no_new_privs. Why it cannot be done, otherwise nothing.
std::optional<std::string> hide_io_uring();

/// Puts the filter in force on all threads, there and to come, and makes a refused call end the
/// process with `exit_code` and a line on stderr. Needs no_new_privs. Why it cannot be done,
/// otherwise nothing.
std::optional<std::string> install_seccomp(SeccompMode mode, int exit_code);

/// "execve"; null when the table has no name for it.
const char* system_call_name(int number) noexcept;

}  // namespace proxy::process
