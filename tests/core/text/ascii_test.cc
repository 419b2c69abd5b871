#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/text/text.h"
#include "exact_text.h"

namespace core::text {
namespace {

constexpr std::size_t kLengths = 150;  // past two steps of 64 and every tail

TEST(LowerAscii, ChangesCapitalsAloneAtEveryLength) {
  std::string bytes;
  for (unsigned i = 0; i < kLengths; ++i) bytes += static_cast<char>(i * 7 + 60);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const ExactText from{bytes.substr(0, size)};
    std::string expected{from.view()};
    for (char& c : expected) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    const ExactText to{std::string(size, '?')};
    lower_ascii(from.view().data(), const_cast<char*>(to.view().data()), size);
    EXPECT_EQ(to.view(), expected);
    char* const in_place = const_cast<char*>(from.view().data());
    lower_ascii(in_place, in_place, size);
    EXPECT_EQ(from.view(), expected);
  }
}

TEST(LowerAscii, KnowsEveryByte) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char from = static_cast<char>(byte);
    char to = 0;
    lower_ascii(&from, &to, 1);
    EXPECT_EQ(static_cast<unsigned char>(to), byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
  }
}

TEST(IsAscii, FindsOneForeignByteAnywhere) {
  EXPECT_TRUE(is_ascii(""));
  for (std::size_t size = 1; size <= kLengths; ++size) {
    std::string text(size, '\x7F');
    EXPECT_TRUE(is_ascii(ExactText{text}.view())) << size;
    for (std::size_t at = 0; at < size; ++at) {
      text[at] = '\x80';
      EXPECT_FALSE(is_ascii(ExactText{text}.view())) << at << " of " << size;
      text[at] = '\x7F';
    }
  }
}

TEST(EqualsIgnoreCaseAscii, FoldsLettersAndNothingElse) {
  EXPECT_TRUE(equals_ignore_case_ascii("", ""));
  EXPECT_TRUE(equals_ignore_case_ascii("Authorization", "aUTHORIZATION"));
  EXPECT_FALSE(equals_ignore_case_ascii("a", ""));
  EXPECT_FALSE(equals_ignore_case_ascii("a", "ab"));
  // The neighbours of the letters differ from one another in the same bit as the letters do.
  EXPECT_FALSE(equals_ignore_case_ascii("@", "`"));
  EXPECT_FALSE(equals_ignore_case_ascii("[", "{"));
  EXPECT_FALSE(equals_ignore_case_ascii("\u00C9", "\u00E9"));
}

TEST(EqualsIgnoreCaseAscii, SeesOneDifferenceAnywhere) {
  for (std::size_t size = 1; size <= 50; ++size) {
    const ExactText small{std::string(size, 'q')};
    std::string text(size, 'Q');
    EXPECT_TRUE(equals_ignore_case_ascii(small.view(), ExactText{text}.view()));
    for (std::size_t at = 0; at < size; ++at) {
      text[at] = 'P';
      EXPECT_FALSE(equals_ignore_case_ascii(small.view(), ExactText{text}.view())) << at;
      text[at] = 'Q';
    }
  }
}

TEST(CountCodePoints, CountsWhatAReaderSees) {
  EXPECT_EQ(count_code_points(""), 0U);
  EXPECT_EQ(count_code_points("abc"), 3U);
  EXPECT_EQ(count_code_points("\u00E9\u4E2D\U0001F600"), 3U);
  for (std::size_t count = 0; count < 60; ++count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
      text += i % 3 == 0 ? "\u20AC" : i % 3 == 1 ? "x" : "\u00FC";
    EXPECT_EQ(count_code_points(ExactText{text}.view()), count);
  }
}

TEST(FindInvalidUtf8, PointsAtTheFirstByteOfWhatIsWrong) {
  struct Case {
    std::string_view bytes;
    const char* why;
  };
  // RFC 3629 section 4, and the tables of well-formed sequences of Unicode 3.9.
  constexpr Case kCases[] = {
      {"\x80", "a continuation alone"},
      {"\xBF", "a continuation alone"},
      {"\xC0\x80", "overlong NUL"},
      {"\xC1\xBF", "overlong"},
      {"\xC2", "cut"},
      {"\xC2\x41", "no continuation"},
      {"\xC3\xC3", "no continuation"},
      {"\xE0\x80\x80", "overlong"},
      {"\xE0\x9F\xBF", "overlong"},
      {"\xE2\x82", "cut"},
      {"\xE2\x82\x41", "no continuation"},
      {"\xE2\x41\x82", "no continuation"},
      {"\xED\xA0\x80", "surrogate"},
      {"\xED\xBF\xBF", "surrogate"},
      {"\xF0\x8F\xBF\xBF", "overlong"},
      {"\xF0\x9F\x98", "cut"},
      {"\xF0\x9F\x98\x41", "no continuation"},
      {"\xF4\x90\x80\x80", "above U+10FFFF"},
      {"\xF5\x80\x80\x80", "above U+10FFFF"},
      {"\xF8\x88\x80\x80\x80", "five bytes"},
      {"\xFE", "never a lead"},
      {"\xFF", "never a lead"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.why);
    for (std::size_t before = 0; before < 40; ++before) {
      for (const std::size_t after : {0U, 1U, 20U}) {
        const std::string text =
            std::string(before, 'a') + std::string{c.bytes} + std::string(after, 'z');
        EXPECT_EQ(find_invalid_utf8(ExactText{text}.view()), before);
        const std::string foreign = "\u00E9" + text;
        EXPECT_EQ(find_invalid_utf8(ExactText{foreign}.view()), before + 2);
      }
    }
  }
}

TEST(FindInvalidUtf8, AcceptsTheBordersOfEveryLength) {
  constexpr std::string_view kValid[] = {"",       "\x7F",       "\u0080",     "\u07FF",
                                         "\u0800", "\uD7FF",     "\uE000",     "\uFFFF",
                                         "\uFFFE", "\U00010000", "\U0010FFFF", "\uFEFF"};
  for (const std::string_view text : kValid) {
    EXPECT_EQ(find_invalid_utf8(ExactText{text}.view()), text.size());
  }
  EXPECT_EQ(find_invalid_utf8(std::string_view("\0a", 2)), 2U);
}

TEST(FindInvalidUtf8, SeesEveryCut) {
  const std::string text =
      "Zo\u00EB van der \u0160\u00ED\u4E2D\u6587 \U0001F600 and a tail of plain letters \u00E9";
  std::size_t whole = 0;  // bytes of the code points that are complete
  for (std::size_t size = 0; size <= text.size(); ++size) {
    if (size == text.size() || (static_cast<unsigned char>(text[size]) & 0xC0) != 0x80)
      whole = size;
    EXPECT_EQ(find_invalid_utf8(ExactText{text.substr(0, size)}.view()), whole);
  }
}

TEST(FindInvalidUtf8, AgreesWithASlowReaderOnRandomBytes) {
  std::mt19937 random{20240611};
  constexpr unsigned char kBytes[] = {'a',  'Z',  0x7F, 0x80, 0x9F, 0xA0, 0xBF, 0xC2,
                                      0xDF, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF4, 0xF5};
  // The ranges of RFC 3629 section 4, spelled out.
  const auto slow = [](std::string_view text) {
    const auto in = [&text](std::size_t at, unsigned first, unsigned last) {
      return at < text.size() && static_cast<unsigned char>(text[at]) >= first &&
             static_cast<unsigned char>(text[at]) <= last;
    };
    std::size_t at = 0;
    while (at < text.size()) {
      const auto tail = [&](std::size_t from, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
          if (!in(at + from + i, 0x80, 0xBF)) return false;
        }
        return true;
      };
      if (in(at, 0, 0x7F)) {
        at += 1;
      } else if (in(at, 0xC2, 0xDF) && tail(1, 1)) {
        at += 2;
      } else if ((in(at, 0xE0, 0xE0) && in(at + 1, 0xA0, 0xBF) && tail(2, 1)) ||
                 (in(at, 0xE1, 0xEC) && tail(1, 2)) ||
                 (in(at, 0xED, 0xED) && in(at + 1, 0x80, 0x9F) && tail(2, 1)) ||
                 (in(at, 0xEE, 0xEF) && tail(1, 2))) {
        at += 3;
      } else if ((in(at, 0xF0, 0xF0) && in(at + 1, 0x90, 0xBF) && tail(2, 2)) ||
                 (in(at, 0xF1, 0xF3) && tail(1, 3)) ||
                 (in(at, 0xF4, 0xF4) && in(at + 1, 0x80, 0x8F) && tail(2, 2))) {
        at += 4;
      } else {
        return at;
      }
    }
    return text.size();
  };
  for (int round = 0; round < 100'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 24; i > 0; --i) {
      text += static_cast<char>(kBytes[random() % std::size(kBytes)]);
    }
    ASSERT_EQ(find_invalid_utf8(ExactText{text}.view()), slow(text))
        << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace core::text
