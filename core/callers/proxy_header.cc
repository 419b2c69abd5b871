#include "core/callers/proxy_header.h"

#include <algorithm>
#include <cstring>

#include "core/lists/network.h"

namespace core::callers {
namespace {

using State = ProxyHeader::State;

constexpr std::string_view kV1Begin = "PROXY ";
constexpr std::string_view kV2Begin("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kV2FixedBytes = 16;

bool is_beginning(std::string_view bytes, std::string_view of) noexcept {
  return of.starts_with(bytes.substr(0, of.size()));
}

/// A port: 0 to 65535 without leading zeros (2.1).
bool is_port(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return false;
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value <= 0xFFFF;
}

/// The text up to the next blank, taken off the front with the blank. False without a blank.
bool take_word(std::string_view& rest, std::string_view& word) noexcept {
  const std::size_t blank = rest.find(' ');
  if (blank == std::string_view::npos) return false;
  word = rest.substr(0, blank);
  rest.remove_prefix(blank + 1);
  return true;
}

std::optional<Address> read_address(std::string_view text, bool v4) noexcept {
  // Only hexadecimal digits and separators: no prefix, brackets or zone, which the reader may know.
  const std::string_view allowed = v4 ? "0123456789." : "0123456789abcdefABCDEF:.";
  if (text.empty() || text.find_first_not_of(allowed) != std::string_view::npos)
    return std::nullopt;
  if (v4 != (text.find(':') == std::string_view::npos)) return std::nullopt;
  const lists::NetworkText read = lists::read_network(text);
  if (!read.network) return std::nullopt;
  return Address::of(*read.network);
}

/// The line behind "PROXY ", without its CRLF. False when it is none.
bool read_line(std::string_view line, std::optional<Address>& source) noexcept {
  // "UNKNOWN" may be followed by anything up to the end of the line (2.1).
  constexpr std::string_view kUnknown = "UNKNOWN";
  if (line == kUnknown || line.starts_with("UNKNOWN ")) return true;
  std::string_view family, from, to, from_port;
  if (!take_word(line, family) || !take_word(line, from) || !take_word(line, to) ||
      !take_word(line, from_port)) {
    return false;
  }
  const bool v4 = family == "TCP4";
  if ((!v4 && family != "TCP6") || !is_port(from_port) || !is_port(line)) return false;
  source = read_address(from, v4);
  return source.has_value() && read_address(to, v4).has_value();
}

ProxyHeader read_v1(std::string_view bytes) noexcept {
  const std::string_view head = bytes.substr(0, ProxyHeader::kV1BytesMax);
  const std::size_t cr = head.find('\r');
  // A line that goes on, of characters that may stand in one.
  const std::string_view line = head.substr(0, cr);
  const bool printable =
      std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  if (!printable) return {State::kBad, 0, std::nullopt};
  if (cr == std::string_view::npos || cr + 1 == head.size()) {
    return {head.size() < ProxyHeader::kV1BytesMax ? State::kMore : State::kBad, 0, std::nullopt};
  }
  ProxyHeader header{State::kDone, cr + 2, std::nullopt};
  if (head[cr + 1] != '\n' || !read_line(line.substr(kV1Begin.size()), header.source)) {
    return {State::kBad, 0, std::nullopt};
  }
  return header;
}

ProxyHeader read_v2(std::string_view bytes) noexcept {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const auto bad = ProxyHeader{State::kBad, 0, std::nullopt};
  if (bytes.size() <= 12) return {};
  if (byte(12) != 0x20 && byte(12) != 0x21) return bad;  // version 2; LOCAL or PROXY
  const bool local = byte(12) == 0x20;
  if (bytes.size() <= 13) return {};
  const unsigned family = byte(13) >> 4U, transport = byte(13) & 0xFU;
  // What stands behind LOCAL is skipped, whatever it is (2.2).
  if (!local && (family > 3 || transport > 2 || (family == 0) != (transport == 0))) return bad;
  if (bytes.size() < kV2FixedBytes) return {};
  const std::size_t behind = static_cast<std::size_t>(byte(14)) << 8U | byte(15);
  const std::size_t size = kV2FixedBytes + behind;
  if (size > ProxyHeader::kV2BytesMax) return bad;
  constexpr std::size_t kAddressBytes[] = {0, 12, 36, 216};  // by family (2.2)
  const bool counts = !local && (family == 1 || family == 2);
  if (counts && (transport != 1 || behind < kAddressBytes[family])) return bad;  // we serve streams
  if (!local && behind < kAddressBytes[family]) return bad;
  if (bytes.size() < size) return {};
  ProxyHeader header{State::kDone, size, std::nullopt};
  if (counts) {
    Address address;
    address.family = family == 1 ? Address::Family::kIpv4 : Address::Family::kIpv6;
    std::memcpy(address.bytes, bytes.data() + kV2FixedBytes, family == 1 ? 4 : 16);
    header.source = Address::of(address.network());  // an IPv4 address written in IPv6 is one
  }
  return header;
}

}  // namespace

ProxyHeader read_proxy_header(std::string_view bytes, ProxyVersions versions) noexcept {
  if (bytes.empty()) return {};
  const bool v1 = versions == ProxyVersions::kV1 || versions == ProxyVersions::kAny;
  const bool v2 = versions == ProxyVersions::kV2 || versions == ProxyVersions::kAny;
  if (v1 && is_beginning(bytes, kV1Begin)) {
    return bytes.size() < kV1Begin.size() ? ProxyHeader{} : read_v1(bytes);
  }
  if (v2 && is_beginning(bytes, kV2Begin)) return read_v2(bytes);
  return {State::kBad, 0, std::nullopt};
}

}  // namespace core::callers
