#pragma once

#include <span>
#include <string_view>

/// The derived values: one table, from which the rules compiler takes what it knows
/// (core/rules/derived.cc has a function for each row), and the JSON Schema and the reference what
/// they print.
namespace core::config {

struct DerivedName {
  std::string_view name;                    // as rules write it
  std::span<const std::string_view> reads;  // the claims it is computed from
  std::string_view meaning;                 // one line
};

namespace reads {
inline constexpr std::string_view kEmail[] = {"email"};
inline constexpr std::string_view kPhone[] = {"phone",
                                              "phoneNumber",
                                              "mobile",
                                              "extension_phone",
                                              "extension_phoneNumber",
                                              "extension_mobile",
                                              "country"};
inline constexpr std::string_view kName[] = {"givenName", "surname", "displayName"};
inline constexpr std::string_view kIdentities[] = {"identities"};
inline constexpr std::string_view kPerson[] = {"identities", "email"};
inline constexpr std::string_view kLocale[] = {"ui_locales"};
inline constexpr std::string_view kCountry[] = {"country"};
}  // namespace reads

inline constexpr DerivedName kDerivedNames[] = {
    {"email.local", reads::kEmail, "what stands before the last @ of `email`, as typed"},
    {"email.domain", reads::kEmail,
     "what stands behind the last @ of `email`: lower case, no trailing dot, international names as "
     "A-labels"},
    {"email.registrable", reads::kEmail,
     "the part of the domain that somebody registered, by the public suffix list: `a.b.example.co.uk` "
     "is `example.co.uk`"},
    {"email.canonical", reads::kEmail,
     "one spelling for one mailbox: lower case, and for providers that ignore them without tags and "
     "dots; to compare by, never to send to"},
    {"phone.e164", reads::kPhone,
     "the first of `phone`, `phoneNumber`, `mobile` and the `extension_` attributes of these names, "
     "as `+46701234567`; a national number is read as one of `country`"},
    {"name.full", reads::kName, "`givenName` and `surname`, or the one of them; else `displayName`"},
    {"name.initials", reads::kName,
     "the first letters of `givenName` and `surname`, capital; else of the first and last word of "
     "`displayName`"},
    {"identities.issuer", reads::kIdentities, "`issuer` of the first of `identities`"},
    {"identities.id", reads::kIdentities, "`issuerAssignedId` of the first of `identities`"},
    {"identities.type", reads::kIdentities, "`signInType` of the first of `identities`"},
    {"person.key", reads::kPerson,
     "what stays the same for a person: `issuer|issuerAssignedId` of the first of `identities`, else "
     "`email` in lower case"},
    {"locale.language", reads::kLocale, "the language of the first of `ui_locales`: `pt` of `pt-BR`"},
    {"locale.region", reads::kLocale, "the region of the first of `ui_locales`: `BR` of `pt-BR`"},
    {"country.code", reads::kCountry,
     "the ISO 3166-1 code of `country`, which may be a code or a name: `SE` of `Sverige`"},
    {"now", {}, "the time of the request, UTC: `2026-12-01T08:00:00Z`"},
    {"today", {}, "the date of the request, UTC: `2026-12-01`"},
};

}  // namespace core::config
