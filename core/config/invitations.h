#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/config/written.h"

/// `invitations` as it was written.
namespace core::config {

/// Why a code does not let somebody on.
enum class InvitationRefusal : std::uint8_t { kMissing, kUnknown, kExpired, kUsedUp, kElsewhere };
inline constexpr std::size_t kInvitationRefusalCount = 5;
/// As they are written in `messages` and `block`.
inline constexpr std::array<std::string_view, kInvitationRefusalCount> kInvitationRefusals = {
    "missing", "unknown", "expired", "used_up", "elsewhere"};

/// One of `invitations`.
struct Invitation {
  Text name;
  Mark mark;
  Text code;                 // the claim that a code is in
  std::vector<Text> person;  // subjects: who it is
  std::array<Text, kInvitationRefusalCount> messages;  // names; those left out are that of kUnknown
  std::array<bool, kInvitationRefusalCount> blocks{};  // told by a block, else by a validation error
  milliseconds valid{30LL * 24 * 3'600'000};   // how long a new code may be redeemed
  milliseconds forget{30LL * 24 * 3'600'000};  // `forget_after`: behind its end a code is forgotten
};

}  // namespace core::config
