// Rules that ask, by the index and without it: the same questions in the same order, the same
// verdicts, whatever decisions are at hand.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/config/load.h"
#include "core/decisions/encoded.h"
#include "core/rules/compiler.h"
#include "tests/core/config/memory_source.h"

namespace core::rules {
namespace {

constexpr int kPrograms = 300;
constexpr int kRequests = 100;
constexpr std::string_view kNames[] = {"city", "state", "country", "extension_a"};
constexpr std::string_view kValues[] = {"a", "b", "c", "ab", "abc"};

/// Decisions that are at hand, and a record of who asked.
class Ready final : public Decisions {
 public:
  std::map<std::uint32_t, Answer> answers;
  std::vector<std::uint32_t> asked;
  Answer decide(std::uint32_t rule, const Ask&, Evaluation&) noexcept override {
    asked.push_back(rule);
    const auto found = answers.find(rule);
    return found == answers.end() ? Answer{} : found->second;
  }
};

std::string random_rules(std::mt19937_64& random) {
  const auto pick = [&](const auto& pool) { return std::string(pool[random() % std::size(pool)]); };
  std::string yaml;
  const std::size_t count = 5 + random() % 60;
  for (std::size_t i = 0; i < count; ++i) {
    yaml += "      - { name: r" + std::to_string(i) + ", when: { " + pick(kNames) + ": " +
            pick(kValues) + " }, ";
    switch (random() % 6) {
      case 0:
        yaml += "block: no";
        break;
      case 1:
        yaml += "set: { " + pick(kNames) + ": " + pick(kValues) + " }";
        break;
      case 2:
        yaml += "mode: shadow, ask: crm";
        break;
      default:
        yaml += "ask: crm";
    }
    yaml += " }\n";
  }
  return yaml;
}

TEST(IndexWithAsks, DecidesAsThePlainEvaluatorDoes) {
  std::uint64_t asks = 0, ended = 0, went_on = 0;
  for (int seed = 1; seed <= kPrograms; ++seed) {
    std::mt19937_64 random(static_cast<std::uint64_t>(seed));
    const std::string rules = random_rules(random);
    config::MemorySource source;
    source.files["c.yaml"] =
        "listeners: [ { address: 127.0.0.1:0 } ]\nmessages: { no: \"No.\" }\n"
        "connectors:\n  c:\n    path: /c\n    dialect: b2c-userflow\n    rules:\n" +
        rules;
    config::Diagnostics diagnostics;
    const config::Config config = config::load("c.yaml", source, diagnostics);
    std::vector<config::Backend> backends(1);
    backends[0].name.value = "crm";
    claims::NameTable names;
    std::vector<claims::NameId> ids;
    for (const std::string_view name : kNames) ids.push_back(names.intern(name));
    const std::map<std::string, const lists::List*, std::less<>> lists;
    const std::map<std::string, std::uint32_t, std::less<>> messages = {{"no", 0}};
    Compiler compiler({names, lists, messages, 1, nullptr, &backends}, diagnostics, Indexing::kAlways);
    const Program program = compiler.compile(config.connectors[0].rules, "c");
    ASSERT_FALSE(diagnostics.has_errors()) << diagnostics.render();
    ASSERT_TRUE(program.index().built());

    Evaluation plain(names.size(), program.prepared_count(), 1 << 16, 0, program.index().counts());
    Evaluation indexed(names.size(), program.prepared_count(), 1 << 16, 0,
                       program.index().counts());
    for (int request = 0; request < kRequests; ++request) {
      Ready ready[2];
      std::vector<std::string> encoded;
      encoded.reserve(program.rules().size());
      for (std::uint32_t rule = 0; rule < program.rules().size(); ++rule) {
        const auto kind = random() % 8;
        if (kind == 0) continue;  // none at hand
        Decisions::Answer answer{Decisions::State::kDecision, {}};
        if (kind == 1) {
          answer.state = Decisions::State::kUnresolved;
        } else {
          decisions::Decision decision;
          if (kind == 2) {
            decision.kind = VerdictKind::kBlock;
            decision.message = "no";
          } else {
            for (std::size_t left = random() % 3; left > 0; --left) {
              decision.claims.push_back({std::string(kNames[random() % std::size(kNames)]),
                                         claims::Kind::kString,
                                         std::string(kValues[random() % std::size(kValues)])});
            }
            if (random() % 3 == 0) {
              decision.claims.push_back({"unknown", claims::Kind::kNumber, "1"});
            }
          }
          encoded.push_back(decisions::encode(decision));
          answer.decision = encoded.back();
        }
        for (Ready& one : ready) one.answers[rule] = answer;
      }
      std::vector<claims::Claim> first;
      for (std::size_t i = 0; i < ids.size(); ++i) {
        claims::Claim claim;
        if (random() % 4 != 0) {
          claim = {claims::Kind::kString, kNames[i], kValues[random() % std::size(kValues)]};
        }
        first.push_back(claim);
      }
      for (Evaluation* const evaluation : {&plain, &indexed}) {
        evaluation->begin();
        evaluation->claims().clear();
        evaluation->use_decisions(&ready[evaluation == &plain ? 0 : 1]);
        for (std::size_t i = 0; i < ids.size(); ++i) evaluation->claims()[ids[i]] = first[i];
      }
      const Verdict by_plain = program.evaluate_plain(plain);
      const Verdict by_index = program.evaluate(indexed);
      ASSERT_EQ(by_plain.rule, by_index.rule) << "seed " << seed << "\n" << rules;
      ASSERT_EQ(by_plain.ask, by_index.ask);
      ASSERT_EQ(by_plain.kind, by_index.kind);
      ASSERT_EQ(by_plain.message, by_index.message);
      ASSERT_EQ(ready[0].asked, ready[1].asked);
      ASSERT_EQ(plain.changed(), indexed.changed());
      ASSERT_EQ(plain.shadowed(), indexed.shadowed());
      ASSERT_EQ(plain.extras().size(), indexed.extras().size());
      for (const claims::NameId id : ids) {
        ASSERT_EQ(plain.claims()[id].value, indexed.claims()[id].value);
        ASSERT_EQ(plain.claims()[id].kind, indexed.claims()[id].kind);
      }
      asks += by_plain.ask ? 1 : 0;
      ended += by_plain.message == Verdict::kSaid ? 1 : 0;
      went_on += ready[0].asked.size() > 1 ? 1 : 0;
    }
  }
  // The cases are worth something: all that can happen does.
  constexpr std::uint64_t kCases = std::uint64_t{kPrograms} * kRequests;
  EXPECT_GT(asks, kCases / 20);
  EXPECT_GT(ended, kCases / 20);
  EXPECT_GT(went_on, kCases / 5);
}

}  // namespace
}  // namespace core::rules
