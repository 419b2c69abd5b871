#pragma once

#include "proxy/forward/workflows.h"
#include "proxy/state/approvals.h"
#include "proxy/state/invitations.h"

namespace proxy::state {

/// Hands what rules ask of the state to whoever answers it. Thread: any.
class Workflows final : public forward::Workflows {
 public:
  Workflows(Approvals& approvals, Invitations& invitations) : approvals_(approvals), invitations_(invitations) {}

  void ask(forward::WorkflowQuestion question, std::function<void(forward::WorkflowAnswer)> done) override {
    if (question.workflow->approval) return approvals_.ask(std::move(question), std::move(done));
    if (question.workflow->invitation) return invitations_.ask(std::move(question), std::move(done));
    done({});  // nobody answers this kind here
  }

 private:
  Approvals& approvals_;
  Invitations& invitations_;
};

}  // namespace proxy::state
