#pragma once

#include <string_view>

#include "proxy/state/approvals.h"
#include "proxy/state/invitations.h"
#include "proxy/state/store.h"
#include "proxy/telemetry/metrics.h"

namespace proxy::state {

/// Adds what `store` counts; `kind` is "memory", "sqlite" or "redis". It must live as long as `metrics`
/// is asked.
void add_metrics(telemetry::Metrics& metrics, const Store& store, std::string_view kind);

/// Adds what became of approvals.
void add_metrics(telemetry::Metrics& metrics, const Approvals& approvals);
/// And of codes.
void add_metrics(telemetry::Metrics& metrics, const Invitations& invitations);

}  // namespace proxy::state
