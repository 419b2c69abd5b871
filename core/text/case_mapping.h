#pragma once

#include <cstddef>
#include <string_view>

/// The writing half of lower, upper, title_case and name_case: `to` has room, nothing is looked up
/// in a locale, nothing is allocated.
namespace core::text {

/// The most bytes that `size` bytes of UTF-8 become: U+0130 and U+023A grow from two to three,
/// U+0390 in capitals from two to six (SpecialCasing.txt). A test goes over every code point.
constexpr std::size_t lowered_max(std::size_t size) { return size + size / 2; }
constexpr std::size_t raised_max(std::size_t size) { return size * 3; }

/// What a dotted capital I (U+0130) inside a word becomes: by Unicode an i and a combining dot, in
/// a name the plain i that a Turkish reader writes.
enum class DottedI { kUnicode, kPlain };

/// `text` as title_case() has it; `to` has room for raised_max(text.size()). Answers the end.
char* write_title(std::string_view text, DottedI dotted, char* to) noexcept;

/// `text` as lower() has it; `to` has room for lowered_max(text.size()). Answers the end.
char* write_lower(std::string_view text, char* to) noexcept;

/// write_title() for ASCII alone; `to` has room for `size` bytes.
void write_title_ascii(const char* from, char* to, std::size_t size) noexcept;

}  // namespace core::text
