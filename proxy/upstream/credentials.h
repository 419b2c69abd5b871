#pragma once

#include <string>
#include <string_view>

namespace proxy::upstream {

/// "Authorization: Basic ...\r\n" (RFC 7617).
std::string basic_credentials(std::string_view username, std::string_view password);

/// application/x-www-form-urlencoded (WHATWG URL, 5.2): letters, digits, "*-._" stay, space becomes '+'.
std::string form_encoded(std::string_view text);

/// Percent-encoded for a query's name or value (RFC 3986, 2.3: only unreserved bytes stay).
std::string query_encoded(std::string_view text);

}  // namespace proxy::upstream
