#include "core/lists/entry.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/lists/network.h"
#include "core/text/email.h"
#include "core/text/text.h"

namespace core::lists {
namespace {

constexpr std::size_t kDomainBytesMax = 253;  // RFC 1035 section 3.1, less length and root bytes
constexpr std::size_t kLabelBytesMax = 63;    // RFC 1035 section 2.3.4

/// What a byte can be; a line's bytes joined by | tell what it has, in one pass.
enum Kind : std::uint8_t {
  kNul = 1,
  kSpace = 2,      // ASCII white space
  kHigh = 4,       // part of a character beyond ASCII
  kAt = 8,         // '@'
  kUrl = 16,       // ':' and '/': a scheme, a port or a path
  kNoDomain = 32,  // whatever else of ASCII stands in no domain
};

/// Capital letters count as part of a domain: normalising makes them small. So does '_', which is
/// no part of a host name (RFC 952) but occurs.
constexpr std::array<std::uint8_t, 256> kKinds = [] {
  std::array<std::uint8_t, 256> kinds{};
  for (std::size_t c = 0; c < 256; ++c) {
    const bool in_domain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    kinds[c] = c == 0                            ? kNul
               : c == ' ' || (c >= 9 && c <= 13) ? kSpace
               : c >= 0x80                       ? kHigh
               : c == '@'                        ? kAt
               : c == ':' || c == '/'            ? kUrl
               : in_domain                       ? 0
                                                 : kNoDomain;
  }
  return kinds;
}();

std::uint8_t kinds_in(std::string_view text) noexcept {
  std::uint8_t kinds = 0;
  for (const char c : text) kinds |= kKinds[static_cast<unsigned char>(c)];
  return kinds;
}

bool has_space(std::string_view text) noexcept { return (kinds_in(text) & kSpace) != 0; }

constexpr Entry refused(const char* wrong) { return {{}, wrong}; }

constexpr const char* kInnerSpace =
    "white space inside the value; write one value a line, and a remark on a line of its own "
    "that begins with '#'";
constexpr const char* kTooBig = "its normal form is too long; no claim can be equal to it";

Entry read_email(std::string_view line, Arena& arena) noexcept {
  if (line.find('@') == std::string_view::npos) {
    return refused(
        "not an e-mail address, there is no '@'; write name@example.com, or use a list "
        "with match: domain");
  }
  const std::string_view address = text::normalise_email(line, arena);
  if (arena.exhausted()) return refused(kTooBig);
  const text::EmailParts parts = text::split_email(address);
  if (parts.local.empty() || parts.domain.empty()) {
    return refused(
        "not an e-mail address, nothing stands on one side of its '@'; write "
        "name@example.com, or use a list with match: domain");
  }
  return {address, nullptr};
}

/// Null when `domain`, in normal form, is one.
const char* wrong_with_domain(std::string_view domain) noexcept {
  if (domain.empty()) return "no domain; write example.com";
  if ((kinds_in(domain) & ~kHigh) != 0) {
    return "a character that no domain has; write letters, digits, hyphens and dots";
  }
  if ((kinds_in(domain) & kHigh) != 0) {
    return "not a valid international domain name (IDNA); correct the spelling, or write its "
           "xn-- form";
  }
  if (domain.size() > kDomainBytesMax) return "longer than the 253 bytes a domain may have";
  for (std::size_t begin = 0; begin <= domain.size();) {
    const std::size_t end = std::min(domain.find('.', begin), domain.size());
    if (end == begin) return "a domain with an empty part: a dot too many; write example.com";
    if (end - begin > kLabelBytesMax) return "longer than 63 bytes between two dots of a domain";
    begin = end + 1;
  }
  return nullptr;
}

Entry read_domain(std::string_view line, std::uint8_t kinds, Arena& arena) noexcept {
  if (line.starts_with("*.")) {
    line.remove_prefix(2);
  } else if (line.starts_with('@') || line.starts_with('.')) {
    line.remove_prefix(1);
  }
  if ((kinds & kAt) != 0 && line.find('@') != std::string_view::npos) {
    return refused(
        "an e-mail address where a domain is expected; write what follows its '@', or "
        "use a list with match: email");
  }
  if ((kinds & kUrl) != 0) {
    return refused("a domain stands alone, without scheme, port or path; write example.com");
  }
  const std::string_view domain = text::normalise_domain(line, arena);
  if (arena.exhausted()) return refused(kTooBig);
  if (const char* const wrong = wrong_with_domain(domain)) return refused(wrong);
  return {domain, nullptr};
}

Entry read_network_entry(std::string_view line, Arena& arena) noexcept {
  const NetworkText read = read_network(line);
  if (!read.network) return refused(read.wrong);
  const std::string_view value = write_network(*read.network, arena);
  return value.data() == nullptr ? refused(kTooBig) : Entry{value, nullptr};
}

}  // namespace

std::string_view trim_ascii(std::string_view line) noexcept {
  const auto is_space = [](char c) {
    return (kKinds[static_cast<unsigned char>(c)] & kSpace) != 0;
  };
  while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
  while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
  return line;
}

Entry read_entry(std::string_view line, Match match, Arena& arena) noexcept {
  // First of all: what follows costs time and memory by the length.
  if (line.size() > List::kEntryBytesMax) {
    return refused("longer than 1024 bytes; write one value a line");
  }
  std::uint8_t kinds = kinds_in(line);
  if ((kinds & kNul) != 0) {
    return refused("a zero byte; save the list as UTF-8 text");
  }
  if ((kinds & kHigh) != 0) {
    if (text::find_invalid_utf8(line) != line.size()) {
      return refused("not UTF-8; save the list as UTF-8 text");
    }
    line = text::trim(line, arena);  // now also of white space beyond ASCII
    if (match != Match::kExact && !arena.exhausted()) {
      // Inner white space of any kind comes out as U+0020, and the line itself stays as it is.
      if (has_space(text::collapse_spaces(line, arena))) kinds |= kSpace;
    }
    if (arena.exhausted()) return refused(kTooBig);
  }
  if (line.empty() || match == Match::kExact) return {line, nullptr};
  if ((kinds & kSpace) != 0) return refused(kInnerSpace);
  switch (match) {
    case Match::kEmail:
      return read_email(line, arena);
    case Match::kNetwork:
      return read_network_entry(line, arena);
    default:
      return read_domain(line, kinds, arena);
  }
}

}  // namespace core::lists
