#include "core/text/postcode.h"

#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <string>

#include "core/text/postcode_shapes.h"
#include "exact_text.h"

namespace core::text {
namespace {

std::string formatted(std::string_view text, std::string_view country) {
  Arena arena{64};
  return std::string{format_postcode(ExactText{text}.view(), country, arena)};
}

struct PostcodeCase {
  std::string_view country, text, formatted;
};

TEST(Postcode, AcceptsAndFormatsThoseOfManyCountries) {
  // Addresses on the UPU's pages and of the postal services themselves.
  constexpr PostcodeCase kCases[] = {
      {"SE", "11122", "111 22"},
      {"SE", "111 22", "111 22"},
      {"SE", "SE-111 22", "111 22"},
      {"se", "S-11122", "111 22"},
      {"GB", "SW1A1AA", "SW1A 1AA"},
      {"GB", "sw1a 1aa", "SW1A 1AA"},
      {"GB", "M11AE", "M1 1AE"},
      {"GB", "B338TH", "B33 8TH"},
      {"GB", "CR26XH", "CR2 6XH"},
      {"GB", "DN551PT", "DN55 1PT"},
      {"GB", "EC1A1BB", "EC1A 1BB"},
      {"GB", "W1A0AX", "W1A 0AX"},
      {"GB", "GIR 0AA", "GIR 0AA"},
      {"GG", "GY11AA", "GY1 1AA"},
      {"JE", "JE24UE", "JE2 4UE"},
      {"IM", "IM995AA", "IM99 5AA"},
      {"NL", "1234ab", "1234 AB"},
      {"NL", "NL-1234 AB", "1234 AB"},
      {"CA", "k1a0b1", "K1A 0B1"},
      {"CA", "H0H-0H0", "H0H 0H0"},
      {"US", "20500", "20500"},
      {"US", "205000005", "20500-0005"},
      {"US", "20500-0005", "20500-0005"},
      {"DE", "10117", "10117"},
      {"DE", "D-10117", "10117"},
      {"AT", "A-1010", "1010"},
      {"CH", "8001", "8001"},
      {"LI", "9490", "9490"},
      {"FR", "75007", "75007"},
      {"FR", "75 007", "75007"},
      {"MC", "98000", "98000"},
      {"ES", "28013", "28013"},
      {"PT", "1000205", "1000-205"},
      {"PT", "1000-205", "1000-205"},
      {"IT", "00187", "00187"},
      {"VA", "00120", "00120"},
      {"SM", "47890", "47890"},
      {"BE", "B-1000", "1000"},
      {"LU", "L-1234", "1234"},
      {"DK", "1050", "1050"},
      {"NO", "0150", "0150"},
      {"FI", "00100", "00100"},
      {"AX", "22100", "22100"},
      {"IS", "101", "101"},
      {"IE", "d02af30", "D02 AF30"},
      {"IE", "D6WXY00", "D6W XY00"},
      {"PL", "00950", "00-950"},
      {"CZ", "11000", "110 00"},
      {"SK", "81101", "811 01"},
      {"HU", "1051", "1051"},
      {"GR", "10431", "104 31"},
      {"RO", "010011", "010011"},
      {"BG", "1000", "1000"},
      {"HR", "10000", "10000"},
      {"SI", "1000", "1000"},
      {"RS", "11000", "11000"},
      {"EE", "10111", "10111"},
      {"LV", "1050", "LV-1050"},
      {"LV", "lv1050", "LV-1050"},
      {"LT", "LT-01100", "LT-01100"},
      {"UA", "01001", "01001"},
      {"RU", "101000", "101000"},
      {"TR", "06101", "06101"},
      {"CY", "1010", "1010"},
      {"MT", "vlt1117", "VLT 1117"},
      {"AD", "500", "AD500"},
      {"JP", "1000001", "100-0001"},
      {"JP", "\u3000\uFF11\uFF10\uFF10\uFF0D\uFF10\uFF10\uFF10\uFF11", "100-0001"},
      {"KR", "03187", "03187"},
      {"CN", "100000", "100000"},
      {"TW", "10058", "10058"},
      {"SG", "018956", "018956"},
      {"IN", "110 001", "110001"},
      {"AU", "2000", "2000"},
      {"NZ", "6011", "6011"},
      {"ZA", "0001", "0001"},
      {"BR", "01310100", "01310-100"},
      {"MX", "06000", "06000"},
      {"AR", "c1001aaf", "C1001AAF"},
      {"IL", "9414219", "9414219"},
      {"BN", "BS8675", "BS8675"},
      {"MD", "2012", "MD-2012"},
  };
  for (const PostcodeCase& c : kCases) {
    EXPECT_TRUE(is_postcode(ExactText{c.text}.view(), c.country)) << c.country << ' ' << c.text;
    EXPECT_EQ(formatted(c.text, c.country), c.formatted) << c.country << ' ' << c.text;
  }
}

TEST(Postcode, RefusesOtherShapes) {
  constexpr PostcodeCase kCases[] = {
      {"SE", "", ""},
      {"SE", "1112", ""},
      {"SE", "111222", ""},
      {"SE", "01122", ""},
      {"SE", "1112A", ""},
      {"SE", "NO-11122", ""},
      {"SE", "111.22", ""},
      {"SE",
       "\xFF"
       "1122",
       ""},
      {"GB", "SW1A", ""},
      {"GB", "Q1 1AA", ""},
      {"GB", "M1 1AC", ""},
      {"GB", "AI1 1AA", ""},
      {"GB", "SW1A1AAA", ""},
      {"GB", "12345", ""},
      {"CA", "D1A 0B1", ""},
      {"CA", "K1O 0B1", ""},
      {"CA", "W1A 0B1", ""},
      {"NL", "0123 AB", ""},
      {"NL", "1234", ""},
      {"US", "2050", ""},
      {"US", "205000", ""},
      {"PT", "1000", ""},
      {"AD", "5000", ""},
      {"BN", "8675", ""},
      {"MT", "1117", ""},
      {"IM", "1 1AA", ""},
      {"LI", "9480A", ""},
      {"LI", "9500", ""},
      {"VA", "00121", ""},
      {"IE", "D2 AF30", ""},
      {"DE", "-", ""},
      {"DE", "1011\u0661", ""},
      {"SE", "11122111221112211122", ""},
  };
  for (const PostcodeCase& c : kCases) {
    EXPECT_FALSE(is_postcode(ExactText{c.text}.view(), c.country)) << c.country << ' ' << c.text;
    EXPECT_EQ(formatted(c.text, c.country), "") << c.country << ' ' << c.text;
  }
}

TEST(Postcode, WithoutShapesAnythingButBlanksIsAccepted) {
  for (const std::string_view country : kWithoutPostcodes) {
    EXPECT_FALSE(has_postcodes(country)) << country;
    EXPECT_TRUE(is_postcode("00000", country)) << country;
    EXPECT_FALSE(is_postcode(" \u3000", country)) << country;
    EXPECT_EQ(formatted("00000", country), "");
  }
  for (const std::string_view none : {"", "S", "SWE", "ZZ", "\xFF\xFF"}) {
    EXPECT_FALSE(has_postcodes(none)) << none;
    EXPECT_TRUE(is_postcode("1", none)) << none;
  }
}

/// A code of the first shape, each class by its least member.
std::string least_of(std::string_view shapes) {
  std::string code;
  const std::string_view shape = shapes.substr(0, shapes.find('|'));
  for (std::size_t i = 0; i < shape.size(); ++i) {
    switch (shape[i]) {
      case '\'':
        code += shape[++i];
        break;
      case '9':
        code += '0';
        break;
      case '8':
        code += '1';
        break;
      case ' ':
      case '-':
        code += shape[i];
        break;
      case 'A':
      case 'n':
      case 'c':
      case 'd':
      case 'q':
      case 'r':
      case 's':
        code += 'A';
        break;
      default:
        ADD_FAILURE() << "unknown class " << shape[i];
    }
  }
  return code;
}

TEST(Postcode, EveryShapeOfTheTableAcceptsItsOwn) {
  EXPECT_GE(std::size(kPostcodeShapes), 90U);
  for (const PostcodeShape& shape : kPostcodeShapes) {
    const std::string code = least_of(shape.shapes);
    EXPECT_TRUE(has_postcodes(shape.country));
    EXPECT_EQ(formatted(code, shape.country), code) << shape.country;
    EXPECT_FALSE(is_postcode(code + "00", shape.country) &&
                 is_postcode(code + "000", shape.country) &&
                 is_postcode(code + "0000", shape.country))
        << shape.country;
  }
}

TEST(Postcode, FormattingTwiceIsOnceAndRandomBytesHurtNobody) {
  std::mt19937 random{8};
  constexpr std::string_view kBytes = "0123456789 -ABCSELV\xC3\xFF";
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 12; i > 0; --i) text += kBytes[random() % kBytes.size()];
    const PostcodeShape& shape = kPostcodeShapes[random() % std::size(kPostcodeShapes)];
    const std::string once = formatted(text, shape.country);
    ASSERT_EQ(once.empty(), !is_postcode(text, shape.country)) << text << ' ' << shape.country;
    if (once.empty()) continue;
    ASSERT_EQ(formatted(once, shape.country), once) << text << ' ' << shape.country;
  }
}

TEST(Postcode, SaysWhenTheArenaIsFull) {
  Arena small{3};
  EXPECT_EQ(format_postcode("11122", "SE", small).data(), nullptr);
  EXPECT_TRUE(small.exhausted());
  Arena none{0};
  EXPECT_EQ(format_postcode("111 22", "SE", none), "111 22");  // as it came
}

}  // namespace
}  // namespace core::text
