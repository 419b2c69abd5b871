#pragma once

#include <cstdint>

namespace core::config {

/// Who calls a connector, and by which wire contract (protocol.md 0.2).
enum class DialectName : std::uint8_t { kB2cUserflow, kB2bSignup, kExtId, kB2cPolicy };

/// Where the requests of a custom policy have their claims (protocol.md b.1).
enum class ClaimsIn : std::uint8_t { kBody, kForm, kHeader, kQuery, kUrl };

}  // namespace core::config
