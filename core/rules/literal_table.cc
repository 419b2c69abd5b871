#include "core/rules/literal_table.h"

#include <algorithm>
#include <bit>
#include <unordered_map>

namespace core::rules {

std::uint32_t LiteralTable::gram_of(std::string_view literal, std::size_t at) noexcept {
  return fold(literal[at]) << 16 | fold(literal[at + 1]) << 8 | fold(literal[at + 2]);
}

LiteralTable::LiteralTable(
    const std::vector<std::pair<std::string_view, std::uint32_t>>& literals) {
  if (literals.empty()) return;
  std::unordered_map<std::uint32_t, std::uint32_t> uses;
  for (const auto& [text, number] : literals) {
    for (std::size_t at = 0; at + kBytesMin <= text.size(); ++at) ++uses[gram_of(text, at)];
  }
  for (const auto& [text, number] : literals) {
    std::size_t rarest = 0;
    for (std::size_t at = 1; at + kBytesMin <= text.size(); ++at) {
      if (uses[gram_of(text, at)] < uses[gram_of(text, rarest)]) rarest = at;
    }
    literals_.push_back({texts_.size(), static_cast<std::uint32_t>(text.size()),
                         static_cast<std::uint32_t>(rarest), number});
    texts_ += text;
  }
  const auto gram = [this](const Literal& literal) {
    return gram_of(std::string_view(texts_).substr(literal.offset), literal.gram_at);
  };
  std::stable_sort(literals_.begin(), literals_.end(),
                   [&](const Literal& a, const Literal& b) { return gram(a) < gram(b); });
  slots_.resize(std::bit_ceil(literals_.size() * 2));
  mask_ = slots_.size() - 1;
  for (std::uint32_t first = 0; first < literals_.size();) {
    std::uint32_t end = first;
    while (end < literals_.size() && gram(literals_[end]) == gram(literals_[first])) ++end;
    const std::uint32_t hash = hash_of(gram(literals_[first]));
    filter_[hash >> 23] |= std::uint64_t{1} << ((hash >> 17) & 63);
    std::size_t slot = (hash >> 8) & mask_;
    while (slots_[slot].count != 0) slot = (slot + 1) & mask_;
    slots_[slot] = {gram(literals_[first]), first, end - first};
    first = end;
  }
}

bool LiteralTable::stands(const Literal& literal, std::string_view text,
                          std::size_t gram_at) const noexcept {
  if (gram_at < literal.gram_at) return false;
  const std::size_t start = gram_at - literal.gram_at;
  if (text.size() - start < literal.size) return false;
  for (std::size_t i = 0; i < literal.size; ++i) {
    if (fold(text[start + i]) != static_cast<unsigned char>(texts_[literal.offset + i])) {
      return false;
    }
  }
  return true;
}

}  // namespace core::rules
