#include "proxy/policy/hidden_watch.h"

#include <algorithm>

namespace proxy::policy {

namespace rules = core::rules;
using core::claims::NameId;

HiddenWatch::HiddenWatch(const rules::Program& program, const core::claims::NameTable& names,
                         const std::vector<capture::HiddenClaim>& hidden)
    : program_(program), hidden_(names.size()) {
  for (const capture::HiddenClaim& claim : hidden) {
    const NameId id = names.find(claim.name);
    if (id == core::claims::kNoName) continue;  // no rule looks at it
    hidden_[id] = true;
    if (id == core::claims::kEmail) has_domain_ = claim.has_domain;
  }
}

bool HiddenWatch::is_known_domain(const rules::Subject& subject) const noexcept {
  const auto is = [&subject](rules::Derived derived) {
    return subject.id == static_cast<std::uint16_t>(derived);
  };
  return has_domain_ && subject.derived && subject.filters.empty() &&
         (is(rules::Derived::kEmailDomain) || is(rules::Derived::kEmailRegistrable));
}

void HiddenWatch::on_test(std::uint32_t node, std::string_view, bool, bool) {
  const rules::Node& test = program_.nodes()[node];
  if (test.subject < program_.subjects().size()) {  // `time` has none
    const rules::Subject& subject = program_.subjects()[test.subject];
    // That a claim is there, and of which kind, is not hidden.
    const bool is_presence = !subject.computed && !subject.derived && subject.filters.empty() &&
                             subject.path.empty() &&
                             (test.op == rules::Op::kExists || test.op == rules::Op::kMissing);
    if (is_presence || is_known_domain(subject)) return;
  }
  for (const NameId claim : program_.reads(node)) {
    if (hidden_[claim]) looked_.push_back(claim);
  }
}

void HiddenWatch::on_rule(std::uint32_t index, bool) {
  const rules::Rule& rule = program_.rules()[index];
  if (!looked_.empty() && !rule.shadow) {
    if (rule.action == rules::Rule::Action::kSet || rule.action == rules::Rule::Action::kRemove) {
      claims_are_sure_ = false;
      for (const NameId claim : rule.removals) hidden_[claim] = true;
      for (const rules::Assignment& assignment : rule.assignments) {
        hidden_[assignment.claim] = true;
        if (assignment.claim == core::claims::kEmail) has_domain_ = false;
      }
    } else if (rule.action != rules::Rule::Action::kTag) {
      for (const NameId claim : looked_) looks_.emplace(index, claim);
    }
  }
  looked_.clear();
}

void HiddenWatch::on_set(std::uint32_t, const rules::Assignment& assignment, std::string_view,
                         bool done) {
  if (!done) return;
  const std::vector<NameId> read = assignment.text.reads();
  const bool from_hidden =
      std::any_of(read.begin(), read.end(), [this](NameId claim) { return hidden_[claim]; });
  // Once unsure, a claim stays so: the rule that set it before may not have.
  if (from_hidden || claims_are_sure_) hidden_[assignment.claim] = from_hidden;
  if (assignment.claim == core::claims::kEmail) has_domain_ = false;
}

}  // namespace proxy::policy
