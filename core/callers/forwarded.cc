#include "core/callers/forwarded.h"

#include "core/http/syntax.h"
#include "core/lists/network.h"

namespace core::callers {
namespace {

constexpr std::string_view kField = "x-forwarded-for";
constexpr std::size_t kPortDigitsMax = 5;

bool is_port(std::string_view text) noexcept {
  if (text.empty() || text.size() > kPortDigitsMax) return false;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return true;
}

}  // namespace

std::optional<Address> read_element(std::string_view element) noexcept {
  if (element.starts_with('[')) {
    const std::size_t end = element.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view behind = element.substr(end + 1);
    if (!behind.empty() && !(behind[0] == ':' && is_port(behind.substr(1)))) return std::nullopt;
    element = element.substr(1, end - 1);
    if (element.find(':') == std::string_view::npos) return std::nullopt;  // brackets are IPv6's
  } else if (const std::size_t colon = element.find(':');
             colon != std::string_view::npos && colon == element.rfind(':')) {
    if (!is_port(element.substr(colon + 1))) return std::nullopt;
    element = element.substr(0, colon);
  }
  if (element.find_first_of("/[]") != std::string_view::npos) return std::nullopt;
  const lists::NetworkText read = lists::read_network(element);
  if (!read.network || read.network->length != read.network->bits()) return std::nullopt;
  return Address::of(*read.network);
}

std::optional<Address> forwarded_address(const http::Request& request, std::size_t depth) noexcept {
  for (std::size_t i = request.field_count; i-- > 0;) {
    const http::Header& field = request.fields[i];
    if (!http::equals_ignoring_case(field.name, kField)) continue;
    std::string_view rest = field.value;
    while (true) {
      const std::size_t comma = rest.rfind(',');
      const std::string_view element =
          http::trim_blanks(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
      // Empty elements count for nothing (RFC 9110, 5.6.1.2).
      if (!element.empty() && --depth == 0) return read_element(element);
      if (comma == std::string_view::npos) break;
      rest = rest.substr(0, comma);
    }
  }
  return std::nullopt;
}

}  // namespace core::callers
