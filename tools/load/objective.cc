#include "tools/load/objective.h"

#include <charconv>

namespace load {

core::Result<Objective::Term, UsageError> Objective::parse_term(std::string_view text) {
  const std::size_t below = text.find('<');
  if (below == std::string_view::npos) {
    return UsageError{"expected a term such as p99<10ms, not \"" + std::string(text) + "\""};
  }
  const std::string_view name = text.substr(0, below);
  const std::string_view limit = text.substr(below + 1);
  Term term{Kind::kPercentile, 0, 0, std::string(name)};
  if (name == "errors") {
    const auto share = parse_share(limit);
    if (!share) return share.error();
    term.kind = Kind::kErrors;
    term.limit = share.value();
    return term;
  }
  const auto duration = parse_duration_ns(limit);
  if (!duration) return duration.error();
  term.limit = static_cast<double>(duration.value());
  if (name == "max") {
    term.kind = Kind::kMax;
  } else if (name == "mean") {
    term.kind = Kind::kMean;
  } else {
    const std::string_view digits = name.substr(name.empty() ? 0 : 1);
    const auto [stop, ec] =
        std::from_chars(digits.data(), digits.data() + digits.size(), term.percent);
    if (name.empty() || name[0] != 'p' || ec != std::errc{} ||
        stop != digits.data() + digits.size() || !(term.percent > 0 && term.percent <= 100)) {
      return UsageError{"unknown measure \"" + std::string(name) +
                        "\": p50 to p99.99, max, mean or errors"};
    }
  }
  return term;
}

core::Result<Objective, UsageError> Objective::parse(std::string_view text) {
  Objective objective;
  objective.text_ = std::string(text);
  while (true) {
    const std::size_t comma = text.find(',');
    auto term = parse_term(text.substr(0, comma));
    if (!term) return term.error();
    objective.terms_.push_back(std::move(term).value());
    if (comma == std::string_view::npos) return objective;
    text.remove_prefix(comma + 1);
  }
}

std::string Objective::missed(const Histogram& response, std::uint64_t failed,
                              std::uint64_t offered) const {
  for (const Term& term : terms_) {
    if (term.kind == Kind::kErrors) {
      const double share =
          offered == 0 ? 0 : static_cast<double>(failed) / static_cast<double>(offered);
      if (share < term.limit || (failed == 0 && term.limit == 0)) continue;
      return "errors " + format_fixed(share * 100, 3) + "%, not below " +
             format_fixed(term.limit * 100, 3) + "%";
    }
    // Without a single answer there is no latency to judge: that is not an objective met.
    if (response.count() == 0) return "no answers";
    const double seen = term.kind == Kind::kMax ? static_cast<double>(response.max_ns())
                        : term.kind == Kind::kMean
                            ? response.mean_ns()
                            : static_cast<double>(response.percentile_ns(term.percent));
    if (seen < term.limit) continue;
    return term.name + " " + format_duration(seen) + ", not below " + format_duration(term.limit);
  }
  return {};
}

}  // namespace load
