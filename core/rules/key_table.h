#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/lists/hash.h"

namespace core::rules {

/// Texts and the number each one stands for, laid out for looking up: open addressing over slots of
/// eight bytes that hold a part of the hash, so that a text which is not there costs one cache
/// line. 5 ns. Immutable; any thread.
///
/// The keys come from the configuration and requests only look up, so the hash needs no secret
/// seed.
class KeyTable {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  KeyTable() = default;
  /// The texts are different from each other.
  explicit KeyTable(const std::vector<std::pair<std::string_view, std::uint32_t>>& entries);

  /// The number of `text`, kNone when there is none.
  std::uint32_t find(std::string_view text) const noexcept {
    if (slots_.empty()) return kNone;
    const lists::Hash hash = kHasher(text);
    const auto mark = static_cast<std::uint32_t>(hash.mark);
    for (std::size_t slot = hash.place & mask_;; slot = (slot + 1) & mask_) {
      if (slots_[slot].entry == kNone) return kNone;
      if (slots_[slot].mark != mark) continue;
      const Entry& entry = entries_[slots_[slot].entry];
      if (std::string_view(texts_.data() + entry.offset, entry.size) == text) return entry.number;
    }
  }

  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Slot {
    std::uint32_t mark = 0;
    std::uint32_t entry = kNone;
  };
  struct Entry {
    std::size_t offset;
    std::uint32_t size;
    std::uint32_t number;
  };
  static const lists::Hasher kHasher;

  std::vector<Slot> slots_;
  std::vector<Entry> entries_;
  std::string texts_;
  std::size_t mask_ = 0;
};

/// Beginnings (or endings) of texts and the number each one stands for: a look-up for each of their
/// different lengths, which are few.
class AffixTable {
 public:
  enum class Side : std::uint8_t { kStart, kEnd };

  AffixTable() = default;
  AffixTable(Side side, const std::vector<std::pair<std::string_view, std::uint32_t>>& entries);

  /// Calls found(number) for each affix that `text` has.
  template <typename Found>
  void find(std::string_view text, Found&& found) const noexcept {
    for (const std::uint32_t length : lengths_) {
      if (length > text.size()) return;
      const std::uint32_t number =
          table_.find(text.substr(side_ == Side::kStart ? 0 : text.size() - length, length));
      if (number != KeyTable::kNone) found(number);
    }
  }

 private:
  Side side_ = Side::kStart;
  std::vector<std::uint32_t> lengths_;  // ascending
  KeyTable table_;
};

}  // namespace core::rules
