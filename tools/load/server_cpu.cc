#include "tools/load/server_cpu.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace load {
namespace {

std::optional<std::uint64_t> next_number(std::string_view& text) {
  const std::size_t from = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(from);
  std::uint64_t number = 0;
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return number;
}

std::string read_text(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The numbers of the directories in `path`: threads of a process.
std::vector<std::string> entries(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator at(path, error), end; !error && at != end;
       at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  return names;
}

}  // namespace

std::optional<CpuTime> parse_stat(std::string_view text, std::uint64_t ticks_per_second) {
  const std::size_t bracket = text.rfind(')');
  if (bracket == std::string_view::npos || ticks_per_second == 0) return std::nullopt;
  text.remove_prefix(bracket + 1);
  // After the name: state (3), then numbers; utime is field 14 and stime field 15.
  for (int field = 3; field < 14; ++field) {
    const std::size_t from = text.find_first_not_of(' ');
    if (from == std::string_view::npos) return std::nullopt;
    text.remove_prefix(from);
    text.remove_prefix(std::min(text.find(' '), text.size()));
  }
  const auto user = next_number(text);
  const auto system = next_number(text);
  if (!user || !system) return std::nullopt;
  const std::uint64_t tick_us = 1'000'000 / ticks_per_second;
  return CpuTime{*user * tick_us, *system * tick_us, 0};
}

std::optional<std::uint64_t> parse_schedstat(std::string_view text) { return next_number(text); }

std::optional<CpuTime> ServerCpu::read() const {
  const auto ticks = static_cast<std::uint64_t>(std::max(1L, sysconf(_SC_CLK_TCK)));
  std::vector<pid_t> pids = processes_;
  CpuTime sum;
  bool any = false;
  for (std::size_t i = 0; i < pids.size(); ++i) {  // grows by the descendants found
    const std::string process = "/proc/" + std::to_string(pids[i]);
    const auto used = parse_stat(read_text(process + "/stat"), ticks);
    if (!used) continue;
    any = true;
    sum.user_us += used->user_us;
    sum.system_us += used->system_us;
    for (const std::string& thread : entries(process + "/task")) {
      const std::string task = process + "/task/" + thread;
      sum.total_ns += parse_schedstat(read_text(task + "/schedstat")).value_or(0);
      const std::string children = read_text(task + "/children");
      std::string_view left = children;
      while (const auto child = next_number(left)) {
        const auto pid = static_cast<pid_t>(*child);
        if (std::find(pids.begin(), pids.end(), pid) == pids.end()) pids.push_back(pid);
      }
    }
  }
  if (!any) return std::nullopt;
  return sum;
}

CpuUsed cpu_between(const CpuTime& before, const CpuTime& after) noexcept {
  const auto gap = [](std::uint64_t from, std::uint64_t to) {
    return to > from ? static_cast<double>(to - from) : 0.0;
  };
  CpuUsed used{gap(before.user_us, after.user_us), gap(before.system_us, after.system_us), 0};
  used.total_us = after.total_ns > before.total_ns ? gap(before.total_ns, after.total_ns) / 1e3
                                                   : used.user_us + used.system_us;
  return used;
}

}  // namespace load
