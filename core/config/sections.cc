// The sections of the top level but for connectors: listeners, admin, limits, access_log, lists and
// messages.
#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/place.h"
#include "core/config/reader.h"
#include "core/text/locale.h"
#include "core/text/text.h"

namespace core::config {
namespace {

using schema::Key;

bool same_address(const ListenerAddress& a, const ListenerAddress& b) {
  if (a.kind != b.kind || a.host != b.host) return false;
  return a.kind == ListenerAddress::Kind::kUnix || (a.port == b.port && a.port != 0);
}

std::string place(const Diagnostics& diagnostics, Mark mark) {
  return std::string(diagnostics.path(mark.file)) + ":" + std::to_string(mark.line) + ":" +
         std::to_string(mark.column);
}

std::optional<ListenerAddress> read_address(Reader& reader, const Fields& fields,
                                            const Config& config) {
  const Node* const node = fields.find("address");
  if (node == nullptr) return std::nullopt;
  std::optional<ListenerAddress> address = reader.address(*node, fields.key("address"));
  if (!address) return std::nullopt;
  const auto refuse = [&](const ListenerAddress& other) {
    if (!same_address(*address, other)) return;
    reader.error(*node, "two listeners cannot have the same address",
                 "the first is at " + place(reader.diagnostics(), other.text.mark));
  };
  for (const Listener& other : config.listeners) refuse(other.address);
  if (config.admin) refuse(config.admin->address);
  return address;
}

/// Who stands in front of a listener and is believed.
void read_proxies(Reader& reader, const Fields& fields, Listener& listener) {
  const Node* const node = fields.find("proxies");
  const char* const why = listener.proxy_protocol != ProxyProtocol::kOff ? "proxy_protocol"
                          : listener.forwarded_for > 0                   ? "forwarded_for"
                                                                         : nullptr;
  if (node != nullptr) {
    read_networks(reader, *node, fields.key("proxies"), listener.proxies, listener.local_proxies);
    if (why == nullptr) {
      reader.error(*fields.key_node("proxies"), "proxies are believed nothing here",
                   "write proxy_protocol: v2 or forwarded_for: 1 as well");
    }
  } else if (why != nullptr && !listener.address.loopback) {
    reader.error(*fields.key_node(why), "whoever can connect would be believed",
                 "write proxies: [ 10.0.0.0/8 ], the networks of your load balancers");
  } else if (why != nullptr) {
    for (const char* const here : {"127.0.0.0/8", "::1"}) {
      listener.proxies.push_back(*lists::read_network(here).network);
    }
    listener.local_proxies = true;
  }
}

void read_list(Reader& reader, const Member& member, const Key& key, Config& config) {
  ListSource list;
  list.name = reader.key_text(*member.key);
  Key one = key;
  one.shape = schema::Shape::kObject;
  one.name = member.key->value;
  one.example = "{ file: lists/partners.txt }";
  if (!reader.is_map(*member.value, one)) return;
  const Fields fields(reader, *member.value, member.key, *key.object);
  if (fields.string("file", list.file) && list.file.value.empty()) {
    reader.error(*fields.find("file"), "expected the name of a file", "write file: lists/name.txt");
  }
  if (fields.string("url", list.url) && !list.url.value.starts_with("https://") &&
      !list.url.value.starts_with("http://")) {
    reader.error(*fields.find("url"), "expected a URL of http or https",
                 "write url: https://host/path");
  }
  if (const Node* const hosts = fields.find("redirect_hosts"); hosts != nullptr) {
    Key host_key = fields.key("redirect_hosts");
    const Key hosts_key = host_key;
    host_key.shape = schema::Shape::kString;
    for (const Node* item : reader.items(*hosts, hosts_key)) {
      if (std::optional<Text> host = reader.string(*item, host_key)) {
        list.redirect_hosts.push_back(std::move(*host));
      }
    }
    if (fields.find("url") == nullptr) {
      reader.error(*fields.key_node("redirect_hosts"), "only a `url` redirects", "leave it out");
    }
  }
  if (fields.duration("reload", list.reload) && fields.find("values") != nullptr) {
    reader.error(*fields.key_node("reload"), "values that stand in the file have no other source",
                 "leave it out");
  }
  fields.choice("match", list.match);
  if (const Node* const values = fields.find("values"); values != nullptr) {
    const Key& values_key = fields.key("values");
    Key value_key = values_key;
    value_key.shape = schema::Shape::kString;
    for (const Node* item : reader.items(*values, values_key)) {
      std::optional<Text> value = reader.string(*item, value_key);
      if (!value) continue;
      if (value->value.empty()) {
        reader.error(*item, "a list cannot hold an empty text", {});
        continue;
      }
      list.values.push_back(std::move(*value));
    }
  }
  config.lists.push_back(std::move(list));
}

void read_message(Reader& reader, const Member& member, const Key& key, Config& config) {
  Message message;
  message.name = reader.key_text(*member.key);
  const Node& node = *member.value;
  Key text_key = key;
  text_key.shape = schema::Shape::kTemplate;
  text_key.name = member.key->value;
  text_key.example = "\"Sign-up is not open to {email.domain}.\"";
  const auto read_text = [&](const Node& at) {
    std::optional<Text> text = reader.string(at, text_key);
    if (text && text->value.empty()) {
      reader.error(at, "a message needs words", {});
      text.reset();
    }
    return text;
  };
  if (node.kind == Node::Kind::kScalar) {
    if (std::optional<Text> text = read_text(node)) {
      message.texts.emplace_back(Text{{}, text->mark, false}, std::move(*text));
    }
  } else if (node.kind == Node::Kind::kMap) {
    if (node.members.empty()) {
      reader.error(*member.key, "a message needs a text", "write { en: \"...\" }");
    }
    for (const Member& language : node.members) {
      const std::string& tag = language.key->value;
      if (!text::is_language_tag(tag)) {
        reader.error(*language.key, "\"" + tag + "\" is no language tag", "as in en, sv or pt-BR");
      }
      const auto same = std::find_if(
          message.texts.begin(), message.texts.end(),
          [&tag](const auto& t) { return text::equals_ignore_case_ascii(t.first.value, tag); });
      if (same != message.texts.end()) {
        reader.error(*language.key, "the language \"" + tag + "\" is written twice",
                     "letter case does not count");
        continue;
      }
      text_key.name = tag;
      if (std::optional<Text> text = read_text(*language.value)) {
        message.texts.emplace_back(reader.key_text(*language.key), std::move(*text));
      }
    }
  } else {
    reader.error(node, "expected a text, or a text for each language, found " + reader.found(node),
                 "write " + message.name.value + ": { en: \"...\" }");
  }
  config.messages.push_back(std::move(message));
}

}  // namespace

bool check_name(Reader& reader, const Node& key, std::string_view what, bool small) {
  const auto fits = [small](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (!small && c >= 'A' && c <= 'Z');
  };
  const std::string& name = key.value;
  bool good = !name.empty() && name.size() <= 64 && (fits(name[0]) || (!small && name[0] == '_'));
  for (const char c : name) good = good && (fits(c) || c == '_' || c == '.' || c == '-');
  if (good) return true;
  reader.error(key, "not a name for a " + std::string(what),
               std::string("write 1 to 64 ") + (small ? "small " : "") +
                   "letters, digits, \"_\", \".\" and \"-\", a letter or digit first");
  return false;
}

void report_twice(Reader& reader, const Node& key, std::string_view what, Mark first) {
  reader.error(key, "the " + std::string(what) + " \"" + key.value + "\" is defined twice",
               "the first is at " + place(reader.diagnostics(), first));
}

void read_listeners(Reader& reader, const Node& node, const Key& key, Config& config) {
  for (const Node* item : reader.items(node, key)) {
    if (item->kind != Node::Kind::kMap) {
      reader.error(*item, "expected a map, found " + reader.found(*item),
                   "write - address: 127.0.0.1:8080");
      continue;
    }
    const Fields fields(reader, *item, nullptr, *key.object);
    std::optional<ListenerTls> tls;
    if (const Node* const inside = fields.find("tls"); inside != nullptr) {
      tls = read_listener_tls(reader, *inside, *fields.key_node("tls"), fields.key("tls"));
    }
    Listener listener;
    listener.tls = std::move(tls);
    fields.choice("proxy_protocol", listener.proxy_protocol);
    fields.integer("forwarded_for", listener.forwarded_for);
    if (auto address = read_address(reader, fields, config)) {
      listener.address = std::move(*address);
      read_proxies(reader, fields, listener);
      config.listeners.push_back(std::move(listener));
    }
  }
}

void read_admin(Reader& reader, const Node& node, const Node& named, const Key& key,
                Config& config) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  if (auto address = read_address(reader, fields, config)) {
    config.admin.emplace().address = std::move(*address);
  }
  constexpr std::size_t kTokenBytesMin = 16;
  if (fields.string("token", config.admin_token)) {
    const Text& token = config.admin_token;
    const auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
    if (token.value.size() < kTokenBytesMin ||
        !std::all_of(token.value.begin(), token.value.end(), visible)) {
      reader.error(*fields.find("token"), "a token has 16 or more visible ASCII characters",
                   "as from openssl rand -hex 32");
    } else if (!token.secret) {
      reader.warning(*fields.find("token"), "a token is written in the file",
                     "write token: \"${env:NAME}\" or \"${file:PATH}\"");
    }
  }
}

void read_limits(Reader& reader, const Node& node, const Node& named, const Key& key,
                 Limits& limits) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  fields.size("request_line_bytes", limits.request_line_bytes);
  fields.size("head_bytes", limits.head_bytes);
  fields.integer("header_fields", limits.header_fields);
  fields.size("body_bytes", limits.body_bytes);
  fields.size("chunk_extension_bytes", limits.chunk_extension_bytes);
  fields.size("trailer_bytes", limits.trailer_bytes);
  fields.integer("json_depth", limits.json_depth);
  fields.integer("json_members", limits.json_members);
  fields.integer("connections", limits.connections);
  fields.integer("requests_per_connection", limits.requests_per_connection);
  fields.duration("head_timeout", limits.head_timeout);
  fields.duration("body_timeout", limits.body_timeout);
  fields.duration("idle_timeout", limits.idle_timeout);
  fields.duration("write_timeout", limits.write_timeout);
  fields.duration("drain_timeout", limits.drain_timeout);
  fields.integer("tls_handshakes", limits.tls_handshakes);
  fields.duration("tls_handshake_timeout", limits.tls_handshake_timeout);
  fields.integer("auth_failures", limits.auth_failures);
  fields.duration("auth_failure_window", limits.auth_failure_window);
  fields.integer("auth_addresses", limits.auth_addresses);
  fields.size("token_bytes", limits.token_bytes);
  fields.integer("tokens_remembered", limits.tokens_remembered);
  fields.size("velocity", limits.velocity);
  fields.integer("pending", limits.pending);
  if (fields.size("memory", limits.memory)) limits.memory_mark = fields.key_node("memory")->mark;
  if (limits.request_line_bytes <= limits.head_bytes) return;
  if (const Node* const line = fields.key_node("request_line_bytes"); line != nullptr) {
    reader.error(*line, "request_line_bytes is larger than head_bytes, which includes it", {});
  } else {
    limits.request_line_bytes = limits.head_bytes;  // only the head was made smaller
  }
}

void read_access_log(Reader& reader, const Node& node, const Node& named, const Key& key,
                     AccessLog& log) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  if (fields.string("file", log.file) && log.file.value.empty()) {
    reader.error(*fields.find("file"), "expected stdout, stderr, off or the name of a file",
                 "write file: stdout");
  }
  fields.number("sample", log.sample);
}

void read_decision_cache(Reader& reader, const Node& node, const Node& named, const Key& key,
                         Config& config) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  fields.size("bytes", config.decision_cache_bytes);
  if (fields.boolean("redis", config.decision_cache_redis)) {
    config.decision_cache_redis_mark = fields.key_node("redis")->mark;
  }
  fields.duration("redis_wait", config.decision_cache_redis_wait);
}

void read_lists(Reader& reader, const Node& node, const Key& key, Config& config) {
  if (!reader.is_map(node, key)) return;
  for (const Member& member : node.members) {
    const auto same =
        std::find_if(config.lists.begin(), config.lists.end(),
                     [&](const ListSource& l) { return l.name.value == member.key->value; });
    if (same != config.lists.end()) {
      report_twice(reader, *member.key, "list", same->name.mark);
      continue;
    }
    check_name(reader, *member.key, "list", false);
    read_list(reader, member, key, config);
  }
}

void read_messages(Reader& reader, const Node& node, const Key& key, Config& config) {
  if (!reader.is_map(node, key)) return;
  for (const Member& member : node.members) {
    const auto same =
        std::find_if(config.messages.begin(), config.messages.end(),
                     [&](const Message& m) { return m.name.value == member.key->value; });
    if (same != config.messages.end()) {
      report_twice(reader, *member.key, "message", same->name.mark);
      continue;
    }
    check_name(reader, *member.key, "message", false);
    read_message(reader, member, key, config);
  }
}

}  // namespace core::config
