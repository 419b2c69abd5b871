#include "core/http/syntax.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/http/field_rules.h"
#include "core/http/line_reader.h"
#include "tests/core/http/pieces.h"

namespace {

using core::http::CharSet;
using core::http::LineReader;

/// `text` in a block that ends where the padding of a read buffer does.
class Padded {
 public:
  explicit Padded(std::string_view text) { buffer_.grow(text, text.size()); }
  std::string_view view() const { return buffer_.view(); }

 private:
  test::MovingBuffer buffer_;
};

TEST(CharSet, CountsThePrefixThatBelongsToIt) {
  const CharSet letters = CharSet("_").with('a', 'z').without('q');
  for (std::size_t size = 0; size <= 40; ++size) {
    const Padded good(std::string(size, 'a'));
    EXPECT_EQ(letters.prefix(good.view().data(), size), size);
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, '_');
      text[at] = 'q';
      const Padded bad(text);
      EXPECT_EQ(letters.prefix(bad.view().data(), size), at);
    }
  }
}

TEST(CharSet, DecidesEveryByteAlikeAloneAndSixteenAtATime) {
  for (const CharSet& set :
       {core::http::kToken, core::http::kTarget, core::http::kDigit, core::http::kAlphanumeric}) {
    for (int byte = 0; byte < 0x100; ++byte) {
      const Padded text(std::string(1, static_cast<char>(byte)));
      EXPECT_EQ(set.prefix(text.view().data(), 1) == 1, set.contains(static_cast<char>(byte)))
          << byte;
    }
  }
}

TEST(FindControl, FindsTheFirstControlByteAtEveryPlace) {
  for (int byte = 0; byte < 0x100; ++byte) {
    const bool control = byte < 0x20 || byte == 0x7f;
    for (std::size_t at = 0; at < 35; ++at) {
      std::string text(35, '\xa0');
      text[at] = static_cast<char>(byte);
      const Padded padded(text);
      const std::size_t found = core::http::find_control(padded.view().data(), 0, 35);
      ASSERT_EQ(found, control ? at : 35u) << byte;
      ASSERT_EQ(core::http::find_control(padded.view().data(), at + 1, 35), 35u);
    }
  }
}

TEST(IsTokenOf, FoldsLettersAndNothingElse) {
  for (int byte = 0; byte < 0x80; ++byte) {
    const char c = static_cast<char>(byte);
    if (!core::http::kToken.contains(c)) continue;
    for (std::size_t at = 0; at < 17; ++at) {
      std::string name = "Transfer-ENCODING";
      const std::string lower = "transfer-encoding";
      name[at] = c;
      const bool same = c == lower[at] || (c >= 'A' && c <= 'Z' && (c | 0x20) == lower[at]);
      EXPECT_EQ(core::http::is_token_of(name.data(), "transfer-encoding"), same) << byte;
      EXPECT_EQ(core::http::equals_ignoring_case(name, lower), same) << byte;
    }
  }
}

TEST(KnownField, KnowsItsNamesInAnyCaseAndNoNeighbours) {
  using core::http::Known;
  struct Case {
    std::string name;
    Known known;
  };
  const std::vector<Case> cases = {
      {"Host", Known::kHost},
      {"authorization", Known::kAuthorization},
      {"CONTENT-TYPE", Known::kContentType},
      {"Content-Length", Known::kContentLength},
      {"tRANSFER-eNCODING", Known::kTransferEncoding},
      {"Connection", Known::kConnection},
      {"Expect", Known::kExpect},
      {"Content-Encoding", Known::kContentEncoding},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(core::http::known_field(c.name), c.known);
    EXPECT_TRUE(core::http::is_forbidden_trailer(c.name));
    for (std::size_t at = 0; at < c.name.size(); ++at) {
      std::string other = c.name;
      other[at] = other[at] == '_' ? '.' : '_';
      EXPECT_EQ(core::http::known_field(other), Known::kCount) << other;
    }
    EXPECT_EQ(core::http::known_field(c.name + "s"), Known::kCount);
    EXPECT_EQ(core::http::known_field(c.name.substr(1)), Known::kCount);
  }
  EXPECT_FALSE(core::http::is_forbidden_trailer("Server-Timing"));
}

TEST(IsAuthority, FollowsTheGrammarOfHostAndPort) {
  struct Case {
    std::string text;
    bool good;
  };
  const std::vector<Case> cases = {
      {"a", true},
      {"a.b-c_d~e", true},
      {"a:0", true},
      {"a:65535", true},
      {"a:", true},
      {"%41", true},
      {"a%2Fb%c3%A9", true},
      {"[::]", true},
      {"[::1]:80", true},
      {"[::ffff:1.2.3.4]", true},
      {"", false},
      {":", false},
      {":80", false},
      {"a:65536", false},
      {"a:000080", false},
      {"a:8 ", false},
      {"a:-1", false},
      {"a b", false},
      {"a,b", false},
      {"a/", false},
      {"a@b", false},
      {"%4", false},
      {"%", false},
      {"%4g", false},
      {"[", false},
      {"[]", false},
      {"[::", false},
      {"[::1]x", false},
      {"[::1]:x", false},
      {"[:]", false},
      {"[1.2.3.4]", false},
      {"[v1.a]", false},
      {"[::g]", false},
      {"a[::1]", false},
      {"[" + std::string(46, ':') + "]", false},
      {"a\x80", false},
      {"a;b", false},
      {"*", false},
  };
  for (const Case& c : cases) {
    const Padded text(c.text);
    EXPECT_EQ(core::http::is_authority(text.view()), c.good) << c.text;
  }
}

TEST(TrimBlanks, TakesBlanksOffBothEndsOnly) {
  EXPECT_EQ(core::http::trim_blanks(" \ta \t b\t "), "a \t b");
  EXPECT_EQ(core::http::trim_blanks(" \t"), "");
  EXPECT_EQ(core::http::trim_blanks(""), "");
  EXPECT_EQ(core::http::trim_blanks("\va"), "\va");
}

TEST(LineReader, CutsLinesHoweverTheyArrive) {
  const std::string wire = "first\r\n\r\nwith\ttab\r\n" + std::string(50, 'x') + "\r\n";
  for (std::size_t step = 1; step <= wire.size(); ++step) {
    LineReader reader;
    test::MovingBuffer buffer;
    std::vector<std::string> lines;
    for (const std::size_t end : test::ends_every(step, wire.size())) {
      const char* const bytes = buffer.grow(wire, end);
      while (reader.advance(bytes, end) == LineReader::State::kLine) {
        lines.emplace_back(bytes + reader.start(), reader.size());
      }
    }
    EXPECT_EQ(lines, (std::vector<std::string>{"first", "", "with\ttab", std::string(50, 'x')}))
        << step;
    EXPECT_EQ(reader.next(), wire.size());
  }
}

TEST(LineReader, RefusesFoldingOnlyWhereItIsForbidden) {
  const Padded wire("a\r\n b\r\n");
  LineReader reader;
  ASSERT_EQ(reader.advance(wire.view().data(), wire.view().size()), LineReader::State::kLine);
  EXPECT_EQ(reader.advance_unfolded(wire.view().data(), 3), LineReader::State::kMore);
  EXPECT_EQ(reader.advance_unfolded(wire.view().data(), 4), LineReader::State::kRefused);
  EXPECT_EQ(reader.position(), 3u);

  LineReader lenient;
  const auto size = wire.view().size();
  EXPECT_EQ(lenient.advance(wire.view().data(), size), LineReader::State::kLine);
  EXPECT_EQ(lenient.advance(wire.view().data(), size), LineReader::State::kLine);
  EXPECT_EQ(lenient.size(), 2u);
}

}  // namespace
