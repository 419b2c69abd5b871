#include "core/config/scalars.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace core::config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Unit {
  std::string_view name;
  std::uint64_t scale;
};

constexpr Unit kDurationUnits[] = {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}};
constexpr Unit kDayUnit{"d", kDayMs};
constexpr Unit kSizeUnits[] = {{"KiB", std::uint64_t{1} << 10},
                               {"MiB", std::uint64_t{1} << 20},
                               {"GiB", std::uint64_t{1} << 30}};

std::string format(std::int64_t value, std::span<const Unit> units, std::string_view smallest) {
  const auto count = static_cast<std::uint64_t>(value);
  for (std::size_t i = units.size(); i-- > 0;) {
    if (count != 0 && count % units[i].scale == 0) {
      return std::to_string(count / units[i].scale).append(units[i].name);
    }
  }
  return std::to_string(count).append(smallest);
}

}  // namespace

Result<milliseconds, ParseError> parse_duration(std::string_view text, milliseconds longest) {
  // Most are timeouts, and one of more than 24 hours is a typo.
  const auto ms_max = static_cast<std::uint64_t>(longest.count());
  const bool days = ms_max > kDayUnit.scale;
  std::uint64_t count = 0;
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
  const auto digits = static_cast<std::size_t>(stop - text.data());
  if (digits == 0) return ParseError{0, "expected a number, as in \"250ms\""};
  std::vector<Unit> units(std::begin(kDurationUnits), std::end(kDurationUnits));
  if (days) units.push_back(kDayUnit);
  for (const Unit& unit : units) {
    if (unit.name != text.substr(digits)) continue;
    // Divide, never multiply: count * scale may wrap.
    if (ec != std::errc{} || count > ms_max / unit.scale) {
      return ParseError{0, days ? "longer than " + std::to_string(ms_max / kDayUnit.scale) + " days"
                                : "longer than 24 hours"};
    }
    return milliseconds{static_cast<std::int64_t>(count * unit.scale)};
  }
  const std::string words = days ? "expected a unit: ms, s, m, h or d" : "expected a unit: ms, s, m or h";
  if (digits < text.size() && (text[digits] == '.' || text[digits] == ',')) {
    return ParseError{digits, "expected a whole number", "write 1500ms for 1.5s"};
  }
  if (digits == text.size()) {
    return ParseError{0, words,
                      "write " + std::string(text) + "s or " + std::string(text) + "ms"};
  }
  return ParseError{digits, words};
}

Result<std::int64_t, ParseError> parse_size(std::string_view text) {
  constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 40;
  std::uint64_t count = 0;
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
  const auto digits = static_cast<std::size_t>(stop - text.data());
  if (digits == 0) return ParseError{0, "expected a number, as in \"16KiB\""};
  const std::string_view unit = text.substr(digits);
  std::uint64_t scale = unit.empty() ? 1 : 0;
  for (const Unit& known : kSizeUnits) {
    if (known.name == unit) scale = known.scale;
  }
  if (scale == 0) {
    ParseError error{digits, "expected a unit: KiB, MiB or GiB, or none for bytes"};
    const char first = unit[0];
    if (unit.size() <= 3 && std::string_view("kKmMgG").find(first) != std::string_view::npos) {
      const char large = first == 'k' ? 'K' : first == 'm' ? 'M' : first == 'g' ? 'G' : first;
      error.suggestion = "write " + std::string(text.substr(0, digits)) + large + "iB";
    }
    return error;
  }
  if (ec != std::errc{} || count > kBytesMax / scale) return ParseError{0, "more than 1 TiB"};
  return static_cast<std::int64_t>(count * scale);
}

Scalar::Type type_of_plain(std::string_view text) {
  if (text == "true" || text == "false") return Scalar::Type::kBoolean;
  std::size_t i = text.starts_with('-') ? 1 : 0;
  const auto digits = [&text, &i] {
    const std::size_t begin = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - begin;
  };
  const std::size_t whole = i;
  const std::size_t count = digits();
  if (count == 0 || (count > 1 && text[whole] == '0')) return Scalar::Type::kString;
  if (i == text.size()) return Scalar::Type::kInteger;
  if (text[i] == '.') {
    ++i;
    if (digits() == 0) return Scalar::Type::kString;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits() == 0) return Scalar::Type::kString;
  }
  return i == text.size() ? Scalar::Type::kNumber : Scalar::Type::kString;
}

namespace {

/// "+007" as "7", ".5" as "0.5", "5.e3" as "5e3"; empty when `text` is no decimal number of YAML.
std::string decimal_of(std::string_view text, bool& whole) {
  std::string plain;
  std::size_t i = 0;
  if (text.starts_with('+') || text.starts_with('-')) ++i;
  if (text.starts_with('-')) plain = "-";
  const auto digits = [&text, &i] {
    const std::size_t begin = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return text.substr(begin, i - begin);
  };
  std::string_view before = digits();
  std::string_view behind;
  whole = i == text.size();
  if (i < text.size() && text[i] == '.') {
    ++i;
    behind = digits();
  }
  if (before.empty() && behind.empty()) return {};
  before.remove_prefix(std::min(before.find_first_not_of('0'), before.size()));
  plain += before.empty() ? "0" : std::string(before);
  if (!behind.empty()) plain.append(".").append(behind);
  if (i == text.size()) return plain;
  if (text[i] != 'e' && text[i] != 'E') return {};
  plain += text[i++];
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) plain += text[i++];
  const std::string_view exponent = digits();
  if (exponent.empty() || i != text.size()) return {};
  return plain.append(exponent);
}

}  // namespace

std::optional<YamlReading> read_otherwise_by_yaml(std::string_view text) {
  using enum Scalar::Type;
  if (text.empty() || type_of_plain(text) != kString) return {};
  if (text == "True" || text == "TRUE") return YamlReading{kBoolean, "true"};
  if (text == "False" || text == "FALSE") return YamlReading{kBoolean, "false"};
  if (text.starts_with("0x") || text.starts_with("0o")) {
    const char* const end = text.data() + text.size();
    std::uint64_t value = 0;
    const auto [stop, ec] = std::from_chars(text.data() + 2, end, value, text[1] == 'x' ? 16 : 8);
    if (text.size() == 2 || stop != end || ec == std::errc::invalid_argument) return {};
    return YamlReading{kInteger, ec == std::errc{} ? std::to_string(value) : std::string()};
  }
  std::string_view unsigned_text = text;
  if (text[0] == '+' || text[0] == '-') unsigned_text.remove_prefix(1);
  for (const std::string_view word : {".inf", ".Inf", ".INF"}) {
    if (unsigned_text == word) return YamlReading{kNumber, ""};
  }
  for (const std::string_view word : {".nan", ".NaN", ".NAN"}) {
    if (text == word) return YamlReading{kNumber, ""};
  }
  bool whole = false;
  std::string plain = decimal_of(text, whole);
  if (plain.empty()) return {};
  return YamlReading{whole ? kInteger : kNumber, std::move(plain)};
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::string format_duration(std::int64_t ms) {
  if (ms > kDayMs && ms % kDayMs == 0) return std::to_string(ms / kDayMs) + "d";
  return format(ms, kDurationUnits, "ms");
}

std::string format_size(std::int64_t bytes) { return format(bytes, kSizeUnits, ""); }

}  // namespace core::config
