// What rules ask of the state, compiled.
#include <chrono>

#include "core/rules/ask_version.h"
#include "core/rules/compiler.h"

namespace core::rules {
namespace {

std::int64_t seconds(config::milliseconds time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

/// The one of `all` that `name` is; reports an unknown one. `what` it is in the singular, and `section` where
/// they are defined. Null also for an empty name, of which the loader has spoken.
template <typename Written>
const Written* find_written(const std::vector<Written>* all, const config::Text& name, std::string_view what,
                            std::string_view section, config::Diagnostics& diagnostics) {
  std::vector<std::string_view> known;
  for (std::size_t i = 0; all != nullptr && i < all->size(); ++i) {
    const Written& candidate = (*all)[i];
    if (candidate.name.value == name.value) return &candidate;
    known.emplace_back(candidate.name.value);
  }
  if (name.value.empty()) return nullptr;
  diagnostics.error(name.mark, name.value.size(), "unknown " + std::string(what) + " \"" + name.value + "\"",
                    known.empty() ? "no `" + std::string(section) + "` are defined"
                                  : config::suggest(name.value, known));
  return nullptr;
}

std::shared_ptr<Workflow> begun(const config::Rule& rule) {
  auto workflow = std::make_shared<Workflow>();
  workflow->asks = rule.action.asks;
  workflow->name = rule.action.backend.value;
  workflow->when_away = rule.when_away.value_or(config::WhenAway::kClosed);
  return workflow;
}

}  // namespace

void Compiler::compile_approval(const config::Rule& rule, std::string_view connector, Ask& ask) {
  const config::Approval* const written =
      find_written(names_.approvals, rule.action.backend, "approval", "approvals", diagnostics_);
  if (written == nullptr) return;
  const std::shared_ptr<Workflow> workflow = begun(rule);
  Workflow::Approval& approval = workflow->approval.emplace();
  approval.requests = rule.approval_step == config::ApprovalStep::kRequest;
  approval.keep_s = seconds(written->keep);
  approval.erase_s = seconds(written->erase_after);
  for (const auto& [to, from] : {std::pair{&approval.requested, &written->requested},
                                 std::pair{&approval.pending, &written->pending},
                                 std::pair{&approval.denied, &written->denied}}) {
    if (!from->value.empty()) resolve_message(*from);
    *to = from->value;
  }
  workflow->wants_claims = approval.requests;
  for (const config::Text& subject : written->key) {
    ask.key.push_back(program_.subjects_[compile_subject(subject)]);
  }
  finish_workflow(rule, connector, workflow, ask);
}

void Compiler::compile_invitation(const config::Rule& rule, std::string_view connector, Ask& ask) {
  const config::Invitation* const written =
      find_written(names_.invitations, rule.action.backend, "invitation", "invitations", diagnostics_);
  if (written == nullptr) return;
  const std::shared_ptr<Workflow> workflow = begun(rule);
  Workflow::Invitation& invitation = workflow->invitation.emplace();
  for (std::size_t i = 0; i < config::kInvitationRefusalCount; ++i) {
    const config::Text& message = written->messages[i];
    if (!message.value.empty()) resolve_message(message);
    invitation.told[i] = {message.value, written->blocks[i]};
  }
  invitation.forget_s = seconds(written->forget);
  if (written->code.value.empty()) return;  // the loader has said it
  if (const auto claim = compile_claim(written->code, "a code")) workflow->about = *claim;
  std::vector<config::Text> key = {written->code, {"email.canonical", written->mark, false},
                                   {"email.domain", written->mark, false}};
  key.insert(key.end(), written->person.begin(), written->person.end());
  for (const config::Text& subject : key) ask.key.push_back(program_.subjects_[compile_subject(subject)]);
  finish_workflow(rule, connector, workflow, ask);
}

/// What is the same for all of them.
void Compiler::finish_workflow(const config::Rule& rule, std::string_view connector,
                               std::shared_ptr<const Workflow> workflow, Ask& ask) {
  ask.backend_name = full_name(*workflow);
  ask.version = version_of(rule, ask.backend_name, connector);
  ask.remembers_retry = false;  // the record knows who has asked, and what is decided counts at once
  ask.workflow = std::move(workflow);
}

}  // namespace core::rules
