// The request reader: whatever comes, whole or in pieces cut where the input says, gives the same
// messages, and no byte outside of the buffer is touched.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/http/request_reader.h"

namespace {

using core::http::RequestReader;
using State = RequestReader::State;

constexpr std::size_t kPadding = 32;

/// Statuses and bodies of the messages in `bytes`, read in pieces of at most `piece` bytes.
std::string read_all(const std::uint8_t* bytes, std::size_t size, std::size_t piece) {
  RequestReader reader{core::http::Limits{}};
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
    if (state == State::kRefused) return story + " refused " + std::to_string(reader.refusal().status);
    if (state == State::kMessage) {
      story += " message ";
      story += reader.request().path;
      story += ' ';
      story += reader.request().body;
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
  if (read_all(bytes, size, size + 1) != read_all(bytes, size, piece)) std::abort();
  return 0;
}
