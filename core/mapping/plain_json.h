#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/claims/claims.h"

namespace core::mapping {

/// The JSON of an ordinary answer, read in one pass: an object or array of at most kBytesMax bytes and
/// kNodesMax values, strings without escapes, whole numbers of at most 15 digits, nothing named twice. About
/// what is beyond that nothing is said: simdjson's document, whose making costs five times as much, is asked
/// then, and it alone refuses anything. Whatever both read they read alike.
///
/// Allocates nothing. Thread: one owner.
class PlainJson {
 public:
  static constexpr std::size_t kBytesMax = 2 << 10;
  static constexpr std::size_t kNodesMax = 64;
  static constexpr std::size_t kDepthMax = 8;

  struct Node {
    std::string_view name;  // of a member; empty for items of an array
    std::string_view text;  // of a string what is between the quotation marks, of other scalars their JSON
    claims::Kind kind = claims::Kind::kAbsent;
    std::uint16_t end = 0;  // the node behind it and what is in it
  };

  /// True when `json` is of that kind. It is copied; what was read before is forgotten.
  bool read(std::string_view json) noexcept;
  /// What `pointer` (RFC 6901, without "~") points to; null when there is nothing. Good until the next read().
  const Node* find(std::string_view pointer) const noexcept;

 private:
  bool read_all(std::string_view json) noexcept;
  const char* read_value(const char* at, const char* end, Node& node) noexcept;
  const char* read_name(const char* at, const char* end, std::size_t object, Node& node) noexcept;
  const Node* child(const Node& parent, std::string_view token) const noexcept;

  std::array<Node, kNodesMax> nodes_;  // in the order of the text
  std::size_t count_ = 0;
  std::array<char, kBytesMax + claims::kReadPadding> bytes_;
};

}  // namespace core::mapping
