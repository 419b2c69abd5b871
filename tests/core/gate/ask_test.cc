// Rules that ask: what stops an evaluation, what brings it to its end, and what is remembered.
#include <gtest/gtest.h>

#include "core/decisions/encoded.h"
#include "tests/core/gate/house.h"

namespace core::gate {
namespace {

using decisions::Cache;
using decisions::DecidedClaim;
using decisions::Decision;
using rules::VerdictKind;

constexpr std::string_view kAnna =
    R"({"step":"PostAttributeCollection","email":"Anna@mail.example","country":"Sweden","ui_locales":"sv"})";
constexpr std::string_view kContinue = R"({"version":"1.0.0","action":"Continue"})";

std::string continues(std::vector<DecidedClaim> claims = {}) {
  Decision decision;
  decision.claims = std::move(claims);
  return decisions::encode(decision);
}
std::string tells(VerdictKind kind, std::string message, std::string text = "") {
  Decision decision;
  decision.kind = kind;
  decision.message = std::move(message);
  decision.text = std::move(text);
  return decisions::encode(decision);
}
DecidedClaim claim(std::string name, std::string value, claims::Kind kind = claims::Kind::kString) {
  return {std::move(name), kind, std::move(value)};
}

class Asking : public ::testing::Test {
 protected:
  void open(const std::string& rules, const std::string& more = "", bool remembers = true) {
    house_ = std::make_unique<House>(with_rules(rules, more), std::map<std::string, std::string>{},
                                     std::vector<std::string>{"crm", "scores"});
    ASSERT_NE(house_->gate, nullptr) << house_->diagnostics.render();
    house_->gate->use_cache(remembers ? &cache_ : nullptr, {1, 2});
  }
  std::string ask(std::string_view body, std::span<const Given> given = {},
                  Fallback give_up = Fallback::kNone) {
    Known known;
    known.given = given;
    known.give_up = give_up;
    return house_->ask(body, known);
  }
  const Report& report() const { return house_->report; }
  const Asked& asked() const { return house_->gate->at_hand().asked(); }
  void at(std::uint64_t now_ms) { house_->gate->set_now(now_ms); }

  Cache cache_{1 << 20};
  std::unique_ptr<House> house_;
};

TEST_F(Asking, StopsAtTheRuleAndWritesNothing) {
  open(
      "      - { name: c, when: { country: Norway }, ask: scores }\n"
      "      - { name: a, ask: crm }\n");
  EXPECT_EQ(ask(kAnna), "asks");
  EXPECT_EQ(report().rule, 1);
  EXPECT_EQ(asked().ask->backend, 0u);
  EXPECT_FALSE(asked().by_claims);
  EXPECT_TRUE(asked().by_body);
  EXPECT_EQ(report().source, Source::kRules);
}

TEST_F(Asking, GoesOnBehindAContinueWithItsClaims) {
  open(
      "      - { name: a, ask: crm }\n"
      "      - { name: b, when: { extension_tier: gold }, set: { jobTitle: \"Gold {city}\" } }\n"
      "      - { name: n, when: { extension_points: { equals: 42 } }, set: { state: many } }\n");
  const std::string decision =
      continues({claim("extension_Tier", "gold"), claim("city", "Lund \"1\""),
                 claim("extension_points", "42", claims::Kind::kNumber),
                 claim("extension_member", "true", claims::Kind::kBoolean),
                 claim("extension_unknown", "x\ny"), claim("step", "PreTokenIssuance"),
                 claim("objectId", "1")});
  const Given given[] = {{0, Source::kBackend, decision, Fallback::kNone}};
  EXPECT_EQ(ask(kAnna, given),
            R"({"version":"1.0.0","action":"Continue","extension_Tier":"gold","city":"Lund \"1\"",)"
            R"("extension_points":42,"jobTitle":"Gold Lund \"1\"","state":"many",)"
            R"("extension_member":true,"extension_unknown":"x\ny"})");
  EXPECT_EQ(report().source, Source::kBackend);
  EXPECT_EQ(report().rule, rules::Verdict::kNoRule);
}

/// What is told from kept claims is what is told from the body, whatever the worker did in between.
TEST_F(Asking, GoesOnFromKeptClaimsAsFromTheBody) {
  open(
      "      - { name: s, set: { city: \"{givenName | upper}\", country: Norway } }\n"
      "      - { name: a, ask: crm }\n"
      "      - { name: i, when: { identities.any.issuer: a.example }, set: { jobTitle: \"{identities.any.issuer | join(' ')}\" } }\n"
      "      - { name: n, when: { email: { ends_with: \"@mail.example\" } }, set: { state: \"{surname} {email}\" } }\n");
  constexpr std::string_view kBodies[] = {
      kAnna,
      R"({"step":"PostAttributeCollection","email":"a@mail.example","givenName":"J\u00f6\"rg\\","surname":"\n\t\u00e5"})",
      R"({"email":"b\u0040mail.example","country":null,"city":"","identities":[{"issuer":"a.example"},{"issuer":"\u0062"}]})",
      R"({"extension\u005fTier":"x","ui_locales":"s\u0076","postalCode":12.5e3,"givenName":true})",
      "{}",
  };
  const std::string decision = continues({claim("extension_Tier", "gold")});
  const Given given[] = {{1, Source::kBackend, decision, Fallback::kNone}};
  Known known;
  known.given = given;
  for (const std::string_view body : kBodies) {
    SCOPED_TRACE(body);
    const std::string expected = ask(body, given);
    claims::KeptClaims kept;
    std::string copy;
    {
      std::string padded(body);
      padded.append(claims::kReadPadding, '"');
      const std::string_view seen = std::string_view(padded).substr(0, body.size());
      http::OutBuffer out(1 << 20);
      const Report first = house_->gate->answer_body(house_->snapshot->connectors[0], seen,
                                                     http::After::kKeepOpen, kDate, out);
      ASSERT_TRUE(first.asks);
      copy.assign(seen).append(claims::kReadPadding, '\0');
      const rules::Evaluation& evaluation = house_->gate->evaluation();
      const std::vector<claims::NameId> changed = evaluation.changed();
      house_->gate->keep_claims(seen, std::string_view(copy).substr(0, body.size()), kept);
      EXPECT_EQ(evaluation.changed(), changed);
      EXPECT_EQ(evaluation.claims()[claims::kCountry].value, "Norway") << "the question is made of these";
    }
    ASSERT_NE(ask(R"({"email":"other@mail.example","givenName":"Other","surname":"Person"})", given), "");
    http::OutBuffer out(1 << 20);
    const Report again = house_->gate->answer_kept(
        house_->snapshot->connectors[0], kept, std::string_view(copy).substr(0, body.size()),
        http::After::kKeepOpen, kDate, out, known);
    EXPECT_FALSE(again.asks);
    EXPECT_EQ(again.source, Source::kBackend);
    const std::string_view response = out.view();
    EXPECT_EQ(response.substr(response.find("\r\n\r\n") + 4), expected);
  }
}

/// Asks `body`, has `other` answered meanwhile, and goes on with what was kept of the first.
std::string ask_across(House& house, std::string_view body, std::string_view other, const Known& known) {
  const Connector& connector = house.snapshot->connectors[0];
  const std::string padded = std::string(body).append(claims::kReadPadding, '"');
  const std::string copy = padded;
  const std::string_view seen = std::string_view(padded).substr(0, body.size());
  const std::string_view of_copy = std::string_view(copy).substr(0, body.size());
  http::OutBuffer out(1 << 20);
  EXPECT_TRUE(house.gate->answer_body(connector, seen, http::After::kKeepOpen, kDate, out).asks);
  claims::KeptClaims kept;
  house.gate->keep_claims(seen, of_copy, kept);
  house.ask(other);
  out.clear();
  house.report = house.gate->answer_kept(connector, kept, of_copy, http::After::kKeepOpen, kDate, out, known);
  const std::string_view response = out.view();
  return std::string(response.substr(response.find("\r\n\r\n") + 4));
}

TEST_F(Asking, AtItsOwnStepWhateverIsAnsweredWhileItWaits) {
  open("      - { name: a, ask: crm }\n");
  const std::string error = tells(VerdictKind::kValidationError, "plain");
  const Given given[] = {{0, Source::kBackend, error, Fallback::kNone}};
  Known known;
  known.given = given;
  constexpr std::string_view kBefore = R"({"step":"PostFederationSignup","email":"a@mail.example"})";
  constexpr std::string_view kForm = R"({"step":"PostAttributeCollection","email":"a@mail.example"})";
  EXPECT_EQ(ask_across(*house_, kBefore, kForm, known),
            R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"No."})");
  EXPECT_EQ(report().step, dialects::Step::kPostFederationSignup);
  EXPECT_EQ(ask_across(*house_, kForm, kBefore, known),
            R"({"version":"1.0.0","status":400,"action":"ValidationError","userMessage":"No."})");
  EXPECT_EQ(report().step, dialects::Step::kPostAttributeCollection);
}

TEST(AskingEvents, AnswersTheAttributesOfItsOwnEventWhateverIsAnsweredWhileItWaits) {
  std::string yaml = with_rules("      - { name: a, ask: crm }\n");
  const std::string flow = "b2c-userflow";
  House house(yaml.replace(yaml.find(flow), flow.size(), "ext-id"), {}, {"crm"});
  ASSERT_NE(house.snapshot, nullptr) << house.diagnostics.render();
  const std::string decision = continues({claim("extension_Tier", "gold")});
  const Given given[] = {{0, Source::kBackend, decision, Fallback::kNone}};
  Known known;
  known.given = given;
  const auto event = [](const std::string& kind, const std::string& attribute) {
    return R"({"type":"microsoft.graph.authenticationEvent.attributeCollection)" + kind +
           R"(","data":{"userSignUpInfo":{"attributes":{")" + attribute + R"(":{"value":"x"}},"identities":[]}}})";
  };
  EXPECT_EQ(ask_across(house, event("Submit", "extension_9c2f41d07be84a6c8f35d1e2a07b64c3_Tier"),
                       event("Start", "city"), known),
            R"({"data":{"@odata.type":"microsoft.graph.onAttributeCollectionSubmitResponseData","actions":[{"@odata.type":"microsoft.graph.attributeCollectionSubmit.modifyAttributeValues","attributes":{"extension_9c2f41d07be84a6c8f35d1e2a07b64c3_Tier":"gold"}}]}})");
  EXPECT_EQ(house.report.step, dialects::Step::kAttributeCollectionSubmit);
}

TEST_F(Asking, EndsWithABlockOrValidationErrorInTheCallersLanguage) {
  open("      - { name: a, ask: crm }\n");
  const std::string block = tells(VerdictKind::kBlock, "plain");
  const Given blocked[] = {{0, Source::kJoined, block, Fallback::kNone}};
  EXPECT_EQ(ask(kAnna, blocked),
            R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"Nej."})");
  EXPECT_EQ(report().rule, 0);
  EXPECT_EQ(report().source, Source::kJoined);
  const std::string error = tells(VerdictKind::kValidationError, "", "Bad <b>\"number\"</b>");
  const Given wrong[] = {{0, Source::kBackend, error, Fallback::kNone}};
  EXPECT_EQ(ask(kAnna, wrong),
            R"({"version":"1.0.0","status":400,"action":"ValidationError","userMessage":)"
            "\"Bad \u2039b\u203a\\\"number\\\"\u2039/b\u203a\"}");
  EXPECT_EQ(report().status, 400);
}

TEST_F(Asking, TellsOtherwiseWhenTheMessageIsGone) {
  open("      - { name: a, ask: crm }\n", "    otherwise: { block: plain }\n");
  const std::string block = tells(VerdictKind::kBlock, "of_another_configuration");
  const Given given[] = {{0, Source::kBackend, block, Fallback::kNone}};
  EXPECT_EQ(ask(kAnna, given),
            R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"No."})");
  EXPECT_EQ(report().source, Source::kOtherwise);
}

TEST_F(Asking, AsksOneRuleBehindTheOther) {
  open(
      "      - { name: a, ask: crm }\n"
      "      - { name: b, when: { extension_tier: gold }, ask: scores }\n"
      "      - { name: c, when: { extension_score: low }, block: plain }\n");
  EXPECT_EQ(ask(kAnna), "asks");
  const std::string tier = continues({claim("extension_tier", "gold")});
  const std::string score = continues({claim("extension_score", "low")});
  const Given first[] = {{0, Source::kBackend, tier, Fallback::kNone}};
  EXPECT_EQ(ask(kAnna, first), "asks");
  EXPECT_EQ(report().rule, 1);
  EXPECT_EQ(asked().ask->backend, 1u);
  const Given both[] = {{0, Source::kBackend, tier, Fallback::kNone},
                        {1, Source::kJoined, score, Fallback::kNone}};
  EXPECT_EQ(ask(kAnna, both),
            R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"Nej."})");
  EXPECT_EQ(report().source, Source::kBackend) << "the farthest place";
}

TEST_F(Asking, TellsOtherwiseAndWhyWhenNoDecisionIsToBeHad) {
  open("      - { name: a, ask: crm }\n", "    otherwise: { validation_error: plain }\n");
  constexpr std::string_view kLater =
      R"({"version":"1.0.0","status":400,"action":"ValidationError","userMessage":"Nej."})";
  EXPECT_EQ(ask(kAnna, {}, Fallback::kDeadline), kLater);
  EXPECT_EQ(report().fallback, Fallback::kDeadline);
  EXPECT_EQ(report().rule, rules::Verdict::kOtherwise);
  const Given failed[] = {{0, Source::kBackend, {}, Fallback::kBackend}};
  EXPECT_EQ(ask(kAnna, failed), kLater);
  EXPECT_EQ(report().fallback, Fallback::kBackend);
  EXPECT_EQ(report().source, Source::kOtherwise);
}

constexpr char kCached[] =
    "      - { name: a, ask: crm, cache: { key: [ email | lower, country ], "
    "ttl: { continue: 10s, block: 1h }, stale: 60s } }\n";

TEST_F(Asking, RemembersUnderTheClaimsThatTheKeyNames) {
  open(kCached);
  at(0);
  EXPECT_EQ(ask(kAnna), "asks");
  EXPECT_TRUE(asked().by_claims);
  const decisions::Key key = asked().claims_key;
  ASSERT_TRUE(cache_.put(key, continues({claim("city", "Lund")}), {10'000, 60'000, 0}, 0));
  EXPECT_EQ(ask(kAnna), R"({"version":"1.0.0","action":"Continue","city":"Lund"})");
  EXPECT_EQ(report().source, Source::kCache);
  EXPECT_EQ(report().hits, 1);
  // Another spelling of the address, other claims beside it: the same question.
  EXPECT_EQ(ask(R"({"givenName":"A","country":"Sweden","email":"ANNA@MAIL.EXAMPLE"})"),
            R"({"version":"1.0.0","action":"Continue","city":"Lund"})");
  for (const std::string_view other :
       {R"({"email":"anna@mail.example","country":"Norway"})", R"({"email":"anna@mail.example"})",
        R"({"email":"anna@mail.exampleSweden","country":""})"}) {
    EXPECT_EQ(ask(other), "asks") << other;
    EXPECT_NE(asked().claims_key, key);
  }
}

TEST_F(Asking, TellsAStaleDecisionAndHasItRenewedOnce) {
  open(kCached);
  at(0);
  EXPECT_EQ(ask(kAnna), "asks");
  ASSERT_TRUE(
      cache_.put(asked().claims_key, continues({claim("city", "Lund")}), {10'000, 60'000, 0}, 0));
  at(10'000);
  EXPECT_EQ(ask(kAnna), R"({"version":"1.0.0","action":"Continue","city":"Lund"})");
  EXPECT_EQ(report().source, Source::kStale);
  EXPECT_EQ(report().stale_hits, 1);
  EXPECT_EQ(report().refresh, 0u);
  // What the renewing makes its question from.
  Known known;
  known.refresh = 0;
  EXPECT_EQ(house_->ask(kAnna, known), "asks");
  EXPECT_EQ(ask(kAnna), R"({"version":"1.0.0","action":"Continue","city":"Lund"})");
  EXPECT_EQ(report().refresh, Known::kNoRule) << "somebody is at it";
}

TEST_F(Asking, WaitsForAFreshDecisionWhereToldTo) {
  open("      - { name: a, ask: crm, cache: { key: [ email ], stale: 60s, revalidate: wait } }\n",
       "    otherwise: { block: plain }\n    retry_window: 0ms\n");
  at(0);
  EXPECT_EQ(ask(kAnna), "asks");
  ASSERT_TRUE(
      cache_.put(asked().claims_key, continues({claim("city", "Lund")}), {10'000, 60'000, 0}, 0));
  at(10'000);
  EXPECT_EQ(ask(kAnna), "asks");
  // The backend failed, or the time is up: the stale one is better than `otherwise`.
  const Given failed[] = {{0, Source::kBackend, {}, Fallback::kBackend}};
  EXPECT_EQ(ask(kAnna, failed), R"({"version":"1.0.0","action":"Continue","city":"Lund"})");
  EXPECT_EQ(report().source, Source::kStale);
  EXPECT_EQ(ask(kAnna, {}, Fallback::kDeadline),
            R"({"version":"1.0.0","action":"Continue","city":"Lund"})");
  EXPECT_EQ(report().refresh, Known::kNoRule);
}

TEST_F(Asking, DoesNotAskAgainAtOnceWhatCouldNotBeSettled) {
  open(kCached, "    otherwise: { block: plain }\n");
  at(0);
  EXPECT_EQ(ask(kAnna), "asks");
  cache_.put_unresolved(asked().claims_key, 5'000, 0);
  EXPECT_EQ(ask(kAnna), R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"Nej."})");
  EXPECT_EQ(report().fallback, Fallback::kRemembered);
  at(5'000);
  EXPECT_EQ(ask(kAnna), "asks");
}

TEST_F(Asking, KnowsACallersRetryByItsBody) {
  open("      - { name: a, ask: crm }\n");
  at(0);
  EXPECT_EQ(ask(kAnna), "asks");
  ASSERT_TRUE(cache_.put(asked().body_key, continues({claim("city", "Lund")}), {12'000, 0, 0}, 0));
  EXPECT_EQ(ask(kAnna), R"({"version":"1.0.0","action":"Continue","city":"Lund"})");
  EXPECT_EQ(ask(std::string(kAnna) + " "), "asks") << "another body is another sign-up";
  at(12'000);
  EXPECT_EQ(ask(kAnna), "asks");
}

TEST_F(Asking, RemembersNothingAtTheTokenStepUnlessToldTo) {
  constexpr std::string_view kToken = R"({"step":"PreTokenIssuance","email":"a@b.example"})";
  open(kCached);
  EXPECT_EQ(ask(kToken), "asks");
  EXPECT_FALSE(asked().by_claims);
  EXPECT_FALSE(asked().by_body);
  EXPECT_TRUE(cache_.put(asked().claims_key, continues(), {10'000, 0, 0}, 0));
  EXPECT_EQ(ask(kToken), "asks") << "what another step has left is not for this one";
  open("      - { name: a, ask: crm, cache: { key: [ email ], token_step: true } }\n");
  EXPECT_EQ(ask(kToken), "asks");
  EXPECT_TRUE(asked().by_claims);
  EXPECT_TRUE(asked().by_body);
}

TEST_F(Asking, DoesNothingInShadow) {
  open("      - { name: a, mode: shadow, ask: crm }\n");
  EXPECT_EQ(ask(kAnna), kContinue);
  EXPECT_EQ(house_->gate->evaluation().shadowed().size(), 1u);
}

TEST_F(Asking, HasAnotherKeyUnderAnotherRule) {
  open(kCached);
  EXPECT_EQ(ask(kAnna), "asks");
  const decisions::Key key = asked().claims_key;
  open(kCached);
  EXPECT_EQ(ask(kAnna), "asks");
  EXPECT_EQ(asked().claims_key, key) << "a reload of the same";
  std::string lifetimes = kCached;
  lifetimes.replace(lifetimes.find("1h"), 2, "2h");
  open(lifetimes);
  EXPECT_EQ(ask(kAnna), "asks");
  EXPECT_EQ(asked().claims_key, key) << "for how long does not change what";
  std::string named = kCached;
  named.replace(named.find("name: a"), 7, "name: b");
  std::string backend = kCached;
  backend.replace(backend.find("ask: crm"), 8, "ask: scores");
  std::string when = kCached;
  when.replace(when.find("ask:"), 4, "when: { email: { exists: true } }, ask:");
  for (const std::string& other : {named, backend, when}) {
    open(other);
    EXPECT_EQ(ask(kAnna), "asks");
    EXPECT_NE(asked().claims_key, key) << other;
  }
}

TEST_F(Asking, WithoutACacheStillKnowsWhatAsksTheSame) {
  open(kCached, "", false);
  EXPECT_EQ(ask(kAnna), "asks");
  EXPECT_FALSE(asked().by_claims);
  EXPECT_FALSE(asked().by_body);
  const decisions::Key flight = asked().flight();
  EXPECT_EQ(ask(std::string(kAnna) + " "), "asks");
  EXPECT_EQ(asked().flight(), flight);
}

TEST(AskErrors, NameThePlaceAndWhatToWrite) {
  const House unknown(with_rules("      - { name: a, ask: cmr }\n"), {}, {"crm"});
  EXPECT_NE(unknown.diagnostics.render().find("unknown backend \"cmr\""), std::string::npos);
  EXPECT_NE(unknown.diagnostics.render().find("did you mean \"crm\"?"), std::string::npos);
  const House none(with_rules("      - { name: a, ask: crm }\n"));
  EXPECT_NE(none.diagnostics.render().find("no `backends` are defined"), std::string::npos);
  const House cache(with_rules("      - { name: a, block: plain, cache: { key: [ email ] } }\n"));
  EXPECT_NE(cache.diagnostics.render().find("only a rule that asks has decisions to keep"),
            std::string::npos);
  const House subject(
      with_rules("      - { name: a, ask: crm, cache: { key: [ email.domian ] } }\n"), {}, {"crm"});
  EXPECT_NE(subject.diagnostics.render().find("did you mean \"email.domain\"?"), std::string::npos);
  const House jitter(
      with_rules("      - { name: a, ask: crm, cache: { key: [ email ], jitter: 10x } }\n"), {},
      {"crm"});
  EXPECT_NE(jitter.diagnostics.render().find("expected a share from 0% to 100%"), std::string::npos)
      << jitter.diagnostics.render();
}

}  // namespace
}  // namespace core::gate
