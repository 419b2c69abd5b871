#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/http/syntax.h"

namespace core::http {

/// Cuts a growing message into lines, each ended by CR LF, and looks at every byte once. A control
/// byte other than HTAB, a CR or LF alone and a folded line (RFC 9112, 2.2 and 5.2) are refused as
/// soon as they are there. Positions count from the message's first byte. Thread: one owner.
class LineReader {
 public:
  enum class State : std::uint8_t { kLine, kMore, kRefused };

  /// Begins with the line at `start`.
  void begin(std::size_t start) noexcept { start_ = next_ = position_ = start; }

  /// Goes on to the end of the next line, which is then `size()` bytes from `start()` on. `end` is
  /// the count of bytes that may be looked at; 31 more are readable.
  State advance(const char* bytes, std::size_t end) noexcept {
    start_ = next_;
    for (;;) {
      position_ = find_control(bytes, position_, end);
      if (position_ + 1 < end) [[likely]] {
        if (bytes[position_] == '\r' && bytes[position_ + 1] == '\n') [[likely]] {
          size_ = position_ - start_;
          next_ = position_ += 2;
          return State::kLine;
        }
      } else if (position_ >= end || bytes[position_] == '\r') {
        return State::kMore;
      }
      if (bytes[position_] != '\t') return refuse(bytes[position_]);
      ++position_;
    }
  }

  /// The same behind the first line of a section: refuses a line that begins with white space.
  State advance_unfolded(const char* bytes, std::size_t end) noexcept {
    if (next_ < end && is_blank(bytes[next_])) [[unlikely]] {
      start_ = position_ = next_;
      reason_ = "a line begins with white space";
      return State::kRefused;
    }
    return advance(bytes, end);
  }

  std::size_t start() const noexcept { return start_; }
  std::size_t size() const noexcept { return size_; }
  /// Behind the last complete line.
  std::size_t next() const noexcept { return next_; }
  /// Everything before was looked at. After a refusal: the byte refused.
  std::size_t position() const noexcept { return position_; }
  std::string_view reason() const noexcept { return reason_; }

 private:
  State refuse(char c) noexcept {
    reason_ = c == '\r'   ? "a carriage return without a line feed"
              : c == '\n' ? "a line feed without a carriage return"
                          : "a control character";
    return State::kRefused;
  }

  std::size_t start_ = 0;
  std::size_t size_ = 0;
  std::size_t next_ = 0;
  std::size_t position_ = 0;
  std::string_view reason_;
};

}  // namespace core::http
