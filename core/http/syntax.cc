#include "core/http/syntax.h"

namespace core::http {

namespace {

constexpr CharSet kRegName = CharSet("-._~").with('0', '9').with('A', 'Z').with('a', 'z');
constexpr CharSet kHexDigit = CharSet("").with('0', '9').with('A', 'F').with('a', 'f');
constexpr CharSet kIpLiteral = CharSet(":.").with('0', '9').with('A', 'F').with('a', 'f');
constexpr std::size_t kIpLiteralMax = 45;  // "ffff:" six times and an IPv4 address

/// The bytes of an IP-literal with its brackets; 0 when there is none. The address itself is not
/// taken apart: nothing connects to it.
std::size_t ip_literal(std::string_view text) noexcept {
  const std::size_t size = kIpLiteral.prefix(text.data() + 1, text.size() - 1);
  const std::string_view address = text.substr(1, size);
  if (size < 2 || size > kIpLiteralMax || size + 1 == text.size() || text[size + 1] != ']')
    return 0;
  const std::size_t colon = address.find(':');
  if (colon == std::string_view::npos || address.find(':', colon + 1) == std::string_view::npos) {
    return 0;  // "[127.0.0.1]"
  }
  return size + 2;
}

/// The bytes of a reg-name or IPv4 address; stops at the first byte that belongs to neither.
std::size_t reg_name(std::string_view text) noexcept {
  std::size_t size = kRegName.prefix(text.data(), text.size());
  while (size + 2 < text.size() && text[size] == '%' && kHexDigit.contains(text[size + 1]) &&
         kHexDigit.contains(text[size + 2])) {
    size += 3;
    size += kRegName.prefix(text.data() + size, text.size() - size);
  }
  return size;
}

}  // namespace

bool is_authority(std::string_view text) noexcept {
  if (text.empty()) return false;
  const std::size_t host = text.front() == '[' ? ip_literal(text) : reg_name(text);
  if (host == 0) return false;
  if (host == text.size()) return true;
  if (text[host] != ':') return false;
  // port = *DIGIT (RFC 3986, 3.2.3): none at all is allowed, 70000 is not a port.
  const std::string_view port = text.substr(host + 1);
  if (port.size() > 5 || !kDigit.holds_all(port)) return false;
  unsigned number = 0;
  for (const char digit : port) number = number * 10 + static_cast<unsigned>(digit - '0');
  return number <= 65'535;
}

}  // namespace core::http
