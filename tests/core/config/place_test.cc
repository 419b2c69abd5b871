#include "core/config/place.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/config/load.h"
#include "tests/core/config/memory_source.h"

namespace core::config {
namespace {

struct Loaded {
  Diagnostics diagnostics;
  Text text;
};

/// The message `m`, written as `scalar`.
void load_message(std::string_view scalar, Loaded& loaded) {
  MemorySource source;
  source.variables["A"] = "value of A";
  source.files["f"] =
      "listeners: [ { address: 127.0.0.1:0 } ]\n"
      "connectors: { a: { path: /a, dialect: b2c-userflow } }\n"
      "messages:\n  m: " +
      std::string(scalar) + "\n";
  const Config config = load("f", source, loaded.diagnostics);
  ASSERT_EQ(loaded.diagnostics.render(), "");
  ASSERT_EQ(config.messages.size(), 1u);
  loaded.text = config.messages[0].texts[0].second;
}

TEST(MarkInside, IsExactOnOneLine) {
  struct Case {
    std::string_view scalar, value;
    std::size_t offset;
    std::uint32_t column;  // the scalar begins at column 6
  };
  constexpr Case kCases[] = {
      {"plain text", "plain text", 0, 6},
      {"plain text", "plain text", 6, 12},
      {"plain text", "plain text", 10, 16},
      {"\"quoted\"", "quoted", 0, 6 + 1},
      {"\"quoted\"", "quoted", 3, 6 + 4},
      {"\"quoted\"", "quoted", 6, 6 + 7},
      {"'it''s {x}'", "it's {x}", 5, 6 + 7},
      {"\"a\\n\\\"b\"", "a\n\"b", 3, 6 + 6},
      {"\"\\u00e5b\"",
       "\xc3\xa5"
       "b",
       2, 6 + 7},
      {"\"\\u00e5b\"",
       "\xc3\xa5"
       "b",
       1, 6 + 1},  // in the middle of an escaped character
      {"\"\\x41\\U0001F600c\"",
       "A\xf0\x9f\x98\x80"
       "c",
       5, 6 + 15},
      {"\"\\L\\Pd\"",
       "\xe2\x80\xa8\xe2\x80\xa9"
       "d",
       6, 6 + 5},
      {"\"$${a} b\"", "${a} b", 5, 6 + 7},
      {"&x \"anchored\"", "anchored", 2, 6 + 6},
      {"!  \"tagged\"", "tagged", 1, 6 + 5},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.scalar);
    Loaded loaded;
    load_message(c.scalar, loaded);
    EXPECT_EQ(loaded.text.value, c.value);
    const Mark mark = mark_inside(loaded.diagnostics, loaded.text, c.offset);
    EXPECT_EQ(mark.line, 4u);
    EXPECT_EQ(mark.column, c.column);
  }
}

TEST(MarkInside, IsTheBeginWhereItCannotBeExact) {
  constexpr std::string_view kCases[] = {
      "two\n    lines", "\"two\n    lines\"", "'two\n    lines'",
      "|\n    a block", "\"${env:A} b\"",
  };
  for (const std::string_view scalar : kCases) {
    SCOPED_TRACE(scalar);
    Loaded loaded;
    load_message(scalar, loaded);
    const Mark mark = mark_inside(loaded.diagnostics, loaded.text, 6);
    EXPECT_EQ(mark.line, 4u);
    EXPECT_EQ(mark.column, 6u);
  }
}

TEST(WrittenLength, CountsWhatIsWrittenOnTheFirstLine) {
  struct Case {
    std::string_view scalar;
    std::size_t length;
  };
  constexpr Case kCases[] = {
      {"plain # comment", 5},    {"\"quoted\" # comment", 8}, {"'it''s'", 7},
      {"\"a\\\"b\"", 6},         {"two\n    lines", 3},       {"\"two\n    lines\"", 4},
      {"${env:A} # comment", 8}, {"\"${env:A}\"", 10},        {"a $${b}", 7},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.scalar);
    Loaded loaded;
    load_message(c.scalar, loaded);
    EXPECT_EQ(written_length(loaded.diagnostics, loaded.text), c.length);
  }
}

TEST(Place, OfATextThatStandsInNoFileIsNowhere) {
  const Diagnostics diagnostics;
  const Text text{"en", {}, false};
  EXPECT_EQ(mark_inside(diagnostics, text, 1).line, 0u);
  EXPECT_EQ(written_length(diagnostics, text), 1u);
}

}  // namespace
}  // namespace core::config
