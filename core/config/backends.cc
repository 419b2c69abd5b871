// `backends`, but for what they are asked and what they answer, which backends_mapping.cc reads.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/place.h"
#include "core/config/reader.h"
#include "core/config/scalars.h"
#include "core/text/text.h"

namespace core::config {
namespace {

using schema::Key;
using schema::Shape;

constexpr std::size_t kEndpointsMax = 64;

/// A secret is kept out of every excerpt and message, also where its key does not say that it is one.
bool read_secret(Reader& reader, const Fields& fields, std::string_view name, Text& out) {
  const Node* const node = fields.find(name);
  if (node == nullptr) return false;
  reader.diagnostics().hide(node->mark.file, node->begin, node->end);
  const bool is_string =
      node->kind == Node::Kind::kScalar &&
      (node->quoted || type_of_plain(node->value) == Scalar::Type::kString);
  if (!is_string) {
    reader.error(*node, "expected a string", "put it in quotation marks");
    return false;
  }
  std::optional<Text> text = reader.resolve(*node);
  if (!text) return false;
  if (text->value.empty()) {
    reader.error(*node, "an empty secret", "write \"${env:NAME}\"");
    return false;
  }
  if (has_control(text->value)) {
    reader.error(*node, "a secret with a control character in it",
                 "is there a line end in the middle of the secret's file?");
    return false;
  }
  if (!text->secret) {
    reader.warning(*node, "a secret is written in the file",
                   "write \"${env:NAME}\" or \"${file:PATH}\"");
  }
  out = std::move(*text);
  return true;
}

void read_endpoint(Reader& reader, const Node& node, const Key& key, Backend& backend) {
  Endpoint endpoint;
  Text url;
  std::int64_t weight = endpoint.weight;
  const Node* at = &node;
  if (node.kind == Node::Kind::kMap) {
    const Fields fields(reader, node, nullptr, *key.object);
    fields.integer("weight", weight);
    if (!fields.string("url", url)) return;
    at = fields.find("url");
  } else {
    Key one = key;
    one.shape = Shape::kString;
    one.example = "[ https://crm.internal ]";
    std::optional<Text> text = reader.string(node, one);
    if (!text) return;
    url = std::move(*text);
  }
  auto parsed = parse_endpoint(url.value);
  if (!parsed) {
    const ParseError& problem = parsed.error();
    if (problem.message.find("user information") != std::string::npos) {
      reader.diagnostics().hide(at->mark.file, at->begin, at->end);
    }
    reader.error_inside(url, problem.offset, problem.message, problem.suggestion);
    return;
  }
  endpoint = std::move(parsed).value();
  endpoint.url = std::move(url);
  endpoint.weight = weight;
  for (const Endpoint& other : backend.endpoints) {
    if (other.host != endpoint.host || other.port != endpoint.port ||
        other.base_path != endpoint.base_path || other.tls != endpoint.tls) {
      continue;
    }
    reader.error(*at, "two endpoints of one backend cannot be the same",
                 "the first is in line " + std::to_string(other.url.mark.line));
    return;
  }
  backend.endpoints.push_back(std::move(endpoint));
}

void read_endpoints(Reader& reader, const Node& node, const Key& key, Backend& backend) {
  const std::vector<const Node*>& items = reader.items(node, key);
  if (items.size() > kEndpointsMax) {
    reader.error(node, "more than 64 endpoints", "let a name resolve to several addresses");
    return;
  }
  const std::size_t errors = reader.diagnostics().errors();
  for (const Node* item : items) read_endpoint(reader, *item, key, backend);
  const bool any = std::any_of(backend.endpoints.begin(), backend.endpoints.end(),
                               [](const Endpoint& endpoint) { return endpoint.weight != 0; });
  if (!any && !backend.endpoints.empty() && reader.diagnostics().errors() == errors) {
    reader.error(node, "every endpoint has weight 0: none would be asked",
                 "give one a weight from 1 to 1000");
  }
}

void read_named_secret(Reader& reader, const Fields& auth, std::string_view name,
                       BackendAuth& out) {
  const Node& node = *auth.find(name);
  const Key& key = auth.key(name);
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, auth.key_node(name), *key.object);
  const bool header = name == "header";
  if (fields.string("name", out.name)) {
    const Node& at = *fields.find("name");
    if (out.name.value.empty() || has_control(out.name.value)) {
      reader.error(at, "expected a name", "write name: " + std::string(header ? "X-Api-Key" : "code"));
    } else if (header && !is_token(out.name.value)) {
      reader.error(at, "no name of a field (RFC 9110, 5.1)", "write name: X-Api-Key");
    } else if (header) {
      check_credential_field(reader, out.name);
    }
  }
  read_secret(reader, fields, "value", out.value);
}

void read_oauth(Reader& reader, const Fields& auth, BackendAuth& out) {
  const Node& node = *auth.find("oauth");
  const Key& key = auth.key("oauth");
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, auth.key_node("oauth"), *key.object);
  if (fields.string("token_url", out.token_url)) {
    // The path and the query of a token's URL are free: only what is in front of them is checked.
    const std::string_view url = out.token_url.value;
    const std::size_t scheme = url.find("://");
    const std::size_t path =
        scheme == std::string_view::npos ? url.size() : std::min(url.find_first_of("/?#", scheme + 3), url.size());
    auto parsed = parse_endpoint(url.substr(0, path));
    if (!parsed) {
      reader.error_inside(out.token_url, parsed.error().offset, parsed.error().message,
                          "write token_url: https://login.example/oauth2/token");
    } else if (url.find('#') != std::string_view::npos || url.find(' ') != std::string_view::npos ||
               has_control(url)) {
      reader.error(*fields.find("token_url"), "no URL of a token server",
                   "write token_url: https://login.example/oauth2/token");
    } else if (const Endpoint& server = parsed.value();
               !server.tls && !is_loopback_host(server.host)) {
      reader.error(*fields.find("token_url"), "the client's secret would be sent in the clear",
                   "write https://");
    }
  }
  fields.filled("client_id", out.client_id);
  read_secret(reader, fields, "client_secret", out.client_secret);
  fields.boolean("secret_in_body", out.secret_in_body);
  fields.filled("scope", out.scope);
  fields.filled("audience", out.audience);
  fields.duration("refresh_early", out.refresh_early);
}

void read_auth(Reader& reader, const Node& node, const Node& named, const Key& key,
               BackendAuth& out) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  if (fields.find("bearer") != nullptr) {
    out.kind = BackendAuth::Kind::kBearer;
    read_secret(reader, fields, "bearer", out.token);
  } else if (const Node* const basic = fields.find("basic"); basic != nullptr) {
    out.kind = BackendAuth::Kind::kBasic;
    const Key& basic_key = fields.key("basic");
    if (!reader.is_map(*basic, basic_key)) return;
    const Fields inside(reader, *basic, fields.key_node("basic"), *basic_key.object);
    if (inside.string("username", out.username)) {
      const std::size_t colon = out.username.value.find(':');
      if (out.username.value.empty() || has_control(out.username.value)) {
        reader.error(*inside.find("username"), "expected a username", "write username: claimgate");
      } else if (colon != std::string::npos) {
        reader.error_inside(out.username, colon, "a username cannot hold a colon (RFC 7617)");
      }
    }
    read_secret(reader, inside, "password", out.password);
  } else if (fields.find("header") != nullptr) {
    out.kind = BackendAuth::Kind::kHeader;
    read_named_secret(reader, fields, "header", out);
  } else if (fields.find("query") != nullptr) {
    out.kind = BackendAuth::Kind::kQuery;
    read_named_secret(reader, fields, "query", out);
  } else if (fields.find("oauth") != nullptr) {
    out.kind = BackendAuth::Kind::kOauth;
    read_oauth(reader, fields, out);
  }
}

void read_tls(Reader& reader, const Node& node, const Node& named, const Key& key,
              Backend& backend) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  BackendTls& tls = backend.tls;
  for (const auto& [name, out] : {std::pair<std::string_view, Text*>{"ca", &tls.ca},
                                  {"certificate", &tls.certificate},
                                  {"key", &tls.key},
                                  {"server_name", &tls.server_name}}) {
    if (fields.string(name, *out) && out->value.empty()) {
      reader.error(*fields.find(name), "an empty text", "leave it out");
    }
  }
  if (tls.certificate.value.empty() != tls.key.value.empty()) {
    const std::string_view there = tls.key.value.empty() ? "certificate" : "key";
    const std::string_view absent = tls.key.value.empty() ? "key" : "certificate";
    if (fields.find(there) != nullptr && fields.find(absent) == nullptr) {
      reader.error(*fields.key_node(there),
                   "a client " + std::string(there) + " without its " + std::string(absent),
                   "write " + std::string(absent) + ": as well");
    }
  }
  if (fields.boolean("verify", tls.verify) && !tls.verify) {
    reader.warning(*fields.find("verify"),
                   "the backend's certificate is not looked at: anybody on the way can be it",
                   "write ca: and the file of its authority");
  }
  const bool any_tls = std::any_of(backend.endpoints.begin(), backend.endpoints.end(),
                                   [](const Endpoint& endpoint) { return endpoint.tls; });
  if (!any_tls && !backend.endpoints.empty() && backend.auth.kind != BackendAuth::Kind::kOauth) {
    reader.error(named, "no endpoint of this backend is of https", "write https:// or leave out tls");
  }
}

void read_limits(Reader& reader, const Node& node, const Node& named, const Key& key,
                 BackendLimits& limits) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  fields.integer("connections", limits.connections);
  fields.integer("in_flight", limits.in_flight);
  fields.integer("queue", limits.queue);
  fields.size("response_bytes", limits.response_bytes);
  fields.size("header_bytes", limits.header_bytes);
}

void read_breaker(Reader& reader, const Node& node, const Node& named, const Key& key,
                  Breaker& breaker) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  fields.integer("failures", breaker.failures);
  fields.number("error_share", breaker.error_share);
  fields.integer("requests", breaker.requests);
  fields.duration("window", breaker.window);
  fields.duration("open", breaker.open);
}

void read_health(Reader& reader, const Node& node, const Node& named, const Key& key,
                 HealthCheck& health) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  if (fields.string("path", health.path)) {
    const std::string& path = health.path.value;
    const bool visible = std::all_of(path.begin(), path.end(), [](char c) {
      return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f && c != '#';
    });
    if (!path.starts_with('/') || !visible) {
      reader.error(*fields.find("path"), "expected the path of a URL", "write path: /health");
    }
  }
  fields.duration("interval", health.interval);
  fields.duration("timeout", health.timeout);
  fields.integer("rise", health.rise);
  fields.integer("fall", health.fall);
  if (const Node* const status = fields.find("status"); status != nullptr) {
    health.statuses = read_statuses(reader, *status, fields.key("status"));
  }
  fields.duration("slow_return", health.slow_return);
}

void read_times(Reader& reader, const Fields& fields, Backend& backend) {
  fields.duration("timeout", backend.timeout);
  fields.duration("connect_timeout", backend.connect_timeout);
  fields.duration("idle_timeout", backend.idle);
  fields.duration("dns_ttl", backend.dns_ttl);
  fields.integer("retries", backend.retries);
  fields.number("retry_budget", backend.retry_budget);
  fields.boolean("idempotent", backend.idempotent);
  milliseconds hedge{0};
  if (fields.duration("hedge_after", hedge)) {
    backend.hedge_after = hedge;
    if (!backend.idempotent) {
      reader.error(*fields.key_node("hedge_after"),
                   "a second request beside the first wants a backend that can be asked twice",
                   "write idempotent: true if it can, or leave out hedge_after");
    } else if (hedge >= backend.timeout) {
      reader.error(*fields.find("hedge_after"), "not before the first try has timed out",
                   "write less than timeout, " + format_duration(backend.timeout.count()));
    }
  }
  if (backend.connect_timeout > backend.timeout && fields.find("connect_timeout") != nullptr) {
    reader.warning(*fields.find("connect_timeout"), "longer than the whole try may last",
                   "write less than timeout, " + format_duration(backend.timeout.count()));
  }
}

void read_mapping(Reader& reader, const Fields& fields, const Node& named, Backend& backend) {
  enum class Speaks : std::uint8_t { kMapping, kConnector, kExtId } speaks = Speaks::kMapping;
  fields.choice("speaks", speaks);
  backend.connector_contract = speaks == Speaks::kConnector;
  backend.event_contract = speaks == Speaks::kExtId;
  const bool contract = speaks != Speaks::kMapping;
  const std::string spoken = backend.event_contract ? "ext-id" : "connector";
  fields.boolean("lenient", backend.lenient);
  backend.request.method = {"POST", backend.mark, false};
  backend.request.path = {"/", backend.mark, false};
  if (const Node* const request = fields.find("request"); request != nullptr) {
    read_backend_request(reader, *request, *fields.key_node("request"), fields.key("request"),
                         backend);
  }
  if (contract) {
    using Body = BackendRequest::Body;
    if (backend.request.body != Body::kNone && backend.request.body != Body::kClaims) {
      reader.error(*fields.key_node("request"),
                   "a backend that speaks " + spoken + " gets the caller's body as it came",
                   "leave out the body, or speaks");
    }
    if (backend.request.method.value != "POST") {
      reader.error(*fields.key_node("request"), "a connector is asked by POST", "leave out method");
    }
    backend.request.body = Body::kClaims;
  }
  const Node* const response = fields.find("response");
  if (response != nullptr && contract) {
    reader.error(*fields.key_node("response"),
                 "the answers of a backend that speaks " + spoken +
                     " say themselves what they mean",
                 "leave out response, or speaks");
  } else if (response != nullptr) {
    read_backend_response(reader, *response, fields.key("response"), backend);
  } else if (!contract) {
    reader.error(named, "the key \"response\" is missing",
                 "write response: [ { when: { status: 200 }, continue: {} } ], or speaks: connector");
  }
}

void read_backend(Reader& reader, const Member& member, const Key& key, Config& config) {
  Key one = key;
  one.shape = Shape::kObject;
  one.name = member.key->value;
  one.example = "{ endpoints: [ https://crm.internal ] }";
  if (!reader.is_map(*member.value, one)) return;
  Backend backend;
  backend.name = reader.key_text(*member.key);
  backend.mark = member.key->mark;
  const Fields fields(reader, *member.value, member.key, *key.object);
  const auto section = [&](std::string_view name, auto read, auto& out) {
    if (const Node* const node = fields.find(name); node != nullptr) {
      read(reader, *node, *fields.key_node(name), fields.key(name), out);
    }
  };
  if (const Node* const endpoints = fields.find("endpoints"); endpoints != nullptr) {
    read_endpoints(reader, *endpoints, fields.key("endpoints"), backend);
  }
  section("auth", read_auth, backend.auth);
  section("tls", read_tls, backend);
  read_times(reader, fields, backend);
  section("limits", read_limits, backend.limits);
  section("breaker", read_breaker, backend.breaker);
  section("health", read_health, backend.health);
  read_mapping(reader, fields, *member.key, backend);
  if (backend.auth.kind == BackendAuth::Kind::kHeader) {
    for (const auto& [name, value] : backend.request.headers) {
      if (!text::equals_ignore_case_ascii(name.value, backend.auth.name.value)) continue;
      reader.error_inside(name, 0, "a field that is written already", "auth: writes it");
    }
  } else if (backend.auth.kind == BackendAuth::Kind::kQuery) {
    for (const auto& [name, value] : backend.request.query) {
      if (name.value != backend.auth.name.value) continue;
      reader.error_inside(name, 0, "a parameter that is written already", "auth: writes it");
    }
  }
  config.backends.push_back(std::move(backend));
}

}  // namespace

void read_backends(Reader& reader, const Node& node, const Key& key, Config& config) {
  if (!reader.is_map(node, key)) return;
  for (const Member& member : node.members) {
    const auto same =
        std::find_if(config.backends.begin(), config.backends.end(),
                     [&](const Backend& b) { return b.name.value == member.key->value; });
    if (same != config.backends.end()) {
      report_twice(reader, *member.key, "backend", same->name.mark);
      continue;
    }
    check_name(reader, *member.key, "backend", false);
    read_backend(reader, member, key, config);
  }
}

}  // namespace core::config
