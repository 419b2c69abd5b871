#pragma once

#include <span>

namespace proxy::process {

/// A system call of this machine's kind.
struct SystemCall {
  int number;
  const char* name;
};

/// Never made by this program or by a library in it.
std::span<const SystemCall> refused_calls() noexcept;
/// Answered with ENOSYS: libraries try them and have another way.
std::span<const SystemCall> absent_calls() noexcept;
/// All that this program and its libraries make once it listens.
std::span<const SystemCall> made_calls() noexcept;

/// No call of this table has a larger number.
int newest_call() noexcept;

}  // namespace proxy::process
