#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/gate/gate.h"
#include "proxy/telemetry/metrics.h"

namespace proxy::forward {

/// One edition of the configuration as one worker answers with it. Requests that wait keep theirs,
/// so a reload decides nothing about them; it goes with the last of them. Thread: the worker's.
struct Serving {
  Serving(std::shared_ptr<const core::gate::Snapshot> snapshot, std::uint32_t number,
          std::size_t worker, std::size_t body_bytes_max, telemetry::Metrics& to)
      : gate(snapshot, worker, body_bytes_max),
        generation(number),
        metrics(to),
        counters(to.open(std::move(snapshot))) {}
  ~Serving() { metrics.close(counters); }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  core::gate::Gate gate;
  const std::uint32_t generation;
  telemetry::Metrics& metrics;
  telemetry::Counters* const counters;
  std::vector<std::size_t*> waiting;  // requests that wait, by connector: the forwarder's counts
};

}  // namespace proxy::forward
