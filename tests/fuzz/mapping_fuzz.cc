// Templates and mappings: hostile claims into every place of a request, hostile replies into every
// kind of row. What is asked must stay what the configuration shaped, whatever the claims are.
// Seeds: tests/fuzz/seeds/mapping.
#include <pugixml.hpp>
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/load.h"
#include "core/mapping/mapping.h"
#include "core/mapping/value_template.h"
#include "core/text/text.h"

namespace {

using namespace core;

class NoFiles final : public config::Source {
 public:
  explicit NoFiles(std::string file) : file_(std::move(file)) {}
  Result<std::string, Failure> read_file(const std::string& path) override {
    if (path != "c.yaml") return Failure{"no such file"};
    return file_;
  }
  std::optional<std::string> environment(const std::string&) override { return std::nullopt; }

 private:
  std::string file_;
};

constexpr std::string_view kConfiguration = R"(
listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
messages: { m: M }
backends:
  json:
    endpoints: [ https://b ]
    lenient: true
    request:
      path: "/a/{city ?? x}/z"
      query: { q: "{givenName}" }
      headers: { X-N: "{givenName}" }
      json: { a: "{givenName}", b: "x{email}y", c: "{extension_n | as_number}", d: "{identities}", e: [ "{city}" ] }
    response:
      - when: { json: { /found: true, /n: { at_least: 1 } } }
        continue: { tier: "{/tier}", both: "{/tier | upper} {email}", n: "{/n}" }
      - when: { json: { /found: { missing: true } } }
        block: { text: "{/reason}", message: m }
  xml:
    endpoints: [ https://b ]
    lenient: true
    request: { xml: "<r a=\"{givenName}\">{email}</r>" }
    response:
      - when: { xpath: { "//T/@l": { exists: true } } }
        continue: { t: "{xpath:string(//T)}" }
  text:
    endpoints: [ https://b ]
    request: { text: "N={givenName}\nM={email}\n" }
    response:
      - when: { text: { matches: '^OK (?P<t>\w+)' } }
        continue: { t: "{text:t}", h: "{header:X-H}" }
  connector:
    endpoints: [ https://b ]
    speaks: connector
)";

struct House {
  claims::NameTable names;
  std::vector<mapping::Mapping> mappings;
  House() {
    NoFiles source{std::string(kConfiguration)};
    config::Diagnostics diagnostics;
    const config::Config config = config::load("c.yaml", source, diagnostics);
    const std::map<std::string, std::uint32_t, std::less<>> messages = {{"m", 0}};
    for (const config::Backend& backend : config.backends) {
      mappings.push_back(mapping::compile_mapping(backend, {names, messages, 1}, diagnostics));
    }
    if (diagnostics.has_errors() || mappings.size() != 4) std::abort();
  }
};

void check(std::size_t which, const mapping::Question& question) {
  const std::string_view target = question.target;
  if (!target.starts_with('/')) std::abort();
  for (const char c : target) {
    if (c <= 0x20 || c >= 0x7f || c == '#') std::abort();
  }
  // Field lines: as many as the configuration has, each ended, none with a control byte inside.
  std::size_t lines = 0;
  for (std::size_t i = 0; i < question.fields.size(); ++i) {
    const auto c = static_cast<unsigned char>(question.fields[i]);
    if (c == '\r') {
      if (question.fields[++i] != '\n') std::abort();
      ++lines;
    } else if (c < 0x20 || c >= 0x7f) {
      std::abort();
    }
  }
  if (lines > 2) std::abort();
  if (which == 0) {
    const std::string_view path = target.substr(0, target.find('?'));
    if (std::count(path.begin(), path.end(), '/') != 3 || path.find("/../") != path.npos) std::abort();
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    const auto error = parser.parse(question.body).get(object);
    // simdjson knows no numbers beyond a double's or 64 bits.
    if (error == simdjson::NUMBER_ERROR || error == simdjson::DEPTH_ERROR) return;
    if (error != simdjson::SUCCESS) std::abort();
    for (const auto& [key, value] : object) {
      if (std::string_view("abcde").find(key) == std::string_view::npos) std::abort();
    }
  } else if (which == 1) {
    pugi::xml_document document;
    if (!document.load_buffer(question.body.data(), question.body.size())) std::abort();
    const pugi::xml_node root = document.first_child();
    if (root.next_sibling() || std::string_view(root.name()) != "r") std::abort();
    for (const pugi::xml_node child : root) {
      if (child.type() != pugi::node_pcdata) std::abort();
    }
  } else if (which == 2) {
    if (std::count(question.body.begin(), question.body.end(), '\n') != 2) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static House house;
  if (size < 2) return 0;
  const std::size_t which = bytes[0] % 4;
  const int status = (bytes[0] & 0x10) != 0 ? 400 : 200;
  const bool gzip = (bytes[0] & 0x20) != 0;
  const std::string_view input(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  if (which == 0 && (bytes[0] & 0x40) != 0) {  // the template's own reader
    claims::NameTable names;
    std::vector<rules::TemplateError> remarks;
    for (const auto side :
         {mapping::ValueTemplate::Side::kRequest, mapping::ValueTemplate::Side::kResponse}) {
      const auto parsed = mapping::ValueTemplate::parse(input, side, names, remarks);
      if (!parsed && parsed.error().offset > input.size()) std::abort();
    }
    return 0;
  }
  const std::size_t line = std::min(input.find('\n'), input.size());
  const std::string_view claims = input.substr(0, line);
  const std::string_view reply = line < input.size() ? input.substr(line + 1) : std::string_view();

  rules::Evaluation evaluation(house.names.size(), 0, 64 << 10, 0);
  std::string padded(claims);
  padded.append(claims::kReadPadding, '\0');
  const auto outcome = claims::read(std::string_view(padded).substr(0, claims.size()), house.names, {},
                                    evaluation.arena(), evaluation.claims());
  mapping::Question question;
  mapping::Kept kept;
  const mapping::Mapping& mapping = house.mappings[which];
  if (outcome.error != claims::ReadError::kNone) {
    evaluation.arena().reset();
    evaluation.claims().clear();
  }
  const mapping::NotAsked why = mapping.ask(evaluation, claims, question, kept);
  if (why == mapping::NotAsked::kNone) check(which, question);

  const std::unique_ptr<char[]> exact(new char[reply.size()]);
  if (!reply.empty()) std::memcpy(exact.get(), reply.data(), reply.size());
  const http::Header fields[] = {{"X-H", "h"}, {"Content-Encoding", gzip ? "gzip" : "identity"}};
  const mapping::Answer answer =
      mapping.read({status, fields, {exact.get(), reply.size()}}, kept, 0);
  for (const auto& claim : answer.decision.claims) {
    if (text::find_invalid_utf8(claim.value) != claim.value.size()) std::abort();
    if (claim.kind == claims::Kind::kNumber && !mapping::is_json_number(claim.value)) std::abort();
  }
  if (text::find_invalid_utf8(answer.decision.text) != answer.decision.text.size()) std::abort();
  if (answer.resolved() && answer.decision.kind != rules::VerdictKind::kContinue &&
      answer.decision.text.empty() == answer.decision.message.empty()) {
    std::abort();
  }
  return 0;
}
