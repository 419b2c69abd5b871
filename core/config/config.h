#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/approvals.h"
#include "core/config/backend.h"
#include "core/config/dialect_name.h"
#include "core/config/events.h"
#include "core/config/invitations.h"
#include "core/config/policy.h"
#include "core/config/state.h"
#include "core/config/velocity.h"
#include "core/config/written.h"
#include "core/lists/network.h"

/// A configuration as it was written: typed, every value with its place, names not yet resolved.
/// load.h makes it from YAML; core/gate/compile.h turns it into a snapshot and resolves the names.
namespace core::config {

/// What one member of a `when` tests. `not_equals`, `not_in`, `not_in_list` and `not_matches` are
/// the same tests with `negated` set; a missing claim matches neither form.
enum class Test : std::uint8_t {
  kEquals,
  kIn,
  kInList,
  kStartsWith,
  kEndsWith,
  kContains,
  kMatches,
  kLength,
  kExists,
  kMissing,
  kLessThan,
  kAtMost,
  kGreaterThan,
  kAtLeast,
  kBefore,
  kAfter,
  kInNetwork,
  kIsEmail,
  kIsPhone,
  kIsPossiblePhone,
  kIsPostcode,
  kSameAs,
  kScripts,
  kMixedScripts,
  kLooksLike,
  kAgeAtLeast,
  kAgeUnder,
  kPercent,
  kTime,
};

struct LengthRange {  // in Unicode code points
  std::optional<std::int64_t> min, max;
};

struct Condition {
  enum class Kind : std::uint8_t { kAll, kAny, kNot, kTest };
  Kind kind = Kind::kAll;
  Mark mark;
  std::vector<Condition> children;  // kAll, kAny: any number; kNot: one
  // kTest:
  Text subject;  // a claim or derived value, perhaps with filters: "country | lower"
  Test test = Test::kEquals;
  bool negated = false;
  Mark test_mark;
  std::vector<Scalar> operands;  // kIn, kStartsWith, kEndsWith, kContains, kMatches: one or more
                                 // (any of them); kEquals, kInList: one; kExists, kMissing: none;
                                 // the others: see conditions.cc, "Operands"
  LengthRange length;            // kLength
};

struct Assignment {
  Text claim;
  Text text;  // a template: "{givenName | name_case}"
  Scalar::Type type = Scalar::Type::kString;  // a number or boolean stands for itself
};

/// How decisions of a rule's backend are kept (schema_decisions.cc has the words for each).
struct RuleCache {
  Mark mark;
  std::vector<Text> key;  // subjects: "email.domain", "country | lower"
  milliseconds continue_ttl{600'000}, block_ttl{600'000}, validation_error_ttl{0};
  milliseconds unresolved_ttl{0};
  milliseconds stale{0};
  enum class Revalidate : std::uint8_t { kBackground, kWait };
  Revalidate revalidate = Revalidate::kBackground;
  double jitter = 0.1;
  bool token_step = false;
};

enum class Mode : std::uint8_t { kLive, kShadow };

struct Action {
  enum class Kind : std::uint8_t {
    kContinue,
    kBlock,
    kValidationError,
    kSet,
    kAsk,
    kRemove,  // claims out of the answer
    kTag,     // a tag, or an event, alone
  };
  Kind kind = Kind::kContinue;
  Mark mark;
  Text message;                         // kBlock, kValidationError: the name of a message
  Text backend;                         // kAsk: its name, or that of the approval or invitation
  Asks asks = Asks::kBackend;           // kAsk
  std::vector<Assignment> assignments;  // kSet, kContinue
  std::vector<Text> removals;           // kRemove: claims
  std::vector<std::pair<Text, Text>> claim_messages;  // kValidationError: claim, name of a message
};

struct Rule {
  Text name;
  Mark mark;
  Condition when;  // kAll without children when the rule has no `when`: always
  Action action;
  Text tag;  // empty: none
  Text limit;  // kBlock, kValidationError: of `velocity`; over it they end. Empty: none
  std::vector<Text> emits;  // names of events
  std::optional<RuleCache> cache;  // kAsk
  ApprovalStep approval_step = ApprovalStep::kCheck;  // an approval's
  std::optional<WhenAway> when_away;                  // of what asks the state
  Mode mode = Mode::kLive;
  Mark included_at;  // of the `include` that brought it, the outermost; line 0: it stands here itself
};

struct Credential {
  Text username, password;
};

/// A certificate that a caller may show: everything that is written has to fit (schema_auth.cc).
struct CallerCertificate {
  static constexpr std::size_t kListener = ~std::size_t{0};
  Mark mark;
  std::optional<std::array<std::uint8_t, 32>> sha256;
  std::size_t authority = kListener;  // in Config::caller_authorities; kListener: its client_ca
  Text subject, issuer, name;         // as RFC 2253 writes them; empty: any
};

/// A key that callers show besides who they are.
struct ApiKey {
  Text name;  // of the field or parameter
  bool in_query = false;
  std::vector<Text> values;  // each is good
};

/// The step that a connector's URL stands for, where requests do not name it.
enum class StepOfUrl : std::uint8_t { kPostFederationSignup, kPostAttributeCollection };
/// Tokens that Entra issues to callers (schema_entra.cc).
struct EntraTokens {
  std::size_t authority = 0;           // in Config::token_authorities
  std::string tenant;                  // a GUID in small letters, as the two below where they are GUIDs
  std::vector<std::string> audiences;  // each is good
  std::vector<std::string> parties;    // the same
  milliseconds clock_skew{300'000};    // protocol.md d.2
};

/// Where the keys of callers' tokens come from.
struct TokenAuthority {
  Text url;            // normalised, ending in the tenant, no slash behind it
  std::string tenant;
  Text ca;             // a PEM file, relative to the file that names it; empty: the system's authorities
  milliseconds refresh{24 * 3'600'000};  // the shortest that a connector asks for
};


/// What is told at PreTokenIssuance, where neither a block nor a validation error is legal
/// (protocol.md a.7): go on without claims, or fail the call (HTTP 500).
enum class TokenFault : std::uint8_t { kContinue, kFail };

/// What the author of a custom policy chose (protocol.md b).
struct PolicyContract {
  ClaimsIn claims_in = ClaimsIn::kBody;
  Text payload;    // kBody: the claim that the whole body is; empty: the body is an object of claims
  Text url;        // kUrl: what is behind the connector's path
  std::vector<std::pair<Text, Text>> names;  // a claim in rules, and what the policy calls it
  bool debug = false;
  Text request_id;  // the claim that has it; empty: none
  Text more_info;   // empty: none
};

struct Connector {
  Text name;
  Text path;
  DialectName dialect = DialectName::kB2cUserflow;
  std::optional<StepOfUrl> step;  // kB2bSignup
  PolicyContract policy;          // kB2cPolicy
  Text block_title;               // kExtId: the name of a message; empty: none
  std::array<Text, 3> carry;      // kExtId: backends for emailOtpSend, passwordSubmit and
                                  // verifiedIdClaimValidation; empty: refused
  std::vector<Credential> basic;
  std::vector<Text> bearer;
  std::vector<CallerCertificate> certificates;
  std::optional<EntraTokens> entra;
  std::optional<ApiKey> api_key;
  std::vector<lists::Network> addresses;  // with local_addresses: empty is any
  bool local_addresses = false;           // "unix" among them
  bool allow_anonymous = false;  // auth: anonymous, in words
  bool has_auth = false;         // an `auth` was written at all
  milliseconds deadline{4000};   // protocol.md a.9
  milliseconds retry_window{12'000};  // 2 x 5 s + 2 s (protocol.md a.9)
  std::optional<std::int64_t> pending;  // requests that wait; unset: by what others need (gate::compile)
  std::optional<Action> otherwise;
  TokenFault token_fault = TokenFault::kContinue;
  std::array<std::vector<Text>, 3> on;  // names of events, by verdict: continue, block, validation error
  std::vector<Rule> rules;
  std::vector<Rule> shadow_rules;  // evaluated beside `rules`, and never told
  Mark mark;
};

/// Whether what a limit has counted is in a Redis, for all machines.
inline bool is_shared(const VelocityLimit& limit, const State& state) noexcept {
  return state.kind == State::Kind::kRedis && limit.shared.value_or(true);
}

/// One of `tables`: what the filter `map` looks up.
struct ValueTable {
  Text name;
  std::vector<std::pair<Text, Text>> rows;  // value, what it becomes; no value twice
};

enum class ListMatch : std::uint8_t { kExact, kEmail, kDomain, kNetwork };

struct ListSource {
  Text name;
  Text file;                 // relative to the configuration file that names it
  std::vector<Text> values;  // or the entries themselves
  Text url;                  // or where they are fetched
  std::vector<Text> redirect_hosts;  // besides the URL's own
  ListMatch match = ListMatch::kExact;
  milliseconds reload{0};    // how often the source is looked at again; 0: at a reload
};

struct Message {
  Text name;
  std::vector<std::pair<Text, Text>> texts;  // language tag, template; in the file's order
};

struct ListenerAddress {
  Text text;  // as written
  enum class Kind : std::uint8_t { kTcp, kUnix } kind = Kind::kTcp;
  std::string host;  // an IPv4 or IPv6 address, no name; or the path of a Unix socket
  std::uint16_t port = 0;
  bool loopback = false;  // 127.0.0.0/8, ::1, or a Unix socket
};

/// A certificate with the files of its chain, key and OCSP answer; each relative to the file that
/// names it, made absolute or relative to the working directory by the loader.
struct CertificateFiles {
  Text certificate, key;
  Text ocsp;  // empty: none
};

struct ListenerTls {
  enum class ClientCertificate : std::uint8_t { kNotAsked, kRequired, kOptional };
  Mark mark;
  std::vector<CertificateFiles> certificates;  // at least one; the first is the default
  Text client_ca;                              // empty: callers are not asked for certificates
  ClientCertificate client_certificate = ClientCertificate::kNotAsked;
  bool log_client_subject = false;
  milliseconds ticket_lifetime{12 * 3'600'000};
};

/// Whether a load balancer says in front of each connection who has called it.
enum class ProxyProtocol : std::uint8_t { kOff, kV1, kV2, kAny };

struct Listener {
  ListenerAddress address;
  std::optional<ListenerTls> tls = std::nullopt;
  ProxyProtocol proxy_protocol = ProxyProtocol::kOff;
  std::int64_t forwarded_for = 0;         // proxies in a row that add to X-Forwarded-For
  std::vector<lists::Network> proxies = {};  // who is believed; empty: see local_proxies
  bool local_proxies = false;             // "unix" among them, or nothing written on this machine
};

/// Every limit of docs/configuration.md, with its default.
struct Limits {
  std::int64_t request_line_bytes = 8 << 10;
  std::int64_t head_bytes = 16 << 10;
  std::int64_t header_fields = 100;
  std::int64_t body_bytes = 256 << 10;
  std::int64_t chunk_extension_bytes = 16 << 10;
  std::int64_t trailer_bytes = 16 << 10;
  std::int64_t json_depth = 32;
  std::int64_t json_members = 16384;
  std::int64_t connections = 16384;          // per worker
  std::int64_t requests_per_connection = 0;  // 0: no limit
  std::int64_t tls_handshakes = 1024;        // under way at once, per worker
  std::int64_t auth_failures = 100;          // of one address in a window; 0: not counted
  std::int64_t auth_addresses = 16384;       // that are counted
  std::int64_t token_bytes = 8 << 10;        // of a caller's JWT
  std::int64_t tokens_remembered = 1024;     // good ones, per worker
  milliseconds auth_failure_window{60'000};
  milliseconds head_timeout{10'000};
  milliseconds body_timeout{10'000};
  milliseconds idle_timeout{60'000};
  milliseconds write_timeout{10'000};
  milliseconds drain_timeout{10'000};
  milliseconds tls_handshake_timeout{10'000};
  std::int64_t pending = 4096;               // requests that wait for a backend, per worker
  std::int64_t memory = 0;                   // of the process; 0: what the other limits add up to
  std::int64_t velocity = 64 << 20;          // bytes of what `velocity` counts
  Mark memory_mark;                          // where it is written
};

struct AccessLog {
  Text file;            // "stdout", "stderr", "off" or a path
  double sample = 1.0;  // share of the requests written, 0 to 1
};

/// What the running program may do on its machine.
struct Process {
  enum class Seccomp : std::uint8_t { kStandard, kStrict, kOff };
  Text user;  // empty: none is named
  Seccomp seccomp = Seccomp::kStandard;
  bool core_dumps = false;
};

struct Config {
  std::vector<Listener> listeners;
  std::optional<Listener> admin;
  Text admin_token;  // empty: none
  Text lists_state;  // a directory, relative to the file that names it; empty: none
  std::int64_t workers = 0;  // 0: one for each core
  Limits limits;
  AccessLog access_log;
  std::int64_t decision_cache_bytes = 64 << 20;
  bool decision_cache_redis = false;          // what other machines decided is looked up
  milliseconds decision_cache_redis_wait{50};  // for at most so long
  Mark decision_cache_redis_mark;
  Text fallback_locale;  // default "en"
  std::vector<ListSource> lists;
  std::vector<Message> messages;
  std::vector<ValueTable> tables;
  std::vector<Backend> backends;
  std::vector<VelocityLimit> velocity;
  std::vector<Connector> connectors;
  std::vector<TokenAuthority> token_authorities;  // each URL and `ca` once
  std::vector<Text> caller_authorities;  // PEM files that certificates name, each once; at most 64
  std::vector<PolicyTest> tests;
  Process process;
  State state;
  std::vector<Approval> approvals;
  std::vector<Invitation> invitations;
  Capture capture;
  std::vector<EventType> events;
  std::vector<Sink> sinks;
  Outbox outbox;
  Pseudonyms pseudonyms;
  Audit audit;
};

}  // namespace core::config
