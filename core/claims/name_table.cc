#include "core/claims/name_table.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <array>

namespace core::claims {
namespace {

constexpr std::string_view kPrefix = "extension_";
constexpr std::size_t kAppIdSize = 32;  // a GUID in hexadecimal, without its hyphens

constexpr std::array<std::string_view, kWellKnownCount> kWellKnownNames = {
    "step",          "client_id",   "ui_locales", "email",   "identities",
    "objectId",      "displayName", "givenName",  "surname", "jobTitle",
    "streetAddress", "city",        "state",      "country", "postalCode"};

/// True when the 32 bytes at `from` are hexadecimal digits.
bool is_app_id(const char* from) noexcept {
#if defined(__SSE2__)
  // Bytes are compared as signed: those from 0x80 are negative and no digit.
  const auto digits_of = [](__m128i bytes) noexcept {
    const __m128i small = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    const __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('0' - 1)),
                                        _mm_cmplt_epi8(bytes, _mm_set1_epi8('9' + 1)));
    const __m128i letter = _mm_and_si128(_mm_cmpgt_epi8(small, _mm_set1_epi8('a' - 1)),
                                         _mm_cmplt_epi8(small, _mm_set1_epi8('f' + 1)));
    return _mm_or_si128(digit, letter);
  };
  const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 16));
  return _mm_movemask_epi8(_mm_and_si128(digits_of(low), digits_of(high))) == 0xFFFF;
#else
  for (std::size_t i = 0; i < kAppIdSize; ++i) {
    const char small = static_cast<char>(from[i] | 0x20);
    if (!((from[i] >= '0' && from[i] <= '9') || (small >= 'a' && small <= 'f'))) return false;
  }
  return true;
#endif
}

/// Where the attribute begins in the name of an extension; 0 when `key` is none.
std::size_t attribute_begin(std::string_view key) noexcept {
  constexpr std::size_t kIdEnd = kPrefix.size() + kAppIdSize;
  if (key.size() <= kPrefix.size() || !key.starts_with(kPrefix)) return 0;
  const bool has_id =
      key.size() > kIdEnd + 1 && key[kIdEnd] == '_' && is_app_id(key.data() + kPrefix.size());
  return has_id ? kIdEnd + 1 : kPrefix.size();
}

/// Compares what the words of two attributes of one size leave out; `lowered` is in small letters.
bool middle_equals(std::string_view lowered, std::string_view attribute) noexcept {
  const std::size_t stop = attribute.size() - 8;
  for (std::size_t at = 8; at < stop; at += 8) {
    // The last step goes up to 7 bytes into the last word, which is equal anyway.
    if (load_word(lowered.data() + at) != lower_word(load_word(attribute.data() + at))) {
      return false;
    }
  }
  return true;
}

std::string lowered_ascii(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return lowered;
}

}  // namespace

bool split_extension(std::string_view key, std::string_view& attribute) noexcept {
  const std::size_t begin = attribute_begin(key);
  if (begin == 0) return false;
  attribute = key.substr(begin);
  return true;
}

NameTable::NameTable() {
  resize_slots(6);
  for (const std::string_view name : kWellKnownNames) intern(name);
}

NameId NameTable::intern(std::string_view name) {
  if (const NameId known = find(name); known != kNoName) return known;
  if (names_.size() == kNamesMax) return kNoName;

  std::string_view attribute;
  const bool extension = split_extension(name, attribute);
  std::string key = extension ? lowered_ascii(attribute) : std::string(name);
  KeyWords words = key_words(key);
  if (extension) words.size |= kAttributeMark;
  const auto id = static_cast<NameId>(names_.size());
  for (const char c : key) {  // FNV-1a, with a byte between the names that tells the two kinds
    fingerprint_ = (fingerprint_ ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  }
  fingerprint_ = (fingerprint_ ^ (extension ? 0x1FF : 0x100)) * 0x100000001B3;
  names_.emplace_back(name);
  keys_.push_back(std::move(key));
  entries_.push_back(words);
  place(id);
  if (names_.size() * 2 > slots_.size()) {
    resize_slots(static_cast<unsigned>(std::bit_width(slots_.size())));
  }
  return id;
}

NameId NameTable::find(std::string_view key) const noexcept { return find(key, key_words(key)); }

NameId NameTable::find_extension(std::string_view key, const KeyWords& words) const noexcept {
  const std::size_t begin = attribute_begin(key);
  if (begin == 0) return find_plain(key, words);
  const std::string_view attribute = key.substr(begin);
  const KeyWords spelled = key_words(attribute);
  const KeyWords lowered = {lower_word(spelled.first), lower_word(spelled.last),
                            spelled.size | kAttributeMark};
  for (std::size_t slot = hash_words(lowered) >> shift_;; slot = (slot + 1) & mask_) {
    const NameId id = slots_[slot];
    if (id == kNoName) return kNoName;
    if (entries_[id] == lowered &&
        (attribute.size() <= 16 || middle_equals(keys_[id], attribute))) {
      return id;
    }
  }
}

bool NameTable::equals_whole(NameId id, std::string_view key) const noexcept {
  return keys_[id] == key;
}

void NameTable::place(NameId id) noexcept {
  std::size_t slot = hash_words(entries_[id]) >> shift_;
  while (slots_[slot] != kNoName) slot = (slot + 1) & mask_;
  slots_[slot] = id;
}

/// Room for 2^bits slots, and every name placed anew.
void NameTable::resize_slots(unsigned bits) {
  slots_.assign(std::size_t{1} << bits, kNoName);
  mask_ = slots_.size() - 1;
  shift_ = 64 - bits;
  for (std::size_t id = 0; id < names_.size(); ++id) place(static_cast<NameId>(id));
}

}  // namespace core::claims
