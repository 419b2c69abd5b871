#pragma once

#include <cstdint>

namespace core::config {

/// Who calls a connector, and by which wire contract (protocol.md 0.2).
enum class DialectName : std::uint8_t { kB2cUserflow, kB2bSignup, kExtId };

}  // namespace core::config
