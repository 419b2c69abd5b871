#include "core/decisions/key.h"

#include <bit>
#include <cstring>

namespace core::decisions {
namespace {

/// Eight bytes, the first the lowest, whatever the machine's order.
std::uint64_t load(const char* from) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

constexpr std::uint64_t kAbsent = ~std::uint64_t{0};  // no part is that long

}  // namespace

std::string to_text(const Key& key) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint64_t word : {key.high, key.low}) {
    for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[(word >> shift) & 15];
  }
  return text;
}

std::optional<Key> key_of_text(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  std::uint64_t words[2] = {};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return std::nullopt;
    words[i / 16] = words[i / 16] << 4 | static_cast<std::uint64_t>(digit);
  }
  return Key{words[1], words[0]};
}

KeyHash::KeyHash(const Seed& seed) noexcept : state_(seed.low, seed.high) {
  state_.v1 ^= 0xee;  // 128 bits are asked for
}

void KeyHash::write(std::string_view bytes) noexcept {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  const auto filled = static_cast<unsigned>(size_ % 8);
  size_ += left;
  if (filled != 0) {
    // The tail has `filled` bytes: what comes is shifted behind them.
    for (unsigned place = filled; left > 0 && place < 8; ++place, ++at, --left) {
      tail_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(*at)) << (8 * place);
      if (place == 7) {
        state_.absorb<2>(tail_);
        tail_ = 0;
      }
    }
  }
  // In registers: `at` may point anywhere, for all the compiler knows, also at the state.
  SipState state = state_;
  for (; left >= 8; at += 8, left -= 8) state.absorb<2>(load(at));
  state_ = state;
  // Only behind whole blocks is anything left here: the tail is empty then.
  for (unsigned place = 0; left > 0; ++place, ++at, --left) {
    tail_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(*at)) << (8 * place);
  }
}

void KeyHash::word(std::uint64_t value) noexcept {
  const auto filled = static_cast<unsigned>(8 * (size_ % 8));  // bits
  size_ += 8;
  state_.absorb<2>(tail_ | value << filled);
  tail_ = filled == 0 ? 0 : value >> (64 - filled);
}

void KeyHash::add(std::string_view part) noexcept {
  word(part.size());
  write(part);
}

void KeyHash::add_absent() noexcept { word(kAbsent); }

Key KeyHash::finish() noexcept {
  state_.absorb<2>(tail_ | (size_ << 56));
  state_.v2 ^= 0xee;
  Key key;
  key.low = state_.squeeze<4>();
  state_.v1 ^= 0xdd;
  key.high = state_.squeeze<4>();
  return key;
}

}  // namespace core::decisions
