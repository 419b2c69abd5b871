#pragma once

#include "proxy/forward/workflows.h"
#include "proxy/state/approvals.h"
#include "proxy/state/limits.h"

namespace proxy::state {

/// Hands what rules ask of the state to whoever answers it. Thread: any.
class Workflows final : public forward::Workflows {
 public:
  /// `limits`: null where machines share none.
  explicit Workflows(Approvals& approvals, Limits* limits = nullptr) : approvals_(approvals), limits_(limits) {}

  void ask(forward::WorkflowQuestion question, std::function<void(forward::WorkflowAnswer)> done) override {
    if (question.workflow->approval) return approvals_.ask(std::move(question), std::move(done));
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
  Limits* limits_;
};

}  // namespace proxy::state
