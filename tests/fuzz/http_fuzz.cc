// The request reader: whatever comes, whole or in pieces cut where the input says, with plain
// fields split by the reader or by llhttp, gives the same messages or the same refusal, and no byte
// outside of the buffer is touched.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/http/request_reader.h"

namespace {

using core::http::RequestReader;
using PlainFields = RequestReader::PlainFields;
using State = RequestReader::State;

constexpr std::size_t kPadding = 32;

/// Statuses, fields and bodies of the messages in `bytes`, read in pieces of at most `piece` bytes.
std::string read_all(const std::uint8_t* bytes, std::size_t size, std::size_t piece,
                     PlainFields plain) {
  RequestReader reader{core::http::Limits{}, plain};
  std::string story;
  std::size_t begin = 0;
  std::size_t there = 0;
  std::vector<char> whole(bytes, bytes + size);
  while (there < size || begin < there) {
    if (there < size) there = std::min(size, there + piece);
    // An exact buffer that moves each time: the sanitizer sees one byte too far.
    const std::size_t count = there - begin;
    const std::unique_ptr<char[]> buffer(new char[count + kPadding]());
    std::memcpy(buffer.get(), whole.data() + begin, count);
    State state = reader.advance(buffer.get(), count);
    if (state == State::kHead) state = reader.advance(buffer.get(), count);
    std::memcpy(whole.data() + begin, buffer.get(), count);  // a chunked body was decoded in place
    if (state == State::kRefused) {
      const core::http::Refusal& refusal = reader.refusal();
      return story + " refused " + std::to_string(refusal.status) + " at " +
             std::to_string(refusal.offset) + ": " + std::string(refusal.reason);
    }
    if (state == State::kMessage) {
      story += " message ";
      story += reader.request().path;
      story += ' ';
      story += reader.request().body;
      for (std::size_t i = 0; i < reader.request().field_count; ++i) {
        story += '\n';
        story += reader.request().fields[i].name;
        story += '=';
        story += reader.request().fields[i].value;
      }
      if (reader.request().wire_bytes == 0 || reader.request().wire_bytes > count) std::abort();
      begin += reader.request().wire_bytes;
      reader.reset();
      continue;
    }
    if (there == size) break;
  }
  return story;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = bytes[0] % 16 + 1;
  ++bytes;
  --size;
  const std::string whole = read_all(bytes, size, size + 1, PlainFields::kSplitHere);
  if (whole != read_all(bytes, size, piece, PlainFields::kSplitHere)) std::abort();
  if (whole != read_all(bytes, size, size + 1, PlainFields::kByLlhttp)) std::abort();
  return 0;
}
