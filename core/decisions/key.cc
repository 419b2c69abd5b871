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

KeyHash::KeyHash(const Seed& seed) noexcept
    : v0_(seed.low ^ 0x736f6d6570736575),
      v1_(seed.high ^ 0x646f72616e646f6d ^ 0xee),  // 0xee: 128 bits are asked for
      v2_(seed.low ^ 0x6c7967656e657261),
      v3_(seed.high ^ 0x7465646279746573) {}

void KeyHash::round() noexcept {
  v0_ += v1_;
  v1_ = std::rotl(v1_, 13) ^ v0_;
  v0_ = std::rotl(v0_, 32);
  v2_ += v3_;
  v3_ = std::rotl(v3_, 16) ^ v2_;
  v0_ += v3_;
  v3_ = std::rotl(v3_, 21) ^ v0_;
  v2_ += v1_;
  v1_ = std::rotl(v1_, 17) ^ v2_;
  v2_ = std::rotl(v2_, 32);
}

void KeyHash::compress(std::uint64_t block) noexcept {
  v3_ ^= block;
  round();
  round();
  v0_ ^= block;
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
        compress(tail_);
        tail_ = 0;
      }
    }
  }
  for (; left >= 8; at += 8, left -= 8) compress(load(at));
  // Only behind whole blocks is anything left here: the tail is empty then.
  for (unsigned place = 0; left > 0; ++place, ++at, --left) {
    tail_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(*at)) << (8 * place);
  }
}

void KeyHash::word(std::uint64_t value) noexcept {
  char bytes[8];
  for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  write({bytes, sizeof bytes});
}

void KeyHash::add(std::string_view part) noexcept {
  word(part.size());
  write(part);
}

void KeyHash::add_absent() noexcept { word(kAbsent); }

Key KeyHash::finish() noexcept {
  compress(tail_ | (size_ << 56));
  v2_ ^= 0xee;
  for (int i = 0; i < 4; ++i) round();
  Key key;
  key.low = v0_ ^ v1_ ^ v2_ ^ v3_;
  v1_ ^= 0xdd;
  for (int i = 0; i < 4; ++i) round();
  key.high = v0_ ^ v1_ ^ v2_ ^ v3_;
  return key;
}

}  // namespace core::decisions
