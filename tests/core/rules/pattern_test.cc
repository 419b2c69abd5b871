#include "core/rules/pattern.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <random>
#include <string>

namespace core::rules {
namespace {

Pattern pattern(std::string_view expression) {
  auto compiled = Pattern::compile(expression, 2);
  EXPECT_TRUE(compiled.ok()) << expression;
  return std::move(compiled).value();
}

TEST(Pattern, RunsRowsOfClassesWithoutRe2) {
  for (const std::string_view simple :
       {"^[0-9]{5}$", R"(^\d{3} ?\d{2}$)", "^$", "^abc$", R"(^[A-Z]{1,2}[0-9]+$)", R"(^\w+@$)",
        R"(^[a-f\d]{8}-[a-f\d]{4}$)", R"(^\+?[0-9]{4,15}$)", "^[]a]$", "^[a-]$"}) {
    EXPECT_TRUE(pattern(simple).is_simple()) << simple;
  }
  for (const std::string_view left_to_re2 :
       {"abc", "^abc", "a|b", "^(a)$", "^a.b$", "^[^a]$", "^a*ab$", R"(^\d*\d$)", "^a+?$", "(?i)^a$",
        R"(^\D$)", "^[[:alpha:]]$", "^é$", R"(^a\$)", R"(^\bx$)", "^x*y*x$"}) {
    EXPECT_FALSE(pattern(left_to_re2).is_simple()) << left_to_re2;
  }
}

TEST(Pattern, RefusesWhatRe2Refuses) {
  for (const std::string_view wrong : {"a(", "[", "^[z-a]$", "^a{2,1}$", R"(^\)", "(?=a)", R"(\1)", "^a{2}{3}$"}) {
    const auto compiled = Pattern::compile(wrong, 1);
    ASSERT_FALSE(compiled.ok()) << wrong;
    EXPECT_FALSE(compiled.error().why.empty());
  }
}

TEST(Pattern, MatchesAnywhereUnlessAnchored) {
  EXPECT_TRUE(pattern("b").matches("abc", 0));
  EXPECT_TRUE(pattern("b").matches("abc", 1));
  EXPECT_FALSE(pattern("^b").matches("abc", 0));
  EXPECT_TRUE(pattern("^[0-9]{5}$").matches("12345", 0));
  EXPECT_FALSE(pattern("^[0-9]{5}$").matches("12345\n", 0));
  EXPECT_FALSE(pattern("^[0-9]{5}$").matches(std::string_view("1234\0", 5), 0));
}

// The byte loop and RE2 must never disagree: random rows of classes, random texts of their bytes.
TEST(Pattern, AgreesWithRe2OnRandomPatternsAndTexts) {
  std::mt19937_64 random(20261123);
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const char* const atoms[] = {"a", "b", "[ab]", "[a-c]", R"(\d)", "[0-4]", R"(\w)", " ", R"(\s)", "-", R"(\.)", "[b-]", "é"};
  const char* const counts[] = {"", "", "", "?", "*", "+", "{2}", "{1,2}", "{0,3}", "{2,}"};
  constexpr char kBytes[] = {'a', 'b', 'c', '0', '4', '7', ' ', '-', '.', '_', '\n', '\xc3', '\xa9'};
  std::size_t simple = 0, matched = 0, compared = 0;
  for (int p = 0; p < 4000; ++p) {
    std::string expression = "^";
    for (std::size_t i = 0, n = pick(5); i < n; ++i) {
      expression += atoms[pick(std::size(atoms))];
      expression += counts[pick(std::size(counts))];
    }
    expression += "$";
    auto compiled = Pattern::compile(expression, 1);
    const RE2 oracle(expression, RE2::Quiet);
    ASSERT_EQ(compiled.ok(), oracle.ok()) << expression;
    if (!compiled.ok()) continue;
    simple += compiled.value().is_simple();
    for (int t = 0; t < 40; ++t) {
      std::string text;
      for (std::size_t i = 0, n = pick(7); i < n; ++i) text += kBytes[pick(std::size(kBytes))];
      const bool expected = RE2::PartialMatch(text, oracle);
      ASSERT_EQ(compiled.value().matches(text, 0), expected) << expression << " on " << testing::PrintToString(text);
      matched += expected;
      ++compared;
    }
  }
  EXPECT_GT(simple, 1000u);
  EXPECT_GT(matched, 1000u);
  EXPECT_EQ(compared % 40, 0u);
}

TEST(Pattern, TakesLinearTime) {
  // A backtracking matcher would need 2^n steps.
  const Pattern nested = pattern("^(a+)+$");
  const std::string text(50'000, 'a');
  EXPECT_TRUE(nested.matches(text, 0));
  EXPECT_FALSE(nested.matches(text + "b", 0));
}

}  // namespace
}  // namespace core::rules
