#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/arena.h"

namespace core::lists {

/// An IPv4 or IPv6 network; an address is one of all its bits. An IPv4 address written in IPv6
/// (::ffff:192.0.2.1; RFC 4291, 2.5.5.2) is the IPv4 address.
struct Network {
  std::array<std::uint8_t, 16> bytes{};  // IPv4: the first four; bits behind `length` are zero
  std::uint8_t length = 0;               // 0 to 32 or 128
  bool is_v4 = false;

  std::uint8_t bits() const noexcept { return is_v4 ? 32 : 128; }
  /// The same network cut to its first `length` bits.
  Network cut(std::uint8_t length) const noexcept;
  /// True when `other` lies in this network, or is it.
  bool contains(const Network& other) const noexcept;
  friend bool operator==(const Network&, const Network&) = default;
};

/// Why a text is no network, for a person; null when it is one.
struct NetworkText {
  std::optional<Network> network;
  const char* wrong = nullptr;
};

/// Reads "192.0.2.0/24", "2001:db8::/32" (RFC 4632, RFC 4291) or an address alone, with brackets
/// around an IPv6 one or not. No zone, no leading zeros, no white space. Bits behind the prefix must
/// be zero: 192.0.2.1/24 is more often a mistake than a network. Thread: any.
NetworkText read_network(std::string_view text) noexcept;

/// The form that lists keep and look up: "192.0.2.0/24", or all digits of an IPv6 address,
/// "2001:0db8:0000:0000:0000:0000:0000:0000/32". In `arena`; null data() when it is full.
std::string_view write_network(const Network& network, Arena& arena) noexcept;

/// The same into `to`, which has room for kNetworkBytesMax bytes; the number written.
inline constexpr std::size_t kNetworkBytesMax = 44;
std::size_t write_network(const Network& network, char* to) noexcept;

/// Which bit of a mask of 64 stands for networks of this length: every length of IPv4 has its own,
/// those of IPv6 share 31.
constexpr std::uint64_t length_bit(bool is_v4, unsigned length) noexcept {
  return std::uint64_t{1} << (is_v4 ? length : 33 + (length * 30) / 128);
}

}  // namespace core::lists
