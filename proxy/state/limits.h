#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "core/velocity/counters.h"
#include "proxy/forward/workflows.h"
#include "proxy/state/redis_counters.h"

namespace proxy::state {

/// Limits that machines share: a request is counted in the Redis and, where the rule says `when_away: local`, on this
/// machine as well, which then knows what has gone before when the Redis is not to be had. Thread: any.
class Limits {
 public:
  /// Both outlive the link.
  Limits(RedisCounters& shared, core::velocity::Counters& local) : shared_(shared), local_(local) {}

  /// What a rule with a limit asks. `done` is called once, on the link's thread or before the call returns.
  void ask(const forward::WorkflowQuestion& question, std::function<void(forward::WorkflowAnswer)> done);
  /// An account that was counted does not come to be. What the Redis does not take back leaves its window there.
  void take_back(const core::gate::CountedAt& counted) noexcept;

  /// Answers, by who gave them; the last of what could not be taken back.
  struct Figures {
    std::atomic<std::uint64_t> redis{0}, local{0}, open{0}, closed{0}, not_taken_back{0};
  };
  const Figures& figures() const noexcept { return figures_; }

 private:
  RedisCounters& shared_;
  core::velocity::Counters& local_;
  Figures figures_;
};

}  // namespace proxy::state
