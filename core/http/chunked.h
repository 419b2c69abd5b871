#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/http/line_reader.h"
#include "core/http/refusal.h"

namespace core::http {

/// Undoes the chunked coding (RFC 9112, 7.1) in place: the content of the chunks is moved together
/// behind the head, over framing that was read already. Strict: CR LF only, no white space around a
/// size, extensions by the grammar, trailers read as fields are and then forgotten.
///
/// Everything the peer can make long is bounded: a size has at most 16 digits and is compared with
/// the limit before its data comes; extensions and trailers have limits of their own; and the
/// framing of all chunks together (sizes and line ends) may take body_bytes + kFramingSlack, so
/// that a body sent in chunks of one byte cannot make a buffer five times as large as the limit
/// says. A message is therefore at most head + 2 * body_bytes + kFramingSlack + extensions +
/// trailers long. Thread: one owner.
class ChunkedDecoder {
 public:
  static constexpr std::size_t kFramingSlack = 16 << 10;

  enum class State : std::uint8_t { kMore, kDone, kRefused };

  explicit ChunkedDecoder(const Limits& limits) noexcept : limits_(limits) {}

  /// Begins with a body whose first byte is `body_at` bytes into the message.
  void begin(std::size_t body_at) noexcept;

  /// Goes on with a message of which `size` bytes are there; 31 more are readable. Bytes behind the
  /// message are neither read nor written. After kDone or kRefused: begin() first.
  State advance(char* message, std::size_t size, Refusal& refusal) noexcept;

  /// The content decoded so far lies from `body_at` on.
  std::size_t decoded_bytes() const noexcept { return decoded_end_ - body_at_; }
  /// After kDone: the length of the message.
  std::size_t end() const noexcept { return position_; }
  /// The least length the message can have by what was read.
  std::size_t expected_bytes() const noexcept;

 private:
  enum class Phase : std::uint8_t {
    kSizeStart,      // the first digit
    kSize,           // more digits, then ; or CR
    kExtensionName,  // behind a ; and its blanks
    kExtension,      // in the name
    kAfterName,      // blanks behind the name
    kValueStart,     // behind = and its blanks
    kValue,          // in a value that is a token
    kQuoted,         // in a quoted string
    kEscaped,        // behind its backslash
    kQuoteEnd,       // behind the closing quote
    kAfterValue,     // blanks behind a value
    kSizeLf,
    kContent,
    kContentCr,
    kContentLf,
    kTrailers,
  };

  bool refuse(Refusal& refusal, int status, std::string_view reason) const noexcept;
  bool read_size_line(const char* message, std::size_t size, Refusal& refusal) noexcept;
  bool read_size(char c, Refusal& refusal) noexcept;
  bool read_extension(char c, Refusal& refusal) noexcept;
  bool end_of_size(char c, Refusal& refusal) noexcept;
  bool count_framing(Refusal& refusal) noexcept;
  void move_content(char* message, std::size_t size) noexcept;
  State read_trailers(const char* message, std::size_t size, Refusal& refusal) noexcept;

  Limits limits_;
  Phase phase_ = Phase::kSizeStart;
  unsigned digits_ = 0;
  std::uint64_t chunk_bytes_ = 0;  // of the chunk at hand: still to come
  std::size_t body_at_ = 0;
  std::size_t decoded_end_ = 0;
  std::size_t position_ = 0;  // everything before was read
  std::size_t framing_bytes_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailers_at_ = 0;
  LineReader trailer_;
};

}  // namespace core::http
