#include "core/callers/address.h"

#include <algorithm>
#include <cstring>

namespace core::callers {
namespace {

constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0,    0,
                                      0, 0, 0, 0, 0xFF, 0xFF};  // RFC 4291, 2.5.5.2

}  // namespace

lists::Network Address::network() const noexcept {
  lists::Network network;
  network.is_v4 = family == Family::kIpv4;
  if (!network.is_v4 && std::memcmp(bytes, kMapped, sizeof kMapped) == 0) {
    network.is_v4 = true;
    std::memcpy(network.bytes.data(), bytes + sizeof kMapped, 4);
  } else {
    std::memcpy(network.bytes.data(), bytes, network.is_v4 ? 4 : sizeof bytes);
  }
  network.length = network.bits();
  return network;
}

bool Address::is_loopback() const noexcept {
  if (family == Family::kUnix) return true;
  const lists::Network here = network();
  if (here.is_v4) return here.bytes[0] == 127;
  return here.bytes[15] == 1 && std::all_of(here.bytes.begin(), here.bytes.end() - 1,
                                            [](std::uint8_t b) { return b == 0; });
}

Address Address::of(const lists::Network& network) noexcept {
  Address address;
  address.family = network.is_v4 ? Family::kIpv4 : Family::kIpv6;
  std::memcpy(address.bytes, network.bytes.data(), network.is_v4 ? 4 : sizeof address.bytes);
  return address;
}

bool AddressSet::holds(const Address& address) const noexcept {
  if (address.family == Address::Family::kUnix) return unix_;
  const lists::Network one = address.network();
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const lists::Network& network) { return network.contains(one); });
}

}  // namespace core::callers
