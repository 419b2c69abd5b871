#include "tools/load/response_reader.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace load {
namespace {

using State = ResponseReader::State;

/// Feeds a piece from a heap buffer of its exact size, so that a byte read past it is found.
std::size_t feed(ResponseReader& reader, std::string_view piece) {
  const auto exact = std::make_unique<char[]>(piece.size());
  if (!piece.empty()) std::memcpy(exact.get(), piece.data(), piece.size());
  return reader.feed({exact.get(), piece.size()});
}

/// Feeds all of `bytes` in pieces of `size`, up to the end of the first response.
ResponseReader read_in_pieces(std::string_view bytes, std::size_t size) {
  ResponseReader reader;
  reader.start();
  while (!bytes.empty() && reader.state() == State::kReading) {
    const std::string_view piece = bytes.substr(0, size);
    const std::size_t used = feed(reader, piece);
    EXPECT_LE(used, piece.size());
    EXPECT_TRUE(used == piece.size() || reader.state() != State::kReading);
    bytes.remove_prefix(piece.size());
  }
  return reader;
}

constexpr std::string_view kLength =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
    "13\r\n\r\n{\"a\":\"hello\"}";
constexpr std::string_view kChunked =
    "HTTP/1.1 400 Bad Request\r\ntransfer-encoding: Chunked\r\nConnection: close\r\n\r\n"
    "5\r\nhello\r\n0A;name=\"v\"\r\n, world!!\n\r\n0\r\nTrailer: x\r\n\r\n";

TEST(ResponseReader, ReadsTheSameCutAtEveryOffset) {
  struct Case {
    std::string_view bytes, body;
    int status;
    bool keep_alive;
  };
  constexpr Case kCases[] = {
      {kLength, "{\"a\":\"hello\"}", 200, true},
      {kChunked, "hello, world!!\n", 400, false},
      {"HTTP/1.1 204 No Content\r\n\r\n", "", 204, true},
      {"HTTP/1.1 200\r\nContent-Length:0\r\n\r\n", "", 200, true},
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", 200, false},
      {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok", "ok", 200, true},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
       "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 1\r\n\r\nx",
       "x", 401, true}};
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.bytes);
    for (std::size_t cut = 0; cut <= c.bytes.size(); ++cut) {
      ResponseReader reader;
      reader.start();
      EXPECT_EQ(feed(reader, c.bytes.substr(0, cut)), cut);
      EXPECT_EQ(reader.state() == State::kDone, cut == c.bytes.size()) << cut;
      EXPECT_EQ(reader.untouched(), cut == 0);
      feed(reader, c.bytes.substr(cut));
      ASSERT_EQ(reader.state(), State::kDone) << "cut at " << cut << ": " << reader.fault();
      EXPECT_EQ(reader.status(), c.status);
      EXPECT_EQ(reader.body(), c.body);
      EXPECT_EQ(reader.keep_alive(), c.keep_alive);
    }
    const ResponseReader bytewise = read_in_pieces(c.bytes, 1);
    ASSERT_EQ(bytewise.state(), State::kDone) << bytewise.fault();
    EXPECT_EQ(bytewise.body(), c.body);
  }
}

TEST(ResponseReader, TakesPipelinedResponsesOneByOne) {
  const std::string both = std::string(kLength) + std::string(kChunked) + std::string(kLength);
  for (std::size_t size = 1; size <= both.size(); ++size) {
    ResponseReader reader;
    reader.start();
    std::vector<int> statuses;
    std::string_view left = both;
    while (!left.empty()) {
      std::string_view piece = left.substr(0, size);
      left.remove_prefix(piece.size());
      while (!piece.empty()) {
        piece.remove_prefix(feed(reader, piece));
        if (reader.state() != State::kDone) continue;
        statuses.push_back(reader.status());
        reader.start();
      }
    }
    ASSERT_EQ(statuses, (std::vector<int>{200, 400, 200})) << size;
  }
}

TEST(ResponseReader, ReadsABodyUpToTheEndOfTheConnection) {
  ResponseReader reader;
  reader.start();
  feed(reader, "HTTP/1.1 200 OK\r\n\r\nall of");
  feed(reader, " this");
  EXPECT_EQ(reader.state(), State::kReading);
  EXPECT_TRUE(reader.end_of_stream());
  EXPECT_EQ(reader.body(), "all of this");
  EXPECT_FALSE(reader.keep_alive());
}

TEST(ResponseReader, DoesNotTakeAnEarlyEndForAResponse) {
  for (const std::string_view bytes : {kLength, kChunked}) {
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      ResponseReader reader;
      reader.start();
      feed(reader, bytes.substr(0, cut));
      EXPECT_FALSE(reader.end_of_stream()) << cut;
    }
  }
}

TEST(ResponseReader, RefusesWhatIsNoResponse) {
  constexpr std::string_view kCases[] = {
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 099 OK\r\n\r\n",
      "HTTP/1.1 600 OK\r\n\r\n",
      "HTTP/1.1  200 OK\r\n\r\n",
      "\r\nHTTP/1.1 200 OK\r\n\r\n",
      "{\"action\":\"Continue\"}\r\n",
      "HTTP/1.1 200 OK\n\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 4194305\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
      "HTTP/1.1 200 OK\r\n: empty\r\n\r\n",
      "HTTP/1.1 200 OK\r\nName : x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n"};
  for (const std::string_view bytes : kCases) {
    SCOPED_TRACE(bytes);
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
      const ResponseReader reader = read_in_pieces(bytes, size);
      ASSERT_EQ(reader.state(), State::kBad) << size;
      EXPECT_FALSE(reader.fault().empty());
    }
  }
}

TEST(ResponseReader, BoundsHeadsAndTrailersAndInterimResponses) {
  const std::string line(1000, 'x');
  for (const std::string& start :
       {std::string("HTTP/1.1 200 OK\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")}) {
    std::string bytes = start;
    for (int i = 0; i < 100; ++i) bytes += "A: " + line + "\r\n";
    EXPECT_EQ(read_in_pieces(bytes, 777).state(), State::kBad);
  }
  std::string interim;
  for (int i = 0; i < 5'000; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(read_in_pieces(interim, 777).state(), State::kBad);
}

TEST(ResponseReader, BoundsABodyWithoutLength) {
  ResponseReader reader;
  reader.start();
  feed(reader, "HTTP/1.1 200 OK\r\n\r\n");
  const std::string piece(1024 * 1024, 'x');
  for (int i = 0; i < 5 && reader.state() == State::kReading; ++i) feed(reader, piece);
  EXPECT_EQ(reader.state(), State::kBad);
}

}  // namespace
}  // namespace load
