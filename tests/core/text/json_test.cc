#include "core/text/json.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

#include "exact_text.h"

namespace core::text {
namespace {

/// Written into a block of the promised room and no more.
std::string escaped(std::string_view text) {
  const std::size_t room = json_escaped_max(text.size()) + 16;
  const std::unique_ptr<char[]> block{new char[room]};
  const ExactText exact{text};
  const char* const end = write_json_escaped(block.get(), exact.view());
  return {block.get(), static_cast<std::size_t>(end - block.get())};
}

/// The contract, one character at a time.
std::string slowly_escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    const std::string_view three = text.substr(i, 3);
    if (three == "\u2028" || three == "\u2029") {
      out += three == "\u2028" ? "\\u2028" : "\\u2029";
      i += 2;
    } else if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (constexpr std::string_view kNamed = "\b\f\n\r\t"; kNamed.find(c) != kNamed.npos) {
      out += {'\\', "bfnrt"[kNamed.find(c)]};
    } else if (byte < 0x20 || byte == 0x7F || c == '<' || c == '>' || c == '&') {
      constexpr char kHex[] = "0123456789ABCDEF";
      out += {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      out += c;
    }
  }
  return out;
}

TEST(WriteJsonEscaped, EscapesWhatJsonHtmlAndJavaScriptNeed) {
  struct Case {
    std::string_view text, expected;
  };
  constexpr Case kCases[] = {
      {"", ""},
      {"plain", "plain"},
      {"say \"hi\"", "say \\\"hi\\\""},
      {"a\\b", "a\\\\b"},
      {"a/b", "a/b"},
      {"\b\f\n\r\t", "\\b\\f\\n\\r\\t"},
      {"\x01\x1F", "\\u0001\\u001F"},
      {"\x7F", "\\u007F"},
      {"</script>&amp;", "\\u003C/script\\u003E\\u0026amp;"},
      {"\u2028\u2029", "\\u2028\\u2029"},
      {"\u2027\u202A\u20AC", "\u2027\u202A\u20AC"},  // the neighbours stay
      {"\u00E9\u4E2D\U0001F600", "\u00E9\u4E2D\U0001F600"},
      {"'", "'"},
  };
  for (const Case& c : kCases) EXPECT_EQ(escaped(c.text), c.expected) << c.text;
  EXPECT_EQ(escaped(std::string_view{"a\0b", 3}), "a\\u0000b");
}

TEST(WriteJsonEscaped, KnowsEveryByteAtEveryPlace) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (std::size_t size = 1; size <= 35; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(byte);
        ASSERT_EQ(escaped(text), slowly_escaped(text)) << byte << " at " << at << " of " << size;
      }
    }
  }
}

TEST(WriteJsonEscaped, FillsTheWorstCaseAndStaysWithin) {
  for (std::size_t size = 0; size <= 100; ++size) {
    const std::string text(size, '\x01');
    EXPECT_EQ(escaped(text).size(), json_escaped_max(size));
  }
}

TEST(WriteJsonEscaped, ACutLineSeparatorIsKeptByteForByte) {
  for (std::size_t before = 0; before < 33; ++before) {
    const std::string text = std::string(before, 'y') + "\u2028";
    for (std::size_t size = 0; size <= text.size(); ++size) {
      EXPECT_EQ(escaped(text.substr(0, size)), slowly_escaped(text.substr(0, size)));
    }
  }
}

TEST(WriteJsonEscaped, AgreesWithTheSlowWayOnRandomText) {
  constexpr std::string_view kPieces[] = {
      "a",    "word ",  "\"",     "\\",
      "<",    ">",      "&",      "\n",
      "\x7F", "\u2028", "\u2029", "\u2030",
      "\xE2", "\u00E9", "\x02",   "a longer piece of plain text"};
  std::mt19937 random{21};
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 16; i > 0; --i) text += kPieces[random() % std::size(kPieces)];
    ASSERT_EQ(escaped(text), slowly_escaped(text));
  }
}

}  // namespace
}  // namespace core::text
