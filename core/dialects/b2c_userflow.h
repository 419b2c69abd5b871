#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/claims/claims.h"
#include "core/http/out_buffer.h"
#include "core/rules/program.h"

/// The wire contract of Azure AD B2C's built-in user flows (protocol.md, section a).
namespace core::dialects::b2c_userflow {

/// The moment in the flow (protocol.md a.2).
enum class Step : std::uint8_t {
  kPostFederationSignup, kPostAttributeCollection, kPreTokenIssuance, kUnknown,
};
inline constexpr std::size_t kStepCount = 4;

/// As metrics and the access log write it.
std::string_view name(Step step) noexcept;

/// The step that the claims name: exact, then ASCII case ignored; PreTokenApplicationClaims is
/// another spelling of PreTokenIssuance. Anything else, or none, is kUnknown, whose answers are
/// those of PostAttributeCollection.
Step step_of(const claims::Claims& claims) noexcept;

/// What may be told at this step instead of `wanted` (protocol.md a.7).
enum class Legality : std::uint8_t {
  kLegal,
  kBlockInstead,   // a validation error before the form: a block page with the same message
  kNothingToTell,  // before the token only Continue exists: see config::TokenFault
};
Legality legality(Step step, rules::VerdictKind wanted) noexcept;

/// The HTTP status that goes with an answer: 200, or 400 for a validation error (a.6).
constexpr int status(rules::VerdictKind kind) noexcept {
  return kind == rules::VerdictKind::kValidationError ? 400 : 200;
}

/// The most code points that the directory stores of a claim (a.3; 250 where two pages differ, g
/// row 40). A longer value would fail the sign-up, so it is left out of the answer.
std::size_t value_max(claims::NameId id, std::string_view name) noexcept;

/// Writes the body of Continue with the claims that rules have set. At PreTokenIssuance `email`
/// is left out, it cannot be replaced there (a.7). `omitted` counts the claims left out. False
/// when `out` is full.
bool write_continue(http::OutBuffer& out, Step step, const rules::Evaluation& evaluation,
                    std::size_t& omitted) noexcept;

/// Writes the body of Continue without claims.
bool write_continue(http::OutBuffer& out) noexcept;

/// Writes the body of ShowBlockPage or ValidationError. `message` is already the inside of a JSON
/// string. False when `out` is full.
bool write_message(http::OutBuffer& out, rules::VerdictKind kind, std::string_view message) noexcept;

}  // namespace core::dialects::b2c_userflow
