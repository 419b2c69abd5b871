#pragma once

#include <cstddef>
#include <string_view>

#include "core/claims/event.h"
#include "core/dialects/step.h"
#include "core/dialects/words.h"
#include "core/http/out_buffer.h"
#include "core/rules/evaluation.h"

/// The wire contract of Microsoft Entra's custom authentication extensions (protocol.md, section d):
/// events in, exactly one action out, always with HTTP 200.
namespace core::dialects::ext_id {

Step step_of(claims::EventKind kind) noexcept;

/// The most bytes of all names and values in a token's claims (d.3).
inline constexpr std::size_t kTokenBytesMax = 3 << 10;

/// Writes the one action that says Continue with what rules have set: prefilled values, changed
/// attributes, or claims for the token.
///
/// Left out, and counted in `omitted`:
/// - attributes that the event has not: the caller ignores them (d.5, d.6);
/// - values that cannot have the attribute's type (d.6) or are longer than the directory keeps;
/// - what goes beyond kTokenBytesMax.
/// A custom attribute's name is the event's, whatever the configuration or a backend calls it; in a
/// token it is the attribute alone, as f.6 has it, and every value is text, or an array of texts.
/// False when `out` is full.
bool write_continue(http::OutBuffer& out, Step step, const claims::Event& event,
                    const rules::Evaluation& evaluation, std::size_t& omitted) noexcept;

/// Writes Continue without claims. For a token that is an empty object, never null (d.4, 1003007).
bool write_continue(http::OutBuffer& out, Step step) noexcept;

/// Writes showBlockPage or showValidationError. What is said of claims that are no attributes of the
/// event goes into the message, a line each. False when `out` is full.
bool write_message(http::OutBuffer& out, Step step, const claims::Event& event,
                   rules::VerdictKind kind, const Words& words) noexcept;

}  // namespace core::dialects::ext_id
