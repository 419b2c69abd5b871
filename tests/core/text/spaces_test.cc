#include <gtest/gtest.h>

#include <string>

#include "core/text/text.h"
#include "exact_text.h"

namespace core::text {
namespace {

/// White_Space of PropList.txt.
constexpr std::string_view kWhite[] = {
    " ",      "\t",     "\n",     "\v",     "\f",     "\r",     "\u0085", "\u00A0", "\u1680",
    "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
    "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"};
/// Looks empty and is no White_Space, or shares bytes with one.
constexpr std::string_view kNotWhite[] = {"\u200B", "\u200D", "\uFEFF", "\u2060", "\u00A1",
                                          "\u3001", "\u0460", "\u1681", "\u205E", "\x1F"};

class Spaces : public testing::Test {
 protected:
  Arena arena_{4096};
};

TEST_F(Spaces, TrimTakesEveryWhiteSpaceOffBothEnds) {
  for (const std::string_view white : kWhite) {
    for (const std::string_view other : kWhite) {
      const std::string text =
          std::string{white} + std::string{other} + "a b" + std::string{other} + std::string{white};
      EXPECT_EQ(trim(ExactText{text}.view(), arena_), "a b");
      EXPECT_EQ(trim(ExactText{std::string{white} + std::string{other}}.view(), arena_), "");
    }
  }
  EXPECT_EQ(trim("", arena_), "");
  EXPECT_EQ(trim("\u00E0", arena_), "\u00E0");  // ends in the byte A0
  EXPECT_EQ(arena_.used(), 0U);
}

TEST_F(Spaces, TrimKeepsWhatOnlyLooksLikeIt) {
  for (const std::string_view other : kNotWhite) {
    EXPECT_EQ(trim(ExactText{other}.view(), arena_), other);
  }
}

TEST_F(Spaces, CollapseMakesEachRunOneSpace) {
  struct Case {
    std::string_view text, expected;
  };
  constexpr Case kCases[] = {
      {"", ""},
      {" ", ""},
      {" \t\u3000", ""},
      {"Anna", "Anna"},
      {" Anna ", "Anna"},
      {"Anna Lena", "Anna Lena"},
      {"Anna  Lena", "Anna Lena"},
      {"Anna\tLena", "Anna Lena"},
      {"Anna\u00A0Lena", "Anna Lena"},
      {"Anna \u00A0 Lena", "Anna Lena"},
      {"\u3000\u5C71\u7530\u3000\u592A\u90CE", "\u5C71\u7530 \u592A\u90CE"},
      {" a  b   c    d ", "a b c d"},
      {"a b c d  e", "a b c d e"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(collapse_spaces(ExactText{c.text}.view(), arena_), c.expected);
  }
}

TEST_F(Spaces, CollapseFindsEveryRunWhereverItIs) {
  for (const std::string_view white : kWhite) {
    for (std::size_t before = 1; before < 40; ++before) {
      arena_.reset();
      const std::string left(before, 'x');
      const ExactText text{left + std::string{white} + std::string{white} + "y z"};
      EXPECT_EQ(collapse_spaces(text.view(), arena_), left + " y z");
    }
  }
}

TEST_F(Spaces, CollapseAnswersTheArgumentWhenNothingChanges) {
  constexpr std::string_view kText = "  one two three four five six seven  ";
  const std::string_view collapsed = collapse_spaces(kText, arena_);
  EXPECT_EQ(collapsed.data(), kText.data() + 2);
  EXPECT_EQ(arena_.used(), 0U);
}

TEST_F(Spaces, CollapseKeepsInTheArenaOnlyWhatItAnswers) {
  const std::string_view collapsed = collapse_spaces("a      b", arena_);
  EXPECT_EQ(collapsed, "a b");
  EXPECT_EQ(arena_.used(), 3U);
}

TEST_F(Spaces, CollapseSaysThatTheArenaIsFull) {
  Arena small{3};
  EXPECT_TRUE(collapse_spaces("a  b c", small).empty());
  EXPECT_TRUE(small.exhausted());
}

TEST_F(Spaces, BytesThatAreNoUtf8AreKept) {
  for (const std::string_view text : {"\xC2", "\xE2\x80", "a\xE3\x80", "\xA0\x85"}) {
    EXPECT_EQ(collapse_spaces(ExactText{text}.view(), arena_), text);
    EXPECT_EQ(trim(ExactText{text}.view(), arena_), text);
  }
  EXPECT_EQ(collapse_spaces(ExactText{"\xE2\x80  \xE2"}.view(), arena_), "\xE2\x80 \xE2");
}

}  // namespace
}  // namespace core::text
