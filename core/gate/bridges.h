#pragma once

#include <vector>

#include "core/config/config.h"
#include "core/config/diagnostics.h"

namespace core::gate {

/// Warns of what is lost between a connector and a backend that speaks as another caller does
/// (protocol.md section e), where the configuration can do something about it.
void warn_of_bridges(const config::Connector& connector,
                     const std::vector<config::Backend>& backends,
                     config::Diagnostics& diagnostics);

}  // namespace core::gate
