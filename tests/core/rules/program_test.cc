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
        "  networks: { values: [ 192.0.2.0/24, \"2001:db8::/32\" ], match: network }\n"
        "tables: { countries: { Sverige: SE, Norge: \"NO\" } }\n"
        "rule_groups:\n"
        "  postal:\n"
        "    parameters: [ claim, pattern, message ]\n"
        "    rules:\n"
        "      - name: shape\n"
        "        when: { \"${with:claim}\": { not_matches: \"${with:pattern}\" } }\n"
        "        validation_error: \"${with:message}\"\n"
        "connectors:\n  c:\n    path: /c\n    dialect: b2c-userflow\n    rules:\n" + rules;
    source_.variables = {{"MOST", "10"}, {"LEAST", "-2.5e0"}, {"SINCE", "2026-01-01"}, {"ADULT", "today-18y"},
                         {"WORD", "tenfold"}, {"AGE", "18"}, {"BOTH", "10 "}, {"HUGE", "1e999"}};
    const config::Config config = config::load("c.yaml", source_, diagnostics);
    for (const config::ListSource& list : config.lists) {
      std::vector<std::string> values;
      for (const config::Text& value : list.values) values.push_back(value.value);
      owned_.push_back(lists::List::of(
          values, list.match == config::ListMatch::kDomain  ? lists::Match::kDomain
                  : list.match == config::ListMatch::kEmail ? lists::Match::kEmail
                  : list.match == config::ListMatch::kNetwork ? lists::Match::kNetwork
                                                            : lists::Match::kExact, 7));
    }
    for (std::size_t i = 0; i < owned_.size(); ++i) lists_.emplace(config.lists[i].name.value, &owned_[i]);
    messages_ = {{"first", 0}, {"second", 1}};
    for (const config::ValueTable& table : config.tables) {
      auto rows = std::make_shared<ValueTable>();
      for (const auto& [value, becomes] : table.rows) rows->add(value.value, becomes.value);
      tables_.emplace(table.name.value, std::move(rows));
    }
    Compiler compiler({names_, lists_, messages_, 1, &tables_}, diagnostics);
    if (!config.connectors.empty()) program = compiler.compile(config.connectors[0].rules);
    evaluation = std::make_unique<Evaluation>(names_.size(), program.prepared_count(), 1 << 16, 0);
  }

  Verdict decide(std::string body) {
    evaluation->begin(kNow);
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

  static constexpr std::int64_t kNow = 1'796'112'000;  // 2026-12-01T08:00:00Z, a Tuesday
  config::Diagnostics diagnostics;
  Program program;
  std::unique_ptr<Evaluation> evaluation;

 private:
  config::MemorySource source_;
  claims::NameTable names_;
  std::vector<lists::List> owned_;
  std::map<std::string, const lists::List*, std::less<>> lists_;
  std::map<std::string, std::uint32_t, std::less<>> messages_;
  ValueTables tables_;
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
      // numbers, either spelling
      {"{ extension_n: { less_than: 5 } }", R"({"extension_n":"4.5"})", true},
      {"{ extension_n: { less_than: 5 } }", R"({"extension_n":5})", false},
      {"{ extension_n: { at_most: 5 } }", R"({"extension_n":5.0})", true},
      {"{ extension_n: { greater_than: -1, at_least: 3 } }", R"({"extension_n":3})", true},
      {"{ extension_n: { greater_than: 0 } }", R"({"extension_n":"inf"})", false},
      {"{ extension_n: { greater_than: 0 } }", R"({"extension_n":true})", false},
      {"{ extension_n: { less_than: 5 } }", "{}", false},
      // dates and instants
      {"{ city: { before: 2026-12-01 } }", R"({"city":"2026-11-30"})", true},
      {"{ city: { before: today } }", R"({"city":"2026-12-01T23:00:00Z"})", false},
      {"{ city: { before: now } }", R"({"city":"2026-12-01T07:59:59Z"})", true},
      {"{ city: { after: now-1h } }", R"({"city":"2026-12-01T07:30:00Z"})", true},
      {"{ city: { after: today-18y } }", R"({"city":"2008-12-01"})", false},
      {"{ city: { after: today-18y } }", R"({"city":"2008-12-02"})", true},
      {"{ city: { before: today } }", R"({"city":"yesterday"})", false},
      {"{ city: { age_at_least: 18 } }", R"({"city":"2008-12-01"})", true},
      {"{ city: { age_at_least: 18 } }", R"({"city":"2008-12-02"})", false},
      {"{ city: { age_under: 18 } }", R"({"city":"2008-12-02"})", true},
      {"{ city: { age_under: 18 } }", R"({"city":"2027-01-01"})", true},
      {"{ city: { age_under: 18 } }", R"({"city":"2126-01-01"})", true},
      {"{ city: { age_under: 0 } }", R"({"city":"2126-01-01"})", true},
      {"{ city: { age_at_least: 0 } }", R"({"city":"2126-01-01"})", false},
      // networks
      {"{ city: { in_network: 192.0.2.0/24 } }", R"({"city":"192.0.2.7"})", true},
      {"{ city: { in_network: 192.0.2.0/24 } }", R"({"city":"::ffff:192.0.2.7"})", true},
      {"{ city: { in_network: [10.0.0.0/8, '2001:db8::/32'] } }", R"({"city":"2001:DB8::1"})", true},
      {"{ city: { in_network: 192.0.2.0/24 } }", R"({"city":"192.0.3.1"})", false},
      {"{ city: { not_in_network: 192.0.2.0/24 } }", R"({"city":"no address"})", true},
      {"{ city: { in_list: networks } }", R"({"city":"192.0.2.255"})", true},
      {"{ city: { in_list: networks } }", R"({"city":"2001:db8:ffff::"})", true},
      {"{ city: { in_list: networks } }", R"({"city":"192.0.3.0"})", false},
      // forms
      {"{ email: { is_email: true } }", R"({"email":"a@b.example"})", true},
      {"{ email: { is_email: false } }", R"({"email":"a b@c"})", true},
      {"{ email: { is_email: false } }", "{}", false},
      {"{ city: { is_phone: true } }", R"({"city":"070-123 45 67","country":"Sverige"})", true},
      {"{ city: { is_phone: { country: SE } } }", R"({"city":"070-123 45 67"})", true},
      {"{ city: { is_phone: true } }", R"({"city":"070-123 45 67"})", false},
      {"{ postalCode: { is_postcode: true } }", R"({"postalCode":"111 22","country":"SE"})", true},
      {"{ postalCode: { is_postcode: { claim: state } } }", R"({"postalCode":"12","state":"SE"})", false},
      {"{ city: { same_as: state } }", R"({"city":"A","state":"A"})", true},
      {"{ city: { not_same_as: state } }", R"({"city":"A","state":"B"})", true},
      {"{ city: { not_same_as: state } }", R"({"city":"A"})", false},
      {"{ city: { scripts: [ Latin ] } }", R"({"city":"D\u00e9lft-1"})", true},
      {"{ city: { scripts: Latin } }", R"({"city":"D\u0435lft"})", false},
      {"{ city: { mixed_scripts: true } }", R"({"city":"D\u0435lft"})", true},
      {"{ city: { looks_like: '{state}' } }", R"({"city":"p\u0430ypal","state":"paypal"})", true},
      {"{ city: { looks_like: paypal } }", R"({"city":"paypul"})", false},
      // shares and times; the share of "a" under "s" is 0.46
      {"{ percent: { of: 100, by: city, salt: s } }", R"({"city":"a"})", true},
      {"{ percent: { of: 0, by: city, salt: s } }", R"({"city":"a"})", false},
      {"{ percent: { of: 100, by: city, salt: s } }", "{}", false},
      {"{ time: { from: 2026-12-01T08:00Z, until: 2026-12-02 } }", "{}", true},
      {"{ time: { from: 2026-12-01T08:01Z } }", "{}", false},
      {"{ time: { days: [ mon, tue ], hours: '08:00-18:00' } }", "{}", true},
      {"{ time: { hours: '08:00-18:00', utc_offset: '-01:00' } }", "{}", false},
      {"{ time: { days: mon, hours: '22:00-09:00' } }", "{}", true},
      // members of claims
      {"{ identities.any.issuer: google.com }", R"({"identities":[{"issuer":"x"},{"issuer":"google.com"}]})", true},
      {"{ identities.all.issuer: google.com }", R"({"identities":[{"issuer":"x"},{"issuer":"google.com"}]})", false},
      {"{ identities.all.issuer: google.com }", R"({"identities":[]})", false},
      {"{ identities.any.issuer: { missing: true } }", R"({"identities":[{}]})", true},
      {"{ 'identities[0].issuer': google.com }", R"({"identities":[ { "issuer" : "google\u002ecom" } ]})", true},
      {"{ identities.any.issuer: a }", R"({"identities":[{"issuer":"a","issuer":"b"}]})", false},
      {"{ identities.any.issuer: { in_list: domains } }", R"({"identities":[{"issuer":"a.BLOCKED.example"}]})", true},
      {"{ extension_o.street.name: A }", R"({"extension_o":{"street":{"x":[1,{}],"name":"A"}}})", true},
      {"{ extension_o.street: { exists: true } }", R"({"extension_o":{"street":null}})", false},
      // derived values
      {"{ email.registrable: example.co.uk }", R"({"email":"x@a.b.example.co.uk"})", true},
      {"{ identities.issuer: a, identities.id: b, person.key: a|b }",
       R"({"identities":[{"issuer":"a","issuerAssignedId":"b"}]})", true},
      {"{ person.key: x@y.example }", R"({"email":"X@Y.example"})", true},
      {"{ locale.language: pt, locale.region: BR }", R"({"ui_locales":"pt-Latn-br en"})", true},
      {"{ country.code: SE }", R"({"country":"sverige"})", true},
      {"{ name.full: A B, name.initials: AB }", R"({"givenName":"A ","surname":" B"})", true},
      {"{ phone.e164: \"+46701234567\" }", R"({"phoneNumber":"070-123 45 67","country":"SE"})", true},
      {"{ now: \"2026-12-01T08:00:00Z\", today: \"2026-12-01\" }", "{}", true},
      // filters with arguments
      {"{ \"postalCode | replace('[^0-9]', '') | substring(0, 5)\": \"12345\" }", R"({"postalCode":"123-45 67"})", true},
      {"{ \"city | replace('(a+)(b)', '\\\\2\\\\1')\": xbaac }", R"({"city":"xaabc"})", true},
      {"{ \"city | default('none')\": none }", "{}", true},
      {"{ \"city | coalesce(state, country)\": C }", R"({"state":"","country":"C"})", true},
      {"{ \"country | map(countries)\": SE }", R"({"country":"Sverige"})", true},
      {"{ \"country | map(countries)\": { missing: true } }", R"({"country":"Danmark"})", true},
      {"{ \"country | map(countries, 'XX')\": XX }", R"({"country":"Danmark"})", true},
      {"{ \"city | split('-', -1)\": c }", R"({"city":"a-b-c"})", true},
      {"{ \"extension_r | join(', ')\": \"a, b\" }", R"({"extension_r":["a","b",null,{}]})", true},
      {"{ \"identities.all.issuer | join('+')\": a+b }", R"({"identities":[{"issuer":"a"},{"issuer":"b"}]})", true},
      {"{ \"city | e164('SE')\": { missing: true } }", R"({"city":"none"})", true},
      {"{ \"city | format_number(2)\": \"4.50\" }", R"({"city":"4.5"})", true},
      {"{ \"city | age\": { at_least: 18 } }", R"({"city":"1990-01-01"})", true},
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

TEST(Actions, TypeRemoveAndTag) {
  Rules rules(
      "      - { name: a, tag: seen, set: { city: x, extension_n: \"{state | as_number}\", "
      "extension_b: \"{country | as_boolean}\", jobTitle: \"\" } }\n"
      "      - { name: b, remove: [ city ] }\n"
      "      - { name: c, when: { city: Delft }, tag: back }\n");
  ASSERT_FALSE(rules.diagnostics.has_errors()) << rules.diagnostics.render();
  rules.decide(R"({"city":"Delft","state":" +042 ","country":"Yes"})");
  EXPECT_EQ(rules.value("city"), "Delft");
  EXPECT_EQ(rules.value("extension_n"), "42");
  EXPECT_EQ(rules.value("extension_b"), "true");
  EXPECT_EQ(rules.value("jobTitle"), "");
  EXPECT_EQ(rules.evaluation->changed().size(), 3u);  // city is in no answer
  EXPECT_EQ(rules.program.tags(), (std::vector<std::string>{"seen", "back"}));
  EXPECT_EQ(rules.evaluation->tags(), 3u);
}

TEST(Filters, MakeNumbersThatReadersOfJsonHold) {
  Rules rules("      - { name: a, set: { extension_n: \"{state | as_number}\" } }\n");
  ASSERT_FALSE(rules.diagnostics.has_errors()) << rules.diagnostics.render();
  const std::pair<std::string_view, std::string_view> kCases[] = {
      {"+5", "5"},    {"-007", "-7"}, {"1e300", "1e300"}, {"0.50", "0.50"}, {"000", "0"},
      {"+-5", ""},    {"--5", ""},    {"1e999", ""},      {"-1e999", ""},   {"1.", ""},
      {"0x10", ""},   {"inf", ""},    {"nan", ""},        {"", ""},         {"5 kg", ""},
  };
  for (const auto& [from, number] : kCases) {
    SCOPED_TRACE(from);
    rules.decide("{\"state\":\"" + std::string(from) + "\"}");
    EXPECT_EQ(rules.evaluation->changed().empty() ? "" : rules.value("extension_n"), number);
  }
}

TEST(Filters, NameACountryInEnglishUnlessTheySayOtherwise) {
  Rules rules(
      "      - { name: a, set: { country: \"{country | country_name}\", state: \"{country | country_name('sv')}\" } }\n");
  ASSERT_FALSE(rules.diagnostics.has_errors()) << rules.diagnostics.render();
  rules.decide(R"({"country":"usa"})");
  EXPECT_EQ(rules.value("country"), "United States");
  EXPECT_EQ(rules.value("state"), "USA");
  rules.decide(R"({"country":"Elbonia"})");
  EXPECT_TRUE(rules.evaluation->changed().empty());
}

TEST(Evaluation, StepsAsideAndComesBack) {
  Rules rules("      - { name: a, tag: t, set: { city: x, email: \"b@c.example\" } }\n"
              "      - { name: b, when: { email.domain: c.example }, block: first }\n");
  rules.decide(R"({"city":"Delft","email":"a@d.example"})");
  Evaluation& evaluation = *rules.evaluation;
  evaluation.step_aside();
  EXPECT_EQ(rules.value("city"), "Delft");
  EXPECT_TRUE(evaluation.changed().empty());
  EXPECT_FALSE(evaluation.same_as_aside());
  EXPECT_EQ(rules.program.evaluate(evaluation).rule, 1);
  EXPECT_TRUE(evaluation.same_as_aside());
  evaluation.come_back();
  EXPECT_EQ(rules.value("city"), "x");
  EXPECT_EQ(evaluation.changed().size(), 2u);
  EXPECT_EQ(evaluation.tags(), 1u);
}

TEST(RuleGroups, AreIncludedWithArguments) {
  Rules rules(
      "      - include: postal\n"
      "        with: { claim: postalCode, pattern: '^\\d{5}$', message: second }\n"
      "      - include: postal\n"
      "        name: other\n"
      "        with: { claim: extension_zip, pattern: [ '^a$', '^b$' ], message: first }\n");
  ASSERT_FALSE(rules.diagnostics.has_errors()) << rules.diagnostics.render();
  ASSERT_EQ(rules.program.rules().size(), 2u);
  EXPECT_EQ(rules.program.rules()[0].name, "postal/shape");
  EXPECT_EQ(rules.program.rules()[1].name, "other/shape");
  EXPECT_EQ(rules.decide(R"({"postalCode":"1"})").message, 1u);
  EXPECT_EQ(rules.decide(R"({"extension_zip":"c"})").rule, 1);
  EXPECT_EQ(rules.decide(R"({"extension_zip":"b"})").rule, Verdict::kNoRule);
}

TEST(RuleGroups, SayWhatIsWrongWithAnInclusion) {
  struct Case {
    const char* rules;
    const char* says;
  };
  constexpr Case kCases[] = {
      {"      - { include: postl }\n", "unknown rule group \"postl\""},
      {"      - { include: postal, with: { claim: city, pattern: x } }\n",
       "the parameter \"message\" of the rule group \"postal\" is missing"},
      {"      - { include: postal, with: { claim: city, pattern: x, message: first, a: b } }\n",
       "has no parameter \"a\""},
      {"      - { include: postal, with: { claim: city, pattern: '(', message: first } }\n",
       "not a pattern"},
      {"      - { include: postal, with: { claim: city, pattern: '(', message: first } }\n",
       "has mistakes as it is included here"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.rules);
    Rules rules(c.rules);
    EXPECT_TRUE(rules.diagnostics.has_errors());
    EXPECT_NE(rules.diagnostics.render().find(c.says), std::string::npos)
        << rules.diagnostics.render();
  }
}

TEST(Conditions, TakeTheirBoundsFromTheEnvironment) {
  struct Case {
    const char* when;
    const char* claims;
    bool matches;
  };
  constexpr Case kCases[] = {
      {R"({ extension_n: { at_most: "${env:MOST}" } })", R"({"extension_n":10})", true},
      {R"({ extension_n: { at_most: "${env:MOST}" } })", R"({"extension_n":10.5})", false},
      {R"({ extension_n: { at_most: "${env:MOST}" } })", R"({"extension_n":"9"})", true},
      {R"({ extension_n: { less_than: "${env:MOST}" } })", R"({"extension_n":10})", false},
      {R"({ extension_n: { greater_than: "${env:LEAST}" } })", R"({"extension_n":-2})", true},
      {R"({ extension_n: { at_least: "${env:LEAST}" } })", R"({"extension_n":-3})", false},
      {R"({ city: { length: { max: "${env:MOST}" } } })", R"({"city":"0123456789"})", true},
      {R"({ city: { length: { max: "${env:MOST}" } } })", R"({"city":"0123456789a"})", false},
      {R"({ extension_d: { before: "${env:SINCE}" } })", R"({"extension_d":"2025-12-31"})", true},
      {R"({ extension_d: { before: "${env:SINCE}" } })", R"({"extension_d":"2026-01-01"})", false},
      {R"({ extension_d: { after: "${env:SINCE}" } })", R"({"extension_d":"2026-01-02T00:00:00Z"})", true},
      {R"({ extension_d: { after: "${env:ADULT}" } })", R"({"extension_d":"2008-12-02"})", true},
      {R"({ extension_d: { after: "${env:ADULT}" } })", R"({"extension_d":"2008-12-01"})", false},
      {R"({ extension_d: { age_at_least: "${env:AGE}" } })", R"({"extension_d":"2008-12-01"})", true},
      {R"({ extension_d: { age_under: "${env:AGE}" } })", R"({"extension_d":"2008-12-01"})", false},
      {R"({ time: { from: "${env:SINCE}" } })", "{}", true},
      {R"({ time: { until: "${env:SINCE}" } })", "{}", false},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(std::string(c.when) + " " + c.claims);
    Rules rules(std::string("      - { name: r, when: ") + c.when + ", block: first }\n");
    ASSERT_FALSE(rules.diagnostics.has_errors()) << rules.diagnostics.render();
    EXPECT_EQ(rules.blocks(c.claims), c.matches);
  }
}

TEST(Conditions, SayWhereABoundFromTheEnvironmentIsNoneAndNotWhatItIs) {
  struct Case {
    const char* when;
    const char* says;
  };
  constexpr Case kCases[] = {
      {R"(city: { at_most: "${env:WORD}" })", "expected a number, found"},
      {R"(city: { at_most: "${env:BOTH}" })", "expected a number, found"},
      {R"(city: { at_most: "${env:HUGE}" })", "expected a number, found"},
      {R"(city: { at_most: "${env:NONE}" })", "the environment variable NONE is not set"},
      {R"(city: { before:  "${env:WORD}" })", "no date, instant or offset"},
      {R"(city: { after:   "${env:MOST}" })", "no date, instant or offset"},
      {R"(time: { from:    "${env:WORD}" })", "no date or instant"},
      {R"(city: { age_under: "${env:WORD}" })", "expected an integer from 0 to 200, found a string"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.when);
    Rules rules(std::string("      - { name: r, block: first, when: { ") + c.when + " } }\n");
    EXPECT_TRUE(rules.diagnostics.has_errors());
    std::string said = rules.diagnostics.render();
    const std::size_t place = said.find("c.yaml:21:");
    ASSERT_NE(place, std::string::npos) << said;
    said = said.substr(place);
    EXPECT_NE(said.find(c.says), std::string::npos) << said;
    for (const char* value : {"tenfold", "10 ", "1e999"}) {
      EXPECT_EQ(said.find(value), std::string::npos) << said;
    }
  }
}

TEST(Compiler, SaysWhatIsWrongWithOperandsAndFilters) {
  struct Case {
    const char* rule;
    const char* says;
  };
  constexpr Case kCases[] = {
      {"when: { city: { before: tomorrow } }, block: first", "no date, instant or offset"},
      {"when: { city: { in_network: 192.0.2.1/24 } }, block: first", "bits behind the prefix are set"},
      {"when: { city: { is_phone: { country: Sweden } } }, block: first", "no ISO 3166-1 code"},
      {"when: { city: { scripts: Latn2 } }, block: first", "unknown script"},
      {"when: { time: { days: [ noday ] } }, block: first", "no day of the week"},
      {"when: { city: { less_than: five } }, block: first", "expected a number"},
      {"when: { percent: { of: 5, by: city } }, block: first", "\"salt\" is missing"},
      {"when: { identities.isuer: a }, block: first", "unknown derived value"},
      {"when: { \"city | replace('(', '')\": a }, block: first", "not a pattern"},
      {"when: { \"city | replace('a', '\\\\1')\": a }, block: first", "no group 1"},
      {"when: { \"city | lower('x')\": a }, block: first", "takes no arguments"},
      {"when: { \"city | substring('x')\": a }, block: first", "not the arguments"},
      {"when: { \"city | map(nothing)\": a }, block: first", "unknown table"},
      {"set: { city: \"{identities.any.issuer}\" }", "several values"},
      {"set: { identities.issuer: x }", "only a claim can be set"},
      {"remove: [ email.domain ]", "only a claim can be removed"},
      {"validation_error: { message: first, claims: { city: none } }", "unknown message"},
      {"tag: \"a b\"", "a tag is 1 to 64"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.rule);
    Rules rules(std::string("      - { name: r, ") + c.rule + " }\n");
    EXPECT_TRUE(rules.diagnostics.has_errors());
    EXPECT_NE(rules.diagnostics.render().find(c.says), std::string::npos)
        << rules.diagnostics.render();
  }
}

}  // namespace
}  // namespace core::rules
