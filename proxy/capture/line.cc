#include "proxy/capture/line.h"

#include <simdjson.h>

#include "core/config/policy.h"
#include "core/text/json.h"

namespace proxy::capture {
namespace {

namespace dom = simdjson::dom;

std::string_view text_of(const dom::object& members, std::string_view key) {
  std::string_view text;
  if (members.at_key(key).get(text) != simdjson::SUCCESS) return {};
  return text;
}

/// What stands for a hidden value. Nobody's address: `.invalid` is reserved (RFC 2606, 2).
std::string stand_in(std::string_view name, const dom::object& hidden) {
  const std::string_view kind = text_of(hidden, "kind");
  if (kind == "number") return "0";
  if (kind == "boolean") return "false";
  if (kind == "array") return "[]";
  if (kind == "object") return "{}";
  if (kind == "null") return "null";
  std::string text = "hidden-" + std::string(text_of(hidden, "pseudonym"));
  if (name == "email") {
    const std::string_view domain = text_of(hidden, "domain");
    text += "@" + std::string(domain.empty() ? "hidden.invalid" : domain);
  }
  return core::text::json_quoted(text);
}

/// The text of the member `claims`: numbers in it may be longer than any type that holds them.
std::string raw_claims(std::string_view line) {
  simdjson::ondemand::parser parser;
  const simdjson::padded_string padded(line);
  simdjson::ondemand::document document;
  simdjson::ondemand::object claims;
  std::string_view raw;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document["claims"].get_object().get(claims) != simdjson::SUCCESS ||
      claims.raw_json().get(raw) != simdjson::SUCCESS) {
    return {};
  }
  return std::string(raw.substr(0, raw.rfind('}') + 1));
}

}  // namespace

core::Result<CapturedRequest, LineError> read_line(std::string_view line) {
  if (line.size() > kLineBytesMax) return LineError{"longer than any line of a capture"};
  CapturedRequest request;
  request.body = raw_claims(line);
  if (request.body.empty()) return LineError{"no line of a capture"};
  // What is left has no numbers.
  const std::size_t claims = line.find("\"claims\":");
  const std::size_t behind =
      claims == std::string_view::npos ? std::string_view::npos : line.find(request.body, claims);
  if (behind == std::string_view::npos) return LineError{"no line of a capture"};
  std::string rest(line);
  rest.replace(behind, request.body.size(), "{}");
  dom::parser parser;
  dom::object members;
  if (parser.parse(rest).get(members) != simdjson::SUCCESS) {
    return LineError{"no line of a capture"};
  }
  const auto moment = core::config::parse_moment(text_of(members, "time"));
  request.connector = text_of(members, "connector");
  request.verdict = text_of(members, "verdict");
  request.rule = text_of(members, "rule");
  if (!moment || request.connector.empty() || request.verdict.empty()) {
    return LineError{"time, connector or verdict are missing"};
  }
  request.time_ms = *moment;
  const auto add = [&request](std::string_view name, const std::string& value) {
    request.body.pop_back();
    request.body +=
        (request.body.size() > 1 ? "," : "") + core::text::json_quoted(name) + ":" + value + "}";
  };
  if (const std::string_view step = text_of(members, "step"); !step.empty()) {
    add("step", core::text::json_quoted(step));
  }
  dom::object redacted;
  if (members.at_key("redacted").get(redacted) != simdjson::SUCCESS) return request;
  for (const auto [name, value] : redacted) {
    dom::object hidden;
    if (value.get(hidden) != simdjson::SUCCESS) return LineError{"a hidden claim cannot be read"};
    add(name, stand_in(name, hidden));
    // What was null is null still: nothing is hidden.
    if (text_of(hidden, "kind") == "null") continue;
    request.hidden.push_back({std::string(name), !text_of(hidden, "domain").empty()});
  }
  return request;
}

}  // namespace proxy::capture
