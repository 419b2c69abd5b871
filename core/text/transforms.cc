#include "core/text/transforms.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <cstring>

#include "core/text/bytes16.h"
#include "core/text/code_points.h"
#include "core/text/spelled_out.h"
#include "core/text/text.h"

namespace core::text {
namespace {

UChar32 icu(char32_t c) noexcept { return static_cast<UChar32>(c); }

/// The bytes of the code point at `at`, one for a byte that is no UTF-8.
std::size_t step(const char* at, const char* end) noexcept {
  return static_cast<unsigned char>(*at) < 0x80 ? 1 : decode(at, end).size;
}

/// True when no code point is U+0300 or above: no mark and nothing that composes (NFC_Quick_Check
/// of the Unicode Character Database is Yes up to there).
bool is_below_marks(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0xCC; });
}

bool is_mark(char32_t c) noexcept { return (U_GET_GC_MASK(icu(c)) & U_GC_M_MASK) != 0; }

/// Writes `c`, which is not ASCII, without its marks. `bare` says whether marks that follow it go.
char* write_without_marks(char32_t c, const UNormalizer2* nfd, bool& bare, char* to) noexcept {
  if (is_mark(c)) return bare ? to : encode(c, to);
  UErrorCode error = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(icu(c), &error);
  bare = U_SUCCESS(error) && (script == USCRIPT_LATIN || script == USCRIPT_GREEK);
  if (!bare) return encode(c, to);
  UChar parts[16];
  const std::int32_t size = unorm2_getDecomposition(nfd, icu(c), parts, 16, &error);
  std::int32_t at = 0;
  if (U_FAILURE(error) || size <= 0) return write_spelled_out(c, to);
  while (at < size) {
    UChar32 part = 0;
    U16_NEXT(parts, at, size, part);
    if (!is_mark(static_cast<char32_t>(part))) {
      to = write_spelled_out(static_cast<char32_t>(part), to);
    }
  }
  return to;
}

struct Decimal {
  static constexpr std::size_t kDigitsMax = 400;  // more than any double or claim of ours has
  char digits[kDigitsMax];
  std::size_t size = 0;
  std::int64_t point = 0;  // digits before the decimal point; may be negative or beyond size
  bool negative = false;
};

/// Reads [+-] digits [. digits] [e [+-] digits].
bool read_decimal(std::string_view text, Decimal& number) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto digit = [&] { return at != end && is_ascii_digit(static_cast<unsigned char>(*at)); };
  if (at != end && (*at == '-' || *at == '+')) number.negative = *at++ == '-';
  std::size_t seen = 0;
  const auto take = [&](bool before_point) {
    for (; digit(); ++at, ++seen) {
      if (number.size == 0 && *at == '0') {  // leading zeros only move the point
        if (!before_point) --number.point;
        continue;
      }
      if (number.size == Decimal::kDigitsMax) return false;
      number.digits[number.size++] = *at;
      if (before_point) ++number.point;
    }
    return true;
  };
  if (!take(true)) return false;
  if (at != end && *at == '.') {
    ++at;
    if (!take(false)) return false;
  }
  if (seen == 0) return false;
  if (at != end && (*at | 0x20) == 'e') {
    ++at;
    bool down = false;
    if (at != end && (*at == '-' || *at == '+')) down = *at++ == '-';
    if (!digit()) return false;
    std::int64_t exponent = 0;
    for (; digit(); ++at) exponent = std::min<std::int64_t>(exponent * 10 + (*at - '0'), 100'000);
    number.point += down ? -exponent : exponent;
  }
  return at == end;
}

}  // namespace

std::string_view digits_only(std::string_view text, Arena& arena) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end && is_ascii_digit(static_cast<unsigned char>(*at))) ++at;
  if (at == end) return text;
  char* const begin = arena.allocate(text.size());
  if (begin == nullptr) return {};
  char* to = begin;
  for (at = text.data(); at != end;) {
    const CodePoint point = decode(at, end);
    at += point.size;
    if (is_ascii_digit(point.value)) {
      *to++ = static_cast<char>(point.value);
    } else if (point.value >= 0x80 && point.value != kNoCodePoint) {
      const std::int32_t value = u_charDigitValue(icu(point.value));
      if (value >= 0 && value <= 9) *to++ = static_cast<char>('0' + value);
    }
  }
  const auto size = static_cast<std::size_t>(to - begin);
  arena.give_back(text.size() - size);
  return {begin, size};
}

std::string_view substring(std::string_view text, std::int64_t from, std::size_t count) noexcept {
  if (from < 0) {
    const std::size_t points = count_code_points(text);
    const std::uint64_t back = ~static_cast<std::uint64_t>(from) + 1;
    from = back >= points ? 0 : static_cast<std::int64_t>(points - back);
  }
  const char* begin = text.data();
  const char* const end = begin + text.size();
  for (; from > 0 && begin != end; --from) begin += step(begin, end);
  const char* stop = begin;
  for (; count > 0 && stop != end; --count) stop += step(stop, end);
  return {begin, static_cast<std::size_t>(stop - begin)};
}

std::string_view normalise_nfc(std::string_view text, Arena& arena) noexcept {
  if (is_below_marks(text)) return text;
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* const nfc = icu::Normalizer2::getNFCInstance(error);
  if (U_FAILURE(error)) return text;
  const icu::StringPiece from{text.data(), static_cast<std::int32_t>(text.size())};
  if (nfc->isNormalizedUTF8(from, error) && U_SUCCESS(error)) return text;
  // UAX #15, table of maximum expansion factors: NFC in UTF-8, three times.
  const std::size_t worst = text.size() * 3;
  char* const to = arena.allocate(worst);
  if (to == nullptr) return {};
  error = U_ZERO_ERROR;
  icu::CheckedArrayByteSink sink{to, static_cast<std::int32_t>(worst)};
  nfc->normalizeUTF8(0, from, sink, nullptr, error);
  if (U_FAILURE(error) || sink.Overflowed()) {
    arena.give_back(worst);
    return text;
  }
  const auto size = static_cast<std::size_t>(sink.NumberOfBytesWritten());
  arena.give_back(worst - size);
  return {to, size};
}

std::string_view remove_accents(std::string_view text, Arena& arena) noexcept {
  if (is_ascii(text)) return text;
  UErrorCode error = U_ZERO_ERROR;
  const UNormalizer2* const nfd = unorm2_getNFDInstance(&error);
  if (U_FAILURE(error)) return text;
  const std::size_t worst = text.size() * kSpelledOutFactor;
  char* const begin = arena.allocate(worst);
  if (begin == nullptr) return {};
  char* to = begin;
  bool bare = false;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    const CodePoint point = decode(at, end);
    if (point.value < 0x80 || point.value == kNoCodePoint) {
      *to++ = *at;
      bare = is_ascii_letter(point.value);
    } else {
      to = write_without_marks(point.value, nfd, bare, to);
    }
    at += point.size;
  }
  const std::string_view result{begin, static_cast<std::size_t>(to - begin)};
  if (result == text) {
    arena.give_back(worst);
    return text;
  }
  arena.give_back(worst - result.size());
  return result;
}

std::string_view pad_left(std::string_view text, std::size_t width, char32_t fill,
                          Arena& arena) noexcept {
  const std::size_t points = count_code_points(text);
  width = std::min(width, kPadWidthMax);
  if (points >= width) return text;
  if (fill > 0x10FFFF || (fill >= 0xD800 && fill <= 0xDFFF)) fill = U' ';
  char unit[4];
  const auto unit_size = static_cast<std::size_t>(encode(fill, unit) - unit);
  const std::size_t size = (width - points) * unit_size + text.size();
  char* const begin = arena.allocate(size);
  if (begin == nullptr) return {};
  char* to = begin;
  for (std::size_t i = points; i < width; ++i, to += unit_size) std::memcpy(to, unit, unit_size);
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return {begin, size};
}

std::string_view format_number(std::string_view text, int decimals, Arena& arena) noexcept {
  constexpr std::int64_t kWholeDigitsMax = 64;
  decimals = std::clamp(decimals, 0, kDecimalsMax);
  Decimal number;
  if (!read_decimal(trim(text, arena), number)) return {};
  if (number.size == 0) number.point = 0;
  if (number.point > kWholeDigitsMax) return {};

  // The digits of the result, the last of them rounded: cells[0] takes the carry.
  const std::int64_t whole = std::max<std::int64_t>(number.point, 1);
  const std::int64_t total = whole + decimals;
  const auto digit_at = [&number, whole](std::int64_t i) {  // i counts from the first of the whole
    const std::int64_t at = i - (whole - number.point);
    return at < 0 || at >= static_cast<std::int64_t>(number.size)
               ? '0'
               : number.digits[static_cast<std::size_t>(at)];
  };
  char cells[1 + kWholeDigitsMax + kDecimalsMax];
  cells[0] = '0';
  for (std::int64_t i = 0; i < total; ++i) cells[i + 1] = digit_at(i);
  if (digit_at(total) >= '5') {
    std::int64_t i = total;
    while (cells[i] == '9') cells[i--] = '0';
    ++cells[i];
  }
  const std::string_view digits{cells, static_cast<std::size_t>(total + 1)};
  const bool zero = digits.find_first_not_of('0') == std::string_view::npos;
  const std::size_t first = digits.front() == '0' ? 1 : 0;
  const std::string_view before =
      digits.substr(first, digits.size() - first - static_cast<std::size_t>(decimals));
  const std::string_view after = digits.substr(digits.size() - static_cast<std::size_t>(decimals));
  const bool minus = number.negative && !zero;
  const std::size_t size = before.size() + after.size() + (minus ? 1 : 0) + (decimals > 0 ? 1 : 0);
  char* const begin = arena.allocate(size);
  if (begin == nullptr) return {};
  char* to = begin;
  if (minus) *to++ = '-';
  std::memcpy(to, before.data(), before.size());
  to += before.size();
  if (decimals > 0) {
    *to++ = '.';
    std::memcpy(to, after.data(), after.size());
  }
  return {begin, size};
}

std::optional<bool> parse_boolean(std::string_view text) noexcept {
  while (!text.empty() && is_white_space(static_cast<unsigned char>(text.front()))) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_white_space(static_cast<unsigned char>(text.back()))) {
    text.remove_suffix(1);
  }
  for (const std::string_view yes : {"true", "yes", "1", "on", "y", "t"}) {
    if (equals_ignore_case_ascii(text, yes)) return true;
  }
  for (const std::string_view no : {"false", "no", "0", "off", "n", "f"}) {
    if (equals_ignore_case_ascii(text, no)) return false;
  }
  return std::nullopt;
}

}  // namespace core::text
