#pragma once

#include <cstddef>
#include <string_view>

#include "core/claims/claims.h"
#include "core/dialects/step.h"
#include "core/dialects/words.h"
#include "core/http/out_buffer.h"
#include "core/rules/program.h"

/// The wire contract of Azure AD B2C's built-in user flows (protocol.md, section a).
namespace core::dialects::b2c_userflow {

/// The step that the claims name: exact, then ASCII case ignored; PreTokenApplicationClaims is
/// another spelling of PreTokenIssuance. Anything else, or none, is kUnknown, whose answers are
/// those of PostAttributeCollection.
Step step_of(const claims::Claims& claims) noexcept;

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

/// Writes the body of ShowBlockPage or ValidationError. What is said of single claims, for which there
/// is no place, follows the message on lines of its own (e.3). False when `out` is full.
bool write_message(http::OutBuffer& out, rules::VerdictKind kind, const Words& words) noexcept;

}  // namespace core::dialects::b2c_userflow
