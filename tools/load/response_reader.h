#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace load {

/// Reads HTTP/1.1 responses (RFC 9112) from bytes that arrive in pieces of any size: body by
/// Content-Length, chunked or up to the end of the connection; 1xx answers are passed over.
/// Strict, because a generator that forgives hides defects of what it measures. Bounded in head,
/// body and chunk lines. Pure; after the first responses it allocates nothing.
class ResponseReader {
 public:
  static constexpr std::size_t kHeadBytesMax = 64 * 1024;  // head, or trailers with chunk lines
  static constexpr std::size_t kBodyBytesMax = 4 * 1024 * 1024;

  enum class State : std::uint8_t { kReading, kDone, kBad };

  /// Consumes bytes until a response is complete, bad, or the bytes are used up; answers how many
  /// were consumed. In kDone and kBad nothing is consumed: call start() for the next response.
  std::size_t feed(std::string_view bytes);
  /// The connection has ended. True when that completes the response (a body up to the end).
  bool end_of_stream();
  /// Begins a new response.
  void start();

  State state() const noexcept { return state_; }
  /// True when no byte of the current response has arrived.
  bool untouched() const noexcept { return untouched_; }
  /// Valid in kDone.
  int status() const noexcept { return status_; }
  /// Valid in kDone, until start().
  std::string_view body() const noexcept { return body_; }
  /// Valid in kDone: false when the server will close the connection.
  bool keep_alive() const noexcept { return keep_alive_; }
  /// In kBad: what is wrong; static text.
  std::string_view fault() const noexcept { return fault_; }

 private:
  enum class Part : std::uint8_t {
    kStatusLine,
    kFields,
    kBody,
    kBodyToEnd,
    kChunkSize,
    kChunk,
    kChunkEnd,
    kTrailers
  };

  bool take_line(std::string_view bytes, std::size_t& at, std::string_view& line);
  void on_line(std::string_view line);
  void on_status_line(std::string_view line);
  void on_field(std::string_view line);
  void on_head_end();
  void on_chunk_size(std::string_view line);
  void bad(std::string_view fault) noexcept;
  void done() noexcept { state_ = State::kDone; }

  std::string body_;
  std::string carry_;  // the beginning of a line whose end has not arrived
  std::string_view fault_;
  std::size_t line_bytes_ = 0;  // head, chunk lines and trailers so far
  std::uint64_t left_ = 0;      // of the body or of the chunk
  std::uint64_t content_length_ = 0;
  int status_ = 0;
  State state_ = State::kReading;
  Part part_ = Part::kStatusLine;
  bool untouched_ = true;
  bool keep_alive_ = true;
  bool has_length_ = false;
  bool chunked_ = false;
};

}  // namespace load
