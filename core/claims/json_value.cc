#include "core/claims/json_value.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace core::claims {
namespace {

constexpr bool is_digit(unsigned char c) noexcept { return c >= '0' && c <= '9'; }

const char* refuse(Refusal& refusal, ReadError error, const char* at) noexcept {
  refusal = {error, at};
  return nullptr;
}

const char* skip_digits(const char* at, const char* end) noexcept {
  while (is_digit(peek(at, end))) ++at;
  return at;
}

/// The first byte of the value of the object's member whose name is at `at`.
inline const char* scan_name(const char* at, const char* end, Refusal& refusal) noexcept {
  if (peek(at, end) != '"') return refuse(refusal, ReadError::kSyntax, at);
  const char* const close = scan_string(at + 1, end, refusal).close;
  if (close == nullptr) return nullptr;
  if (string_follows(close, ':')) return close + 2;
  at = skip_white(close + 1, end);
  if (peek(at, end) != ':') return refuse(refusal, ReadError::kSyntax, at);
  return skip_white(at + 1, end);
}

/// Which of the open brackets are objects, a bit for each.
class Brackets {
 public:
  void open(std::size_t depth, bool object) noexcept {
    const std::uint64_t bit = std::uint64_t{1} << (depth % 64);
    std::uint64_t& word = bits_[depth / 64];
    word = object ? word | bit : word & ~bit;
  }
  bool is_object(std::size_t depth) const noexcept {
    return (bits_[depth / 64] >> (depth % 64) & 1U) != 0;
  }

 private:
  // Left as it is: open() writes a bit before is_object() reads it.
  std::array<std::uint64_t, ReadLimits::kDepthMost / 64 + 1> bits_;
};

}  // namespace

const char* skip_white_run(const char* at, const char* end) noexcept {
  for (; at < end; ++at) {
    if (*at != ' ' && *at != '\n' && *at != '\r' && *at != '\t') break;
  }
  return at;
}

const char* scan_number(const char* at, const char* end, Refusal& refusal) noexcept {
  if (*at == '-') ++at;
  const unsigned char first = peek(at, end);
  if (!is_digit(first)) return refuse(refusal, ReadError::kSyntax, at);
  ++at;
  if (first != '0') at = skip_digits(at, end);  // 01 ends behind its 0, where no 1 may follow
  if (peek(at, end) == '.') {
    ++at;
    if (!is_digit(peek(at, end))) return refuse(refusal, ReadError::kSyntax, at);
    at = skip_digits(at + 1, end);
  }
  if ((peek(at, end) | 0x20) == 'e') {
    ++at;
    if (const unsigned char sign = peek(at, end); sign == '+' || sign == '-') ++at;
    if (!is_digit(peek(at, end))) return refuse(refusal, ReadError::kSyntax, at);
    at = skip_digits(at + 1, end);
  }
  return at;
}

const char* scan_literal(const char* at, const char* end, Refusal& refusal) noexcept {
  const unsigned char first = peek(at, end);
  const std::string_view word = first == 't'   ? "true"
                                : first == 'f' ? "false"
                                : first == 'n' ? "null"
                                               : std::string_view{};
  if (word.empty()) return refuse(refusal, ReadError::kSyntax, at);
  for (std::size_t i = 1; i < word.size(); ++i) {
    if (peek(at + i, end) != static_cast<unsigned char>(word[i])) {
      return refuse(refusal, ReadError::kSyntax, at + i);
    }
  }
  return at + word.size();
}

const char* scan_value(const char* at, const char* end, std::size_t depth, std::size_t depth_max,
                       Refusal& refusal) noexcept {
  const std::size_t around = depth;
  depth_max = std::min(depth_max, ReadLimits::kDepthMost);
  Brackets brackets;
  bool object = false;  // the innermost open bracket
  for (;;) {
    const unsigned char c = peek(at, end);
    if (c == '"') {
      const char* const close = scan_string(at + 1, end, refusal).close;
      if (close == nullptr) return nullptr;
      at = close + 1;
      if (depth != around && string_follows(close, ',')) {
        ++at;
        if (object) at = scan_name(at, end, refusal);
        if (at == nullptr) return nullptr;
        continue;
      }
    } else if (c == '{' || c == '[') {
      if (depth >= depth_max) return refuse(refusal, ReadError::kDepth, at);
      object = c == '{';
      brackets.open(++depth, object);
      at = skip_white(at + 1, end);
      if (peek(at, end) != (object ? '}' : ']')) {
        if (object) at = scan_name(at, end, refusal);
        if (at == nullptr) return nullptr;
        continue;
      }
    } else {
      at = c == '-' || is_digit(c) ? scan_number(at, end, refusal) : scan_literal(at, end, refusal);
      if (at == nullptr) return nullptr;
    }

    // Behind a value, or at the closing bracket of an empty one: everything that ends here.
    for (;;) {
      if (depth == around) return at;
      at = skip_white(at, end);
      const unsigned char after = peek(at, end);
      if (after == ',') break;
      if (after != (object ? '}' : ']')) return refuse(refusal, ReadError::kSyntax, at);
      ++at;
      if (--depth > around) object = brackets.is_object(depth);
    }
    at = skip_white(at + 1, end);
    if (object) at = scan_name(at, end, refusal);
    if (at == nullptr) return nullptr;
  }
}

}  // namespace core::claims
