#pragma once

#include <cstdint>
#include <vector>

#include "core/lists/network.h"

namespace core::callers {

/// Where a caller is, small enough to be kept for each connection. 17 bytes.
struct Address {
  enum class Family : std::uint8_t { kUnix, kIpv4, kIpv6 };
  std::uint8_t bytes[16] = {};  // IPv4: the first four
  Family family = Family::kUnix;

  /// The address as a network of all its bits; not for kUnix. An IPv4 address written in IPv6 is the
  /// IPv4 address.
  lists::Network network() const noexcept;
  /// Of this machine: 127.0.0.0/8, ::1, or a Unix socket.
  bool is_loopback() const noexcept;

  static Address of(const lists::Network& network) noexcept;
};

/// Networks that callers come from, or proxies. Immutable once it is filled; any thread.
class AddressSet {
 public:
  void add(const lists::Network& network) { networks_.push_back(network); }
  /// Callers on a Unix socket belong to it too.
  void add_unix() noexcept { unix_ = true; }
  bool empty() const noexcept { return networks_.empty() && !unix_; }
  /// Linear in the number of networks, which the configuration bounds (kNetworksMax).
  bool holds(const Address& address) const noexcept;

  static constexpr std::size_t kNetworksMax = 256;

 private:
  std::vector<lists::Network> networks_;
  bool unix_ = false;
};

}  // namespace core::callers
