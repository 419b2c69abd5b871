#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/claims/claims.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Strings of RFC 8259 section 7: finding their end and checking what is between.
namespace core::claims {

/// Why reading stopped, and where.
struct Refusal {
  ReadError error = ReadError::kNone;
  const char* at = nullptr;
};

struct ScannedString {
  const char* close = nullptr;  // the closing quotation mark; null when the string is refused
  bool escaped = false;         // it has a backslash
};

#if defined(__SSE2__)
/// A bit for each of the 16 bytes at `at` that find_special() looks for.
inline unsigned special_bytes(const char* at) noexcept {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                     _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
  // The comparison is signed: all from 0x80 are below the control characters.
  const __m128i others = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(0x1F));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_andnot_si128(marks, others))) ^ 0xFFFFU;
}
#endif

/// The first byte at or after `at` that is a quotation mark, a backslash, below 0x20 or above 0x7F;
/// `end` or any byte behind it when there is none before. Reads up to 16 bytes behind `at` or
/// `end`, whichever is later.
inline const char* find_special(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  // The first step stands apart: most strings end in it.
  unsigned special = special_bytes(at);
  while (special == 0) {
    at += 16;
    if (at >= end) return at;
    special = special_bytes(at);
  }
  return at + static_cast<unsigned>(std::countr_zero(special));
#else
  for (; at < end; ++at) {
    const auto c = static_cast<unsigned char>(*at);
    if (c == '"' || c == '\\' || c < 0x20 || c > 0x7F) break;
  }
  return at;
#endif
}

/// True when the three bytes at `close` are `"`, `middle` and `"`: the end of one string and the
/// beginning of the next with nothing but a colon or comma between, which is how machines write
/// JSON. `close` is before the end of the body, and a match may go up to 2 bytes over it: the
/// string that follows then begins behind the end, which its reader finds out.
inline bool string_follows(const char* close, char middle) noexcept {
  std::uint32_t word;
  std::memcpy(&word, close, sizeof(word));
  const std::array<char, 4> wanted = {'"', middle, '"', '\0'};
  const std::array<char, 4> looked_at = {'\xFF', '\xFF', '\xFF', '\0'};
  return (word & std::bit_cast<std::uint32_t>(looked_at)) == std::bit_cast<std::uint32_t>(wanted);
}

/// scan_string() from the first byte that is not plain.
ScannedString scan_special(const char* at, const char* end, Refusal& refusal) noexcept;

/// Finds the end of the string whose first byte (behind the quotation mark) is at `begin`, checking
/// escapes, surrogates, control characters and UTF-8 (RFC 3629). `begin` may be up to 2 bytes
/// behind `end`; reads up to 18 bytes behind it.
inline ScannedString scan_string(const char* begin, const char* end, Refusal& refusal) noexcept {
  const char* const at = find_special(begin, end);
  if (at < end && *at == '"') [[likely]] {
    return {at, false};
  }
  return scan_special(at, end, refusal);
}

}  // namespace core::claims
