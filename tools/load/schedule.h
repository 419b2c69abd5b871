#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "tools/load/random.h"
#include "tools/load/units.h"

namespace load {

/// A stretch of time in which the rate goes in a straight line from one value to another.
struct Phase {
  double rate_from = 0;  // requests a second; at least one of the two is above 0
  double rate_to = 0;
  std::uint64_t duration_ns = 0;  // above 0
};

/// When requests are meant to be sent, from the beginning of the run. Pure: no clock. The plan is a
/// value; Arrivals walks it.
class Schedule {
 public:
  static constexpr std::size_t kPhasesMax = 64;

  static Schedule constant(double rate, std::uint64_t duration_ns);
  /// "1000x10s,2000x10s,500..4000x30s": steps and ramps, in order.
  static core::Result<Schedule, UsageError> parse(std::string_view text);

  const std::vector<Phase>& phases() const noexcept { return phases_; }
  std::uint64_t duration_ns() const noexcept { return duration_ns_; }
  /// How many requests the plan holds when they are evenly spaced.
  double requests() const noexcept;
  /// The time at which `requests` have been due, or nothing when the plan holds fewer. Ascending in
  /// its argument.
  std::optional<std::uint64_t> time_of_ns(double requests) const noexcept;
  /// The phase in which a moment lies; the last one for any later moment.
  std::size_t phase_at(std::uint64_t at_ns) const noexcept;

 private:
  std::vector<Phase> phases_;
  std::vector<double> requests_before_;   // by phase
  std::vector<std::uint64_t> starts_ns_;  // by phase
  std::uint64_t duration_ns_ = 0;

  void add(Phase phase);
};

enum class Spacing { kConstant, kPoisson };

/// The send times of one thread out of several, ascending.
///
/// Constant: thread i of n takes requests i, i + n, ... of the plan, so that together the threads
/// are evenly spaced. Poisson: each thread walks a process of its own with 1/n of the rate, because
/// Poisson processes add up to one. Changing rates are exact in both: the process runs in units of
/// requests and Schedule::time_of_ns() maps it to time.
class Arrivals {
 public:
  Arrivals(const Schedule& schedule, Spacing spacing, unsigned thread, unsigned threads,
           std::uint64_t seed);

  /// The next send time, or nothing when the plan is at its end.
  std::optional<std::uint64_t> next_ns();

 private:
  const Schedule& schedule_;
  Spacing spacing_;
  double threads_;
  double position_;  // in requests of the whole plan
  Random random_;
};

}  // namespace load
