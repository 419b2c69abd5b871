#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/config/dialect_name.h"
#include "core/dialects/step.h"

/// Requests of one caller in the words of another (protocol.md e.1, e.2, e.4): a backend that was
/// written for user flows is asked about events, and the other way round. For requests that leave
/// this machine, for tests and for explanations; nothing here is on the in-line path.
namespace core::bridge {

/// A request in other words.
struct Body {
  std::string json;
  std::string fields;  // whole field lines, "Name: value\r\n": what the body has no member for
};

/// True when `body` is JSON with the members of an event's envelope.
bool is_event(std::string_view body);

/// An event as the body that a user flow would send; nothing when it is no event of the three that
/// have a counterpart. Every attribute goes along, also those that no rule knows, with its type of
/// value; those without a value are left out, and before the form the empty ones too. `fields` has
/// X-Correlation-Id, X-Client-IP and X-Tenant-Id where the event says them.
std::optional<Body> flow_request(std::string_view event);

/// The body of a user flow as an event of `step`'s counterpart; nothing when it is no JSON object.
/// A user flow does not know the tenant, the extension and the correlation: these are left out.
/// Attributes have types by their values: text, whole number or boolean; others are left out.
std::optional<Body> event_request(std::string_view flow_body, dialects::Step step);

/// The step that the member `step` of a user flow's body names, or an event's own name in its place;
/// kUnknown when there is none.
dialects::Step step_in(std::string_view flow_body);

}  // namespace core::bridge
