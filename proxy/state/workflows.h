#pragma once

#include "proxy/forward/workflows.h"
#include "proxy/state/approvals.h"

namespace proxy::state {

/// Hands what rules ask of the state to whoever answers it. Thread: any.
class Workflows final : public forward::Workflows {
 public:
  explicit Workflows(Approvals& approvals) : approvals_(approvals) {}

  void ask(forward::WorkflowQuestion question, std::function<void(forward::WorkflowAnswer)> done) override {
    if (question.workflow->approval) return approvals_.ask(std::move(question), std::move(done));
    done({});  // nobody answers this kind here
  }

 private:
  Approvals& approvals_;
};

}  // namespace proxy::state
