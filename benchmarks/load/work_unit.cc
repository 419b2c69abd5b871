#include "benchmarks/load/work_unit.h"

#include <simdjson.h>
#include <strings.h>

#include <charconv>

#include "benchmarks/whole_file.h"

namespace load {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

bool starts_with_ignoring_case(std::string_view line, std::string_view name) noexcept {
  return line.size() >= name.size() && strncasecmp(line.data(), name.data(), name.size()) == 0;
}

std::string_view without_blanks(std::string_view value) noexcept {
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
  return value;
}

template <typename Number>
bool read_number(std::string_view digits, Number& number) noexcept {
  const char* const end = digits.data() + digits.size();
  const auto [stop, ec] = std::from_chars(digits.data(), end, number);
  return ec == std::errc{} && stop == end;
}

std::optional<std::string> text_of(const simdjson::dom::element& object, std::string_view name) {
  std::string_view text;
  if (object[name].get(text)) return std::nullopt;
  return std::string(text);
}

/// The length of the request that `rest` begins with; 0 when there is none.
std::size_t request_size(std::string_view rest) noexcept {
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const std::size_t head_end = rest.find(kHeadEnd);
  const std::size_t field = rest.find(kLength);
  if (head_end == std::string_view::npos || field >= head_end) return 0;
  const std::size_t digits = field + kLength.size();
  std::size_t body_bytes = 0;
  if (!read_number(rest.substr(digits, rest.find("\r\n", digits) - digits), body_bytes)) return 0;
  const std::size_t size = head_end + kHeadEnd.size() + body_bytes;
  return size <= rest.size() ? size : 0;
}

}  // namespace

std::optional<WorkUnit> WorkUnit::load(const std::string& directory, std::string& why) {
  WorkUnit unit;
  auto bytes = peers::read_whole_file(directory + "/requests.bin");
  simdjson::dom::parser parser;
  simdjson::dom::array expected;
  if (!bytes || parser.load(directory + "/expected.json").get(expected)) {
    why = "no work unit in " + directory + ": run benchmarks/work_unit/generate";
    return std::nullopt;
  }
  unit.bytes = std::move(*bytes);
  for (std::string_view rest = unit.bytes; !rest.empty();) {
    const std::size_t size = request_size(rest);
    if (size == 0) {
      why = "requests.bin: request " + std::to_string(unit.requests.size()) + " has no end";
      return std::nullopt;
    }
    unit.requests.push_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  for (const simdjson::dom::element one : expected) {
    std::int64_t status = 0;
    auto action = text_of(one, "action");
    if (one["status"].get(status) || !action) {
      why = "expected.json: entry " + std::to_string(unit.expected.size()) + " is not complete";
      return std::nullopt;
    }
    unit.expected.push_back({static_cast<int>(status), std::move(*action),
                             text_of(one, "givenName"), text_of(one, "surname")});
  }
  if (unit.requests.empty() || unit.requests.size() != unit.expected.size()) {
    why = "requests.bin and expected.json do not belong together";
    return std::nullopt;
  }
  return unit;
}

HeadState read_answer_head(std::string_view bytes, AnswerHead& head) noexcept {
  const std::size_t end = bytes.find(kHeadEnd);
  if (end == std::string_view::npos) return HeadState::kIncomplete;
  head = {};
  head.head_bytes = end + kHeadEnd.size();
  constexpr std::size_t kStatusAt = 9;  // after "HTTP/1.1 "
  if (!bytes.starts_with("HTTP/1.") || end < kStatusAt + 3 ||
      !read_number(bytes.substr(kStatusAt, 3), head.status)) {
    return HeadState::kNotUnderstood;
  }
  bool has_length = false;
  std::size_t line_at = bytes.find("\r\n") + 2;
  while (line_at < end + 2) {
    const std::size_t line_end = bytes.find("\r\n", line_at);
    const std::string_view line = bytes.substr(line_at, line_end - line_at);
    constexpr std::string_view kLength = "content-length:", kConnection = "connection:";
    if (starts_with_ignoring_case(line, kLength)) {
      has_length = read_number(without_blanks(line.substr(kLength.size())), head.body_bytes);
      if (!has_length) return HeadState::kNotUnderstood;
    } else if (starts_with_ignoring_case(line, kConnection)) {
      const std::string_view value = without_blanks(line.substr(kConnection.size()));
      head.keeps_alive = !starts_with_ignoring_case(value, "close");
    }
    line_at = line_end + 2;
  }
  return has_length ? HeadState::kComplete : HeadState::kNotUnderstood;
}

bool answer_is_right(int status, std::string_view body, const Expected& expected) {
  if (status != expected.status) return false;
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(body.data(), body.size()).get(answer)) return false;
  return text_of(answer, "action") == expected.action &&
         text_of(answer, "givenName") == expected.given_name &&
         text_of(answer, "surname") == expected.surname;
}

}  // namespace load
