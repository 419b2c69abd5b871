#pragma once

#include <cstdint>

#include "core/gate/at_hand.h"
#include "core/gate/gate.h"
#include "proxy/forward/shared.h"
#include "proxy/forward/workflows.h"

namespace proxy::forward {

/// The question that `asked`, which an evaluation has just stopped at, puts to its workflow. Throws
/// std::bad_alloc; nothing when the evaluation's memory is exhausted.
std::optional<WorkflowQuestion> make_workflow_question(const core::gate::Asked& asked,
                                                       const core::gate::Connector& connector,
                                                       core::rules::Evaluation& evaluation,
                                                       std::string_view body, std::int64_t now_s);

/// Where an answer of a workflow goes: everybody who waits for the flight, on whichever worker.
struct WorkflowFlight {
  Shared* shared = nullptr;  // outlives the store
  core::decisions::Key flight, body_key;
  bool by_body = false;
  std::uint64_t window_ms = 0;
  core::config::WhenAway when_away = core::config::WhenAway::kClosed;

  /// Thread: any. `now_ms` is of the clock that decisions are kept by.
  void land(const WorkflowAnswer& answer, std::uint64_t now_ms) const noexcept;
};

}  // namespace proxy::forward
