#include "proxy/forward/workflow_landing.h"

#include <memory>
#include <new>
#include <utility>

#include "core/decisions/encoded.h"
#include "core/rules/evaluation.h"
#include "proxy/forward/mailbox.h"

namespace proxy::forward {
namespace {

namespace decisions = core::decisions;
namespace rules = core::rules;

/// Told where there may be no memory for another.
const Landing kAway = [] {
  Landing landing;
  landing.why = core::gate::Fallback::kState;
  landing.from_state = true;
  return landing;
}();

}  // namespace

std::optional<WorkflowQuestion> make_workflow_question(const core::gate::Asked& asked,
                                                       const core::gate::Connector& connector,
                                                       rules::Evaluation& evaluation,
                                                       std::string_view body, std::int64_t now_s) {
  const rules::Ask& ask = *asked.ask;
  WorkflowQuestion question;
  question.workflow = ask.workflow;
  question.count = asked.count;
  question.connector = connector.name;
  question.now_s = now_s;
  question.retry_ms = static_cast<std::uint64_t>(connector.retry_window.count());
  for (const rules::Subject& subject : ask.key) {
    const std::string_view value = evaluation.text_of(subject);
    question.key.push_back(value.data() == nullptr ? std::nullopt : std::optional<std::string>(value));
  }
  if (evaluation.arena().exhausted()) return std::nullopt;
  if (ask.workflow->wants_claims) {
    question.body = body;
    for (const core::claims::NameId id : evaluation.changed()) {
      const core::claims::Claim& claim = evaluation.claims()[id];
      question.set.push_back({std::string(claim.name), claim.kind, std::string(claim.value)});
    }
  }
  return question;
}

void WorkflowFlight::land(const WorkflowAnswer& answer, std::uint64_t now_ms) const noexcept {
  std::shared_ptr<const Landing> landing(std::shared_ptr<void>(), &kAway);
  try {
    const bool decided = answer.outcome == WorkflowAnswer::Outcome::kDecision;
    const bool open = answer.outcome == WorkflowAnswer::Outcome::kAway &&
                      when_away == core::config::WhenAway::kOpen;
    if (answer.outcome == WorkflowAnswer::Outcome::kCounted) {
      auto made = std::make_shared<Landing>();
      made->from_state = true;
      made->counted = answer.counted;
      landing = std::move(made);
    } else if (decided || open) {
      auto made = std::make_shared<Landing>();
      made->from_state = true;
      decisions::encode(decided ? answer.decision : decisions::Decision(), made->decision);
      if (by_body && decided) {
        made->keep_body_ms = window_ms;
        shared->cache.put(body_key, made->decision, {window_ms, 0, 0}, now_ms);
      }
      landing = std::move(made);
    }
  } catch (const std::bad_alloc&) {  // the connector's `otherwise`
  }
  for (const Waiter& waiter : shared->flights.land(flight)) {
    waiter.where->post({waiter.pending, waiter.rule, landing});
  }
}

}  // namespace proxy::forward
