#pragma once

#include <cstddef>
#include <optional>

#include "proxy/commands/configuration.h"
#include "proxy/net/server.h"

namespace proxy::commands {

/// Divides `limits.memory` of the configuration among its workers, and says in the log how: `limits` gets
/// a worker's share, `limits.connections_max` is one worker's already. The bound of the whole process in
/// bytes; nothing when it is too little for the other limits, which it says on stderr with the place of the
/// setting and the least it could be. `has_state`: rules may wait for the state. `program_bytes` were
/// resident before the configuration was read. Thread: the main one, at the start.
std::optional<std::size_t> plan_memory(const Configuration& configuration, bool has_state,
                                       std::size_t program_bytes, net::ServerLimits& limits);

}  // namespace proxy::commands
