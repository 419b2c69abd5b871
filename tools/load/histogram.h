#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace load {

/// Counts durations in buckets whose width grows with the value, as HdrHistogram does. A value
/// below 256 ns is exact; above, each power of two has 128 buckets, so a reported value is at most
/// 1/128 (0.79 %) above and never below the true one. Values above kMax_ns are counted as kMax_ns.
///
/// 35 KiB, allocated once by the constructor. Not thread-safe: one per thread, merged at the end.
class Histogram {
 public:
  static constexpr unsigned kPrecisionBits = 7;
  static constexpr double kRelativeErrorMax = 1.0 / (1U << kPrecisionBits);
  static constexpr std::uint64_t kMax_ns = (std::uint64_t{1} << 40) - 1;  // 18 minutes

  Histogram();

  void record(std::uint64_t value_ns) noexcept;
  /// Adds everything `other` has counted.
  void merge(const Histogram& other) noexcept;
  void clear() noexcept;

  std::uint64_t count() const noexcept { return count_; }
  /// 0 when nothing was recorded. min, max and mean are exact up to kMax_ns.
  std::uint64_t min_ns() const noexcept { return count_ == 0 ? 0 : min_; }
  std::uint64_t max_ns() const noexcept { return max_; }
  double mean_ns() const noexcept;
  /// The value that `percent` of the recorded values do not exceed (0 < percent <= 100), as the
  /// upper end of its bucket but never above max_ns(). 0 when nothing was recorded.
  std::uint64_t percentile_ns(double percent) const noexcept;

  struct Point {
    std::uint64_t value_ns;   // upper end of the bucket
    std::uint64_t count;      // in this bucket
    std::uint64_t not_above;  // values recorded up to and with this bucket
  };
  /// The buckets that hold something, ascending.
  std::vector<Point> points() const;

  static std::size_t bucket_of(std::uint64_t value_ns) noexcept;
  static std::uint64_t upper_end_of(std::size_t bucket) noexcept;

 private:
  static constexpr std::size_t kBuckets = (40 - kPrecisionBits + 1) << kPrecisionBits;
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t min_ = UINT64_MAX;
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

/// The percentiles every report prints.
inline constexpr std::array<double, 6> kReportedPercentiles = {50, 75, 90, 99, 99.9, 99.99};

}  // namespace load
