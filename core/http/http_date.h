#pragma once

#include <cstddef>
#include <cstdint>

namespace core::http {

inline constexpr std::size_t kHttpDateBytes = 29;

/// Writes an IMF-fixdate (RFC 9110, 5.6.7), "Sun, 06 Nov 1994 08:49:37 GMT". Seconds before the
/// year 1 or behind the year 9999 are taken for the nearest that fits. Thread: any.
void format_http_date(std::int64_t unix_seconds, char (&out)[kHttpDateBytes]) noexcept;

}  // namespace core::http
