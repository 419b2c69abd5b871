#include "core/text/registrable.h"

#include <libpsl.h>

#include <cstring>

namespace core::text {
namespace {

constexpr std::size_t kDomainBytesMax = 253;  // RFC 1035, 2.3.4, without the root's dot

/// No top-level domain is all digits (RFC 3696, 2), so such a name is an IPv4 address.
bool ends_in_digits(std::string_view domain) noexcept {
  const std::string_view last = domain.substr(domain.rfind('.') + 1);
  return last.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string_view registrable_domain(std::string_view domain) noexcept {
  if (domain.empty() || domain.size() > kDomainBytesMax) return {};
  if (domain.front() == '.' || domain.front() == '[' || ends_in_digits(domain)) return {};
  if (domain.find("..") != std::string_view::npos) return {};
  if (domain.find_first_of(std::string_view{"\0:", 2}) != std::string_view::npos) return {};
  char name[kDomainBytesMax + 1];
  std::memcpy(name, domain.data(), domain.size());
  name[domain.size()] = '\0';
  const char* const found = psl_registrable_domain(psl_builtin(), name);
  if (found == nullptr) return {};
  return domain.substr(static_cast<std::size_t>(found - name));
}

}  // namespace core::text
