#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "tools/load/histogram.h"
#include "tools/load/units.h"

namespace load {

/// What a run must achieve, as in "p99<10ms,p99.9<50ms,errors<0.1%". All terms must hold.
class Objective {
 public:
  static core::Result<Objective, UsageError> parse(std::string_view text);

  /// Nothing when it is met, otherwise the first term that is not, with what was seen: "p99 12.4
  /// ms, not below 10.0 ms". `failed` counts requests without a right answer out of `offered`.
  std::string missed(const Histogram& response, std::uint64_t failed, std::uint64_t offered) const;

  const std::string& text() const noexcept { return text_; }

 private:
  enum class Kind { kPercentile, kMax, kMean, kErrors };
  struct Term {
    Kind kind;
    double percent;  // of a percentile
    double limit;    // ns, or a share for kErrors
    std::string name;
  };
  static core::Result<Term, UsageError> parse_term(std::string_view text);

  std::vector<Term> terms_;
  std::string text_;
};

}  // namespace load
