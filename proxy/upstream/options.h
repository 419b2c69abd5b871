#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/backend.h"
#include "core/config/diagnostics.h"
#include "core/config/load.h"
#include "proxy/net/tls_session.h"

/// Backends as the client asks them: core::config::Backend with its files read, its certificates
/// parsed and everything computed that is the same for each request. Immutable, shared by all workers.
namespace proxy::upstream {

struct EndpointOptions {
  std::string name;       // "https://crm-1.internal:8443/base": a label, and the identity at a reload
  std::string host;       // a name or an address, an IPv6 address without brackets
  std::uint16_t port = 0;
  std::string authority;  // for Host: without the port when it is the scheme's own (RFC 9110, 4.2)
  std::string base_path;  // "" or "/base"
  unsigned weight = 100;  // 0: asked nothing
  bool tls = false;
  std::string server_name;  // SNI and verification; an address is verified as one and not sent
};

/// OAuth 2.0 client credentials (RFC 6749, 4.4).
struct OauthOptions {
  EndpointOptions endpoint;  // of the token URL; base_path is empty
  std::string target;        // its path and query
  std::shared_ptr<const net::TlsContext> tls;
  std::string client_id, client_secret, scope, audience;
  bool secret_in_body = false;  // else HTTP Basic (RFC 6749, 2.3.1)
  std::uint64_t refresh_early_ms = 60'000;
};

struct BreakerOptions {
  unsigned failures = 10;
  double error_share = 0.5;
  unsigned requests = 20;
  std::uint64_t window_ms = 10'000;
  std::uint64_t open_ms = 5'000;
  bool operator==(const BreakerOptions&) const = default;
};

struct HealthOptions {
  std::string path;  // empty: no active checks
  std::uint64_t interval_ms = 5'000;
  std::uint64_t timeout_ms = 1'000;
  unsigned rise = 2;  // checks in a row that bring it back
  unsigned fall = 3;  // checks, or failed connects, in a row that take it out
  std::vector<std::pair<int, int>> statuses{{200, 399}};
  std::uint64_t slow_return_ms = 10'000;
};

struct BackendOptions {
  std::string name;
  std::vector<EndpointOptions> endpoints;
  std::shared_ptr<const net::TlsContext> tls;  // null when no endpoint is https
  std::string credentials;    // a whole field line with its CRLF, or empty
  std::string query;          // "key=value", percent-encoded, to be joined to each target, or empty
  std::optional<OauthOptions> oauth;
  std::uint64_t timeout_ms = 1'500;  // of one try, from taking it up to its last byte
  std::uint64_t connect_timeout_ms = 500;  // addresses, connection and TLS handshake
  std::uint64_t idle_ms = 30'000;
  std::uint64_t dns_ttl_ms = 30'000;
  unsigned retries = 1;
  double retry_budget = 0.1;
  bool idempotent = false;
  std::optional<std::uint64_t> hedge_after_ms;
  std::size_t connections_max = 64;  // per worker and endpoint
  std::size_t in_flight_max = 256;   // per worker
  std::size_t queue_max = 1'024;     // per worker
  std::size_t response_bytes_max = 1 << 20;
  std::size_t header_bytes_max = 32 << 10;
  BreakerOptions breaker;
  HealthOptions health;
};

/// The backends of one edition of the configuration, in its order.
using BackendList = std::vector<BackendOptions>;

/// Translates what was written. Reads the PEM files (beside the file that names them) and parses
/// them: what is wrong goes to `diagnostics` with its place. Null when there was an error. Thread:
/// any; blocks on files, so not a loop's.
std::shared_ptr<const BackendList> resolve_backends(
    std::span<const core::config::Backend> backends, core::config::Source& source,
    core::config::Diagnostics& diagnostics);

/// The same of one backend's TLS, or whoever else is called by it.
std::shared_ptr<const net::TlsContext> resolve_tls(const core::config::BackendTls& tls, core::config::Source& source,
                                                   core::config::Diagnostics& diagnostics);

/// "host", "host:8080", "[::1]:8443": what Host says.
std::string authority_of(std::string_view host, std::uint16_t port, bool tls);

}  // namespace proxy::upstream
