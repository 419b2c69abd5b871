#include "core/text/scripts.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <thread>
#include <vector>

#include "exact_text.h"

namespace core::text {
namespace {

ScriptSet set_of(std::initializer_list<std::string_view> names) {
  ScriptSet set;
  for (const std::string_view name : names) EXPECT_TRUE(set.add(name)) << name;
  return set;
}

bool only(std::string_view text, std::initializer_list<std::string_view> names) {
  return letters_only_of(ExactText{text}.view(), set_of(names));
}

TEST(Scripts, TablesAreThere) { EXPECT_TRUE(load_scripts()); }

TEST(Scripts, NamesAndCodes) {
  for (const std::string_view name :
       {"Latin", "latin", "Latn", "LATN", "Cyrillic", "Cyrl", "Greek", "Grek", "Han", "Hani",
        "Jpan", "Kore", "Hans", "Hant", "Hanb", "Old_Italic", "Ital"}) {
    ScriptSet set;
    EXPECT_TRUE(set.add(name)) << name;
    EXPECT_FALSE(set.empty()) << name;
  }
  for (const std::string_view name :
       {"", "Latinx", "xx", "Engl", "\xFF",
        "a name that is longer than that of any script of the world"}) {
    ScriptSet set;
    EXPECT_FALSE(set.add(name)) << name;
    EXPECT_TRUE(set.empty()) << name;
  }
}

TEST(Scripts, LettersOfTheSetAndWhatBelongsToNone) {
  EXPECT_TRUE(only("", {"Latin"}));
  EXPECT_TRUE(only("Anna-Lena O\u2019Neil 3rd, \u00C5sa!", {"Latin"}));
  EXPECT_TRUE(only("Jose\u0301 \U0001F600", {"Latin"}));
  EXPECT_FALSE(only("\u0418\u0432\u0430\u043D", {"Latin"}));
  EXPECT_TRUE(only("\u0418\u0432\u0430\u043D", {"Cyrillic"}));
  EXPECT_FALSE(only("Anna", {"Cyrillic"}));
  EXPECT_TRUE(only("123 - 456", {"Cyrillic"}));
  EXPECT_TRUE(only("\u0418\u0432\u0430\u043D Ivan", {"Latn", "Cyrl"}));
  EXPECT_FALSE(only("P\u0430ypal", {"Latin"}));  // its second letter is Cyrillic
  EXPECT_TRUE(only("\u5C71\u7530 \u30BF\u30ED\u30FC \u3055\u3093", {"Jpan"}));
  EXPECT_FALSE(only("\u5C71\u7530", {"Latin"}));
  EXPECT_TRUE(only("\uAE40\u6C38", {"Kore"}));
  EXPECT_TRUE(only("\u0391\u03BD\u03BD\u03B1", {"Greek"}));
  EXPECT_FALSE(only("a\U000E0FFF", {"Latin"}));  // unassigned
  EXPECT_FALSE(only("a\xFF", {"Latin"}));
  EXPECT_TRUE(only("12 \u0640", {"Arab"}));  // tatweel: shared by several scripts
}

TEST(Scripts, MixedScriptsBeyondHighlyRestrictive) {
  // UTS #39, 5.1 and 5.2, and the examples of its table 1a.
  for (const std::string_view text :
       {"", "Anna", "Circle", "\u0421\u0456\u0433\u0441\u04BC\u04BD", "Jos\u00E9 \u00C5berg 42",
        "\u5C71\u7530\u592A\u90CE", "\u5C71\u7530 Taro \u30BF\u30ED\u30FC", "\uAE40 Kim \u91D1",
        "\u4E2D\u6587 Latin", "\u0391\u03BD\u03BD\u03B1"}) {
    EXPECT_FALSE(mixes_scripts(ExactText{text}.view())) << text;
  }
  for (const std::string_view text :
       {"C\u0456rcle", "\u0421irc\u0406e", "P\u0430ypal", "\u0410nna", "\u0391nna",
        "Anna \u0418\u0432\u0430\u043D", "\u5C71\u0438", "\uAE40\u30BF", "a\u0531"}) {
    EXPECT_TRUE(mixes_scripts(ExactText{text}.view())) << text;
  }
  EXPECT_FALSE(mixes_scripts(std::string(5'000, 'a')));
  std::string longer;
  for (int i = 0; i < 600; ++i) longer += "\u00E9";
  EXPECT_TRUE(mixes_scripts(longer));  // too long to be a name
}

TEST(Scripts, LookAlikes) {
  struct Case {
    std::string_view a, b;
    bool alike;
  };
  constexpr Case kCases[] = {
      {"paypal", "\u0440\u0430\u0443\u0440\u0430l", true},  // UTS #39, 4: whole and mixed script
      {"scope", "\u0455\u0441\u043E\u0440\u0435", true},
      {"google", "goog1e", true},
      {"rn", "m", true},
      {"O'Neil", "O\u2019Neil", true},
      {"same", "same", true},
      {"", "", true},
      {"anna", "Anna", false},
      {"anna", "anne", false},
      {"anna", "", false},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(looks_like(ExactText{c.a}.view(), ExactText{c.b}.view()), c.alike)
        << c.a << ' ' << c.b;
    EXPECT_EQ(looks_like(c.b, c.a), c.alike) << c.a << ' ' << c.b;
  }
  const std::string longer(kSpoofBytesMax + 1, 'm');
  EXPECT_TRUE(looks_like(longer, longer));
  EXPECT_FALSE(looks_like(longer, longer + "x"));
  EXPECT_FALSE(looks_like("a", longer));
}

TEST(Scripts, RandomBytesHurtNobodyAndAnyThreadMayAsk) {
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 3; ++seed) {
    threads.emplace_back([seed] {
      std::mt19937 random{seed};
      const ScriptSet latin = set_of({"Latin"});
      for (int round = 0; round < 3'000; ++round) {
        std::string text;
        for (std::size_t i = random() % 30; i > 0; --i) text += static_cast<char>(random());
        const ExactText exact{text};
        static_cast<void>(letters_only_of(exact.view(), latin));
        static_cast<void>(mixes_scripts(exact.view()));
        EXPECT_TRUE(looks_like(exact.view(), text));
        static_cast<void>(looks_like(exact.view(), "a"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace core::text
