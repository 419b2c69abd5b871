#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/upstream/asker.h"

namespace proxy::upstream {

/// Reads one answer after the other from a connection's bytes.
class AnswerReader {
 public:
  enum class State : std::uint8_t { kMore, kComplete, kRefused };

  AnswerReader(std::size_t header_bytes_max, std::size_t body_bytes_max)
      : head_max_(header_bytes_max), body_max_(body_bytes_max) {}

  void reset(bool head_only);
  State advance(std::string_view bytes);
  State finish();
  std::size_t left_over() const { return left_over_; }
  bool too_large() const { return too_large_; }
  bool keep_alive() const { return keep_alive_; }
  void take(Outcome& outcome);

 private:
  std::size_t head_max_, body_max_;
  std::string bytes_;
  std::size_t left_over_ = 0;
  bool head_only_ = false, too_large_ = false, keep_alive_ = true;
  std::size_t head_ = 0, length_ = 0;
  bool to_end_ = false;
  int status_ = 0;
};

}  // namespace proxy::upstream
