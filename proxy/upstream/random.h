#pragma once

#include <cstdint>

namespace proxy::upstream {

/// splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014): for balancing
/// and jitter, where nobody gains by guessing. Pure.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// 0 <= result < bound; 0 for a bound of 0. The bias of bound / 2^64 is of no matter here.
  std::uint64_t below(std::uint64_t bound) noexcept {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
  }

 private:
  std::uint64_t state_;
};

}  // namespace proxy::upstream
