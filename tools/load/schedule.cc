#include "tools/load/schedule.h"

#include <algorithm>
#include <cmath>

namespace load {
namespace {

double seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

double requests_in(const Phase& phase) {
  return (phase.rate_from + phase.rate_to) / 2 * seconds(phase.duration_ns);
}

/// When, in seconds from the beginning of the phase, `requests` have been due: the root of
/// from * t + slope / 2 * t^2 = requests, in the form that loses no digits for a slope near 0.
double seconds_until(const Phase& phase, double requests) {
  const double slope = (phase.rate_to - phase.rate_from) / seconds(phase.duration_ns);
  const double under = phase.rate_from * phase.rate_from + 2 * slope * requests;
  const double divisor = phase.rate_from + std::sqrt(std::max(0.0, under));
  return divisor > 0 ? 2 * requests / divisor : 0;
}

core::Result<double, UsageError> parse_rate_or_zero(std::string_view text) {
  if (text == "0") return 0.0;
  return parse_rate(text);
}

core::Result<Phase, UsageError> parse_phase(std::string_view text) {
  const std::size_t times = text.rfind('x');
  if (times == std::string_view::npos) {
    return UsageError{"expected RATExDURATION (1000x10s) or FROM..TOxDURATION, not \"" +
                      std::string(text) + "\""};
  }
  const std::string_view rates = text.substr(0, times);
  const auto duration = parse_duration_ns(text.substr(times + 1));
  if (!duration) return duration.error();
  if (duration.value() == 0) return UsageError{"a phase must last longer than 0"};
  const std::size_t dots = rates.find("..");
  const auto from = dots == std::string_view::npos ? parse_rate(rates)
                                                   : parse_rate_or_zero(rates.substr(0, dots));
  if (!from) return from.error();
  const auto to =
      dots == std::string_view::npos ? from : parse_rate_or_zero(rates.substr(dots + 2));
  if (!to) return to.error();
  if (from.value() + to.value() <= 0) return UsageError{"a ramp needs a rate above 0 at one end"};
  return Phase{from.value(), to.value(), duration.value()};
}

}  // namespace

void Schedule::add(Phase phase) {
  starts_ns_.push_back(duration_ns_);
  requests_before_.push_back(requests());
  phases_.push_back(phase);
  duration_ns_ += phase.duration_ns;
}

Schedule Schedule::constant(double rate, std::uint64_t duration_ns) {
  Schedule schedule;
  schedule.add({rate, rate, duration_ns});
  return schedule;
}

core::Result<Schedule, UsageError> Schedule::parse(std::string_view text) {
  Schedule schedule;
  while (true) {
    const std::size_t comma = text.find(',');
    const auto phase = parse_phase(text.substr(0, comma));
    if (!phase) return phase.error();
    if (schedule.phases_.size() == kPhasesMax) return UsageError{"more than 64 phases"};
    schedule.add(phase.value());
    if (schedule.duration_ns_ > 86'400 * kNsPerSecond) {
      return UsageError{"the schedule is longer than 24 hours"};
    }
    if (comma == std::string_view::npos) return schedule;
    text.remove_prefix(comma + 1);
  }
}

double Schedule::requests() const noexcept {
  return phases_.empty() ? 0 : requests_before_.back() + requests_in(phases_.back());
}

std::optional<std::uint64_t> Schedule::time_of_ns(double requests) const noexcept {
  if (phases_.empty() || !(requests < this->requests())) return std::nullopt;
  const auto after = std::upper_bound(requests_before_.begin(), requests_before_.end(), requests);
  const auto phase =
      static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, after - requests_before_.begin() - 1));
  const double within = seconds_until(phases_[phase], requests - requests_before_[phase]);
  const auto within_ns = static_cast<std::uint64_t>(std::llround(within * 1e9));
  return starts_ns_[phase] + std::min(within_ns, phases_[phase].duration_ns);
}

std::size_t Schedule::phase_at(std::uint64_t at_ns) const noexcept {
  const auto after = std::upper_bound(starts_ns_.begin(), starts_ns_.end(), at_ns);
  return static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, after - starts_ns_.begin() - 1));
}

Arrivals::Arrivals(const Schedule& schedule, Spacing spacing, unsigned thread, unsigned threads,
                   std::uint64_t seed)
    : schedule_(schedule),
      spacing_(spacing),
      threads_(threads),
      position_(spacing == Spacing::kConstant ? static_cast<double>(thread) : 0),
      random_(mix64(seed) ^ (thread + 1)) {
  // The first gap of a Poisson process is as long as any other.
  if (spacing == Spacing::kPoisson) position_ = random_.exponential() * threads_;
}

std::optional<std::uint64_t> Arrivals::next_ns() {
  const auto at = schedule_.time_of_ns(position_);
  position_ += spacing_ == Spacing::kConstant ? threads_ : random_.exponential() * threads_;
  return at;
}

}  // namespace load
