#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace load {

/// Latencies in nanoseconds, counted in buckets: 64 to each doubling, so a percentile is at most
/// 1.6% too high. Fixed size, no allocation. Thread: one.
class Latencies {
 public:
  void add(std::uint64_t ns) noexcept {
    ++counts_[bucket_of(ns)];
    ++count_;
    if (ns > max_ns_) max_ns_ = ns;
  }

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t max_ns() const noexcept { return max_ns_; }

  /// The upper edge of the bucket below which `share` (0 to 1) of all latencies lie; 0 when empty.
  std::uint64_t percentile_ns(double share) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted || (seen == count_ && seen > 0)) return std::min(upper_edge_ns(i), max_ns_);
    }
    return 0;
  }

 private:
  static constexpr unsigned kSubBits = 6;
  static constexpr std::size_t kSub = std::size_t{1} << kSubBits;

  static std::size_t bucket_of(std::uint64_t ns) noexcept {
    if (ns < 2 * kSub) return ns;
    const auto shift = static_cast<unsigned>(std::bit_width(ns)) - kSubBits - 1;
    return shift * kSub + (ns >> shift);
  }
  static std::uint64_t upper_edge_ns(std::size_t bucket) noexcept {
    if (bucket < 2 * kSub) return bucket;
    const std::size_t shift = bucket / kSub - 1;
    return ((std::uint64_t{bucket % kSub + kSub} + 1) << shift) - 1;
  }

  std::array<std::uint64_t, (64 - kSubBits + 1) * kSub> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ns_ = 0;
};

}  // namespace load
