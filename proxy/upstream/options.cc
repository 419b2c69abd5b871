#include "proxy/upstream/options.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "proxy/upstream/credentials.h"

namespace proxy::upstream {

std::string authority_of(std::string_view host, std::uint16_t port, bool tls) {
  std::string authority;
  if (host.find(':') != std::string_view::npos) {
    authority.append("[").append(host).append("]");
  } else {
    authority = host;
  }
  if (port != (tls ? 443 : 80)) authority.append(":").append(std::to_string(port));
  return authority;
}

namespace {

using core::config::BackendAuth;
using core::config::Text;
using net::TlsContext;
using net::TlsError;

std::uint64_t ms(core::config::milliseconds time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.count()));
}

std::size_t size(std::int64_t number) {
  return static_cast<std::size_t>(std::max<std::int64_t>(0, number));
}

unsigned count(std::int64_t number) { return static_cast<unsigned>(size(number)); }

EndpointOptions endpoint_of(std::string host, std::uint16_t port, bool tls, std::string base_path) {
  EndpointOptions endpoint;
  endpoint.authority = authority_of(host, port, tls);
  endpoint.name = (tls ? "https://" : "http://") + endpoint.authority + base_path;
  endpoint.host = std::move(host);
  endpoint.port = port;
  endpoint.base_path = std::move(base_path);
  endpoint.tls = tls;
  endpoint.server_name = endpoint.host;
  return endpoint;
}

/// A URL of http or https, in parts. Nothing when it is none: user information, a fragment and bytes
/// that a request line cannot carry are refused.
struct Url {
  bool tls = false;
  std::string host, target;
  std::uint16_t port = 0;
};
std::optional<Url> parse_url(std::string_view text) {
  Url url;
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7f || c == '#') return std::nullopt;
  }
  if (text.starts_with("https://")) {
    url.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  const std::size_t path = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, path);
  url.target = text.substr(path);
  if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
  if (authority.find('@') != std::string_view::npos) return std::nullopt;
  std::size_t host_end = authority.find(':');
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    url.host = authority.substr(1, close - 1);
    host_end = close + 1;
  } else {
    url.host = authority.substr(0, host_end);
  }
  if (url.host.empty()) return std::nullopt;
  url.port = url.tls ? 443 : 80;
  if (host_end < authority.size()) {
    if (authority[host_end] != ':') return std::nullopt;
    const std::string_view port = authority.substr(host_end + 1);
    unsigned number = 0;
    const auto [stop, ec] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (ec != std::errc{} || stop != port.data() + port.size() || number == 0 || number > 65535) {
      return std::nullopt;
    }
    url.port = static_cast<std::uint16_t>(number);
  }
  return url;
}

/// What a credential consists of goes into a field: it may not end it (RFC 9110, 5.5).
bool fit_for_a_field(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

class Resolution {
 public:
  Resolution(core::config::Source& source, core::config::Diagnostics& diagnostics)
      : source_(source), diagnostics_(diagnostics) {}

  BackendOptions resolve(const core::config::Backend& from) {
    BackendOptions to;
    to.name = from.name.value;
    for (const core::config::Endpoint& endpoint : from.endpoints) {
      to.endpoints.push_back(
          endpoint_of(endpoint.host, endpoint.port, endpoint.tls, endpoint.base_path));
      EndpointOptions& made = to.endpoints.back();
      made.weight = count(endpoint.weight);
      if (!from.tls.server_name.value.empty()) made.server_name = from.tls.server_name.value;
    }
    const bool any_tls = std::any_of(from.endpoints.begin(), from.endpoints.end(),
                                     [](const auto& endpoint) { return endpoint.tls; });
    const bool oauth = from.auth.kind == BackendAuth::Kind::kOauth;
    if (oauth) oauth_tls_ = make_context(oauth_form(authorities(from.tls)), from.tls);
    if (any_tls) to.tls = resolve_tls(from.tls);
    take_credentials(from, to);
    to.timeout_ms = ms(from.timeout);
    to.connect_timeout_ms = ms(from.connect_timeout);
    to.idle_ms = ms(from.idle);
    to.dns_ttl_ms = ms(from.dns_ttl);
    to.retries = count(from.retries);
    to.retry_budget = from.retry_budget;
    to.idempotent = from.idempotent;
    if (from.hedge_after) to.hedge_after_ms = ms(*from.hedge_after);
    to.connections_max = std::max<std::size_t>(1, size(from.limits.connections));
    to.in_flight_max = std::max<std::size_t>(1, size(from.limits.in_flight));
    to.queue_max = size(from.limits.queue);
    to.response_bytes_max = size(from.limits.response_bytes);
    to.header_bytes_max = size(from.limits.header_bytes);
    to.breaker = {count(from.breaker.failures), from.breaker.error_share,
                  count(from.breaker.requests), ms(from.breaker.window), ms(from.breaker.open)};
    to.health.path = from.health.path.value;
    to.health.interval_ms = std::max<std::uint64_t>(1, ms(from.health.interval));
    to.health.timeout_ms = ms(from.health.timeout);
    to.health.rise = std::max(1U, count(from.health.rise));
    to.health.fall = std::max(1U, count(from.health.fall));
    if (!from.health.statuses.empty()) to.health.statuses = from.health.statuses;
    to.health.slow_return_ms = ms(from.health.slow_return);
    return to;
  }

  std::shared_ptr<const TlsContext> resolve_tls(const core::config::BackendTls& from) {
    TlsContext::Client tls = authorities(from);
    tls.certificate = read(from.certificate);
    tls.key = read(from.key);
    return make_context(tls, from);
  }

 private:
  TlsContext::Client authorities(const core::config::BackendTls& from) {
    TlsContext::Client tls;
    tls.authorities = read(from.ca);
    tls.system_authorities = from.ca.value.empty();
    tls.verify = from.verify;
    return tls;
  }

  void error(const Text& at, std::string message, std::string suggestion = {}) {
    diagnostics_.error(at.mark, std::max<std::size_t>(1, at.value.size()), std::move(message),
                       std::move(suggestion));
  }

  std::string read(const Text& file) {
    if (file.value.empty()) return {};
    const std::string path =
        file.mark.line == 0
            ? file.value
            : core::config::path_beside(diagnostics_.path(file.mark.file), file.value);
    auto contents = source_.read_file(path);
    if (!contents) {
      error(file, "cannot read \"" + file.value + "\": " + contents.error().why);
      return {};
    }
    if (contents.value().empty()) error(file, "\"" + file.value + "\" is empty");
    return std::move(contents).value();
  }

  /// The token server may be anybody's: it is trusted by the system's authorities and by the pinned
  /// one, and is not shown the certificate that is meant for the backend.
  static TlsContext::Client oauth_form(TlsContext::Client tls) {
    tls.system_authorities = true;
    return tls;
  }

  std::shared_ptr<const TlsContext> make_context(const TlsContext::Client& options,
                                                 const core::config::BackendTls& written) {
    auto made = TlsContext::for_client(options);
    if (made) return std::move(made).value();
    switch (made.error().part) {
      case TlsError::Part::kAuthorities:
        error(written.ca, "\"" + written.ca.value + "\": " + made.error().why);
        break;
      case TlsError::Part::kKey: {
        const Text& key = written.key.value.empty() ? written.certificate : written.key;
        error(key, "\"" + key.value + "\" is no key of the certificate: " + made.error().why);
        break;
      }
      case TlsError::Part::kCertificate:
        error(written.certificate, "\"" + written.certificate.value + "\": " + made.error().why);
        break;
      case TlsError::Part::kStaple:  // servers have one
      case TlsError::Part::kLibrary: error(written.ca, "TLS: " + made.error().why); break;
    }
    return nullptr;
  }

  void take_credentials(const core::config::Backend& from, BackendOptions& to) {
    const BackendAuth& auth = from.auth;
    const auto fit = [&](const Text& text) {
      if (fit_for_a_field(text.value)) return true;
      error(text, "a control character in a credential", "is there a line end in the secret's file?");
      return false;
    };
    switch (auth.kind) {
      case BackendAuth::Kind::kNone: break;
      case BackendAuth::Kind::kBasic:
        if (auth.username.value.find(':') != std::string::npos) {
          error(auth.username, "a username with a colon (RFC 7617, 2)");
        }
        to.credentials = basic_credentials(auth.username.value, auth.password.value);
        break;
      case BackendAuth::Kind::kBearer:
        if (fit(auth.token)) to.credentials = "Authorization: Bearer " + auth.token.value + "\r\n";
        break;
      case BackendAuth::Kind::kHeader:
        if (fit(auth.name) && fit(auth.value)) {
          to.credentials = auth.name.value + ": " + auth.value.value + "\r\n";
        }
        break;
      case BackendAuth::Kind::kQuery:
        to.query = query_encoded(auth.name.value) + "=" + query_encoded(auth.value.value);
        break;
      case BackendAuth::Kind::kOauth: {
        auto url = parse_url(auth.token_url.value);
        if (!url) {
          error(auth.token_url, "no URL of a token server",
                "write it as https://login.example/oauth2/token");
          break;
        }
        OauthOptions oauth;
        oauth.endpoint = endpoint_of(std::move(url->host), url->port, url->tls, "");
        oauth.target = std::move(url->target);
        oauth.tls = oauth_tls_;
        oauth.client_id = auth.client_id.value;
        oauth.client_secret = auth.client_secret.value;
        oauth.secret_in_body = auth.secret_in_body;
        oauth.scope = auth.scope.value;
        oauth.audience = auth.audience.value;
        oauth.refresh_early_ms = ms(auth.refresh_early);
        to.oauth = std::move(oauth);
        break;
      }
    }
  }

  core::config::Source& source_;
  core::config::Diagnostics& diagnostics_;
  std::shared_ptr<const TlsContext> oauth_tls_;
};

}  // namespace

std::shared_ptr<const BackendList> resolve_backends(
    std::span<const core::config::Backend> backends, core::config::Source& source,
    core::config::Diagnostics& diagnostics) {
  const std::size_t errors = diagnostics.errors();
  auto list = std::make_shared<BackendList>();
  for (const core::config::Backend& backend : backends) {
    list->push_back(Resolution(source, diagnostics).resolve(backend));
  }
  if (diagnostics.errors() != errors) return nullptr;
  return list;
}

std::shared_ptr<const TlsContext> resolve_tls(const core::config::BackendTls& tls, core::config::Source& source,
                                              core::config::Diagnostics& diagnostics) {
  return Resolution(source, diagnostics).resolve_tls(tls);
}

}  // namespace proxy::upstream
