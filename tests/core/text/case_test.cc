#include <gtest/gtest.h>
#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/uchar.h>

#include <random>
#include <string>

#include "core/text/case_mapping.h"
#include "core/text/code_points.h"
#include "core/text/text.h"
#include "exact_text.h"

namespace core::text {
namespace {

std::string utf8(char32_t c) {
  char bytes[4];
  return {bytes, encode(c, bytes)};
}

std::string icu_lower(std::string_view text) {
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  UErrorCode error = U_ZERO_ERROR;
  icu::CaseMap::utf8ToLower("", 0, {text.data(), static_cast<int32_t>(text.size())}, sink, nullptr,
                            error);
  EXPECT_TRUE(U_SUCCESS(error));
  return out;
}

std::string icu_upper(std::string_view text) {
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  UErrorCode error = U_ZERO_ERROR;
  icu::CaseMap::utf8ToUpper("", 0, {text.data(), static_cast<int32_t>(text.size())}, sink, nullptr,
                            error);
  EXPECT_TRUE(U_SUCCESS(error));
  return out;
}

/// Of one word that begins with a letter.
std::string icu_title(std::string_view text) {
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  UErrorCode error = U_ZERO_ERROR;
  icu::CaseMap::utf8ToTitle("", U_TITLECASE_WHOLE_STRING | U_TITLECASE_NO_BREAK_ADJUSTMENT, nullptr,
                            {text.data(), static_cast<int32_t>(text.size())}, sink, nullptr, error);
  EXPECT_TRUE(U_SUCCESS(error));
  return out;
}

class Case : public testing::Test {
 protected:
  std::string lowered(std::string_view text) {
    arena_.reset();
    return std::string{lower(ExactText{text}.view(), arena_)};
  }
  std::string raised(std::string_view text) {
    arena_.reset();
    return std::string{upper(ExactText{text}.view(), arena_)};
  }
  std::string titled(std::string_view text) {
    arena_.reset();
    const ExactText exact{text};
    return std::string{title_case(exact.view(), arena_)};
  }
  Arena arena_{1 << 16};
};

TEST_F(Case, EveryCodePointIsMappedAsIcuMapsIt) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    const std::string text = utf8(c);
    arena_.reset();
    ASSERT_EQ(lower(text, arena_), icu_lower(text)) << std::hex << static_cast<std::uint32_t>(c);
    ASSERT_EQ(upper(text, arena_), icu_upper(text)) << std::hex << static_cast<std::uint32_t>(c);
    if ((traits_of(c) & kWord) != 0 && c != 0x149) {
      // U+0149 is deprecated; the standard makes its title form the capital one.
      ASSERT_EQ(title_case(text, arena_), icu_title(text))
          << std::hex << static_cast<std::uint32_t>(c);
    }
  }
}

TEST_F(Case, NoCodePointOutgrowsItsWorstCase) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    const std::string text = utf8(c);
    ASSERT_LE(icu_lower(text).size(), lowered_max(text.size()))
        << std::hex << static_cast<std::uint32_t>(c);
    ASSERT_LE(icu_upper(text).size(), raised_max(text.size()))
        << std::hex << static_cast<std::uint32_t>(c);
    arena_.reset();
    ASSERT_LE(title_case(text, arena_).size(), raised_max(text.size()))
        << std::hex << static_cast<std::uint32_t>(c);
  }
}

TEST_F(Case, RandomStringsOfDifficultLettersAgreeWithIcu) {
  constexpr char32_t kLetters[] = {U'a',   U'Z',   U'i',   U'I',  U' ',   U'\'',  U'-',    U'1',
                                   0xDF,   0x130,  0x131,  0x149, 0x1F0,  0x3A3,  0x3C2,   0x3C3,
                                   0x391,  0x390,  0x301,  0x345, 0x2019, 0xAD,   0x23A,   0x1E9E,
                                   0x1F80, 0x1FBC, 0xFB03, 0x1C4, 0x10D0, 0x4E2D, 0x10400, 0x2BC};
  std::mt19937 random{7};
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 20; i > 0; --i) {
      text += utf8(kLetters[random() % std::size(kLetters)]);
    }
    ASSERT_EQ(lowered(text), icu_lower(text)) << text;
    ASSERT_EQ(raised(text), icu_upper(text)) << text;
  }
}

TEST_F(Case, LowerKnowsTheSpecialLetters) {
  struct Row {
    std::string_view text, expected;
  };
  constexpr Row kRows[] = {
      {"", ""},
      {"HELLO World 123 @[`{", "hello world 123 @[`{"},
      {"\u00C5\u00C4\u00D6", "\u00E5\u00E4\u00F6"},
      {"\u039F\u0394\u039F\u03A3", "\u03BF\u03B4\u03BF\u03C2"},  // final sigma
      {"\u03A3", "\u03C3"},                                      // alone it is none
      {"\u0391\u03A3\u0392", "\u03B1\u03C3\u03B2"},
      {"\u0391\u03A3 \u0392", "\u03B1\u03C2 \u03B2"},
      {"\u0391\u03A3'\u0392", "\u03B1\u03C3'\u03B2"},  // an apostrophe is case-ignorable
      {"A\u03A3", "a\u03C2"},
      {"\u0130", "i\u0307"},  // SpecialCasing.txt, without a locale
      {"STRASSE \u1E9E", "strasse \u00DF"},
      {"\u0416\u0418", "\u0436\u0438"},
      {"\u5C71 A", "\u5C71 a"},
  };
  for (const Row& row : kRows) EXPECT_EQ(lowered(row.text), row.expected) << row.text;
}

TEST_F(Case, UpperKnowsTheSpecialLetters) {
  struct Row {
    std::string_view text, expected;
  };
  constexpr Row kRows[] = {
      {"", ""},
      {"hello 123 @[`{~", "HELLO 123 @[`{~"},
      {"stra\u00DFe", "STRASSE"},
      {"\u0131i", "II"},
      {"\u017F", "S"},
      {"\u00FF", "\u0178"},
      {"\uFB03", "FFI"},
      {"\u03BF\u03B4\u03BF\u03C2", "\u039F\u0394\u039F\u03A3"},
      {"\u0390", "\u0399\u0308\u0301"},
      {"\u0149", "\u02BCN"},
  };
  for (const Row& row : kRows) EXPECT_EQ(raised(row.text), row.expected) << row.text;
}

TEST_F(Case, TitleBeginsAWordAfterAnythingThatIsNoLetterMarkOrDigit) {
  struct Row {
    std::string_view text, expected;
  };
  constexpr Row kRows[] = {
      {"", ""},
      {"anna-lena O'NEIL", "Anna-Lena O'Neil"},
      {"JOHN SMITH", "John Smith"},
      {"john smith", "John Smith"},
      {"jOHN sMITH", "John Smith"},
      {"3rd street, 2ND floor", "3rd Street, 2nd Floor"},
      {"a.b_c/d(e)f", "A.B_C/D(E)F"},
      {"o\u2019neil", "O\u2019Neil"},
      {"\u00E9LODIE D'\u00C9ON", "\u00C9lodie D'\u00C9on"},
      {"jos\u00E9 NU\u00D1EZ", "Jos\u00E9 Nu\u00F1ez"},
      {"JOSE\u0301 NU\u0303NEZ", "Jose\u0301 Nu\u0303nez"},  // marks stay in the word
      {"e\u0301LAN", "E\u0301lan"},
      {"\u00DFtra\u00DFe", "Sstra\u00DFe"},
      {"\u01C6UNGLA", "\u01C5ungla"},  // the digraph has a title form of its own
      {"\u03A0\u0391\u03A0\u03A0\u0391\u03A3 \u039F\u0394\u039F\u03A3",
       "\u03A0\u03B1\u03C0\u03C0\u03B1\u03C2 \u039F\u03B4\u03BF\u03C2"},
      {"\u0418\u0412\u0410\u041D \u043F\u0435\u0442\u0440\u043E\u0432",
       "\u0418\u0432\u0430\u043D \u041F\u0435\u0442\u0440\u043E\u0432"},
      {"don\u00ADNA", "Don\u00ADna"},  // a soft hyphen does not cut the word
      {"GAL\u00B7LA", "Gal\u00B7la"},
      {"\u02BBIOLANI", "\u02BBIolani"},  // okina: the capital is the letter after it
      {"\u5C71\u7530 taro", "\u5C71\u7530 Taro"},
      {"\u0130STANBUL", "\u0130stanbul"},
      {"al\u0130", "Ali\u0307"},
      {"\u0131\u015EIK", "I\u015Fik"},
  };
  for (const Row& row : kRows) EXPECT_EQ(titled(row.text), row.expected) << row.text;
}

/// What title_case() does to ASCII, one byte at a time.
std::string slow_title(std::string_view text) {
  std::string out;
  bool in_word = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = is_ascii_letter(byte);
    out += !letter ? c : static_cast<char>(in_word ? c | 0x20 : c & ~0x20);
    in_word = letter || is_ascii_digit(byte);
  }
  return out;
}

TEST_F(Case, TheSixteenByteStepsAgreeWithTheSlowWay) {
  std::mt19937 random{99};
  constexpr std::string_view kAlphabet = "aAzZ09 '-.@[`{\x7F/:";
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 70; i > 0; --i) text += kAlphabet[random() % kAlphabet.size()];
    ASSERT_EQ(titled(text), slow_title(text));
    // The walk that is taken when a letter beyond ASCII comes, at either end.
    ASSERT_EQ(titled(text + " \u00C9"), slow_title(text) + " \u00C9");
    ASSERT_EQ(lowered(text), icu_lower(text));
    ASSERT_EQ(raised(text), icu_upper(text));
    ASSERT_EQ(lowered("\u00C9" + text), "\u00E9" + icu_lower(text));
  }
}

TEST_F(Case, ForeignLettersAreFoundAtEveryOffset) {
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t after = 0; after < 20; ++after) {
      const std::string text = std::string(before, 'X') + "\u00C9" + std::string(after, 'Y');
      EXPECT_EQ(lowered(text), std::string(before, 'x') + "\u00E9" + std::string(after, 'y'));
      EXPECT_EQ(raised(lowered(text)), text);
      EXPECT_EQ(arena_.used(), text.size());
    }
  }
}

TEST_F(Case, UnchangedTextIsTheArgumentItself) {
  for (const std::string_view text :
       {"", "already small", "longer than sixteen bytes and still small", "\u00E9t\u00E9"}) {
    EXPECT_EQ(lower(text, arena_).data(), text.data());
  }
  for (const std::string_view text : {"", "UPPER 1", "\u00C9T\u00C9 AND MORE OF IT, IN CAPITALS"}) {
    EXPECT_EQ(upper(text, arena_).data(), text.data());
  }
  for (const std::string_view text : {"", "Title Case", "\u00C9lodie D'\u00C9on", "\u5C71"}) {
    EXPECT_EQ(title_case(text, arena_).data(), text.data());
  }
  EXPECT_EQ(arena_.used(), 0U);
}

TEST_F(Case, OnlyTheResultStaysInTheArena) {
  EXPECT_EQ(upper("stra\u00DFe", arena_), "STRASSE");
  EXPECT_EQ(arena_.used(), 7U);
}

TEST_F(Case, AFullArenaIsSaidAndNotWrittenOver) {
  using Function = std::string_view (*)(std::string_view, Arena&) noexcept;
  for (const Function function : {static_cast<Function>(lower), static_cast<Function>(upper),
                                  static_cast<Function>(title_case)}) {
    for (const std::string_view text :
         {"aBcD", "aBcDeFgHiJkLmNoPqRsTuVwXyZ", "\u00E9\u00C9\u00E9\u00C9"}) {
      Arena small{text.size() - 1};
      EXPECT_TRUE(function(text, small).empty());
      EXPECT_TRUE(small.exhausted());
      EXPECT_EQ(small.used(), 0U);
    }
    Arena exact{4};
    EXPECT_EQ(function("aBcD", exact).size(), 4U);
    EXPECT_FALSE(exact.exhausted());
  }
}

TEST_F(Case, BytesThatAreNoUtf8AreKept) {
  for (const std::string_view text :
       {"\xC3", "\xFF\xFE", "\xE2\x82", "\xF0\x9F\x98", "\xED\xA0\x80", "\x80\xC3"}) {
    EXPECT_EQ(lowered(text), text);
    EXPECT_EQ(raised(text), text);
    EXPECT_EQ(titled(text), text);
  }
  EXPECT_EQ(lowered("A\xC3"), "a\xC3");
  EXPECT_EQ(lowered("\xFF\u03A3\xFF"), "\xFF\u03C3\xFF");
}

TEST_F(Case, RandomBytesHurtNobody) {
  std::mt19937 random{5};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 40; i > 0; --i) text += static_cast<char>(random());
    const std::string small = lowered(text);
    EXPECT_EQ(lowered(small), small);
    EXPECT_LE(raised(text).size(), raised_max(text.size()));
    EXPECT_LE(titled(text).size(), raised_max(text.size()));
  }
}

}  // namespace
}  // namespace core::text
