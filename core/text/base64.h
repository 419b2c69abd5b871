#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace core::text {

/// `bytes` in base64 with padding (RFC 4648, 4), or in base64url without (5).
std::string encode_base64(std::string_view bytes);
std::string encode_base64url(std::string_view bytes);

/// The bytes that `text` stands for: base64 with padding, nothing between its characters, the bits
/// behind the last byte 0. Empty for anything else.
std::optional<std::string> decode_base64(std::string_view text);
/// The same of base64url without padding.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace core::text
