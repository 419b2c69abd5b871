#pragma once

#include <string_view>

#include "core/arena.h"

/// Postal codes by their shape. postcode_shapes.h has the table and its sources. Letter case, white
/// space and hyphens do not count, nor a country code in front ("SE-111 22"). A code of the right
/// shape need not be in use. No heap. Thread: any.
namespace core::text {

/// True when `text` has a shape of the country's postal codes. `country_code` is an alpha-2 code in
/// any letter case. A country without postal codes, or one that the table does not have, accepts
/// any text that is not blank: has_postcodes() tells.
bool is_postcode(std::string_view text, std::string_view country_code) noexcept;

/// True when the table has shapes for the country.
bool has_postcodes(std::string_view country_code) noexcept;

/// The code as it is usually written: "SW1A 1AA", "111 22", "1234 AB". Null data() when the text
/// does not have the country's shape, the table has no shapes for it, or the arena is full.
std::string_view format_postcode(std::string_view text, std::string_view country_code,
                                 Arena& arena) noexcept;

}  // namespace core::text
