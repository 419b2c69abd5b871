#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"
#include "tools/load/units.h"

namespace load {

/// The parts of "https://host:port/path?query".
struct Url {
  bool tls = false;
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 80;
  std::string path = "/";  // with the query; never empty

  /// Value of the Host field (RFC 9110, 7.2): brackets restored, default port left out.
  std::string authority() const;
};

core::Result<Url, UsageError> parse_url(std::string_view text);

/// Where the bytes go.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  bool is_loopback() const noexcept;
  std::string text() const;
};

/// Looks the host up (it blocks; once, before the run). The first address is taken. An address
/// outside loopback is refused unless `allowed_host` is the host itself: nobody loads a stranger's
/// machine by a typing error.
core::Result<Address, UsageError> resolve(const Url& url, std::string_view allowed_host);

}  // namespace load
