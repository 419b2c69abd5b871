#pragma once

#include <algorithm>
#include <cstdint>

namespace proxy::upstream {

/// An endpoint that comes back gets its share bit by bit: a tenth at once, all of it after `over_ms`,
/// in proportion between. Pure.
class SlowReturn {
 public:
  static constexpr double kFirstShare = 0.1;

  void begin(std::uint64_t now_ms, std::uint64_t over_ms) noexcept {
    began_ms_ = now_ms;
    over_ms_ = over_ms;
  }
  /// kFirstShare to 1.
  double share(std::uint64_t now_ms) const noexcept {
    if (over_ms_ == 0 || now_ms - began_ms_ >= over_ms_) return 1;
    return std::max(kFirstShare, static_cast<double>(now_ms - began_ms_) /
                                     static_cast<double>(over_ms_));
  }

 private:
  std::uint64_t began_ms_ = 0;
  std::uint64_t over_ms_ = 0;  // 0: it was never away
};

}  // namespace proxy::upstream
