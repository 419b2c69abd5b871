#include "core/lists/network.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace core::lists {
namespace {

constexpr const char* kNoNetwork =
    "no IP address or network; write 192.0.2.0/24, 2001:db8::/32 or one address";
constexpr const char* kHostBits =
    "bits behind the prefix are set; write the first address of the network, or no prefix";

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// "192.0.2.1", no leading zeros: some readers take them for octal.
bool read_v4(std::string_view text, std::uint8_t* bytes) noexcept {
  for (int part = 0; part < 4; ++part) {
    std::size_t size = 0;
    unsigned value = 0;
    while (size < text.size() && size < 4 && is_digit(text[size])) {
      value = value * 10 + static_cast<unsigned>(text[size] - '0');
      ++size;
    }
    if (size == 0 || size > 3 || value > 255 || (size > 1 && text[0] == '0')) return false;
    bytes[part] = static_cast<std::uint8_t>(value);
    text.remove_prefix(size);
    if (part == 3) return text.empty();
    if (text.empty() || text[0] != '.') return false;
    text.remove_prefix(1);
  }
  return false;
}

/// RFC 4291, 2.2: groups of hexadecimal digits, one "::", an IPv4 address at the end.
bool read_v6(std::string_view text, std::uint8_t* bytes) noexcept {
  std::size_t filled = 0;  // bytes
  std::optional<std::size_t> gap;
  if (text.starts_with("::")) {
    gap = 0;
    text.remove_prefix(2);
  } else if (text.starts_with(':')) {
    return false;
  }
  while (!text.empty()) {
    if (filled == 16) return false;
    const std::size_t end = std::min(text.find(':'), text.size());
    const std::string_view group = text.substr(0, end);
    if (group.find('.') != std::string_view::npos) {
      if (end != text.size() || filled > 12 || !read_v4(group, bytes + filled)) return false;
      filled += 4;
      break;
    }
    unsigned value = 0;
    const auto [stop, ec] =
        std::from_chars(group.data(), group.data() + group.size(), value, 16);
    if (group.empty() || group.size() > 4 || ec != std::errc{} ||
        stop != group.data() + group.size()) {
      return false;
    }
    bytes[filled++] = static_cast<std::uint8_t>(value >> 8);
    bytes[filled++] = static_cast<std::uint8_t>(value & 0xFF);
    text.remove_prefix(end);
    if (text.empty()) break;
    text.remove_prefix(1);
    if (text.empty()) return false;  // one colon at the end
    if (text[0] == ':') {
      if (gap) return false;
      gap = filled;
      text.remove_prefix(1);
    }
  }
  if (!gap) return filled == 16;
  if (filled >= 16) return false;  // "::" stands for one group at least
  const std::size_t moved = filled - *gap;
  std::memmove(bytes + 16 - moved, bytes + *gap, moved);
  std::memset(bytes + *gap, 0, 16 - filled);
  return true;
}

bool is_mapped(const std::uint8_t* bytes) noexcept {
  constexpr std::uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return std::memcmp(bytes, kPrefix, sizeof kPrefix) == 0;
}

char* write_decimal(unsigned value, char* to) noexcept {
  return std::to_chars(to, to + 3, value).ptr;
}

}  // namespace

Network Network::cut(std::uint8_t to) const noexcept {
  Network network = *this;
  network.length = to;
  const std::size_t whole = to / 8U;
  for (std::size_t i = whole; i < network.bytes.size(); ++i) {
    const unsigned kept = i == whole ? to % 8U : 0U;
    network.bytes[i] = static_cast<std::uint8_t>(network.bytes[i] & (0xFF00U >> kept));
  }
  return network;
}

bool Network::contains(const Network& other) const noexcept {
  return is_v4 == other.is_v4 && length <= other.length && other.cut(length).bytes == bytes;
}

NetworkText read_network(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  std::string_view address = text.substr(0, slash);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  Network network;
  if (read_v4(address, network.bytes.data())) {
    network.is_v4 = true;
  } else if (!read_v6(address, network.bytes.data())) {
    return {std::nullopt, kNoNetwork};
  }
  unsigned length = network.bits();
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [stop, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (ec != std::errc{} || stop != digits.data() + digits.size() || digits.size() > 3 ||
        (digits.size() > 1 && digits[0] == '0')) {
      return {std::nullopt, kNoNetwork};
    }
    if (length > network.bits()) {
      return {std::nullopt, "a prefix of more bits than an address has; write at most /32 for IPv4 "
                            "and /128 for IPv6"};
    }
  }
  if (!network.is_v4 && is_mapped(network.bytes.data()) && length >= 96) {
    std::memmove(network.bytes.data(), network.bytes.data() + 12, 4);
    std::memset(network.bytes.data() + 4, 0, 12);
    network.is_v4 = true;
    length -= 96;
  }
  network.length = static_cast<std::uint8_t>(length);
  if (network.cut(network.length).bytes != network.bytes) return {std::nullopt, kHostBits};
  return {network, nullptr};
}

std::size_t write_network(const Network& network, char* to) noexcept {
  constexpr char kHex[] = "0123456789abcdef";
  char* at = to;
  if (network.is_v4) {
    for (std::size_t i = 0; i < 4; ++i) {
      if (i != 0) *at++ = '.';
      at = write_decimal(network.bytes[i], at);
    }
  } else {
    for (std::size_t i = 0; i < 16; ++i) {
      if (i != 0 && i % 2 == 0) *at++ = ':';
      *at++ = kHex[network.bytes[i] >> 4];
      *at++ = kHex[network.bytes[i] & 15];
    }
  }
  *at++ = '/';
  at = write_decimal(network.length, at);
  return static_cast<std::size_t>(at - to);
}

std::string_view write_network(const Network& network, Arena& arena) noexcept {
  char* const room = arena.allocate(kNetworkBytesMax);
  if (room == nullptr) return {};
  const std::size_t size = write_network(network, room);
  arena.give_back(kNetworkBytesMax - size);
  return {room, size};
}

}  // namespace core::lists
