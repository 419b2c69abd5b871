#include "core/text/country.h"

#include <unicode/uchar.h>
#include <unicode/udisplaycontext.h>
#include <unicode/uldnames.h>
#include <unicode/uloc.h>
#include <unicode/unorm2.h>
#include <unicode/uregion.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/text/code_points.h"
#include "core/text/spelled_out.h"
#include "core/text/text.h"

namespace core::text {
namespace {

constexpr std::string_view kLanguages[] = {"en", "de", "fr", "es", "it", "nl",
                                           "sv", "pt", "pl", "ja", "zh"};

/// Names that people write and CLDR lists otherwise: former names, short forms, endonyms in Latin
/// letters. From the remarks of ISO 3166-1 and -3 and the English usage notes of CLDR's survey.
struct Alias {
  std::string_view name, code;
};
constexpr Alias kAliases[] = {
    {"America", "US"},
    {"United States of America", "US"},
    {"The United States", "US"},
    {"Britain", "GB"},
    {"Great Britain", "GB"},
    {"United Kingdom of Great Britain and Northern Ireland", "GB"},
    {"England", "GB"},
    {"Scotland", "GB"},
    {"Wales", "GB"},
    {"Northern Ireland", "GB"},
    {"Republic of Ireland", "IE"},
    {"Eire", "IE"},
    {"Holland", "NL"},
    {"The Netherlands", "NL"},
    {"Czech Republic", "CZ"},
    {"Czechia", "CZ"},
    {"Slovak Republic", "SK"},
    {"Russian Federation", "RU"},
    {"Republic of Korea", "KR"},
    {"Korea, Republic of", "KR"},
    {"Korea", "KR"},
    {"Democratic People's Republic of Korea", "KP"},
    {"People's Republic of China", "CN"},
    {"Mainland China", "CN"},
    {"Hong Kong", "HK"},
    {"Macau", "MO"},
    {"Macao", "MO"},
    {"Taiwan, Province of China", "TW"},
    {"Viet Nam", "VN"},
    {"Lao People's Democratic Republic", "LA"},
    {"Burma", "MM"},
    {"Turkey", "TR"},
    {"Turkiye", "TR"},
    {"Ivory Coast", "CI"},
    {"Cape Verde", "CV"},
    {"Swaziland", "SZ"},
    {"Macedonia", "MK"},
    {"North Macedonia", "MK"},
    {"Bosnia", "BA"},
    {"Moldova, Republic of", "MD"},
    {"Iran, Islamic Republic of", "IR"},
    {"Syrian Arab Republic", "SY"},
    {"Venezuela, Bolivarian Republic of", "VE"},
    {"Bolivia, Plurinational State of", "BO"},
    {"Tanzania, United Republic of", "TZ"},
    {"Democratic Republic of the Congo", "CD"},
    {"DR Congo", "CD"},
    {"Republic of the Congo", "CG"},
    {"Palestine", "PS"},
    {"State of Palestine", "PS"},
    {"East Timor", "TL"},
    {"Brunei Darussalam", "BN"},
    {"Vatican", "VA"},
    {"Holy See", "VA"},
    {"The Gambia", "GM"},
    {"The Bahamas", "BS"},
    {"Emirates", "AE"},
    {"Kosova", "XK"},
    {"XKX", "XK"},
    {"UK", "GB"},
    {"Hellas", "GR"},
    {"Canary Islands", "ES"},
    {"\u65E5\u672C\u56FD", "JP"},
};

/// Codes that ISO 3166-1 only reserves (Ascension, Clipperton, Sark, Diego Garcia, Ceuta and
/// Melilla, the Canary Islands, Tristan da Cunha) and ICU lists beside the others.
constexpr std::string_view kReserved[] = {"AC", "CP", "CQ", "DG", "EA", "IC", "TA"};

constexpr std::size_t kKeyBytesMax = 160;

/// A name in the form that is compared: letters and digits alone, decomposed, without marks, small.
struct Key {
  char bytes[kKeyBytesMax];
  std::size_t size = 0;
  std::string_view view() const noexcept { return {bytes, size}; }

  /// False when the text is longer than any name.
  bool of(std::string_view text) noexcept {
    UErrorCode error = U_ZERO_ERROR;
    const UNormalizer2* const nfd = unorm2_getNFDInstance(&error);
    if (U_FAILURE(error)) return false;
    const char* at = text.data();
    const char* const end = at + text.size();
    size = 0;
    while (at != end) {
      const CodePoint point = decode(at, end);
      at += point.size;
      if (point.value == kNoCodePoint) return false;
      const bool added = point.value < 0x80 ? add(point.value) : add_parts(nfd, point.value);
      if (!added) return false;
    }
    if (view().starts_with("saint")) {  // "St. Lucia" to CLDR
      std::copy(bytes + 5, bytes + size, bytes + 2);
      bytes[1] = 't';
      size -= 3;
    }
    return size > 0;
  }

 private:
  bool add_parts(const UNormalizer2* nfd, char32_t c) noexcept {
    UErrorCode error = U_ZERO_ERROR;
    UChar parts[16];
    const std::int32_t count =
        unorm2_getDecomposition(nfd, static_cast<UChar32>(c), parts, 16, &error);
    if (U_FAILURE(error) || count <= 0) return add(c);
    for (std::int32_t i = 0; i < count;) {
      UChar32 part = 0;
      U16_NEXT(parts, i, count, part);
      if (!add(static_cast<char32_t>(part))) return false;
    }
    return true;
  }

  bool add(char32_t c) noexcept {
    // Spacing marks stay: they are the vowels of Indic names.
    constexpr std::uint32_t kKept = U_GC_L_MASK | U_GC_N_MASK | U_GC_MC_MASK;
    if (c == U'&') return add(U'a') && add(U'n') && add(U'd');
    if ((U_GET_GC_MASK(static_cast<UChar32>(c)) & kKept) == 0) return true;
    if (size + 4 > kKeyBytesMax) return false;
    const auto small =
        static_cast<char32_t>(u_foldCase(static_cast<UChar32>(c), U_FOLD_CASE_DEFAULT));
    size = static_cast<std::size_t>(write_spelled_out(small, bytes + size) - bytes);
    return true;
  }
};

std::string to_utf8(const UChar* text, std::int32_t size) {
  std::string result(static_cast<std::size_t>(size) * 3, '\0');
  std::int32_t written = 0;
  UErrorCode error = U_ZERO_ERROR;
  u_strToUTF8(result.data(), static_cast<std::int32_t>(result.size()), &written, text, size,
              &error);
  result.resize(U_SUCCESS(error) ? static_cast<std::size_t>(written) : 0);
  return result;
}

/// "Oesterreich" for a name in German.
std::string with_vowels_spelled(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kVowels[] = {
      {"\u00C4", "Ae"}, {"\u00D6", "Oe"}, {"\u00DC", "Ue"},
      {"\u00E4", "ae"}, {"\u00F6", "oe"}, {"\u00FC", "ue"}};
  std::string result{name};
  for (const auto& [vowel, spelled] : kVowels) {
    for (std::size_t at = result.find(vowel); at != std::string::npos;
         at = result.find(vowel, at)) {
      result.replace(at, vowel.size(), spelled);
    }
  }
  return result;
}

struct CloseNames {
  void operator()(ULocaleDisplayNames* names) const noexcept { uldn_close(names); }
};

/// The region names of one language.
class DisplayNames {
 public:
  DisplayNames(const char* language, bool short_names) {
    UDisplayContext contexts[] = {short_names ? UDISPCTX_LENGTH_SHORT : UDISPCTX_LENGTH_FULL,
                                  UDISPCTX_NO_SUBSTITUTE};
    UErrorCode error = U_ZERO_ERROR;
    names_.reset(uldn_openForContext(language, contexts, 2, &error));
    if (U_FAILURE(error)) names_.reset();
  }
  /// Empty when the language has no name for the region.
  std::string of(const char* region) const {
    if (names_ == nullptr) return {};
    constexpr std::int32_t kUnitsMax = 200;
    UChar name[kUnitsMax];
    UErrorCode error = U_ZERO_ERROR;
    const std::int32_t size = uldn_regionDisplayName(names_.get(), region, name, kUnitsMax, &error);
    if (U_FAILURE(error) || size <= 0 || size >= kUnitsMax) return {};
    return to_utf8(name, size);
  }

 private:
  std::unique_ptr<ULocaleDisplayNames, CloseNames> names_;
};

class Countries {
 public:
  Countries() {
    collect_codes();
    for (std::size_t i = 0; i < std::size(kLanguages); ++i) {
      const DisplayNames full{std::string{kLanguages[i]}.c_str(), false};
      const DisplayNames brief{std::string{kLanguages[i]}.c_str(), true};
      for (Country& country : countries_) {
        country.names[i] = full.of(country.code);
        if (country.names[i] == country.code) country.names[i].clear();
        add_name(country.names[i], country);
        add_name(brief.of(country.code), country);
        if (kLanguages[i] == "de") add_name(with_vowels_spelled(country.names[i]), country);
      }
    }
    const DisplayNames traditional{"zh_Hant", false};
    for (const Country& country : countries_) add_name(traditional.of(country.code), country);
    add_own_names();
    for (const Alias& alias : kAliases) {
      if (const Country* const country = find(alias.code)) add(alias.name, *country);
    }
    // Stable, and what came first is kept: a name in English goes before the same in another.
    std::stable_sort(keys_.begin(), keys_.end(),
                     [](const Entry& a, const Entry& b) { return a.key < b.key; });
    keys_.erase(std::unique(keys_.begin(), keys_.end(),
                            [](const Entry& a, const Entry& b) { return a.key == b.key; }),
                keys_.end());
    keys_.shrink_to_fit();
  }

  bool has_names() const noexcept { return !keys_.empty(); }

  std::string_view code_of(std::string_view text) const noexcept {
    Key key;
    if (!key.of(text)) return {};
    if (key.size == 2) {
      const char code[] = {static_cast<char>(key.bytes[0] & ~0x20),
                           static_cast<char>(key.bytes[1] & ~0x20)};
      if (const Country* const country = find({code, 2})) return country->code;
    }
    const auto found = std::lower_bound(
        keys_.begin(), keys_.end(), key.view(),
        [](const Entry& entry, std::string_view wanted) { return entry.key < wanted; });
    if (found == keys_.end() || found->key != key.view()) return {};
    return countries_[found->country].code;
  }

  std::string_view name_of(std::string_view code, std::string_view language) const noexcept {
    if (code.size() != 2) return {};
    const char capital[] = {static_cast<char>(code[0] & ~0x20), static_cast<char>(code[1] & ~0x20)};
    const Country* const country = find({capital, 2});
    if (country == nullptr) return {};
    const std::string_view primary = language.substr(0, language.find_first_of("-_"));
    for (std::size_t i = 0; i < std::size(kLanguages); ++i) {
      if (equals_ignore_case_ascii(primary, kLanguages[i]) && !country->names[i].empty()) {
        return country->names[i];
      }
    }
    return country->names[0];
  }

 private:
  struct Country {
    char code[3] = {};
    std::array<std::string, std::size(kLanguages)> names;
  };
  struct Entry {
    std::string key;
    std::uint16_t country;
  };

  /// ISO 3166-1 as ICU lists it, less the codes that were withdrawn or are only reserved, and XK,
  /// in general use for Kosovo.
  void collect_codes() {
    for (const char* const* code = uloc_getISOCountries(); *code != nullptr; ++code) {
      if (std::find(std::begin(kReserved), std::end(kReserved), *code) != std::end(kReserved)) {
        continue;
      }
      UErrorCode error = U_ZERO_ERROR;
      const URegion* const region = uregion_getRegionFromCode(*code, &error);
      if (U_FAILURE(error) || uregion_getType(region) != URGN_TERRITORY) continue;
      if (std::string_view{uregion_getRegionCode(region)} != *code) continue;
      Country country;
      std::copy_n(*code, 2, country.code);
      countries_.push_back(std::move(country));
    }
    std::sort(countries_.begin(), countries_.end(), [](const Country& a, const Country& b) {
      return std::string_view{a.code} < std::string_view{b.code};
    });
    for (const Country& country : countries_) {
      add(uloc_getISO3Country((std::string{"und_"} + country.code).c_str()), country);
    }
  }

  /// The name of each country in every language that ICU has a locale of it for.
  void add_own_names() {
    std::string language;
    for (std::int32_t i = 0; i < uloc_countAvailable(); ++i) {
      const char* const locale = uloc_getAvailable(i);
      char region[ULOC_COUNTRY_CAPACITY] = {};
      UErrorCode error = U_ZERO_ERROR;
      uloc_getCountry(locale, region, sizeof region, &error);
      if (U_FAILURE(error)) continue;
      const Country* const country = find(region);
      if (country == nullptr) continue;
      constexpr std::int32_t kUnitsMax = 200;
      UChar name[kUnitsMax];
      const std::int32_t size = uloc_getDisplayCountry(locale, locale, name, kUnitsMax, &error);
      if (U_SUCCESS(error) && size > 0 && size < kUnitsMax) add_name(to_utf8(name, size), *country);
    }
  }

  const Country* find(std::string_view code) const noexcept {
    const auto found = std::lower_bound(countries_.begin(), countries_.end(), code,
                                        [](const Country& country, std::string_view wanted) {
                                          return std::string_view{country.code} < wanted;
                                        });
    return found == countries_.end() || found->code != code ? nullptr : &*found;
  }

  /// A name by CLDR. A short one of two letters ("EE. UU.", "EU") would be taken for a code.
  void add_name(std::string_view name, const Country& country) {
    Key key;
    if (key.of(name) && key.size > 2) add(key, country);
  }
  void add(std::string_view name, const Country& country) {
    Key key;
    if (key.of(name)) add(key, country);
  }
  void add(const Key& key, const Country& country) {
    keys_.push_back(
        {std::string{key.view()}, static_cast<std::uint16_t>(&country - countries_.data())});
  }

  std::vector<Country> countries_;  // by code
  std::vector<Entry> keys_;         // by key
};

/// Null when the heap had no room for it.
const Countries* countries() noexcept {
  static const std::unique_ptr<const Countries> shared = []() noexcept {
    try {
      return std::make_unique<const Countries>();
    } catch (...) {
      return std::unique_ptr<const Countries>{};
    }
  }();
  return shared.get();
}

}  // namespace

bool load_countries() noexcept {
  const Countries* const table = countries();
  return table != nullptr && table->has_names();
}

std::string_view country_code(std::string_view text) noexcept {
  const Countries* const table = countries();
  return table == nullptr ? std::string_view{} : table->code_of(text);
}

std::string_view country_name(std::string_view code, std::string_view language) noexcept {
  const Countries* const table = countries();
  return table == nullptr ? std::string_view{} : table->name_of(code, language);
}

}  // namespace core::text
