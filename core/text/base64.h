#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace core::text {

/// The bytes of a base64 text with padding (RFC 4648, 4); nothing for another alphabet, missing padding or
/// bits that stand for nothing.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace core::text
