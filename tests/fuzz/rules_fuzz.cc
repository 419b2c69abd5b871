// Rules of any making over claims of any making: evaluated by the index or one by one, they come to
// the same verdict by the same rule with the same claims. The input is the rules as YAML, a line
// "---", and a body. Seeds: tests/fuzz/seeds/rules.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/claims/claims.h"
#include "core/rules/evaluation.h"
#include "core/rules/program.h"
#include "tests/fuzz/one_file.h"

namespace {

std::string configuration(std::string_view rules) {
  std::string text = R"(
listeners: [ { address: 127.0.0.1:0 } ]
lists: { l: { values: [ blocked.example, a@b.example, x ], match: exact }, d: { values: [ blocked.example ], match: domain } }
messages: { m: "No, {givenName}.", n: "{email.domain}" }
tables: { t: { a: b, Sweden: SE } }
connectors: { c: { path: /c, dialect: b2c-userflow, auth: anonymous, otherwise: { block: m }, rules: )";
  text += rules;
  return text + "\n} }\n";
}

constexpr std::int64_t kNow = 1'700'000'000;
constexpr std::size_t kArenaBytes = 1 << 20;  // so large that neither way runs out of it

struct Outcome {
  core::rules::VerdictKind kind = core::rules::VerdictKind::kContinue;
  std::int32_t rule = 0;
  std::uint32_t message = 0;
  bool ask = false;
  std::uint64_t tags = 0;
  std::vector<std::pair<core::claims::NameId, std::string>> claims;  // as they were set
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

template <typename Evaluate>
std::optional<Outcome> outcome(const core::gate::Snapshot& snapshot, std::string_view body,
                               Evaluate evaluate) {
  core::rules::Evaluation evaluation(snapshot.names.size(), snapshot.prepared_max, kArenaBytes, 0,
                                     snapshot.candidates_max);
  evaluation.use_lists(snapshot.lists.get());
  evaluation.begin(kNow);
  evaluation.claims().clear();
  const auto read = core::claims::read(body, snapshot.names, snapshot.read_limits,
                                       evaluation.arena(), evaluation.claims());
  if (read.error != core::claims::ReadError::kNone) return std::nullopt;
  const core::rules::Verdict verdict = evaluate(snapshot.connectors[0].program, evaluation);
  Outcome told;
  told.rule = verdict.rule;
  if (verdict.rule == core::rules::Verdict::kOtherwise) return told;
  told.kind = verdict.kind;
  told.message = verdict.message;
  told.ask = verdict.ask;
  told.tags = evaluation.tags();
  for (const core::claims::NameId claim : evaluation.changed()) {
    told.claims.emplace_back(claim, std::string(evaluation.claims()[claim].value));
  }
  return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  constexpr std::string_view kBetween = "\n---\n";
  const std::size_t between = input.find(kBetween);
  if (between == std::string_view::npos || size > (16 << 10)) return 0;
  fuzz::OneFile file(configuration(input.substr(0, between)));
  const auto snapshot = fuzz::compile(file);
  if (snapshot == nullptr) return 0;
  std::string body(input.substr(between + kBetween.size()));
  const std::size_t body_size = body.size();
  body.append(core::claims::kReadPadding, '\0');
  const std::string_view claims = std::string_view(body).substr(0, body_size);
  const auto indexed = outcome(*snapshot, claims, [](const auto& program, auto& evaluation) {
    return program.evaluate(evaluation);
  });
  const auto plain = outcome(*snapshot, claims, [](const auto& program, auto& evaluation) {
    return program.evaluate_plain(evaluation);
  });
  if (indexed != plain) std::abort();
  return 0;
}
