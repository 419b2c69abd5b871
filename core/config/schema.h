#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// The keys a configuration may hold: one table, from which the loader takes what it accepts, and
/// the JSON Schema and the reference documentation are printed. A key that is not here does not
/// exist.
namespace core::config::schema {

enum class Shape : std::uint8_t {
  kString,
  kBoolean,
  kInteger,       // least..most
  kNumber,        // least..most
  kDuration,      // "250ms"; least..most in milliseconds
  kSize,          // "16KiB" or bytes; least..most in bytes
  kChoice,        // one of `choices`
  kAddress,       // host:port or unix:/path
  kPath,          // the path of a URL
  kName,          // the name of a message
  kTemplate,      // a text with {claims} in it
  kScalar,        // a string, a number or a boolean
  kScalars,       // a list of them
  kStrings,       // a list of strings
  kStringsAny,    // the same, perhaps empty
  kStringOrList,  // a string or a list of strings
  kLength,        // a number, or `object`: the range
  kObject,        // a map with the keys of `object`
  kObjects,       // a list of such maps
  kObjectOrList,  // one such map or a list of them
  kObjectMap,     // names, each with such a map
  kMessages,      // names, each with a text, or with a text for each language
  kWordOr,        // the only word of `choices`, or `object`
  kCondition,     // what a rule tests
  kClaims,        // claims and the templates they are set to; may be empty
  kClaimsSome,    // the same, at least one
  kValues,        // claims and any values, as a request or an answer has them; may be empty
  kAnyNumber,     // a number of any size
  kRegion,        // true or false, or `object`: where a country comes from
  kMessageOr,     // the name of a message, or `object`
  kClaimNames,    // claims, each with the name of a message
  kTables,        // names, each with values and what they become
  kRules,         // a list of rules and inclusions
  kArguments,     // names, each with any value
  kTemplates,     // names of fields or parameters, each with a text
  kEndpoints,     // a list of URLs, or of such maps
  kJsonTree,      // maps, lists, texts, numbers, booleans and nulls
  kStatuses,      // 200, "2xx", "500-599", or a list of them
  kReplyTests,    // places in an answer, each with a value or with such tests
  kReplyTextTest, // a value, or such tests
  kSaid,          // the name of a message, or `object`: a text
};

struct Object;

struct Key {
  std::string_view name;
  Shape shape = Shape::kString;
  bool required = false;
  std::string_view fallback = {};  // the default, as it would be written; empty when there is none
  std::string_view example = {};   // a value as it would be written behind the colon
  std::string_view words = {};     // one line of documentation
  std::int64_t least = 0, most = 0;
  std::span<const std::string_view> choices = {};
  const Object* object = nullptr;
};

/// A key of a later release: refused, but not as unknown.
struct LaterKey {
  std::string_view name;
  std::string_view instead;  // what to do in this release
};

struct Object {
  std::string_view name;  // in the JSON Schema's $defs and the reference's headings
  std::string_view words;
  std::span<const Key> keys;
  std::span<const LaterKey> later = {};
  std::span<const std::string_view> exactly_one = {};  // of these keys, one must be there
  std::string_view noun = "key";                       // how a member is called in an error
  std::span<const std::string_view> or_else = {};      // keys that will do instead of exactly_one
  std::span<const std::string_view> at_least_one = {};  // of these keys, one or more must be there

  const Key* find(std::string_view key) const noexcept;
};

/// Of the bounds in rows: bytes and milliseconds.
inline constexpr std::int64_t kKiB = 1 << 10, kMiB = 1 << 20, kGiB = 1 << 30;
inline constexpr std::int64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;

// The table is immutable and lives as long as the program.
extern const Object kRoot;
extern const Object kListener;  // schema_tls.cc, as the two below
extern const Object kListenerTls;
extern const Object kCertificate;
extern const Object kAdmin;
extern const Object kLimits;
extern const Object kAccessLog;
extern const Object kList;
extern const Object kConnector;   // schema_connectors.cc, as kCarry and kOtherwise
extern const Object kCarry;
extern const Object kPolicyContract;
extern const Object kAuthentication;
extern const Object kCredential;          // schema_auth.cc, as the two below
extern const Object kCallerCertificate;
extern const Object kApiKey;
extern const Object kEntra;               // schema_entra.cc
extern const Object kOtherwise;
extern const Object kRule;
extern const Object kTests;
extern const Object kLengthRange;
extern const Object kPolicyTest;   // schema_policy.cc
extern const Object kProcess;  // schema_process.cc
extern const Object kState;    // schema_state.cc
extern const Object kApproval;  // schema_approvals.cc, as the next
extern const Object kApprovalMessages;
extern const Object kApprovalOn;
extern const Object kGraph;
extern const Object kInvitation;  // schema_invitations.cc, as the next
extern const Object kInvitationMessages;
extern const Object kEvent;  // schema_events.cc, as the five below
extern const Object kSink;
extern const Object kOutbox;
extern const Object kPseudonyms;
extern const Object kAudit;
extern const Object kOn;
extern const Object kExpectation;
extern const Object kCapture;
extern const Object kCountryOf;
extern const Object kPercent;
extern const Object kTimeWindow;
extern const Object kClaimErrors;
extern const Object kInclude;
extern const Object kRuleGroup;
extern const Object kVelocityLimit;  // schema_velocity.cc
extern const Object kTestEarlier;   // schema_policy.cc
// schema_decisions.cc
extern const Object kRuleCache;
extern const Object kCacheTtl;
extern const Object kDecisionCache;
// schema_backends.cc
extern const Object kBackend;
extern const Object kEndpoint;
extern const Object kBackendAuth;
extern const Object kNamedSecret;
extern const Object kOauth;
extern const Object kBackendTls;
extern const Object kBackendRequest;
extern const Object kResponseRow;
extern const Object kReplyWhen;
extern const Object kReplyTest;
extern const Object kSaid;
extern const Object kBackendLimits;
extern const Object kBreaker;
extern const Object kHealth;

/// Every object of the table, the root first, each behind one that refers to it.
std::span<const Object* const> all_objects() noexcept;

/// Dialects and list kinds that a later release brings.
std::span<const std::string_view> later_choices(std::string_view key) noexcept;

/// Names of lists, messages, backends and connectors.
inline constexpr std::string_view kConnectorNamePattern = "^[a-z0-9][a-z0-9_.-]{0,63}$";
inline constexpr std::string_view kNamePattern = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$";

/// The table as a JSON Schema, draft 2020-12.
std::string json_schema();

/// The table as the reference documentation, in Markdown: a heading and a table for each object.
std::string reference_markdown();

}  // namespace core::config::schema
