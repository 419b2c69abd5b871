#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/http/message.h"
#include "core/http/syntax.h"

namespace core::http {

/// The fields, besides Connection, that change what llhttp does with a head or may make it object.
/// (Connection only sets flags that nobody reads here.)
inline bool is_framed_by_llhttp(std::string_view name) noexcept {
  const char* const token = name.data();
  switch (name.size()) {
    case 7:
      return is_token_of(token, "upgrade");
    case 14:
      return is_token_of(token, "content-length");
    case 16:
      return is_token_of(token, "proxy-connection");
    case 17:
      return is_token_of(token, "transfer-encoding");
    default:
      return false;
  }
}

/// Splits a field line of which every recipient thinks alike: a token, a colon, nothing or one
/// space, a value that is not empty and has no white space at its ends. False for any other, and
/// for fields that llhttp gives a meaning to, but for a Content-Length of at most 15 digits: what
/// llhttp makes of the line has to be asked then.
///
/// `line` has neither its line end nor any control byte but HTAB (LineReader has looked), and CR LF
/// and 30 more bytes are readable behind it. Thread: any.
inline bool split_plain_field(std::string_view line, Header& field) noexcept {
  constexpr std::size_t kLengthDigitsMax = 15;  // far from where llhttp's number wraps
  const char* const bytes = line.data();
  const std::size_t name_size = kToken.prefix(bytes, line.size());
  if (name_size == 0 || bytes[name_size] != ':') return false;  // a CR where the line is all name
  const std::size_t value_at = name_size + (bytes[name_size + 1] == ' ' ? 2 : 1);
  if (value_at >= line.size() || is_blank(bytes[value_at]) || is_blank(line.back())) return false;
  field.name = {bytes, name_size};
  field.value = {bytes + value_at, line.size() - value_at};
  if (!is_framed_by_llhttp(field.name)) [[likely]]
    return true;
  return name_size == 14 && field.value.size() <= kLengthDigitsMax && kDigit.holds_all(field.value);
}

}  // namespace core::http
