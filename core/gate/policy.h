#pragma once

#include <string_view>

#include "core/config/config.h"
#include "core/config/diagnostics.h"
#include "core/gate/snapshot.h"

namespace core::gate {

/// A test may say that the connector's `otherwise` decided, by this word in place of a rule's name.
inline constexpr std::string_view kOtherwiseRule = "otherwise";

/// Looks up what `tests` and `capture` name: connectors, and their rules as they were compiled. An
/// unknown one is reported at its place.
void resolve_policy(const config::Config& config, const Snapshot& snapshot,
                    config::Diagnostics& diagnostics);

}  // namespace core::gate
