#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/config/written.h"

namespace core::config {

/// One member of `velocity`: how often something may happen.
struct VelocityLimit {
  enum class Counts : std::uint8_t { kAttempts, kAccounts };

  Text name;
  std::vector<Text> key;  // subjects: "email.domain", "clientIp"
  std::chrono::milliseconds window{3'600'000};
  std::int64_t at_most = 1;
  Mark at_most_mark;
  Counts counts = Counts::kAttempts;
  std::optional<bool> shared;  // by machines; unset: where there is a Redis
  Mark shared_mark;
};

}  // namespace core::config
