#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace core::claims {

/// A name in two integers and its size, so that it is hashed and compared without a loop. A name of
/// at most 16 bytes is wholly in the words, with zero bytes behind it; of a longer one they are the
/// first and the last eight bytes.
struct KeyWords {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::size_t size = 0;

  friend bool operator==(const KeyWords&, const KeyWords&) = default;
};

/// The first bytes at `from` as a number in the machine's order.
template <typename Word = std::uint64_t>
inline std::uint64_t load_word(const char* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

/// The words of `key`. Reads no byte outside it.
inline KeyWords key_words(std::string_view key) noexcept {
  const char* const from = key.data();
  const std::size_t size = key.size();
  if (size >= 16) return {load_word(from), load_word(from + size - 8), size};
  if constexpr (std::endian::native == std::endian::little) {
    // Loads that overlap, moved to their place: a copy to 16 zero bytes would be waited for when
    // it is loaded as words (a failed store forwarding, three times the price of all this).
    if (size > 8) return {load_word(from), load_word(from + size - 8) >> (16 - size) * 8, size};
    if (size == 8) return {load_word(from), 0, size};
    if (size >= 4) {
      const std::uint64_t tail = load_word<std::uint32_t>(from + size - 4) << (size - 4) * 8;
      return {load_word<std::uint32_t>(from) | tail, 0, size};
    }
    std::uint64_t word = 0;
    for (std::size_t i = size; i > 0; --i)
      word = word << 8U | load_word<std::uint8_t>(from + i - 1);
    return {word, 0, size};
  }
  char whole[16] = {};
  if (size != 0) std::memcpy(whole, from, size);
  return {load_word(whole), load_word(whole + 8), size};
}

/// What is left of a name's two words when its bytes end there, by its size up to 16.
inline constexpr auto kKeyMasks = [] {
  std::array<std::array<std::uint64_t, 2>, 17> masks{};
  for (std::size_t size = 0; size <= 16; ++size) {
    std::array<unsigned char, 16> bytes{};
    for (std::size_t i = 0; i < size; ++i) bytes[i] = 0xFF;
    masks[size] = std::bit_cast<std::array<std::uint64_t, 2>>(bytes);
  }
  return masks;
}();

/// The same for a `key` with 16 readable bytes from its beginning, however short it is: without a
/// branch on its size.
inline KeyWords key_words_padded(std::string_view key) noexcept {
  const std::size_t size = key.size();
  const auto& masks = kKeyMasks[size < 16 ? size : 16];
  const char* const last = key.data() + (size > 16 ? size - 8 : 8);
  return {load_word(key.data()) & masks[0], load_word(last) & masks[1], size};
}

/// Eight ASCII letters at once made small; other bytes are kept.
constexpr std::uint64_t lower_word(std::uint64_t word) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const std::uint64_t low = word & (0x7F * kOnes);
  const std::uint64_t from_a = low + (0x80 - 'A') * kOnes;    // bit 7: 'A' or above
  const std::uint64_t beyond_z = low + (0x7F - 'Z') * kOnes;  // bit 7: above 'Z'
  const std::uint64_t capital = from_a & ~beyond_z & ~word & (0x80 * kOnes);
  return word | capital >> 2U;  // 0x20 where a capital letter is
}

/// Mixes the words; the highest bits of the answer are the best. Not keyed: for tables that nobody
/// outside fills, and for filters that are allowed to be wrong.
constexpr std::uint64_t hash_words(const KeyWords& words) noexcept {
  return (words.first ^ std::rotl(words.last, 29) ^ words.size) * 0x9E3779B97F4A7C15;
}

}  // namespace core::claims
