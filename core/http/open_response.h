#pragma once

#include <cstddef>
#include <string_view>

#include "core/http/out_buffer.h"
#include "core/http/response.h"

namespace core::http {

/// A response whose body is written straight behind its head, before its length is known: the
/// answers of the in-line path are assembled once and never copied. Content-Length is the last
/// field and has room for three digits, as most answers need; finish() moves the body by a byte or
/// two when it needs other room. Thread: the owner of `out`.
class OpenResponse {
 public:
  /// Writes the head of a JSON answer. `out` is used by nobody else until finish() or cancel().
  OpenResponse(OutBuffer& out, int status, After after, std::string_view date) noexcept;

  /// False when `out` had no room for the head; cancel() is then all that is left.
  bool ok() const noexcept { return ok_; }
  /// Closes the response over what was appended since. False when there is no room.
  [[nodiscard]] bool finish() noexcept;
  /// Takes everything back.
  void cancel() noexcept { out_.truncate(begin_); }

 private:
  OutBuffer& out_;
  std::size_t begin_;
  std::size_t body_ = 0;
  bool ok_ = false;
};

}  // namespace core::http
