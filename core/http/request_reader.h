#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/http/chunked.h"
#include "core/http/field_rules.h"
#include "core/http/line_reader.h"
#include "core/http/message.h"
#include "core/http/refusal.h"

namespace core::http {

/// Reads one request after the other from a connection's bytes, strictly.
///
/// llhttp splits the fields, but for heads in which no line leaves it a choice (plain_field.h).
/// What it leaves open or handles differently from version to version (hardening.md, section 2) is
/// decided here on the raw bytes: line ends, control bytes, folding, the request line, Host, the
/// framing fields, and the whole body, which llhttp never sees. A chunked body is decoded in place,
/// so that it lies in one piece. request_reader.cc has the why.
///
/// The bytes of a message are presented from its first byte on, again and again while it grows;
/// between two calls they may move to another buffer. Nothing is parsed twice. A reader between two
/// messages holds no state, so all idle connections of a loop share one. Never allocates after
/// construction. Thread: one owner.
class RequestReader {
 public:
  /// Who splits the fields of a head that has only plain ones. The answer is the same, which the
  /// tests and the fuzz target hold by asking both: llhttp is slower.
  enum class PlainFields : std::uint8_t { kSplitHere, kByLlhttp };

  explicit RequestReader(const Limits& limits, PlainFields plain = PlainFields::kSplitHere);
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  enum class State : std::uint8_t {
    kMore,     // the message is incomplete: present it again with more bytes
    kHead,     // reported once, when the head is complete: request() has everything but the body
    kMessage,  // complete; wire_bytes of it belong to this message
    kRefused,  // see refusal()
  };

  /// Goes on with the message that begins at `bytes`; `size` counts all of it that is there.
  /// `padding` bytes (claims::kReadPadding, 32) behind are readable. The bytes of a chunked body
  /// are overwritten by its decoded form.
  State advance(char* bytes, std::size_t size) noexcept;

  /// Ready for the next message.
  void reset() noexcept;

  /// After kHead or kMessage, until the next call.
  const Request& request() const noexcept { return request_; }
  const Refusal& refusal() const noexcept { return refusal_; }
  /// True once the first byte that belongs to the message (no leading line end) was seen.
  bool started() const noexcept { return started_; }
  /// True between kHead and kMessage.
  bool in_body() const noexcept { return phase_ == Phase::kCounted || phase_ == Phase::kChunked; }
  /// How many bytes the message will have in all, as far as it is known: a hint for the buffer.
  /// 0 while the head is incomplete.
  std::size_t expected_bytes() const noexcept;

 private:
  enum class Phase : std::uint8_t { kHead, kCounted, kChunked, kMessage, kRefused };

  State read_request_line(const char* bytes, std::size_t size) noexcept;
  State read_fields(const char* bytes, std::size_t size) noexcept;
  State finish_head(const char* bytes) noexcept;
  State finish_message() noexcept;
  bool split_fields(const char* bytes) noexcept;
  State diagnose(const char* bytes) noexcept;
  State refuse(int status, std::size_t offset, std::string_view reason) noexcept;
  State refused() noexcept;
  void follow(const char* bytes) noexcept;

  Limits limits_;
  std::unique_ptr<Header[]> fields_;
  llhttp_t behind_request_line_;  // copied for each head; never run itself
  Phase phase_ = Phase::kHead;
  bool started_ = false;
  const char* bytes_ = nullptr;  // where the message was at the last call
  std::size_t fields_at_ = 0;    // 0 until the request line is complete
  std::size_t line_count_ = 0;   // of the fields
  bool split_here_;              // PlainFields::kSplitHere
  bool plain_ = false;           // so far: every line is in fields_ already
  std::size_t body_at_ = 0;
  std::size_t content_length_ = 0;
  LineReader line_;
  ChunkedDecoder chunks_;
  Request request_;
  Refusal refusal_;
};

}  // namespace core::http
