#include "proxy/admin/list_requests.h"

#include <simdjson.h>

#include <charconv>
#include <ctime>
#include <set>
#include <utility>
#include <vector>

#include "core/lists/compiled.h"
#include "core/lists/entry.h"
#include "proxy/admin/writing.h"

namespace proxy::admin {
namespace {

namespace http = core::http;
using core::lists::Step;

constexpr std::size_t kArenaBytes = 256 << 10;
constexpr std::string_view kEntries = "/entries";

std::optional<std::int64_t> parse_time(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:ddZ";
  if (text.size() != kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == 'd' ? !digit : text[i] != kForm[i]) return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t size) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + size, value);
    return value;
  };
  std::tm parts{};
  parts.tm_year = number(0, 4) - 1900;
  parts.tm_mon = number(5, 2) - 1;
  parts.tm_mday = number(8, 2);
  parts.tm_hour = number(11, 2);
  parts.tm_min = number(14, 2);
  parts.tm_sec = number(17, 2);
  const std::tm written = parts;
  const std::int64_t at_s = timegm(&parts);  // makes the 31st of June the 1st of July
  const bool same = parts.tm_mon == written.tm_mon && parts.tm_mday == written.tm_mday &&
                    parts.tm_hour == written.tm_hour && parts.tm_min == written.tm_min &&
                    parts.tm_sec == written.tm_sec;
  if (!same) return std::nullopt;
  return at_s;
}

std::string_view kind_name(lists::Definition::Kind kind) {
  switch (kind) {
    case lists::Definition::Kind::kValues:
      return "values";
    case lists::Definition::Kind::kFile:
      return "file";
    case lists::Definition::Kind::kUrl:
      return "url";
  }
  return "";
}

/// What a body asks for: values in normal form, each once.
class Asked {
 public:
  explicit Asked(core::lists::Match match) : match_(match), arena_(kArenaBytes) {}

  /// Empty, or what is wrong, without quoting any of it.
  std::string read(std::string_view body, std::int64_t now_s) {
    simdjson::dom::parser parser;
    simdjson::dom::object members;
    if (parser.parse(body.data(), body.size()).get(members) != simdjson::SUCCESS) {
      return "the body is no JSON object; send "
             "{\"add\":[{\"value\":\"...\"}],\"remove\":[\"...\"]}";
    }
    for (const auto& [name, value] : members) {
      simdjson::dom::array items;
      const Step::Kind kind = name == "add"      ? Step::Kind::kAdd
                              : name == "remove" ? Step::Kind::kRemove
                                                 : Step::Kind::kForget;
      if (kind == Step::Kind::kForget && name != "forget") {
        return "a member that is unknown; there are add, remove and forget";
      }
      if (value.get(items) != simdjson::SUCCESS) return std::string(name) + " must be an array";
      std::size_t number = 0;
      for (const simdjson::dom::element item : items) {
        const std::string wrong = read_item(item, kind, now_s);
        if (!wrong.empty()) {
          return std::string(name) + "[" + std::to_string(number) + "]: " + wrong;
        }
        ++number;
      }
    }
    return steps_.empty() ? "nothing to do; send add, remove or forget" : "";
  }

  const std::vector<Step>& steps() const noexcept { return steps_; }

 private:
  /// A text, or (to add) {"value":"...","expires":"..."}.
  std::string read_item(const simdjson::dom::element& item, Step::Kind kind, std::int64_t now_s) {
    Step step;
    step.kind = kind;
    step.at_s = now_s;
    std::string_view value;
    simdjson::dom::object parts;
    if (item.get(value) != simdjson::SUCCESS) {
      if (kind != Step::Kind::kAdd || item.get(parts) != simdjson::SUCCESS) {
        return kind == Step::Kind::kAdd ? "expected a text or {\"value\":\"...\"}"
                                        : "expected a text";
      }
      bool has_value = false;
      for (const auto& [name, part] : parts) {
        std::string_view text;
        const bool is_text = part.get(text) == simdjson::SUCCESS;
        if (name == "value" && is_text) {
          value = text;
          has_value = true;
        } else if (name == "expires" && (is_text || part.is_null())) {
          if (part.is_null()) continue;
          const std::optional<std::int64_t> at_s = parse_time(text);
          if (!at_s) return "expires is no time in UTC, as in 2026-12-01T00:00:00Z";
          if (*at_s <= now_s) return "expires has passed already";
          step.expires_s = *at_s;
        } else {
          return "expected value and perhaps expires, both texts";
        }
      }
      if (!has_value) return "there is no value";
    }
    arena_.reset();
    const core::lists::Entry entry =
        core::lists::read_entry(core::lists::trim_ascii(value), match_, arena_);
    if (entry.wrong != nullptr) return entry.wrong;
    if (entry.value.empty()) return "an empty value";
    const auto [known, fresh] = values_.emplace(entry.value);
    if (!fresh) return "this value is in the request twice";
    step.value = *known;
    steps_.push_back(step);
    return {};
  }

  core::lists::Match match_;
  core::Arena arena_;
  std::set<std::string, std::less<>> values_;  // the steps' values point into it
  std::vector<Step> steps_;
};

}  // namespace

std::optional<Reply> ListRequests::refuse(const http::Request& request) const {
  if (std::optional<Reply> stranger = access_.refuse(request, "/lists")) return stranger;
  const bool reads = request.method == http::Method::kGet || request.method == http::Method::kHead;
  if (request.path == "/lists") {
    if (reads) return std::nullopt;
    Reply reply = error(405, "this is read by GET");
    reply.allow = "GET, HEAD";
    return reply;
  }
  if (!request.path.ends_with(kEntries)) {
    return error(404, "there is /lists and /lists/NAME/entries");
  }
  if (reads) return std::nullopt;
  if (request.method != http::Method::kPost) {
    Reply reply = error(405, "this is read by GET and changed by POST");
    reply.allow = "GET, HEAD, POST";
    return reply;
  }
  if (!is_json(request.known(http::Known::kContentType))) {
    return error(415, "the content type must be application/json");
  }
  return std::nullopt;
}

Reply ListRequests::answer(const http::Request& request) {
  if (std::optional<Reply> refused = refuse(request)) return std::move(*refused);
  if (request.path == "/lists") return overview();
  constexpr std::size_t kPrefix = std::string_view("/lists/").size();
  std::string_view name = request.path;
  name.remove_suffix(kEntries.size());
  name = name.size() > kPrefix ? name.substr(kPrefix) : std::string_view{};
  const std::optional<std::size_t> slot = keeper_.find(name);
  if (!slot) return error(404, "there is no such list; GET /lists names them");
  return request.method == http::Method::kPost ? change(*slot, request.body)
                                               : look_up(*slot, request.query);
}

Reply ListRequests::overview() const {
  std::string json = "{\"live_changes\":";
  json += keeper_.takes_changes() ? "true" : "false";
  json += ",\"lists\":[";
  bool first = true;
  for (const lists::Keeper::State& state : keeper_.states()) {
    json += first ? "{\"name\":" : ",{\"name\":";
    first = false;
    append_json(json, state.name);
    json.append(",\"match\":\"").append(core::lists::name(state.match)).append("\",\"source\":\"");
    json.append(kind_name(state.kind)).append("\"");
    append_member(json, "entries", state.entries);
    append_member(json, "source_entries", state.source_entries);
    append_member(json, "added", state.added);
    append_member(json, "removed", state.removed);
    append_member(json, "bytes", state.bytes);
    append_member(json, "bad_lines", state.bad_lines);
    append_time(json, "confirmed", state.confirmed_at_s);
    append_member(json, "reload_failures", state.failures);
    json += ",\"last_failure\":";
    if (state.last_failure.empty()) {
      json += "null";
    } else {
      append_json(json, state.last_failure);
    }
    json += "}";
  }
  return {200, json + "]}\n"};
}

Reply ListRequests::look_up(std::size_t slot, std::string_view query) const {
  constexpr std::string_view kValue = "value=";
  std::optional<std::string> value;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    if (part.starts_with(kValue)) value = decoded(part.substr(kValue.size()));
  }
  if (!value) return error(400, "expected ?value= and the value, percent-encoded");
  const core::lists::Live& live = keeper_.now(slot);
  core::Arena arena(kArenaBytes);
  const core::lists::Entry entry =
      core::lists::read_entry(core::lists::trim_ascii(*value), live.source().match(), arena);
  if (entry.wrong != nullptr || entry.value.empty()) {
    return error(400, entry.wrong == nullptr ? "an empty value" : entry.wrong);
  }
  const core::lists::Changes* const changes = keeper_.changes(slot);
  const core::lists::Changes::Change* const change =
      changes == nullptr ? nullptr : changes->find(entry.value);
  std::string json = "{\"contained\":";
  json += live.contains(entry.value) ? "true" : "false";
  json += ",\"change\":";
  json += change == nullptr                  ? "null"
          : change->kind == Step::Kind::kAdd ? "\"added\""
                                             : "\"removed\"";
  append_time(json, "since", change == nullptr ? 0 : change->since_s);
  append_time(json, "expires", change == nullptr ? 0 : change->expires_s);
  return {200, json + "}\n"};
}

Reply ListRequests::change(std::size_t slot, std::string_view body) {
  if (!keeper_.takes_changes()) {
    return error(409, "live changes are kept in a directory: write lists_state: DIRECTORY");
  }
  Asked asked(keeper_.now(slot).source().match());
  std::string wrong = asked.read(body, lists::now_s());
  if (!wrong.empty()) return error(400, std::move(wrong));
  std::string why = keeper_.change(slot, asked.steps());
  if (!why.empty()) return error(503, std::move(why));
  std::string json = "{\"changed\":" + std::to_string(asked.steps().size());
  append_member(json, "entries", keeper_.now(slot).size());
  return {200, json + "}\n"};
}

}  // namespace proxy::admin
