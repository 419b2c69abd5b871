#include "tools/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace load {

// A value of w significant bits keeps its top kPrecisionBits + 1. With shift = w - 8 the bucket is
// shift * 128 + (value >> shift): for shift 0 the value itself, and from one shift to the next the
// numbers continue without a gap, because value >> shift is between 128 and 255 there.
std::size_t Histogram::bucket_of(std::uint64_t value_ns) noexcept {
  const auto width = static_cast<unsigned>(std::bit_width(value_ns));
  if (width <= kPrecisionBits + 1) return static_cast<std::size_t>(value_ns);
  const unsigned shift = width - (kPrecisionBits + 1);
  return (static_cast<std::size_t>(shift) << kPrecisionBits) +
         static_cast<std::size_t>(value_ns >> shift);
}

std::uint64_t Histogram::upper_end_of(std::size_t bucket) noexcept {
  constexpr std::size_t kExact = std::size_t{2} << kPrecisionBits;
  if (bucket < kExact) return bucket;
  const std::size_t shift = (bucket >> kPrecisionBits) - 1;
  const std::size_t top = bucket - (shift << kPrecisionBits);
  return ((static_cast<std::uint64_t>(top) + 1) << shift) - 1;
}

Histogram::Histogram() : buckets_(kBuckets, 0) {}

void Histogram::record(std::uint64_t value_ns) noexcept {
  value_ns = std::min(value_ns, kMax_ns);
  ++buckets_[bucket_of(value_ns)];
  ++count_;
  min_ = std::min(min_, value_ns);
  max_ = std::max(max_, value_ns);
  sum_ += static_cast<double>(value_ns);
}

void Histogram::merge(const Histogram& other) noexcept {
  if (other.count_ == 0) return;
  for (std::size_t i = bucket_of(other.min_); i <= bucket_of(other.max_); ++i) {
    buckets_[i] += other.buckets_[i];
  }
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

void Histogram::clear() noexcept {
  if (count_ == 0) return;
  std::fill(buckets_.begin() + static_cast<std::ptrdiff_t>(bucket_of(min_)),
            buckets_.begin() + static_cast<std::ptrdiff_t>(bucket_of(max_)) + 1, 0);
  count_ = 0;
  min_ = UINT64_MAX;
  max_ = 0;
  sum_ = 0;
}

double Histogram::mean_ns() const noexcept {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

std::uint64_t Histogram::percentile_ns(double percent) const noexcept {
  if (count_ == 0) return 0;
  const double share = std::clamp(percent, 0.0, 100.0) / 100.0;
  // The rank is rounded up: p50 of two values is the first, p99.9 of 100 values is the last. The
  // small subtraction keeps 99.9 % of 1,000 at rank 999 although 0.999 * 1000 is a little more.
  const double exact = share * static_cast<double>(count_);
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(exact - 1e-9 * std::max(1.0, exact))));
  std::uint64_t seen = 0;
  for (std::size_t i = bucket_of(min_); i <= bucket_of(max_); ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(upper_end_of(i), max_);
  }
  return max_;
}

std::vector<Histogram::Point> Histogram::points() const {
  std::vector<Point> points;
  if (count_ == 0) return points;
  std::uint64_t seen = 0;
  for (std::size_t i = bucket_of(min_); i <= bucket_of(max_); ++i) {
    if (buckets_[i] == 0) continue;
    seen += buckets_[i];
    points.push_back({std::min(upper_end_of(i), max_), buckets_[i], seen});
  }
  return points;
}

}  // namespace load
