#pragma once

#include "proxy/forward/shared.h"
#include "proxy/telemetry/metrics.h"

namespace proxy::forward {

/// Adds the figures of the decision cache and of what waits; `shared` outlives `metrics`'
/// renderings.
void add_metrics(telemetry::Metrics& metrics, const Shared& shared);

}  // namespace proxy::forward
