#include "proxy/upstream/addresses.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cstring>

namespace proxy::upstream {

bool Address::operator==(const Address& other) const noexcept {
  if (socket.any.sa_family != other.socket.any.sa_family) return false;
  if (socket.any.sa_family == AF_INET) {
    return socket.v4.sin_port == other.socket.v4.sin_port &&
           socket.v4.sin_addr.s_addr == other.socket.v4.sin_addr.s_addr;
  }
  return socket.v6.sin6_port == other.socket.v6.sin6_port &&
         socket.v6.sin6_scope_id == other.socket.v6.sin6_scope_id &&
         std::memcmp(&socket.v6.sin6_addr, &other.socket.v6.sin6_addr, sizeof(in6_addr)) == 0;
}

std::optional<Address> Addresses::literal(const std::string& host, std::uint16_t port) {
  Address address;
  if (inet_pton(AF_INET, host.c_str(), &address.socket.v4.sin_addr) == 1) {
    address.socket.v4.sin_family = AF_INET;
    address.socket.v4.sin_port = htons(port);
    address.size = sizeof(sockaddr_in);
    return address;
  }
  address = Address{};
  if (inet_pton(AF_INET6, host.c_str(), &address.socket.v6.sin6_addr) == 1) {
    address.socket.v6.sin6_family = AF_INET6;
    address.socket.v6.sin6_port = htons(port);
    address.size = sizeof(sockaddr_in6);
    return address;
  }
  return std::nullopt;
}

void Addresses::adopt(const addrinfo* answer, std::uint16_t port) {
  std::vector<Known> first, other;
  sa_family_t family = AF_UNSPEC;
  for (const addrinfo* at = answer; at != nullptr && first.size() + other.size() < kMax;
       at = at->ai_next) {
    Known known;
    if (at->ai_family == AF_INET && at->ai_addrlen >= sizeof(sockaddr_in)) {
      std::memcpy(&known.address.socket.v4, at->ai_addr, sizeof(sockaddr_in));
      known.address.socket.v4.sin_port = htons(port);
      known.address.size = sizeof(sockaddr_in);
    } else if (at->ai_family == AF_INET6 && at->ai_addrlen >= sizeof(sockaddr_in6)) {
      std::memcpy(&known.address.socket.v6, at->ai_addr, sizeof(sockaddr_in6));
      known.address.socket.v6.sin6_port = htons(port);
      known.address.size = sizeof(sockaddr_in6);
    } else {
      continue;
    }
    if (family == AF_UNSPEC) family = known.address.socket.any.sa_family;
    const auto same = [&](const Known& one) { return one.address == known.address; };
    std::vector<Known>& list = known.address.socket.any.sa_family == family ? first : other;
    if (std::any_of(list.begin(), list.end(), same)) continue;
    const auto old = std::find_if(known_.begin(), known_.end(), same);
    if (old != known_.end()) known.shunned_until_ms = old->shunned_until_ms;
    list.push_back(known);
  }
  if (first.empty()) return;
  known_.clear();
  for (std::size_t i = 0; i < std::max(first.size(), other.size()); ++i) {
    if (i < first.size()) known_.push_back(first[i]);
    if (i < other.size()) known_.push_back(other[i]);
  }
}

void Addresses::adopt(const Address& only) { known_.assign(1, Known{only, 0}); }

bool Addresses::contains(const Address& address) const noexcept {
  return std::any_of(known_.begin(), known_.end(),
                     [&](const Known& known) { return known.address == address; });
}

std::size_t Addresses::next(Address (&order)[kTriedMax], std::uint64_t now_ms) noexcept {
  const std::size_t count = known_.size();
  std::size_t taken = 0;
  for (const bool shunned : {false, true}) {
    for (std::size_t i = 0; i < count && taken < kTriedMax; ++i) {
      const Known& known = known_[(turn_ + i) % count];
      if ((known.shunned_until_ms > now_ms) == shunned) order[taken++] = known.address;
    }
  }
  if (count != 0) turn_ = (turn_ + 1) % count;
  return taken;
}

void Addresses::failed(const Address& address, std::uint64_t now_ms) noexcept {
  for (Known& known : known_) {
    if (known.address == address) known.shunned_until_ms = now_ms + kShunnedMs;
  }
}

void Addresses::worked(const Address& address) noexcept {
  for (Known& known : known_) {
    if (known.address == address) known.shunned_until_ms = 0;
  }
}

}  // namespace proxy::upstream
