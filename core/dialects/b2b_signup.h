#pragma once

#include <string_view>

#include "core/arena.h"
#include "core/claims/claims.h"
#include "core/dialects/step.h"

/// The wire contract of self-service sign-up in workforce tenants (protocol.md, section c): user
/// flows of B2C without a token step, whose requests do not say which step they are and spell a few
/// things in another way. Answers are those of b2c_userflow.h.
namespace core::dialects::b2b_signup {

/// The claim that a request may have instead of `surname` (c.1).
inline constexpr std::string_view kLastName = "lastName";

/// Makes the claims of a request at `step`, one connector's, what rules expect of every caller:
/// - `step` is that of the connector, whatever the body says;
/// - `surname` is `lastName` where only that came; an answer repeats the caller's spelling;
/// - issuers of `identities` that are named without their domain get it: `facebook` is
///   `facebook.com`, `google` is `google.com` (c.2 says one and shows the other).
/// False when the arena is full.
bool complete(claims::Claims& claims, Step step, claims::NameId last_name, Arena& arena) noexcept;

}  // namespace core::dialects::b2b_signup
