#pragma once

#include <string_view>

/// Countries by ISO 3166-1 and their names by ICU (CLDR). The names are put into one table of some
/// hundred kilobytes by the first call of any function here, which takes less than a tenth of a
/// second and the heap; load_countries() while a configuration is compiled spares the first request
/// that. After it nothing allocates. Thread: any, the first call too.
namespace core::text {

/// Builds the table. False when ICU has no names (its data is missing): then codes alone are known.
bool load_countries() noexcept;

/// The alpha-2 code ("SE") of a country given by its alpha-2 code, its alpha-3 code or its name in
/// English, German, French, Spanish, Italian, Dutch, Swedish, Portuguese, Polish, Japanese, Chinese
/// or a language of its own. Letter case, accents, white space and punctuation do not count. Names
/// of English usage that CLDR lists otherwise are known too (country.cc). Empty when unknown. The
/// result lives as long as the program.
std::string_view country_code(std::string_view text) noexcept;

/// The name of the country with the alpha-2 code `code` in `language`, one of the eleven above by
/// its BCP 47 code ("sv"; "sv-FI" is read as "sv"); in English for any other. Empty when the code
/// is unknown. The result lives as long as the program.
std::string_view country_name(std::string_view code, std::string_view language) noexcept;

}  // namespace core::text
