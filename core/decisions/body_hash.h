#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/decisions/key.h"

namespace core::decisions {

/// A key's long part made short. SipHash alone spends four instructions on a byte, and a whole body is
/// hashed for each question that is forwarded.
///
/// Each block of kBlockBytes is pressed into 256 bits by NH (Black, Halevi, Krawczyk, Krovetz, Rogaway:
/// "UMAC: Fast and Secure Message Authentication", 1999) over words of 64 bits, as VMAC does it
/// (draft-krovetz-vmac-01): two times 128 bits, the second with the key words shifted by two. Two
/// bodies of one size collide with a probability of 2^-128 over the keys, which nobody outside knows;
/// the size goes in beside them, and SipHash-2-4-128 makes the key of all that. So it keeps what KeyHash
/// promises: nobody can choose bodies that collide, and a key tells nothing of the body.
class BodyHash {
 public:
  static constexpr std::size_t kBlockBytes = 512;

  explicit BodyHash(const Seed& seed) noexcept;

  /// Adds `body` to `hash`. Never allocates. Thread: any.
  void add(KeyHash& hash, std::string_view body) const noexcept;

 private:
  static constexpr std::size_t kWords = kBlockBytes / 8;
  std::array<std::uint64_t, kWords + 2> keys_;
};

}  // namespace core::decisions
