#include "core/mapping/plain_json.h"

#include <algorithm>
#include <cstring>

#include "core/claims/json_string.h"
#include "core/claims/json_value.h"

namespace core::mapping {
namespace {

using claims::Kind;
using claims::peek;
using claims::skip_white;

std::string_view between(const char* begin, const char* end) noexcept {
  return {begin, static_cast<std::size_t>(end - begin)};
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The byte behind the string at `at`, its quotation mark; null when it is none of ours.
const char* read_string(const char* at, const char* end, std::string_view& text) noexcept {
  claims::Refusal refusal;
  const claims::ScannedString scanned = claims::scan_string(at + 1, end, refusal);
  if (scanned.close == nullptr || scanned.escaped) return nullptr;
  text = between(at + 1, scanned.close);
  return scanned.close + 1;
}

/// A whole number as everybody writes it.
const char* read_number(const char* at, std::string_view& text) noexcept {
  constexpr std::ptrdiff_t kDigitsMax = 15;
  const char* const first = at + (*at == '-' ? 1 : 0);
  const char* behind = first;
  while (is_digit(*behind)) ++behind;  // zeros are behind the end
  const std::ptrdiff_t digits = behind - first;
  if (digits == 0 || digits > kDigitsMax) return nullptr;
  if (*first == '0' && (digits > 1 || first != at)) return nullptr;
  if (*behind == '.' || *behind == 'e' || *behind == 'E') return nullptr;
  text = between(at, behind);
  return behind;
}

}  // namespace

/// The byte behind the scalar at `at`, or behind the bracket that opens something.
const char* PlainJson::read_value(const char* at, const char* end, Node& node) noexcept {
  switch (peek(at, end)) {
    case '"':
      node.kind = Kind::kString;
      return read_string(at, end, node.text);
    case '{':
      node.kind = Kind::kObject;
      return at + 1;
    case '[':
      node.kind = Kind::kArray;
      return at + 1;
    case 't':
    case 'f':
    case 'n': {
      node.kind = *at == 'n' ? Kind::kNull : Kind::kBoolean;
      claims::Refusal refusal;
      const char* const behind = claims::scan_literal(at, end, refusal);
      if (behind != nullptr) node.text = between(at, behind);
      return behind;
    }
    default:
      node.kind = Kind::kNumber;
      return at < end && (*at == '-' || is_digit(*at)) ? read_number(at, node.text) : nullptr;
  }
}

/// The first byte of the value of the member at `at`, which has no name that is there already.
const char* PlainJson::read_name(const char* at, const char* end, std::size_t object,
                                 Node& node) noexcept {
  if (peek(at, end) != '"') return nullptr;
  at = read_string(at, end, node.name);
  if (at == nullptr) return nullptr;
  const auto self = static_cast<std::size_t>(&node - nodes_.data());
  for (std::size_t other = object + 1; other < self; other = nodes_[other].end) {
    if (nodes_[other].name == node.name) return nullptr;
  }
  at = skip_white(at, end);
  return peek(at, end) == ':' ? skip_white(at + 1, end) : nullptr;
}

bool PlainJson::read(std::string_view json) noexcept {
  count_ = 0;
  const bool whole = json.size() <= kBytesMax && read_all(json);
  if (!whole) count_ = 0;
  return whole;
}

bool PlainJson::read_all(std::string_view json) noexcept {
  std::memcpy(bytes_.data(), json.data(), json.size());
  std::memset(bytes_.data() + json.size(), 0, claims::kReadPadding);
  const char* at = bytes_.data();
  const char* const end = at + json.size();

  std::array<std::uint16_t, kDepthMax> open;
  std::size_t depth = 0;
  at = skip_white(at, end);
  for (bool first = true;;) {  // `at` is where a value begins, or a member
    if (count_ == kNodesMax) return false;
    const std::size_t self = count_;
    Node& node = nodes_[self];
    const bool in_object = depth != 0 && nodes_[open[depth - 1]].kind == Kind::kObject;
    const bool closes = depth != 0 && first && peek(at, end) == (in_object ? '}' : ']');
    if (!closes) {
      node.name = node.text = {};
      if (in_object && (at = read_name(at, end, open[depth - 1], node)) == nullptr) return false;
      at = read_value(at, end, node);
      if (at == nullptr) return false;
      node.end = static_cast<std::uint16_t>(++count_);
      first = node.kind == Kind::kObject || node.kind == Kind::kArray;
      if (first) {
        if (depth == kDepthMax) return false;
        open[depth++] = static_cast<std::uint16_t>(self);
        at = skip_white(at, end);
        continue;
      }
      if (depth == 0) return false;  // a scalar alone
    }
    for (;;) {  // behind a value, or before the bracket of something empty
      at = skip_white(at, end);
      Node& around = nodes_[open[depth - 1]];
      const unsigned char c = peek(at, end);
      if (c == ',') break;
      if (c != (around.kind == Kind::kObject ? '}' : ']')) return false;
      around.end = static_cast<std::uint16_t>(count_);
      at = skip_white(at + 1, end);
      if (--depth == 0) return at == end;
    }
    first = false;
    at = skip_white(at + 1, end);
  }
}

const PlainJson::Node* PlainJson::child(const Node& parent, std::string_view token) const noexcept {
  const auto begin = static_cast<std::size_t>(&parent - nodes_.data()) + 1;
  if (parent.kind == Kind::kObject) {
    for (std::size_t at = begin; at < parent.end; at = nodes_[at].end) {
      if (nodes_[at].name == token) return &nodes_[at];
    }
    return nullptr;
  }
  if (parent.kind != Kind::kArray || token.empty() || token.size() > 2) return nullptr;  // kNodesMax has two digits
  std::size_t left = 0;
  for (const char c : token) {
    if (!is_digit(c)) return nullptr;
    left = left * 10 + static_cast<std::size_t>(c - '0');
  }
  if (token.size() > 1 && token[0] == '0') return nullptr;
  for (std::size_t at = begin; at < parent.end; at = nodes_[at].end, --left) {
    if (left == 0) return &nodes_[at];
  }
  return nullptr;
}

const PlainJson::Node* PlainJson::find(std::string_view pointer) const noexcept {
  const Node* node = count_ == 0 ? nullptr : nodes_.data();
  while (node != nullptr && !pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t slash = std::min(pointer.find('/'), pointer.size());
    node = child(*node, pointer.substr(0, slash));
    pointer.remove_prefix(slash);
  }
  return node;
}

}  // namespace core::mapping
