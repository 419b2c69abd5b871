#include "core/dialects/step.h"

namespace core::dialects {
namespace {

constexpr std::string_view kNames[kStepCount] = {"unknown",
                                                 "PostFederationSignup",
                                                 "PostAttributeCollection",
                                                 "PreTokenIssuance",
                                                 "attributeCollectionStart",
                                                 "attributeCollectionSubmit",
                                                 "tokenIssuanceStart",
                                                 "emailOtpSend",
                                                 "passwordSubmit",
                                                 "verifiedIdClaimValidation"};

constexpr Step kFlowSteps[] = {Step::kUnknown, Step::kPostFederationSignup,
                               Step::kPostAttributeCollection, Step::kPreTokenIssuance};

constexpr Step kEvents[] = {Step::kUnknown,
                            Step::kAttributeCollectionStart,
                            Step::kAttributeCollectionSubmit,
                            Step::kTokenIssuanceStart,
                            Step::kEmailOtpSend,
                            Step::kPasswordSubmit,
                            Step::kVerifiedIdClaimValidation};

}  // namespace

std::string_view name(Step step) noexcept { return kNames[static_cast<std::size_t>(step)]; }

std::string_view name_for_rules(Step step) noexcept {
  switch (moment(step)) {
    case Moment::kBeforeForm: return name(Step::kPostFederationSignup);
    case Moment::kAfterForm: return name(Step::kPostAttributeCollection);
    case Moment::kToken: return name(Step::kPreTokenIssuance);
    case Moment::kApart: break;
  }
  return name(step);
}

Legality legality(Step step, rules::VerdictKind wanted) noexcept {
  if (wanted == rules::VerdictKind::kContinue) return Legality::kLegal;
  const Moment at = moment(step);
  if (at == Moment::kToken) return Legality::kNothingToTell;
  if (at == Moment::kBeforeForm && wanted == rules::VerdictKind::kValidationError) {
    return Legality::kBlockInstead;
  }
  return Legality::kLegal;
}

std::span<const Step> steps_of(config::DialectName dialect) noexcept {
  switch (dialect) {
    case config::DialectName::kB2cUserflow: return kFlowSteps;
    case config::DialectName::kB2bSignup: return std::span(kFlowSteps).first(3);
    case config::DialectName::kExtId: return kEvents;
    case config::DialectName::kB2cPolicy: return std::span(kFlowSteps).first(1);
  }
  return kFlowSteps;
}

}  // namespace core::dialects
