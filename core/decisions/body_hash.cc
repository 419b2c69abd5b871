#include "core/decisions/body_hash.h"

#include <bit>
#include <cstring>

namespace core::decisions {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::size_t kPairBytes = 16;
/// What the keys are made from, so that none is a key of the cache.
constexpr std::uint64_t kOfKeys = 3;

std::uint64_t load(const char* from) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

struct Sums {
  Wide first = 0, second = 0;
};

/// Two words of the message with four of the keys.
[[gnu::always_inline]] inline void press(Sums& sums, const char* at,
                                         const std::uint64_t* keys) noexcept {
  const std::uint64_t low = load(at), high = load(at + 8);
  sums.first += static_cast<Wide>(low + keys[0]) * (high + keys[1]);
  sums.second += static_cast<Wide>(low + keys[2]) * (high + keys[3]);
}

void add_sums(KeyHash& hash, const Sums& sums) noexcept {
  hash.add_number(static_cast<std::uint64_t>(sums.first));
  hash.add_number(static_cast<std::uint64_t>(sums.first >> 64));
  hash.add_number(static_cast<std::uint64_t>(sums.second));
  hash.add_number(static_cast<std::uint64_t>(sums.second >> 64));
}

}  // namespace

BodyHash::BodyHash(const Seed& seed) noexcept {
  for (std::size_t i = 0; i < keys_.size(); i += 2) {
    KeyHash hash(seed);
    hash.add_number(kOfKeys);
    hash.add_number(i);
    const Key key = hash.finish();
    keys_[i] = key.low;
    keys_[i + 1] = key.high;
  }
}

void BodyHash::add(KeyHash& hash, std::string_view body) const noexcept {
  hash.add_number(body.size());
  const char* at = body.data();
  std::size_t left = body.size();
  while (left != 0) {
    const std::size_t block = left < kBlockBytes ? left : kBlockBytes;
    const std::uint64_t* keys = keys_.data();
    Sums sums;
    std::size_t rest = block;
    for (; rest >= kPairBytes; rest -= kPairBytes, at += kPairBytes, keys += 2) press(sums, at, keys);
    if (rest != 0) {  // zeros behind: the size tells them from the body's own
      char last[kPairBytes] = {};
      std::memcpy(last, at, rest);
      press(sums, last, keys);
      at += rest;
    }
    add_sums(hash, sums);
    left -= block;
  }
}

}  // namespace core::decisions
