// The response reader: whatever a backend sends, whole or in pieces cut where the input says, is
// read alike, and no byte outside of what was handed in is touched. Seeds: tests/fuzz/seeds/response.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "core/http/response_reader.h"

namespace {

using core::http::ResponseReader;
using State = ResponseReader::State;

std::string read(ResponseReader& reader, const std::uint8_t* bytes, std::size_t size,
                 std::size_t piece, bool head_only) {
  reader.reset(head_only);
  State state = State::kMore;
  std::size_t at = 0;
  while (at < size && state == State::kMore) {
    const std::size_t count = std::min(piece, size - at);
    const std::unique_ptr<char[]> exact(new char[count]);
    std::memcpy(exact.get(), bytes + at, count);
    state = reader.advance({exact.get(), count});
    at += count;
  }
  const std::size_t behind = size - at;
  if (state == State::kMore) state = reader.finish();
  if (state == State::kRefused) return "refused " + std::to_string(static_cast<int>(reader.error()));
  std::string story = std::to_string(reader.status()) + " ";
  for (const core::http::Header& field : reader.fields()) {
    if (field.name.empty()) std::abort();
    for (const std::string_view part : {field.name, field.value}) {
      if (part.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) std::abort();
      story += std::string(part) + "\n";
    }
  }
  story += std::string(reader.body());
  story += " " + std::to_string(reader.left_over() + behind);
  // A connection is kept only when nothing was behind the answer.
  if (reader.keep_alive() && reader.left_over() != 0) std::abort();
  return story;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  static ResponseReader reader{{4096, 64 << 10, 50, 4}};
  const std::size_t piece = bytes[0] % 32 + 1;
  const bool head_only = (bytes[0] & 0x80) != 0;
  ++bytes;
  --size;
  const std::string whole = read(reader, bytes, size, size, head_only);
  if (whole != read(reader, bytes, size, piece, head_only)) std::abort();
  return 0;
}
