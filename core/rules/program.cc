#include "core/rules/program.h"

#include <charconv>

#include "core/text/text.h"

namespace core::rules {

bool parse_number(std::string_view text, double& number) noexcept {
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  return ec == std::errc{} && stop == text.data() + text.size();
}

bool is_scalar(claims::Kind kind) noexcept {
  return kind == claims::Kind::kString || kind == claims::Kind::kNumber ||
         kind == claims::Kind::kBoolean;
}

bool is_settable(claims::NameId id) noexcept {
  return id != claims::kStep && id != claims::kClientId && id != claims::kUiLocales &&
         id != claims::kIdentities && id != claims::kObjectId;
}

bool equals(const claims::Kind kind, std::string_view value, const Operand& operand) noexcept {
  switch (operand.type) {
    case Operand::Type::kString: return value == operand.text;
    case Operand::Type::kBoolean:
      return text::equals_ignore_case_ascii(value, operand.boolean ? "true" : "false");
    case Operand::Type::kNumber: {
      if (value == operand.text) return true;
      double number = 0;
      return kind != claims::Kind::kBoolean && parse_number(value, number) &&
             number == operand.number;
    }
  }
  return false;
}

bool Program::leaf(const Node& node, Evaluation& evaluation, std::string_view& value,
                   bool& present) const noexcept {
  const Subject& subject = subjects_[node.subject];
  const claims::Kind kind =
      subject.derived ? claims::Kind::kString : evaluation.claims()[subject.id].kind;
  if (node.op == Op::kInList) {
    const lists::List* const* list = &lists_[node.operand];
    value = evaluation.prepared(node.prepared, subject, (*list)->match());
    present = value.data() != nullptr;
    if (!present || !is_scalar(kind)) return false;
    for (std::uint32_t i = 0; i < node.operand_count; ++i) {
      if (evaluation.in_list(*list[i], value)) return !node.negated;
    }
    return node.negated;
  }
  value = evaluation.text_of(subject);
  present = value.data() != nullptr;
  if (node.op == Op::kExists) return present;
  if (node.op == Op::kMissing) return !present && !evaluation.arena().exhausted();
  // A missing claim matches no test but `missing`, negated or not; an array or object is no text.
  if (!present || !is_scalar(kind)) return false;
  bool matched = false;
  switch (node.op) {
    case Op::kEquals:
      for (std::uint32_t i = 0; i < node.operand_count && !matched; ++i) {
        matched = equals(kind, value, operands_[node.operand + i]);
      }
      break;
    case Op::kIn: {
      matched = sets_[node.operand].contains(absl::string_view(value.data(), value.size()));
      for (const Operand& operand : few_[node.operand]) {
        matched = matched || equals(kind, value, operand);
      }
      break;
    }
    case Op::kStartsWith:
      for (std::uint32_t i = 0; i < node.operand_count && !matched; ++i) {
        matched = value.starts_with(operands_[node.operand + i].text);
      }
      break;
    case Op::kEndsWith:
      for (std::uint32_t i = 0; i < node.operand_count && !matched; ++i) {
        matched = value.ends_with(operands_[node.operand + i].text);
      }
      break;
    case Op::kContains:
      for (std::uint32_t i = 0; i < node.operand_count && !matched; ++i) {
        matched = value.find(operands_[node.operand + i].text) != std::string_view::npos;
      }
      break;
    case Op::kMatches:
      for (std::uint32_t i = 0; i < node.operand_count && !matched; ++i) {
        matched = patterns_[node.operand + i].matches(value, evaluation.lane());
      }
      break;
    case Op::kLength: {
      const std::size_t length = text::count_code_points(value);
      matched = length >= lengths_[node.operand].min && length <= lengths_[node.operand].max;
      break;
    }
    default: break;
  }
  return matched != node.negated;
}

bool Program::test(std::uint32_t index, Evaluation& evaluation, Tracer* tracer) const noexcept {
  const Node& node = nodes_[index];
  switch (node.op) {
    case Op::kAll:
      for (std::uint32_t child = index + 1; child < node.end; child = nodes_[child].end) {
        if (!test(child, evaluation, tracer)) return false;
      }
      return true;
    case Op::kAny:
      for (std::uint32_t child = index + 1; child < node.end; child = nodes_[child].end) {
        if (test(child, evaluation, tracer)) return true;
      }
      return false;
    case Op::kNot: return !test(index + 1, evaluation, tracer);
    default: break;
  }
  std::string_view value;
  bool present = false;
  const bool matched = leaf(node, evaluation, value, present);
  if (tracer != nullptr) tracer->on_test(index, value, present, matched);
  return matched;
}

bool Program::assign(std::uint32_t index, Evaluation& evaluation, Tracer* tracer) const noexcept {
  for (const Assignment& assignment : rules_[index].assignments) {
    const std::string_view value =
        assignment.text.render(evaluation, Template::Missing::kFails, Template::Values::kAsTheyAre);
    const bool done = value.data() != nullptr;
    if (done && !evaluation.set(assignment.claim, assignment.name, value)) return false;
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
    const claims::NameId id = names_->find(claim.name);
    taken = id == claims::kNoName ? evaluation.add_extra(claim.kind, claim.name, claim.value)
            : is_settable(id)     ? evaluation.take(id, claim.kind, claim.name, claim.value)
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
  verdict = {VerdictKind::kContinue, Verdict::kOtherwise, 0};
  if (answer.state == Decisions::State::kUnresolved || evaluation.arena().exhausted()) {
    return Step::kEnd;
  }
  const auto deciding = static_cast<std::int32_t>(index);
  if (answer.state == Decisions::State::kAsk) {
    verdict.rule = deciding;
    verdict.ask = true;
    return Step::kEnd;
  }
  const decisions::DecisionView decision(answer.decision);
  if (decision.kind() == VerdictKind::kContinue) {
    return take(decision, evaluation) ? Step::kNext : Step::kEnd;
  }
  evaluation.say(decision.message(), decision.text());
  verdict = {decision.kind(), deciding, Verdict::kSaid};
  return Step::kEnd;
}

/// Does what rule `index`, which matched, says. kEnd when that is the verdict.
Program::Step Program::act(std::uint32_t index, Evaluation& evaluation, Tracer* tracer,
                           Verdict& verdict) const noexcept {
  const Rule& rule = rules_[index];
  if (rule.shadow) {
    evaluation.note_shadow(index);
    return Step::kNext;
  }
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
