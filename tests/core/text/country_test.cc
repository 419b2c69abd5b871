#include "core/text/country.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "core/text/text.h"
#include "exact_text.h"

namespace core::text {
namespace {

std::string_view code(std::string_view text) { return country_code(ExactText{text}.view()); }

struct CountryCase {
  std::string_view text, code;
};

TEST(Country, CodesOfTwoAndThreeLetters) {
  ASSERT_TRUE(load_countries());
  // ISO 3166-1, alpha-2 and alpha-3.
  constexpr CountryCase kCases[] = {{"SE", "SE"},  {"se", "SE"},  {"SWE", "SE"}, {"swe", "SE"},
                             {"GB", "GB"},  {"GBR", "GB"}, {"UK", "GB"},  {"DEU", "DE"},
                             {"CHE", "CH"}, {"XK", "XK"},  {"TUR", "TR"}, {"KOR", "KR"},
                             {"PRK", "KP"}, {" se ", "SE"}};
  for (const CountryCase& c : kCases) EXPECT_EQ(code(c.text), c.code) << c.text;
}

TEST(Country, NamesInManyLanguages) {
  // One country in the eleven languages, and others in their own (CLDR).
  constexpr CountryCase kCases[] = {
      {"Germany", "DE"},
      {"Deutschland", "DE"},
      {"Allemagne", "DE"},
      {"Alemania", "DE"},
      {"Germania", "DE"},
      {"Duitsland", "DE"},
      {"Tyskland", "DE"},
      {"Alemanha", "DE"},
      {"Niemcy", "DE"},
      {"\u30C9\u30A4\u30C4", "DE"},
      {"\u5FB7\u56FD", "DE"},
      {"\u5FB7\u570B", "DE"},
      {"Sverige", "SE"},
      {"Suomi", "FI"},
      {"Finland", "FI"},
      {"Schweiz", "CH"},
      {"Suisse", "CH"},
      {"Svizzera", "CH"},
      {"Svizra", "CH"},
      {"Belgi\u00EB", "BE"},
      {"Belgique", "BE"},
      {"Magyarorsz\u00E1g", "HU"},
      {"\u00CDsland", "IS"},
      {"\u0395\u03BB\u03BB\u03AC\u03B4\u03B1", "GR"},
      {"\u0420\u043E\u0441\u0441\u0438\u044F", "RU"},
      {"\u0423\u043A\u0440\u0430\u0457\u043D\u0430", "UA"},
      {"\u65E5\u672C", "JP"},
      {"\u4E2D\u56FD", "CN"},
      {"\u4E2D\u570B", "CN"},
      {"\uB300\uD55C\uBBFC\uAD6D", "KR"},
      {"\u092D\u093E\u0930\u0924", "IN"},
      {"\u0645\u0635\u0631", "EG"},
      {"T\u00FCrkiye", "TR"},
      {"Vi\u1EC7t Nam", "VN"},
      {"\u010Cesko", "CZ"},
      {"Hrvatska", "HR"},
      {"Eesti", "EE"},
      {"Polska", "PL"},
  };
  for (const CountryCase& c : kCases) EXPECT_EQ(code(c.text), c.code) << c.text;
}

TEST(Country, LetterCaseAccentsAndPunctuationDoNotCount) {
  constexpr CountryCase kCases[] = {
      {"SWEDEN", "SE"},
      {"sWeden", "SE"},
      {"  Sweden. ", "SE"},
      {"Cote d'Ivoire", "CI"},
      {"C\u00D4TE D\u2019IVOIRE", "CI"},
      {"Osterreich", "AT"},
      {"Oesterreich", "AT"},
      {"\u00D6STERREICH", "AT"},
      {"O\u0308sterreich", "AT"},
      {"Espana", "ES"},
      {"U.S.A.", "US"},
      {"U. S.", "US"},
      {"united states", "US"},
      {"Bosnia and Herzegovina", "BA"},
      {"Bosnia & Herzegovina", "BA"},
      {"Bosnia-Herzegovina", ""},
      {"Saint Lucia", "LC"},
      {"St. Lucia", "LC"},
      {"st lucia", "LC"},
      {"Saint Kitts and Nevis", "KN"},
      {"Turkiye", "TR"},
      {"\u03B5\u03BB\u03BB\u03B1\u03B4\u03B1", "GR"},
      {"Guinea Bissau", "GW"},
      {"Timor-Leste", "TL"},
  };
  for (const CountryCase& c : kCases) EXPECT_EQ(code(c.text), c.code) << c.text;
}

TEST(Country, NamesThatPeopleWrite) {
  constexpr CountryCase kCases[] = {
      {"Great Britain", "GB"},
      {"England", "GB"},
      {"Scotland", "GB"},
      {"Holland", "NL"},
      {"The Netherlands", "NL"},
      {"Czech Republic", "CZ"},
      {"Czechia", "CZ"},
      {"Turkey", "TR"},
      {"Russian Federation", "RU"},
      {"South Korea", "KR"},
      {"Republic of Korea", "KR"},
      {"North Korea", "KP"},
      {"Viet Nam", "VN"},
      {"Vietnam", "VN"},
      {"Ivory Coast", "CI"},
      {"Burma", "MM"},
      {"Myanmar", "MM"},
      {"Swaziland", "SZ"},
      {"Eswatini", "SZ"},
      {"Macedonia", "MK"},
      {"Hong Kong", "HK"},
      {"Taiwan", "TW"},
      {"Vatican City", "VA"},
      {"United States of America", "US"},
      {"Georgia", "GE"},
      {"Guinea", "GN"},
      {"Niger", "NE"},
      {"Nigeria", "NG"},
      {"Dominica", "DM"},
      {"Dominican Republic", "DO"},
  };
  for (const CountryCase& c : kCases) EXPECT_EQ(code(c.text), c.code) << c.text;
}

TEST(Country, UnknownIsEmpty) {
  for (const std::string_view text :
       {"", " ", "Atlantis", "EU", "UN", "ZZ", "AN", "SU", "YU", "QO", "001", "ZZZ", "Swedenn",
        "European Union", "\xFF\xFE", "World"}) {
    EXPECT_EQ(code(text), "") << text;
  }
  EXPECT_EQ(code(std::string(10'000, 'a')), "");
}

TEST(Country, NamesByLanguage) {
  EXPECT_EQ(country_name("SE", "en"), "Sweden");
  EXPECT_EQ(country_name("se", "sv-FI"), "Sverige");
  EXPECT_EQ(country_name("SE", "fr_CA"), "Su\u00E8de");
  EXPECT_EQ(country_name("SE", "xx"), "Sweden");
  EXPECT_EQ(country_name("SE", ""), "Sweden");
  EXPECT_EQ(country_name("JP", "ja"), "\u65E5\u672C");
  for (const std::string_view none : {"", "S", "SWE", "ZZ", "EU"}) {
    EXPECT_EQ(country_name(none, "en"), "") << none;
  }
}

TEST(Country, EveryNameLeadsBackToItsCode) {
  std::size_t count = 0;
  for (char a = 'A'; a <= 'Z'; ++a) {
    for (char b = 'A'; b <= 'Z'; ++b) {
      const char both[] = {a, b};
      const std::string_view alpha2{both, 2};
      if (code(alpha2).empty()) continue;
      if (alpha2 == "UK") continue;
      ++count;
      for (const std::string_view language :
           {"en", "de", "fr", "es", "it", "nl", "sv", "pt", "pl", "ja", "zh"}) {
        const std::string_view name = country_name(alpha2, language);
        EXPECT_EQ(code(name), alpha2) << name << ' ' << language;
      }
    }
  }
  EXPECT_EQ(count, 250U);  // the 249 of ISO 3166-1 and XK
}

TEST(Country, AnyThreadMayAsk) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int round = 0; round < 1'000; ++round) EXPECT_EQ(country_code("Sverige"), "SE");
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace core::text
