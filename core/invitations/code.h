#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace core::invitations {

/// Codes as people read them out and type them: sixteen of 32 signs, 80 bits that a generator of random
/// numbers gave, in groups of four. The signs are Crockford's base 32: no I, L, O and U, and whoever
/// writes these, small letters, blanks or other dashes means the same code.
inline constexpr std::size_t kCodeRandomBytes = 10;
inline constexpr std::size_t kCodeSigns = 16;

/// "7K3M-9QXD-0H2T-VWPA".
std::string code_of(std::span<const std::uint8_t, kCodeRandomBytes> random);

/// The sixteen signs of what a person has typed; nothing when that is no code.
std::optional<std::string> normal_code(std::string_view typed);

/// What a code is kept under and called by where it is not to be seen, kHashChars hexadecimal digits: SHA-256,
/// cut to 128 bits. 80 random bits have no dictionary, so nothing slower is needed. `normal` is normal_code()'s.
inline constexpr std::size_t kHashChars = 32;
std::string code_hash(std::string_view normal);

/// HMAC-SHA-256 with the code as the key, cut to 128 bits, 32 hexadecimal digits: what is kept of a
/// person. Who does not have the code can compare it with nothing. `kind` keeps uses apart.
std::string code_mark(std::string_view normal, std::string_view kind, std::string_view of);

}  // namespace core::invitations
