// The grammar of RFC 8259, by small texts in the manner of the public JSON parsing suites: those
// that must be accepted, those that must not, and those where parsers differ, which we decide.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/core/claims/body.h"

namespace {

using namespace core::claims;
using namespace std::string_view_literals;
using claims_test::Body;
using claims_test::Worker;

const std::vector<std::string_view> kValid = {
    // arrays
    "[]", "[ ]", "[[]]", "[\n]", "[[],[]]", "[[]   ]", "[\"\"]", "[null]", "[1\n]", " [1]", "[2] ",
    "[1,null,null,null,2]", "[null, 1, \"1\", {}]", "[false,true]",
    "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
    // numbers
    "0", "-0", "1", "-1", "123", "10", "123e65", "0e+1", "0e1", "20e1", "1E22", "1E-2", "1E+2",
    "123e45", "123.456e78", "1e-2", "1e+2", "123.456789", "0.0", "-0.0", "-0e0", "0.1", "1.000",
    "-123", "9007199254740993", "123123123123123123123123123123", "-9223372036854775809",
    "0.000000000000000000000000000000000000000000000000000000000000000000000000000001", "1e9999",
    "-1e+9999", "123.456e-789", "0e00000000000000000000", "1e0001",
    // objects
    "{}", "{ }", "{\n}", R"({"a":"b"})", R"({"":0})", R"({"a":[]})", R"({"a\u0000b":1})",
    R"({"a":{"b":{"c":{}}}})", R"({ "min": -1.0e+28, "max": 1.0e+28 })", "{\n\"a\": \"b\"\n}",
    R"({"a":1,"a":2})",  // twice in a nested object
    R"({"\ud83d\ude00":1})", R"({"a":"a","b":null,"c":[{}]})",
    // strings
    R"("")", R"(" ")", R"("a")", R"("\u0060\u012a\u12AB")", R"("\uD801\udc37")",
    R"("\ud83d\ude39\ud83d\udc8d")", R"("\"\\\/\b\f\n\r\t")", R"("\\u0000")", R"("\"")",
    R"("a/*b*/c")", R"("\\a")", R"("\\n")", R"("\u0012")", R"("\uFFFF")", R"("\uDBFF\uDFFF")",
    R"("new\u00A0line")", R"("\u0000")", R"("\u002c")", R"("\u0022")", R"("\u005C")", R"("\u200B")",
    R"("\u2064")", R"("\uFDD0")", R"("\uFFFE")", R"("\uA66D")", R"("\u0821")", R"("\u0123")",
    R"("[")", R"("{}")", "\"\x7F\"", "\"\xC2\x80\"", "\"\xDF\xBF\"", "\"\xE0\xA0\x80\"",
    "\"\xED\x9F\xBF\"", "\"\xEE\x80\x80\"", "\"\xEF\xBF\xBF\"", "\"\xF0\x90\x80\x80\"",
    "\"\xF4\x8F\xBF\xBF\"", "\"\xF3\xA0\x80\xA0\"", "\"\xE2\x8D\x82\xE3\x88\xB4\xE2\x8D\x82\"",
    "\"\xE2\x80\xA8\xE2\x80\xA9\"", "\"\xEF\xBB\xBF\"", "\"\xCF\x80\"", "\"asd \"",
    "\"0123456789abcdef\"", "\"0123456789abcde\"", "\"0123456789abcdef0\"",
    "\"0123456789abcdef0123456789abcdef\"",
    // literals and white space
    "true", "false", "null", " true ", "\t\r\n null \t\r\n"};

const std::vector<std::string_view> kInvalid = {
    "", " ",
    // arrays
    "[", "]", "[1", "[1,", "[,", "[,1]", "[1,,2]", "[1,]", "[,]", "[\"\",]", "[\"\"", "[1 true]",
    "[\"x\"]]", "[1}", "[1:2]", "[[1]", "[3[4]]", "[*]", "[-]", "[1,\n1\n,1", "[\"a\" \"b\"]",
    "[a]", "[\xFF]", "[{}", "[}", "[\v1]", "[\f]", "[,\"\"]", "[1],", "[\"\":1]", "[x", "[]]",
    "[][]", "[\xEF\xBB\xBF]",
    // numbers
    "-", "+", "--1", "+1", "++1", "-01", "01", "00", "012", "-012", "1.", "-1.", "2.e3", "2.e+3",
    "2.e-3", "0.e1", ".5", "-.5", ".", "0.3e", "0.3e+", "0E", "0E+", "0e", "1e", "1e+", "1e-",
    "1eE2", "1.0e", "1.0e+", "1e1.5", "1.2.3", "0.1.2", "-2.", "1 000", "1_000", "0x1", "0x42",
    "-0x1", "1a", "-1a", "1.8011670033376514H-308", "Infinity", "-Infinity", "+Infinity", "Inf",
    "NaN", "-NaN", "nan", "- 1", "-foo", "1-1", "1+1", "\xEF\xBC\x91", "1\xEF\xBC\x91", "1\xE5",
    "1e1\xE5", "0\xE5", "-\xE5", "1.e1", "1..1", "1e+-1", "1\0"sv, "0\0"sv, "1ee1", "123\f", "0a",
    "1,", "-,",
    // objects
    "{", "}", "{]", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\" \"b\"}", "{:\"b\"}", "{\"a\"::\"b\"}",
    "{\"a\":\"b\",}", "{\"a\":\"b\",,}", "{,\"a\":1}", "{\"a\":1,,\"b\":2}", "{a:\"b\"}", "{'a':0}",
    "{1:1}", "{null:null}", "{\"a\":\"a\" 123}", "{\"a\":1 \"b\":2}", "{\"a\":\"b\"}#",
    "{\"a\":\"b\"}/**/", "{\"a\":\"b\"}//", "{\"a\"/**/:1}", "{/**/}", "{\"a\",1}", "{\"a\":1;}",
    "{[]:1}", "{\"a\":1", "{\"a\":", "{\"a\"", "{\"", "{\"a\":\"", "{\"a\":\"b", "{\"\xB9\":\"0\"}",
    "{\"x\":,\"b\":1}", "{\"a\":b}", "{\xF0\x9F\x87\xA8}", "{\"a\":1}x", "{}}", "{{}}", "{[]}",
    "{\"a\":{}", "{true:1}",
    // strings
    "\"", "\"a", "a\"", "'a'", "`a`", "\"\\\"", "\"\\", "\"\\x00\"", "\"\\\\\\\"", "\"\\\t\"",
    "\"\\a\"", "\"\\u\"", "\"\\u1\"", "\"\\u12\"", "\"\\u123\"", "\"\\u00A\"", "\"\\uqqqq\"",
    "\"\\u 123\"", "\"\\u+123\"", "\"\\u-123\"", "\"\\u00\\u41\"", "\"\\U0041\"", "\"\\v\"",
    "\"\\0\"", "\"\\8\"", "\"\\'\"", "\"\\ \"", "\"\\\n\"", "\"\\\xC3\xA9\"", "\"\\uD800\\\"",
    "\"\\uD800\\u\"", "\"\\uD800\\u1\"", "\"\\uD800\\u1x\"", "\"\\uD834\\uDd\"", "\"\\{[\"",
    "\"new\nline\"", "\"\t\"", "\"\r\"", "\"\0\""sv, "\"a\x1F\"", "\"\x01\"", "\"\" x", "\"a\"b",
    "\"\"\"", "\\u000A\"\"", "\"\\\xF0\x9F\x8C\x80\"", "\xC3\xA9", "\"\"\0"sv, "\"a\",",
    // literals and structure
    "nul", "nulls", "null\0"sv, "tru", "truee", "fals", "falsee", "True", "FALSE", "NULL",
    "undefined", "n", "t", "f", "nan", "<null>", "<.>", "*", "/", "/**/", "// x", "# x", "1 // x",
    "1 /* x */", "\xE2\x81\xA0", "\xC2\xA0", "\xC2\x85", "\xE2\x80\xA8", "\x0B", "\x0C", "\0"sv,
    "\x7F", ",", ":", "::", "=", ";", "(1)", "1;", "[1]x", "true false", "1 2", "\xEF\xBB",
    "\xEF\xBB\xBF\xEF\xBB\xBF", "\xEF\xBF\xBE", "1\xEF\xBB\xBF"};

/// Where parsers differ. What no UTF-8 text can be, or no reader behind us can be trusted with, is
/// refused.
const std::vector<std::string_view> kRefusedByDecision = {
    // halves of surrogate pairs
    R"("\uD800")", R"("\uDADA")", R"("\uD888\u1234")", R"("\uD800\n")", R"("\uDd1ea")",
    R"("\uDFAA")", R"("\uDd1e\uD834")", R"("\uD800\uD800\n")", R"("\uD800abc")", R"({"\uDFAA":0})",
    R"(["\uD800\uD800"])",
    // UTF-8 that is none
    "\"\xE0\xFF\"", "\"\xE6\x97\xA5\xD1\x88\xFA\"", "\"\xED\xA0\x80\"",
    "\"\xED\xAF\xBF\xED\xBF\xBF\"", "\"\xFF\"", "\"\x81\"", "\"\xF4\xBF\xBF\xBF\"",
    "\"\xFC\x80\x80\x80\x80\x80\"", "\"\xFC\x83\xBF\xBF\xBF\xBF\"", "\"\xC0\xAF\"",
    "\"\xE0\x80\xAF\"", "\"\xF0\x80\x80\xAF\"", "\"\xC3\"", "\"\xC3(\"", "\"\xE2\x82(\"",
    "\"\xF0\x9F\x98(\"", "\"\xFE\"", "\"\xF8\x88\x80\x80\x80\"", "\"\xC3\xA9\xA9\"", "[\"\xE9\"]",
    "{\"\xE9\":1}"};

/// The texts as whole bodies, and as values where a body has them.
void expect_all(const std::vector<std::string_view>& texts, bool valid) {
  Worker worker;
  for (const std::string_view text : texts) {
    SCOPED_TRACE(text);
    const auto accepted = [&](const std::string& body, std::string_view padding) {
      const ReadError error = worker.read(Body(body, padding)).error;
      return error == ReadError::kNone || error == ReadError::kNotAnObject;
    };
    const std::string value(text);
    for (const std::string_view padding : claims_test::kPaddings) {
      // Twice the same member is valid in a nested object only.
      if (value.find("\"a\":1,\"a\"") == value.npos) {
        EXPECT_EQ(accepted(value, padding), valid);
      }
      EXPECT_EQ(accepted("{\"city\":" + value + "}", padding), valid);
      EXPECT_EQ(accepted("{\"city\":" + value + ",\"state\":1}", padding), valid);
      EXPECT_EQ(accepted("{\"unknown\":" + value + "}", padding), valid);
      EXPECT_EQ(accepted("{\"unknown\":[" + value + "]}", padding),
                valid || (text.find_first_not_of(' ') == text.npos));
      EXPECT_EQ(accepted("{\"unknown\":[0," + value + ",0]}", padding), valid);
      EXPECT_EQ(accepted("{\"unknown\":{\"k\":" + value + "}}", padding), valid);
      EXPECT_EQ(accepted("[" + value + ",\"\"]", padding), valid);
    }
  }
}

TEST(Grammar, AcceptsWhatIsJson) { expect_all(kValid, true); }
TEST(Grammar, RefusesWhatIsNotJson) { expect_all(kInvalid, false); }
TEST(Grammar, RefusesWhatParsersDifferOn) { expect_all(kRefusedByDecision, false); }

TEST(Grammar, KnowsFourCharactersOfWhiteSpace) {
  Worker worker;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string c(1, static_cast<char>(byte));
    const bool white = c == " " || c == "\t" || c == "\n" || c == "\r";
    for (const std::string& body : {
             c + "{\"a\":[1,{\"b\":2}]}",
             "{" + c + "\"a\":[1,{\"b\":2}]}",
             "{\"a\"" + c + ":[1,{\"b\":2}]}",
             "{\"a\":" + c + "[1,{\"b\":2}]}",
             "{\"a\":[" + c + "1,{\"b\":2}]}",
             "{\"a\":[1" + c + ",{\"b\":2}]}",
             "{\"a\":[1," + c + "{\"b\":2}]}",
             "{\"a\":[1,{" + c + "\"b\":2}]}",
             "{\"a\":[1,{\"b\"" + c + ":2}]}",
             "{\"a\":[1,{\"b\":" + c + "2}]}",
             "{\"a\":[1,{\"b\":2}" + c + "]}",
             "{\"a\":[1,{\"b\":2}]" + c + "}",
             "{\"a\":[1,{\"b\":2}]}" + c,
             "{\"a\":\"s\"" + c + ",\"b\":\"t\"}",
             "{\"a\":\"s\"," + c + "\"b\":\"t\"}",
         }) {
      if ((byte >= '0' && byte <= '9') || byte == '-') continue;  // may belong to a number
      EXPECT_EQ(worker.read(body).error == ReadError::kNone, white) << byte << " in " << body;
    }
  }
}

TEST(Grammar, RefusesEveryControlCharacterInAStringAndNoOtherByteOfAscii) {
  Worker worker;
  for (int byte = 0; byte < 128; ++byte) {
    if (byte == '"' || byte == '\\') continue;
    const std::string c(1, static_cast<char>(byte));
    for (const std::string& body :
         {"{\"city\":\"" + c + "\"}", "{\"" + c + "\":0}", "{\"a\":[\"" + c + "\"]}"}) {
      EXPECT_EQ(worker.read(body).error,
                byte < 0x20 ? ReadError::kControlCharacter : ReadError::kNone)
          << byte;
    }
  }
}

TEST(Grammar, KnowsEightShortEscapes) {
  Worker worker;
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool known = std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    const std::string body = std::string("{\"city\":\"\\") + c + "\"}";
    if (c == '"') continue;  // ends the string elsewhere
    EXPECT_EQ(worker.read(body).error, known ? ReadError::kNone : ReadError::kEscape) << byte;
  }
}

TEST(Grammar, AcceptsExactlyTheUtf8OfRfc3629) {
  // Every lead byte with every second byte, and the tails of the longer forms.
  Worker worker;
  for (int lead = 0x80; lead < 256; ++lead) {
    for (int second = 0; second < 256; ++second) {
      const bool tail = (second & 0xC0) == 0x80;
      const bool two = lead >= 0xC2 && lead <= 0xDF && tail;
      const bool three = lead >= 0xE0 && lead <= 0xEF && tail && !(lead == 0xE0 && second < 0xA0) &&
                         !(lead == 0xED && second > 0x9F);
      const bool four = lead >= 0xF0 && lead <= 0xF4 && tail && !(lead == 0xF0 && second < 0x90) &&
                        !(lead == 0xF4 && second > 0x8F);
      std::string sequence = {static_cast<char>(lead), static_cast<char>(second)};
      if (!two) sequence += '\x80';
      if (lead >= 0xF0) sequence += '\xBF';
      const ReadOutcome outcome = worker.read("{\"city\":\"ab" + sequence + "\"}");
      const bool valid = two || three || four;
      ASSERT_EQ(outcome, valid ? ReadOutcome{} : (ReadOutcome{ReadError::kUtf8, 11}))
          << std::hex << lead << ' ' << second;
      if (valid) {
        ASSERT_EQ(worker[kCity].value, "ab" + sequence);
      }
    }
  }
}

TEST(Grammar, UnescapesEveryCodePoint) {
  Worker worker;
  const auto hex = [](unsigned unit) {
    std::string text = "\\u0000";
    for (std::size_t i = 5; i > 1; --i, unit >>= 4U) text[i] = "0123456789aBcDeF"[unit & 15U];
    return text;
  };
  for (unsigned code = 0; code <= 0x10FFFF; code += code < 0x11000 ? 1 : 97) {
    if (code >= 0xD800 && code <= 0xDFFF) {
      ASSERT_EQ(worker.read("{\"city\":\"" + hex(code) + "\"}"),
                (ReadOutcome{ReadError::kSurrogate, 9}));
      continue;
    }
    const std::string escape =
        code < 0x10000 ? hex(code)
                       : hex(0xD800 + ((code - 0x10000) >> 10U)) + hex(0xDC00 + (code & 0x3FFU));
    ASSERT_EQ(worker.read("{\"city\":\"" + escape + "\"}"), (ReadOutcome{})) << std::hex << code;
    // Decoded by hand, the other way round.
    const std::string_view value = worker[kCity].value;
    unsigned decoded = static_cast<unsigned char>(value[0]);
    if (value.size() > 1) decoded &= 0x7FU >> value.size();
    for (std::size_t i = 1; i < value.size(); ++i) {
      ASSERT_EQ(value[i] & 0xC0, 0x80);
      decoded = decoded << 6U | (static_cast<unsigned char>(value[i]) & 0x3FU);
    }
    ASSERT_EQ(decoded, code);
    ASSERT_EQ(value.size(), code < 0x80 ? 1U : code < 0x800 ? 2U : code < 0x10000 ? 3U : 4U);
  }
}

}  // namespace
