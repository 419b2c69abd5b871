#include "core/text/postcode.h"

#include <algorithm>
#include <iterator>

#include "core/text/code_points.h"
#include "core/text/postcode_shapes.h"
#include "core/text/text.h"

namespace core::text {
namespace {

constexpr bool in_order() {
  for (std::size_t i = 1; i < std::size(kPostcodeShapes); ++i) {
    if (kPostcodeShapes[i - 1].country >= kPostcodeShapes[i].country) return false;
  }
  return true;
}
static_assert(in_order(), "find_shapes searches by halves");

/// The shapes of the country, empty when the table has none.
std::string_view find_shapes(std::string_view country) noexcept {
  if (country.size() != 2) return {};
  const char capital[2] = {static_cast<char>(country[0] & ~0x20),
                           static_cast<char>(country[1] & ~0x20)};
  const std::string_view wanted{capital, 2};
  const auto* const found = std::lower_bound(
      std::begin(kPostcodeShapes), std::end(kPostcodeShapes), wanted,
      [](const PostcodeShape& shape, std::string_view code) { return shape.country < code; });
  return found == std::end(kPostcodeShapes) || found->country != wanted ? std::string_view{}
                                                                        : found->shapes;
}

/// A code without what does not count, in capitals; size 0 when it cannot be a code.
struct Bare {
  static constexpr std::size_t kSizeMax = 16;
  char bytes[kSizeMax] = {};
  std::size_t size = 0;

  explicit Bare(std::string_view text) noexcept {
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
      const CodePoint point = decode(at, end);
      char32_t c = point.value;
      if (c >= 0xFF01 && c <= 0xFF5E) c -= 0xFEE0;  // full-width, as Japanese keyboards have it
      at += point.size;
      const bool hyphen = c == U'-' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212;
      if (c != kNoCodePoint && (is_white_space(c) || hyphen)) continue;
      if ((!is_ascii_letter(c) && !is_ascii_digit(c)) || size == kSizeMax) {
        size = 0;
        return;
      }
      bytes[size++] = static_cast<char>(is_ascii_letter(c) ? c & ~0x20U : c);
    }
  }
  std::string_view view() const noexcept { return {bytes, size}; }
};

bool among(char c, std::string_view these) noexcept {
  return these.find(c) != std::string_view::npos;
}

bool belongs(char c, char to) noexcept {
  const bool digit = c >= '0' && c <= '9';
  const bool letter = c >= 'A' && c <= 'Z';
  switch (to) {
    case '9':
      return digit;
    case '8':
      return digit && c != '0';
    case 'A':
      return letter;
    case 'n':
      return digit || letter;
    case 'c':
      return letter && !among(c, "DFIOQUWZ");
    case 'd':
      return letter && !among(c, "DFIOQU");
    case 'q':
      return letter && !among(c, "QVX");
    case 'r':
      return letter && !among(c, "IJZ");
    case 's':
      return letter && !among(c, "CIKMOV");
    default:
      return false;
  }
}

bool fits(std::string_view code, std::string_view shape) noexcept {
  std::size_t at = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == ' ' || shape[i] == '-') continue;
    if (at == code.size()) return false;
    const bool same = shape[i] == '\'' ? code[at] == shape[++i] : belongs(code[at], shape[i]);
    if (!same) return false;
    ++at;
  }
  return at == code.size();
}

std::string_view find_fitting(std::string_view code, std::string_view shapes) noexcept {
  while (!shapes.empty()) {
    const std::size_t bar = shapes.find('|');
    const std::string_view shape = shapes.substr(0, bar);
    if (fits(code, shape)) return shape;
    shapes = bar == std::string_view::npos ? std::string_view{} : shapes.substr(bar + 1);
  }
  return {};
}

/// The country's shape of a code, and the code itself: as it came, without the country's code
/// before it, or with it where it belongs to the shape and was left out.
struct Match {
  std::string_view shape;
  char code[Bare::kSizeMax + 2] = {};
  std::size_t size = 0;
};

Match find_match(std::string_view text, std::string_view country) noexcept {
  Match match;
  const std::string_view shapes = find_shapes(country);
  const Bare bare{text};
  if (shapes.empty() || bare.size == 0) return match;
  const char prefix[2] = {static_cast<char>(country[0] & ~0x20),
                          static_cast<char>(country[1] & ~0x20)};
  const std::string_view with{prefix, 2};
  const auto take = [&match, shapes](std::string_view first, std::string_view rest) {
    match.size = first.copy(match.code, first.size());
    match.size += rest.copy(match.code + match.size, rest.size());
    match.shape = find_fitting({match.code, match.size}, shapes);
    return !match.shape.empty();
  };
  if (take({}, bare.view())) return match;
  if (bare.view().starts_with(with) && take({}, bare.view().substr(2))) return match;
  // The one-letter code of the road, as Luxembourg, Belgium and others write it: "L-1234".
  if (bare.bytes[0] == prefix[0] && bare.size > 1 && bare.bytes[1] <= '9' &&
      take({}, bare.view().substr(1))) {
    return match;
  }
  if (bare.view().find_first_not_of("0123456789") == std::string_view::npos &&
      take(with, bare.view()) && match.shape.front() == '\'') {
    return match;
  }
  match.shape = {};
  return match;
}

bool is_blank(std::string_view text) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const CodePoint point = decode(at, end);
    if (point.value == kNoCodePoint || !is_white_space(point.value)) return false;
    at += point.size;
  }
  return true;
}

}  // namespace

bool is_postcode(std::string_view text, std::string_view country_code) noexcept {
  if (!has_postcodes(country_code)) return !is_blank(text);
  return !find_match(text, country_code).shape.empty();
}

bool has_postcodes(std::string_view country_code) noexcept {
  return !find_shapes(country_code).empty();
}

std::string_view format_postcode(std::string_view text, std::string_view country_code,
                                 Arena& arena) noexcept {
  const Match match = find_match(text, country_code);
  if (match.shape.empty()) return {};
  char result[2 * Bare::kSizeMax];
  std::size_t size = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < match.shape.size(); ++i) {
    if (match.shape[i] == ' ' || match.shape[i] == '-') {
      result[size++] = match.shape[i];
      continue;
    }
    if (match.shape[i] == '\'') ++i;
    result[size++] = match.code[at++];
  }
  const std::string_view code{result, size};
  return code == text ? text : arena.copy(code);
}

}  // namespace core::text
