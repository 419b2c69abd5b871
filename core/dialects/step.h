#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/config/dialect_name.h"
#include "core/rules/verdict.h"

/// The moments at which callers call, of all dialects, and what may be told at each.
namespace core::dialects {

/// One list for metrics, the access log, captures and explanations. Steps of user flows come first
/// (protocol.md a.2; the first two are those of c.1), then the events of Entra (d.5 to d.10).
enum class Step : std::uint8_t {
  kUnknown,
  kPostFederationSignup,
  kPostAttributeCollection,
  kPreTokenIssuance,
  kAttributeCollectionStart,
  kAttributeCollectionSubmit,
  kTokenIssuanceStart,
  kEmailOtpSend,
  kPasswordSubmit,
  kVerifiedIdClaimValidation,
};
inline constexpr std::size_t kStepCount = 10;

/// As callers spell it, and as metrics and the access log write it; "unknown" for kUnknown.
std::string_view name(Step step) noexcept;

/// Where in a sign-up a step is, whatever its caller calls it (protocol.md e.1): what may be told
/// depends on this alone.
enum class Moment : std::uint8_t {
  kBeforeForm,
  kAfterForm,  // also of a step that nobody knows (a.2)
  kToken,
  kApart,  // a message to be carried: the rules have no part in it
};
constexpr Moment moment(Step step) noexcept {
  switch (step) {
    case Step::kPostFederationSignup:
    case Step::kAttributeCollectionStart: return Moment::kBeforeForm;
    case Step::kPreTokenIssuance:
    case Step::kTokenIssuanceStart: return Moment::kToken;
    case Step::kEmailOtpSend:
    case Step::kPasswordSubmit:
    case Step::kVerifiedIdClaimValidation: return Moment::kApart;
    case Step::kUnknown:
    case Step::kPostAttributeCollection:
    case Step::kAttributeCollectionSubmit: break;
  }
  return Moment::kAfterForm;
}

/// The name that rules know a step by: that of the user flow's step at the same moment, so that a
/// rule which tests `step` is written once (protocol.md e.1).
std::string_view name_for_rules(Step step) noexcept;

/// What may be told at this step instead of `wanted` (protocol.md a.7, e.3).
enum class Legality : std::uint8_t {
  kLegal,
  kBlockInstead,   // a validation error before the form: a block page with the same message
  kNothingToTell,  // before the token only Continue exists: see config::TokenFault
};
Legality legality(Step step, rules::VerdictKind wanted) noexcept;

/// The steps that connectors of a dialect see, by slot: what is counted for each of them. A caller's
/// step has its slot in every dialect that has the step.
std::span<const Step> steps_of(config::DialectName dialect) noexcept;
constexpr std::size_t slot(Step step) noexcept {
  constexpr auto kFlows = static_cast<std::size_t>(Step::kPreTokenIssuance);
  const auto number = static_cast<std::size_t>(step);
  return number <= kFlows ? number : number - kFlows;
}

}  // namespace core::dialects
