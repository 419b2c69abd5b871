#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/callers/attempts.h"
#include "proxy/capture/capture.h"
#include "proxy/forward/shared.h"
#include "proxy/lists/keeper.h"
#include "proxy/telemetry/access_log.h"
#include "proxy/telemetry/metrics.h"
#include "proxy/tokens/key_keeper.h"
#include "proxy/worker.h"

namespace proxy::commands {

/// The parts of the running program that its metrics are read from. All outlive the metrics' last
/// rendering.
struct Measured {
  const telemetry::AccessLog& log;
  const lists::Keeper& keeper;
  const forward::Shared& shared;
  const tokens::KeyKeeper& keys;
  const core::callers::Attempts& attempts;
  const std::vector<std::unique_ptr<Worker>>& workers;
  std::size_t memory_bytes;  // the bound, as start-up adds it up
};
void add_metrics(telemetry::Metrics& metrics, const Measured& measured);
void add_metrics(telemetry::Metrics& metrics, const capture::Capture& capture);

}  // namespace proxy::commands
