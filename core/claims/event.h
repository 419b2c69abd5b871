#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/claims/claims.h"

namespace core::claims {

/// In front of the name of an event in its `type`.
inline constexpr std::string_view kEventPrefix = "microsoft.graph.authenticationEvent.";

/// What an event of Microsoft Entra is about (protocol.md d.5 to d.10).
enum class EventKind : std::uint8_t {
  kAttributeCollectionStart,
  kAttributeCollectionSubmit,
  kTokenIssuanceStart,
  kEmailOtpSend,
  kPasswordSubmit,
  kVerifiedIdClaimValidation,
};

/// What the directory keeps of an attribute: answers have to give the same (protocol.md d.6).
enum class AttributeType : std::uint8_t { kUnknown, kString, kInteger, kBoolean, kStrings };

/// One of the attributes that an event carries: only these can be answered.
struct Attribute {
  std::string_view name;  // as it arrived, unescaped
  NameId id = kNoName;    // of its claim; kNoName when no rule knows it
  AttributeType type = AttributeType::kUnknown;
  bool list = false;  // its value is an array: an older form of what is now one text with commas
};

/// What an event says besides claims. Views are good as long as those of the claims.
struct Event {
  /// A user has at most 100 custom attributes and a dozen others (protocol.md a.10).
  static constexpr std::size_t kAttributesMax = 256;

  EventKind kind = EventKind::kAttributeCollectionSubmit;
  std::string_view tenant_id;       // data.tenantId; empty where it is missing, as the next two
  std::string_view correlation_id;  // data.authenticationContext.correlationId
  std::string_view client_ip;       // ... .client.ip; of recovery events .client.clientIp
  std::size_t attribute_count = 0;
  std::array<Attribute, kAttributesMax> attributes;
};

/// Claims that an event has and a user flow has not, where rules name them.
struct EventNames {
  NameId correlation_id = kNoName, client_ip = kNoName, market = kNoName, tenant_id = kNoName;

  static EventNames of(const NameTable& names) noexcept;
};

/// Reads an event (protocol.md d.1) into `claims` (cleared first) and `event`, in one pass, as read()
/// does and with its errors, limits and lifetimes. Claims have the names that user flows give them
/// (protocol.md e.2):
///
/// - attributes by their names, with the type of their value; one without a value, or with an empty
///   one before the form is shown, is null; an array of texts is one text with commas;
/// - `client_id` is the application's id, `ui_locales` its locale in the letter case of RFC 5646, and
///   `email` the address of the first identity that is one, else the attribute, else `user.mail`;
/// - `identities` are the event's; a signInType `email` is `emailAddress`;
/// - members of `user` by their names, `id` as `objectId`; an attribute of the same name counts;
/// - `step` is left absent: whoever knows steps sets it.
///
/// Duplicates are looked for among attributes, members of `user`, and the members this reads; all
/// else is validated only. Depth counts from the body's own object, attributes are at level 5.
ReadOutcome read_event(std::string_view body, const NameTable& names, const ReadLimits& limits,
                       const EventNames& event_names, Arena& arena, Claims& claims, Event& event);

}  // namespace core::claims
