#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace core::lists {

/// 64 bits that tell damaged bytes from sound ones: disks, copies cut short, half-written files. No
/// defence against somebody who writes the file, who could as well write another list.
///
/// Eight lanes, one for each word of a cache line; a step XORs the word in, multiplies by an odd
/// number and rotates, which are bijections: one changed word, whatever it becomes, always changes
/// the result, and several do but for a chance of 2^-64. 25 GB/s from
/// memory (benchmarks/micro/lists_bench.cc), so verifying is never what loading waits for; SHA-256
/// would be what it waits for.
/// Results depend on the byte order of the machine. Thread: any.
inline std::uint64_t checksum(std::string_view bytes) noexcept {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  constexpr std::size_t kLanes = 8;
  constexpr std::size_t kBlock = kLanes * sizeof(std::uint64_t);
  std::uint64_t lanes[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) lanes[i] = kOdd * (i + 1);
  const auto absorb = [&lanes](const char* block) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      std::uint64_t word;
      std::memcpy(&word, block + i * sizeof word, sizeof word);
      lanes[i] = std::rotl((lanes[i] ^ word) * kOdd, 29);
    }
  };
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= kBlock; at += kBlock, left -= kBlock) absorb(at);
  if (left > 0) {
    char last[kBlock] = {};
    std::memcpy(last, at, left);
    absorb(last);
  }
  // The length tells trailing zero bytes from the padding above.
  std::uint64_t sum = bytes.size();
  for (const std::uint64_t lane : lanes) {
    sum = (sum ^ lane) * kOdd;
    sum ^= sum >> 32;
  }
  return sum;
}

}  // namespace core::lists
