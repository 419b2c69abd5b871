#include "core/config/schema.h"

namespace core::config::schema {
namespace {

using std::string_view;

constexpr std::int64_t kKiB = 1 << 10;
constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kHour = 3600 * kSecond;

constexpr string_view kDialects[] = {"b2c-userflow"};
constexpr string_view kDialectsLater[] = {"b2c-policy", "b2b-signup", "ext-id"};
constexpr string_view kTokenFaults[] = {"continue", "fail"};
constexpr string_view kMatches[] = {"exact", "email", "domain", "network"};
constexpr string_view kModes[] = {"live", "shadow"};

constexpr Key kRootKeys[] = {
    {.name = "include",
     .shape = Shape::kStrings,
     .example = "[connectors/before-create.yaml]",
     .words = "Files with more of the same sections, looked for beside this one. A name may be "
              "defined once in all of them."},
    {.name = "listeners",
     .shape = Shape::kObjects,
     .required = true,
     .example = "[ { address: 127.0.0.1:8080 } ]",
     .words = "The addresses that answer the identity service.",
     .object = &kListener},
    {.name = "admin",
     .shape = Shape::kObject,
     .example = "{ address: 127.0.0.1:9090 }",
     .words = "The address for health checks and metrics. Without it there is none.",
     .object = &kAdmin},
    {.name = "workers",
     .shape = Shape::kInteger,
     .fallback = "0",
     .example = "4",
     .words = "Threads that serve requests; 0 is one for each core.",
     .least = 0,
     .most = 1024},
    {.name = "limits",
     .shape = Shape::kObject,
     .example = "{ body_bytes: 256KiB }",
     .words = "What one request, and one connection, may cost.",
     .object = &kLimits},
    {.name = "access_log",
     .shape = Shape::kObject,
     .example = "{ file: stdout }",
     .words = "The record of requests: one line each, without personal data.",
     .object = &kAccessLog},
    {.name = "fallback_locale",
     .shape = Shape::kString,
     .fallback = "en",
     .example = "en",
     .words = "The language of a message when the person's own is not among its texts."},
    {.name = "decision_cache",
     .shape = Shape::kObject,
     .example = "{ bytes: 64MiB }",
     .words = "Where decisions of backends are remembered, for all connectors together.",
     .object = &kDecisionCache},
    {.name = "lists",
     .shape = Shape::kObjectMap,
     .example = "{ partners: { file: lists/partners.txt, match: domain } }",
     .words = "Sets of values, by name, for the tests `in_list` and `not_in_list`.",
     .object = &kList},
    {.name = "lists_state",
     .shape = Shape::kString,
     .example = "/var/lib/claimgate",
     .words = "A directory for live changes of lists and for the last good copy of each list that "
              "is fetched. Without it neither is kept, and live changes are refused.",
    },
    {.name = "messages",
     .shape = Shape::kMessages,
     .example = "{ not_open: { en: \"Sign-up is not open to {email.domain}.\" } }",
     .words = "Texts for the person, by name: one text, which is in the fallback language, or one "
              "for each language tag. `{claim}` is replaced."},
    {.name = "tables",
     .shape = Shape::kTables,
     .example = "{ countries: { Sverige: SE, Norge: \"NO\" } }",
     .words = "Values and what they become, by name, for the filter `map`."},
    {.name = "rule_groups",
     .shape = Shape::kObjectMap,
     .example = "{ postal: { parameters: [claim], rules: [ { name: digits, when: { "
                "\"${with:claim}\": { not_matches: '^[0-9]+$' } }, block: postcode } ] } }",
     .words = "Rules to be included in the `rules` of connectors, by name.",
     .object = &kRuleGroup},
    {.name = "backends",
     .shape = Shape::kObjectMap,
     .example = "{ crm: { endpoints: [ https://crm.internal ], response: [ { continue: {} } ] } }",
     .words = "The APIs that rules may ask, by name.",
     .object = &kBackend},
    {.name = "connectors",
     .shape = Shape::kObjectMap,
     .required = true,
     .example = "{ before-create: { path: /b2c/before-create, dialect: b2c-userflow } }",
     .words = "The endpoints that the identity service calls, by name (small letters, digits, "
              "`_`, `.` and `-`).",
     .object = &kConnector},
    {.name = "tests",
     .shape = Shape::kObjects,
     .example = "[ { name: nobody is refused, connector: before-create, claims: {}, "
                "expect: { verdict: continue } } ]",
     .words = "Requests and the answers they have to get: `claimgate check` asks them.",
     .object = &kPolicyTest},
    {.name = "capture",
     .shape = Shape::kObject,
     .example = "{ file: capture.jsonl, share: 0.01 }",
     .words = "A sample of the requests for `claimgate replay`, personal data replaced. Off without "
              "it.",
     .object = &kCapture},
};
constexpr LaterKey kRootLater[] = {
    {"state", "decide with rules and lists"},
    {"cache", "write decision_cache: { bytes: 64MiB }, and cache in the rules that ask"},
    {"events", "use the access log"},
};

constexpr Key kAdminKeys[] = {
    {.name = "address",
     .shape = Shape::kAddress,
     .required = true,
     .example = "127.0.0.1:9090",
     .words = "As in `listeners`. Health and metrics ask for no credentials: keep it on a loopback "
              "or management address."},
    {.name = "token",
     .shape = Shape::kString,
     .example = "\"${env:ADMIN_TOKEN}\"",
     .words = "What `/lists` wants as `Authorization: Bearer`, 16 bytes or more. Without it `/lists` "
              "is answered on a loopback address or Unix socket only."},
};
constexpr LaterKey kAdminLater[] = {
    {"tls", "keep it on a loopback address"},
    {"auth", "keep it on a loopback address"},
};

constexpr Key kLimitsKeys[] = {
    {.name = "request_line_bytes",
     .shape = Shape::kSize,
     .fallback = "8KiB",
     .example = "8KiB",
     .words = "The request line; over it 414.",
     .least = 256,
     .most = kMiB},
    {.name = "head_bytes",
     .shape = Shape::kSize,
     .fallback = "16KiB",
     .example = "16KiB",
     .words = "Request line and fields together; over it 431.",
     .least = kKiB,
     .most = kMiB},
    {.name = "header_fields",
     .shape = Shape::kInteger,
     .fallback = "100",
     .example = "100",
     .words = "The number of fields; over it 431.",
     .least = 8,
     .most = 1000},
    {.name = "body_bytes",
     .shape = Shape::kSize,
     .fallback = "256KiB",
     .example = "256KiB",
     .words = "The body, decoded; over it 413.",
     .least = kKiB,
     .most = 16 * kMiB},
    {.name = "chunk_extension_bytes",
     .shape = Shape::kSize,
     .fallback = "16KiB",
     .example = "16KiB",
     .words = "All chunk extensions of a body; over it 413.",
     .least = 0,
     .most = kMiB},
    {.name = "trailer_bytes",
     .shape = Shape::kSize,
     .fallback = "16KiB",
     .example = "16KiB",
     .words = "The trailers of a chunked body; over it 431.",
     .least = 0,
     .most = kMiB},
    {.name = "json_depth",
     .shape = Shape::kInteger,
     .fallback = "32",
     .example = "32",
     .words = "How deep a body may nest; over it 400.",
     .least = 1,
     .most = 512},
    {.name = "json_members",
     .shape = Shape::kInteger,
     .fallback = "16384",
     .example = "16384",
     .words = "The members a body may have; over it 400.",
     .least = 1,
     .most = 1'000'000},
    {.name = "connections",
     .shape = Shape::kInteger,
     .fallback = "16384",
     .example = "16384",
     .words = "Open connections of one worker; above it the one idle longest is closed.",
     .least = 1,
     .most = 1'000'000},
    {.name = "requests_per_connection",
     .shape = Shape::kInteger,
     .fallback = "0",
     .example = "10000",
     .words = "After so many requests a connection is closed; 0 is never.",
     .least = 0,
     .most = 1'000'000'000},
    {.name = "head_timeout",
     .shape = Shape::kDuration,
     .fallback = "10s",
     .example = "10s",
     .words = "For a whole head, from its first byte.",
     .least = 100,
     .most = kHour},
    {.name = "body_timeout",
     .shape = Shape::kDuration,
     .fallback = "10s",
     .example = "10s",
     .words = "For a whole body, from the end of its head.",
     .least = 100,
     .most = kHour},
    {.name = "idle_timeout",
     .shape = Shape::kDuration,
     .fallback = "1m",
     .example = "1m",
     .words = "How long a connection stays open between two requests.",
     .least = 100,
     .most = kHour},
    {.name = "write_timeout",
     .shape = Shape::kDuration,
     .fallback = "10s",
     .example = "10s",
     .words = "How long an answer may wait for its reader.",
     .least = 100,
     .most = kHour},
    {.name = "drain_timeout",
     .shape = Shape::kDuration,
     .fallback = "10s",
     .example = "10s",
     .words = "How long requests under way are waited for at the end.",
     .least = 0,
     .most = kHour},
    {.name = "tls_handshakes",
     .shape = Shape::kInteger,
     .fallback = "1024",
     .example = "1024",
     .words = "TLS handshakes under way, per worker: one more ends the oldest.",
     .least = 1,
     .most = 1'000'000},
    {.name = "tls_handshake_timeout",
     .shape = Shape::kDuration,
     .fallback = "10s",
     .example = "10s",
     .words = "For a whole TLS handshake, from accepting the connection.",
     .least = 100,
     .most = kHour},
    {.name = "auth_failures",
     .shape = Shape::kInteger,
     .fallback = "100",
     .example = "100",
     .words = "Wrong credentials that one address may show within `auth_failure_window`; then it gets "
              "429 until the window ends. IPv6 addresses are counted by their /64, those of this "
              "machine are not. 0: no limit.",
     .least = 0,
     .most = 1'000'000},
    {.name = "auth_failure_window",
     .shape = Shape::kDuration,
     .fallback = "1m",
     .example = "1m",
     .words = "From the first of them.",
     .least = kSecond,
     .most = kHour},
    {.name = "auth_addresses",
     .shape = Shape::kInteger,
     .fallback = "16384",
     .example = "16384",
     .words = "Addresses that are counted at once, 24 bytes each; beyond them those with the fewest "
              "failures are forgotten.",
     .least = 64,
     .most = 1'000'000},
    {.name = "pending",
     .shape = Shape::kInteger,
     .fallback = "4096",
     .example = "4096",
     .words = "Requests of one worker that wait for a backend. One more is answered `otherwise` at "
              "once.",
     .least = 0,
     .most = 1'000'000},
    {.name = "memory",
     .shape = Shape::kSize,
     .example = "512MiB",
     .words = "What the process may hold in all. Without it that is what the other limits add up to, "
              "which start-up prints; less of it makes room for fewer connections and messages. See "
              "[overload](operation.md#overload).",
     .least = 16 * kMiB,
     .most = 1024 * 1024 * kMiB},
};

constexpr Key kAccessLogKeys[] = {
    {.name = "file",
     .shape = Shape::kString,
     .fallback = "stdout",
     .example = "stdout",
     .words = "`stdout`, `stderr`, `off`, or a file."},
    {.name = "sample",
     .shape = Shape::kNumber,
     .fallback = "1",
     .example = "0.01",
     .words = "The share of the requests that is written.",
     .least = 0,
     .most = 1},
};

constexpr Key kListKeys[] = {
    {.name = "file",
     .shape = Shape::kString,
     .example = "lists/partners.txt",
     .words = "A file with one entry a line, or one made by `claimgate list build`, looked for "
              "beside this one."},
    {.name = "values",
     .shape = Shape::kStrings,
     .example = "[example.com, example.org]",
     .words = "The entries themselves."},
    {.name = "url",
     .shape = Shape::kString,
     .example = "https://lists.example/partners.txt",
     .words = "Where such a file is fetched by HTTP or HTTPS."},
    {.name = "redirect_hosts",
     .shape = Shape::kStrings,
     .example = "[cdn.lists.example]",
     .words = "With `url`: hosts besides its own that it may redirect to."},
    {.name = "reload",
     .shape = Shape::kDuration,
     .example = "5m",
     .words = "With `file` and `url`: how often the source is looked at again. Without it that is "
              "done by SIGHUP alone.",
     .least = kSecond,
     .most = 24 * kHour},
    {.name = "match",
     .shape = Shape::kChoice,
     .fallback = "exact",
     .example = "domain",
     .words = "`exact`: the same text. `email`: the same address, whatever its spelling. `domain`: "
              "the same domain or one below it. `network`: an address in the network, IPv4 or IPv6.",
     .choices = kMatches},
};
constexpr string_view kListOne[] = {"file", "values", "url"};

constexpr Key kConnectorKeys[] = {
    {.name = "path",
     .shape = Shape::kPath,
     .required = true,
     .example = "/b2c/before-create",
     .words = "The path of the URL that is called, exactly."},
    {.name = "dialect",
     .shape = Shape::kChoice,
     .required = true,
     .example = "b2c-userflow",
     .words = "Who calls: `b2c-userflow` is an API connector of an Azure AD B2C user flow.",
     .choices = kDialects},
    {.name = "auth",
     .shape = Shape::kAuth,
     .example = "{ basic: { username: b2c, password: \"${env:B2C_PASSWORD}\" } }",
     .words = "How the caller shows who it is. `anonymous` lets everybody in and has to be written "
              "when a listener can be reached from another machine.",
     .object = &kAuthentication},
    {.name = "deadline",
     .shape = Shape::kDuration,
     .fallback = "4s",
     .example = "4s",
     .words = "When the answer has to be out. User flows wait five seconds.",
     .least = 100,
     .most = 60 * kSecond},
    {.name = "otherwise",
     .shape = Shape::kObject,
     .example = "{ validation_error: later }",
     .words = "The verdict when none is found by the deadline.",
     .object = &kOtherwise},
    {.name = "retry_window",
     .shape = Shape::kDuration,
     .fallback = "12s",
     .example = "12s",
     .words = "A request with the same body within this time is the caller's retry: it gets the "
              "first one's decision and reaches no backend again. 0ms: it is a new request.",
     .least = 0,
     .most = kHour},
    {.name = "token_fault",
     .shape = Shape::kChoice,
     .fallback = "continue",
     .example = "continue",
     .words = "What happens before a token is issued, where a person can be told nothing: "
              "`continue` without claims, or `fail` the call.",
     .choices = kTokenFaults},
    {.name = "rules",
     .shape = Shape::kRules,
     .example = "[ { name: everybody, continue: {} } ]",
     .words = "Run in order until one ends; after the last one the person goes on, with every "
              "claim that a rule set.",
     .object = &kRule},
    {.name = "shadow_rules",
     .shape = Shape::kRules,
     .example = "[ { name: everybody, continue: {} } ]",
     .words = "Other rules, run over the same claims behind the answer and never told: where their "
              "verdict, message or claims differ is counted, and now and then written to the log.",
     .object = &kRule},
};
constexpr LaterKey kConnectorLater[] = {
    {"cache", "write it in a rule that asks"},
    {"tests", "write them at the top level: each names its connector"},
    {"limits", "write it at the top level: it is for all connectors"},
};

constexpr Key kOtherwiseKeys[] = {
    {.name = "continue",
     .shape = Shape::kClaims,
     .example = "{}",
     .words = "Go on, with these claims."},
    {.name = "block",
     .shape = Shape::kName,
     .example = "later",
     .words = "Show the message on a page of its own: the person cannot go on."},
    {.name = "validation_error",
     .shape = Shape::kName,
     .example = "later",
     .words = "Show the message on the form: the person may try again."},
};
constexpr string_view kOtherwiseOne[] = {"validation_error", "block", "continue"};

constexpr Key kRuleKeys[] = {
    {.name = "name",
     .shape = Shape::kString,
     .required = true,
     .example = "blocked domains",
     .words = "Names the rule in logs, metrics and explanations; once in a connector."},
    {.name = "when",
     .shape = Shape::kCondition,
     .example = "{ country: { equals: Sweden } }",
     .words = "When the rule acts; without it always."},
    {.name = "mode",
     .shape = Shape::kChoice,
     .fallback = "live",
     .example = "shadow",
     .words = "`shadow` reports what the rule would have done, and does nothing.",
     .choices = kModes},
    {.name = "continue",
     .shape = Shape::kClaims,
     .example = "{}",
     .words = "Go on, with these claims, and end."},
    {.name = "block",
     .shape = Shape::kName,
     .example = "not_open",
     .words = "Show the message on a page of its own, and end."},
    {.name = "validation_error",
     .shape = Shape::kMessageOr,
     .example = "postcode",
     .words = "Show the message on the form, and end.",
     .object = &kClaimErrors},
    {.name = "set",
     .shape = Shape::kClaimsSome,
     .example = "{ givenName: \"{givenName | name_case}\" }",
     .words = "Set claims, and go on with the next rule. `\"\"` sends a claim empty; a number, "
              "`true` and `false` without quotation marks are what they look like."},
    {.name = "remove",
     .shape = Shape::kStringOrList,
     .example = "[jobTitle]",
     .words = "Leave claims out of the answer that rules above have set, and go on with what came."},
    {.name = "tag",
     .shape = Shape::kString,
     .example = "new_domain",
     .words = "A label for metrics and the access log, put on requests that the rule matches. It may "
              "stand beside an action or alone; a connector may have 64 different ones."},
    {.name = "ask",
     .shape = Shape::kString,
     .example = "crm",
     .words = "Ask the backend of that name. Its continue adds claims and goes on with the next "
              "rule; its block or validation error ends. Without an answer in time the connector's "
              "`otherwise` applies."},
    {.name = "cache",
     .shape = Shape::kObject,
     .example = "{ key: [email], ttl: { continue: 10m } }",
     .words = "With `ask`: remember what the backend decided. Without it only the caller's retry "
              "gets the same decision.",
     .object = &kRuleCache},
};
constexpr string_view kRuleOne[] = {"block", "validation_error", "continue", "set", "remove", "ask"};
constexpr string_view kRuleOrElse[] = {"tag"};

}  // namespace

constinit const Object kRoot{.name = "configuration",
                             .words = "The top level of the file, and of each included one.",
                             .keys = kRootKeys,
                             .later = kRootLater};
constinit const Object kAdmin{
    .name = "admin", .words = "`admin`.", .keys = kAdminKeys, .later = kAdminLater};
constinit const Object kLimits{.name = "limits",
                               .words =
                                   "`limits`. Sizes are bytes, or written with KiB or MiB; "
                                   "times are written with ms, s, m or h.",
                               .keys = kLimitsKeys};
constinit const Object kAccessLog{
    .name = "access_log", .words = "`access_log`.", .keys = kAccessLogKeys};
constinit const Object kList{
    .name = "list", .words = "One member of `lists`.", .keys = kListKeys, .exactly_one = kListOne};
constinit const Object kConnector{.name = "connector",
                                  .words = "One member of `connectors`.",
                                  .keys = kConnectorKeys,
                                  .later = kConnectorLater};
constinit const Object kOtherwise{.name = "otherwise",
                                  .words = "`otherwise` of a connector: exactly one of these.",
                                  .keys = kOtherwiseKeys,
                                  .exactly_one = kOtherwiseOne};
constinit const Object kRule{.name = "rule",
                             .words =
                                 "One item of `rules`: a name, perhaps a condition, and "
                                 "one action, or a `tag` alone. Or an [include](#include).",
                             .keys = kRuleKeys,
                             .exactly_one = kRuleOne,
                             .or_else = kRuleOrElse};
namespace {
constexpr const Object* kAll[] = {
    &kRoot,
    &kListener,
    &kListenerTls,
    &kCertificate,
    &kAdmin,
    &kLimits,
    &kAccessLog,
    &kDecisionCache,
    &kList,
    &kBackend,
    &kEndpoint,
    &kBackendAuth,
    &kNamedSecret,
    &kOauth,
    &kBackendTls,
    &kBackendRequest,
    &kResponseRow,
    &kReplyWhen,
    &kReplyTest,
    &kSaid,
    &kBackendLimits,
    &kBreaker,
    &kHealth,
    &kConnector,
    &kAuthentication,
    &kCredential,
    &kCallerCertificate,
    &kApiKey,
    &kOtherwise,
    &kRule,
    &kRuleCache,
    &kCacheTtl,
    &kClaimErrors,
    &kInclude,
    &kRuleGroup,
    &kTests,
    &kLengthRange,
    &kCountryOf,
    &kPercent,
    &kTimeWindow,
    &kPolicyTest,
    &kExpectation,
    &kCapture,
};
}  // namespace

const Key* Object::find(std::string_view key) const noexcept {
  for (const Key& k : keys) {
    if (k.name == key) return &k;
  }
  return nullptr;
}

std::span<const Object* const> all_objects() noexcept { return kAll; }

std::span<const std::string_view> later_choices(std::string_view key) noexcept {
  if (key == "dialect") return kDialectsLater;
  return {};
}

}  // namespace core::config::schema
