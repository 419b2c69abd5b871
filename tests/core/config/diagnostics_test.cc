#include "core/config/diagnostics.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace core::config {
namespace {

TEST(Nearest, FindsMisspellingsUpToAThirdOfTheWord) {
  struct Case {
    std::string_view word;
    std::vector<std::string_view> candidates;
    std::string_view nearest;
  };
  const Case cases[] = {
      {"emial.domain", {"email.canonical", "email.domain"}, "email.domain"},
      {"lisners", {"lists", "listeners"}, "listeners"},
      {"Path", {"path"}, "path"},
      {"PATH", {"path"}, "path"},
      {"blokc", {"block"}, "block"},  // two neighbours exchanged count one
      {"abc", {"abd"}, "abd"},        // one of three
      {"abc", {"add"}, ""},           // two of three
      {"ab", {"ac"}, ""},             // no third of two
      {"", {"a"}, ""},
      {"block", {}, ""},
      {"frobnicate", {"block", "set"}, ""},
      {"aaa", {"aab", "aac"}, "aab"},  // the first of equals
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.word);
    EXPECT_EQ(nearest(c.word, c.candidates), c.nearest);
  }
  const std::string long_word(1000, 'a');
  EXPECT_EQ(nearest(long_word, {long_word}), "");
  EXPECT_EQ(nearest("aaa", {long_word}), "");
}

TEST(Suggest, ListsTheCandidatesWhenNoneIsNear) {
  EXPECT_EQ(suggest("blok", {"block", "set"}), "did you mean \"block\"?");
  EXPECT_EQ(suggest("xyz", {"block", "set"}), "one of: block, set");
  EXPECT_EQ(suggest("xyz", {}), "");
  EXPECT_EQ(suggest("zzz", std::vector<std::string_view>(13, "aaaa")), "");
}

TEST(Diagnostics, RendersAsACompilerDoes) {
  Diagnostics diagnostics;
  std::string text;
  for (int i = 1; i < 12; ++i) text += "#\n";
  text += "        when: { emial.domain: { in_list: blocked_domains } }\n";
  const std::uint32_t file = diagnostics.add_file("claimgate.yaml", text);
  diagnostics.error({file, 12, 17}, 12, "unknown derived value \"emial.domain\"",
                    "did you mean \"email.domain\"?");
  EXPECT_EQ(diagnostics.render(),
            "claimgate.yaml:12:17: error: unknown derived value \"emial.domain\"\n"
            "   12 |         when: { emial.domain: { in_list: blocked_domains } }\n"
            "      |                 ^~~~~~~~~~~~ did you mean \"email.domain\"?\n");
}

TEST(Diagnostics, SortsByFileLineAndColumn) {
  Diagnostics diagnostics;
  const std::uint32_t a = diagnostics.add_file("a", "one\ntwo\n");
  const std::uint32_t b = diagnostics.add_file("b", "one\n");
  diagnostics.warning({b, 1, 1}, 3, "fifth");
  diagnostics.error({a, 2, 2}, 1, "fourth");
  diagnostics.error({a, 2, 1}, 0, "third");
  diagnostics.error({a, 1, 3}, 99, "second");
  diagnostics.error({}, 1, "first", "do something");
  EXPECT_EQ(diagnostics.errors(), 4u);
  EXPECT_EQ(diagnostics.render(),
            "error: first\n"
            "  do something\n"
            "a:1:3: error: second\n    1 | one\n      |   ^\n"
            "a:2:1: error: third\n    2 | two\n      | ^\n"
            "a:2:2: error: fourth\n    2 | two\n      |  ^\n"
            "b:1:1: warning: fifth\n    1 | one\n      | ^~~\n");
}

TEST(Diagnostics, SaysTheSameThingOnce) {
  Diagnostics diagnostics;
  const std::uint32_t file = diagnostics.add_file("a", "one\n");
  diagnostics.error({file, 1, 1}, 3, "wrong");
  diagnostics.error({file, 1, 1}, 3, "wrong");
  EXPECT_EQ(diagnostics.render(), "a:1:1: error: wrong\n    1 | one\n      | ^~~\n");
}

TEST(Diagnostics, CutsLongLinesAroundTheMark) {
  Diagnostics diagnostics;
  const std::string text = std::string(300, 'a') + "X" + std::string(300, 'b');
  const std::uint32_t file = diagnostics.add_file("f", text);
  diagnostics.error({file, 1, 1}, 400, "begin");
  diagnostics.error({file, 1, 301}, 1, "middle");
  diagnostics.error({file, 1, 601}, 10, "end");
  const std::string a50(50, 'a');
  const std::string b100(100, 'b');
  EXPECT_EQ(diagnostics.render(),
            "f:1:1: error: begin\n    1 | " + a50 + a50 + "...\n      | ^" + std::string(99, '~') +
                "\nf:1:301: error: middle\n    1 | ..." + a50 + "X" + std::string(49, 'b') +
                "...\n      | " + std::string(53, ' ') + "^\nf:1:601: error: end\n    1 | ..." +
                b100 + "\n      | " + std::string(102, ' ') + "^\n");
}

TEST(Diagnostics, PlacesTheMarkByCharactersAndLetsNoControlBytesThrough) {
  Diagnostics diagnostics;
  const std::uint32_t file = diagnostics.add_file("f\x1b[0m",
                                                  "\xc3\xa5\tb\x1b\xff\xc2\x9b"
                                                  "c\r\n");
  diagnostics.error({file, 1, 9}, 1, "a \x1b[31m name", "\x07");
  EXPECT_EQ(diagnostics.render(),
            "f?[0m:1:9: error: a ?[31m name\n"
            "    1 | \xc3\xa5 b????c\n"
            "      |        ^ ?\n");
}

TEST(Diagnostics, FindsAMarkForEveryByteAndBack) {
  Diagnostics diagnostics;
  const std::string text = "ab\n\nc";
  const std::uint32_t file = diagnostics.add_file("f", text);
  for (std::size_t i = 0; i <= text.size(); ++i) {
    EXPECT_EQ(diagnostics.offset_of(diagnostics.mark_at(file, i)), i);
  }
  const Mark mark = diagnostics.mark_at(file, 4);
  EXPECT_EQ(mark.line, 3u);
  EXPECT_EQ(mark.column, 1u);
  EXPECT_EQ(diagnostics.offset_of({file, 99, 1}), text.size());
}

TEST(Diagnostics, KeepsTheFirstThousandAndCountsTheRest) {
  Diagnostics diagnostics;
  for (int i = 0; i < 1500; ++i) diagnostics.error({}, 1, std::to_string(i));
  EXPECT_EQ(diagnostics.errors(), 1500u);
  EXPECT_EQ(diagnostics.all().size(), Diagnostics::kKeptMax);
  EXPECT_TRUE(diagnostics.render().ends_with("error: 999\nand 500 more\n"));
}

TEST(Diagnostics, ShowsNoPasswordWhateverStandsAroundIt) {
  struct Case {
    std::string_view line, shown;
  };
  constexpr Case kCases[] = {
      {"password: hunter2", "password: ****"},
      {"password:   hunter2   ", "password:   ****"},
      {"password: hunter2, and more # x", "password: ****"},
      {"- { username: b, password: hunter2 }", "- { username: b, password: **** }"},
      {"{ password: \"hun\\\"ter2\", b: c }", "{ password: ****, b: c }"},
      {"{ \"password\": 'hunter2' }", "{ \"password\": **** }"},
      {"passwrod: hunter2", "passwrod: ****"},
      {"client_secret: hunter2", "client_secret: ****"},
      {"password: \"hunter2", "password: ****"},
      {"# password: hunter2", "# password: ****"},
      {"password: \"${env:B2C_PASSWORD}\"", "password: \"${env:B2C_PASSWORD}\""},
      {"password: ${file:a}${env:B}", "password: ${file:a}${env:B}"},
      {"password: ${env:A}hunter2", "password: ****"},
      {"token_fault: fail", "token_fault: fail"},
      {"path: /hunter2", "path: /hunter2"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.line);
    Diagnostics diagnostics;
    const std::uint32_t file = diagnostics.add_file("f", std::string(c.line));
    diagnostics.error({file, 1, 1}, 1, "x");
    EXPECT_EQ(diagnostics.render(),
              "f:1:1: error: x\n    1 | " + std::string(c.shown) + "\n      | ^\n");
  }
}

TEST(Diagnostics, ShowsNoPasswordOnTheLineBelowItsKey) {
  for (const std::string_view head :
       {"password:", "password: |", "  'password': >-", "password: |2"}) {
    SCOPED_TRACE(head);
    Diagnostics diagnostics;
    const std::uint32_t file = diagnostics.add_file("f", std::string(head) + "\n\n    hunter2\n");
    diagnostics.error({file, 3, 8}, 3, "x");
    EXPECT_EQ(diagnostics.render(), "f:3:8: error: x\n    3 | ****\n      | ^~~~\n");
  }
}

TEST(Diagnostics, HidesWhatItIsToldTo) {
  Diagnostics diagnostics;
  const std::uint32_t file = diagnostics.add_file("f", "a: bcd\n efg h\n");
  diagnostics.hide(file, 3, 11);
  diagnostics.error({file, 1, 5}, 1, "x");
  diagnostics.error({file, 2, 6}, 1, "y");
  EXPECT_EQ(diagnostics.render(),
            "f:1:5: error: x\n    1 | a: ****\n      |    ^~~~\n"
            "f:2:6: error: y\n    2 | **** h\n      |      ^\n");
}

}  // namespace
}  // namespace core::config
