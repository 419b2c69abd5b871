#include "proxy/policy/hidden_watch.h"

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

NameId HiddenWatch::claim_of(const rules::Subject& subject) const noexcept {
  return subject.derived ? rules::derived_rows()[subject.id].from : NameId{subject.id};
}

bool HiddenWatch::is_hidden(const rules::Subject& subject) const noexcept {
  if (!hidden_[claim_of(subject)]) return false;
  const bool is_domain =
      subject.derived && subject.id == static_cast<std::uint16_t>(rules::Derived::kEmailDomain);
  return !(is_domain && has_domain_);
}

void HiddenWatch::on_test(std::uint32_t node, std::string_view, bool, bool) {
  const rules::Node& test = program_.nodes()[node];
  // That a claim is there, and of which kind, is not hidden.
  const rules::Subject& subject = program_.subjects()[test.subject];
  const bool is_presence = !subject.derived && subject.filters.empty() &&
                           (test.op == rules::Op::kExists || test.op == rules::Op::kMissing);
  if (!is_presence && is_hidden(subject)) looked_.push_back(claim_of(subject));
}

void HiddenWatch::on_rule(std::uint32_t index, bool) {
  const rules::Rule& rule = program_.rules()[index];
  if (!looked_.empty() && !rule.shadow) {
    if (rule.action == rules::Rule::Action::kSet) {
      claims_are_sure_ = false;
      for (const rules::Assignment& assignment : rule.assignments) {
        hidden_[assignment.claim] = true;
        if (assignment.claim == core::claims::kEmail) has_domain_ = false;
      }
    } else {
      for (const NameId claim : looked_) looks_.emplace(index, claim);
    }
  }
  looked_.clear();
}

void HiddenWatch::on_set(std::uint32_t, const rules::Assignment& assignment, std::string_view,
                         bool done) {
  if (!done) return;
  const bool from_hidden =
      assignment.text.reads([this](const rules::Subject& subject) { return is_hidden(subject); });
  // Once unsure, a claim stays so: the rule that set it before may not have.
  if (from_hidden || claims_are_sure_) hidden_[assignment.claim] = from_hidden;
  if (assignment.claim == core::claims::kEmail) has_domain_ = false;
}

}  // namespace proxy::policy
