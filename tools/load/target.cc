#include "tools/load/target.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace load {

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (tls ? 443 : 80)) text += ":" + std::to_string(port);
  return text;
}

core::Result<Url, UsageError> parse_url(std::string_view text) {
  const std::string quoted = "\"" + std::string(text) + "\"";
  Url url;
  if (text.starts_with("https://")) {
    url.tls = true;
    url.port = 443;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return UsageError{"expected http:// or https:// in " + quoted};
  }
  const std::size_t slash = std::min(text.find('/'), text.find('?'));
  std::string_view authority = text.substr(0, slash);
  if (slash != std::string_view::npos) {
    url.path = std::string(text.substr(slash, text.find('#') - slash));
    if (url.path[0] == '?') url.path.insert(0, 1, '/');
  }
  for (const char c : url.path) {
    // Bytes that would end the request line, or that no URL holds unencoded (RFC 3986, 2).
    if (c <= ' ' || c == 0x7f)
      return UsageError{"a blank or control byte in the path of " + quoted};
  }
  if (authority.find('@') != std::string_view::npos) {
    return UsageError{"credentials do not belong into the URL: use --user-env or --user-file"};
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return UsageError{"no closing bracket in " + quoted};
    url.host = std::string(authority.substr(1, end - 1));
    port = authority.substr(end + 1);
  } else {
    const std::size_t colon = authority.find(':');
    url.host = std::string(authority.substr(0, colon));
    if (colon != std::string_view::npos) port = authority.substr(colon);
  }
  if (url.host.empty()) return UsageError{"no host in " + quoted};
  for (const char c : url.host) {
    if (c <= ' ' || c == 0x7f)
      return UsageError{"a blank or control byte in the host of " + quoted};
  }
  if (!port.empty()) {
    const auto [stop, ec] = std::from_chars(port.data() + 1, port.data() + port.size(), url.port);
    if (port[0] != ':' || ec != std::errc{} || stop != port.data() + port.size() || url.port == 0) {
      return UsageError{"bad port in " + quoted};
    }
  }
  return url;
}

bool Address::is_loopback() const noexcept {
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &storage, sizeof v4);
    return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
  }
  if (storage.ss_family != AF_INET6) return false;
  sockaddr_in6 v6;
  std::memcpy(&v6, &storage, sizeof v6);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return v6.sin6_addr.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

std::string Address::text() const {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (getnameinfo(reinterpret_cast<const sockaddr*>(&storage), size, host, sizeof host, port,
                  sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "?";
  }
  return storage.ss_family == AF_INET6 ? std::string("[") + host + "]:" + port
                                       : std::string(host) + ":" + port;
}

core::Result<Address, UsageError> resolve(const Url& url, std::string_view allowed_host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int rc = getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &found);
  if (rc != 0) return UsageError{"cannot find " + url.host + ": " + gai_strerror(rc)};
  Address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  freeaddrinfo(found);
  if (!address.is_loopback() && allowed_host != url.host) {
    return UsageError{url.host + " (" + address.text() +
                      ") is another machine. If it is yours to load, say so: "
                      "--i-may-load-this-host " +
                      url.host};
  }
  return address;
}

}  // namespace load
