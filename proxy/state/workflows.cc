#include "proxy/state/workflows.h"

#include <utility>

namespace proxy::state {
namespace {

constexpr std::size_t kQuestionBytes = 1024;  // of one without claims: its records, and what waits for the answer

std::size_t held_by(const forward::WorkflowQuestion& question) noexcept {
  std::size_t bytes = kQuestionBytes + question.body.size();
  for (const auto& value : question.key) bytes += value ? value->size() : 0;
  for (const core::decisions::DecidedClaim& claim : question.set) bytes += claim.name.size() + claim.value.size();
  return bytes;
}

}  // namespace

void Workflows::ask(forward::WorkflowQuestion question, std::function<void(forward::WorkflowAnswer)> done) {
  const std::size_t bytes = held_by(question);
  if (held_.fetch_add(bytes, std::memory_order_relaxed) + bytes > kBytesMax) {
    held_.fetch_sub(bytes, std::memory_order_relaxed);
    return done({});
  }
  auto told = [this, bytes, done = std::move(done)](forward::WorkflowAnswer answer) {
    held_.fetch_sub(bytes, std::memory_order_relaxed);
    done(std::move(answer));
  };
  if (question.workflow->approval) return approvals_.ask(std::move(question), std::move(told));
  if (question.workflow->invitation) return invitations_.ask(std::move(question), std::move(told));
  if (limits_ != nullptr && question.workflow->asks == core::config::Asks::kLimit) {
    return limits_->ask(question, std::move(told));
  }
  told({});  // nobody answers this kind here
}

}  // namespace proxy::state
