#pragma once

#include <cstddef>
#include <cstdint>

#include "core/rules/verdict.h"
#include "proxy/byte_ring.h"

namespace proxy::capture {

/// What became of a captured request: numbers only, as in the access log. Names come from the
/// snapshot of its generation when the line is written.
struct Record {
  std::int64_t time_us = 0;  // since 1970
  std::uint32_t generation = 0;
  std::int32_t rule = core::rules::Verdict::kNoRule;
  std::uint16_t connector = 0;
  std::uint8_t step = 0;
  std::uint8_t outcome = 0;
};

/// Captured requests of one worker on their way to the writer, bodies included.
class Ring : public ByteRing<Record> {
 public:
  static constexpr std::size_t kBytes = 1 << 20;
  static constexpr std::size_t kBodyBytesMax = kBytes / 4;  // a larger body is never captured

  Ring() : ByteRing(kBytes) {}
};

}  // namespace proxy::capture
