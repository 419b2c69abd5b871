// `state`.
#include "core/config/state.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/load.h"
#include "core/config/reader.h"
#include "core/config/scalars.h"
#include "core/secret.h"
#include "core/text/base64.h"

namespace core::config {
namespace {

void read_keys(Reader& reader, const Fields& fields, std::vector<Text>& keys) {
  const Node* const node = fields.find("key");
  if (node == nullptr) return;
  each_string(reader, *node, fields.key("key"), [&](const Node& at, Text text) {
    std::optional<std::string> bytes = text::decode_base64(text.value);
    if (!bytes || bytes->size() != State::kKeyBytes) {
      reader.error(at, "expected 32 bytes in base64", "as from openssl rand -base64 32");
      return;
    }
    if (!text.secret) {
      reader.warning(at, "a secret is written in the file", "write \"${env:NAME}\" or \"${file:PATH}\"");
    }
    wipe(text.value);
    text.value = std::move(*bytes);
    keys.push_back(std::move(text));
  });
}

/// The prefix stands in braces in front of every key, so that all of them are in one slot of a cluster.
void read_prefix(Reader& reader, const Fields& fields, std::string& prefix) {
  Text text;
  if (!fields.filled("prefix", text)) return;
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.' || c == ':' || c == '/';
  };
  if (text.value.size() > 64 || !std::all_of(text.value.begin(), text.value.end(), fits)) {
    reader.error(*fields.find("prefix"), "expected 1 to 64 letters, digits and \"_-.:/\"", "write prefix: claimgate");
    return;
  }
  prefix = std::move(text.value);
}

void read_redis_tls(Reader& reader, const Fields& fields, State::Redis& redis) {
  for (const auto& [name, file] : {std::pair<std::string_view, Text*>{"ca", &redis.ca},
                                   {"certificate", &redis.certificate},
                                   {"certificate_key", &redis.certificate_key}}) {
    if (!fields.filled(name, *file) || redis.url.value.empty() || redis.tls) continue;
    reader.error(*fields.key_node(name), "without TLS nothing is asked for it", "write redis: rediss://...");
  }
  if (redis.certificate.value.empty() && !redis.certificate_key.value.empty()) {
    reader.error(*fields.key_node("certificate_key"), "a key without its certificate", "write certificate: ... as well");
  }
}

void read_redis(Reader& reader, const Fields& fields, State& state) {
  State::Redis& redis = state.redis;
  if (!fields.filled("redis", redis.url)) return;
  state.kind = State::Kind::kRedis;
  auto place = parse_redis_url(redis.url.value);
  if (!place) {
    const ParseError& problem = place.error();
    const Node& at = *fields.find("redis");
    if (problem.message.find("user information") != std::string::npos) {
      reader.diagnostics().hide(at.mark.file, at.begin, at.end);
    }
    reader.error_inside(redis.url, problem.offset, problem.message, problem.suggestion);
  } else {
    redis.tls = place.value().tls;
    redis.host = std::move(place.value().host);
    redis.port = place.value().port;
    redis.database = place.value().database;
    if (!redis.tls && !is_loopback_host(redis.host)) {
      reader.warning(*fields.find("redis"), "passwords and what is kept go over the network in the clear",
                     "write rediss://, and ca: for an authority of your own");
    }
  }
  fields.filled("username", redis.username);
  if (fields.filled("password", redis.password) && !redis.password.secret) {
    reader.warning(*fields.find("password"), "a secret is written in the file",
                   "write \"${env:NAME}\" or \"${file:PATH}\"");
  }
  if (!redis.username.value.empty() && redis.password.value.empty()) {
    reader.error(*fields.key_node("username"), "a user without a password", "write password: \"${env:REDIS_PASSWORD}\"");
  }
  read_redis_tls(reader, fields, redis);
  read_prefix(reader, fields, redis.prefix);
  fields.duration("timeout", redis.timeout);
  if (fields.find("key") == nullptr) {
    reader.error(*fields.key_node("redis"), "a state that machines share needs a key",
                 "write key: \"${env:STATE_KEY}\", as from openssl rand -base64 32");
  }
}

/// What belongs to the other kind of state.
void refuse_strangers(Reader& reader, const Fields& fields) {
  constexpr std::string_view kOfRedis[] = {"username",        "password", "ca",     "certificate",
                                           "certificate_key", "prefix",   "timeout"};
  const bool redis = fields.find("redis") != nullptr;
  const bool sqlite = fields.find("sqlite") != nullptr;
  for (const std::string_view name : kOfRedis) {
    if (fields.find(name) == nullptr || redis || !sqlite) continue;
    reader.error(*fields.key_node(name), "only `redis` has this", "leave it out");
  }
  if (fields.find("synchronous") != nullptr && redis && !sqlite) {
    reader.error(*fields.key_node("synchronous"), "only `sqlite` has this",
                 "say it to the server: appendonly yes, appendfsync always or everysec");
  }
}

}  // namespace

void read_state(Reader& reader, const Node& node, const Node& named, const schema::Key& key, State& state) {
  state.mark = named.mark;
  if (node.kind == Node::Kind::kScalar) {
    const std::optional<Text> word = reader.resolve(node);
    if (!word) return;
    if (word->value == key.choices[0]) {
      state.kind = State::Kind::kMemory;
    } else {
      reader.wrong_type(node, key);
    }
    return;
  }
  if (node.kind != Node::Kind::kMap) {
    reader.wrong_type(node, key);
    return;
  }
  const Fields fields(reader, node, &named, *key.object);
  if (fields.string("sqlite", state.sqlite)) {
    if (state.sqlite.value.empty()) {
      reader.error(*fields.find("sqlite"), "expected the name of a file", "write sqlite: state.db");
    } else {
      state.kind = State::Kind::kSqlite;
      state.sqlite.value = path_beside(reader.diagnostics().path(state.sqlite.mark.file), state.sqlite.value);
    }
  }
  read_redis(reader, fields, state);
  refuse_strangers(reader, fields);
  fields.choice("synchronous", state.synchronous);
  fields.integer("queue", state.queue);
  read_keys(reader, fields, state.keys);
}

}  // namespace core::config
