#include "core/config/schema.h"

namespace core::config::schema {
namespace {

using std::string_view;

constexpr string_view kMatches[] = {"exact", "email", "domain", "network"};
constexpr string_view kModes[] = {"live", "shadow"};
constexpr string_view kMemory[] = {"memory"};
constexpr string_view kApprovalSteps[] = {"check", "request"};
constexpr string_view kWhenAway[] = {"closed", "open", "local"};

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
    {.name = "velocity",
     .shape = Shape::kObjectMap,
     .example = "{ per_domain: { key: [email.domain], window: 1h, at_most: 50 } }",
     .words = "How often something may happen, by name, for `limit` of rules.",
     .object = &kVelocityLimit},
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
    {.name = "state",
     .shape = Shape::kWordOr,
     .example = "{ sqlite: /var/lib/claimgate/state.db }",
     .words = "Where approvals, invitations and whatever else outlives a request are kept. Without it no rule may need any.",
     .choices = kMemory,
     .object = &kState},
    {.name = "approvals",
     .shape = Shape::kObjectMap,
     .example = "{ guests: { key: [email.canonical], messages: { pending: in_review, denied: not_admitted } } }",
     .words = "Sign-ups that somebody has to approve, by name, for the action `approval`.",
     .object = &kApproval},
    {.name = "invitations",
     .shape = Shape::kObjectMap,
     .example = "{ partners: { code: extension_invitationCode, messages: { unknown: bad_code } } }",
     .words = "Codes that a sign-up needs, by name, for the action `invitation`.",
     .object = &kInvitation},
    {.name = "events",
     .shape = Shape::kObjectMap,
     .example = "{ signup_blocked: { type: com.example.signup.blocked, claims: { country: plain }, "
                "sinks: [crm] } }",
     .words = "What happened, told to others, by name: see `emit` of a rule and `on` of a connector.",
     .object = &kEvent},
    {.name = "sinks",
     .shape = Shape::kObjectMap,
     .example = "{ crm: { webhook: https://crm.internal/hooks/claimgate } }",
     .words = "Where events are delivered to, by name (small letters, digits, `_`, `.` and `-`).",
     .object = &kSink},
    {.name = "outbox",
     .shape = Shape::kObject,
     .example = "{ events: 1000000 }",
     .words = "Events on their way.",
     .object = &kOutbox},
    {.name = "pseudonyms",
     .shape = Shape::kObject,
     .example = "{ key: \"${file:/run/secrets/pseudonyms}\" }",
     .words = "What hashes and tokens of claims are made with.",
     .object = &kPseudonyms},
    {.name = "audit",
     .shape = Shape::kObject,
     .example = "{ directory: /var/lib/claimgate/audit, keep: 400d }",
     .words = "A line for every verdict, in a chain that shows tampering. Off without it.",
     .object = &kAudit},
    {.name = "process",
     .shape = Shape::kObject,
     .example = "{ user: claimgate }",
     .words = "What the running program may do on its machine.",
     .object = &kProcess},
};
constexpr LaterKey kRootLater[] = {
    {"cache", "write decision_cache: { bytes: 64MiB }, and cache in the rules that ask"},
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
    {.name = "limit",
     .shape = Shape::kString,
     .example = "per_domain",
     .words = "With `block` or `validation_error`: the limit of `velocity` of that name. Within it the "
              "rule does nothing and the next one follows; over it the rule ends."},
    {.name = "emit",
     .shape = Shape::kStringOrList,
     .example = "signup_blocked",
     .words = "Events of requests that the rule matches, by name, at most 8. It may stand beside an action "
              "or alone."},
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
    {.name = "approval",
     .shape = Shape::kString,
     .example = "guests",
     .words = "Ask the approval of that name. Where the person is approved, or has not asked yet and `step` is "
              "`check`, the next rule goes on; otherwise the person is told what the state is, and it ends."},
    {.name = "step",
     .shape = Shape::kChoice,
     .fallback = "check",
     .example = "request",
     .words = "With `approval`: `check` only looks, for the connector after federating; `request` stores a request "
              "where there is none, for the connector before the account is created.",
     .choices = kApprovalSteps},
    {.name = "invitation",
     .shape = Shape::kString,
     .example = "partners",
     .words = "Redeem the code of the invitation of that name. A good one goes on with the next rule; of any other the "
              "person is told what is wrong, and it ends."},
    {.name = "when_away",
     .shape = Shape::kChoice,
     .example = "closed",
     .words = "With `approval` and `invitation`, and with `limit` where machines share it: what happens when the state is "
              "not to be had. `closed`: the connector's `otherwise`, the default of both. `open`: go on with the next "
              "rule. `local`, the default of a limit: what this machine has counted itself decides.",
     .choices = kWhenAway},
};
constexpr string_view kRuleOne[] = {"block",  "validation_error", "continue", "set",
                                    "remove", "ask",              "approval", "invitation"};
constexpr string_view kRuleOrElse[] = {"tag", "emit"};

}  // namespace

constinit const Object kRoot{.name = "configuration",
                             .words = "The top level of the file, and of each included one.",
                             .keys = kRootKeys,
                             .later = kRootLater};
constinit const Object kAdmin{
    .name = "admin", .words = "`admin`.", .keys = kAdminKeys, .later = kAdminLater};
constinit const Object kAccessLog{
    .name = "access_log", .words = "`access_log`.", .keys = kAccessLogKeys};
constinit const Object kList{
    .name = "list", .words = "One member of `lists`.", .keys = kListKeys, .exactly_one = kListOne};
constinit const Object kRule{.name = "rule",
                             .words =
                                 "One item of `rules`: a name, perhaps a condition, and "
                                 "one action, or a `tag` or `emit` alone. Or an [include](#include).",
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
    &kVelocityLimit,
    &kConnector,
    &kAuthentication,
    &kCredential,
    &kCallerCertificate,
    &kApiKey,
    &kEntra,
    &kCarry,
    &kPolicyContract,
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
    &kTestEarlier,
    &kExpectation,
    &kCapture,
    &kEvent,
    &kOn,
    &kSink,
    &kOutbox,
    &kPseudonyms,
    &kAudit,
    &kProcess,
    &kState,
    &kApproval,
    &kApprovalMessages,
    &kApprovalOn,
    &kGraph,
    &kInvitation,
    &kInvitationMessages,
};
}  // namespace

const Key* Object::find(std::string_view key) const noexcept {
  for (const Key& k : keys) {
    if (k.name == key) return &k;
  }
  return nullptr;
}

std::span<const Object* const> all_objects() noexcept { return kAll; }

}  // namespace core::config::schema
