#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "proxy/net/memory.h"

namespace proxy::net {

/// What a process is made of, as far as its memory goes.
struct MemoryNeeds {
  core::config::Limits limits;
  std::size_t workers = 1;
  std::size_t connections = 1;     // of a worker: `limits.connections`, or what its descriptors allow
  bool tls = false;                // a listener has it
  bool fronted = false;            // a listener takes PROXY headers
  bool asks = false;               // a connector may wait for a backend
  std::size_t in_flight = 0;       // questions under way of a worker, all backends together
  std::size_t answer_bytes = 0;    // of the largest head and body that a backend may answer
  std::size_t response_bytes = 0;  // of the largest such body
  std::size_t program_bytes = 0;   // resident, with configuration and lists
  std::size_t reload_bytes = 0;    // of these: configuration and lists, held twice during a reload
  std::size_t decision_bytes = 0;
  std::size_t token_bytes = 0;     // of a worker: what verifies callers' tokens, and remembers them; 0: none are shown
  std::size_t counter_bytes = 0;   // of `velocity`
  std::size_t question_bytes = 0;  // of what rules ask of the state
  std::size_t link_bytes = 0;      // of what is on its way to a Redis, or from it
};

/// The bound on a process's memory: what may be held by what, in sum `limits.memory`, or as much as the
/// other limits add up to. Pure arithmetic, which start-up prints.
struct MemoryPlan {
  Memory::Bounds worker;  // of each
  std::size_t bytes = 0;  // of the process
  std::size_t least = 0;  // what `limits.memory` must be with these other limits
  std::vector<std::string> lines;  // the arithmetic, for a person
  bool fits() const noexcept { return bytes >= least; }
};
MemoryPlan plan_memory(const MemoryNeeds& needs);

/// Resident bytes of this process now; 0 when the system does not say.
std::size_t resident_bytes();

}  // namespace proxy::net
