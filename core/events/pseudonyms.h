#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/secret.h"

namespace core::events {

/// What stands in events and in the audit log for values that must not be there.
///
/// hash(): HMAC-SHA-256 (RFC 2104) under the key as it is configured, in hexadecimal: whoever has the
/// key can compute it from a value, nobody can turn it back. token(): AES-256-SIV (RFC 5297) under a
/// key derived from it, "tok_" and base64url: the same value is the same token, and reveal() turns it
/// back. Both tell which values are equal, and that is what they are for.
///
/// Thread: one at a time.
class Pseudonyms {
 public:
  /// The first of `keys` makes hashes and tokens; with all of them tokens are turned back. Without a
  /// key there are neither.
  explicit Pseudonyms(const std::vector<std::string>& keys);
  ~Pseudonyms();
  Pseudonyms(Pseudonyms&&) noexcept;

  static constexpr std::size_t kHashChars = 64;

  bool usable() const noexcept { return !keys_.empty(); }
  /// Appends the hash of `value`. Without a key nothing is appended.
  void append_hash(std::string& to, std::string_view value) const;
  std::string hash(std::string_view value) const;
  /// Appends the token of `value`; nothing without a key.
  void append_token(std::string& to, std::string_view value) const;
  std::string token(std::string_view value) const;
  /// The value of a token that one of the keys has made.
  std::optional<std::string> reveal(std::string_view token) const;

 private:
  struct Key;
  std::vector<std::unique_ptr<Key>> keys_;
};

}  // namespace core::events
