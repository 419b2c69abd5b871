#include "core/rules/program.h"

namespace core::rules {

bool is_settable(claims::NameId id) noexcept {
  return id != claims::kStep && id != claims::kClientId && id != claims::kUiLocales &&
         id != claims::kIdentities && id != claims::kObjectId;
}

bool Program::test(std::uint32_t index, Evaluation& evaluation, Tracer* tracer) const noexcept {
  const Node& node = nodes_[index];
  if (node.op == Op::kAny) {
    for (std::uint32_t child = index + 1; child < node.end; child = nodes_[child].end) {
      if (test(child, evaluation, tracer)) return true;
    }
    return false;
  }
  if (node.op == Op::kNot) return !test(index + 1, evaluation, tracer);
  // An `all`, which nearly every `when` is, or a test as an `all` of itself: the tests in it are made
  // here, without a call for each.
  for (std::uint32_t at = node.op == Op::kAll ? index + 1 : index; at < node.end;
       at = nodes_[at].end) {
    const Node& one = nodes_[at];
    if (one.op <= Op::kNot) {
      if (!test(at, evaluation, tracer)) return false;
      continue;
    }
    Value value;
    const bool matched = leaf(one, evaluation, value);
    if (tracer != nullptr) tracer->on_test(at, value.text, value.present(), matched);
    if (!matched) return false;
  }
  return true;
}

bool Program::assign(std::uint32_t index, Evaluation& evaluation, Tracer* tracer) const noexcept {
  for (const Assignment& assignment : rules_[index].assignments) {
    const std::string_view value =
        assignment.text.render(evaluation, Template::Missing::kFails, Template::Values::kAsTheyAre);
    const bool done = value.data() != nullptr;
    if (done && !evaluation.set(assignment.claim, assignment.name, value, assignment.kind)) {
      return false;
    }
    if (tracer != nullptr) tracer->on_set(index, assignment, value, done);
    if (evaluation.arena().exhausted()) return false;
  }
  return true;
}

/// Makes the claims of a backend's continue those of the evaluation. What would identify another
/// request is left out. False when there is no room.
bool Program::take(const decisions::DecisionView& decision,
                   Evaluation& evaluation) const noexcept {
  bool taken = true;
  evaluation.begin_taking();
  decision.for_each_claim([&](const decisions::DecisionView::Claim& claim) {
    if (claim.name.empty()) return true;  // a carried answer: nothing for rules
    Value value{claim.kind, claim.value};
    if (value.kind == claims::Kind::kArray && !keeps_arrays_) [[unlikely]] {
      value = join_items(value, " ", evaluation.arena());  // protocol.md e.3
      taken = value.present();
      if (!taken) return false;
    }
    const claims::NameId id = names_->find(claim.name);
    taken = id == claims::kNoName ? evaluation.add_extra(value.kind, claim.name, value.text)
            : is_settable(id)     ? evaluation.take(id, value.kind, claim.name, value.text)
                                  : true;
    return taken;
  });
  return taken;
}

/// Rule `index` asks its backend: what the decision says, when there is one.
Program::Step Program::ask(std::uint32_t index, Evaluation& evaluation, Tracer* tracer,
                           Verdict& verdict) const noexcept {
  const Ask& asked = asks_[rules_[index].ask];
  Decisions* const decisions = evaluation.decisions();
  const Decisions::Answer answer =
      decisions != nullptr ? decisions->decide(index, asked, evaluation) : Decisions::Answer{};
  if (tracer != nullptr) tracer->on_ask(index, asked, answer);
  if (answer.state == Decisions::State::kUnresolved || evaluation.arena().exhausted()) {
    verdict = {VerdictKind::kContinue, Verdict::kOtherwise, 0};
    return Step::kEnd;
  }
  const auto deciding = static_cast<std::int32_t>(index);
  if (answer.state == Decisions::State::kAsk) {
    verdict = {VerdictKind::kContinue, deciding, 0, true};
    return Step::kEnd;
  }
  const decisions::DecisionView decision(answer.decision);
  if (decision.kind() == VerdictKind::kContinue) {
    if (take(decision, evaluation)) return Step::kNext;
    verdict = {VerdictKind::kContinue, Verdict::kOtherwise, 0};
    return Step::kEnd;
  }
  evaluation.say(decision.message(), decision.text());
  decision.for_each_claim([&](const decisions::DecisionView::Claim& claim) {
    return evaluation.say_of(names_->find(claim.name), claim.name, claim.value);
  });
  verdict = {decision.kind(), deciding, Verdict::kSaid};
  return Step::kEnd;
}

/// Whether rule `index`, which has a limit, has anything to do: `over`. kEnd when that is not to be had now.
[[gnu::noinline]] Program::Step Program::limit(std::uint32_t index, Evaluation& evaluation, Tracer* tracer,
                                               Verdict& verdict, bool& over) const noexcept {
  const Limit& limit = limits_[rules_[index].limit];
  const Ask* const ask = limit.shared ? &asks_[rules_[index].ask] : nullptr;
  Decisions* const decisions = evaluation.decisions();
  const Decisions::Limited limited =
      decisions != nullptr ? decisions->limit(index, limit, ask, evaluation) : Decisions::Limited{};
  if (tracer != nullptr) tracer->on_limit(index, limit, limited);
  over = limited.over;
  if (limited.state == Decisions::State::kUnresolved || evaluation.arena().exhausted()) {
    verdict = {VerdictKind::kContinue, Verdict::kOtherwise, 0};
    return Step::kEnd;
  }
  if (limited.state != Decisions::State::kAsk) return Step::kNext;
  verdict = {VerdictKind::kContinue, static_cast<std::int32_t>(index), 0, true};
  return Step::kEnd;
}

/// Does what rule `index`, which matched, says. kEnd when that is the verdict.
Program::Step Program::act(std::uint32_t index, Evaluation& evaluation, Tracer* tracer,
                           Verdict& verdict) const noexcept {
  const Rule& rule = rules_[index];
  if (bool over = false; rule.limit != Limit::kNone) {
    if (limit(index, evaluation, tracer, verdict, over) == Step::kEnd) return Step::kEnd;
    if (!over) return Step::kNext;
  }
  if (rule.shadow) {
    evaluation.note_shadow(index);
    return Step::kNext;
  }
  if (rule.tag != Rule::kNoTag) evaluation.tag(rule.tag);
  for (const std::uint32_t event : rule.emits) evaluation.emit(event, index);
  const auto deciding = static_cast<std::int32_t>(index);
  switch (rule.action) {
    case Rule::Action::kSet:
    case Rule::Action::kContinue:
      if (!assign(index, evaluation, tracer)) {
        verdict = {VerdictKind::kContinue, Verdict::kOtherwise, 0};
        return Step::kEnd;
      }
      if (rule.action == Rule::Action::kSet) return Step::kNext;
      verdict = {VerdictKind::kContinue, deciding, 0};
      return Step::kEnd;
    case Rule::Action::kBlock:
      verdict = {VerdictKind::kBlock, deciding, rule.message};
      return Step::kEnd;
    case Rule::Action::kValidationError:
      verdict = {VerdictKind::kValidationError, deciding, rule.message};
      return Step::kEnd;
    case Rule::Action::kRemove:
      for (const claims::NameId claim : rule.removals) evaluation.unset(claim);
      return Step::kNext;
    case Rule::Action::kTag: return Step::kNext;
    case Rule::Action::kAsk: return ask(index, evaluation, tracer, verdict);
  }
  return Step::kNext;
}

Verdict Program::evaluate_plain(Evaluation& evaluation, Tracer* tracer) const noexcept {
  Verdict verdict;
  const auto count = static_cast<std::uint32_t>(rules_.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    const bool matched = test(rules_[i].when, evaluation, tracer);
    if (evaluation.arena().exhausted()) return {VerdictKind::kContinue, Verdict::kOtherwise, 0};
    if (tracer != nullptr) tracer->on_rule(i, matched);
    if (matched && act(i, evaluation, tracer, verdict) == Step::kEnd) return verdict;
  }
  return {VerdictKind::kContinue, Verdict::kNoRule, 0};
}

Verdict Program::evaluate_indexed(Evaluation& evaluation) const noexcept {
  const Evaluation::Mark mark = evaluation.mark();
  Verdict verdict{VerdictKind::kContinue, Verdict::kNoRule, 0};
  Walk walk(index_, *this, evaluation);
  for (std::uint32_t i = walk.next(0); i != Index::kNone; i = walk.next(i + 1)) {
    const bool matched = test(rules_[i].when, evaluation, nullptr);
    if (evaluation.arena().exhausted()) break;
    if (!matched) continue;
    if (act(i, evaluation, nullptr, verdict) == Step::kEnd) break;
    if (rules_[i].shadow) continue;
    for (const Assignment& assignment : rules_[i].assignments) walk.on_set(assignment.claim, i);
    for (const claims::NameId claim : rules_[i].removals) walk.on_set(claim, i);
    if (rules_[i].action != Rule::Action::kAsk) continue;
    for (const claims::NameId claim : evaluation.taken()) walk.on_set(claim, i);
  }
  if (!evaluation.arena().exhausted()) return verdict;
  // The index asks for values that the plain evaluation may never have come to, in an `all` whose
  // first test fails: it is no reason to give up what the plain evaluation can bring to an end.
  if (!evaluation.rewind(mark)) return {VerdictKind::kContinue, Verdict::kOtherwise, 0};
  return evaluate_plain(evaluation, nullptr);
}

Verdict Program::evaluate(Evaluation& evaluation, Tracer* tracer) const noexcept {
  if (tracer == nullptr && index_.built() &&
      index_.counts().fits(evaluation.candidates().counts())) {
    return evaluate_indexed(evaluation);
  }
  return evaluate_plain(evaluation, tracer);
}

}  // namespace core::rules
