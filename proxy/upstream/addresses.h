#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

struct addrinfo;

namespace proxy::upstream {

/// An address to connect to. 32 bytes.
struct Address {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } socket{};
  socklen_t size = 0;

  bool operator==(const Address& other) const noexcept;
};

/// The addresses of one endpoint's name, in the order in which they are tried: the families by turns,
/// beginning with the one that the resolver put first (RFC 8305, 4), each new connection beginning one
/// further on, those that failed lately last. Pure. Thread: one owner.
class Addresses {
 public:
  static constexpr std::size_t kMax = 16;        // of a name; the rest is ignored
  static constexpr std::size_t kTriedMax = 4;    // by one connection
  static constexpr std::uint64_t kShunnedMs = 30'000;

  /// The address written as a host, or nothing: then it is a name.
  static std::optional<Address> literal(const std::string& host, std::uint16_t port);

  /// Takes the resolver's answer; what is known of addresses that stay is kept. An answer without a
  /// usable address changes nothing.
  void adopt(const addrinfo* answer, std::uint16_t port);
  void adopt(const Address& only);

  bool empty() const noexcept { return known_.empty(); }
  std::size_t size() const noexcept { return known_.size(); }
  bool contains(const Address& address) const noexcept;

  /// Which to try for a new connection, at most kTriedMax, into `order`; their number.
  std::size_t next(Address (&order)[kTriedMax], std::uint64_t now_ms) noexcept;
  void failed(const Address& address, std::uint64_t now_ms) noexcept;
  void worked(const Address& address) noexcept;

 private:
  struct Known {
    Address address;
    std::uint64_t shunned_until_ms = 0;
  };
  std::vector<Known> known_;
  std::size_t turn_ = 0;
};

/// How long one of `addresses` that are left may take: an equal share of the time up to `until_ms`,
/// nothing when that is over.
constexpr std::uint64_t share_ms(std::uint64_t until_ms, std::uint64_t now_ms,
                                 std::size_t addresses) noexcept {
  return until_ms > now_ms ? (until_ms - now_ms) / addresses : 0;
}

}  // namespace proxy::upstream
