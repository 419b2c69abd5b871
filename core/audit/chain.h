#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/secret.h"

namespace core::audit {

/// The chain of an audit log: each line of JSON ends in the member "chain", the digest (hexadecimal) of
/// the one before it and of its own bytes in front of that member. Whoever changes, leaves out or puts in
/// a line breaks it from there on; with a key (HMAC-SHA-256) nobody without it can make another that
/// holds. Without a key it is SHA-256, and shows accidents and whoever does not think of it.
///
/// What a chain cannot show by itself is that lines are missing at its end: a head that is kept elsewhere
/// does (`claimgate audit verify --head`).
class Chain {
 public:
  static constexpr std::size_t kDigestChars = 64;

  /// `key` empty: none.
  explicit Chain(std::string_view key) : key_(key) {}

  /// Where a chain begins: 64 zeroes.
  static std::string beginning() { return std::string(kDigestChars, '0'); }

  const std::string& head() const noexcept { return head_; }
  void set_head(std::string head) { head_ = std::move(head); }

  /// Makes `line`, a JSON object without its closing brace, one of the chain: appends the member, the
  /// brace and a newline. The head is then the new line's.
  void seal(std::string& line);

  /// Whether `line`, without its newline, is the next one of the chain; the head is then its own.
  bool follows(std::string_view line);

 private:
  std::string digest(std::string_view content) const;

  Secret key_;
  std::string head_ = beginning();
};

/// The digest that a line ends in; nothing when it is no line of a chain.
std::optional<std::string_view> chain_of(std::string_view line) noexcept;

}  // namespace core::audit
