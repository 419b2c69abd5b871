// The rows of `events`, `sinks`, `outbox`, `pseudonyms`, `audit` and a connector's `on`.
#include "core/config/schema.h"

namespace core::config::schema {
namespace {

using std::string_view;


constexpr string_view kSinkModes[] = {"structured", "binary"};
constexpr string_view kCommits[] = {"behind_answer", "before_answer"};
constexpr string_view kEventWhenAway[] = {"closed", "open"};
constexpr string_view kMechanisms[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"};

constexpr Key kEventKeys[] = {
    {.name = "type",
     .shape = Shape::kString,
     .required = true,
     .example = "com.example.signup.blocked",
     .words = "The attribute `type`: what has happened, in words of your own, a reversed domain in front."},
    {.name = "source",
     .shape = Shape::kString,
     .example = "https://id.example.com/signup",
     .words = "The attribute `source`, a URI reference. Without it `/claimgate/connectors/` and the "
              "connector's name."},
    {.name = "subject",
     .shape = Shape::kString,
     .example = "email.canonical",
     .words = "The claim or derived value whose hash is the attribute `subject`. Attributes are seen by "
              "logs and brokers on the way: it is never written as it is."},
    {.name = "dataschema",
     .shape = Shape::kString,
     .example = "https://schemas.example.com/signup-blocked/1",
     .words = "The attribute `dataschema`, a URI."},
    {.name = "claims",
     .shape = Shape::kTemplates,
     .example = "{ email: hash, country: plain, phone: token }",
     .words = "Claims and derived values that the event carries, each `plain`, as its `hash`, or as a "
              "`token` ([events](events.md#personal-data)). No other claim is in it. At most 64."},
    {.name = "key",
     .shape = Shape::kStrings,
     .example = "[email.canonical]",
     .words = "Claims or derived values: events with the same ones are delivered in their order. Their "
              "hash is the attribute `partitionkey`. Without it there is no order."},
    {.name = "sinks",
     .shape = Shape::kStrings,
     .required = true,
     .example = "[crm]",
     .words = "Where it is delivered, each by itself."},
    {.name = "commit",
     .shape = Shape::kChoice,
     .fallback = "behind_answer",
     .example = "before_answer",
     .words = "`before_answer`: the answer waits until the event is in the outbox, its connector's `deadline` at "
              "most. What was answered is then told, whatever happens to the process.",
     .choices = kCommits},
    {.name = "when_away",
     .shape = Shape::kChoice,
     .fallback = "closed",
     .example = "open",
     .words = "With `commit: before_answer`: what is answered when the event is not in the outbox in time. `closed`: "
              "the connector's `otherwise`. `open`: what the rules have decided.",
     .choices = kEventWhenAway},
};

constexpr Key kSinkKeys[] = {
    {.name = "webhook",
     .shape = Shape::kString,
     .example = "https://crm.internal/hooks/claimgate",
     .words = "A URL that gets each event by POST ([events](events.md#webhooks))."},
    {.name = "file",
     .shape = Shape::kString,
     .example = "/var/lib/claimgate/events.jsonl",
     .words = "Or a file that gets a line of JSON for each, looked for beside this one, mode 0600; opened "
              "again by SIGHUP."},
    {.name = "redis",
     .shape = Shape::kString,
     .example = "rediss://redis.internal:6379/0",
     .words = "Or the URL of a Redis or Valkey, 6.2 or newer: each event is an entry of a stream ([events](events.md#redis-streams)). "
              "`rediss` is with TLS."},
    {.name = "kafka",
     .shape = Shape::kStrings,
     .example = "[kafka-1.internal:9093, kafka-2.internal:9093]",
     .words = "Or brokers of a Kafka: each event is a message of a topic ([events](events.md#kafka))."},
    {.name = "stream",
     .shape = Shape::kString,
     .fallback = "claimgate:events",
     .example = "signups",
     .words = "With `redis`: the key of the stream."},
    {.name = "maxlen",
     .shape = Shape::kInteger,
     .fallback = "1000000",
     .example = "1000000",
     .words = "With `redis`: about so many entries the stream keeps, the newest (`MAXLEN ~`); 0 keeps all.",
     .least = 0,
     .most = 1'000'000'000},
    {.name = "topic",
     .shape = Shape::kString,
     .example = "signups",
     .words = "With `kafka`: the topic. It must be there, or made by the brokers."},
    {.name = "tls",
     .shape = Shape::kBoolean,
     .fallback = "true",
     .example = "false",
     .words = "With `kafka`: whether the brokers speak TLS."},
    {.name = "username",
     .shape = Shape::kString,
     .example = "claimgate",
     .words = "With `redis`, `kafka`: who claimgate is there. Without it the default user of a Redis, nobody at a Kafka."},
    {.name = "password",
     .shape = Shape::kString,
     .example = "\"${env:BUS_PASSWORD}\"",
     .words = "With `redis`, `kafka`: its password."},
    {.name = "mechanism",
     .shape = Shape::kChoice,
     .fallback = "SCRAM-SHA-512",
     .example = "PLAIN",
     .words = "With `kafka` and `username`: the mechanism of SASL.",
     .choices = kMechanisms},
    {.name = "mode",
     .shape = Shape::kChoice,
     .fallback = "structured",
     .example = "binary",
     .words = "With `webhook`, `kafka`: the whole event is the body, or its `data` is and its attributes are "
              "fields of their own (CloudEvents 1.0, HTTP and Kafka bindings).",
     .choices = kSinkModes},
    {.name = "secret",
     .shape = Shape::kStringOrList,
     .example = "\"${env:CRM_HOOK_SECRET}\"",
     .words = "With `webhook`: signs each request as Standard Webhooks has it, `whsec_` and base64 of 24 "
              "to 64 bytes. Several: one signature of each, for the time of a change."},
    {.name = "headers",
     .shape = Shape::kTemplates,
     .example = "{ authorization: \"Bearer ${env:CRM_TOKEN}\" }",
     .words = "With `webhook`: fields that each request has, at most 32."},
    {.name = "ca",
     .shape = Shape::kString,
     .example = "tls/internal-ca.pem",
     .words = "Not with `file`: the authorities that are believed, instead of the system's; a PEM file "
              "beside this one."},
    {.name = "timeout",
     .shape = Shape::kDuration,
     .fallback = "10s",
     .example = "10s",
     .words = "Not with `file`: for one attempt.",
     .least = 100,
     .most = 10 * 60 * kSecond},
    {.name = "concurrency",
     .shape = Shape::kInteger,
     .example = "16",
     .words = "Not with `file`: events under way at once. Those of one `key` never are. Without it 4 with `webhook`, "
              "256 with `redis` and `kafka`.",
     .least = 1,
     .most = 4096},
    {.name = "attempts",
     .shape = Shape::kInteger,
     .fallback = "20",
     .example = "20",
     .words = "How often an event is tried before it becomes a dead letter.",
     .least = 1,
     .most = 1000},
    {.name = "backoff",
     .shape = Shape::kDuration,
     .fallback = "1s",
     .example = "1s",
     .words = "The time before the second attempt; each further one waits twice as long, and all of them "
              "between half of it and the whole, by chance.",
     .least = 1,
     .most = kHour},
    {.name = "backoff_max",
     .shape = Shape::kDuration,
     .fallback = "10m",
     .example = "10m",
     .words = "The longest time between two attempts.",
     .least = 1,
     .most = 24 * kHour},
};
constexpr string_view kSinkOne[] = {"webhook", "file", "redis", "kafka"};

constexpr Key kOutboxKeys[] = {
    {.name = "events",
     .shape = Shape::kInteger,
     .fallback = "1000000",
     .example = "1000000",
     .words = "How many events may wait for one sink; a further one is dropped and counted.",
     .least = 1000,
     .most = 1'000'000'000},
    {.name = "ring_bytes",
     .shape = Shape::kSize,
     .fallback = "1MiB",
     .example = "4MiB",
     .words = "Of events of one worker that are not in the outbox yet, a power of two: more than that "
              "between two commits is dropped and counted.",
     .least = 64 * kKiB,
     .most = 256 * kMiB},
    {.name = "lease",
     .shape = Shape::kDuration,
     .fallback = "10s",
     .example = "5s",
     .words = "With `state: { redis: ... }`: how long the machine that delivers to a sink may be silent before another "
              "takes its place ([events](events.md#several-machines)).",
     .least = kSecond,
     .most = 5 * kMinute},
};

constexpr Key kPseudonymKeys[] = {
    {.name = "key",
     .shape = Shape::kStringOrList,
     .required = true,
     .example = "\"${file:/run/secrets/pseudonyms}\"",
     .words = "32 or more bytes, as from `openssl rand -hex 32`. Of several the first makes hashes and "
              "tokens; the others turn older tokens back. A new key makes new pseudonyms of everybody."},
};

constexpr Key kAuditKeys[] = {
    {.name = "directory",
     .shape = Shape::kString,
     .required = true,
     .example = "/var/lib/claimgate/audit",
     .words = "Where a file for each day (UTC) is written, mode 0600; looked for beside this one. Made when "
              "it is not there."},
    {.name = "person",
     .shape = Shape::kStrings,
     .example = "[email.canonical]",
     .words = "Claims or derived values whose hash stands in each line for the person. Without it no line "
              "says who it was about. Wants `pseudonyms`."},
    {.name = "keep",
     .shape = Shape::kString,
     .example = "400d",
     .words = "How long a day's file is kept, in days, 1d to 36500d. Without it for ever."},
};

constexpr Key kOnKeys[] = {
    {.name = "continue",
     .shape = Shape::kStrings,
     .example = "[signup_continued]",
     .words = "Events of every Continue."},
    {.name = "block",
     .shape = Shape::kStrings,
     .example = "[signup_blocked]",
     .words = "Events of every block."},
    {.name = "validation_error",
     .shape = Shape::kStrings,
     .example = "[signup_corrected]",
     .words = "Events of every validation error."},
};
constexpr string_view kOnSome[] = {"continue", "block", "validation_error"};

}  // namespace

constinit const Object kEvent{
    .name = "event",
    .words = "One member of `events`: what a rule's `emit` and a connector's `on` name ([events](events.md)).",
    .keys = kEventKeys};
constinit const Object kSink{.name = "sink",
                             .words = "One member of `sinks`.",
                             .keys = kSinkKeys,
                             .exactly_one = kSinkOne};
constinit const Object kOutbox{.name = "outbox",
                               .words = "`outbox`: events on their way; kept where `state` says.",
                               .keys = kOutboxKeys};
constinit const Object kPseudonyms{
    .name = "pseudonyms",
    .words = "`pseudonyms`: the key of hashes and tokens, in events and in the audit log.",
    .keys = kPseudonymKeys};
constinit const Object kAudit{
    .name = "audit",
    .words = "`audit`: a line for every verdict, in a chain that shows when one is changed, left out or "
             "put in ([events](events.md#audit-log)).",
    .keys = kAuditKeys};
constinit const Object kOn{.name = "on of a connector",
                           .words = "`on` of a connector: events by the verdict that was told.",
                           .keys = kOnKeys,
                           .at_least_one = kOnSome};

}  // namespace core::config::schema
