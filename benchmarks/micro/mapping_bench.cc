// What a mapping costs: a question made from claims, and an answer read, for a JSON backend as
// docs/backends.md shows it.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "core/config/load.h"
#include "core/mapping/mapping.h"

namespace {

using namespace core;

constexpr std::string_view kConfiguration = R"(
listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
messages: { not_open: Closed. }
backends:
  crm:
    endpoints: [ https://crm.internal ]
    request:
      path: /v2/customers/search
      json: { mail: "{email}", name: "{givenName} {surname}", country: "{country ?? SE}", since: 2 }
    response:
      - when: { status: 200, json: { /found: true } }
        continue: { extension_loyaltyTier: "{/customer/tier}", extension_points: "{/customer/points}" }
      - when: { status: 404 }
        continue: {}
      - when: { status: 409 }
        block: not_open
  legacy:
    endpoints: [ https://legacy.internal ]
    speaks: connector
)";

constexpr std::string_view kClaims =
    R"({"step":"PostAttributeCollection","email":"joris.vdberg@mailbox.example","givenName":"Joris",)"
    R"("surname":"van den Berg","country":"NL","postalCode":"2611 XE"})";
constexpr std::string_view kReply =
    R"({"found":true,"customer":{"id":"C-204417","tier":"gold","points":1250,"since":"2019-04-01"}})";
constexpr std::string_view kConnectorReply =
    R"({"version":"1.0.0","action":"Continue","postalCode":"2611 XE","extension_loyaltyTier":"gold"})";

class OneFile final : public config::Source {
 public:
  Result<std::string, Failure> read_file(const std::string&) override {
    return std::string(kConfiguration);
  }
  std::optional<std::string> environment(const std::string&) override { return std::nullopt; }
};

struct House {
  claims::NameTable names;
  std::vector<mapping::Mapping> mappings;
  House() {
    OneFile source;
    config::Diagnostics diagnostics;
    const config::Config config = config::load("c.yaml", source, diagnostics);
    const std::map<std::string, std::uint32_t, std::less<>> messages = {{"not_open", 0}};
    for (const config::Backend& backend : config.backends) {
      mappings.push_back(mapping::compile_mapping(backend, {names, messages, 1}, diagnostics));
    }
    if (diagnostics.has_errors()) std::abort();
  }
};

void BM_MappingAsk(benchmark::State& state) {
  const House house;
  rules::Evaluation evaluation(house.names.size(), 0, 64 << 10, 0);
  std::string body(kClaims);
  body.append(claims::kReadPadding, '\0');
  evaluation.begin();
  (void)claims::read(std::string_view(body).substr(0, kClaims.size()), house.names, {},
                     evaluation.arena(), evaluation.claims());
  mapping::Question question;
  mapping::Kept kept;
  for (auto _ : state) {
    benchmark::DoNotOptimize(house.mappings[0].ask(evaluation, kClaims, question, kept));
  }
  state.SetItemsProcessed(state.iterations());  // an item is one question
}
BENCHMARK(BM_MappingAsk);

void read_replies(benchmark::State& state, std::size_t which, std::string_view reply) {
  const House house;
  const http::Header fields[] = {{"Content-Type", "application/json"}, {"Date", "x"}};
  const mapping::Kept kept{};
  for (auto _ : state) {
    const mapping::Answer answer = house.mappings[which].read({200, fields, reply}, kept, 0);
    if (!answer.resolved()) std::abort();
  }
  state.SetItemsProcessed(state.iterations());  // an item is one answer
}
void BM_MappingRead(benchmark::State& state) { read_replies(state, 0, kReply); }
BENCHMARK(BM_MappingRead);
void BM_ConnectorRead(benchmark::State& state) { read_replies(state, 1, kConnectorReply); }
BENCHMARK(BM_ConnectorRead);

}  // namespace
