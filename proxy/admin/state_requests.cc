#include "proxy/admin/state_requests.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "proxy/admin/writing.h"
#include "proxy/state/store.h"

namespace proxy::admin {

Reply unavailable(state::Failure failure, std::string_view what) {
  return error(503, std::string(what) + " is not to be had (" + std::string(state::name(failure)) + ")");
}

NamedPath parts_of(std::string_view path) {
  path.remove_prefix(std::min(path.find('/', 1), path.size()));
  path.remove_prefix(std::min<std::size_t>(1, path.size()));
  NamedPath parts;
  for (std::string_view* part : {&parts.name, &parts.id, &parts.verb}) {
    *part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(part->size() + 1, path.size()));
  }
  parts.longer = !path.empty();
  return parts;
}

bool read_page_wish(std::string_view query, PageWish& wish,
                    const std::function<bool(std::string_view key, std::string_view value)>& other) {
  const auto given = parameters(query);
  if (!given) return false;
  for (const auto& [key, value] : *given) {
    if (key == "after") {
      wish.after = value;
    } else if (key == "limit") {
      const char* const end = value.data() + value.size();
      const auto [stop, ec] = std::from_chars(value.data(), end, wish.limit);
      if (ec != std::errc{} || stop != end || wish.limit == 0 || wish.limit > state::kPageMax) return false;
    } else if (!other(key, value)) {
      return false;
    }
  }
  return true;
}

void append_next(std::string& json, std::string_view next) {
  json += ",\"next\":";
  if (next.empty()) {
    json += "null";
  } else {
    append_json(json, next);
  }
  json += "}\n";
}

Reply reply_names(std::string_view section, const std::vector<std::string>& names) {
  std::string json = "{\"" + std::string(section) + "\":[";
  for (const std::string& name : names) {
    if (&name != &names.front()) json += ",";
    append_json(json, name);
  }
  return {200, json + "]}\n"};
}

std::string read_decision(std::string_view body, std::size_t by_max, std::size_t reason_max, std::string& by,
                          std::string& reason) {
  constexpr const char* kWanted = "expected {\"by\":\"who decides\",\"reason\":\"why\"}";
  simdjson::dom::parser parser;
  simdjson::dom::object members;
  if (parser.parse(body.data(), body.size()).get(members) != simdjson::SUCCESS) return kWanted;
  for (const auto& [name, value] : members) {
    std::string_view text;
    if ((name != "by" && name != "reason") || value.get(text) != simdjson::SUCCESS) return kWanted;
    (name == "by" ? by : reason) = text;
  }
  if (by.empty() || reason.empty()) return kWanted;
  if (by.size() > by_max) return "by is longer than " + std::to_string(by_max) + " bytes";
  if (reason.size() > reason_max) return "reason is longer than " + std::to_string(reason_max) + " bytes";
  return {};
}

void append_change(std::string& json, std::string_view what, std::int64_t at_s, std::string_view by,
                   std::string_view reason) {
  json += json.ends_with('[') ? "{\"what\":" : ",{\"what\":";
  append_json(json, what);
  append_time(json, "at", at_s);
  json += ",\"by\":";
  append_json(json, by);
  json += ",\"reason\":";
  append_json(json, reason);
  json += "}";
}

}  // namespace proxy::admin
