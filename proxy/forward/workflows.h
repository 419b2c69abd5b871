#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/decisions/decision.h"
#include "core/gate/at_hand.h"
#include "core/rules/ask.h"
#include "core/velocity/counters.h"

namespace proxy::forward {

/// What a workflow is asked for one request. Owns what it holds: it goes to another thread.
struct WorkflowQuestion {
  std::shared_ptr<const core::rules::Workflow> workflow;
  std::string connector;
  std::vector<std::optional<std::string>> key;  // values of Ask::key; empty: missing
  std::string body;    // of the request, when the workflow wants claims
  std::vector<core::decisions::DecidedClaim> set;  // and what rules have set since
  std::int64_t now_s = 0;     // Unix time of the request
  std::uint64_t retry_ms = 0;  // how long its caller may send the same again
  core::velocity::Question count = {};  // of a limit
};

struct WorkflowAnswer {
  enum class Outcome : std::uint8_t {
    kDecision,
    kUnresolved,  // the connector's `otherwise` is told: the request lacks what the workflow goes by
    kAway,        // the state is not to be had: `when_away` has its way
    kCounted,     // by a limit
  };
  Outcome outcome = Outcome::kAway;
  core::decisions::Decision decision = {};
  core::gate::CountedApart counted = {};
};

/// Answers what rules ask of the state. Thread: any. `done` is called exactly once, on any thread and
/// perhaps before ask() returns; it does not block and does not throw.
class Workflows {
 public:
  virtual ~Workflows() = default;
  virtual void ask(WorkflowQuestion question, std::function<void(WorkflowAnswer)> done) = 0;
  /// Whether it counts for limits that machines share: a reload may bring some before there is a Redis.
  virtual bool counts() const noexcept { return false; }
  /// An account that a limit has counted does not come to be. Nobody waits for it.
  virtual void take_back(const core::gate::CountedAt& counted) noexcept { static_cast<void>(counted); }
};

}  // namespace proxy::forward
