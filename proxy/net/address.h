#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "core/callers/address.h"
#include "core/callers/proxy_header.h"
#include "core/config/config.h"
#include "core/result.h"
#include "proxy/net/unique_fd.h"

namespace proxy::net {

/// Why a listener cannot be opened, in a sentence for the operator.
struct ListenError {
  std::string why;
};

/// A listening, non-blocking socket and the address it was given.
struct ListenSocket {
  UniqueFd fd;
  std::string url;          // "http://127.0.0.1:43211", "unix:/run/claimgate.sock"
  std::uint16_t port = 0;   // as bound: what port 0 became
  std::string unix_path;    // to be removed in the end; empty for TCP
};

/// Opens a listener. TCP sockets are bound with SO_REUSEPORT, so that every worker opens its own
/// for the same address and the kernel spreads connections. A Unix socket's file that nobody
/// listens on any more is replaced; its mode is 0660.
core::Result<ListenSocket, ListenError> open_listener(const core::config::ListenerAddress& address,
                                                      int backlog = 4096);

/// A second descriptor of a Unix listener for another worker.
core::Result<ListenSocket, ListenError> share_listener(const ListenSocket& listener);

/// The address of a caller.
struct PeerAddress : core::callers::Address {
  PeerAddress() = default;
  explicit PeerAddress(const core::callers::Address& address) : Address(address) {}

  static PeerAddress from(const sockaddr_storage& address) noexcept;
  /// Writes "127.0.0.1", "::1" or "unix" into `to` (46 bytes); the number of characters.
  std::size_t format(char* to) const noexcept;
};

/// Who stands in front of a listener and is believed about who calls. Immutable.
struct Front {
  core::callers::ProxyVersions versions = core::callers::ProxyVersions::kNone;
  std::size_t forwarded_for = 0;  // proxies in a row that add to X-Forwarded-For; 0: nobody looks
  core::callers::AddressSet proxies;

  bool empty() const noexcept {
    return versions == core::callers::ProxyVersions::kNone && forwarded_for == 0;
  }
};

}  // namespace proxy::net
