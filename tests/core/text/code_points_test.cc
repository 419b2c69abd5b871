#include "core/text/code_points.h"

#include <gtest/gtest.h>
#include <unicode/uchar.h>

#include <string>

#include "exact_text.h"

namespace core::text {
namespace {

bool is_surrogate(char32_t c) { return c >= 0xD800 && c <= 0xDFFF; }

TEST(CodePoints, EveryOneComesBackAsItWasWritten) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (is_surrogate(c)) continue;
    char bytes[4];
    const char* const end = encode(c, bytes);
    const CodePoint point = decode(bytes, end);
    ASSERT_EQ(point.value, c);
    ASSERT_EQ(point.size, static_cast<std::uint32_t>(end - bytes));
  }
}

TEST(CodePoints, WhiteSpaceIsThatOfTheCharacterDatabase) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    ASSERT_EQ(is_white_space(c), u_isUWhiteSpace(static_cast<UChar32>(c)) != 0)
        << std::hex << static_cast<std::uint32_t>(c);
  }
}

TEST(CodePoints, TheLatinTableAgreesWithIcu) {
  for (char32_t c = kTableFirst; c < kTableEnd; ++c) {
    const auto icu = static_cast<UChar32>(c);
    SCOPED_TRACE(static_cast<std::uint32_t>(c));
    if (c != 0x130) {  // its simple small form is the plain i, here it is left to case mapping
      EXPECT_EQ(latin(c).lower, u_tolower(icu));
    }
    EXPECT_EQ(latin(c).upper, u_toupper(icu));
    EXPECT_EQ(u_totitle(icu), u_toupper(icu)) << "one column serves both";
    EXPECT_EQ((traits_of(c) & kWord) != 0, u_isUAlphabetic(icu) != 0);
    EXPECT_EQ((traits_of(c) & kCapital) != 0, u_charType(icu) == U_UPPERCASE_LETTER);
    EXPECT_EQ((traits_of(c) & kSmall) != 0,
              u_charType(icu) == U_LOWERCASE_LETTER && u_toupper(icu) != icu);
  }
}

TEST(CodePoints, TraitsTellLettersMarksAndTheRest) {
  struct Case {
    char32_t c;
    int traits;
  };
  constexpr Case kCases[] = {
      {U'a', kWord | kSmall},
      {U'Z', kWord | kCapital},
      {U'7', kWord},
      {U'-', 0},
      {U'\'', 0},
      {U' ', 0},
      {0xDF, kWord},               // sharp s: no capital of its own
      {0xD7, 0},                   // multiplication sign
      {0xAD, kInside},             // soft hyphen
      {0xB7, kInside},             // middle dot
      {0x301, kInside},            // combining acute
      {0x200D, kInside},           // zero width joiner
      {0x2BB, kWord | kModifier},  // okina
      {0x1C5, kWord | kCapital},   // Lt
      {0x3B1, kWord | kSmall},
      {0x416, kWord | kCapital},
      {0x5D0, kWord},  // alef: no case
      {0x660, kWord},  // Arabic-Indic digit
      {0x4E2D, kWord},
      {0x2019, 0},
      {0x1F600, 0},
      {kNoCodePoint, 0},
  };
  for (const Case& c : kCases)
    EXPECT_EQ(traits_of(c.c), c.traits) << std::hex << static_cast<std::uint32_t>(c.c);
}

}  // namespace
}  // namespace core::text
