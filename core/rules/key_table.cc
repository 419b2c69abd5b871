#include "core/rules/key_table.h"

#include <algorithm>
#include <bit>

namespace core::rules {

const lists::Hasher KeyTable::kHasher(0x636c61696d67617d);

KeyTable::KeyTable(const std::vector<std::pair<std::string_view, std::uint32_t>>& entries) {
  if (entries.empty()) return;
  slots_.resize(std::bit_ceil(entries.size() * 2));
  mask_ = slots_.size() - 1;
  entries_.reserve(entries.size());
  for (const auto& [text, number] : entries) {
    const lists::Hash hash = kHasher(text);
    std::size_t slot = hash.place & mask_;
    while (slots_[slot].entry != kNone) slot = (slot + 1) & mask_;
    slots_[slot] = {static_cast<std::uint32_t>(hash.mark),
                    static_cast<std::uint32_t>(entries_.size())};
    entries_.push_back({texts_.size(), static_cast<std::uint32_t>(text.size()), number});
    texts_ += text;
  }
}

AffixTable::AffixTable(Side side,
                       const std::vector<std::pair<std::string_view, std::uint32_t>>& entries)
    : side_(side), table_(entries) {
  for (const auto& [text, number] : entries) {
    lengths_.push_back(static_cast<std::uint32_t>(text.size()));
  }
  std::sort(lengths_.begin(), lengths_.end());
  lengths_.erase(std::unique(lengths_.begin(), lengths_.end()), lengths_.end());
}

}  // namespace core::rules
