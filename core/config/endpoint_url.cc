// The URL of a backend. No claim may choose where a backend is: scheme, host and port are constants
// of the configuration, and this is the only place that reads them.
#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "core/config/scalars.h"

namespace core::config {
namespace {

constexpr std::size_t kUrlBytesMax = 2048;
constexpr std::size_t kHostBytesMax = 253;   // RFC 1035, 2.3.4
constexpr std::size_t kLabelBytesMax = 63;

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';  // no letter of a host name (RFC 1123, 2.1), but of many a service's
}

/// RFC 3986, 3.3, with percent-encoding.
bool is_url_path_char(char c) {
  return is_host_char(c) || std::string_view("/.~!$&'()*+,;=:@%").find(c) != std::string_view::npos;
}

ParseError wrong(std::size_t offset, std::string message, std::string suggestion) {
  return {offset, std::move(message), std::move(suggestion)};
}

/// The first byte of `host` that is wrong; npos when it is a name or an IPv4 address.
std::size_t find_wrong_in_host(std::string_view host) {
  std::size_t label = 0;
  for (std::size_t i = 0; i < host.size(); ++i) {
    if (host[i] == '.') {
      if (i == label) return i;
      label = i + 1;
    } else if (!is_host_char(host[i])) {
      return i;
    } else if (i - label >= kLabelBytesMax) {
      return i;
    }
  }
  return host.empty() || host.size() > kHostBytesMax ? 0 : std::string_view::npos;
}

/// A segment of dots would lead out of the base path.
bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

}  // namespace

Result<Endpoint, ParseError> parse_endpoint(std::string_view text) {
  Endpoint endpoint;
  std::size_t at = 0;
  if (text.starts_with("https://")) {
    endpoint.tls = true;
    at = 8;
  } else if (text.starts_with("http://")) {
    at = 7;
  } else {
    return wrong(0, "expected a URL of http or https", "write https://crm.internal");
  }
  if (text.size() > kUrlBytesMax) return wrong(0, "a URL of more than 2048 bytes", "");
  std::string_view rest = text.substr(at);
  const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, authority_end);
  const std::string_view path = rest.substr(authority_end);
  if (authority.find('@') != std::string_view::npos) {
    return wrong(at, "a backend's URL has no user information",
                 "write auth: { basic: { username: ..., password: ... } }");
  }
  std::size_t host_end = authority.find(':');
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    // The listener's reader knows IPv6 addresses.
    if (close == std::string_view::npos ||
        !parse_address(std::string(authority.substr(0, close + 1)) + ":1")) {
      return wrong(at, "no IPv6 address", "write https://[2001:db8::1]:8443");
    }
    endpoint.host = authority.substr(1, close - 1);
    host_end = close + 1;
    if (host_end < authority.size() && authority[host_end] != ':') {
      return wrong(at + host_end, "expected a port or a path", "write https://[2001:db8::1]:8443");
    }
    if (host_end == authority.size()) host_end = std::string_view::npos;
  } else {
    const std::string_view host = authority.substr(0, host_end);
    if (const std::size_t bad = find_wrong_in_host(host); bad != std::string_view::npos) {
      const bool foreign = bad < host.size() && static_cast<unsigned char>(host[bad]) >= 0x80;
      return wrong(at + bad, host.empty() ? "the host is missing" : "no name of a host",
                   foreign ? "write an international name in its xn-- form"
                           : "write https://crm.internal");
    }
    endpoint.host = host;
  }
  std::transform(endpoint.host.begin(), endpoint.host.end(), endpoint.host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  endpoint.port = endpoint.tls ? 443 : 80;
  if (host_end != std::string_view::npos) {
    const std::string_view port = authority.substr(host_end + 1);
    const char* const end = port.data() + port.size();
    const auto [stop, ec] = std::from_chars(port.data(), end, endpoint.port);
    if (ec != std::errc{} || stop != end || endpoint.port == 0) {
      return wrong(at + host_end + 1, "expected a port from 1 to 65535",
                   endpoint.tls ? "leave it out for 443" : "leave it out for 80");
    }
  }
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (is_url_path_char(path[i])) continue;
    const std::size_t offset = at + authority_end + i;
    if (path[i] == '?') {
      return wrong(offset, "a backend's URL has no query", "write request: { query: { ... } }");
    }
    if (path[i] == '#') return wrong(offset, "a backend's URL has no fragment", "leave it out");
    if (path[i] == '{' || path[i] == '}') {
      return wrong(offset, "no claim chooses where a backend is",
                   "write request: { path: \"/{claim}\" }");
    }
    return wrong(offset, "a character that cannot stand in a path",
                 "write it percent-encoded (RFC 3986)");
  }
  if (has_dot_segment(path)) {
    return wrong(at + authority_end, "a path with a segment of dots", "leave out \".\" and \"..\"");
  }
  endpoint.base_path = path;
  while (endpoint.base_path.ends_with('/')) endpoint.base_path.pop_back();
  return endpoint;
}

bool is_loopback_host(std::string_view host) {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && parse_address(std::string(host) + ":1"));  // 127.example is a name
}

}  // namespace core::config
