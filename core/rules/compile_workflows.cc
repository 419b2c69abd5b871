// What rules ask of the state, compiled.
#include <chrono>

#include "core/rules/ask_version.h"
#include "core/rules/compiler.h"

namespace core::rules {
namespace {

std::int64_t seconds(config::milliseconds time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

}  // namespace

void Compiler::compile_approval(const config::Rule& rule, std::string_view connector, Ask& ask) {
  const config::Text& name = rule.action.backend;
  const config::Approval* written = nullptr;
  std::vector<std::string_view> known;
  const std::size_t count = names_.approvals != nullptr ? names_.approvals->size() : 0;
  for (std::size_t i = 0; i < count; ++i) {
    const config::Approval& candidate = (*names_.approvals)[i];
    known.emplace_back(candidate.name.value);
    if (candidate.name.value == name.value) written = &candidate;
  }
  if (written == nullptr) {
    if (name.value.empty()) return;  // the loader has said it
    diagnostics_.error(name.mark, name.value.size(), "unknown approval \"" + name.value + "\"",
                       known.empty() ? "no `approvals` are defined" : config::suggest(name.value, known));
    return;
  }
  auto workflow = std::make_shared<Workflow>();
  workflow->asks = config::Asks::kApproval;
  workflow->name = name.value;
  workflow->when_away = rule.when_away.value_or(config::WhenAway::kClosed);
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
  ask.backend_name = full_name(*workflow);
  ask.version = version_of(rule, ask.backend_name, connector);
  ask.remembers_retry = false;  // the record knows who has asked, and what is decided counts at once
  ask.workflow = std::move(workflow);
}

}  // namespace core::rules
