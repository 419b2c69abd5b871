#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__) && !defined(CLAIMGATE_PLAIN_BYTES16)
#define CLAIMGATE_SSE2_BYTES16 1
#include <emmintrin.h>
#else
#include <array>
#endif

namespace core::text {

/// Sixteen bytes that are worked on together: one SSE2 register, or an array where there is none
/// (define CLAIMGATE_PLAIN_BYTES16 to test that one). A comparison answers 0xFF in each byte where
/// it holds and 0 elsewhere. Most names, addresses and domains of a sign-up fit into one.
class Bytes16 {
 public:
  static Bytes16 all(unsigned char byte) noexcept;
  static Bytes16 load(const char* from) noexcept;
  /// The first `size` < 16 bytes, the others 0. Reads not one byte more.
  static Bytes16 load_part(const char* from, std::size_t size) noexcept;
  void store(char* to) const noexcept;
  /// Writes the first `size` < 16 bytes and not one more.
  void store_part(char* to, std::size_t size) const noexcept;

  Bytes16 operator&(Bytes16 other) const noexcept;
  Bytes16 operator|(Bytes16 other) const noexcept;
  Bytes16 operator^(Bytes16 other) const noexcept;
  /// The bits of this one that are not set in `other`.
  Bytes16 without(Bytes16 other) const noexcept;
  Bytes16 equal(unsigned char byte) const noexcept;
  /// first <= byte <= last, unsigned.
  Bytes16 within(unsigned char first, unsigned char last) const noexcept;
  /// Every byte moved up by one place; the last byte of `before` comes first.
  Bytes16 moved_up(Bytes16 before) const noexcept;
  /// The top bit of byte i as bit i.
  std::uint32_t top_bits() const noexcept;

 private:
#ifdef CLAIMGATE_SSE2_BYTES16
  using Held = __m128i;
#else
  using Held = std::array<std::uint8_t, 16>;
  template <typename Op>
  Bytes16 each(Bytes16 other, Op op) const noexcept {
    Held held{};
    for (std::size_t i = 0; i < 16; ++i) {
      held[i] = static_cast<std::uint8_t>(op(held_[i], other.held_[i]));
    }
    return Bytes16{held};
  }
#endif
  explicit Bytes16(Held held) noexcept : held_(held) {}

  Held held_;
};

inline Bytes16 Bytes16::load_part(const char* from, std::size_t size) noexcept {
  // Two reads that overlap instead of a loop over the bytes; where they overlap they agree.
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  if (size >= 8) {
    std::memcpy(&low, from, 8);
    std::memcpy(&high, from + size - 8, 8);
    high = high >> (8 * (15 - size)) >> 8;  // in two steps: a shift by 64 is undefined
  } else if (size >= 4) {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::memcpy(&first, from, 4);
    std::memcpy(&last, from + size - 4, 4);
    low = first | std::uint64_t{last} << (8 * (size - 4));
  } else {
    for (std::size_t i = 0; i < size; ++i) {
      low |= std::uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
    }
  }
#ifdef CLAIMGATE_SSE2_BYTES16
  return Bytes16{_mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low))};
#else
  Held held;
  for (std::size_t i = 0; i < 8; ++i) {
    held[i] = static_cast<std::uint8_t>(low >> (8 * i));
    held[8 + i] = static_cast<std::uint8_t>(high >> (8 * i));
  }
  return Bytes16{held};
#endif
}

inline void Bytes16::store_part(char* to, std::size_t size) const noexcept {
  char bytes[16];
  store(bytes);
  if (size >= 8) {
    std::memcpy(to, bytes, 8);
    std::memcpy(to + size - 8, bytes + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, bytes, 4);
    std::memcpy(to + size - 4, bytes + size - 4, 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) to[i] = bytes[i];
  }
}

#ifdef CLAIMGATE_SSE2_BYTES16

inline Bytes16 Bytes16::all(unsigned char byte) noexcept {
  return Bytes16{_mm_set1_epi8(static_cast<char>(byte))};
}
inline Bytes16 Bytes16::load(const char* from) noexcept {
  return Bytes16{_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))};
}
inline void Bytes16::store(char* to) const noexcept {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), held_);
}
inline Bytes16 Bytes16::operator&(Bytes16 other) const noexcept {
  return Bytes16{_mm_and_si128(held_, other.held_)};
}
inline Bytes16 Bytes16::operator|(Bytes16 other) const noexcept {
  return Bytes16{_mm_or_si128(held_, other.held_)};
}
inline Bytes16 Bytes16::operator^(Bytes16 other) const noexcept {
  return Bytes16{_mm_xor_si128(held_, other.held_)};
}
inline Bytes16 Bytes16::without(Bytes16 other) const noexcept {
  return Bytes16{_mm_andnot_si128(other.held_, held_)};
}
inline Bytes16 Bytes16::equal(unsigned char byte) const noexcept {
  return Bytes16{_mm_cmpeq_epi8(held_, all(byte).held_)};
}
inline Bytes16 Bytes16::within(unsigned char first, unsigned char last) const noexcept {
  const __m128i above = _mm_sub_epi8(held_, all(first).held_);
  const __m128i span = all(static_cast<unsigned char>(last - first)).held_;
  return Bytes16{_mm_cmpeq_epi8(_mm_min_epu8(above, span), above)};
}
inline Bytes16 Bytes16::moved_up(Bytes16 before) const noexcept {
  return Bytes16{_mm_or_si128(_mm_slli_si128(held_, 1), _mm_srli_si128(before.held_, 15))};
}
inline std::uint32_t Bytes16::top_bits() const noexcept {
  return static_cast<std::uint32_t>(_mm_movemask_epi8(held_));
}

#else

inline Bytes16 Bytes16::all(unsigned char byte) noexcept {
  Held held;
  held.fill(byte);
  return Bytes16{held};
}
inline Bytes16 Bytes16::load(const char* from) noexcept {
  Held held;
  std::memcpy(held.data(), from, 16);
  return Bytes16{held};
}
inline void Bytes16::store(char* to) const noexcept { std::memcpy(to, held_.data(), 16); }
inline Bytes16 Bytes16::operator&(Bytes16 other) const noexcept {
  return each(other, [](unsigned a, unsigned b) { return a & b; });
}
inline Bytes16 Bytes16::operator|(Bytes16 other) const noexcept {
  return each(other, [](unsigned a, unsigned b) { return a | b; });
}
inline Bytes16 Bytes16::operator^(Bytes16 other) const noexcept {
  return each(other, [](unsigned a, unsigned b) { return a ^ b; });
}
inline Bytes16 Bytes16::without(Bytes16 other) const noexcept {
  return each(other, [](unsigned a, unsigned b) { return a & ~b; });
}
inline Bytes16 Bytes16::equal(unsigned char byte) const noexcept {
  return each(all(byte), [](unsigned a, unsigned b) { return a == b ? 0xFFU : 0U; });
}
inline Bytes16 Bytes16::within(unsigned char first, unsigned char last) const noexcept {
  return each(*this,
              [first, last](unsigned a, unsigned) { return first <= a && a <= last ? 0xFFU : 0U; });
}
inline Bytes16 Bytes16::moved_up(Bytes16 before) const noexcept {
  Held held;
  held[0] = before.held_[15];
  for (std::size_t i = 1; i < 16; ++i) held[i] = held_[i - 1];
  return Bytes16{held};
}
inline std::uint32_t Bytes16::top_bits() const noexcept {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 16; ++i) bits |= static_cast<std::uint32_t>(held_[i] >> 7) << i;
  return bits;
}

#endif

}  // namespace core::text
