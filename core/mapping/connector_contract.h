#pragma once

#include "core/mapping/answer.h"
#include "core/mapping/reply_body.h"

namespace core::mapping {

/// What a backend says that answers as an API connector of a B2C user flow does (protocol.md a.6):
/// its three shapes and what people make of them (a.8, g). Whatever means one of the three without
/// doubt is understood, and each repair is remarked; everything else is Unresolved::kContract, or
/// what was wrong with the body.
///
/// The table (docs/backends.md):
/// - 200 to 299 and 400 are answers; any other status is a failed call (a.8).
/// - `Allow` is Continue (a.6). A missing `action` with 200 to 299 is Continue, as a Microsoft sample
///   has it (a.8); with 400 it is nothing. An unknown one is nothing. Continue with 400 is nothing.
/// - ShowBlockPage with a `status` or 400 is still one (a.6, g 3), ValidationError without `status`
///   or with 200 too (g 2).
/// - Members that are null, objects or arrays, and those that identify the request, are dropped (0.4,
///   g 24, a.3).
/// - `attributeErrors` of a ValidationError, texts by the names of attributes, are kept with it: callers
///   that have a place for them get them there (e.3).
/// - A verdict without a text gets kTextOfOurs.
void read_connector_answer(const Reply& reply, ReplyBody& body, Answer& answer);

/// Keeps the texts of the object `attributeErrors`, where there is one.
void read_attribute_errors(simdjson::dom::object from, decisions::Decision& decision);

/// True for attributes without a prefix that a user flow has (a.3).
bool is_flow_attribute(std::string_view name) noexcept;

inline constexpr std::string_view kTextOfOurs =
    "Your sign-up could not be completed. Please check your details or try again later.";

}  // namespace core::mapping
