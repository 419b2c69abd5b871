#pragma once

#include "core/mapping/answer.h"
#include "core/mapping/reply_body.h"

namespace core::mapping {

/// What a backend says that answers events of Microsoft Entra (protocol.md d, e.3).
///
/// - 200 with exactly one action is an answer; every other status, number or action is
///   Unresolved::kContract.
/// - Types are compared without regard to letter case (d.1), and only by what stands behind their last
///   dot.
/// - Values of attributes are claims; an array of texts, an older form of several values, is one text
///   with commas (d.5). Of a token's claims it stays an array, as JSON: Program::take() makes a text of
///   it where the caller has no arrays. A name that is no attribute of a user flow gets the prefix
///   `extension_`.
/// - A block page's words are `title: message`, or the default text of the identity service.
/// - What a validation error says of attributes is kept with it, a claim each.
/// - Answers to events that are only carried (d.8 to d.10) are kept as they came: the value of a
///   single claim without a name.
void read_event_answer(const Reply& reply, ReplyBody& body, Answer& answer);

/// d.5
inline constexpr std::string_view kDefaultBlockText =
    "You are not permitted to sign up. Please contact the owner of the application/website.";

}  // namespace core::mapping
