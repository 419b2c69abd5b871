#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/arena.h"

/// Small transforms of texts, numbers and booleans, under the contract of text.h: valid UTF-8 in;
/// out comes the argument or a part of it where that is the answer, else bytes in `arena`; null
/// data() when the arena is full. Thread: any.
namespace core::text {

/// The decimal digits of `text`, those of other scripts (Unicode Nd) as ASCII. No heap.
std::string_view digits_only(std::string_view text, Arena& arena) noexcept;

/// `count` code points from code point `from` on, fewer where the text ends. A negative `from`
/// counts from the end: -4 begins at the fourth from it, or at the beginning of a shorter text. No
/// heap.
std::string_view substring(std::string_view text, std::int64_t from, std::size_t count) noexcept;

/// Unicode Normalization Form C. Text below U+0300 is in it, which one look tells; other text
/// reaches the heap inside ICU when it must change.
std::string_view normalise_nfc(std::string_view text, Arena& arena) noexcept;

/// Latin and Greek letters without their marks, and Latin letters that are not made of a letter and
/// a mark spelled out: "José" Jose, "Straße" Strasse, "Ærø" AEro, "Łódź" Lodz (the letters of
/// CLDR's Latin-ASCII). Other scripts keep their marks, which carry their vowels and letters. No
/// heap.
std::string_view remove_accents(std::string_view text, Arena& arena) noexcept;

/// The widest that pad_left makes a text.
inline constexpr std::size_t kPadWidthMax = 256;
/// `text` with `fill` in front of it until it has `width` code points (at most kPadWidthMax). No
/// heap.
std::string_view pad_left(std::string_view text, std::size_t width, char32_t fill,
                          Arena& arena) noexcept;

/// The most decimals of format_number.
inline constexpr int kDecimalsMax = 20;
/// A decimal number (the grammar of JSON, and "+1", ".5", "1.", white space around it) with exactly
/// `decimals` digits (0 to kDecimalsMax) after the point, rounded half away from zero on its
/// decimal digits, without exponent. Zero has no sign. Null data() also when it is no number or has
/// more than 64 digits before the point. No heap.
std::string_view format_number(std::string_view text, int decimals, Arena& arena) noexcept;

/// "true", "yes", "y", "on", "1", "t" and "false", "no", "n", "off", "0", "f", in any letter case,
/// white space around them ignored. Empty for anything else.
std::optional<bool> parse_boolean(std::string_view text) noexcept;

}  // namespace core::text
