#include "tools/load/request_file.h"

#include <simdjson.h>

#include <fstream>
#include <iterator>

namespace load {
namespace {

using simdjson::dom::element;

/// Reads "expect" into an expectation; an empty answer means success, otherwise what is wrong.
std::string read_expectation(element expect, Expectation& to, std::deque<std::string>& actions,
                             std::deque<ExpectedClaims>& all_claims) {
  element status = expect["status"];
  std::int64_t number = 0;
  std::string_view text;
  if (status.get(number) == simdjson::SUCCESS) {
    if (number < 100 || number > 599) return "\"status\" is outside 100 to 599";
    to.status_min = to.status_max = static_cast<int>(number);
  } else if (status.get(text) == simdjson::SUCCESS) {
    if (text.size() != 3 || text[0] < '1' || text[0] > '5' || text.substr(1) != "xx") {
      return "\"status\" is neither a number nor a class such as \"4xx\"";
    }
    to.status_min = (text[0] - '0') * 100;
    to.status_max = to.status_min + 99;
  } else {
    return "\"status\" is neither a number nor a class such as \"4xx\"";
  }
  to.action = {};
  if (expect["action"].get(text) == simdjson::SUCCESS) {
    to.action = actions.emplace_back(text);
  }
  simdjson::dom::object claims;
  if (expect["claims"].get(claims) == simdjson::SUCCESS) {
    if (claims.size() > RequestFile::kClaimsMax) return "more than 64 expected claims";
    ExpectedClaims expected;
    for (const auto& [name, value] : claims) {
      if (value.get(text) != simdjson::SUCCESS) return "an expected claim is not a string";
      expected.emplace_back(std::string(name), std::string(text));
    }
    to.claims = &all_claims.emplace_back(std::move(expected));
  }
  return {};
}

/// The bytes of the member "body" as they stand in the line, when it is an object; On-Demand knows
/// where they begin and end.
std::string raw_body(simdjson::ondemand::parser& parser, const simdjson::padded_string& line) {
  simdjson::ondemand::document document;
  std::string_view raw;
  if (parser.iterate(line).get(document) != simdjson::SUCCESS) return {};
  simdjson::ondemand::object body;
  if (document["body"].get_object().get(body) != simdjson::SUCCESS) return {};
  if (body.raw_json().get(raw) != simdjson::SUCCESS) return {};
  return std::string(raw);
}

}  // namespace

core::Result<RequestFile, UsageError> RequestFile::parse(std::string_view text) {
  RequestFile file;
  simdjson::dom::parser dom;
  simdjson::ondemand::parser ondemand;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;

    const auto refuse = [number](std::string_view why) {
      return UsageError{"line " + std::to_string(number) + ": " + std::string(why)};
    };
    const simdjson::padded_string padded(line);
    element root;
    if (const auto error = dom.parse(padded).get(root); error != simdjson::SUCCESS) {
      return refuse(simdjson::error_message(error));
    }
    element body;
    element expect;
    if (root["body"].get(body) != simdjson::SUCCESS) return refuse("no member \"body\"");
    if (root["expect"].get(expect) != simdjson::SUCCESS || !expect.is_object()) {
      return refuse("no object \"expect\"");
    }
    Request request;
    std::string_view string;
    if (body.get(string) == simdjson::SUCCESS) {
      request.body = std::string(string);
    } else if (body.is_object()) {
      request.body = raw_body(ondemand, padded);
    } else {
      return refuse("\"body\" is neither an object nor a string");
    }
    element status;
    if (expect["status"].get(status) != simdjson::SUCCESS) return refuse("no \"status\" expected");
    const std::string fault = read_expectation(expect, request.expect, file.actions_, file.claims_);
    if (!fault.empty()) return refuse(fault);
    file.requests_.push_back(std::move(request));
  }
  if (file.requests_.empty()) return UsageError{"it holds no request"};
  return file;
}

core::Result<RequestFile, UsageError> RequestFile::read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return UsageError{"cannot open " + path};
  std::string text;
  char piece[64 * 1024];
  while (in.read(piece, sizeof piece), in.gcount() > 0) {
    text.append(piece, static_cast<std::size_t>(in.gcount()));
    if (text.size() > kBytesMax) return UsageError{path + ": larger than 1 GiB"};
  }
  if (in.bad()) return UsageError{"cannot read " + path};
  auto parsed = parse(text);
  if (!parsed) return UsageError{path + ": " + parsed.error().message};
  return parsed;
}

}  // namespace load
