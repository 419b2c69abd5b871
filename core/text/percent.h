#pragma once

#include <string>
#include <string_view>

namespace core::text {

/// Appends `text` with every byte but unreserved characters percent-encoded (RFC 3986, 2.1 and 2.3).
void append_percent_encoded(std::string& to, std::string_view text);

}  // namespace core::text
