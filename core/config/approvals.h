#pragma once

#include <cstdint>
#include <vector>

#include "core/config/written.h"

/// `approvals` as it was written.
namespace core::config {

/// What a rule does about an approval (protocol.md c.2).
enum class ApprovalStep : std::uint8_t { kCheck, kRequest };

/// One of `approvals`.
struct Approval {
  Text name;
  Mark mark;
  std::vector<Text> key;  // subjects: whose approval it is
  Text requested, pending, denied;  // names of messages; `requested` empty: `pending`
  milliseconds keep{30LL * 24 * 3'600'000};        // how long it waits for a decision
  milliseconds erase_after{7LL * 24 * 3'600'000};  // the kept claims, behind the decision
};

}  // namespace core::config
