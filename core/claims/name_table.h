#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/claims/key_words.h"

namespace core::claims {

/// The place of a claim in every array that is indexed by claim. Ids count up from 0 without gaps.
using NameId = std::uint16_t;
inline constexpr NameId kNoName = 0xFFFF;

/// The members every B2C user flow may send (protocol.md a.3), interned first and in this order by
/// each table, so that the dialects reach them by a constant.
// clang-format off
enum WellKnown : NameId {
  kStep, kClientId, kUiLocales, kEmail, kIdentities, kObjectId, kDisplayName, kGivenName, kSurname,
  kJobTitle, kStreetAddress, kCity, kState, kCountry, kPostalCode,
  kWellKnownCount,
};
// clang-format on

/// The claim names a configuration knows: the well-known ones and all that its rules mention.
/// Filled while the configuration is compiled, read-only afterwards; any thread may read it.
///
/// A custom attribute is one name however it is spelled: `extension_<app id>_Tier`,
/// `extension_Tier` and `extension_tier` find the same id (protocol.md a.5). Every other name is
/// compared byte for byte. `clientId` finds kClientId (protocol.md a.3). Letter case is ASCII's:
/// the directory allows nothing else in an attribute's name.
class NameTable {
 public:
  static constexpr std::size_t kNamesMax = 4096;

  NameTable();

  /// The id of `name`, added when it is new; kNoName when kNamesMax names are held.
  NameId intern(std::string_view name);

  /// The id of the JSON member `key` (already unescaped); kNoName for a name no rule mentions.
  /// Never allocates. Costs a hash of at most 16 bytes and one comparison.
  NameId find(std::string_view key) const noexcept;

  /// find() for the reader, which has the words of `key` at hand.
  NameId find(std::string_view key, const KeyWords& words) const noexcept {
    return words.first == kExtensionWord ? find_extension(key, words) : find_plain(key, words);
  }

  /// The spelling that was interned first. Good while the table is.
  std::string_view name(NameId id) const noexcept { return names_[id]; }
  std::size_t size() const noexcept { return names_.size(); }
  /// Tells this table from one in which some id is another name; equal tables have equal ones.
  std::uint64_t fingerprint() const noexcept { return fingerprint_; }

 private:
  static constexpr std::uint64_t kExtensionWord =
      std::bit_cast<std::uint64_t>(std::array{'e', 'x', 't', 'e', 'n', 's', 'i', 'o'});
  static constexpr KeyWords kClientIdAlias = {  // protocol.md a.3
      std::bit_cast<std::uint64_t>(std::array{'c', 'l', 'i', 'e', 'n', 't', 'I', 'd'}), 0, 8};
  /// Added to the size in the words of an attribute, so that the claim `tier` is not the custom
  /// attribute `extension_tier`.
  static constexpr std::size_t kAttributeMark = std::size_t{1} << 40U;

  NameId find_extension(std::string_view key, const KeyWords& words) const noexcept;
  NameId find_plain(std::string_view key, const KeyWords& words) const noexcept;
  bool equals_whole(NameId id, std::string_view key) const noexcept;
  void place(NameId id) noexcept;
  void resize_slots(unsigned bits);

  std::vector<std::string> names_;    // as interned
  std::vector<std::string> keys_;     // as compared: extension names lower-cased, without app id
  std::vector<KeyWords> entries_;     // of keys_
  std::vector<std::uint16_t> slots_;  // open addressing, a power of two, kNoName is empty
  std::size_t mask_ = 0;              // slots_.size() - 1
  std::uint64_t fingerprint_ = 0xCBF29CE484222325;
  unsigned shift_ = 0;  // the hash's highest bits are the slot
};

/// True for a custom attribute's name; `attribute` is then the part after `extension_` and the
/// optional 32 hexadecimal digits of the application (protocol.md a.5): never empty, so
/// `extension_` alone is an ordinary name. The view is good while `key` is.
bool split_extension(std::string_view key, std::string_view& attribute) noexcept;

inline NameId NameTable::find_plain(std::string_view key, const KeyWords& words) const noexcept {
  for (std::size_t slot = hash_words(words) >> shift_;; slot = (slot + 1) & mask_) {
    const NameId id = slots_[slot];
    if (id == kNoName) return words == kClientIdAlias ? NameId{kClientId} : kNoName;
    if (entries_[id] == words && (words.size <= 16 || equals_whole(id, key))) return id;
  }
}

}  // namespace core::claims
