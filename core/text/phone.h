#pragma once

#include <cstddef>
#include <string_view>

#include "core/arena.h"

/// Telephone numbers by libphonenumber and the numbering plans it was built with. Every call here
/// allocates on the heap and takes a lock of the library (its cache of patterns) for moments: a
/// rule that names a phone test pays some thirty microseconds for it, others nothing. Whatever
/// fails inside is answered as "no number". Thread: any.
namespace core::text {

/// Longer texts are no number; libphonenumber has the same limit.
inline constexpr std::size_t kPhoneBytesMax = 250;

/// Opens the numbering plans, which takes some twenty milliseconds and a few megabytes: called
/// while a configuration is compiled, it spares the first request that. The patterns of each
/// country are prepared by its first number. False when the library cannot be used: then no text is
/// a number.
bool load_phones() noexcept;

/// True when `text` is a number of a numbering plan: length and leading digits fit a range that is
/// in use. `region` is an ISO 3166-1 alpha-2 code in any letter case and says how to read a number
/// in national form; a number in international form ("+46 ...") may be of any country. Empty or
/// unknown: only international form.
bool is_phone(std::string_view text, std::string_view region) noexcept;
/// The same by length alone: also a number in a range that the library does not know yet, and no
/// number that can only be dialled within its town.
bool is_possible_phone(std::string_view text, std::string_view region) noexcept;
/// The number as "+46701234567" (ITU-T E.164), without its extension, when it is possible (so that
/// a number in a new range keeps its form). Null data() when it is not or the arena is full.
std::string_view phone_e164(std::string_view text, std::string_view region, Arena& arena) noexcept;

}  // namespace core::text
