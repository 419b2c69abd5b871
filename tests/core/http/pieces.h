#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/http/request_reader.h"

/// Feeds a reader as a connection would, from buffers that end where they must and move whenever
/// they grow.
namespace test {

inline constexpr std::size_t kPadding = 32;

/// All that a reader says about a message, in values that outlive its buffer.
struct Outcome {
  core::http::RequestReader::State state{};
  int heads = 0;  // how often kHead was reported
  int status = 0;
  std::size_t offset = 0;
  std::string reason;
  core::http::Method method{};
  std::string method_text, target, path, query, body, fields, known;
  bool http_1_1 = false, keep_alive = false, expects_continue = false;
  std::size_t head_bytes = 0, wire_bytes = 0;
  std::string behind;  // what lies behind the message, which nobody may touch

  bool operator==(const Outcome&) const = default;
};

inline Outcome outcome_of(const core::http::RequestReader& reader,
                          core::http::RequestReader::State state, int heads) {
  using core::http::Known;
  using State = core::http::RequestReader::State;
  Outcome outcome;
  outcome.state = state;
  outcome.heads = heads;
  if (state == State::kRefused) {
    outcome.status = reader.refusal().status;
    outcome.offset = reader.refusal().offset;
    outcome.reason = reader.refusal().reason;
    return outcome;
  }
  if (state != State::kMessage) return outcome;
  const core::http::Request& request = reader.request();
  outcome.method = request.method;
  outcome.method_text = request.method_text;
  outcome.target = request.target;
  outcome.path = request.path;
  outcome.query = request.query;
  outcome.body = request.body;
  outcome.http_1_1 = request.http_1_1;
  outcome.keep_alive = request.keep_alive;
  outcome.expects_continue = request.expects_continue;
  outcome.head_bytes = request.head_bytes;
  outcome.wire_bytes = request.wire_bytes;
  for (std::size_t i = 0; i < request.field_count; ++i) {
    outcome.fields +=
        std::string(request.fields[i].name) + "=" + std::string(request.fields[i].value) + "\n";
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(Known::kCount); ++i) {
    const auto known = static_cast<Known>(i);
    outcome.known += request.has(known) ? std::string(request.known(known)) + "\n" : "-\n";
  }
  return outcome;
}

/// A message as far as it is there, in a heap block of exactly its size and the padding, which is
/// filled with what would end a head, a chunk and a message if anybody believed it.
class MovingBuffer {
 public:
  /// The bytes up to `size` of `wire` are there from now on; the earlier ones come from the old
  /// block, as the reader left them, and the old block is gone.
  char* grow(std::string_view wire, std::size_t size) {
    auto block = std::make_unique<char[]>(size + kPadding);
    if (size_ != 0) std::memcpy(block.get(), block_.get(), size_);
    std::memcpy(block.get() + size_, wire.data() + size_, size - size_);
    for (std::size_t i = 0; i < kPadding; ++i) block[size + i] = "\r\n"[i % 2];
    block_ = std::move(block);
    size_ = size;
    return block_.get();
  }
  std::string_view view() const { return {block_.get(), size_}; }

 private:
  std::unique_ptr<char[]> block_;
  std::size_t size_ = 0;
};

/// Presents `wire` in pieces that end at `ends`, the last of which is its size.
inline Outcome read_in_pieces(core::http::RequestReader& reader, std::string_view wire,
                              const std::vector<std::size_t>& ends) {
  using State = core::http::RequestReader::State;
  reader.reset();
  MovingBuffer buffer;
  int heads = 0;
  State state = State::kMore;
  for (const std::size_t end : ends) {
    char* const bytes = buffer.grow(wire, end);
    state = reader.advance(bytes, end);
    if (state == State::kHead) {
      ++heads;
      state = reader.advance(bytes, end);
    }
    if (state == State::kRefused || state == State::kMessage) break;
  }
  Outcome outcome = outcome_of(reader, state, heads);
  if (state == State::kMessage) {
    // Bytes that had not come when the message was complete were never the reader's to touch.
    const std::size_t there = buffer.view().size();
    outcome.behind =
        std::string(buffer.view().substr(outcome.wire_bytes)) + std::string(wire.substr(there));
  }
  return outcome;
}

inline Outcome read_whole(core::http::RequestReader& reader, std::string_view wire) {
  return read_in_pieces(reader, wire, {wire.size()});
}

/// The ends of pieces of `size` bytes.
inline std::vector<std::size_t> ends_every(std::size_t size, std::size_t total) {
  std::vector<std::size_t> ends;
  for (std::size_t end = size; end < total; end += size) ends.push_back(end);
  ends.push_back(total);
  return ends;
}

}  // namespace test
