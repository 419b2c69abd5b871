// Replies of a Redis: bytes in pieces, cut where the input says, make the replies that they make as a whole, and a
// stream that is none of Redis' ends in a fault and stays there. Seeds: tests/fuzz/seeds/redis.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/redis/reply.h"

namespace {

using proxy::redis::Reply;
using proxy::redis::ReplyReader;
using Step = ReplyReader::Step;

constexpr std::size_t kBytesMax = 4096;

void append(std::string& story, const Reply& reply) {
  story += std::to_string(static_cast<int>(reply.kind)) + ":" + std::to_string(reply.integer) + ":" + reply.text;
  if (reply.kind != Reply::Kind::kArray && !reply.items.empty()) std::abort();
  if (reply.kind == Reply::Kind::kError && !reply.text.starts_with(reply.error_word())) std::abort();
  story += "[";
  for (const Reply& item : reply.items) append(story, item);
  story += "]";
}

/// Takes the replies that are complete. False when there was a fault.
bool take(ReplyReader& reader, std::string& story) {
  for (;;) {
    Reply reply;
    switch (reader.next(reply)) {
      case Step::kMore: return true;
      case Step::kFault: return false;
      case Step::kReply: append(story, reply);
    }
  }
}

/// The replies before a fault, or before the end.
std::string read(std::string_view bytes, std::size_t piece, bool& fault) {
  ReplyReader reader(kBytesMax);
  std::string story;
  fault = false;
  for (std::size_t at = 0; at < bytes.size() && !fault; at += piece) {
    const std::string_view part = bytes.substr(at, piece);
    const std::unique_ptr<char[]> exact(new char[part.size()]);
    std::memcpy(exact.get(), part.data(), part.size());
    fault = !reader.feed({exact.get(), part.size()}) || !take(reader, story);
  }
  if (fault) {
    Reply reply;
    if (reader.next(reply) == Step::kReply) std::abort();
  }
  return story;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = bytes[0] % 32 + 1;
  // What is not complete is bounded: larger pieces may be too much at once for what smaller ones bring one by one.
  const std::string_view stream(reinterpret_cast<const char*>(bytes + 1), std::min(size - 1, kBytesMax));
  bool whole_fault = false, pieces_fault = false;
  const std::string whole = read(stream, stream.size(), whole_fault);
  const std::string pieces = read(stream, piece, pieces_fault);
  if (whole != pieces || whole_fault != pieces_fault) std::abort();
  return 0;
}
