#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// UTF-8 code points and their case, for the sources of this folder. U+0080 to U+017F (Latin-1 and
/// Latin Extended-A, nearly every name of the West) come from a table; ICU answers for the rest.
namespace core::text {

/// One code point as it stands in the text. Bytes that are no UTF-8 are answered one by one with
/// kNoCodePoint, so that every loop ends and copies what it does not understand.
struct CodePoint {
  char32_t value;
  std::uint32_t size;  // in bytes, 1 to 4
};
inline constexpr char32_t kNoCodePoint = 0xFFFFFFFF;

/// The code point at `at` < `end`, checked by RFC 3629 section 4.
inline CodePoint decode(const char* at, const char* end) noexcept {
  constexpr CodePoint kNone{kNoCodePoint, 1};
  const auto byte = [at](std::ptrdiff_t i) { return static_cast<unsigned char>(at[i]); };
  const auto follows = [&byte](std::ptrdiff_t i) { return (byte(i) & 0xC0) == 0x80; };
  const auto low = [&byte](std::ptrdiff_t i) { return static_cast<char32_t>(byte(i) & 0x3F); };
  const unsigned char lead = byte(0);
  const std::ptrdiff_t left = end - at;
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2) return kNone;
  if (lead < 0xE0) {
    if (left < 2 || !follows(1)) return kNone;
    return {static_cast<char32_t>(lead & 0x1F) << 6 | low(1), 2};
  }
  if (lead < 0xF0) {
    if (left < 3 || !follows(1) || !follows(2)) return kNone;
    const char32_t value = static_cast<char32_t>(lead & 0x0F) << 12 | low(1) << 6 | low(2);
    if (value < 0x800 || (value >= 0xD800 && value <= 0xDFFF)) return kNone;
    return {value, 3};
  }
  if (lead > 0xF4 || left < 4 || !follows(1) || !follows(2) || !follows(3)) return kNone;
  const char32_t value =
      static_cast<char32_t>(lead & 0x07) << 18 | low(1) << 12 | low(2) << 6 | low(3);
  if (value < 0x10000 || value > 0x10FFFF) return kNone;
  return {value, 4};
}

/// Writes `value`, a code point, and answers the end of it. `to` has room for 4 bytes.
inline char* encode(char32_t value, char* to) noexcept {
  if (value < 0x80) {
    *to++ = static_cast<char>(value);
  } else if (value < 0x800) {
    *to++ = static_cast<char>(0xC0 | value >> 6);
    *to++ = static_cast<char>(0x80 | (value & 0x3F));
  } else if (value < 0x10000) {
    *to++ = static_cast<char>(0xE0 | value >> 12);
    *to++ = static_cast<char>(0x80 | (value >> 6 & 0x3F));
    *to++ = static_cast<char>(0x80 | (value & 0x3F));
  } else {
    *to++ = static_cast<char>(0xF0 | value >> 18);
    *to++ = static_cast<char>(0x80 | (value >> 12 & 0x3F));
    *to++ = static_cast<char>(0x80 | (value >> 6 & 0x3F));
    *to++ = static_cast<char>(0x80 | (value & 0x3F));
  }
  return to;
}

/// White_Space of the Unicode Character Database (PropList.txt).
constexpr bool is_white_space(char32_t c) noexcept {
  if (c <= 0x20) return c == 0x20 || (c >= 0x09 && c <= 0x0D);
  if (c < 0x1680) return c == 0x85 || c == 0xA0;
  return c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

constexpr bool is_ascii_letter(char32_t c) noexcept { return (c | 0x20) - U'a' < 26; }
constexpr bool is_ascii_digit(char32_t c) noexcept { return c - U'0' < 10; }

/// What a code point is to a word and tells about its case.
enum Trait : std::uint8_t {
  kWord = 1,      // a letter or digit
  kInside = 2,    // a mark, format character or middle dot: neither begins a word nor ends it
  kCapital = 4,   // Lu, Lt
  kSmall = 8,     // Ll that has a capital of its own: the sharp s shows no one's habit
  kModifier = 16  // a letter without case that may stand before the first one that has it (okina)
};

/// Simple case of one code point of the table. U+00DF and U+0149 have a capital of two letters and
/// U+0130 a small form of two: case_mapping.h knows them, here they stay as they are.
struct Cased {
  std::uint16_t lower, upper;
  std::uint8_t traits;
};

inline constexpr char32_t kTableFirst = 0x80;
inline constexpr char32_t kTableEnd = 0x180;

constexpr std::array<Cased, kTableEnd - kTableFirst> make_latin() {
  std::array<Cased, kTableEnd - kTableFirst> table{};
  for (std::uint16_t c = kTableFirst; c < kTableEnd; ++c) {
    const bool letter =
        c == 0xAA || c == 0xB5 || c == 0xBA || (c >= 0xC0 && c != 0xD7 && c != 0xF7);
    table[c - kTableFirst] = {c, c, static_cast<std::uint8_t>(letter ? kWord : 0)};
  }
  const auto pair = [&table](std::uint16_t capital, std::uint16_t small) {
    table[capital - kTableFirst].lower = small;
    table[capital - kTableFirst].traits |= kCapital;
    table[small - kTableFirst].upper = capital;
    table[small - kTableFirst].traits |= kSmall;
  };
  const auto pairs = [&pair](std::uint16_t first, std::uint16_t last) {
    for (std::uint16_t c = first; c <= last; c = static_cast<std::uint16_t>(c + 2)) {
      pair(c, static_cast<std::uint16_t>(c + 1));
    }
  };
  for (std::uint16_t c = 0xC0; c <= 0xDE; ++c) {
    if (c != 0xD7) pair(c, static_cast<std::uint16_t>(c + 0x20));
  }
  pairs(0x100, 0x12E);
  pairs(0x132, 0x136);
  pairs(0x139, 0x147);
  pairs(0x14A, 0x176);
  pair(0x178, 0xFF);
  pairs(0x179, 0x17D);
  const auto one = [&table](char32_t c) -> Cased& { return table[c - kTableFirst]; };
  one(0xAD).traits = kInside;  // soft hyphen
  one(0xB7).traits = kInside;  // middle dot: Catalan l·l
  one(0xB5).upper = 0x39C;     // micro sign: capital mu
  one(0x131).upper = U'I';     // dotless i
  one(0x17F).upper = U'S';     // long s
  one(0x130).traits |= kCapital;
  for (const char32_t c : {U'\u00B5', U'\u0131', U'\u017F'}) one(c).traits |= kSmall;
  return table;
}
inline constexpr std::array<Cased, kTableEnd - kTableFirst> kLatin = make_latin();

constexpr bool in_table(char32_t c) noexcept { return c - kTableFirst < kTableEnd - kTableFirst; }
constexpr const Cased& latin(char32_t c) noexcept { return kLatin[c - kTableFirst]; }

/// The Trait bits of any code point.
std::uint8_t traits_of(char32_t c) noexcept;

}  // namespace core::text
