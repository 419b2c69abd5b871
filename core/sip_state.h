#pragma once

#include <bit>
#include <cstdint>

namespace core {

/// What every SipHash is made of (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012): words
/// of eight bytes, the first the lowest, are absorbed, then words of the hash squeezed out. How many
/// rounds each takes, and what is put into the state in between, is the user's.
struct SipState {
  constexpr SipState(std::uint64_t key_low, std::uint64_t key_high) noexcept
      : v0(key_low ^ 0x736f6d6570736575),
        v1(key_high ^ 0x646f72616e646f6d),
        v2(key_low ^ 0x6c7967656e657261),
        v3(key_high ^ 0x7465646279746573) {}

  constexpr void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  template <int kRounds>
  constexpr void absorb(std::uint64_t word) noexcept {
    v3 ^= word;
    for (int i = 0; i < kRounds; ++i) round();
    v0 ^= word;
  }

  template <int kRounds>
  constexpr std::uint64_t squeeze() noexcept {
    for (int i = 0; i < kRounds; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }

  std::uint64_t v0, v1, v2, v3;
};

}  // namespace core
