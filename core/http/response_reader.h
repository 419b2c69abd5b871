#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/http/chunked.h"
#include "core/http/line_reader.h"
#include "core/http/message.h"
#include "core/http/refusal.h"

namespace core::http {

/// What one answer of a backend may cost (docs/backends.md, `limits`).
struct ResponseLimits {
  std::size_t header_bytes = 32 << 10;  // status lines and fields, interim answers included
  std::size_t body_bytes = 1 << 20;     // without the transfer coding
  std::size_t header_fields = 200;
  std::size_t interim_answers = 8;      // 1xx before the final one
};

/// Reads the answers of a backend, strictly: one after the other, each from its first byte. The
/// other side of RequestReader, with which it shares the lines, the chunked decoder and the way that
/// llhttp is asked about fields only; a message is refused there where two readers could disagree.
///
/// Bytes come in pieces of any size and are kept here, because the answer outlives the connection's
/// read buffer. Field lines that every recipient reads alike are split as they come (plain_field.h);
/// llhttp is asked about a head that has another. A reader that waits for an answer holds no more than it has got, and nothing once the
/// answer was taken. Allocates; throws std::bad_alloc and nothing else. Thread: one owner.
class ResponseReader {
 public:
  explicit ResponseReader(const ResponseLimits& limits);
  ResponseReader(const ResponseReader&) = delete;
  ResponseReader& operator=(const ResponseReader&) = delete;

  enum class State : std::uint8_t {
    kMore,      // incomplete
    kComplete,  // the accessors below hold until reset()
    kRefused,   // see error(); the connection is of no use any more
  };
  enum class Error : std::uint8_t {
    kNone,
    kProtocol,  // no HTTP/1.1, or a message that does not say where it ends without doubt
    kTooLarge,  // beyond a limit
    kCut,       // the connection ended before the message
  };

  /// Other limits, from the next reset() on: connections outlive a reload.
  void adopt(const ResponseLimits& limits) noexcept;

  /// Ready for the next answer. `head_only`: the request was HEAD, so that there is no body.
  void reset(bool head_only);

  /// Takes the next bytes. All of `bytes` are taken unless the answer ends before: what is behind
  /// it answers nothing that was asked, left_over() counts it, and the connection has to be dropped
  /// (hardening.md: answer queue poisoning). So does calling this again after kComplete: kRefused.
  State advance(std::string_view bytes);

  /// The connection has ended. kComplete when the answer is whole, also when it lasts as long as
  /// the connection; else kRefused with Error::kCut.
  State finish() noexcept;

  Error error() const noexcept { return error_; }
  bool too_large() const noexcept { return error_ == Error::kTooLarge; }
  /// A sentence of ours, static; never contains what was sent.
  std::string_view reason() const noexcept { return reason_; }
  /// True once a byte of the answer has come.
  bool started() const noexcept { return size_ != 0; }

  int status() const noexcept { return status_; }
  /// In arrival order; no trailers.
  std::span<const Header> fields() const noexcept { return fields_; }
  /// Without the transfer coding.
  std::string_view body() const noexcept { return {bytes_.data() + body_at_, body_bytes_}; }
  /// The answer's own memory, for whoever keeps it: `bytes` is what the fields and the body, taken
  /// before, go on to point into. Call reset() before the next answer.
  struct Taken {
    std::string bytes;
    std::vector<Header> fields;
  };
  Taken take_answer() noexcept { return {std::move(bytes_), std::move(fields_)}; }
  /// Memory of an answer that nobody needs any more, for the one that is about to come: before its
  /// first byte.
  void lend(Taken&& room) noexcept {
    bytes_ = std::move(room.bytes);
    fields_ = std::move(room.fields);
    bytes_.clear();
    fields_.clear();
  }
  /// What this would hold once `more` bytes were taken, in bytes; for whoever bounds it. Without room to lend
  /// and without a byte of an answer it holds nothing.
  std::size_t held_with(std::size_t more) const noexcept;
  /// True when the connection can be asked again: the answer had an end of its own, nothing lay
  /// behind it, and the backend does not want to close.
  bool keep_alive() const noexcept { return keep_alive_ && left_over_ == 0; }
  std::size_t left_over() const noexcept { return left_over_; }

 private:
  enum class Phase : std::uint8_t {
    kStatusLine, kFields, kCounted, kChunked, kUntilClose, kComplete, kRefused,
  };
  struct Framing {
    bool chunked = false;
    bool counted = false;
    std::size_t content_length = 0;
  };

  bool read_status_line() noexcept;
  bool read_fields();
  bool finish_head();
  bool split_fields();
  bool apply_rules(Framing& framing) noexcept;
  bool begin_body(const Framing& framing) noexcept;
  State read_body() noexcept;
  State complete(std::size_t end) noexcept;
  bool refuse(Error error, std::string_view reason) noexcept;
  std::size_t room_for(std::size_t more) const noexcept;
  void take(std::string_view bytes);

  ResponseLimits limits_;
  std::optional<ResponseLimits> next_limits_;  // to be taken by reset()
  std::vector<Header> fields_;
  llhttp_t behind_status_line_;  // copied for each head; never run itself
  std::string bytes_;            // the answer, and padding that the scans may look at
  std::size_t size_ = 0;         // of it
  Phase phase_ = Phase::kStatusLine;
  Error error_ = Error::kNone;
  std::string_view reason_;
  bool head_only_ = false;
  bool http_1_1_ = true;
  bool plain_ = true;  // all field lines of this head were split, and fields_ has them
  bool keep_alive_ = false;
  int status_ = 0;
  std::size_t interim_ = 0;
  std::size_t head_at_ = 0;    // where the head at hand begins: behind interim answers
  std::size_t fields_at_ = 0;
  std::size_t line_count_ = 0;
  std::size_t body_at_ = 0;
  std::size_t body_bytes_ = 0;
  std::size_t content_length_ = 0;
  std::size_t left_over_ = 0;
  LineReader line_;
  ChunkedDecoder chunks_;
};

}  // namespace core::http
