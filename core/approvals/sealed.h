#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/secret.h"

namespace core::approvals {

/// Claims that are kept: AES-256-GCM (NIST SP 800-38D) under a key of the configuration, bound to the
/// record that they belong to.
inline constexpr std::size_t kSealKeyBytes = 32;
inline constexpr std::size_t kSealNonceBytes = 12;
using SealNonce = std::array<std::uint8_t, kSealNonceBytes>;

/// `text` sealed for the record called `record`. `nonce` is random and used once. Nothing when OpenSSL
/// refuses (a key of another size, no memory).
std::optional<std::string> seal(const Secret& key, const SealNonce& nonce, std::string_view record,
                                std::string_view text);

/// What seal() was given, when one of `keys` made it for `record`; nothing else opens it.
std::optional<std::string> open_sealed(const std::vector<Secret>& keys, std::string_view record,
                                       std::string_view sealed);

/// HMAC-SHA-256 of `purpose` under `key`: a key of its own for it, which says nothing of `key`. Throws
/// std::bad_alloc.
Secret derived_key(const Secret& key, std::string_view purpose);

/// SHA-256 of `parts`, each framed with its size, in hexadecimal; `bytes` of it.
std::string digest(const std::vector<std::optional<std::string>>& parts, std::size_t bytes = 32);

}  // namespace core::approvals
