#include "core/claims/json_string.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace core::claims {
namespace {

constexpr unsigned byte_at(const char* at) noexcept { return static_cast<unsigned char>(*at); }

/// The value of a hexadecimal digit, -1 for any other byte.
constexpr auto kHexValues = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (unsigned digit = 0; digit < 10; ++digit)
    values['0' + digit] = static_cast<std::int8_t>(digit);
  for (unsigned digit = 10; digit < 16; ++digit) {
    values['a' + digit - 10] = values['A' + digit - 10] = static_cast<std::int8_t>(digit);
  }
  return values;
}();

/// What a backslash and this byte stand for; 0 when they are no escape of one byte.
constexpr auto kShortEscapes = [] {
  std::array<char, 256> bytes{};
  bytes['"'] = '"';
  bytes['\\'] = '\\';
  bytes['/'] = '/';
  bytes['b'] = '\b';
  bytes['f'] = '\f';
  bytes['n'] = '\n';
  bytes['r'] = '\r';
  bytes['t'] = '\t';
  return bytes;
}();

/// The value of four hexadecimal digits; negative when one of them is none.
constexpr std::int32_t hex4(const char* at) noexcept {
  const auto digit = [at](int i) noexcept { return std::int32_t{kHexValues[byte_at(at + i)]}; };
  return digit(0) * 0x1000 | digit(1) * 0x100 | digit(2) * 0x10 | digit(3);
}

constexpr bool is_high_surrogate(std::int32_t unit) noexcept { return (unit & ~0x3FF) == 0xD800; }
constexpr bool is_low_surrogate(std::int32_t unit) noexcept { return (unit & ~0x3FF) == 0xDC00; }

const char* refuse(Refusal& refusal, ReadError error, const char* at) noexcept {
  refusal = {error, at};
  return nullptr;
}

/// Tells a \u escape that the end of the body cuts from one with a wrong digit.
const char* refuse_unicode_escape(const char* backslash, const char* end,
                                  Refusal& refusal) noexcept {
  for (const char* digit = backslash + 2; digit < backslash + 6; ++digit) {
    if (digit >= end) return refuse(refusal, ReadError::kSyntax, end);
    if (kHexValues[byte_at(digit)] < 0) break;
  }
  return refuse(refusal, ReadError::kEscape, backslash);
}

/// The byte behind the escape at `backslash`, which is before `end`; null when it is refused. What
/// it answers may lie behind `end`: the caller finds the string unfinished then. Reads at most 5
/// bytes behind `end`.
const char* skip_escape(const char* backslash, const char* end, Refusal& refusal) noexcept {
  if (backslash + 1 == end) return refuse(refusal, ReadError::kSyntax, end);
  if (kShortEscapes[byte_at(backslash + 1)] != 0) return backslash + 2;
  if (backslash[1] != 'u') return refuse(refusal, ReadError::kEscape, backslash);
  const std::int32_t unit = hex4(backslash + 2);
  const char* const next = backslash + 6;
  if (unit < 0 || next > end) return refuse_unicode_escape(backslash, end, refusal);
  if (is_low_surrogate(unit)) return refuse(refusal, ReadError::kSurrogate, backslash);
  if (!is_high_surrogate(unit)) return next;

  // The second half must follow at once (RFC 8259, 7).
  if (next == end) return refuse(refusal, ReadError::kSyntax, end);
  if (*next != '\\') return refuse(refusal, ReadError::kSurrogate, backslash);
  if (next + 1 == end) return refuse(refusal, ReadError::kSyntax, end);
  if (next[1] != 'u') return refuse(refusal, ReadError::kSurrogate, backslash);
  const std::int32_t second = hex4(next + 2);
  if (second < 0 || next + 6 > end) return refuse_unicode_escape(next, end, refusal);
  if (!is_low_surrogate(second)) return refuse(refusal, ReadError::kSurrogate, backslash);
  return next + 6;
}

/// The byte behind the UTF-8 sequence at `at`, which is before `end`; null when it is not one of
/// those of RFC 3629 section 4. Reads at most 3 bytes behind `end`.
const char* skip_utf8(const char* at, const char* end, Refusal& refusal) noexcept {
  const unsigned lead = byte_at(at);
  const unsigned second = byte_at(at + 1);
  const auto continues = [](unsigned byte) noexcept { return (byte & 0xC0) == 0x80; };
  const char* next = nullptr;
  if (lead >= 0xC2 && lead <= 0xDF) {
    if (continues(second)) next = at + 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && second < 0xA0;
    const bool surrogate = lead == 0xED && second > 0x9F;
    if (continues(second) && continues(byte_at(at + 2)) && !overlong && !surrogate) next = at + 3;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && second < 0x90;
    const bool too_large = lead == 0xF4 && second > 0x8F;  // beyond U+10FFFF
    if (continues(second) && continues(byte_at(at + 2)) && continues(byte_at(at + 3)) &&
        !overlong && !too_large) {
      next = at + 4;
    }
  }
  if (next == nullptr || next > end) return refuse(refusal, ReadError::kUtf8, at);
  return next;
}

/// Writes `code` as UTF-8; answers the end of it.
char* write_utf8(char* to, std::uint32_t code) noexcept {
  const auto tail = [code](unsigned shift) noexcept {
    return static_cast<char>(0x80U | (code >> shift & 0x3FU));
  };
  if (code < 0x80) {
    *to++ = static_cast<char>(code);
  } else if (code < 0x800) {
    *to++ = static_cast<char>(0xC0U | code >> 6U);
    *to++ = tail(0);
  } else if (code < 0x10000) {
    *to++ = static_cast<char>(0xE0U | code >> 12U);
    *to++ = tail(6);
    *to++ = tail(0);
  } else {
    *to++ = static_cast<char>(0xF0U | code >> 18U);
    *to++ = tail(12);
    *to++ = tail(6);
    *to++ = tail(0);
  }
  return to;
}

/// An escape read for its value.
struct Unescaped {
  const char* next = nullptr;  // behind the escape; null when there is none
  std::uint32_t code = 0;
};

Unescaped read_escape(const char* backslash, const char* end) noexcept {
  if (end - backslash < 2) return {};
  const char short_escape = kShortEscapes[byte_at(backslash + 1)];
  if (short_escape != 0) return {backslash + 2, static_cast<std::uint32_t>(short_escape)};
  if (end - backslash < 6) return {};
  const std::int32_t unit = hex4(backslash + 2);
  if (unit < 0 || backslash[1] != 'u' || is_low_surrogate(unit)) return {};
  if (!is_high_surrogate(unit)) return {backslash + 6, static_cast<std::uint32_t>(unit)};
  if (end - backslash < 12 || backslash[6] != '\\' || backslash[7] != 'u') return {};
  const std::int32_t second = hex4(backslash + 8);
  if (!is_low_surrogate(second)) return {};
  return {backslash + 12,
          static_cast<std::uint32_t>(0x10000 + (unit - 0xD800) * 0x400 + (second - 0xDC00))};
}

}  // namespace

ScannedString scan_special(const char* at, const char* end, Refusal& refusal) noexcept {
  bool escaped = false;
  for (;;) {
    if (at >= end) {
      refuse(refusal, ReadError::kSyntax, end);
      return {};
    }
    const unsigned c = byte_at(at);
    if (c == '"') return {at, escaped};
    if (c == '\\') {
      escaped = true;
      at = skip_escape(at, end, refusal);
    } else if (c >= 0x80) {
      at = skip_utf8(at, end, refusal);
    } else if (c < 0x20) {
      at = refuse(refusal, ReadError::kControlCharacter, at);
    } else {
      at = find_special(at, end);
    }
    if (at == nullptr) return {};
  }
}

std::string_view unescape(std::string_view inside, Arena& arena) noexcept {
  const char* from = inside.data();
  const char* const end = from + inside.size();
  const char* backslash =
      inside.empty() ? nullptr : static_cast<const char*>(std::memchr(from, '\\', inside.size()));
  if (backslash == nullptr) return inside;

  // No escape is shorter than what it stands for, so the text fits where its JSON would.
  char* const begin = arena.allocate(inside.size());
  if (begin == nullptr) return {};
  char* to = begin;
  for (;;) {
    const auto plain = static_cast<std::size_t>(backslash - from);
    std::memcpy(to, from, plain);
    to += plain;
    const Unescaped escape = read_escape(backslash, end);
    if (escape.next == nullptr) {  // not valid JSON: the backslash is kept, nothing is overrun
      *to++ = '\\';
      from = backslash + 1;
    } else {
      to = write_utf8(to, escape.code);
      from = escape.next;
    }
    const auto left = static_cast<std::size_t>(end - from);
    backslash = left == 0 ? nullptr : static_cast<const char*>(std::memchr(from, '\\', left));
    if (backslash == nullptr) {
      if (left != 0) std::memcpy(to, from, left);
      to += left;
      break;
    }
  }
  const auto size = static_cast<std::size_t>(to - begin);
  arena.give_back(inside.size() - size);
  return {begin, size};
}

}  // namespace core::claims
