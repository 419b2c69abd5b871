#include "proxy/admin/writing.h"

#include <algorithm>
#include <ctime>

#include "core/text/json.h"

namespace proxy::admin {

void append_json(std::string& to, std::string_view text) { core::text::append_json_quoted(to, text); }

void append_member(std::string& to, std::string_view name, std::uint64_t value) {
  to.append(",\"").append(name).append("\":").append(std::to_string(value));
}

void append_claim(std::string& to, std::string_view name, std::string_view value) {
  if (to.size() > 1) to += ",";
  append_json(to, name);
  to += ":";
  append_json(to, value);
}

void append_time(std::string& to, std::string_view name, std::int64_t at_s) {
  to.append(",\"").append(name).append("\":");
  if (at_s == 0) {
    to += "null";
    return;
  }
  const std::time_t at = at_s;
  std::tm parts{};
  char text[32];
  gmtime_r(&at, &parts);
  to.append(text, std::strftime(text, sizeof text, "\"%Y-%m-%dT%H:%M:%SZ\"", &parts));
}

std::optional<std::string> decoded(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    c = static_cast<char>(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      value += ' ';
    } else if (text[i] != '%') {
      value += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = digit(text[i + 1]);
      const int low = digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      value += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return value;
}

std::optional<std::vector<std::pair<std::string, std::string>>> parameters(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> all;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    std::optional<std::string> name = decoded(part.substr(0, equals));
    std::optional<std::string> value =
        equals == std::string_view::npos ? std::string() : decoded(part.substr(equals + 1));
    if (!name || !value) return std::nullopt;
    all.emplace_back(std::move(*name), std::move(*value));
  }
  return all;
}

}  // namespace proxy::admin
