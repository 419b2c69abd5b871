#include "core/http/request_reader.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/http/syntax.h"
#include "tests/core/http/pieces.h"
#include "tests/core/http/raw_cases.h"

namespace {

using core::http::Header;
using core::http::Known;
using core::http::Limits;
using core::http::Method;
using core::http::Refusal;
using core::http::Request;
using core::http::RequestReader;
using test::Outcome;
using State = RequestReader::State;

TEST(RequestReader, AnswersEveryRawCaseAsItsSourceDemands) {
  const std::vector<test::RawCase> cases = test::raw_cases();
  EXPECT_GE(cases.size(), 150u);
  RequestReader reader{Limits{}};
  for (const test::RawCase& c : cases) {
    SCOPED_TRACE(c.name + " (" + c.source + ")");
    const Outcome whole = test::read_whole(reader, c.bytes);
    EXPECT_EQ(whole.status, c.status) << whole.reason;
    if (c.status != 0) {
      EXPECT_EQ(whole.state, State::kRefused);
      EXPECT_FALSE(whole.reason.empty());
      EXPECT_LE(whole.offset, c.bytes.size());
      continue;
    }
    ASSERT_EQ(whole.state, State::kMessage);
    EXPECT_EQ(whole.heads, 1);
    EXPECT_EQ(whole.body, c.body);
    EXPECT_EQ(whole.path, c.path);
    EXPECT_EQ(whole.keep_alive, c.keep_alive);
    EXPECT_EQ(whole.wire_bytes, c.bytes.size() - c.behind);
    EXPECT_EQ(whole.behind, c.bytes.substr(c.bytes.size() - c.behind));
  }
}

TEST(RequestReader, SaysTheSameHoweverTheBytesArrive) {
  RequestReader reader{Limits{}};
  for (const test::RawCase& c : test::raw_cases()) {
    SCOPED_TRACE(c.name + " (" + c.source + ")");
    const std::size_t size = c.bytes.size();
    const Outcome whole = test::read_whole(reader, c.bytes);
    // A buffer that moves with every byte costs the square of its size: long cases are cut less.
    const bool is_long = size > 1'000;
    const auto bytewise = test::ends_every(size > 40'000 ? 61 : 1, size);
    ASSERT_TRUE(test::read_in_pieces(reader, c.bytes, bytewise) == whole) << "byte by byte";
    const std::size_t step = is_long ? size / 50 : 1;
    for (std::size_t cut = 1; cut < size; cut += step) {
      ASSERT_TRUE(test::read_in_pieces(reader, c.bytes, {cut, size}) == whole) << "cut at " << cut;
    }
  }
}

TEST(RequestReader, WaitsForTheRestOfEveryAcceptedMessage) {
  RequestReader reader{Limits{}};
  for (const test::RawCase& c : test::raw_cases()) {
    if (c.status != 0 || c.bytes.size() > 1'000) continue;
    SCOPED_TRACE(c.name);
    const std::size_t message = c.bytes.size() - c.behind;
    for (std::size_t size = 0; size < message; ++size) {
      const Outcome part = test::read_whole(reader, c.bytes.substr(0, size));
      ASSERT_EQ(part.state, State::kMore) << size << " of " << message;
    }
  }
}

/// What is refused is refused at the byte that is wrong, not later.
TEST(RequestReader, RefusesAtTheFirstByteThatIsWrong) {
  struct Case {
    std::string bytes;
    int status;
    std::size_t offset;
  };
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";  // 26 bytes
  const std::vector<Case> cases = {
      {"\n", 400, 0},
      {std::string("GET /\0", 6), 400, 5},
      {"GET / HTTP/1.1\n", 400, 14},
      {"GET / HTTP/1.1\rX", 400, 14},
      {"GET / HTTP/2.0\r\n", 505, 6},
      {"GET /#x HTTP/1.1\r\n", 400, 5},
      {"\r\n\r\nGET x HTTP/1.1\r\n", 400, 8},
      {head + " ", 400, 26},
      {head + "X: \x01", 400, 29},
      {head + "X : y\r\n\r\n", 400, 26},
      {head + "Host: b\r\n\r\n", 400, 32},
      {head + "Content-Length: 5x\r\n\r\n", 400, 42},
      {"GET / HTTP/1.1\r\n\r\n", 400, 18},
      {head + "Transfer-Encoding: chunked\r\n\r\nx", 400, 56},
      {head + "Transfer-Encoding: chunked\r\n\r\n1\r\nab", 400, 60},
      {head + "Transfer-Encoding: chunked\r\n\r\nfffff\r", 413, 61},
      {head + "Transfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n", 400, 59},
  };
  RequestReader reader{Limits{}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.bytes);
    const Outcome outcome = test::read_whole(reader, c.bytes);
    EXPECT_EQ(outcome.status, c.status);
    EXPECT_EQ(outcome.offset, c.offset) << outcome.reason;
    const Outcome earlier = test::read_whole(reader, c.bytes.substr(0, c.bytes.size() - 1));
    EXPECT_EQ(earlier.state, State::kMore);
  }
}

TEST(RequestReader, GivesEveryPartOfAHead) {
  const std::string wire =
      "POST /signup?code=k3y HTTP/1.1\r\n"
      "Host: api.example.com\r\n"
      "AUTHORIZATION: Basic YjJjOnNlY3JldA==\r\n"
      "Content-type:\tapplication/json; charset=utf-8 \r\n"
      "Content-Encoding: gzip\r\n"
      "Expect: 100-continue\r\n"
      "X-Empty:\r\n"
      "Content-Length: 2\r\n\r\n{}";
  RequestReader reader{Limits{}};
  test::MovingBuffer buffer;
  char* const bytes = buffer.grow(wire, wire.size());
  ASSERT_EQ(reader.advance(bytes, wire.size()), State::kHead);
  EXPECT_TRUE(reader.in_body());
  EXPECT_EQ(reader.expected_bytes(), wire.size());
  EXPECT_EQ(reader.request().known(Known::kHost), "api.example.com");

  ASSERT_EQ(reader.advance(bytes, wire.size()), State::kMessage);
  EXPECT_FALSE(reader.in_body());
  const Request& request = reader.request();
  EXPECT_EQ(request.method, Method::kPost);
  EXPECT_EQ(request.method_text, "POST");
  EXPECT_EQ(request.target, "/signup?code=k3y");
  EXPECT_EQ(request.path, "/signup");
  EXPECT_EQ(request.query, "code=k3y");
  EXPECT_TRUE(request.http_1_1);
  EXPECT_TRUE(request.keep_alive);
  EXPECT_TRUE(request.expects_continue);
  EXPECT_EQ(request.body, "{}");
  EXPECT_EQ(request.head_bytes, wire.size() - 2);
  EXPECT_EQ(request.wire_bytes, wire.size());
  EXPECT_EQ(request.known(Known::kAuthorization), "Basic YjJjOnNlY3JldA==");
  EXPECT_EQ(request.known(Known::kContentType), "application/json; charset=utf-8");
  EXPECT_EQ(request.known(Known::kContentEncoding), "gzip");
  EXPECT_EQ(request.known(Known::kContentLength), "2");
  EXPECT_FALSE(request.has(Known::kTransferEncoding));
  EXPECT_FALSE(request.has(Known::kConnection));
  ASSERT_EQ(request.field_count, 7u);
  EXPECT_EQ(request.fields[5].name, "X-Empty");
  EXPECT_EQ(request.fields[5].value, "");
  ASSERT_NE(request.find("x-EMPTY"), nullptr);
  EXPECT_EQ(request.find("x-empty"), &request.fields[5]);
  EXPECT_EQ(request.find("x-emptie"), nullptr);
  EXPECT_EQ(request.find("x"), nullptr);
}

TEST(RequestReader, KnowsTheMethodsOfTheServer) {
  struct Case {
    std::string_view text;
    Method method;
  };
  constexpr Case kCases[] = {
      {"GET", Method::kGet},        {"HEAD", Method::kHead},     {"POST", Method::kPost},
      {"PUT", Method::kPut},        {"DELETE", Method::kDelete}, {"OPTIONS", Method::kOptions},
      {"PATCH", Method::kPatch},    {"TRACE", Method::kOther},   {"get", Method::kOther},
      {"M-SEARCH", Method::kOther}, {"QUERY", Method::kOther},   {"GETS", Method::kOther},
      {"PURGED", Method::kOther},   {"OPTIONX", Method::kOther}, {"PRI", Method::kOther},
  };
  RequestReader reader{Limits{}};
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const Outcome outcome =
        test::read_whole(reader, std::string(c.text) + " / HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(outcome.state, State::kMessage);
    EXPECT_EQ(outcome.method, c.method);
    EXPECT_EQ(outcome.method_text, c.text);
  }
}

TEST(RequestReader, TakesHostFromAnAbsoluteTarget) {
  RequestReader reader{Limits{}};
  const std::string wire = "GET http://b:81/x?y HTTP/1.1\r\nHost: a\r\n\r\n";
  test::MovingBuffer buffer;
  char* const bytes = buffer.grow(wire, wire.size());
  ASSERT_EQ(reader.advance(bytes, wire.size()), State::kHead);
  EXPECT_EQ(reader.request().known(Known::kHost), "b:81");
  EXPECT_EQ(reader.request().path, "/x");
  EXPECT_EQ(reader.request().query, "y");
}

TEST(RequestReader, IgnoresAnExpectationInHttp10) {
  RequestReader reader{Limits{}};
  const Outcome outcome = test::read_whole(
      reader, "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx");
  ASSERT_EQ(outcome.state, State::kMessage);
  EXPECT_FALSE(outcome.expects_continue);
}

TEST(RequestReader, KeepsTheContentEncodingThatIsNotIdentity) {
  RequestReader reader{Limits{}};
  for (const std::string_view order : {"identity|gzip", "gzip|identity", "gzip|br", "|gzip"}) {
    SCOPED_TRACE(order);
    const std::size_t bar = order.find('|');
    const std::string wire =
        test::post("Content-Encoding: " + std::string(order.substr(0, bar)) +
                   "\r\nContent-Encoding: " + std::string(order.substr(bar + 1)) + "\r\n");
    test::MovingBuffer buffer;
    ASSERT_EQ(reader.advance(buffer.grow(wire, wire.size()), wire.size()), State::kHead);
    EXPECT_EQ(reader.request().known(Known::kContentEncoding), "gzip");
    reader.reset();
  }
}

TEST(RequestReader, TellsWhenTheMessageBegins) {
  RequestReader reader{Limits{}};
  const std::string wire = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  test::MovingBuffer buffer;
  EXPECT_FALSE(reader.started());
  for (std::size_t size = 1; size < wire.size(); ++size) {
    ASSERT_EQ(reader.advance(buffer.grow(wire, size), size), State::kMore);
    EXPECT_EQ(reader.started(), size > 2) << size;
    EXPECT_EQ(reader.expected_bytes(), 0u);
  }
  ASSERT_EQ(reader.advance(buffer.grow(wire, wire.size()), wire.size()), State::kHead);
  EXPECT_TRUE(reader.started());
  EXPECT_EQ(reader.expected_bytes(), wire.size());
  reader.reset();
  EXPECT_FALSE(reader.started());
}

TEST(RequestReader, NeverExpectsMoreBytesThanTheMessageHas) {
  RequestReader reader{Limits{}};
  for (const test::RawCase& c : test::raw_cases()) {
    if (c.status != 0 || c.bytes.size() > 1'000) continue;
    SCOPED_TRACE(c.name);
    reader.reset();
    test::MovingBuffer buffer;
    const std::size_t message = c.bytes.size() - c.behind;
    for (std::size_t size = 1; size <= message; ++size) {
      char* const bytes = buffer.grow(c.bytes, size);
      State state = reader.advance(bytes, size);
      if (state == State::kHead) state = reader.advance(bytes, size);
      ASSERT_LE(reader.expected_bytes(), message);
      if (reader.in_body()) {
        ASSERT_GT(reader.expected_bytes(), size);
      }
    }
    EXPECT_EQ(reader.expected_bytes(), message);
  }
}

TEST(RequestReader, ReadsOneMessageAfterTheOther) {
  const std::vector<std::string> messages = {
      test::counted("5"),
      test::chunked("3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: u\r\n\r\n"),
      "\r\n" + test::post("Connection: Upgrade\r\nUpgrade: h2c\r\n"),
      "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
      "GET /last HTTP/1.0\r\n\r\n",
  };
  std::string wire;
  for (const std::string& message : messages) wire += message;
  RequestReader reader{Limits{}};
  test::MovingBuffer buffer;
  char* bytes = buffer.grow(wire, wire.size());
  std::size_t left = wire.size();
  std::string bodies;
  for (const std::string& message : messages) {
    ASSERT_EQ(reader.advance(bytes, left), State::kHead);
    ASSERT_EQ(reader.advance(bytes, left), State::kMessage);
    EXPECT_EQ(reader.request().wire_bytes, message.size());
    bodies += std::string(reader.request().body) + "|";
    bytes += message.size();
    left -= message.size();
    ASSERT_EQ(std::string_view(bytes, left), wire.substr(wire.size() - left));
    reader.reset();
  }
  EXPECT_EQ(left, 0u);
  EXPECT_EQ(bodies, "hello|abcde||||");
  EXPECT_EQ(reader.advance(bytes, 0), State::kMore);
}

TEST(RequestReader, StaysRefusedUntilItIsReset) {
  RequestReader reader{Limits{}};
  std::string bad = "GET /\n" + std::string(test::kPadding, ' ');
  ASSERT_EQ(reader.advance(bad.data(), 6), State::kRefused);
  EXPECT_EQ(reader.advance(bad.data(), 6), State::kRefused);
  EXPECT_EQ(reader.refusal().status, 400);
  reader.reset();
  EXPECT_EQ(test::read_whole(reader, test::counted("5")).body, "hello");
}

TEST(RequestReader, KeepsToTheLimitsItIsGiven) {
  Limits limits;
  limits.request_line_bytes = 15;
  limits.head_bytes = 70;
  limits.header_fields = 2;
  limits.body_bytes = 4;
  limits.chunk_extension_bytes = 3;
  limits.trailer_bytes = 6;
  struct Case {
    std::string bytes;
    int status;
  };
  const std::string line = "PUT / HTTP/1.1\r\n";
  const std::string coded = line + "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::vector<Case> cases = {
      {line + "Host: a\r\n\r\n", 0},
      {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"\r\nPOST / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {line + "Host: a\r\nX:\r\n\r\n", 0},
      {line + "Host: a\r\nX:\r\nY:\r\n\r\n", 431},
      {line + "Host: " + std::string(44, 'a') + "\r\n\r\n", 0},
      {line + "Host: " + std::string(45, 'a') + "\r\n\r\n", 431},
      {line + "Host: a\r\nContent-Length: 4\r\n\r\nabcd", 0},
      {line + "Host: a\r\nContent-Length: 5\r\n\r\nabcde", 413},
      {coded + "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", 0},
      {coded + "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", 413},
      {coded + "1;ab\r\nx\r\n0;c\r\n\r\n", 0},
      {coded + "1;ab\r\nx\r\n0;cd\r\n\r\n", 413},
      {coded + "0\r\nA: b\r\n\r\n", 0},
      {coded + "0\r\nA: bc\r\n\r\n", 431},
      {coded + "0\r\nA:\r\nB:\r\n\r\n", 431},
  };
  RequestReader reader{limits};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.bytes);
    const Outcome whole = test::read_whole(reader, c.bytes);
    EXPECT_EQ(whole.status, c.status) << whole.reason;
    EXPECT_EQ(whole.state, c.status == 0 ? State::kMessage : State::kRefused);
    EXPECT_TRUE(test::read_in_pieces(reader, c.bytes, test::ends_every(1, c.bytes.size())) ==
                whole);
  }
}

TEST(RequestReader, RefusesEveryControlByteEverywhereInAHead) {
  const std::string wire = "POST /a HTTP/1.1\r\nHost: a\r\nX-Name: some value\r\n\r\n";
  RequestReader reader{Limits{}};
  for (int byte = 0; byte < 0x80; ++byte) {
    if (byte >= 0x20 && byte != 0x7f) continue;
    for (std::size_t at = 0; at < wire.size(); ++at) {
      std::string mutant = wire;
      mutant[at] = static_cast<char>(byte);
      if (mutant == wire) continue;
      const Outcome outcome = test::read_whole(reader, mutant);
      // HTAB may stand where a blank may: around and in a value.
      const bool in_value = at > wire.find("X-Name:") + 6 && at < wire.size() - 4;
      const bool around_host = at == wire.find(" a\r\n");
      if (byte == '\t' && (in_value || around_host)) {
        EXPECT_EQ(outcome.state, State::kMessage) << at;
      } else {
        EXPECT_EQ(outcome.status, 400) << "byte " << byte << " at " << at;
      }
    }
  }
}

TEST(RequestReader, AcceptsEveryByteAboveAsciiInAnOrdinaryValueOnly) {
  RequestReader reader{Limits{}};
  for (int byte = 0x80; byte < 0x100; ++byte) {
    const std::string c(1, static_cast<char>(byte));
    EXPECT_EQ(test::read_whole(reader, test::post("X: a" + c + "b\r\n")).state, State::kMessage);
    EXPECT_EQ(test::read_whole(reader, test::post("X" + c + ": a\r\n")).status, 400);
    EXPECT_EQ(test::read_whole(reader, test::hosted("a" + c)).status, 400);
    EXPECT_EQ(test::read_whole(reader, test::requested("GET /" + c + " HTTP/1.1")).status, 400);
    EXPECT_EQ(test::read_whole(reader, test::counted("5" + c)).status, 400);
    EXPECT_EQ(test::read_whole(reader, test::coded("chunked" + c)).status, 400);
  }
}

/// Each character has one class in names and targets, whatever llhttp thinks of it.
TEST(RequestReader, TakesTheCharactersOfTheGrammarAndNoOthers) {
  const std::string_view token_signs = "!#$%&'*+-.^_`|~";
  RequestReader reader{Limits{}};
  for (int byte = 1; byte < 0x80; ++byte) {
    const char c = static_cast<char>(byte);
    SCOPED_TRACE(byte);
    const bool alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const bool token = alphanumeric || token_signs.find(c) != std::string_view::npos;
    const bool target = c > 0x20 && c < 0x7f && c != '#';
    // As the middle of a name a colon ends it: "X:Y: v" is X with the value "Y: v".
    EXPECT_EQ(test::read_whole(reader, test::post(std::string("X") + c + "Y: v\r\n")).state ==
                  State::kMessage,
              token || c == ':');
    EXPECT_EQ(
        test::read_whole(reader, test::requested(std::string("G") + c + "T / HTTP/1.1")).state ==
            State::kMessage,
        token);
    EXPECT_EQ(
        test::read_whole(reader, test::requested(std::string("GET /") + c + "a HTTP/1.1")).state ==
            State::kMessage,
        target);
  }
}

/// hardening.md, section 3: every byte at every place of a Transfer-Encoding line, put in, put
/// over another and taken away. Nobody may read a body here that is framed in another way there: a
/// message passes as chunked, or with a name that no recipient takes for Transfer-Encoding.
TEST(RequestReader, NeverFramesAMutatedTransferEncodingLineInTwoWays) {
  const std::string before = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string line = "Transfer-Encoding: chunked\r\n";
  const std::string after = "\r\n5\r\nhello\r\n0\r\n\r\n";
  RequestReader reader{Limits{}};
  int chunked = 0;
  int others = 0;
  const auto judge = [&](const std::string& mutant, const char* how, std::size_t at, int byte) {
    const std::string wire = before + mutant + after;
    const Outcome outcome = test::read_whole(reader, wire);
    ASSERT_TRUE(outcome == test::read_in_pieces(reader, wire, test::ends_every(7, wire.size())));
    if (outcome.state != State::kMessage) {
      ASSERT_TRUE(outcome.status == 400 || outcome.status == 501 || outcome.status == 431)
          << how << ' ' << byte << " at " << at;
      return;
    }
    if (outcome.body == "hello") {
      ++chunked;
      // Only letters in the other case and blanks around the value leave the meaning alone.
      std::string plain;
      for (const char c : mutant) {
        if (c != ' ' && c != '\t') plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
      }
      ASSERT_EQ(plain, "transfer-encoding:chunked\r\n") << how << ' ' << byte << " at " << at;
      return;
    }
    ++others;
    ASSERT_EQ(outcome.body, "") << how << ' ' << byte << " at " << at;
    // It came through as another field, under the very name that was sent, and no other line of
    // the message has changed.
    const std::string name = mutant.substr(0, mutant.find(':'));
    ASSERT_NE(outcome.fields.find("\n" + name + "="), std::string::npos);
    ASSERT_FALSE(core::http::equals_ignoring_case(name, "transfer-encoding"));
    for (const char c : name) ASSERT_TRUE(core::http::kToken.contains(c));
    ASSERT_EQ(outcome.wire_bytes, before.size() + mutant.size() + 2);
  };
  for (std::size_t at = 0; at <= line.size(); ++at) {
    for (int byte = 0; byte < 0x100; ++byte) {
      const std::string c(1, static_cast<char>(byte));
      judge(line.substr(0, at) + c + line.substr(at), "insert", at, byte);
      if (at == line.size()) continue;
      judge(line.substr(0, at) + c + line.substr(at + 1), "replace", at, byte);
    }
    if (at < line.size()) judge(line.substr(0, at) + line.substr(at + 1), "delete", at, -1);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(chunked, 50);
  EXPECT_GT(others, 1'000);
}

/// hardening.md, section 3: mutants of all cases. However a mutant is cut, the reader says the same
/// of it, and every refusal has a rule of ours: never is llhttp alone in refusing a head, for that
/// would make the answer depend on its version.
TEST(RequestReader, SaysTheSameOfTwentyThousandMutants) {
  std::vector<std::string> seeds;
  for (const test::RawCase& c : test::raw_cases()) {
    if (c.bytes.size() <= 400) seeds.push_back(c.bytes);
  }
  std::uint32_t random = 9112;
  const auto below = [&random](std::size_t end) {
    random = random * 1'664'525u + 1'013'904'223u;
    return static_cast<std::size_t>((std::uint64_t{random} * end) >> 32);
  };
  constexpr std::string_view kTelling = "\r\n\t :;,\"0x\x7f\xff#-_";
  RequestReader reader{Limits{}};
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string mutant = seeds[below(seeds.size())];
    for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
      const std::size_t at = below(mutant.size());
      const char c =
          below(2) == 0 ? kTelling[below(kTelling.size())] : static_cast<char>(below(256));
      switch (below(4)) {
        case 0:
          mutant[at] = c;
          break;
        case 1:
          mutant.insert(at, 1, c);
          break;
        case 2:
          if (mutant.size() > 1) mutant.erase(at, 1);
          break;
        default:
          mutant.insert(below(mutant.size()), mutant.substr(at, 1 + below(30)));
          break;
      }
    }
    const Outcome whole = test::read_whole(reader, mutant);
    accepted += whole.state == State::kMessage;
    refused += whole.state == State::kRefused;
    ASSERT_NE(whole.reason, "the fields are malformed") << testing::PrintToString(mutant);
    const auto pieces = test::ends_every(1 + below(20), mutant.size());
    ASSERT_TRUE(test::read_in_pieces(reader, mutant, pieces) == whole)
        << testing::PrintToString(mutant);
  }
  EXPECT_GT(accepted, 1'000);
  EXPECT_GT(refused, 5'000);
}

/// The cost of a message that trickles in is linear: the scan of the head, which every byte passes
/// once, does not begin again. Seen from outside: bytes that were accepted are not looked at again.
TEST(RequestReader, DoesNotLookAtTheBytesOfAHeadTwice) {
  const std::string wire = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(200, 'v') + "\r\n\r\n";
  const std::size_t seen = 120;  // within the value
  RequestReader reader{Limits{}};
  test::MovingBuffer buffer;
  ASSERT_EQ(reader.advance(buffer.grow(wire, seen), seen), State::kMore);
  char* const bytes = buffer.grow(wire, seen + 1);
  bytes[60] = '\0';  // a connection would not do that
  EXPECT_EQ(reader.advance(bytes, seen + 1), State::kMore);
}

}  // namespace
