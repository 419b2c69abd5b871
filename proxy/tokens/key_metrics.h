#pragma once

#include <functional>
#include <vector>

#include "core/callers/token_verifier.h"
#include "proxy/telemetry/metrics.h"
#include "proxy/tokens/key_keeper.h"

namespace proxy::tokens {

using VerifierCounters = std::vector<const core::callers::TokenVerifier::Counters*>;

/// Adds the figures of callers' tokens and of their keys. `keeper` outlives `metrics`' renderings, and so
/// does what `workers` answers.
void add_metrics(telemetry::Metrics& metrics, const KeyKeeper& keeper,
                 const std::function<VerifierCounters()>& workers);

}  // namespace proxy::tokens
