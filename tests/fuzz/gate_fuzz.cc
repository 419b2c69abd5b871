// Claims of every caller against a configuration that uses every kind of condition, filter and answer: every
// answer is a whole response whose body is as long as it says, and for flows of their dialect (protocol.md a.6,
// a.7): its version, an action that is legal at the step, the status that goes with it, words for the person where
// he is to read some. Seeds: tests/fuzz/seeds/gate.
#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "core/claims/claims.h"
#include "core/gate/gate.h"
#include "tests/fuzz/one_file.h"

namespace {

/// What protocol.md a.6 and a.7 say of an answer with this status.
void check_dialect(int status, std::string_view body, bool token_step) {
  simdjson::dom::parser parser;
  simdjson::dom::object answer;
  if (parser.parse(body.data(), body.size()).get(answer) != simdjson::SUCCESS) std::abort();
  if (simdjson::dom::object error; answer["error"].get(error) == simdjson::SUCCESS) {
    if (status != 400) std::abort();  // no claims could be read
    return;
  }
  std::string_view version, action, words;
  if (answer["version"].get(version) != simdjson::SUCCESS || version != "1.0.0") std::abort();
  if (answer["action"].get(action) != simdjson::SUCCESS) std::abort();
  const bool has_words = answer["userMessage"].get(words) == simdjson::SUCCESS && !words.empty();
  if (action == "Continue") {
    if (status != 200) std::abort();
    if (std::string_view email; token_step && answer["email"].get(email) == simdjson::SUCCESS)
      std::abort();
  } else if (action == "ShowBlockPage") {
    if (status != 200 || !has_words || token_step) std::abort();
  } else if (action == "ValidationError") {
    std::int64_t inner = 0;
    if (status != 400 || !has_words || token_step) std::abort();
    if (answer["status"].get(inner) != simdjson::SUCCESS || inner != 400) std::abort();
  } else {
    std::abort();
  }
}

/// Whether the body's last word on its step is the token's, as simdjson reads it.
bool is_token_step(std::string_view body) {
  simdjson::dom::parser parser;
  std::string_view step;
  if (parser.parse(body.data(), body.size())["step"].get(step) != simdjson::SUCCESS) return false;
  return step == "PreTokenIssuance" || step == "PreTokenApplicationClaims";
}

constexpr const char* kConfiguration = R"(
listeners: [ { address: 127.0.0.1:0 } ]
lists:
  domains: { values: [ blocked.example, xn--bcher-kva.example ], match: domain }
  people: { values: [ eve@mallory.example ], match: email }
messages:
  named: { en: "No, {givenName} of {email.domain}.", de: "Nein, {surname | upper}." }
connectors:
  c:
    path: /c
    dialect: b2c-userflow
    otherwise: { block: named }
    rules:
      - { name: a, when: { email.domain: { in_list: domains } }, block: named }
      - { name: b, when: { email: { in_list: people } }, block: named }
      - { name: c, when: { postalCode: { not_matches: '^\d{3} ?\d{2}$' } }, validation_error: named }
      - { name: d, when: { displayName: { matches: '(?i)ad+min|^.{3}$' } }, validation_error: named }
      - { name: e, when: { any: [ { city: { length: { min: 2, max: 5 } } }, { not: { state: { starts_with: a } } } ] }, set: { state: "{state | trim | lower}" } }
      - { name: f, set: { givenName: "{givenName | name_case}", surname: "{surname | title_case}", city: "{city | collapse_spaces | upper}", extension_x: "{extension_x}{extension_x}" } }
  w:
    path: /w
    dialect: b2b-signup
    step: PostAttributeCollection
    otherwise: { block: named }
    rules:
      - { name: a, when: { email.domain: { in_list: domains } }, block: named }
      - { name: b, when: { email: { in_list: people } }, block: named }
      - { name: c, when: { postalCode: { not_matches: '^\d{3} ?\d{2}$' } }, validation_error: named }
      - { name: d, when: { displayName: { matches: '(?i)ad+min|^.{3}$' } }, validation_error: named }
      - { name: e, when: { any: [ { city: { length: { min: 2, max: 5 } } }, { not: { state: { starts_with: a } } } ] }, set: { state: "{state | trim | lower}" } }
      - { name: f, set: { givenName: "{givenName | name_case}", surname: "{surname | title_case}", city: "{city | collapse_spaces | upper}", extension_x: "{extension_x}{extension_x}" } }
  e:
    path: /e
    dialect: ext-id
    otherwise: { block: named }
    block_title: named
    rules:
      - { name: a, when: { email.domain: { in_list: domains } }, block: named }
      - { name: b, when: { email: { in_list: people } }, block: named }
      - { name: c, when: { postalCode: { not_matches: '^\d{3} ?\d{2}$' } }, validation_error: { message: named, claims: { city: named, extension_x: named } } }
      - { name: d, when: { displayName: { matches: '(?i)ad+min|^.{3}$' } }, validation_error: { message: named, claims: { city: named, extension_x: named } } }
      - { name: e, when: { any: [ { city: { length: { min: 2, max: 5 } } }, { not: { state: { starts_with: a } } } ] }, set: { state: "{state | trim | lower}" } }
      - { name: f, set: { givenName: "{givenName | name_case}", surname: "{surname | title_case}", city: "{city | collapse_spaces | upper}", extension_x: "{extension_x}{extension_x}" } }
)";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const auto snapshot = fuzz::compile(kConfiguration);
  static core::gate::Gate gate(snapshot, 0, 256 << 10);
  static core::http::OutBuffer out(1 << 22);
  const std::unique_ptr<char[]> body(new char[size + core::claims::kReadPadding]());
  std::copy(bytes, bytes + size, body.get());
  for (const core::gate::Connector& connector : snapshot->connectors) {
    out.clear();
    gate.answer_body(connector, {body.get(), size}, core::http::After::kKeepOpen,
                     "Sun, 06 Nov 1994 08:49:37 GMT", out);
    const fuzz::WholeAnswer answer(out.view());
    using core::config::DialectName;
    if (connector.terms.dialect == DialectName::kExtId) continue;
    const bool token_step = connector.terms.dialect == DialectName::kB2cUserflow && is_token_step({body.get(), size});
    check_dialect(answer.status, answer.body, token_step);
  }
  return 0;
}
