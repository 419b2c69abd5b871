// `sinks` and `outbox`.
#include <algorithm>
#include <bit>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/reader.h"
#include "core/config/scalars.h"
#include "core/text/base64.h"
#include "core/text/text.h"

namespace core::config {
namespace {

using schema::Key;
using schema::Shape;

constexpr std::size_t kHeadersMax = 32;
constexpr std::int64_t kPipelined = 256;  // events under way at once where that costs no connection each
constexpr std::size_t kHeaderBytesMax = 8 << 10;
constexpr std::string_view kSecretPrefix = "whsec_";

/// Fields that claimgate or its HTTP client writes.
constexpr std::string_view kOurHeaders[] = {
    "host",       "content-length", "transfer-encoding", "connection",        "content-type",
    "webhook-id", "user-agent",     "webhook-timestamp", "webhook-signature", "expect"};

void warn_of_clear_text(Reader& reader, const Node& node, bool tls, std::string_view host, std::string suggestion) {
  if (tls || is_loopback_host(host)) return;
  reader.warning(node, "what events tell of people goes over the network in the clear", std::move(suggestion));
}

void check_webhook(Reader& reader, const Node& node, const Text& url) {
  const std::string_view text = url.value;
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
  auto parsed = parse_endpoint(text);
  // A webhook may have a query, which a backend's URL may not.
  if (const std::size_t query = text.find('?');
      !parsed && query != std::string_view::npos && std::all_of(text.begin(), text.end(), is_visible)) {
    if (auto without = parse_endpoint(text.substr(0, query))) parsed = std::move(without);
  }
  if (!parsed) return reader.error(node, parsed.error().message, parsed.error().suggestion);
  warn_of_clear_text(reader, node, parsed.value().tls, parsed.value().host, "write https://");
}

/// Standard Webhooks: "whsec_" and base64 of 24 to 64 bytes.
void read_secrets(Reader& reader, const Fields& fields, Sink& sink) {
  const Node* const node = fields.find("secret");
  if (node == nullptr) return;
  each_string(reader, *node, fields.key("secret"), [&](const Node& at, Text secret) {
    const std::string_view text = secret.value;
    const auto bytes = text.starts_with(kSecretPrefix)
                           ? text::decode_base64(text.substr(kSecretPrefix.size()))
                           : std::nullopt;
    if (!bytes || bytes->size() < 24 || bytes->size() > 64) {
      reader.error(at, "a secret is whsec_ and base64 of 24 to 64 bytes (Standard Webhooks)",
                   "as from: echo whsec_$(openssl rand -base64 32)");
      return;
    }
    if (!secret.secret) {
      reader.warning(at, "a secret is written in the file", "write \"${env:NAME}\" or \"${file:PATH}\"");
    }
    sink.secrets.push_back(std::move(secret));
  });
}

void read_headers(Reader& reader, const Fields& fields, Sink& sink) {
  const Node* const node = fields.find("headers");
  if (node == nullptr) return;
  Key one = fields.key("headers");
  if (!reader.is_map(*node, one)) return;
  one.shape = Shape::kString;
  one.example = "Bearer ...";
  for (const Member& member : node->members) {
    one.name = member.key->value;
    Text name = reader.key_text(*member.key);
    std::optional<Text> value = reader.string(*member.value, one);
    if (!value) continue;
    const auto ours = [&](std::string_view field) {
      return text::equals_ignore_case_ascii(field, name.value);
    };
    if (!is_token(name.value)) {
      reader.error(*member.key, "this is no name of a field", {});
    } else if (std::any_of(std::begin(kOurHeaders), std::end(kOurHeaders), ours) ||
               (name.value.size() > 3 && text::equals_ignore_case_ascii(name.value.substr(0, 3), "ce-"))) {
      reader.error(*member.key, "this field is written by claimgate", "leave it out");
    } else if (has_control(value->value) || value->value.size() > kHeaderBytesMax) {
      reader.error(*member.value, "a field is one line of at most 8 KiB", {});
    } else if (sink.headers.size() == kHeadersMax) {
      reader.error(*member.key, "more than 32 fields", {});
      return;
    } else {
      sink.headers.emplace_back(std::move(name), std::move(*value));
    }
  }
}

/// Keys of a sink, and the kinds of sinks that have them.
struct KindKey {
  std::string_view name;
  bool webhook, redis, kafka;
};
constexpr KindKey kKindKeys[] = {
    {"mode", true, false, true},      {"secret", true, false, false},   {"headers", true, false, false},
    {"ca", true, true, true},         {"timeout", true, true, true},    {"concurrency", true, true, true},
    {"stream", false, true, false},   {"maxlen", false, true, false},   {"topic", false, false, true},
    {"tls", false, false, true},      {"username", false, true, true},  {"password", false, true, true},
    {"mechanism", false, false, true}};

/// Reports keys of other kinds of sinks than this one is.
void check_kind(Reader& reader, const Fields& fields) {
  const bool webhook = fields.find("webhook") != nullptr;
  const bool redis = fields.find("redis") != nullptr;
  const bool kafka = fields.find("kafka") != nullptr;
  for (const KindKey& key : kKindKeys) {
    const Node* const node = fields.key_node(key.name);
    if (node == nullptr || (webhook && key.webhook) || (redis && key.redis) || (kafka && key.kafka)) continue;
    std::string kinds;
    for (const auto& [has, name] :
         {std::pair{key.webhook, "webhook"}, std::pair{key.redis, "redis"}, std::pair{key.kafka, "kafka"}}) {
      if (has) kinds += std::string(kinds.empty() ? "" : " or ") + name;
    }
    reader.error(*node, "only a sink with " + kinds + " has it", "leave it out");
  }
}

void read_login(Reader& reader, const Fields& fields, Sink& sink) {
  fields.filled("username", sink.username);
  if (!fields.filled("password", sink.password) || sink.password.secret) return;
  reader.warning(*fields.find("password"), "a secret is written in the file",
                 "write \"${env:NAME}\" or \"${file:PATH}\"");
}

void read_redis(Reader& reader, const Fields& fields, Sink& sink) {
  if (!fields.string("redis", sink.redis)) return;
  const auto url = parse_redis_url(sink.redis.value);
  if (!url) {
    reader.error_inside(sink.redis, url.error().offset, url.error().message, url.error().suggestion);
  } else if (!url.value().tls && !sink.ca.value.empty()) {
    reader.error(*fields.key_node("ca"), "redis:// is without TLS", "write rediss://, or leave it out");
  } else {
    warn_of_clear_text(reader, *fields.find("redis"), url.value().tls, url.value().host, "write rediss://");
  }
  sink.stream.value = fields.key("stream").fallback;
  fields.filled("stream", sink.stream);
  fields.integer("maxlen", sink.maxlen);
}

bool is_broker(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 255) return false;
  const std::string_view port = text.substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 &&
                      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f' && c != ','; });
}

/// What Kafka lets a topic be called.
bool is_topic(std::string_view text) {
  return !text.empty() && text.size() <= 249 && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                  c == '_' || c == '-';
         });
}

void read_kafka(Reader& reader, const Fields& fields, Sink& sink) {
  const Node* const node = fields.find("kafka");
  if (node == nullptr) return;
  constexpr std::size_t kBrokersMax = 64;
  read_names(reader, *node, fields.key("kafka"), "a broker", kBrokersMax, sink.kafka);
  for (const Text& broker : sink.kafka) {
    if (!is_broker(broker.value)) {
      reader.error(*node, "a broker is host:port", "write kafka: [kafka-1.internal:9093]");
      break;
    }
  }
  if (fields.find("topic") == nullptr) {
    reader.error(*fields.key_node("kafka"), "the key \"topic\" is missing", "write topic: signups");
  } else if (fields.string("topic", sink.topic) && !is_topic(sink.topic.value)) {
    reader.error(*fields.find("topic"), "a topic has 1 to 249 letters, digits, points, hyphens and underscores",
                 "write topic: signups");
  }
  fields.boolean("tls", sink.tls);
  fields.choice("mechanism", sink.mechanism);
  if (sink.username.value.empty() != sink.password.value.empty()) {
    reader.error(*fields.key_node("kafka"), "a user has a name and a password", "write username: and password:");
  }
  if (!sink.tls && !sink.username.value.empty()) {
    reader.warning(*fields.key_node("kafka"), "the password goes over the network without TLS", "write tls: true");
  }
}

void read_sink(Reader& reader, const Member& member, const Key& key, Config& config) {
  Sink sink;
  sink.name = reader.key_text(*member.key);
  Key one = key;
  one.shape = Shape::kObject;
  one.name = member.key->value;
  one.example = "{ webhook: https://crm.internal/hooks/claimgate }";
  if (!reader.is_map(*member.value, one)) return;
  const Fields fields(reader, *member.value, member.key, *key.object);
  if (fields.string("webhook", sink.webhook)) check_webhook(reader, *fields.find("webhook"), sink.webhook);
  if (fields.filled("file", sink.file)) {
    sink.file.value = path_beside(reader.diagnostics().path(sink.file.mark.file), sink.file.value);
  }
  check_kind(reader, fields);
  fields.choice("mode", sink.mode);
  read_secrets(reader, fields, sink);
  read_headers(reader, fields, sink);
  if (fields.filled("ca", sink.ca)) {
    sink.ca.value = path_beside(reader.diagnostics().path(sink.ca.mark.file), sink.ca.value);
  }
  read_login(reader, fields, sink);
  read_redis(reader, fields, sink);
  read_kafka(reader, fields, sink);
  fields.duration("timeout", sink.timeout);
  if (sink.webhook.value.empty()) sink.concurrency = kPipelined;
  fields.integer("concurrency", sink.concurrency);
  fields.integer("attempts", sink.attempts);
  fields.duration("backoff", sink.backoff);
  if (fields.duration("backoff_max", sink.backoff_max) && sink.backoff_max < sink.backoff) {
    reader.error(*fields.key_node("backoff_max"), "backoff_max is shorter than backoff", {});
  }
  sink.backoff_max = std::max(sink.backoff_max, sink.backoff);
  config.sinks.push_back(std::move(sink));
}

}  // namespace

void read_sinks(Reader& reader, const Node& node, const Key& key, Config& config) {
  if (!reader.is_map(node, key)) return;
  for (const Member& member : node.members) {
    const auto same =
        std::find_if(config.sinks.begin(), config.sinks.end(),
                     [&](const Sink& s) { return s.name.value == member.key->value; });
    if (same != config.sinks.end()) {
      report_twice(reader, *member.key, "sink", same->name.mark);
      continue;
    }
    check_name(reader, *member.key, "sink", true);
    read_sink(reader, member, key, config);
  }
}

void read_outbox(Reader& reader, const Node& node, const Node& named, const Key& key,
                 Outbox& outbox) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  outbox.mark = named.mark;
  fields.integer("events", outbox.events);
  if (fields.duration("lease", outbox.lease)) outbox.lease_mark = fields.key_node("lease")->mark;
  if (!fields.size("ring_bytes", outbox.ring_bytes)) return;
  if (std::has_single_bit(static_cast<std::uint64_t>(outbox.ring_bytes))) return;
  reader.error(*fields.find("ring_bytes"), "this is a power of two", "write ring_bytes: 1MiB");
}

}  // namespace core::config
