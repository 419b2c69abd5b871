#include "core/http/response_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace core::http {
namespace {

using State = ResponseReader::State;
using Error = ResponseReader::Error;

/// Everything a reader says, in values that outlive it.
struct Story {
  State state = State::kMore;
  Error error = Error::kNone;
  std::string reason, fields, body;
  int status = 0;
  bool keep_alive = false;
  std::size_t left_over = 0;
  bool operator==(const Story&) const = default;
};

Story story_of(const ResponseReader& reader, State state) {
  Story story;
  story.state = state;
  story.error = reader.error();
  story.reason = reader.reason();
  if (state != State::kComplete) return story;
  story.status = reader.status();
  story.body = reader.body();
  story.keep_alive = reader.keep_alive();
  story.left_over = reader.left_over();
  for (const Header& field : reader.fields()) {
    story.fields += std::string(field.name) + "=" + std::string(field.value) + "\n";
  }
  return story;
}

/// Reads `wire` in pieces of `piece` bytes, each from a heap block of its own size, and ends.
Story read(ResponseReader& reader, std::string_view wire, std::size_t piece, bool head_only) {
  reader.reset(head_only);
  State state = State::kMore;
  for (std::size_t at = 0; at < wire.size() && state == State::kMore; at += piece) {
    const std::size_t size = std::min(piece, wire.size() - at);
    const std::unique_ptr<char[]> exact(new char[size]);
    std::memcpy(exact.get(), wire.data() + at, size);
    state = reader.advance({exact.get(), size});
    if (state == State::kComplete) {
      const std::size_t behind = wire.size() - at - size;  // what comes later is behind it as well
      Story story = story_of(reader, state);
      story.left_over += behind;
      story.keep_alive = story.keep_alive && story.left_over == 0;
      return story;
    }
  }
  if (state == State::kMore) state = reader.finish();
  return story_of(reader, state);
}

struct Case {
  std::string_view what, section;
  std::string wire;
  Error error = Error::kNone;  // kNone: complete
  std::string body = {};
  bool keep_alive = true;
  int status = 200;
  bool head_only = false;
};

std::string ok(std::string_view fields, std::string_view body = {}) {
  return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n" + std::string(body);
}
std::string counted(std::string_view fields = {}) {
  return ok(std::string(fields) + "Content-Length: 2\r\n", "ok");
}
std::string chunked(std::string_view body) {
  return ok("Transfer-Encoding: chunked\r\n", body);
}
std::string repeated(std::string_view part, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += part;
  return all;
}

ResponseLimits limits() { return {1024, 4096, 20, 3}; }

std::vector<Case> cases() {
  const std::string nul(1, '\0');
  constexpr Error kProtocol = Error::kProtocol;
  constexpr Error kTooLarge = Error::kTooLarge;
  constexpr Error kCut = Error::kCut;
  return {
      // status line
      {"a plain answer", "9112 4", counted(), Error::kNone, "ok"},
      {"no reason but its space", "9112 4", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"},
      {"no reason and no space", "9112 4", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"},
      {"a reason of several words", "9112 4", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
       Error::kNone, "", true, 404},
      {"bytes above ASCII in the reason", "9112 4",
       "HTTP/1.1 200 D\xc3\xa9j\xc3\xa0\r\nContent-Length: 0\r\n\r\n"},
      {"a status of an unknown kind", "9110 15", "HTTP/1.1 299 X\r\nContent-Length: 0\r\n\r\n",
       Error::kNone, "", true, 299},
      {"599", "9110 15", "HTTP/1.1 599 X\r\nContent-Length: 0\r\n\r\n", Error::kNone, "", true, 599},
      {"600", "9110 15", "HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n", kProtocol},
      {"099", "9110 15", "HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n", kProtocol},
      {"two digits", "9112 4", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n", kProtocol},
      {"four digits", "9112 4", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", kProtocol},
      {"a signed status", "9112 4", "HTTP/1.1 +20 OK\r\nContent-Length: 0\r\n\r\n", kProtocol},
      {"a status of letters", "9112 4", "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n", kProtocol},
      {"two spaces", "9112 4", "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n", kProtocol},
      {"a tab", "9112 4", "HTTP/1.1\t200 OK\r\nContent-Length: 0\r\n\r\n", kProtocol},
      {"HTTP/1.0 closes", "9112 9.3", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", Error::kNone,
       "ok", false},
      {"HTTP/1.0 that stays", "9112 C.2.2",
       "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", Error::kNone, "ok"},
      {"HTTP/1.9", "9110 6.2", "HTTP/1.9 200 OK\r\nContent-Length: 0\r\n\r\n"},
      {"HTTP/2.0", "9112 2.3", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", kProtocol},
      {"HTTP/1.10", "9112 2.3", "HTTP/1.10 200 OK\r\nContent-Length: 0\r\n\r\n", kProtocol},
      {"http in small letters", "9112 2.3", "http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", kProtocol},
      {"HTTP/0.9", "9112 2.3", "<html>hello</html>", kProtocol},
      {"another protocol", "9112 4", "220 mail.example ESMTP\r\n", kProtocol},
      {"a TLS alert", "hardening 1", std::string("\x15\x03\x01\x00\x02\x02\x28", 7), kProtocol},
      {"an empty line before", "9112 2.2", "\r\n" + counted(), kProtocol},
      {"a status line that ends in LF", "9112 2.2", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
       kProtocol},
      {"a status line that ends in CR", "9112 2.2", "HTTP/1.1 200 OK\rContent-Length: 0\r\n\r\n",
       kProtocol},
      {"NUL in the reason", "9112 4", "HTTP/1.1 200 O" + nul + "\r\n\r\n", kProtocol},
      // fields
      {"no fields: until the end", "9112 6.3", ok("", "abc"), Error::kNone, "abc", false},
      {"a value among blanks", "9112 5.1", counted("X:  \t v \t\r\n"), Error::kNone, "ok"},
      {"an empty value", "9110 5.5", counted("X:\r\n"), Error::kNone, "ok"},
      {"bytes above ASCII in a value", "9110 5.5", counted("X: \xc3\xa9 \xff\r\n"), Error::kNone, "ok"},
      {"HTAB in a value", "9110 5.5", counted("X: a\tb\r\n"), Error::kNone, "ok"},
      {"a blank before the colon", "9112 5.1", counted("X : v\r\n"), kProtocol},
      {"a blank in a name", "9112 5.1", counted("X Y: v\r\n"), kProtocol},
      {"no colon", "9112 5", counted("X\r\n"), kProtocol},
      {"no name", "9112 5", counted(": v\r\n"), kProtocol},
      {"a name with a byte above ASCII", "9110 5.1", counted("X\xc3\xa9: v\r\n"), kProtocol},
      {"NUL in a value", "9110 5.5", counted("X: a" + nul + "b\r\n"), kProtocol},
      {"ESC in a value", "9110 5.5", counted("X: \x1b[2J\r\n"), kProtocol},
      {"DEL in a value", "9110 5.5", counted("X: \x7f\r\n"), kProtocol},
      {"a bare CR in a value", "9112 2.2", counted("X: a\rb\r\n"), kProtocol},
      {"a bare LF in a value", "9112 2.2", counted("X: a\nY: b\r\n"), kProtocol},
      {"a folded value", "9112 5.2", counted("X: a\r\n b\r\n"), kProtocol},
      {"a folded value by HTAB", "9112 5.2", counted("X: a\r\n\tb\r\n"), kProtocol},
      {"a blank before the first field", "9112 2.2", "HTTP/1.1 200 OK\r\n X: v\r\n\r\n", kProtocol},
      // Content-Length
      {"a length of nothing", "9110 8.6", ok("Content-Length: 0\r\n")},
      {"leading zeros", "9110 8.6", ok("Content-Length: 002\r\n", "ok"), Error::kNone, "ok"},
      {"an empty length", "9110 8.6", ok("Content-Length:\r\n", "ok"), kProtocol},
      {"a sign", "9110 8.6", ok("Content-Length: +2\r\n", "ok"), kProtocol},
      {"a minus", "9110 8.6", ok("Content-Length: -2\r\n", "ok"), kProtocol},
      {"a hexadecimal length", "9110 8.6", ok("Content-Length: 0x2\r\n", "ok"), kProtocol},
      {"a length with a blank in it", "9110 8.6", ok("Content-Length: 2 2\r\n", "ok"), kProtocol},
      {"a fraction", "9110 8.6", ok("Content-Length: 2.0\r\n", "ok"), kProtocol},
      {"a list of equal lengths", "9110 8.6", ok("Content-Length: 2, 2\r\n", "ok"), kProtocol},
      {"two equal lengths", "9112 6.3", ok("Content-Length: 2\r\nContent-Length: 2\r\n", "ok"),
       kProtocol},
      {"two lengths", "9112 6.3", ok("Content-Length: 2\r\nContent-Length: 3\r\n", "ok"), kProtocol},
      {"a length of 2^64", "9110 8.6", ok("Content-Length: 18446744073709551616\r\n", "ok"), kProtocol},
      {"a length of 2^64 + 2", "9110 8.6", ok("Content-Length: 18446744073709551618\r\n", "ok"),
       kProtocol},
      {"the longest body", "hardening 1", ok("Content-Length: 4096\r\n", std::string(4096, 'x')),
       Error::kNone, std::string(4096, 'x')},
      {"a byte too much", "hardening 1", ok("Content-Length: 4097\r\n"), kTooLarge},
      {"a terabyte", "hardening 1", ok("Content-Length: 1099511627776\r\n"), kTooLarge},
      {"a body that is cut", "9112 8", ok("Content-Length: 3\r\n", "ok"), kCut},
      {"nothing at all", "9112 8", "", kCut},
      {"a head that is cut", "9112 8", "HTTP/1.1 200 OK\r\nX: y\r\n", kCut},
      // Transfer-Encoding
      {"chunks", "9112 7.1", chunked("2\r\nok\r\n3;x=\"y\"\r\nabc\r\n0\r\n\r\n"), Error::kNone, "okabc"},
      {"no chunk but the last", "9112 7.1", chunked("0\r\n\r\n")},
      {"trailers", "9112 7.1.2", chunked("2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"), Error::kNone, "ok"},
      {"Content-Length as a trailer", "9110 6.5.1", chunked("0\r\nContent-Length: 5\r\n\r\n"), kProtocol},
      {"CHUNKED", "9110 10.1.4", ok("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n")},
      {"gzip, chunked", "9112 6.1", ok("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), kProtocol},
      {"chunked, identity", "9112 6.1", ok("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
       kProtocol},
      {"identity", "9112 6.1", ok("Transfer-Encoding: identity\r\n", "ok"), kProtocol},
      {"chunked twice", "9112 6.1",
       ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), kProtocol},
      {"xchunked", "9112 6.1", ok("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), kProtocol},
      {"an empty coding", "9112 6.1", ok("Transfer-Encoding:\r\n", "0\r\n\r\n"), kProtocol},
      {"a length and chunks", "9112 6.3",
       ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), kProtocol},
      {"chunks and a length", "9112 6.3",
       ok("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), kProtocol},
      {"chunks in HTTP/1.0", "9112 6.1",
       "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", kProtocol},
      {"a chunk size of 0x", "9112 7.1", chunked("0x2\r\nok\r\n0\r\n\r\n"), kProtocol},
      {"a signed chunk size", "9112 7.1", chunked("+2\r\nok\r\n0\r\n\r\n"), kProtocol},
      {"a blank before a chunk size", "9112 7.1", chunked(" 2\r\nok\r\n0\r\n\r\n"), kProtocol},
      {"a blank behind a chunk size", "9112 7.1", chunked("2 \r\nok\r\n0\r\n\r\n"), kProtocol},
      {"a chunk size that ends in LF", "9112 7.1", chunked("2\nok\r\n0\r\n\r\n"), kProtocol},
      {"a chunk longer than its size", "9112 7.1", chunked("2\r\nokk\r\n0\r\n\r\n"), kProtocol},
      {"a chunk of 17 digits", "9112 7.1", chunked("00000000000000002\r\nok\r\n0\r\n\r\n"), kProtocol},
      {"a chunk of 2^64 - 1", "hardening 1", chunked("ffffffffffffffff\r\n"), kTooLarge},
      {"chunks beyond the limit", "hardening 1", chunked("fff\r\n" + std::string(0xfff, 'x') + "\r\n2\r\n"),
       kTooLarge},
      {"chunks that are cut", "9112 8", chunked("2\r\nok\r\n"), kCut},
      {"a last chunk without its end", "9112 8", chunked("2\r\nok\r\n0\r\n"), kCut},
      // no body
      {"HEAD", "9112 6.3", ok("Content-Length: 5\r\n"), Error::kNone, "", true, 200, true},
      {"HEAD, chunked", "9112 6.3", chunked(""), Error::kNone, "", true, 200, true},
      {"204", "9112 6.3", "HTTP/1.1 204 No Content\r\n\r\n", Error::kNone, "", true, 204},
      {"204 with a length of nothing", "9110 8.6", "HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n",
       Error::kNone, "", true, 204},
      {"204 with a length", "9110 8.6", "HTTP/1.1 204 X\r\nContent-Length: 2\r\n\r\nok", kProtocol},
      {"204 with chunks", "9112 6.1",
       "HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", kProtocol},
      {"304 with a length", "9110 8.6", "HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n", Error::kNone, "",
       true, 304},
      // until the end
      {"until the end, empty", "9112 6.3", ok("X: y\r\n"), Error::kNone, "", false},
      {"until the end, too long", "hardening 1", ok("", std::string(4097, 'x')), kTooLarge},
      {"until the end, the longest", "hardening 1", ok("", std::string(4096, 'x')), Error::kNone,
       std::string(4096, 'x'), false},
      // interim answers
      {"100 before", "9110 15.2", "HTTP/1.1 100 Continue\r\n\r\n" + counted(), Error::kNone, "ok"},
      {"103 with fields before", "8297 2", "HTTP/1.1 103 X\r\nLink: </a>\r\n\r\n" + counted(),
       Error::kNone, "ok"},
      {"three before", "9110 15.2", repeated("HTTP/1.1 102 X\r\n\r\n", 3) + counted(), Error::kNone, "ok"},
      {"four before", "9110 15.2", repeated("HTTP/1.1 102 X\r\n\r\n", 4) + counted(), kTooLarge},
      {"101", "9110 15.2.2", "HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n", kProtocol},
      {"100 with a length", "9110 8.6", "HTTP/1.1 100 X\r\nContent-Length: 2\r\n\r\nok" + counted(),
       kProtocol},
      {"100 and nothing", "9112 8", "HTTP/1.1 100 Continue\r\n\r\n", kCut},
      // connection
      {"close", "9112 9.6", counted("Connection: close\r\n"), Error::kNone, "ok", false},
      {"CLOSE in a list", "9112 9.6", counted("Connection: x, CLOSE\r\n"), Error::kNone, "ok", false},
      {"close and keep-alive", "9112 9.3", counted("Connection: keep-alive\r\nConnection: close\r\n"),
       Error::kNone, "ok", false},
      {"a malformed Connection", "9110 7.6.1", counted("Connection: a b\r\n"), kProtocol},
      {"an upgrade that is only offered", "9110 7.8", counted("Upgrade: h2c\r\nConnection: Upgrade\r\n"),
       Error::kNone, "ok"},
      // limits
      {"too many fields", "hardening 1", ok(repeated("X: y\r\n", 21)), kTooLarge},
      {"as many fields as may be", "hardening 1", ok(repeated("X: y\r\n", 19) + "Content-Length: 0\r\n")},
      {"a head without end", "hardening 1", "HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'y'), kTooLarge},
      {"a reason without end", "hardening 1", "HTTP/1.1 200 " + std::string(2000, 'y'), kTooLarge},
      // answer queue poisoning
      {"a second answer", "hardening 1", counted() + counted(), Error::kNone, "ok", false},
      {"a byte behind the body", "hardening 1", counted() + "!", Error::kNone, "ok", false},
      {"a line end behind the body", "hardening 1", counted() + "\r\n", Error::kNone, "ok", false},
      {"a byte behind the chunks", "hardening 1", chunked("0\r\n\r\n!"), Error::kNone, "", false},
      {"a body behind HEAD", "hardening 1", ok("Content-Length: 2\r\n", "ok"), Error::kNone, "", false,
       200, true},
      {"a body behind 304", "hardening 1", "HTTP/1.1 304 X\r\nContent-Length: 2\r\n\r\nok",
       Error::kNone, "", false, 304},
  };
}

TEST(ResponseReader, ReadsEveryCaseWholeAndInPiecesOfEverySize) {
  const std::vector<Case> all = cases();
  EXPECT_GE(all.size(), 80u);
  ResponseReader reader{limits()};
  for (const Case& c : all) {
    SCOPED_TRACE(std::string(c.what) + " (" + std::string(c.section) + ")");
    const Story whole = read(reader, c.wire, std::max<std::size_t>(c.wire.size(), 1), c.head_only);
    EXPECT_EQ(whole.error, c.error) << whole.reason;
    if (c.error == Error::kNone) {
      EXPECT_EQ(whole.state, State::kComplete);
      EXPECT_EQ(whole.status, c.status);
      EXPECT_EQ(whole.body, c.body);
      EXPECT_EQ(whole.keep_alive, c.keep_alive);
    } else {
      EXPECT_EQ(whole.state, State::kRefused);
      EXPECT_FALSE(whole.reason.empty());
    }
    for (const std::size_t piece : {1u, 2u, 3u, 7u, 64u}) {
      const Story pieces = read(reader, c.wire, piece, c.head_only);
      EXPECT_EQ(pieces.error, whole.error) << piece << ": " << pieces.reason;
      EXPECT_EQ(pieces.body, whole.body) << piece;
      EXPECT_EQ(pieces.fields, whole.fields) << piece;
      EXPECT_EQ(pieces.keep_alive, whole.keep_alive) << piece;
    }
  }
}

TEST(ResponseReader, TellsACutAnswerFromAWholeOneAtEveryOffset) {
  const std::string wires[] = {
      counted("X-One: 1\r\n"),
      chunked("2\r\nok\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n"),
      "HTTP/1.1 100 Continue\r\n\r\n" + counted(),
  };
  ResponseReader reader{limits()};
  for (const std::string& wire : wires) {
    for (std::size_t cut = 0; cut < wire.size(); ++cut) {
      SCOPED_TRACE(cut);
      const Story story = read(reader, std::string_view(wire).substr(0, cut), wire.size(), false);
      EXPECT_EQ(story.state, State::kRefused);
      EXPECT_EQ(story.error, Error::kCut);
    }
    // In two pieces, cut at every offset, it is what it is in one.
    const Story whole = read(reader, wire, wire.size(), false);
    for (std::size_t cut = 1; cut < wire.size(); ++cut) {
      reader.reset(false);
      ASSERT_EQ(reader.advance(std::string_view(wire).substr(0, cut)), State::kMore);
      EXPECT_EQ(story_of(reader, reader.advance(std::string_view(wire).substr(cut))), whole);
    }
  }
}

TEST(ResponseReader, RefusesWhateverComesBehindAnAnswer) {
  ResponseReader reader{limits()};
  ASSERT_EQ(reader.advance(counted()), State::kComplete);
  EXPECT_TRUE(reader.keep_alive());
  EXPECT_EQ(reader.advance(""), State::kComplete);
  EXPECT_EQ(reader.advance(counted()), State::kRefused);
  EXPECT_EQ(reader.error(), Error::kProtocol);
  EXPECT_FALSE(reader.keep_alive());
  EXPECT_EQ(reader.advance(counted()), State::kRefused);
  reader.reset(false);
  EXPECT_FALSE(reader.started());
  EXPECT_EQ(reader.advance(counted()), State::kComplete);
}

TEST(ResponseReader, KeepsFieldsThatCameBeforeTheBufferMoved) {
  ResponseReader reader{{32 << 10, 1 << 20, 200, 8}};
  const std::string head = ok("X-First: one\r\nX-Second: two\r\nTransfer-Encoding: chunked\r\n");
  ASSERT_EQ(reader.advance(head), State::kMore);
  std::string body;
  for (int i = 0; i < 200; ++i) {
    const std::string part(997, static_cast<char>('a' + i % 26));
    body += part;
    ASSERT_EQ(reader.advance("3e5\r\n" + part + "\r\n"), State::kMore);
  }
  ASSERT_EQ(reader.advance("0\r\n\r\n"), State::kComplete);
  EXPECT_EQ(reader.body(), body);
  ASSERT_EQ(reader.fields().size(), 3u);
  EXPECT_EQ(reader.fields()[0].name, "X-First");
  EXPECT_EQ(reader.fields()[1].value, "two");
}

/// A line that only llhttp splits has it split the whole head: the same comes of the others.
TEST(ResponseReader, FieldsAreTheSameWhoeverSplitsThem) {
  constexpr std::string_view kLines[] = {
      "X: y",         "X:y",           "X:  y",        "X: y ",      "X:",       "X: ",        "X:\ty",
      "X: a\tb",      "X: a,b; c=\"d\"", "x-a.b_c~1: z", "X: \xc3\xa5\xff", "X : y",  ": y",         "X",
      "X\xc3: y",     "(X): y",        "Connection: keep-alive, x", "X: y:z", "X: :",     "Content-Length: 3",
      "Content-Length: 03", "Content-Length: +3", "Content-Length:", "Proxy-Connection: close", "X@: y",
  };
  ResponseReader reader{ResponseLimits{}};
  for (const std::string_view line : kLines) {
    SCOPED_TRACE(line);
    std::string head = "HTTP/1.1 204 No Content\r\nDate: now\r\n" + std::string(line) + "\r\n";
    if (line.starts_with("Content-Length")) head.replace(9, 3, "304");
    const Story plain = read(reader, head + "\r\n", 1'000, false);
    const Story asked = read(reader, head + "Upgrade: h2c\r\n\r\n", 1'000, false);
    EXPECT_EQ(plain.state, asked.state);
    EXPECT_EQ(plain.error, asked.error);
    if (plain.state != State::kComplete) continue;
    EXPECT_EQ(plain.fields + "Upgrade=h2c\n", asked.fields);
  }
}

/// The fields of an interim answer are not those of the final one.
TEST(ResponseReader, ForgetsTheFieldsOfAnInterimAnswer) {
  ResponseReader reader{ResponseLimits{}};
  for (const std::size_t piece : {1, 7, 1'000}) {
    const Story story = read(reader,
                             "HTTP/1.1 103 Early Hints\r\nLink: a\r\nX: b\r\n\r\n"
                             "HTTP/1.1 200 OK\r\nY: c\r\nContent-Length: 1\r\n\r\nz",
                             piece, false);
    EXPECT_EQ(story.fields, "Y=c\nContent-Length=1\n");
    EXPECT_EQ(story.body, "z");
  }
}

TEST(ResponseReader, ReadsIntoMemoryThatItIsLent) {
  constexpr std::string_view kFirst =
      "HTTP/1.1 200 OK\r\nX: one\r\nY: two\r\nContent-Length: 5\r\n\r\nfirst";
  ResponseReader reader{ResponseLimits{}};
  reader.reset(false);
  ASSERT_EQ(reader.advance(kFirst), State::kComplete);
  ResponseReader::Taken room = reader.take_answer();
  const char* const block = room.bytes.data();
  reader.reset(false);
  reader.lend(std::move(room));
  EXPECT_FALSE(reader.started());
  ASSERT_EQ(reader.advance("HTTP/1.1 200 OK\r\nZ: three\r\nContent-Le"), State::kMore);
  ASSERT_EQ(reader.advance("ngth: 6\r\n\r\nsecond"), State::kComplete);
  EXPECT_EQ(reader.body(), "second");
  EXPECT_EQ(reader.body().data() - block, static_cast<std::ptrdiff_t>(std::string_view(
                "HTTP/1.1 200 OK\r\nZ: three\r\nContent-Length: 6\r\n\r\n").size()));
  ASSERT_EQ(reader.fields().size(), 2U);
  EXPECT_EQ(reader.fields()[0].value, "three");
}

}  // namespace
}  // namespace core::http
