#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/claims/key_words.h"

namespace core::claims {

/// The names of one body that no rule mentions, kept to find one that comes twice.
///
/// Nearly every body has a handful, all different: a filter of 512 bits answers for those with one
/// bit test. Only when the filter has the bit are the names compared. Beyond kInlineMax names,
/// which no identity service sends, they move into a hash table on the heap keyed with `seed`, so a
/// body made of names costs time in proportion to its size.
class SeenNames {
 public:
  static constexpr std::size_t kInlineMax = 64;

  explicit SeenNames(std::uint64_t seed) noexcept : seed_(seed) {}

  enum class Added : std::uint8_t { kNew, kDuplicate, kNoMemory };
  /// Remembers `name`, whose bytes must stay where they are while this lives; `words` are its own.
  Added add(std::string_view name, const KeyWords& words) noexcept;

 private:
  struct Slot {
    std::uint64_t hash = 0;  // with the lowest bit set: 0 is an empty slot
    const char* name = nullptr;
    std::size_t size = 0;
  };

  Added add_to_table(std::string_view name) noexcept;
  void place(const Slot& added) noexcept;
  bool grow() noexcept;

  std::uint64_t seed_;
  std::size_t count_ = 0;
  std::array<std::uint64_t, 8> filter_{};
  // The first count_, while there is no table. Not initialized: that would cost more than adding.
  struct Name {
    const char* text;
    std::size_t size;
    operator std::string_view() const noexcept { return {text, size}; }
  };
  std::array<Name, kInlineMax> inline_;
  std::unique_ptr<Slot[]> slots_;  // open addressing, at most half full
  std::size_t slots_size_ = 0;     // a power of two
};

}  // namespace core::claims
