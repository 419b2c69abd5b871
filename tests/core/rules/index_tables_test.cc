// The tables that an index looks values up in.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/rules/key_table.h"
#include "core/rules/literal_table.h"
#include "core/rules/required_literals.h"

namespace core::rules {
namespace {

using Entries = std::vector<std::pair<std::string_view, std::uint32_t>>;

TEST(KeyTable, FindsEveryTextAndNoOther) {
  std::vector<std::string> texts = {""};
  for (int i = 0; i < 3000; ++i) texts.push_back("company" + std::to_string(i) + ".example");
  Entries entries;
  for (std::uint32_t i = 0; i < texts.size(); ++i) entries.emplace_back(texts[i], 7 * i);
  const KeyTable table(entries);
  for (std::uint32_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(table.find(texts[i]), 7 * i);
    EXPECT_EQ(table.find(texts[i] + "x"), KeyTable::kNone);
  }
  EXPECT_EQ(KeyTable().find("x"), KeyTable::kNone);
}

TEST(AffixTable, FindsAllThatATextBeginsOrEndsWith) {
  const Entries entries = {{"a", 1}, {"ab", 2}, {"abc", 3}, {"b", 4}, {"bc", 5}};
  const AffixTable starts(AffixTable::Side::kStart, entries);
  const AffixTable ends(AffixTable::Side::kEnd, entries);
  const auto found = [](const AffixTable& table, std::string_view text) {
    std::vector<std::uint32_t> numbers;
    table.find(text, [&](std::uint32_t number) { numbers.push_back(number); });
    return numbers;
  };
  EXPECT_EQ(found(starts, "abcd"), (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(found(ends, "xabc"), (std::vector<std::uint32_t>{5, 3}));
  EXPECT_EQ(found(starts, ""), (std::vector<std::uint32_t>{}));
  EXPECT_EQ(found(ends, "b"), (std::vector<std::uint32_t>{4}));
}

TEST(LiteralTable, FindsLiteralsAnywhereWhateverTheirCase) {
  const LiteralTable table({{"robot", 1}, {"bot", 2}, {"user12", 3}, {"user1", 4}, {"aaa", 5}});
  const auto found = [&](std::string_view text) {
    // Of exact size, so that a byte read too far is seen.
    const std::vector<char> exact(text.begin(), text.end());
    std::vector<std::uint32_t> numbers;
    table.scan({exact.data(), exact.size()}, [&](std::uint32_t literal, std::uint32_t number) {
      EXPECT_EQ(table.number(literal), number);
      numbers.push_back(number);
    });
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  };
  EXPECT_EQ(found("Chief ROBOT"), (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(found("bot"), (std::vector<std::uint32_t>{2}));
  EXPECT_EQ(found("test.user1"), (std::vector<std::uint32_t>{4}));
  EXPECT_EQ(found("test.user123"), (std::vector<std::uint32_t>{3, 4}));
  EXPECT_EQ(found("aaaa"), (std::vector<std::uint32_t>{5, 5}));
  EXPECT_EQ(found("obot"), (std::vector<std::uint32_t>{2}));
  EXPECT_EQ(found("ro bo t"), (std::vector<std::uint32_t>{}));
  EXPECT_EQ(found("us"), (std::vector<std::uint32_t>{}));
  EXPECT_EQ(found(""), (std::vector<std::uint32_t>{}));
}

TEST(RequiredLiterals, StandInEveryTextThePatternMatches) {
  struct Case {
    const char* expression;
    std::vector<std::string> literals;
  };
  const Case kCases[] = {
      {"^abc", {"abc"}},
      {"(?i)ROBOT", {"robot"}},
      {"^(test|bot)[._]?user17$", {"user17"}},  // one that is needed in any case
      {"blocked|mallory", {"blocked", "mallory"}},
      {"^\\d{5}$", {}},
      {"ab", {}},        // shorter than asked for
      {"(abc)?d", {}},   // not needed
      {"abc|\\d+", {}},  // nor here
      {"gr\xC3\xBC\xC3\x9F"
       "e",
       {}},  // not in ASCII
      {"(", {}},
  };
  for (const Case& c : kCases) {
    std::vector<std::string> literals = required_literals(c.expression, 3);
    std::sort(literals.begin(), literals.end());
    EXPECT_EQ(literals, c.literals) << c.expression;
  }
}

TEST(RequiredLiterals, KnowTheLettersOutsideAsciiWhoseLowerCaseIsInIt) {
  EXPECT_TRUE(
      has_odd_case("\xE2\x84\xAA"
                   "elvin"));
  EXPECT_TRUE(has_odd_case("x\xC4\xB0"));
  EXPECT_FALSE(has_odd_case("Kelvin \xC3\xA9 \xE2\x82\xAC"));
  EXPECT_FALSE(has_odd_case(""));
}

}  // namespace
}  // namespace core::rules
