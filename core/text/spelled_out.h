#pragma once

#include <cstddef>
#include <string_view>

#include "core/text/code_points.h"

/// Letters that no decomposition takes apart, for the sources of this folder.
namespace core::text {

/// A letter in ASCII, by Latin-ASCII of CLDR's transforms.
struct SpelledOut {
  char32_t letter;
  std::string_view ascii;
};
inline constexpr SpelledOut kSpelledOut[] = {
    {U'\u00C6', "AE"}, {U'\u00D0', "D"},  {U'\u00D8', "O"}, {U'\u00DE', "TH"}, {U'\u00DF', "ss"},
    {U'\u00E6', "ae"}, {U'\u00F0', "d"},  {U'\u00F8', "o"}, {U'\u00FE', "th"}, {U'\u0110', "D"},
    {U'\u0111', "d"},  {U'\u0126', "H"},  {U'\u0127', "h"}, {U'\u0131', "i"},  {U'\u0132', "IJ"},
    {U'\u0133', "ij"}, {U'\u0138', "q"},  {U'\u013F', "L"}, {U'\u0140', "l"},  {U'\u0141', "L"},
    {U'\u0142', "l"},  {U'\u0149', "'n"}, {U'\u014A', "N"}, {U'\u014B', "n"},  {U'\u0152', "OE"},
    {U'\u0153', "oe"}, {U'\u0166', "T"},  {U'\u0167', "t"}, {U'\u017F', "s"},  {U'\u0180', "b"},
    {U'\u0181', "B"},  {U'\u0187', "C"},  {U'\u0188', "c"}, {U'\u0189', "D"},  {U'\u018A', "D"},
    {U'\u0197', "I"},  {U'\u0198', "K"},  {U'\u0199', "k"}, {U'\u01B5', "Z"},  {U'\u01B6', "z"},
    {U'\u0253', "b"},  {U'\u0257', "d"},  {U'\u0268', "i"}, {U'\u1E9E', "SS"},
};

/// No code point of Latin or Greek takes more bytes without its marks than this many times its own.
inline constexpr std::size_t kSpelledOutFactor = 3;

/// Writes `c`, spelled out when the table has it.
inline char* write_spelled_out(char32_t c, char* to) noexcept {
  for (const SpelledOut& entry : kSpelledOut) {
    if (entry.letter != c) continue;
    return to + entry.ascii.copy(to, entry.ascii.size());
  }
  return encode(c, to);
}

}  // namespace core::text
