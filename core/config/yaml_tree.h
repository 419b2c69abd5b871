#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "core/config/diagnostics.h"

/// A YAML file as a tree whose every node knows the bytes it was written with. yaml-cpp's own nodes
/// keep both of two equal keys, lose where a value ends and whether it was quoted, and copy what an
/// alias repeats; so the tree is built from the parser's events.
namespace core::config {

struct Node;

struct Member {
  const Node* key;  // always a scalar
  const Node* value;
};

struct Node {
  enum class Kind : std::uint8_t { kNull, kScalar, kSequence, kMap };
  Kind kind = Kind::kNull;
  bool quoted = false;     // a scalar in quotation marks, or a block of text: always a string
  bool sensitive = false;  // may be a password: never printed
  bool complete = false;   // false while its members are still being read
  Mark mark;
  std::size_t begin = 0;  // bytes of the file; for a missing value those of its key
  std::size_t end = 0;
  std::string value;               // kScalar, as YAML reads it
  std::vector<Member> members;     // kMap, in the file's order, no key twice
  std::vector<const Node*> items;  // kSequence
  std::size_t weight = 1;          // nodes below it and itself, repeated ones as often as met
  std::size_t depth = 0;           // 0 for a scalar, else one more than its deepest member

  /// The value of `key`; null when there is none, or this is no map.
  const Node* find(std::string_view key) const noexcept;
};

/// The nodes of one file. An alias is a second pointer to the same node.
struct Tree {
  std::deque<Node> nodes;
  const Node* root = nullptr;  // null when the file is no YAML; the diagnostics say why
};

/// Limits that a configuration written by hand never meets.
inline constexpr std::size_t kFileBytesMax = 8 << 20;
inline constexpr std::size_t kDepthMax = 64;
inline constexpr std::size_t kNodesMax = 1'000'000;  // aliases followed

/// Parses file `file` of `diagnostics`. Everything that is wrong with it as YAML is reported there.
Tree parse_yaml(std::uint32_t file, Diagnostics& diagnostics);

}  // namespace core::config
