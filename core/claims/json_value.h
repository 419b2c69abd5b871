#pragma once

#include <cstddef>

#include "core/claims/json_string.h"

/// Values of RFC 8259, checked and not kept. Positions are passed as pointers and a refusal as a
/// null pointer: this is the innermost loop of a request, and both stay in registers.
///
/// The byte at the end of the body counts as NUL, which no token contains, so a body that is cut
/// short needs no case of its own.
namespace core::claims {

/// The byte at `at`; NUL at the end of the body.
inline unsigned char peek(const char* at, const char* end) noexcept {
  return at < end ? static_cast<unsigned char>(*at) : 0;
}

/// skip_white() where there is something to skip, or a control character that is no white space.
const char* skip_white_run(const char* at, const char* end) noexcept;

/// The first byte from `at` that is no white space (RFC 8259, 2), or `end`.
inline const char* skip_white(const char* at, const char* end) noexcept {
  return peek(at, end) > ' ' ? at : skip_white_run(at, end);
}

/// The byte behind the number at `at`, which is '-' or a digit; null when it is refused.
const char* scan_number(const char* at, const char* end, Refusal& refusal) noexcept;

/// The byte behind `true`, `false` or `null` at `at`, by its first letter; null for anything else,
/// which is then no value at all.
const char* scan_literal(const char* at, const char* end, Refusal& refusal) noexcept;

/// The byte behind the value at `at`, of any kind; null when it or anything in it is refused.
/// `depth` objects and arrays are around it, and `depth_max` may be open at once. Takes no more
/// stack for a deeper value. Reads up to 16 bytes behind `end`.
const char* scan_value(const char* at, const char* end, std::size_t depth, std::size_t depth_max,
                       Refusal& refusal) noexcept;

}  // namespace core::claims
