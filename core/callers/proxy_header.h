#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/callers/address.h"

namespace core::callers {

/// Which versions of the PROXY protocol a listener takes.
enum class ProxyVersions : std::uint8_t { kNone, kV1, kV2, kAny };

/// The header that a load balancer puts in front of a connection, to say who has called it: versions
/// 1 and 2 of the PROXY protocol (haproxy.org, "The PROXY protocol", 2020-03-05 revision).
struct ProxyHeader {
  enum class State : std::uint8_t {
    kMore,  // a beginning of a header: show it again with more behind it
    kDone,
    kBad,   // not a header; close the connection, nothing is answered
  };
  State state = State::kMore;
  std::size_t size = 0;  // kDone: of the header; what follows is the caller's
  /// kDone: who has called. Empty when the header speaks for the load balancer itself (UNKNOWN,
  /// LOCAL) or of a family without address (unspecified, Unix): the peer's own address then counts.
  std::optional<Address> source;

  /// A header of version 1 is 107 bytes at most (2.1).
  static constexpr std::size_t kV1BytesMax = 107;
  /// One of version 2 is longer only by what it says besides the addresses, which we skip.
  static constexpr std::size_t kV2BytesMax = 16 + 2048;
};

/// Reads the header at the beginning of `bytes`, which may hold less or more. Strict: whatever the
/// text does not allow is kBad, at the first byte that shows it. Never looks behind the header, never
/// allocates. Thread: any.
ProxyHeader read_proxy_header(std::string_view bytes, ProxyVersions versions) noexcept;

}  // namespace core::callers
