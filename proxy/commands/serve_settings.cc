#include "proxy/commands/serve_settings.h"

#include <sys/resource.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/lists/network.h"
#include "proxy/commands/serve_state.h"
#include "proxy/commands/serve_events.h"
#include "proxy/process/privilege.h"

namespace proxy::commands {

namespace config = core::config;

net::ServerLimits server_limits(const config::Limits& limits) {
  net::ServerLimits server;
  server.http.request_line_bytes = static_cast<std::size_t>(limits.request_line_bytes);
  server.http.head_bytes = static_cast<std::size_t>(limits.head_bytes);
  server.http.header_fields = static_cast<std::size_t>(limits.header_fields);
  server.http.body_bytes = static_cast<std::size_t>(limits.body_bytes);
  server.http.chunk_extension_bytes = static_cast<std::size_t>(limits.chunk_extension_bytes);
  server.http.trailer_bytes = static_cast<std::size_t>(limits.trailer_bytes);
  server.connections_max = static_cast<std::size_t>(limits.connections);
  server.requests_per_connection_max =
      static_cast<std::uint64_t>(limits.requests_per_connection);
  server.head_timeout_ms = static_cast<std::uint64_t>(limits.head_timeout.count());
  server.body_timeout_ms = static_cast<std::uint64_t>(limits.body_timeout.count());
  server.idle_timeout_ms = static_cast<std::uint64_t>(limits.idle_timeout.count());
  server.write_timeout_ms = static_cast<std::uint64_t>(limits.write_timeout.count());
  server.tls_handshake_timeout_ms = static_cast<std::uint64_t>(limits.tls_handshake_timeout.count());
  server.tls_handshakes_max = static_cast<std::size_t>(limits.tls_handshakes);
  return server;
}

core::callers::TokenVerifier::Options token_options(const config::Limits& limits) {
  core::callers::TokenVerifier::Options options;
  options.token_bytes_max = static_cast<std::size_t>(limits.token_bytes);
  options.remembered_max = static_cast<std::size_t>(limits.tokens_remembered);
  return options;
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur == RLIM_INFINITY ? (1u << 20) : static_cast<std::size_t>(limit.rlim_cur);
}

std::vector<std::string> needs_restart(const config::Config& old, const config::Config& fresh) {
  std::vector<std::string> keys;
  const auto addresses = [](const config::Config& of) {
    std::vector<std::string> texts;
    for (const config::Listener& listener : of.listeners) {
      std::string text = listener.address.text.value + (listener.tls ? " tls" : "") + " " +
                         std::to_string(static_cast<int>(listener.proxy_protocol)) + " " +
                         std::to_string(listener.forwarded_for) +
                         (listener.local_proxies ? " unix" : "");
      for (const core::lists::Network& network : listener.proxies) {
        char written[core::lists::kNetworkBytesMax];
        text.append(" ").append(written, core::lists::write_network(network, written));
      }
      texts.push_back(std::move(text));
    }
    return texts;
  };
  if (addresses(old) != addresses(fresh)) keys.emplace_back("listeners");
  if ((old.admin ? old.admin->address.text.value : "") !=
      (fresh.admin ? fresh.admin->address.text.value : "")) {
    keys.emplace_back("admin");
  }
  if (old.admin_token.value != fresh.admin_token.value) keys.emplace_back("admin.token");
  if (old.lists_state.value != fresh.lists_state.value) keys.emplace_back("lists_state");
  if (old.workers != fresh.workers) keys.emplace_back("workers");
  const auto process = [](const config::Process& of) {
    return std::tuple(of.user.value, of.seccomp, of.core_dumps);
  };
  if (process(old.process) != process(fresh.process)) keys.emplace_back("process");
  const auto decision_cache = [](const config::Config& of) {
    return std::tuple(of.decision_cache_bytes, of.decision_cache_redis, of.decision_cache_redis_wait);
  };
  if (decision_cache(old) != decision_cache(fresh)) keys.emplace_back("decision_cache");
  if (old.access_log.file.value != fresh.access_log.file.value ||
      old.access_log.sample != fresh.access_log.sample) {
    keys.emplace_back("access_log");
  }
  const auto captured = [](const config::Capture& of) {
    std::vector<std::string> texts = {of.file.value, of.secret.value, std::to_string(of.share),
                                      std::to_string(of.bytes),
                                      std::to_string(static_cast<int>(of.when_full)), "connectors"};
    for (const config::Text& connector : of.connectors) texts.push_back(connector.value);
    texts.emplace_back("keep");
    for (const config::Text& claim : of.keep) texts.push_back(claim.value);
    return texts;
  };
  if (told_settings(old) != told_settings(fresh)) keys.emplace_back("sinks, outbox, pseudonyms or audit");
  if (captured(old.capture) != captured(fresh.capture)) keys.emplace_back("capture");
  const auto as_tuple = [](const config::Limits& of) {
    return std::tuple(of.request_line_bytes, of.head_bytes, of.header_fields, of.body_bytes,
                      of.chunk_extension_bytes, of.trailer_bytes, of.connections,
                      of.requests_per_connection, of.head_timeout, of.body_timeout,
                      of.idle_timeout, of.write_timeout, of.drain_timeout, of.tls_handshakes,
                      of.tls_handshake_timeout, of.pending, of.auth_failures,
                      of.auth_failure_window, of.auth_addresses, of.memory, of.token_bytes,
                      of.tokens_remembered, of.velocity);
  };
  if (as_tuple(old.limits) != as_tuple(fresh.limits)) keys.emplace_back("limits");
  if (state_differs(old.state, fresh.state)) keys.emplace_back("state");
  if (graphs_differ(old, fresh)) keys.emplace_back("approvals.graph");
  return keys;
}

bool logs_subjects(const config::Config& of) {
  return std::any_of(of.listeners.begin(), of.listeners.end(), [](const config::Listener& listener) {
    return listener.tls && listener.tls->log_client_subject;
  });
}

net::Front front_of(const config::Listener& listener) {
  net::Front front;
  switch (listener.proxy_protocol) {
    case config::ProxyProtocol::kOff: break;
    case config::ProxyProtocol::kV1: front.versions = core::callers::ProxyVersions::kV1; break;
    case config::ProxyProtocol::kV2: front.versions = core::callers::ProxyVersions::kV2; break;
    case config::ProxyProtocol::kAny: front.versions = core::callers::ProxyVersions::kAny; break;
  }
  front.forwarded_for = static_cast<std::size_t>(listener.forwarded_for);
  for (const core::lists::Network& network : listener.proxies) front.proxies.add(network);
  if (listener.local_proxies) front.proxies.add_unix();
  return front;
}

void refuse_root(Configuration& configuration) {
  if (!process::is_root() || !configuration.config.process.user.value.empty()) return;
  const auto far = std::find_if(configuration.config.listeners.begin(), configuration.config.listeners.end(),
                                [](const config::Listener& one) { return !one.address.loopback; });
  if (far == configuration.config.listeners.end()) return;
  configuration.diagnostics.error(
      far->address.text.mark, far->address.text.value.size(),
      "this is root, who does not listen where other machines can connect",
      "start it as another user, or write process: { user: claimgate } (user: root to stay root)");
}

}  // namespace proxy::commands
