#pragma once

#include <string_view>

#include "proxy/redis/link.h"
#include "proxy/state/approvals.h"
#include "proxy/state/invitations.h"
#include "proxy/state/limits.h"
#include "proxy/state/redis_decisions.h"
#include "proxy/state/store.h"
#include "proxy/telemetry/metrics.h"

namespace proxy::state {

/// Adds what `store` counts; `kind` is "memory", "sqlite" or "redis". It must live as long as `metrics`
/// is asked.
void add_metrics(telemetry::Metrics& metrics, const Store& store, std::string_view kind);

/// Adds what a link to a Redis counts.
void add_metrics(telemetry::Metrics& metrics, const redis::Link& link);
/// Who has answered for limits that machines share.
void add_metrics(telemetry::Metrics& metrics, const Limits& limits);
/// What became of decisions that machines share.
void add_metrics(telemetry::Metrics& metrics, const RedisDecisions& decisions);

/// Adds what became of approvals.
void add_metrics(telemetry::Metrics& metrics, const Approvals& approvals);
/// And of codes.
void add_metrics(telemetry::Metrics& metrics, const Invitations& invitations);

}  // namespace proxy::state
