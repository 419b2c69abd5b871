// Requests of custom policies, their claims in every place that a profile can put them (protocol.md b.1): the
// first byte says where, the rest is form, query, URL, header fields, payload or body. Every answer is whole, and
// one of 200 with claims and no null, 409 with every member that b.4 wants, or a refusal of ours.
// Seeds: tests/fuzz/seeds/policies.
#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/claims/claims.h"
#include "core/gate/gate.h"
#include "tests/fuzz/one_file.h"

namespace {

std::string configuration() {
  const std::string rules = R"(
    rules:
      - { name: a, when: { email.domain: { in_list: domains } }, block: named }
      - { name: b, when: { tier: { in: [ gold, 3, true ] } }, validation_error: { message: named, claims: { tier: named } } }
      - { name: c, when: { order.lines.any.count: { greater_than: 2 } }, set: { score: 5, trusted: true } }
      - { name: d, set: { givenName: "{givenName | name_case}", tier: "{tier | upper}", other: "{other}{email}" } }
)";
  const auto connector = [&](const std::string& name, const std::string& policy) {
    return "  " + name + ":\n    path: /" + name + "\n    dialect: b2c-policy\n    policy:\n      names: { email: signInName, givenName: first }\n" +
           policy + rules;
  };
  return R"(
listeners: [ { address: 127.0.0.1:0 } ]
lists:
  domains: { values: [ blocked.example, xn--bcher-kva.example ], match: domain }
messages:
  named: { en: "No, {givenName} of {email.domain}.", de: "Nein, {tier}." }
connectors:
)" + connector("form", "      claims_in: form\n") +
         connector("query", "      claims_in: query\n") +
         connector("header", "      claims_in: header\n") +
         connector("url", "      claims_in: url\n      url: \"/{signInName}/{tier}?lang={ui_locales}&o={other}\"\n") +
         connector("payload", "      payload: order\n") +
         connector("body", "      debug: true\n      more_info: https://help.example/\n");
}

void check_answer(const fuzz::WholeAnswer& answer) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(answer.body.data(), answer.body.size()).get(object) != simdjson::SUCCESS) std::abort();
  if (answer.status == 200) {
    for (const auto& [key, value] : object) {
      if (value.is_null()) std::abort();
    }
  } else if (answer.status == 409) {
    std::string_view version, words;
    std::int64_t inner = 0;
    if (object["version"].get(version) != simdjson::SUCCESS || version != "1.0.0") std::abort();
    if (object["status"].get(inner) != simdjson::SUCCESS || inner != 409) std::abort();
    if (object["userMessage"].get(words) != simdjson::SUCCESS || words.empty()) std::abort();
  } else if (answer.status != 400 && answer.status != 404 && answer.status != 415) {
    std::abort();
  }
}

/// "name: value" lines as header fields.
std::vector<core::http::Header> fields_in(std::string_view lines) {
  std::vector<core::http::Header> fields;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    const std::size_t colon = std::min(line.find(": "), line.size());
    // What the reader of HTTP lets through: a name that is one, no control characters in values.
    if (colon != 0 && colon + 2 <= line.size() && line.find('\0') == std::string_view::npos) {
      fields.push_back({line.substr(0, colon), line.substr(colon + 2)});
    }
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return fields;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const auto snapshot = fuzz::compile(configuration());
  static core::gate::Gate gate(snapshot, 0, 256 << 10);
  static core::http::OutBuffer out(1 << 22);
  if (size == 0) return 0;
  constexpr std::string_view kPaths[] = {"/form", "/query", "/header", "/url", "/payload", "/body"};
  const std::size_t where = bytes[0] % std::size(kPaths);
  const std::size_t rest = size - 1;
  const std::unique_ptr<char[]> held(new char[rest + core::claims::kReadPadding]());
  std::copy(bytes + 1, bytes + size, held.get());
  const std::string_view text(held.get(), rest);
  std::string path(kPaths[where]);
  core::http::Request request;
  std::vector<core::http::Header> fields;
  request.method = where >= 1 && where <= 3 ? core::http::Method::kGet : core::http::Method::kPost;
  std::string_view type;
  switch (where) {
    case 0: request.body = text; type = "application/x-www-form-urlencoded"; break;
    case 1: request.query = text; break;
    case 2: fields = fields_in(text); break;
    case 3: {
      const std::size_t mark = std::min(text.find('?'), text.size());
      path += text.substr(0, mark);
      if (mark < text.size()) request.query = text.substr(mark + 1);
      break;
    }
    default: request.body = text; type = "application/json";
  }
  if (type.data() != nullptr) {
    request.known_[static_cast<std::size_t>(core::http::Known::kContentType)] = type;
  }
  request.path = path;
  request.fields = fields.data();
  request.field_count = fields.size();
  out.clear();
  gate.answer(request, "Sun, 06 Nov 1994 08:49:37 GMT", false, out);
  check_answer(fuzz::WholeAnswer(out.view()));
  return 0;
}
