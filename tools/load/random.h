#pragma once

#include <cmath>
#include <cstdint>

namespace load {

__extension__ using Wide = unsigned __int128;  // no ISO C++ type is this wide

/// One step of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
/// 2014): turns any number into one that looks unrelated. Used as a hash and to seed.
constexpr std::uint64_t mix64(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// A small reproducible stream of random numbers. The same seed gives the same stream on every
/// machine and library, which std:: distributions do not promise.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(mix64(seed)) {}

  std::uint64_t next() noexcept { return mix64(state_++); }
  /// 0 <= result < bound; 0 for a bound of 0. The bias of bound / 2^64 is of no matter here.
  std::uint64_t below(std::uint64_t bound) noexcept {
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
  }
  /// 0 <= result < 1, 53 bits.
  double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// Exponentially distributed with mean 1: the gap between arrivals of a Poisson process.
  double exponential() noexcept { return -std::log1p(-unit()); }

 private:
  std::uint64_t state_;
};

}  // namespace load
