#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace core::text {

/// The most bytes `size` bytes of text can need as the inside of a JSON string (\u00XX).
constexpr std::size_t json_escaped_max(std::size_t size) { return size * 6; }

/// Writes valid UTF-8 `text` as the inside of a JSON string: quotation mark, backslash and bytes
/// below 0x20 escaped (RFC 8259 section 7), and U+007F, '<', '>', '&', U+2028 and U+2029 as \uXXXX,
/// because block pages are HTML and some readers are JavaScript. `to` has room for
/// json_escaped_max(text.size()) and 16 bytes more. Answers the end of what was written.
char* write_json_escaped(char* to, std::string_view text) noexcept;

/// `text` as a JSON string, quotation marks included. Allocates: for what is off the request path.
std::string json_quoted(std::string_view text);
/// Appends it to `to`.
void append_json_quoted(std::string& to, std::string_view text);

}  // namespace core::text
