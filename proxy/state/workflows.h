#pragma once

#include "proxy/forward/workflows.h"
#include "proxy/state/approvals.h"
#include "proxy/state/invitations.h"
#include "proxy/state/limits.h"

namespace proxy::state {

/// Hands what rules ask of the state to whoever answers it. Thread: any.
class Workflows final : public forward::Workflows {
 public:
  /// `limits`: null where machines share none.
  Workflows(Approvals& approvals, Invitations& invitations, Limits* limits = nullptr)
      : approvals_(approvals), invitations_(invitations), limits_(limits) {}

  void ask(forward::WorkflowQuestion question, std::function<void(forward::WorkflowAnswer)> done) override {
    if (question.workflow->approval) return approvals_.ask(std::move(question), std::move(done));
    if (question.workflow->invitation) return invitations_.ask(std::move(question), std::move(done));
    if (limits_ != nullptr && question.workflow->asks == core::config::Asks::kLimit) {
      return limits_->ask(question, std::move(done));
    }
    done({});  // nobody answers this kind here
  }
  bool counts() const noexcept override { return limits_ != nullptr; }
  void take_back(const core::gate::CountedAt& counted) noexcept override {
    if (limits_ != nullptr) limits_->take_back(counted);
  }

 private:
  Approvals& approvals_;
  Invitations& invitations_;
  Limits* limits_;
};

}  // namespace proxy::state
