#include "core/text/locale.h"

#include <gtest/gtest.h>

#include <string>

#include "exact_text.h"

namespace core::text {
namespace {

std::string chosen(const LocaleChooser& chooser, std::string_view ui_locales) {
  return chooser.available()[chooser.choose(ExactText{ui_locales}.view())];
}

TEST(LocaleChooser, LooksUpAsRfc4647Does) {
  const LocaleChooser chooser{{"en", "sv", "pt-BR", "pt", "zh-Hant", "zh-Hant-CN", "de-CH-1996"},
                              "en"};
  struct Case {
    std::string_view ui_locales, expected;
  };
  constexpr Case kCases[] = {
      {"sv", "sv"},
      {"sv-SE", "sv"},
      {"SV-se", "sv"},
      {"pt-BR", "pt-BR"},
      {"pt-br", "pt-BR"},
      {"pt-PT", "pt"},
      {"pt-BR-x-old", "pt-BR"},
      // The example of section 3.4: zh-Hant-CN-x-private1-private2.
      {"zh-Hant-CN-x-private1-private2", "zh-Hant-CN"},
      {"zh-Hant-TW-x-a-b", "zh-Hant"},
      {"zh-Hans-CN", "en"},
      {"zh", "en"},  // a tag matches shorter ones, never longer ones
      {"de-CH", "en"},
      {"de-CH-1996", "de-CH-1996"},
      {"fr", "en"},
      {"s", "en"},
      {"svx", "en"},
      {"*", "en"},
  };
  for (const Case& c : kCases) EXPECT_EQ(chosen(chooser, c.ui_locales), c.expected) << c.ui_locales;
}

TEST(LocaleChooser, TriesTheTagsInOrderUntilOneFits) {
  const LocaleChooser chooser{{"en", "sv", "nl"}, "en"};
  struct Case {
    std::string_view ui_locales, expected;
  };
  constexpr Case kCases[] = {
      {"fr sv nl", "sv"},  {"fr,nl,sv", "nl"},    {"fr-CA, nl-BE", "nl"},
      {"  ,, nl ,", "nl"}, {"sv-FI nl", "sv"},  // cut short before the next is tried
      {"", "en"},          {" , ", "en"},         {"-", "en"},
      {"--", "en"},        {"-sv", "en"},         {"sv-", "sv"},
      {"sv--x", "sv"},     {"\xFF\xC3,nl", "nl"},
  };
  for (const Case& c : kCases) EXPECT_EQ(chosen(chooser, c.ui_locales), c.expected) << c.ui_locales;
}

TEST(LocaleChooser, DropsTheSingleLetterThatIntroducedWhatWasCut) {
  const LocaleChooser chooser{{"en", "sv-x", "x", "fr-a"}, "en"};
  EXPECT_EQ(chosen(chooser, "sv-x-abc"), "en");  // "sv-x" is no step of the look-up
  EXPECT_EQ(chosen(chooser, "sv-x"), "sv-x");    // but asked for it fits
  EXPECT_EQ(chosen(chooser, "x-abc"), "en");
  EXPECT_EQ(chosen(chooser, "fr-a-bcd"), "en");
}

TEST(LocaleChooser, LooksAtEightTagsAndNoMore) {
  const LocaleChooser chooser{{"en", "sv"}, "en"};
  EXPECT_EQ(chosen(chooser, "a1 b1 c1 d1 e1 f1 g1 sv"), "sv");
  EXPECT_EQ(chosen(chooser, "a1 b1 c1 d1 e1 f1 g1 h1 sv"), "en");
  EXPECT_EQ(chosen(chooser, ",,,,,,,,,,,, , , ,sv"), "sv");  // what is empty is no tag
}

TEST(LocaleChooser, LooksAtThirtyFiveBytesOfATagAndNoMore) {
  const std::string exact = "sv-aaaaaaaa-bbbbbbbb-cccccccc-ddddd";
  ASSERT_EQ(exact.size(), 35U);
  const LocaleChooser chooser{{"en", exact, "sv-aaaaaaaa-bbbbbbbb-cccccccc", exact + "d"}, "en"};
  EXPECT_EQ(chosen(chooser, exact), exact);
  EXPECT_EQ(chosen(chooser, exact + "-eeee"), exact);  // cut between subtags
  EXPECT_EQ(chosen(chooser, exact + "d"), "sv-aaaaaaaa-bbbbbbbb-cccccccc");
  EXPECT_EQ(chosen(chooser, "sv-" + std::string(100'000, 'a')), "en");
  EXPECT_EQ(chosen(chooser, std::string(100'000, 'a')), "en");
}

TEST(LocaleChooser, FallsBackToWhatIsAvailable) {
  EXPECT_EQ(chosen(LocaleChooser({"sv", "en"}, "en"), "fr"), "en");
  EXPECT_EQ(chosen(LocaleChooser({"sv", "EN"}, "en"), "fr"), "EN");
  EXPECT_EQ(chosen(LocaleChooser({"sv", "en"}, "de"), "fr"), "sv");
  EXPECT_EQ(chosen(LocaleChooser({"sv"}, ""), ""), "sv");
}

TEST(LocaleChooser, EveryCutOfAListIsRead) {
  const LocaleChooser chooser{{"en", "sv", "zh-Hant"}, "en"};
  const std::string list = "zh-Hant-TW-x-private, sv-SE";
  for (std::size_t size = 0; size <= list.size(); ++size) {
    EXPECT_EQ(chosen(chooser, list.substr(0, size)), size >= 7 ? "zh-Hant" : "en") << size;
  }
}

TEST(IsLanguageTag, KnowsTheShape) {
  for (const std::string_view tag :
       {"en", "en-US", "zh-Hant-CN", "de-CH-1996", "x-private", "i-navajo", "a", "abcdefgh",
        "sl-rozaj-biske-1994", "es-419"}) {
    EXPECT_TRUE(is_language_tag(ExactText{tag}.view())) << tag;
  }
  for (const std::string_view tag :
       {"", "-", "en-", "-en", "en--US", "en_US", "abcdefghi", "en-abcdefghi", "1en", "e1", "en US",
        "en\u00E9", "*", "en-*"}) {
    EXPECT_FALSE(is_language_tag(ExactText{tag}.view())) << tag;
  }
}

TEST(RecaseLanguageTag, WritesRegionsInCapitalsAndScriptsWithOne) {
  for (const auto& [tag, usual] : std::vector<std::pair<std::string, std::string>>{
           {"en-us", "en-US"}, {"zh-hant-tw", "zh-Hant-TW"}, {"EN", "EN"}, {"es-419", "es-419"}, {"", ""}}) {
    std::string out(tag);
    recase_language_tag(tag, out.data());
    EXPECT_EQ(out, usual);
  }
}

}  // namespace
}  // namespace core::text
