#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace core::text {

/// Appends two hexadecimal digits a byte, in small letters.
inline void append_hex(std::string& to, std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    to += kDigits[byte >> 4];
    to += kDigits[byte & 15];
  }
}

}  // namespace core::text
