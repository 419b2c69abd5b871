#include "core/text/transforms.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "core/text/text.h"
#include "exact_text.h"

namespace core::text {
namespace {

class Transforms : public testing::Test {
 protected:
  std::string digits(std::string_view text) {
    arena_.reset();
    return std::string{digits_only(ExactText{text}.view(), arena_)};
  }
  std::string nfc(std::string_view text) {
    arena_.reset();
    return std::string{normalise_nfc(ExactText{text}.view(), arena_)};
  }
  std::string bare(std::string_view text) {
    arena_.reset();
    return std::string{remove_accents(ExactText{text}.view(), arena_)};
  }
  std::string number(std::string_view text, int decimals) {
    arena_.reset();
    const std::string_view answer = format_number(ExactText{text}.view(), decimals, arena_);
    return answer.data() == nullptr ? "null" : std::string{answer};
  }
  Arena arena_{1 << 14};
};

struct TextCase {
  std::string_view text, expected;
};

TEST_F(Transforms, DigitsOfEveryScript) {
  constexpr TextCase kCases[] = {{"", ""},
                             {"0123", "0123"},
                             {"070-123 45 67", "0701234567"},
                             {"anna", ""},
                             {"\u0661\u0662\u06F3x\uFF14", "1234"},  // Arabic, Persian, full-width
                             {"a\xFF"
                              "1",
                              "1"},
                             {"\u00B2\u2460", ""}};  // superscript, circled: no Nd
  for (const TextCase& c : kCases) EXPECT_EQ(digits(c.text), c.expected) << c.text;
}

TEST_F(Transforms, SubstringCountsCodePoints) {
  constexpr std::string_view kText = "a\u00E9\u4E2D\U0001F600z";
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(substring(kText, 0, 2), "a\u00E9");
  EXPECT_EQ(substring(kText, 1, 2), "\u00E9\u4E2D");
  EXPECT_EQ(substring(kText, 3, kAll), "\U0001F600z");
  EXPECT_EQ(substring(kText, 5, 1), "");
  EXPECT_EQ(substring(kText, 9, 1), "");
  EXPECT_EQ(substring(kText, -1, 1), "z");
  EXPECT_EQ(substring(kText, -2, kAll), "\U0001F600z");
  EXPECT_EQ(substring(kText, -9, 2), "a\u00E9");
  EXPECT_EQ(substring(kText, 0, 0), "");
  EXPECT_EQ(substring("", -1, 1), "");
  EXPECT_EQ(substring(kText, std::numeric_limits<std::int64_t>::min(), kAll), kText);
  EXPECT_EQ(substring(kText, std::numeric_limits<std::int64_t>::max(), kAll), "");
}

TEST_F(Transforms, NormalisationFormC) {
  // NormalizationTest.txt of the Unicode Character Database, columns 1 and 2.
  constexpr TextCase kCases[] = {
      {"", ""},
      {"Anna", "Anna"},
      {"Jos\u00E9", "Jos\u00E9"},
      {"Jose\u0301", "Jos\u00E9"},
      {"A\u030A", "\u00C5"},
      {"\u212B", "\u00C5"},
      {"\u1E0A\u0323", "\u1E0C\u0307"},
      {"D\u0307\u0323", "\u1E0C\u0307"},
      {"\u1100\u1161\u11A8", "\uAC01"},
      {"\u0958", "\u0915\u093C"},
      {"\u2126", "\u03A9"},
      {"\uF900", "\u8C48"},
      {"\U0001D15E", "\U0001D157\U0001D165"},
  };
  for (const TextCase& c : kCases) {
    EXPECT_EQ(nfc(c.text), c.expected) << c.text;
    EXPECT_EQ(nfc(c.expected), c.expected) << c.text;
  }
}

TEST_F(Transforms, AccentsGoFromLatinAndGreek) {
  constexpr TextCase kCases[] = {
      {"", ""},
      {"Anna", "Anna"},
      {"Jos\u00E9 N\u00FA\u00F1ez", "Jose Nunez"},
      {"Jose\u0301", "Jose"},
      {"Stra\u00DFe \u1E9E", "Strasse SS"},
      {"\u00C6r\u00F8 \u0152uvre", "AEro OEuvre"},
      {"\u0141\u00F3d\u017A", "Lodz"},
      {"\u00DEorvald\u00F0", "THorvaldd"},
      {"\u0110\u1EB7ng Nguy\u1EC5n", "Dang Nguyen"},
      {"\u0130stanbul I\u015F\u0131k", "Istanbul Isik"},
      {"\u010Ce\u0161tina \u0164", "Cestina T"},
      {"\u0393\u03B9\u03CE\u03C1\u03B3\u03BF\u03C2 \u0390",
       "\u0393\u03B9\u03C9\u03C1\u03B3\u03BF\u03C2 \u03B9"},
      // Where a mark makes another letter, it stays.
      {"\u0410\u043D\u0434\u0440\u0435\u0439", "\u0410\u043D\u0434\u0440\u0435\u0439"},
      {"\u0438\u0306", "\u0438\u0306"},
      {"\u304C", "\u304C"},
      {"\uAC01", "\uAC01"},
      {"\u0915\u094D\u0937", "\u0915\u094D\u0937"},
      {"1\u0301", "1\u0301"},
      {"a\xFF", "a\xFF"},
  };
  for (const TextCase& c : kCases) EXPECT_EQ(bare(c.text), c.expected) << c.text;
}

TEST_F(Transforms, PadsByCodePoints) {
  EXPECT_EQ(pad_left("7", 3, U'0', arena_), "007");
  EXPECT_EQ(pad_left("\u00E9", 3, U'\u4E2D', arena_), "\u4E2D\u4E2D\u00E9");
  EXPECT_EQ(pad_left("1234", 3, U'0', arena_), "1234");
  EXPECT_EQ(pad_left("", 2, U' ', arena_), "  ");
  EXPECT_EQ(pad_left("1", 2, 0xD800, arena_), " 1");
  EXPECT_EQ(pad_left("1", 100'000, U'0', arena_).size(), kPadWidthMax);
}

TEST_F(Transforms, NumbersAreRoundedOnTheirDigits) {
  struct Number {
    std::string_view text;
    int decimals;
    std::string_view expected;
  };
  constexpr Number kCases[] = {
      {"1", 0, "1"},
      {"1", 2, "1.00"},
      {"1.005", 2, "1.01"},  // 1.00 in binary floating point
      {"-1.005", 2, "-1.01"},
      {"0.5", 0, "1"},
      {"1.5", 0, "2"},
      {"2.5", 0, "3"},
      {"-2.5", 0, "-3"},
      {"0.49999999999999999999", 0, "0"},
      {"-0.4", 0, "0"},
      {"-0", 1, "0.0"},
      {"0", 0, "0"},
      {"999.995", 2, "1000.00"},
      {"9.5", 0, "10"},
      {"99.99", 1, "100.0"},
      {"007", 0, "7"},
      {"+1", 0, "1"},
      {".5", 1, "0.5"},
      {"1.", 1, "1.0"},
      {" 12.30 ", 1, "12.3"},
      {"1e3", 0, "1000"},
      {"1.5E+2", 1, "150.0"},
      {"15e-1", 0, "2"},
      {"1e-400", 2, "0.00"},
      {"5e-3", 2, "0.01"},
      {"4e-3", 2, "0.00"},
      {"0.0005", 3, "0.001"},
      {"1e63", 0, "1000000000000000000000000000000000000000000000000000000000000000"},
      {"0e99999999999", 0, "0"},
      {"12345678901234567890.12", 1, "12345678901234567890.1"},
      {"1", 99, "1.00000000000000000000"},
      {"1.25", -3, "1"},
  };
  for (const Number& c : kCases) EXPECT_EQ(number(c.text, c.decimals), c.expected) << c.text;
  for (const std::string_view none : {"", " ", "-", ".", "e5", "1e", "1e+", "1,5", "1 000", "0x10",
                                      "NaN", "Infinity", "1.2.3", "--1", "1a", "1e64", "\u0661"}) {
    EXPECT_EQ(number(none, 2), "null") << none;
  }
  EXPECT_EQ(number(std::string(401, '1'), 0), "null");
}

TEST_F(Transforms, BooleansInTheirSpellings) {
  for (const std::string_view yes :
       {"true", "TRUE", "True", "yes", "Y", "on", "1", "t", " true "}) {
    EXPECT_EQ(parse_boolean(yes), true) << yes;
  }
  for (const std::string_view no : {"false", "FALSE", "no", "N", "off", "0", "f", "\tfalse"}) {
    EXPECT_EQ(parse_boolean(no), false) << no;
  }
  for (const std::string_view none : {"", " ", "2", "ja", "truee", "tru", "-1", "10", "null"}) {
    EXPECT_EQ(parse_boolean(none), std::nullopt) << none;
  }
}

TEST_F(Transforms, AnswerTheArgumentWhenNothingChanges) {
  for (const std::string_view text : {"123", "Anna", "\u0410\u043D\u0439 \u4E2D"}) {
    EXPECT_EQ(normalise_nfc(text, arena_).data(), text.data()) << text;
    EXPECT_EQ(remove_accents(text, arena_).data(), text.data()) << text;
  }
  EXPECT_EQ(arena_.used(), 0U);
}

TEST_F(Transforms, SayThatTheArenaIsFull) {
  const auto refused = [](auto function) {
    Arena small{2};
    const std::string_view answer = function(small);
    return answer.data() == nullptr && small.exhausted();
  };
  EXPECT_TRUE(refused([](Arena& arena) { return digits_only("1 2", arena); }));
  EXPECT_TRUE(refused([](Arena& arena) { return normalise_nfc("e\u0301", arena); }));
  EXPECT_TRUE(refused([](Arena& arena) { return remove_accents("\u00E9", arena); }));
  EXPECT_TRUE(refused([](Arena& arena) { return pad_left("1", 3, U'0', arena); }));
  EXPECT_TRUE(refused([](Arena& arena) { return format_number("1", 2, arena); }));
}

TEST_F(Transforms, EveryCodePointStaysWithinTheRoomTakenForIt) {
  for (char32_t c = 1; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    char bytes[4];
    char* to = bytes;
    if (c < 0x80) {
      *to++ = static_cast<char>(c);
    } else if (c < 0x800) {
      *to++ = static_cast<char>(0xC0 | c >> 6);
      *to++ = static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
      *to++ = static_cast<char>(0xE0 | c >> 12);
      *to++ = static_cast<char>(0x80 | (c >> 6 & 0x3F));
      *to++ = static_cast<char>(0x80 | (c & 0x3F));
    } else {
      *to++ = static_cast<char>(0xF0 | c >> 18);
      *to++ = static_cast<char>(0x80 | (c >> 12 & 0x3F));
      *to++ = static_cast<char>(0x80 | (c >> 6 & 0x3F));
      *to++ = static_cast<char>(0x80 | (c & 0x3F));
    }
    const std::string_view text{bytes, static_cast<std::size_t>(to - bytes)};
    arena_.reset();
    ASSERT_LE(remove_accents(text, arena_).size(), 3 * text.size()) << static_cast<unsigned>(c);
    arena_.reset();
    const std::string_view composed = normalise_nfc(text, arena_);
    ASSERT_FALSE(arena_.exhausted());
    ASSERT_EQ(find_invalid_utf8(composed), composed.size());
  }
}

TEST_F(Transforms, RandomBytesHurtNobody) {
  std::mt19937 random{9};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 30; i > 0; --i) text += static_cast<char>(random());
    digits(text);
    nfc(text);
    bare(text);
    number(text, static_cast<int>(random() % 30));
    const ExactText exact{text};
    static_cast<void>(
        substring(exact.view(), static_cast<std::int64_t>(random() % 60) - 30, random() % 9));
    static_cast<void>(parse_boolean(exact.view()));
    arena_.reset();
    static_cast<void>(
        pad_left(exact.view(), random() % 50, static_cast<char32_t>(random()), arena_));
  }
}

}  // namespace
}  // namespace core::text
