#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "core/config/scalars.h"

namespace core::config {
namespace {

using Ipv6 = std::array<std::uint16_t, 8>;

// sockaddr_un holds 108 bytes, one of them the ending zero (unix(7)).
constexpr std::size_t kUnixPathMax = 107;

/// Four decimal numbers without leading zeros (RFC 6943, 3.1.1 tells what the loose form costs).
std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) {
  std::array<std::uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i != 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    unsigned value = 0;
    const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    const auto digits = static_cast<std::size_t>(stop - text.data());
    if (ec != std::errc{} || digits == 0 || digits > 3 || value > 255) return std::nullopt;
    if (digits > 1 && text[0] == '0') return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(value);
    text.remove_prefix(digits);
  }
  if (!text.empty()) return std::nullopt;
  return bytes;
}

/// RFC 4291, 2.2, all three forms.
std::optional<Ipv6> parse_ipv6(std::string_view text) {
  Ipv6 groups{};
  std::size_t count = 0;
  std::optional<std::size_t> gap;
  if (text.starts_with("::")) {
    gap = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    if (count == groups.size()) return std::nullopt;
    if (text.find('.') != std::string_view::npos && text.find(':') == std::string_view::npos) {
      const auto tail = parse_ipv4(text);
      if (!tail || count > groups.size() - 2) return std::nullopt;
      groups[count++] = static_cast<std::uint16_t>((*tail)[0] << 8 | (*tail)[1]);
      groups[count++] = static_cast<std::uint16_t>((*tail)[2] << 8 | (*tail)[3]);
      break;
    }
    std::uint16_t group = 0;
    const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), group, 16);
    const auto digits = static_cast<std::size_t>(stop - text.data());
    if (ec != std::errc{} || digits == 0 || digits > 4) return std::nullopt;
    groups[count++] = group;
    text.remove_prefix(digits);
    if (text.empty()) break;
    if (text[0] != ':') return std::nullopt;
    text.remove_prefix(1);
    if (text.starts_with(':')) {
      if (gap) return std::nullopt;
      gap = count;
      text.remove_prefix(1);
    } else if (text.empty()) {
      return std::nullopt;
    }
  }
  if (!gap) return count == groups.size() ? std::optional(groups) : std::nullopt;
  if (count == groups.size()) return std::nullopt;
  Ipv6 spread{};
  for (std::size_t i = 0; i < *gap; ++i) spread[i] = groups[i];
  for (std::size_t i = *gap; i < count; ++i) spread[groups.size() - count + i] = groups[i];
  return spread;
}

bool is_loopback(const Ipv6& ip) {
  bool zeros = true;
  for (std::size_t i = 0; i < 5; ++i) zeros = zeros && ip[i] == 0;
  if (zeros && ip[5] == 0 && ip[6] == 0 && ip[7] == 1) return true;
  return zeros && ip[5] == 0xffff && ip[6] >> 8 == 127;  // ::ffff:127.0.0.0/104
}

Result<ListenerAddress, ParseError> parse_unix(std::string_view path) {
  constexpr std::size_t kPrefix = 5;
  if (path.starts_with('@')) {
    return ParseError{kPrefix, "abstract Unix sockets are not supported",
                      "write a path, as in unix:/run/claimgate.sock"};
  }
  if (!path.starts_with('/')) {
    return ParseError{kPrefix, "expected an absolute path", "as in unix:/run/claimgate.sock"};
  }
  if (path.ends_with('/')) {
    return ParseError{kPrefix, "expected the path of a socket, not of a directory",
                      "as in unix:/run/claimgate.sock"};
  }
  if (path.find('\0') != std::string_view::npos) {
    return ParseError{kPrefix, "a path cannot hold a zero byte"};
  }
  if (path.size() > kUnixPathMax) {
    return ParseError{kPrefix, "the path of a Unix socket has at most 107 bytes, this one " +
                                   std::to_string(path.size())};
  }
  ListenerAddress address;
  address.kind = ListenerAddress::Kind::kUnix;
  address.host = path;
  address.loopback = true;
  return address;
}

}  // namespace

Result<ListenerAddress, ParseError> parse_address(std::string_view text) {
  if (text.starts_with("unix:")) return parse_unix(text.substr(5));
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    return ParseError{0, "expected an address, not a URL", "as in 127.0.0.1:8080"};
  }
  ListenerAddress address;
  std::size_t colon = 0;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) {
      return ParseError{text.size(), "expected \"]\" behind the IPv6 address"};
    }
    const std::string_view host = text.substr(1, close - 1);
    if (const std::size_t zone = host.find('%'); zone != std::string_view::npos) {
      return ParseError{zone + 1, "addresses with a zone are not supported",
                        "write an address that is not link-local"};
    }
    const auto ip = parse_ipv6(host);
    if (!ip) return ParseError{1, "not an IPv6 address"};
    address.host = host;
    address.loopback = is_loopback(*ip);
    colon = close + 1;
    if (colon >= text.size() || text[colon] != ':') {
      return ParseError{colon, "expected a port behind the address", "as in [::1]:8080"};
    }
  } else {
    colon = text.rfind(':');
    if (colon == std::string_view::npos) {
      if (parse_ipv4(text)) {
        return ParseError{text.size(), "expected a port behind the address",
                          "write " + std::string(text) + ":8080"};
      }
      const bool number =
          !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
      return ParseError{0, "expected an address and a port",
                        "as in 127.0.0.1:" + (number ? std::string(text) : "8080")};
    }
    const std::string_view host = text.substr(0, colon);
    if (host.empty() || host == "*") {
      return ParseError{0, "expected an address before the port",
                        "write 0.0.0.0" + std::string(text.substr(colon)) + " for every interface"};
    }
    if (host.find(':') != std::string_view::npos) {
      // "::1:8080" is an address too; whoever writes it means [::1]:8080.
      const bool port_meant = parse_ipv6(host).has_value();
      return ParseError{0, "expected brackets around an IPv6 address",
                        "write [" + std::string(port_meant ? host : text) + "]" +
                            (port_meant ? std::string(text.substr(colon)) : ":8080")};
    }
    const auto ip = parse_ipv4(host);
    if (!ip) {
      const bool numeric = host.find_first_not_of("0123456789.") == std::string_view::npos;
      if (numeric) return ParseError{0, "not an IPv4 address", "as in 127.0.0.1:8080"};
      return ParseError{0, "a listener needs an address, not a host name",
                        host == "localhost" ? "write 127.0.0.1" + std::string(text.substr(colon))
                                            : "write an address, as in 127.0.0.1" +
                                                  std::string(text.substr(colon))};
    }
    address.host = host;
    address.loopback = (*ip)[0] == 127;
  }

  const std::string_view port = text.substr(colon + 1);
  unsigned number = 0;
  const auto [stop, ec] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (port.empty() || ec != std::errc{} || stop != port.data() + port.size() || number > 65535) {
    return ParseError{colon + 1, "expected a port from 0 to 65535"};
  }
  address.port = static_cast<std::uint16_t>(number);
  return address;
}

}  // namespace core::config
