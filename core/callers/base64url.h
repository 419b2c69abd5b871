#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace core::callers {

/// The most bytes that `size` characters of base64url decode to.
constexpr std::size_t base64url_bytes_max(std::size_t size) { return size / 4 * 3 + 2; }

/// Decodes base64url without padding (RFC 7515, 2) into `to`, which has room for
/// base64url_bytes_max(text.size()); how many bytes were written. Nothing for another alphabet, padding,
/// a length that no bytes have, or bits behind the last byte that are not 0: each text stands for other
/// bytes. Thread: any.
std::optional<std::size_t> decode_base64url(std::string_view text, char* to) noexcept;

}  // namespace core::callers
