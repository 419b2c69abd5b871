#include <idn2.h>

#include <cstring>

#include "core/text/code_points.h"
#include "core/text/email.h"
#include "core/text/text.h"

namespace core::text {
namespace {

constexpr std::size_t kAddressBytesMax = 254;  // RFC 5321, 4.5.3.1.3: a path of 256 has "<" and ">"
constexpr std::size_t kLocalBytesMax = 64;     // RFC 5321, 4.5.3.1.1
constexpr std::size_t kDomainBytesMax = 253;   // RFC 1035, 2.3.4: 255 with the lengths on the wire
constexpr std::size_t kLabelBytesMax = 63;     // RFC 1035, 2.3.4

bool is_alnum(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return is_ascii_letter(byte) || is_ascii_digit(byte);
}

/// atext of RFC 5322, 3.2.3.
bool is_atext(char c) noexcept {
  return is_alnum(c) || (c != '\0' && std::strchr("!#$%&'*+-/=?^_`{|}~", c) != nullptr);
}

/// The bytes of the UTF8-non-ascii (RFC 6531, 3.3) at `at`; 0 for white space, controls and what is
/// no UTF-8: nobody types them, and they hide one address behind another.
std::size_t foreign_at(const char* at, const char* end) noexcept {
  const CodePoint point = decode(at, end);
  if (point.value == kNoCodePoint || point.value < 0xA0 || is_white_space(point.value)) return 0;
  const bool invisible = point.value == 0xAD || (point.value >= 0x200B && point.value <= 0x200F) ||
                         (point.value >= 0x202A && point.value <= 0x202E) ||
                         (point.value >= 0x2060 && point.value <= 0x206F) || point.value == 0xFEFF;
  return invisible ? 0 : point.size;
}

/// Dot-string of RFC 5321, 4.1.2.
bool is_dot_string(std::string_view local) noexcept {
  const char* at = local.data();
  const char* const end = at + local.size();
  bool after_dot = true;
  while (at != end) {
    if (*at == '.') {
      if (after_dot) return false;
      after_dot = true;
      ++at;
      continue;
    }
    const std::size_t size =
        static_cast<unsigned char>(*at) < 0x80 ? std::size_t{is_atext(*at)} : foreign_at(at, end);
    if (size == 0) return false;
    at += size;
    after_dot = false;
  }
  return !after_dot;
}

/// Quoted-string of RFC 5321, 4.1.2: printable ASCII, a quote and a backslash after a backslash.
bool is_quoted_string(std::string_view local) noexcept {
  if (local.size() < 3 || local.back() != '"') return false;  // "" names nobody
  const char* at = local.data() + 1;
  const char* const end = local.data() + local.size() - 1;
  while (at != end) {
    if (*at == '"') return false;
    if (*at == '\\') {
      if (++at == end) return false;
      if (*at < 0x20 || *at > 0x7e) return false;
      ++at;
      continue;
    }
    const std::size_t size = static_cast<unsigned char>(*at) < 0x80
                                 ? std::size_t{*at >= 0x20 && *at <= 0x7e}
                                 : foreign_at(at, end);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

/// Labels of letters, digits and inner hyphens (RFC 5321, 4.1.2), two at least, the last not all
/// digits (RFC 3696, 2).
bool is_ldh_domain(std::string_view domain) noexcept {
  if (domain.empty() || domain.size() > kDomainBytesMax) return false;
  std::size_t labels = 0;
  std::string_view label;
  for (std::size_t begin = 0; begin <= domain.size(); begin += label.size() + 1) {
    const std::size_t dot = domain.find('.', begin);
    label = domain.substr(begin, dot == std::string_view::npos ? dot : dot - begin);
    if (label.empty() || label.size() > kLabelBytesMax) return false;
    if (label.front() == '-' || label.back() == '-') return false;
    for (const char c : label) {
      if (!is_alnum(c) && c != '-') return false;
    }
    ++labels;
  }
  return labels > 1 && label.find_first_not_of("0123456789") != std::string_view::npos;
}

bool is_domain(std::string_view domain) noexcept {
  if (is_ascii(domain)) return is_ldh_domain(domain);
  char name[kAddressBytesMax + 1];
  if (domain.size() > kAddressBytesMax || domain.find('\0') != std::string_view::npos) return false;
  std::memcpy(name, domain.data(), domain.size());
  name[domain.size()] = '\0';
  std::uint8_t* answer = nullptr;
  const int rc = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(name), &answer,
                                IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  if (rc != IDN2_OK) return false;
  const bool good = is_ldh_domain(reinterpret_cast<const char*>(answer));
  idn2_free(answer);
  return good;
}

}  // namespace

bool is_email(std::string_view text) noexcept {
  if (text.size() > kAddressBytesMax) return false;
  const EmailParts parts = split_email(text);
  if (parts.local.empty() || parts.local.size() > kLocalBytesMax) return false;
  const bool quoted = parts.local.front() == '"';
  return (quoted ? is_quoted_string(parts.local) : is_dot_string(parts.local)) &&
         is_domain(parts.domain);
}

}  // namespace core::text
