#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace core::lists {

/// What a list knows of a text. The halves come from different keys: knowing one says nothing
/// about the other.
struct Hash {
  std::uint64_t place;  // chooses the bucket
  std::uint64_t mark;   // is stored there

  friend bool operator==(const Hash&, const Hash&) = default;
};

/// A keyed hash for short texts (an address has 10 to 40 bytes): two runs of eight bytes at a time
/// are added to a state of 128 bits by one 64 x 64 -> 128 bit multiplication, which is the cheapest
/// way to make every bit of the product depend on nearly every bit of its factors (the idea of
/// Wang Yi's wyhash; the construction here is our own). 1.5 to 3 ns an address.
///
/// The factors are XORed with keys and with what came before, so nobody who does not know the seed
/// can tell which texts meet in one bucket. It is no cryptographic hash: somebody who saw its
/// results could work the keys out. They never leave the process, nor does any answer depend on
/// them but "in the list" and "not in it".
/// Thread: any. Results depend on the byte order of the machine.
class Hasher {
 public:
  explicit Hasher(std::uint64_t seed) noexcept {
    // splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014):
    // each key is a bijection of its own counter, so no two keys of a seed are equal.
    for (std::uint64_t& key : keys_) {
      std::uint64_t z = (seed += 0x9e3779b97f4a7c15);
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      key = z ^ (z >> 31);
    }
  }

  /// Reads the bytes of `text` and none beside them. Linear in its length: callers bound it.
  Hash operator()(std::string_view text) const noexcept {
    const char* from = text.data();
    std::size_t left = text.size();
    State state{keys_[0], keys_[1]};
    if (left > 16) {
      for (; left > 16; from += 16, left -= 16) {
        state = absorb(state, load<std::uint64_t>(from), load<std::uint64_t>(from + 8));
      }
      // The last 16 bytes; some of them a second time, which costs less than a branch a byte.
      from += left;
      state = absorb(state, load<std::uint64_t>(from - 16), load<std::uint64_t>(from - 8));
    } else if (left >= 8) {
      state = absorb(state, load<std::uint64_t>(from), load<std::uint64_t>(from + left - 8));
    } else if (left >= 4) {
      state = absorb(state, load<std::uint32_t>(from), load<std::uint32_t>(from + left - 4));
    } else if (left > 0) {
      state =
          absorb(state, byte(from[0]) << 16 | byte(from[left / 2]) << 8 | byte(from[left - 1]), 0);
    }
    // The length tells "a" from "aa", whose bytes above are the same.
    const std::uint64_t size = text.size();
    return {fold(state.s ^ keys_[2], state.t ^ keys_[3] ^ size),
            fold(state.s ^ keys_[4], state.t ^ keys_[5] ^ size)};
  }

 private:
  __extension__ using Wide = unsigned __int128;
  struct State {
    std::uint64_t s, t;
  };

  /// XORing the factors back in keeps what a factor of 0 would lose.
  static State absorb(State state, std::uint64_t a, std::uint64_t b) noexcept {
    const std::uint64_t x = a ^ state.s;
    const std::uint64_t y = b ^ state.t;
    const Wide product = static_cast<Wide>(x) * y;
    return {static_cast<std::uint64_t>(product) ^ y, static_cast<std::uint64_t>(product >> 64) ^ x};
  }
  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  template <typename Word>
  static std::uint64_t load(const char* from) noexcept {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
  }
  static std::uint64_t byte(char c) noexcept { return static_cast<unsigned char>(c); }

  std::array<std::uint64_t, 6> keys_;
};

}  // namespace core::lists
