#include "core/http/chunked.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "tests/core/http/pieces.h"

namespace {

using core::http::ChunkedDecoder;
using core::http::Limits;
using core::http::Refusal;
using ChunkState = ChunkedDecoder::State;

struct Decoded {
  ChunkState state = ChunkState::kMore;
  std::string content, behind;
  std::size_t end = 0;
  int status = 0;
  std::size_t offset = 0;
  bool operator==(const Decoded&) const = default;
};

/// Decodes a body that begins behind a head of `head` bytes, which nobody may touch.
Decoded decode(ChunkedDecoder& decoder, const std::string& wire, std::size_t head,
               const std::vector<std::size_t>& ends) {
  decoder.begin(head);
  test::MovingBuffer buffer;
  Decoded decoded;
  Refusal refusal;
  for (const std::size_t end : ends) {
    char* const bytes = buffer.grow(wire, end);
    if (end < head) continue;
    decoded.state = decoder.advance(bytes, end, refusal);
    if (decoded.state != ChunkState::kMore) break;
  }
  EXPECT_EQ(buffer.view().substr(0, head), wire.substr(0, std::min(head, buffer.view().size())));
  if (decoded.state == ChunkState::kRefused) {
    decoded.status = refusal.status;
    decoded.offset = refusal.offset;
  }
  if (decoded.state == ChunkState::kDone) {
    decoded.end = decoder.end();
    decoded.content = buffer.view().substr(head, decoder.decoded_bytes());
    decoded.behind =
        std::string(buffer.view().substr(decoded.end)) + wire.substr(buffer.view().size());
  }
  return decoded;
}

/// A body of chunks of pseudo-random sizes, and its content.
std::string random_chunks(unsigned seed, std::string& content) {
  const auto next = [&seed] { return seed = seed * 1'103'515'245u + 12'345u; };
  std::string wire;
  for (unsigned chunk = 0, count = next() / 65'536 % 8; chunk < count; ++chunk) {
    const std::size_t size = 1 + next() / 65'536 % (chunk % 2 == 0 ? 3 : 70);
    char digits[32];
    std::snprintf(digits, sizeof digits, chunk % 3 == 0 ? "%zX" : "%04zx", size);
    wire += digits;
    if (chunk % 4 == 1) wire += ";n=\"v;\\\"\"";
    wire += "\r\n";
    for (std::size_t i = 0; i < size; ++i) {
      const char c = "\r\n0;abc\0"[next() / 65'536 % 8];
      wire += c;
      content += c;
    }
    wire += "\r\n";
  }
  return wire + (seed % 2 == 0 ? "0\r\n\r\n" : "00;last\r\nTrailer-Name: x\r\n\r\n");
}

TEST(ChunkedDecoder, PutsTheContentTogetherWhereverItIsCut) {
  ChunkedDecoder decoder{Limits{}};
  const std::string head(19, 'h');
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::string content;
    const std::string wire = head + random_chunks(seed, content) + "GET / HT";
    const Decoded whole = decode(decoder, wire, head.size(), {wire.size()});
    ASSERT_EQ(whole.state, ChunkState::kDone);
    ASSERT_EQ(whole.content, content);
    ASSERT_EQ(whole.behind, "GET / HT");
    ASSERT_EQ(whole.end, wire.size() - 8);
    for (std::size_t cut = head.size(); cut < wire.size(); ++cut) {
      ASSERT_TRUE(decode(decoder, wire, head.size(), {cut, wire.size()}) == whole) << cut;
    }
    const auto bytewise = test::ends_every(1, wire.size());
    ASSERT_TRUE(decode(decoder, wire, head.size(), bytewise) == whole);
  }
}

TEST(ChunkedDecoder, BoundsTheFramingOfAllChunksTogether) {
  Limits limits;
  limits.body_bytes = 4'000;
  ChunkedDecoder decoder{limits};
  const std::size_t framing_max = limits.body_bytes + ChunkedDecoder::kFramingSlack;
  const std::string smallest = "1\r\nx\r\n";                // 5 bytes of framing
  const std::string largest = "0000000000000001\r\nx\r\n";  // 20 bytes
  for (const auto& [chunk, framing] : {std::pair{smallest, 5u}, std::pair{largest, 20u}}) {
    const std::size_t count = std::min<std::size_t>(framing_max / framing, limits.body_bytes);
    std::string fits;
    for (std::size_t i = 0; i + 1 < count; ++i) fits += chunk;
    std::string wire = fits + "0\r\n\r\n";
    EXPECT_EQ(decode(decoder, wire, 0, {wire.size()}).state, ChunkState::kDone);

    std::string endless = fits;
    for (int i = 0; i < 4'000; ++i) endless += chunk;
    const Decoded refused = decode(decoder, endless, 0, {endless.size()});
    EXPECT_EQ(refused.status, 413);
    EXPECT_LE(refused.offset, framing_max + limits.body_bytes);
  }
}

TEST(ChunkedDecoder, ComparesASizeWithTheLimitBeforeItsContentComes) {
  Limits limits;
  limits.body_bytes = 16;
  ChunkedDecoder decoder{limits};
  for (const std::string_view line : {"11\r", "11;", "ffffffffffffffff\r", "8000000000000000;"}) {
    SCOPED_TRACE(line);
    const std::string wire(line);
    EXPECT_EQ(decode(decoder, wire, 0, {wire.size()}).status, 413);
    EXPECT_EQ(decode(decoder, wire, 0, {wire.size() - 1}).state, ChunkState::kMore);
  }
  const std::string second = "10\r\n0123456789abcdef\r\n1\r";
  EXPECT_EQ(decode(decoder, second, 0, {second.size()}).offset, second.size() - 1);
  const std::string full = "10\r\n0123456789abcdef\r\n0\r\n\r\n";
  EXPECT_EQ(decode(decoder, full, 0, {full.size()}).content, "0123456789abcdef");
}

/// hardening.md, section 1: every byte value in place of each byte of the framing, but one digit of
/// a size for another. Either only a value that nobody reads is different, or the body is refused.
TEST(ChunkedDecoder, NeverReadsMutatedFramingAsOtherContent) {
  const std::string wire = "5;a=b\r\nhello\r\n3\r\nabc\r\n0\r\nT: u\r\n\r\n";
  ChunkedDecoder decoder{Limits{}};
  const Decoded plain = decode(decoder, wire, 0, {wire.size()});
  ASSERT_EQ(plain.content, "helloabc");
  const std::size_t content_at = wire.find("hello");
  const std::size_t second_at = wire.find("abc");
  int refused = 0;
  for (std::size_t at = 0; at < wire.size(); ++at) {
    if ((at >= content_at && at < content_at + 5) || (at >= second_at && at < second_at + 3)) {
      continue;
    }
    for (int byte = 0; byte < 0x100; ++byte) {
      std::string mutant = wire;
      mutant[at] = static_cast<char>(byte);
      if (std::isxdigit(byte) != 0 && std::isdigit(wire[at]) != 0) continue;
      const Decoded decoded = decode(decoder, mutant, 0, {mutant.size()});
      if (decoded.state == ChunkState::kDone) {
        ASSERT_EQ(decoded.content, plain.content) << byte << " at " << at;
        ASSERT_EQ(decoded.end, wire.size()) << byte << " at " << at;
      } else {
        refused += decoded.state == ChunkState::kRefused;
      }
    }
  }
  EXPECT_GT(refused, 5'000);
}

TEST(ChunkedDecoder, AcceptsTheSixteenDigitsAndNothingAroundThem) {
  ChunkedDecoder decoder{Limits{}};
  for (int byte = 0; byte < 0x100; ++byte) {
    const char c = static_cast<char>(byte);
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    const std::string first = std::string(1, c);
    EXPECT_EQ(decode(decoder, first, 0, {1}).state, digit ? ChunkState::kMore : ChunkState::kRefused);
    const std::string second = std::string("1") + c;
    EXPECT_EQ(decode(decoder, second, 0, {2}).state,
              digit || c == ';' || c == '\r' ? ChunkState::kMore : ChunkState::kRefused);
  }
}

}  // namespace
