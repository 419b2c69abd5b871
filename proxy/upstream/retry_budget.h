#pragma once

#include <algorithm>

namespace proxy::upstream {

/// How many further tries a backend may be burdened with: each call puts `share` of a token in, each
/// retry or hedge takes one out. So, over any time, they are at most `share` of the calls and the bound
/// below. A burst after a quiet hour finds kHeld calls' worth and no more. Pure.
class RetryBudget {
 public:
  static constexpr double kHeld = 100;  // calls whose tokens are kept at most
  static constexpr double kFirst = 1;   // so that the first call that fails may be tried again

  explicit RetryBudget(double share) noexcept { set_share(share); }

  /// Another edition's share; what was saved stays within the new bound.
  void set_share(double share) noexcept {
    share_ = share;
    const double bound = bound_of(share);
    tokens_ = fresh_ ? std::min(kFirst, bound) : std::min(tokens_, bound);
    fresh_ = false;
  }
  void on_call() noexcept { tokens_ = std::min(tokens_ + share_, bound_of(share_)); }
  /// True, and a token is gone, when there is one.
  bool take() noexcept {
    // A sum of tenths falls short of a whole by its rounding.
    if (tokens_ < 1 - 1e-9) return false;
    tokens_ = std::max(0.0, tokens_ - 1);
    return true;
  }

  /// What was taken was not used after all.
  void give_back() noexcept { tokens_ = std::min(tokens_ + 1, bound_of(share_)); }

 private:
  /// At least one token, or a small share would never come to a whole one.
  static double bound_of(double share) noexcept {
    return share <= 0 ? 0 : std::max(1.0, share * kHeld);
  }
  double share_ = 0;
  double tokens_ = 0;
  bool fresh_ = true;
};

}  // namespace proxy::upstream
