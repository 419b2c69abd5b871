#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "core/claims/event.h"
#include "core/text/text.h"

/// The members of an event of Microsoft Entra and what its reader (read_event.cc) makes of each
/// (protocol.md d.1, d.5 to d.10): tables and nothing else. Order in a level is the order in which
/// they are expected; another order is read all the same, the long way.
namespace core::claims::envelope {

/// What a member of the envelope means.
enum class Role : std::uint8_t {
  kSkip,
  // Texts that are kept, by their number: see EventReader::texts_.
  kType,
  kTenant,
  kCorrelation,
  kIp,
  kLocale,
  kMarket,
  kAppId,
  kAssignedId,
  kTextRoles,
  kData,
  kContext,
  kSignUp,
  kClient,
  kClientApp,
  kOtherApp,
  kUser,
  kAttributes,
  kIdentities,
  kSignInType,
  kIssuer,
  kValueType,
  kValue,
};

/// A member as a machine writes it: its name with `":` behind.
struct Key {
  static constexpr std::size_t kSpellingMax = 40;
  std::array<char, kSpellingMax> spelling{};
  std::uint8_t size = 0;  // 0: the end of a level, which matches nothing
  Role role = Role::kSkip;
  bool any_case = false;  // examples are printed with @odata.Type too (protocol.md d.1)

  constexpr Key() = default;
  constexpr Key(std::string_view name, Role means, bool whatever_case = false)
      : size(static_cast<std::uint8_t>(name.size() + 2)), role(means), any_case(whatever_case) {
    for (std::size_t i = 0; i < name.size(); ++i) spelling[i] = name[i];
    spelling[name.size()] = '"';
    spelling[name.size() + 1] = ':';
  }
  constexpr std::string_view name() const noexcept {
    return {spelling.data(), static_cast<std::size_t>(size - 2)};
  }
};

// In the order of protocol.md d.1 and d.5; each ends with an empty key.
inline constexpr Key kRoot[] = {
    {"type", Role::kType}, {"source", Role::kSkip}, {"data", Role::kData}, {}};
inline constexpr Key kData[] = {{"@odata.type", Role::kSkip, true},
                                {"tenantId", Role::kTenant},
                                {"authenticationEventListenerId", Role::kSkip},
                                {"customAuthenticationExtensionId", Role::kSkip},
                                {"authenticationContext", Role::kContext},
                                {"userSignUpInfo", Role::kSignUp},
                                {}};
inline constexpr Key kContext[] = {{"correlationId", Role::kCorrelation},
                                   {"client", Role::kClient},
                                   {"protocol", Role::kSkip},
                                   {"clientServicePrincipal", Role::kClientApp},
                                   {"resourceServicePrincipal", Role::kOtherApp},
                                   {"user", Role::kUser},
                                   {}};
inline constexpr Key kClient[] = {{"ip", Role::kIp},
                                  {"locale", Role::kLocale},
                                  {"market", Role::kMarket},
                                  {"clientIp", Role::kIp},  // of recovery events (d.10)
                                  {}};
inline constexpr Key kClientApp[] = {{"id", Role::kSkip},
                                     {"appId", Role::kAppId},
                                     {"appDisplayName", Role::kSkip},
                                     {"displayName", Role::kSkip},
                                     {}};
inline constexpr Key kOtherApp[] = {{"id", Role::kSkip},
                                    {"appId", Role::kSkip},
                                    {"appDisplayName", Role::kSkip},
                                    {"displayName", Role::kSkip},
                                    {}};
inline constexpr Key kSignUp[] = {
    {"attributes", Role::kAttributes}, {"identities", Role::kIdentities}, {}};
inline constexpr Key kIdentity[] = {{"signInType", Role::kSignInType},
                                    {"issuer", Role::kIssuer},
                                    {"issuerAssignedId", Role::kAssignedId},
                                    {}};
inline constexpr Key kAttribute[] = {{"@odata.type", Role::kValueType, true},
                                     {"value", Role::kValue},
                                     {"attributeType", Role::kSkip},
                                     {}};

/// An attribute, as a machine writes it, up to its value; then what is behind that.
inline constexpr std::string_view kTextHead =
    R"({"@odata.type":"microsoft.graph.stringDirectoryAttributeValue","value":")";
inline constexpr std::string_view kIntegerHead =
    R"({"@odata.type":"microsoft.graph.int64DirectoryAttributeValue","value":)";
inline constexpr std::string_view kBooleanHead =
    R"({"@odata.type":"microsoft.graph.booleanDirectoryAttributeValue","value":)";
inline constexpr std::string_view kBuiltInTail = R"(,"attributeType":"builtIn"})";
inline constexpr std::string_view kCustomTail = R"(,"attributeType":"directorySchemaExtension"})";

inline constexpr std::pair<std::string_view, EventKind> kEvents[] = {
    {"attributeCollectionSubmit", EventKind::kAttributeCollectionSubmit},
    {"attributeCollectionStart", EventKind::kAttributeCollectionStart},
    {"tokenIssuanceStart", EventKind::kTokenIssuanceStart},
    {"emailOtpSend", EventKind::kEmailOtpSend},
    {"passwordSubmit", EventKind::kPasswordSubmit},
    {"verifiedIdClaimValidation", EventKind::kVerifiedIdClaimValidation},
};

inline constexpr std::pair<std::string_view, AttributeType> kTypes[] = {
    {"microsoft.graph.stringDirectoryAttributeValue", AttributeType::kString},
    {"microsoft.graph.int64DirectoryAttributeValue", AttributeType::kInteger},
    {"microsoft.graph.booleanDirectoryAttributeValue", AttributeType::kBoolean},
    {"microsoft.graph.stringCollectionDirectoryAttributeValue", AttributeType::kStrings},
};

/// The type of an attribute by the value of its @odata.type, in any letter case (d.1).
inline AttributeType type_named(std::string_view name) noexcept {
  for (const auto& [known, type] : kTypes) {
    if (name == known) return type;
  }
  for (const auto& [known, type] : kTypes) {
    if (text::equals_ignore_case_ascii(name, known)) return type;
  }
  return AttributeType::kUnknown;
}

}  // namespace core::claims::envelope
