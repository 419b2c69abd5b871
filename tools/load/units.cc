#include "tools/load/units.h"

#include <charconv>
#include <cmath>
#include <cstddef>

namespace load {
namespace {

/// The number `text` starts with and what follows it; no sign, no exponent, no "inf".
struct Quantity {
  double number = 0;
  std::string_view unit;
};

core::Result<Quantity, UsageError> split(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789.");
  const std::string_view number = text.substr(0, digits);
  Quantity quantity;
  const auto [stop, ec] =
      std::from_chars(number.data(), number.data() + number.size(), quantity.number);
  if (number.empty() || ec != std::errc{} || stop != number.data() + number.size()) {
    return UsageError{"expected a number in \"" + std::string(text) + "\""};
  }
  quantity.unit = digits == std::string_view::npos ? std::string_view{} : text.substr(digits);
  return quantity;
}

}  // namespace

core::Result<std::uint64_t, UsageError> parse_duration_ns(std::string_view text) {
  const auto quantity = split(text);
  if (!quantity) return quantity.error();
  const std::string_view unit = quantity.value().unit;
  const double scale_ns = unit == "us"   ? 1e3
                          : unit == "ms" ? 1e6
                          : unit == "s"  ? 1e9
                          : unit == "m"  ? 60e9
                          : unit == "h"  ? 3600e9
                                         : 0;
  if (scale_ns == 0) {
    return UsageError{"expected a unit in \"" + std::string(text) + "\": us, ms, s, m or h"};
  }
  const double ns = quantity.value().number * scale_ns;
  if (ns > 86'400e9) return UsageError{"\"" + std::string(text) + "\" is longer than 24 hours"};
  return static_cast<std::uint64_t>(std::llround(ns));
}

core::Result<double, UsageError> parse_rate(std::string_view text) {
  const auto quantity = split(text);
  if (!quantity) return quantity.error();
  const std::string_view unit = quantity.value().unit;
  const double scale = unit.empty() ? 1 : unit == "k" ? 1e3 : unit == "m" ? 1e6 : 0;
  if (scale == 0) {
    return UsageError{"unknown unit in the rate \"" + std::string(text) + "\": nothing, k or m"};
  }
  const double rate = quantity.value().number * scale;
  if (!(rate > 0)) return UsageError{"a rate must be above 0"};
  if (rate > 10e6) return UsageError{"a rate is at most 10 million a second"};
  return rate;
}

core::Result<double, UsageError> parse_share(std::string_view text) {
  const auto quantity = split(text);
  if (!quantity) return quantity.error();
  const std::string_view unit = quantity.value().unit;
  if (!unit.empty() && unit != "%") {
    return UsageError{"expected a share such as 0.3 or 30%, not \"" + std::string(text) + "\""};
  }
  const double share = quantity.value().number / (unit == "%" ? 100 : 1);
  if (share > 1) return UsageError{"the share \"" + std::string(text) + "\" is above 1"};
  return share;
}

core::Result<ByteRange, UsageError> parse_byte_range(std::string_view text) {
  constexpr std::size_t kMax = 1'000'000;
  const std::size_t dots = text.find("..");
  const auto parse = [](std::string_view digits, std::size_t& bytes) {
    const auto [stop, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), bytes);
    return ec == std::errc{} && stop == digits.data() + digits.size() && bytes <= kMax;
  };
  ByteRange range;
  const bool is_read =
      dots == std::string_view::npos
          ? parse(text, range.from) && parse(text, range.to)
          : parse(text.substr(0, dots), range.from) && parse(text.substr(dots + 2), range.to);
  if (!is_read || range.from > range.to) {
    return UsageError{"expected bytes such as 4000 or 0..8000, at most 1000000, not \"" +
                      std::string(text) + "\""};
  }
  return range;
}

std::string format_fixed(double value, int decimals) {
  char text[64];
  const auto [stop, ec] =
      std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, decimals);
  return ec == std::errc{} ? std::string(text, stop) : std::string("0");
}

std::string format_duration(double ns) {
  struct Unit {
    double scale_ns;
    const char* name;
  };
  constexpr Unit kUnits[] = {{1e9, " s"}, {1e6, " ms"}, {1e3, " us"}};
  for (const Unit& unit : kUnits) {
    const double value = ns / unit.scale_ns;
    // 0.9995 would be printed as 1.000 of this unit: it belongs here, not to the unit below.
    if (value < 0.9995) continue;
    return format_fixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + unit.name;
  }
  return format_fixed(ns, 0) + " ns";
}

std::string format_count(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

}  // namespace load
