#pragma once

#include <string_view>

#include "core/arena.h"

/// The text functions of rules and templates. All take UTF-8 that is valid (the claims reader has
/// seen to it) and answer a view: the argument itself when nothing changes, else bytes in `arena`.
/// When the arena is full they answer an empty view and arena.exhausted() is true. None allocates
/// on the heap for ASCII or Latin text. Thread: any.
namespace core::text {

/// Without white space (Unicode White_Space) at both ends.
std::string_view trim(std::string_view text, Arena& arena) noexcept;
/// Without spaces and tabs at both ends; of the configuration's texts, not of people's.
constexpr std::string_view trim_blanks(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return text.substr(text.size());
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}
/// Trimmed, and each inner run of white space made one U+0020. A result that is only trimmed is a
/// part of the argument.
std::string_view collapse_spaces(std::string_view text, Arena& arena) noexcept;
/// Unicode simple and special lower-casing without a locale (final sigma included).
std::string_view lower(std::string_view text, Arena& arena) noexcept;
std::string_view upper(std::string_view text, Arena& arena) noexcept;
/// Every word begins with a capital and goes on in small letters; a word begins after anything that
/// is no letter, mark or digit, so also after ' and -: "anna-lena O'NEIL" is "Anna-Lena O'Neil".
/// Format characters (soft hyphen) and the middle dot of Catalan do not cut a word.
std::string_view title_case(std::string_view text, Arena& arena) noexcept;
/// A person's name. Text in mixed case is left alone (the person knows best); text all small or
/// all capital becomes title case with the habits of names: O'Neil, D'Angelo, McDonald, hyphens,
/// particles (van, von, der, de, da, del, bin, y ...) small unless they come first or last, roman
/// numerals. name_case.cc has the tables. White space is trimmed and collapsed in either case.
std::string_view name_case(std::string_view text, Arena& arena) noexcept;

/// ASCII lower-casing of `size` bytes; other bytes are kept. `to` may be `from`.
void lower_ascii(const char* from, char* to, std::size_t size) noexcept;
bool is_ascii(std::string_view text) noexcept;
bool equals_ignore_case_ascii(std::string_view a, std::string_view b) noexcept;

/// The number of Unicode code points.
std::size_t count_code_points(std::string_view text) noexcept;
/// The offset of the first byte that is not valid UTF-8 (RFC 3629); text.size() when all is.
std::size_t find_invalid_utf8(std::string_view text) noexcept;

}  // namespace core::text
