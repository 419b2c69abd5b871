#pragma once

#include <atomic>
#include <cstddef>

#include "proxy/forward/workflows.h"
#include "proxy/state/approvals.h"
#include "proxy/state/invitations.h"
#include "proxy/state/limits.h"

namespace proxy::state {

/// Hands what rules ask of the state to whoever answers it. Questions bring copies of what requests have said, and
/// outlive whoever has waited for them: together they hold kBytesMax at most, and what is above that is answered
/// kAway at once. Thread: any.
class Workflows final : public forward::Workflows {
 public:
  static constexpr std::size_t kBytesMax = 32 << 20;

  /// `limits`: null where machines share none.
  Workflows(Approvals& approvals, Invitations& invitations, Limits* limits = nullptr)
      : approvals_(approvals), invitations_(invitations), limits_(limits) {}

  void ask(forward::WorkflowQuestion question, std::function<void(forward::WorkflowAnswer)> done) override;
  bool counts() const noexcept override { return limits_ != nullptr; }
  void take_back(const core::gate::CountedAt& counted) noexcept override {
    if (limits_ != nullptr) limits_->take_back(counted);
  }

 private:
  Approvals& approvals_;
  Invitations& invitations_;
  Limits* limits_;
  std::atomic<std::size_t> held_{0};  // bytes of questions under way
};

}  // namespace proxy::state
