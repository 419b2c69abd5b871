#pragma once

#include <string_view>

/// The shapes of postal codes. Read from the public descriptions of the Universal Postal Union
/// ("Addressing solutions", a page a country) and from postalCodeData of CLDR 26, the last with it;
/// where the two differ, the UPU's. GB: the letters by BS 7666 and Royal Mail's "Programmers'
/// Guide"; CA: those of Canada Post's addressing guidelines.
namespace core::text {

/// Shapes of one country, parted by '|'. In a shape
///   9  a digit          8  a digit but 0
///   A  a letter         n  a letter or digit
///   c, d  letters of Canadian codes: first and others (no D F I O Q U; W Z not first)
///   q, r, s  letters of British codes: first (no Q V X), second (no I J Z), last two (no C I K M O
///   V) 'x  the byte x       a blank or a hyphen: written there, and not asked for
struct PostcodeShape {
  std::string_view country;
  std::string_view shapes;
};

inline constexpr std::string_view kBritish =
    "q9 9ss|q99 9ss|qr9 9ss|qr99 9ss|q9A 9ss|qr9A 9ss|'G'I'R '0'A'A";

inline constexpr PostcodeShape kPostcodeShapes[] = {
    {"AD", "'A'D999"},
    {"AL", "9999"},
    {"AM", "9999"},
    {"AR", "9999|A9999AAA"},
    {"AT", "8999"},
    {"AU", "9999"},
    {"AX", "'2'2999"},
    {"AZ", "'A'Z 9999"},
    {"BA", "99999"},
    {"BD", "9999"},
    {"BE", "8999"},
    {"BG", "9999"},
    {"BN", "AA9999"},
    {"BR", "99999-999"},
    {"BY", "999999"},
    {"CA", "c9d 9d9"},
    {"CH", "8999"},
    {"CL", "9999999"},
    {"CN", "999999"},
    {"CO", "999999"},
    {"CR", "99999"},
    {"CY", "9999"},
    {"CZ", "999 99"},
    {"DE", "99999"},
    {"DK", "9999"},
    {"DZ", "99999"},
    {"EC", "999999"},
    {"EE", "99999"},
    {"EG", "99999|9999999"},
    {"ES", "99999"},
    {"FI", "99999"},
    {"FO", "999"},
    {"FR", "99999"},
    {"GB", kBritish},
    {"GE", "9999"},
    {"GF", "'9'7'399"},
    {"GG", "'G'Y9 9ss|'G'Y99 9ss"},
    {"GI", "'G'X'1'1 '1'A'A"},
    {"GL", "'3'999"},
    {"GP", "'9'7'199"},
    {"GR", "999 99"},
    {"HR", "99999"},
    {"HU", "9999"},
    {"ID", "99999"},
    {"IE", "A99 nnnn|'D'6'W nnnn"},
    {"IL", "9999999"},
    {"IM", "'I'M9 9ss|'I'M99 9ss"},
    {"IN", "899999"},
    {"IR", "99999-99999"},
    {"IS", "999"},
    {"IT", "99999"},
    {"JE", "'J'E9 9ss|'J'E99 9ss"},
    {"JP", "999-9999"},
    {"KE", "99999"},
    {"KH", "999999"},
    {"KR", "99999"},
    {"KZ", "999999|A99A9A9"},
    {"LI", "'9'4'89|'9'4'99"},
    {"LK", "99999"},
    {"LT", "'L'T-99999"},
    {"LU", "8999"},
    {"LV", "'L'V-9999"},
    {"MA", "99999"},
    {"MC", "'9'8'099"},
    {"MD", "'M'D-9999"},
    {"ME", "99999"},
    {"MK", "9999"},
    {"MQ", "'9'7'299"},
    {"MT", "AAA 9999"},
    {"MX", "99999"},
    {"MY", "99999"},
    {"NG", "999999"},
    {"NL", "8999 AA"},
    {"NO", "9999"},
    {"NP", "99999"},
    {"NZ", "9999"},
    {"PE", "99999"},
    {"PH", "9999"},
    {"PK", "99999"},
    {"PL", "99-999"},
    {"PR", "'0'0999|'0'0999-9999"},
    {"PT", "8999-999"},
    {"PY", "9999|999999"},
    {"RE", "'9'7'499"},
    {"RO", "999999"},
    {"RS", "99999|999999"},
    {"RU", "999999"},
    {"SA", "99999|99999-9999"},
    {"SE", "899 99"},
    {"SG", "999999"},
    {"SI", "9999"},
    {"SJ", "9999"},
    {"SK", "999 99"},
    {"SM", "'4'7'8'99"},
    {"TH", "99999"},
    {"TN", "9999"},
    {"TR", "99999"},
    {"TW", "999|99999|999999"},
    {"UA", "99999"},
    {"US", "99999|99999-9999"},
    {"UY", "99999"},
    {"UZ", "999999"},
    {"VA", "'0'0'1'2'0"},
    {"VN", "99999|999999"},
    {"XK", "99999"},
    {"ZA", "9999"},
};

/// Countries that the UPU's pages say have no postal codes, or none in general use. The others that
/// the first table leaves out are only not in it.
inline constexpr std::string_view kWithoutPostcodes[] = {
    "AE", "AG", "AO", "AW", "BF", "BI", "BJ", "BO", "BS", "BW", "BZ", "CD", "CF", "CG", "CI",
    "CK", "CM", "CW", "DJ", "DM", "ER", "FJ", "GA", "GD", "GM", "GQ", "GY", "HK", "KI", "KM",
    "KN", "KP", "ML", "MO", "MR", "MW", "NR", "NU", "QA", "RW", "SB", "SC", "SL", "SO", "SR",
    "SS", "ST", "SY", "TD", "TG", "TK", "TL", "TO", "TV", "UG", "VU", "YE", "ZW",
};

}  // namespace core::text
