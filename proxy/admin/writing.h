#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy::admin {

/// Appends a JSON string.
void append_json(std::string& to, std::string_view text);
/// Appends `,"name":value`.
void append_member(std::string& to, std::string_view name, std::uint64_t value);
/// Appends `"name":"value"` to the members of an object that begins `to`, with a comma between two.
void append_claim(std::string& to, std::string_view name, std::string_view value);

/// Appends `,"name":"2026-12-01T00:00:00Z"` (RFC 3339 in UTC, whole seconds), or null for 0.
void append_time(std::string& to, std::string_view name, std::int64_t at_s);

/// A value of application/x-www-form-urlencoded; nothing when it is none.
std::optional<std::string> decoded(std::string_view text);

/// The parameters of a query, decoded, in order; nothing when one is not well-formed.
std::optional<std::vector<std::pair<std::string, std::string>>> parameters(std::string_view query);

}  // namespace proxy::admin
