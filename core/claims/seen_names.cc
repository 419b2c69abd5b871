#include "core/claims/seen_names.h"

#include <bit>
#include <cstring>
#include <new>
#include <utility>

#include "core/sip_state.h"

namespace core::claims {
namespace {

/// SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, with the rounds
/// that hash tables commonly use): without the key, colliding names cannot be found.
std::uint64_t keyed_hash(std::uint64_t key, std::string_view name) noexcept {
  const std::uint64_t key_high = std::rotl(key, 32) * 0x9E3779B97F4A7C15;
  SipState state(key, key_high);
  std::size_t at = 0;
  for (; name.size() - at >= 8; at += 8) state.absorb<1>(load_word(name.data() + at));
  std::uint64_t rest = static_cast<std::uint64_t>(name.size()) << 56U;
  for (unsigned shift = 0; at < name.size(); ++at, shift += 8) {
    rest |= static_cast<std::uint64_t>(static_cast<unsigned char>(name[at])) << shift;
  }
  state.absorb<1>(rest);
  state.v2 ^= 0xFF;
  return state.squeeze<3>();
}

}  // namespace

SeenNames::Added SeenNames::add(std::string_view name, const KeyWords& words) noexcept {
  if (slots_ != nullptr) return add_to_table(name);
  const std::uint64_t hash = hash_words(words);
  std::uint64_t& word = filter_[hash >> 61U];
  const std::uint64_t bit = std::uint64_t{1} << (hash >> 55U & 63U);
  if ((word & bit) != 0) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (std::string_view(inline_[i]) == name) return Added::kDuplicate;
    }
  }
  if (count_ == kInlineMax) return add_to_table(name);
  word |= bit;
  inline_[count_++] = {name.data(), name.size()};
  return Added::kNew;
}

SeenNames::Added SeenNames::add_to_table(std::string_view name) noexcept {
  if ((count_ + 1) * 2 > slots_size_ && !grow()) return Added::kNoMemory;
  const std::uint64_t hash = keyed_hash(seed_, name) | 1U;
  const std::size_t mask = slots_size_ - 1;
  std::size_t at = hash >> 1U & mask;
  for (; slots_[at].hash != 0; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.hash == hash && std::string_view(slot.name, slot.size) == name) {
      return Added::kDuplicate;
    }
  }
  slots_[at] = {hash, name.data(), name.size()};
  ++count_;
  return Added::kNew;
}

void SeenNames::place(const Slot& added) noexcept {
  const std::size_t mask = slots_size_ - 1;
  std::size_t at = added.hash >> 1U & mask;
  while (slots_[at].hash != 0) at = (at + 1) & mask;
  slots_[at] = added;
}

bool SeenNames::grow() noexcept {
  const std::size_t old_size = slots_size_;
  const std::size_t new_size = old_size == 0 ? kInlineMax * 8 : old_size * 4;
  std::unique_ptr<Slot[]> old(new (std::nothrow) Slot[new_size]);
  if (old == nullptr) return false;
  std::swap(old, slots_);
  slots_size_ = new_size;
  if (old == nullptr) {
    for (std::size_t i = 0; i < count_; ++i) {
      const std::string_view name = inline_[i];
      place({keyed_hash(seed_, name) | 1U, name.data(), name.size()});
    }
  }
  for (std::size_t i = 0; i < old_size; ++i) {
    if (old[i].hash != 0) place(old[i]);
  }
  return true;
}

}  // namespace core::claims
