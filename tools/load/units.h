#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace load {

inline constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
inline constexpr std::uint64_t kNsPerMs = 1'000'000;

/// Why a text on the command line was refused, in words for the person who typed it.
struct UsageError {
  std::string message;
};

/// "250us", "10ms", "1.5s", "2m", "1h" in nanoseconds; at most 24 hours. A bare number is refused:
/// tools disagree about what it means.
core::Result<std::uint64_t, UsageError> parse_duration_ns(std::string_view text);
/// "1000", "2.5k", "1m" (a million) requests a second; above 0 and at most 10 million.
core::Result<double, UsageError> parse_rate(std::string_view text);
/// "0.3" or "30%" as 0.3; between 0 and 1.
core::Result<double, UsageError> parse_share(std::string_view text);

/// Bytes, "4000" or between two bounds "0..8000"; at most a million.
struct ByteRange {
  std::size_t from = 0;
  std::size_t to = 0;  // included
};
core::Result<ByteRange, UsageError> parse_byte_range(std::string_view text);

/// "812 ns", "41.3 us", "7.20 ms", "1.52 s": three significant digits.
std::string format_duration(double ns);
/// "12,345,678".
std::string format_count(std::uint64_t count);
/// `value` with `decimals` digits after the point, always with a point, whatever the locale.
std::string format_fixed(double value, int decimals);

/// `text` in a column of `width` bytes.
inline std::string left_aligned(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}
inline std::string right_aligned(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

}  // namespace load
