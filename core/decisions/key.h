#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/sip_state.h"

namespace core::decisions {

/// Under what a decision is kept: 128 bits, so that two questions never share a key by accident
/// and, the hash being keyed, nobody can choose claims that do.
struct Key {
  std::uint64_t low = 0, high = 0;
  friend bool operator==(const Key&, const Key&) = default;
};

/// What keys are hashed with. Random in production, one for the life of the process.
struct Seed {
  std::uint64_t low = 0, high = 0;
};

/// 32 hexadecimal digits, as the admin API writes keys, and back.
std::string to_text(const Key& key);
std::optional<Key> key_of_text(std::string_view text);

/// SipHash-2-4 with 128 bits of output (Aumasson, Bernstein: "SipHash: a fast short-input PRF"; the
/// 128-bit form is that of the authors' reference code), fed in parts. Parts are framed: each goes
/// in behind its size, so that no two lists of parts are the same bytes. Never allocates.
class KeyHash {
 public:
  explicit KeyHash(const Seed& seed) noexcept;

  /// A part, and a part that is not there (a missing claim), which no text is equal to.
  void add(std::string_view part) noexcept;
  void add_absent() noexcept;
  void add_number(std::uint64_t number) noexcept { word(number); }

  /// Bytes without a frame: the plain hash of the published vectors is write() and finish().
  void write(std::string_view bytes) noexcept;

  Key finish() noexcept;

 private:
  void word(std::uint64_t value) noexcept;

  SipState state_;
  std::uint64_t tail_ = 0;  // bytes that do not fill a block yet
  std::uint64_t size_ = 0;  // of all that was written
};

}  // namespace core::decisions
