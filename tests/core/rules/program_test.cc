#include "core/rules/program.h"

#include <gtest/gtest.h>

#include "core/claims/claims.h"
#include "core/rules/compiler.h"
#include "tests/core/config/memory_source.h"

namespace core::rules {
namespace {

/// Rules compiled with two lists and two messages, ready to be evaluated.
class Rules {
 public:
  explicit Rules(const std::string& rules) {
    source_.files["c.yaml"] =
        "listeners: [ { address: 127.0.0.1:0 } ]\n"
        "messages: { first: \"1\", second: \"2\" }\n"
        "lists:\n"
        "  domains: { values: [ blocked.example ], match: domain }\n"
        "  people: { values: [ Eve@Mallory.example ], match: email }\n"
        "  words: { values: [ Alpha ], match: exact }\n"
        "connectors:\n  c:\n    path: /c\n    dialect: b2c-userflow\n    rules:\n" + rules;
    const config::Config config = config::load("c.yaml", source_, diagnostics);
    for (const config::ListSource& list : config.lists) {
      std::vector<std::string> values;
      for (const config::Text& value : list.values) values.push_back(value.value);
      owned_.push_back(lists::List::of(
          values, list.match == config::ListMatch::kDomain  ? lists::Match::kDomain
                  : list.match == config::ListMatch::kEmail ? lists::Match::kEmail
                                                            : lists::Match::kExact, 7));
    }
    for (std::size_t i = 0; i < owned_.size(); ++i) lists_.emplace(config.lists[i].name.value, &owned_[i]);
    messages_ = {{"first", 0}, {"second", 1}};
    Compiler compiler({names_, lists_, messages_, 1}, diagnostics);
    if (!config.connectors.empty()) program = compiler.compile(config.connectors[0].rules);
    evaluation = std::make_unique<Evaluation>(names_.size(), program.prepared_count(), 1 << 16, 0);
  }

  Verdict decide(std::string body) {
    evaluation->begin();
    const std::size_t size = body.size();
    body_ = std::move(body);
    body_.append(claims::kReadPadding, ' ');
    const auto read = claims::read(std::string_view(body_).substr(0, size), names_, {},
                                   evaluation->arena(), evaluation->claims());
    EXPECT_EQ(read.error, claims::ReadError::kNone) << body_;
    return program.evaluate(*evaluation);
  }
  /// True when the first rule (a block) ends the request.
  bool blocks(std::string body) { return decide(std::move(body)).kind == VerdictKind::kBlock; }
  std::string_view value(std::string_view name) {
    return evaluation->claims()[names_.find(name)].value;
  }

  config::Diagnostics diagnostics;
  Program program;
  std::unique_ptr<Evaluation> evaluation;

 private:
  config::MemorySource source_;
  claims::NameTable names_;
  std::vector<lists::List> owned_;
  std::map<std::string, const lists::List*, std::less<>> lists_;
  std::map<std::string, std::uint32_t, std::less<>> messages_;
  std::string body_;
};

TEST(Conditions, DecideAsTheTableSays) {
  struct Case {
    const char* when;
    const char* claims;
    bool matches;
  };
  constexpr Case kCases[] = {
      // equals: text, numbers by value, booleans by meaning, either spelling (protocol.md a.3)
      {"{ city: Delft }", R"({"city":"Delft"})", true},
      {"{ city: Delft }", R"({"city":"delft"})", false},
      {"{ city: Delft }", "{}", false},
      {"{ city: \"\" }", R"({"city":""})", true},
      {"{ extension_n: 42 }", R"({"extension_n":42})", true},
      {"{ extension_n: 42 }", R"({"extension_n":"42"})", true},
      {"{ extension_n: 42 }", R"({"extension_n":42.0})", true},
      {"{ extension_n: 42 }", R"({"extension_n":4.2e1})", true},
      {"{ extension_n: 42 }", R"({"extension_n":43})", false},
      {"{ extension_n: 42 }", R"({"extension_n":"42x"})", false},
      {"{ extension_n: 42 }", R"({"extension_n":true})", false},
      {"{ extension_n: \"42\" }", R"({"extension_n":42})", true},
      {"{ extension_n: true }", R"({"extension_n":true})", true},
      {"{ extension_n: true }", R"({"extension_n":"True"})", true},
      {"{ extension_n: true }", R"({"extension_n":false})", false},
      {"{ extension_n: true }", R"({"extension_n":1})", false},
      {"{ city: { not_equals: Delft } }", R"({"city":"Gouda"})", true},
      {"{ city: { not_equals: Delft } }", R"({"city":"Delft"})", false},
      {"{ city: { not_equals: Delft } }", "{}", false},  // a missing claim matches no test
      {"{ city: { not_equals: Delft } }", R"({"city":null})", false},
      // in
      {"{ city: { in: [ A, B, 3, true ] } }", R"({"city":"B"})", true},
      {"{ city: { in: [ A, B, 3, true ] } }", R"({"city":3.0})", true},
      {"{ city: { in: [ A, B, 3, true ] } }", R"({"city":"TRUE"})", true},
      {"{ city: { in: [ A, B, 3, true ] } }", R"({"city":"C"})", false},
      {"{ city: { not_in: [ A, B ] } }", R"({"city":"C"})", true},
      {"{ city: { not_in: [ A, B ] } }", R"({"city":"A"})", false},
      {"{ city: { not_in: [ A, B ] } }", "{}", false},
      // lists, each in its own form
      {"{ email.domain: { in_list: domains } }", R"({"email":"a@BLOCKED.example."})", true},
      {"{ email.domain: { in_list: domains } }", R"({"email":"a@sub.blocked.example"})", true},
      {"{ email.domain: { in_list: domains } }", R"({"email":"a@notblocked.example"})", false},
      {"{ email.domain: { in_list: domains } }", R"({"email":"blocked.example"})", false},
      {"{ email.domain: { not_in_list: domains } }", R"({"email":"a@b.example"})", true},
      {"{ email.domain: { not_in_list: domains } }", R"({"email":"blocked.example"})", false},
      {"{ email: { in_list: people } }", R"({"email":" eve@MALLORY.example "})", true},
      {"{ email: { in_list: people } }", R"({"email":"adam@mallory.example"})", false},
      {"{ city: { in_list: words } }", R"({"city":"Alpha"})", true},
      {"{ city: { in_list: words } }", R"({"city":"alpha"})", false},
      {"{ city: { in_list: [ words, words ] } }", R"({"city":"Alpha"})", true},
      // parts of a text
      {"{ city: { starts_with: [ x, De ] } }", R"({"city":"Delft"})", true},
      {"{ city: { starts_with: elft } }", R"({"city":"Delft"})", false},
      {"{ city: { ends_with: [ ft ] } }", R"({"city":"Delft"})", true},
      {"{ city: { ends_with: Delfts } }", R"({"city":"Delft"})", false},
      {"{ city: { contains: [ x, lf ] } }", R"({"city":"Delft"})", true},
      {"{ city: { contains: lf } }", R"({"city":["lf"]})", false},  // an array is no text
      // patterns
      {R"({ postalCode: { matches: '^\d{3} ?\d{2}$' } })", R"({"postalCode":"123 45"})", true},
      {R"({ postalCode: { not_matches: '^\d{3} ?\d{2}$' } })", R"({"postalCode":"1234"})", true},
      {R"({ postalCode: { not_matches: '^\d{3} ?\d{2}$' } })", "{}", false},
      {R"({ postalCode: { matches: [ a, b ] } })", R"({"postalCode":"xb"})", true},
      {R"({ postalCode: { not_matches: [ a, b ] } })", R"({"postalCode":"xb"})", false},
      // length in code points
      {"{ city: { length: { min: 2, max: 3 } } }", "{\"city\":\"\xc3\xa9\xc3\xa9\"}", true},
      {"{ city: { length: { min: 3 } } }", "{\"city\":\"\xc3\xa9\xc3\xa9\"}", false},
      {"{ city: { length: { max: 1 } } }", R"({"city":""})", true},
      {"{ city: { length: 2 } }", R"({"city":"ab"})", true},
      // presence
      {"{ city: { exists: true } }", R"({"city":""})", true},
      {"{ city: { exists: true } }", R"({"city":null})", false},
      {"{ city: { exists: true } }", "{}", false},
      {"{ city: { missing: true } }", "{}", true},
      {"{ city: { missing: true } }", R"({"city":null})", true},
      {"{ city: { missing: true } }", R"({"city":"x"})", false},
      {"{ city: { exists: false } }", "{}", true},
      {"{ identities: { exists: true } }", R"({"identities":[]})", true},
      {"{ email.domain: { missing: true } }", R"({"email":"nobody"})", true},
      {"{ email.domain: { missing: true } }", R"({"email":42})", true},
      {"{ email.local: eve }", R"({"email":"eve@x.example"})", true},
      // composition
      {"{ city: A, state: B }", R"({"city":"A","state":"B"})", true},
      {"{ city: A, state: B }", R"({"city":"A","state":"C"})", false},
      {"{ any: [ { city: A }, { state: B } ] }", R"({"state":"B"})", true},
      {"{ any: [ { city: A }, { state: B } ] }", R"({"state":"A"})", false},
      {"{ all: [ { city: A }, { state: B } ] }", R"({"city":"A","state":"B"})", true},
      {"{ not: { city: A } }", R"({"city":"B"})", true},
      {"{ not: { city: A } }", "{}", true},
      {"{ not: { city: A, state: B } }", R"({"city":"A","state":"C"})", true},
      {"{ not: { any: [ { city: A }, { state: B } ] } }", R"({"state":"B"})", false},
      {"{ city: { not_equals: A, length: { max: 1 } } }", R"({"city":"B"})", true},
      {"{ city: { not_equals: A, length: { max: 1 } } }", R"({"city":"BB"})", false},
      {"{ all: [ { not: { any: [ { city: A }, { all: [ { city: B }, { state: C } ] } ] } }, { country: D } ] }", R"({"city":"B","country":"D"})", true},
      {"{ all: [ { not: { any: [ { city: A }, { all: [ { city: B }, { state: C } ] } ] } }, { country: D } ] }", R"({"city":"B","state":"C","country":"D"})", false},
      // filters on the subject
      {"{ \"country | trim | lower\": sweden }", R"({"country":"  SWEDEN "})", true},
      {"{ \"country | lower\": sweden }", R"({"country":"NORWAY"})", false},
      // names of custom attributes
      {"{ extension_Tier: gold }", R"({"extension_9c2f41d07be84a6c8f35d1e2a07b64c3_tier":"gold"})", true},
      {"{ client_id: x }", R"({"clientId":"x"})", true},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(std::string(c.when) + "  on  " + c.claims);
    Rules rules(std::string("      - { name: r, when: ") + c.when + ", block: first }\n");
    ASSERT_FALSE(rules.diagnostics.has_errors()) << rules.diagnostics.render();
    EXPECT_EQ(rules.blocks(c.claims), c.matches);
  }
}

TEST(Program, RunsRulesInOrderAndEndsAtTheFirstThatSaysSo) {
  Rules rules(
      "      - { name: a, when: { city: A }, validation_error: second }\n"
      "      - { name: b, when: { city: { exists: true } }, set: { city: B, state: \"{city}\" } }\n"
      "      - { name: c, when: { city: B }, continue: { country: C } }\n"
      "      - { name: d, block: first }\n");
  ASSERT_FALSE(rules.diagnostics.has_errors()) << rules.diagnostics.render();
  Verdict verdict = rules.decide(R"({"city":"A"})");
  EXPECT_EQ(verdict.kind, VerdictKind::kValidationError);
  EXPECT_EQ(verdict.rule, 0);
  EXPECT_EQ(verdict.message, 1u);
  // A rule sees what the rules above it have set; so does the next assignment of the same rule.
  verdict = rules.decide(R"({"city":"x"})");
  EXPECT_EQ(verdict.kind, VerdictKind::kContinue);
  EXPECT_EQ(verdict.rule, 2);
  EXPECT_EQ(rules.value("state"), "B");
  EXPECT_EQ(rules.value("country"), "C");
  EXPECT_EQ(rules.evaluation->changed().size(), 3u);
  verdict = rules.decide("{}");
  EXPECT_EQ(verdict.rule, 3);
}

TEST(Program, ForgetsDerivedValuesWhenTheirClaimIsSet) {
  Rules rules(
      "      - { name: a, when: { email.domain: { in_list: domains } }, block: first }\n"
      "      - { name: b, when: { email: { in_list: people } }, block: first }\n"
      "      - { name: c, set: { email: eve@mallory.example } }\n"
      "      - { name: d, when: { email: { in_list: people } }, validation_error: second }\n");
  EXPECT_EQ(rules.decide(R"({"email":"a@b.example"})").rule, 3);
}

TEST(Program, SkipsAnAssignmentWhoseClaimIsMissing) {
  Rules rules("      - { name: a, set: { givenName: \"{givenName | upper}\", surname: \"x {city} y\", city: z } }\n");
  rules.decide(R"({"givenName":"a"})");
  EXPECT_EQ(rules.value("givenName"), "A");
  ASSERT_EQ(rules.evaluation->changed().size(), 2u);
  EXPECT_EQ(rules.value("city"), "z");
}

TEST(Program, NotesShadowRulesAndDoesNothing) {
  Rules rules(
      "      - { name: a, mode: shadow, block: first }\n"
      "      - { name: b, mode: shadow, when: { city: A }, set: { city: B } }\n"
      "      - { name: c, mode: shadow, when: { city: Z }, block: first }\n");
  const Verdict verdict = rules.decide(R"({"city":"A"})");
  EXPECT_EQ(verdict.kind, VerdictKind::kContinue);
  EXPECT_EQ(verdict.rule, Verdict::kNoRule);
  EXPECT_EQ(rules.evaluation->shadowed(), (std::vector<std::uint32_t>{0, 1}));
  EXPECT_TRUE(rules.evaluation->changed().empty());
}

TEST(Program, GivesUpWhenTheScratchMemoryIsFull) {
  Rules rules(
      "      - { name: a, set: { city: \"{city}{city}{city}{city}{city}{city}{city}{city}\" } }\n"
      "      - { name: b, set: { city: \"{city}{city}{city}{city}{city}{city}{city}{city}\" } }\n"
      "      - { name: c, block: first }\n");
  EXPECT_EQ(rules.decide(R"({"city":")" + std::string(2000, 'x') + "\"}").rule, Verdict::kOtherwise);
  EXPECT_EQ(rules.decide(R"({"city":"y"})").rule, 2);
}

TEST(Templates, KeepBracesAndJoinValues) {
  Rules rules("      - { name: a, set: { city: \"{{{city}}} {{}}\", state: \"\", displayName: \"{givenName} {surname | upper}!\" } }\n");
  ASSERT_FALSE(rules.diagnostics.has_errors()) << rules.diagnostics.render();
  rules.decide(R"({"city":"x","givenName":"A","surname":"b"})");
  EXPECT_EQ(rules.value("city"), "{x} {}");
  EXPECT_EQ(rules.value("state"), "");
  EXPECT_EQ(rules.value("displayName"), "A B!");
}

}  // namespace
}  // namespace core::rules
