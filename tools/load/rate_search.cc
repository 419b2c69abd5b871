#include "tools/load/rate_search.h"

#include <algorithm>

namespace load {

bool RateSearch::narrow() const {
  if (passed_ >= limits_.to) return true;
  return failed_ > 0 && passed_ > 0 &&
         failed_ - passed_ <= limits_.precision * passed_ * (1 + 1e-9);
}

std::optional<RateSearch::Probe> RateSearch::next() const {
  if (probes_ >= limits_.probes_max) return std::nullopt;
  if (narrow()) {
    if (confirmed_ >= limits_.confirmations) return std::nullopt;
    return Probe{passed_, true};
  }
  if (failed_ == 0) {
    return Probe{
        passed_ == 0 ? std::min(limits_.from, limits_.to) : std::min(passed_ * 2, limits_.to),
        false};
  }
  if (passed_ > 0) return Probe{(passed_ + failed_) / 2, false};
  // Nothing below it has passed yet. Under one request a second there is nothing to find.
  if (failed_ / descent_ < 1) return std::nullopt;
  return Probe{failed_ / descent_, false};
}

void RateSearch::report(bool met) {
  const auto probe = next();
  if (!probe) return;
  ++probes_;
  if (probe->confirming) {
    if (met) {
      ++confirmed_;
      return;
    }
    // It was luck. The next candidate lies one step of the precision below, so that when it passes
    // the gap is narrow at once; when it does not, the steps grow.
    confirmed_ = 0;
    failed_ = passed_;
    passed_ = 0;
    descent_ = 1 + limits_.precision;
    return;
  }
  if (met) {
    passed_ = std::max(passed_, probe->rate);
  } else {
    if (failed_ > 0 && passed_ == 0) descent_ = std::min(2.0, descent_ * descent_);
    failed_ = failed_ == 0 ? probe->rate : std::min(failed_, probe->rate);
  }
}

std::optional<double> RateSearch::found() const {
  if (passed_ == 0 || confirmed_ < limits_.confirmations || !narrow()) return std::nullopt;
  return passed_;
}

}  // namespace load
