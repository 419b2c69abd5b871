#pragma once

#include <cstdint>

namespace core::rules {

enum class VerdictKind : std::uint8_t { kContinue, kBlock, kValidationError };

/// What the caller is told, and who decided it.
struct Verdict {
  static constexpr std::int32_t kNoRule = -1;     // the end of the rules was reached
  static constexpr std::int32_t kOtherwise = -2;  // the rules could not be brought to an end

  VerdictKind kind = VerdictKind::kContinue;
  std::int32_t rule = kNoRule;   // index into the connector's rules
  std::uint32_t message = 0;     // index into the snapshot's messages, for the last two kinds
  bool ask = false;              // no verdict yet: rule `rule` waits for its backend's decision

  /// As `message`: a decision brought the words, they are in Evaluation::said().
  static constexpr std::uint32_t kSaid = 0xFFFFFFFF;
};

}  // namespace core::rules
