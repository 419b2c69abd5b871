#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace load {

/// CPU time used by processes since they started.
struct CpuTime {
  std::uint64_t user_us = 0;    // in steps of a clock tick, 10 ms
  std::uint64_t system_us = 0;  // likewise
  std::uint64_t total_ns = 0;   // as the scheduler counts it, exact; 0 where it does not
};

/// User and system time from the text of /proc/PID/stat (proc(5)); the command's name may hold
/// blanks and brackets. Nothing when the text is something else.
std::optional<CpuTime> parse_stat(std::string_view text, std::uint64_t ticks_per_second);
/// Time on the CPU in ns: the first number of /proc/PID/task/TID/schedstat.
std::optional<std::uint64_t> parse_schedstat(std::string_view text);

/// Reads the CPU time of processes, all their threads and all their descendants, so that naming the
/// master process of a server with workers is enough. Threads that end take their share of total_ns
/// with them; user_us and system_us keep it.
class ServerCpu {
 public:
  explicit ServerCpu(std::vector<pid_t> processes) : processes_(std::move(processes)) {}

  bool watching() const noexcept { return !processes_.empty(); }
  /// Nothing when none of the processes can be read.
  std::optional<CpuTime> read() const;

 private:
  std::vector<pid_t> processes_;
};

/// What is used between two readings; exact where the scheduler says so.
struct CpuUsed {
  double user_us = 0, system_us = 0, total_us = 0;
};
CpuUsed cpu_between(const CpuTime& before, const CpuTime& after) noexcept;

}  // namespace load
