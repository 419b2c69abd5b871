// Rules with limits: who is counted, when, and what a wait or a retry changes about that.
#include <gtest/gtest.h>

#include "core/decisions/encoded.h"
#include "tests/core/gate/house.h"

namespace core::gate {
namespace {

constexpr std::string_view kLimits =
    "velocity:\n"
    "  tries: { key: [ email.domain ], window: 10m, at_most: 2 }\n"
    "  people: { key: [ email.domain, country ], window: 10m, at_most: 2, counts: accounts }\n";

std::string person(std::string_view name, std::string_view more = "",
                   std::string_view step = "PostAttributeCollection") {
  return "{\"step\":\"" + std::string(step) + "\",\"email\":\"" + std::string(name) +
         "@mail.example\"" + std::string(more) + "}";
}

class Limits : public ::testing::Test {
 protected:
  void open(const std::string& rules, const std::string& more = "") { open_with("", rules, more); }
  void open_with(const std::string& state, const std::string& rules, const std::string& more) {
    house_ = std::make_unique<House>(state + std::string(kLimits) + with_rules(rules, more),
                                     std::map<std::string, std::string>{},
                                     std::vector<std::string>{"crm"});
    ASSERT_NE(house_->gate, nullptr) << house_->diagnostics.render();
    house_->gate->use_cache(nullptr, {1, 2});
    house_->gate->use_counters(&counters_);
    house_->gate->set_now(1'000);
  }
  bool is_let_through(const std::string& body, const Known& known = {}) {
    return house_->ask(body, known).find("Continue") != std::string::npos;
  }

  velocity::Counters counters_{1 << 20};
  std::unique_ptr<House> house_;
};

TEST_F(Limits, EndWhatIsOverThemWithTheRulesOwnWords) {
  open("      - { name: often, limit: tries, block: plain }\n"
       "      - { name: n, set: { city: Lund } }\n");
  EXPECT_TRUE(is_let_through(person("a")));
  EXPECT_EQ(house_->ask(person("b")),
            R"({"version":"1.0.0","action":"Continue","city":"Lund"})");
  EXPECT_EQ(house_->ask(person("c")),
            R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"No."})");
  EXPECT_EQ(house_->report.rule, 0);
  EXPECT_EQ(house_->report.limits, 1);
  EXPECT_TRUE(is_let_through(R"({"step":"PostAttributeCollection","email":"x@other.example"})"));
  house_->gate->set_now(1'000 + 600'000);
  EXPECT_TRUE(is_let_through(person("d")));
}

TEST_F(Limits, TheCallersRetryIsToldTheSameAndCountedOnce) {
  open("      - { name: often, limit: tries, validation_error: plain }\n");
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(is_let_through(person("a"))) << i;
  EXPECT_TRUE(is_let_through(person("b")));
  EXPECT_FALSE(is_let_through(person("c")));
  EXPECT_TRUE(is_let_through(person("b")));
  EXPECT_FALSE(is_let_through(person("c")));
  house_->gate->set_now(1'000 + 12'000);  // it is no retry any more
  EXPECT_FALSE(is_let_through(person("a")));
}

TEST_F(Limits, WithoutARetryWindowEveryRequestCounts) {
  open("      - { name: often, limit: tries, block: plain }\n", "    retry_window: 0ms\n");
  EXPECT_TRUE(is_let_through(person("a")));
  EXPECT_TRUE(is_let_through(person("a")));
  EXPECT_FALSE(is_let_through(person("a")));
}

TEST_F(Limits, AccountsAreThoseThatAreLetThroughAtTheStepBeforeTheyAreCreated) {
  open("      - { name: often, limit: people, block: plain }\n"
       "      - { name: z, when: { postalCode: missing }, validation_error: plain }\n"
       "      - { name: z2, when: { postalCode: { equals: \"0\" } }, validation_error: plain }\n");
  const std::string sent_back = R"(,"postalCode":"0")";
  const std::string good = R"(,"postalCode":"1")";
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(is_let_through(person("a" + std::to_string(i), sent_back)));
    EXPECT_EQ(house_->report.rule, 2);
    EXPECT_TRUE(is_let_through(person("a" + std::to_string(i), good, "PreTokenIssuance")));
    EXPECT_TRUE(is_let_through(person("a" + std::to_string(i), good, "PostFederationSignup")));
  }
  EXPECT_TRUE(is_let_through(person("b", good)));
  EXPECT_TRUE(is_let_through(person("c", good)));
  EXPECT_FALSE(is_let_through(person("d", good)));
  EXPECT_EQ(house_->report.rule, 0);
  EXPECT_FALSE(is_let_through(person("e", good, "PostFederationSignup"))) << "there it is looked at";
  EXPECT_TRUE(is_let_through(person("f", R"(,"postalCode":"1","country":"Sweden")")))
      << "another country is another counter";
}

TEST_F(Limits, CountNobodyWithoutAnyOfTheirValuesAndSomebodyWithOne) {
  open("      - { name: often, limit: people, block: plain }\n");
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(is_let_through(R"({"step":"PostAttributeCollection","city":")" + std::to_string(i) +
                               "\"}"));
    EXPECT_EQ(house_->report.limits, 0);
  }
  EXPECT_TRUE(is_let_through(person("a")));
  EXPECT_TRUE(is_let_through(person("b", R"(,"country":"")"))) << "empty is as missing";
  EXPECT_FALSE(is_let_through(person("c")));
}

TEST_F(Limits, InShadowCountAndReportAndDoNothing) {
  open("      - { name: often, limit: people, block: plain, mode: shadow }\n");
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(is_let_through(person("a" + std::to_string(i))));
    EXPECT_EQ(house_->gate->evaluation().shadowed().size(), i < 2 ? 0u : 1u) << i;
  }
}

TEST_F(Limits, CountARequestThatWaitsOnceAndKeepItsAnswer) {
  for (const char* const window : {"12s", "0ms"}) {
    SCOPED_TRACE(window);
    open("      - { name: often, limit: people, block: plain }\n"
         "      - { name: a, ask: crm }\n",
         std::string("    retry_window: ") + window + "\n");
    const std::string country = std::string(R"(,"country":")") + window + "\"";
    decisions::Decision block;
    block.kind = rules::VerdictKind::kBlock;
    block.message = "plain";
    const std::string no = decisions::encode(block);
    const std::string yes = decisions::encode({});
    const auto with = [&](const std::string& body, const std::string& decision) {
      const Given given[] = {{1, Source::kBackend, decision, Fallback::kNone}};
      Known known;
      known.given = given;
      return is_let_through(body, known);
    };
    EXPECT_EQ(house_->ask(person("a", country)), "asks");
    EXPECT_EQ(house_->ask(person("b", country)), "asks");
    EXPECT_FALSE(is_let_through(person("c", country))) << "two are on their way";
    EXPECT_EQ(house_->report.rule, 0);
    EXPECT_TRUE(with(person("a", country), yes));
    EXPECT_FALSE(with(person("b", country), no));
    EXPECT_EQ(house_->ask(person("d", country)), "asks") << "the second one was not created";
    Known known;
    known.give_up = Fallback::kDeadline;
    EXPECT_TRUE(is_let_through(person("d", country), known)) << "otherwise: continue creates it";
    EXPECT_FALSE(is_let_through(person("e", country)));
  }
}

TEST_F(Limits, OneThatSeveralRulesNameCountsOnce) {
  open("      - { name: first, when: { country: Sweden }, limit: tries, block: plain }\n"
       "      - { name: second, limit: tries, block: plain }\n");
  EXPECT_TRUE(is_let_through(person("a", R"(,"country":"Sweden")")));
  EXPECT_TRUE(is_let_through(person("b", R"(,"country":"Sweden")")));
  EXPECT_FALSE(is_let_through(person("c")));
  EXPECT_EQ(house_->report.rule, 1);
}

TEST_F(Limits, CountersGoOnThroughAReload) {
  open("      - { name: often, limit: tries, block: plain }\n");
  EXPECT_TRUE(is_let_through(person("a")));
  EXPECT_TRUE(is_let_through(person("b")));
  open("      - { name: another name, when: { email: { exists: true } }, limit: tries, block: plain }\n");
  EXPECT_FALSE(is_let_through(person("c")));
}

TEST_F(Limits, WithoutCountersNothingIsOverALimit) {
  open("      - { name: often, limit: tries, block: plain }\n");
  house_->gate->use_counters(nullptr);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(is_let_through(person("a" + std::to_string(i))));
}

struct Mistake {
  std::string_view rules, more, told;
};

TEST(LimitMistakes, AreReportedWithTheirPlace) {
  constexpr Mistake kMistakes[] = {
      {"      - { name: a, limit: trise, block: plain }\n", "velocity: { tries: { key: [ email.domain ], window: 1h, at_most: 2 } }\n",
       "unknown limit \"trise\""},
      {"      - { name: a, limit: tries, block: plain }\n", "", "no limits are defined"},
      {"      - { name: a, limit: tries, set: { city: Lund } }\n", "velocity: { tries: { key: [ email.domain ], window: 1h, at_most: 2 } }\n",
       "what is over a limit has to be told so"},
      {"      - { name: a, block: plain }\n", "velocity: { tries: { key: [ email.domain ], window: 1h, at_most: 2 } }\n",
       "no rule has the limit \"tries\""},
      {"      - { name: a, limit: tries, block: plain }\n", "velocity: { tries: { key: [ emial.domain ], window: 1h, at_most: 2 } }\n",
       "emial.domain"},
      {"      - { name: a, limit: tries, block: plain }\n", "velocity: { tries: { key: [ email ], window: 1h, at_most: 2 } }\n",
       "write email.canonical"},
      {"      - { name: a, limit: tries, block: plain }\n", "velocity: { tries: { key: [ email.domain ], window: 22d, at_most: 2 } }\n",
       "longer than 21 days"},
      {"      - { name: a, limit: tries, block: plain }\n", "limits: { velocity: 1MiB }\nvelocity: { tries: { key: [ email.domain ], window: 1h, at_most: 100000 } }\n",
       "the counters have room for at most 86016"},
      {"      - { name: a, limit: tries, block: plain }\n", "velocity: { tries: { key: [ identities.any.issuer ], window: 1h, at_most: 2 } }\n",
       "several values where one is needed"},
  };
  for (const Mistake& mistake : kMistakes) {
    SCOPED_TRACE(mistake.told);
    const House house(std::string(mistake.more) + with_rules(std::string(mistake.rules)));
    EXPECT_NE(house.diagnostics.render().find(mistake.told), std::string::npos)
        << house.diagnostics.render();
  }
}

TEST(LimitMistakes, InShadowRulesTheyCountNothing) {
  const House house(std::string(kLimits) +
                    with_rules("      - { name: a, limit: tries, block: plain }\n",
                               "    shadow_rules: [ { name: b, limit: people, block: plain } ]\n"));
  EXPECT_NE(house.diagnostics.render().find("rules of `shadow_rules` count nothing"),
            std::string::npos);
}

TEST(LimitMistakes, ARuleBelowOneWithALimitCanAct) {
  const House house(std::string(kLimits) +
                    with_rules("      - { name: a, limit: tries, block: plain }\n"
                               "      - { name: b, limit: people, block: plain }\n"));
  EXPECT_EQ(house.diagnostics.render(), "");
}

/// A limit that machines share: the gate asks, and goes by what it is given.
class SharedLimits : public Limits {
 protected:
  void open_shared(const std::string& rules, const std::string& more = "") {
    // 32 bytes in base64
    open_with("state: { redis: \"redis://127.0.0.1\", key: \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\" }\n", rules, more);
    house_->gate->share_limits(1 << 20);
  }
  /// Answers as the state would, until there is an answer.
  std::string told(const std::string& body, const CountedApart* counted, bool joined = false,
                   Fallback why = Fallback::kState) {
    std::string answer = house_->ask(body);
    if (answer != "asks") return answer;
    asked_ = house_->gate->at_hand().asked();
    const Given given{asked_.rule, Source::kState, {}, why, counted, joined};
    Known known;
    known.given = std::span(&given, 1);
    return house_->ask(body, known);
  }
  static bool passes(const std::string& answer) { return answer.find("Continue") != std::string::npos; }

  Asked asked_;
};

TEST_F(SharedLimits, AreAskedAndTheRuleGoesByTheAnswer) {
  open_shared("      - { name: often, limit: people, block: plain }\n");
  CountedApart within;
  within.counted.before = 1;
  within.counted.stamp = 0;
  within.stamp = 77;
  EXPECT_TRUE(passes(told(person("a"), &within)));
  EXPECT_EQ(asked_.ask->workflow->asks, config::Asks::kLimit);
  EXPECT_EQ(asked_.ask->backend_name, "velocity.people");
  EXPECT_EQ(asked_.count.at_most, 2u);
  EXPECT_EQ(asked_.count.window_ms, 600'000u);
  EXPECT_EQ(asked_.count.repeat_ms, 12'000u);
  EXPECT_TRUE(asked_.count.look_for_repeat);
  EXPECT_EQ(house_->report.source, Source::kState);
  ASSERT_EQ(house_->report.limits, 1);
  EXPECT_EQ(house_->gate->at_hand().counted()[0].shared_stamp, 0u) << "it came to pass";
  CountedApart over;
  over.counted.over = true;
  EXPECT_FALSE(passes(told(person("b"), &over)));
  EXPECT_EQ(house_->report.rule, 0);
}

TEST_F(SharedLimits, WhatDoesNotComeToPassIsLeftToBeTakenBack) {
  open_shared("      - { name: often, limit: people, block: plain }\n"
              "      - { name: z, when: { postalCode: { missing: true } }, validation_error: plain }\n");
  CountedApart within;
  within.stamp = 77;
  EXPECT_FALSE(passes(told(person("a"), &within)));
  EXPECT_EQ(house_->report.rule, 1);
  ASSERT_EQ(house_->report.limits, 1);
  EXPECT_EQ(house_->gate->at_hand().counted()[0].shared_stamp, 77u);
  EXPECT_EQ(house_->gate->at_hand().counted()[0].request, asked_.count.request);
  EXPECT_FALSE(passes(told(person("a"), &within, true))) << "whoever has joined takes nothing back";
  EXPECT_EQ(house_->gate->at_hand().counted()[0].shared_stamp, 0u);
  EXPECT_TRUE(house_->gate->at_hand().counted()[0].what.repeated);
}

TEST_F(SharedLimits, TheSameRequestIsOneQuestionUnlessNothingIsARetry) {
  open_shared("      - { name: often, limit: tries, block: plain }\n");
  const auto flight = [&](const std::string& body) {
    EXPECT_EQ(house_->ask(body), "asks");
    return house_->gate->at_hand().asked().flight();
  };
  EXPECT_EQ(flight(person("a")), flight(person("a")));
  EXPECT_NE(flight(person("a")), flight(person("b")));
  open_shared("      - { name: often, limit: tries, block: plain }\n", "    retry_window: 0ms\n");
  EXPECT_NE(flight(person("a")), flight(person("a")));
  EXPECT_EQ(house_->gate->at_hand().asked().count.repeat_ms, 0u);
}

TEST_F(SharedLimits, WhenTheStateIsAwayTheRuleSaysWhatHappens) {
  const std::string otherwise = "    otherwise: { validation_error: plain }\n";
  open_shared("      - { name: often, limit: tries, when_away: closed, block: plain }\n", otherwise);
  EXPECT_NE(told(person("a"), nullptr).find("ValidationError"), std::string::npos);
  EXPECT_EQ(house_->report.fallback, Fallback::kState);
  CountedApart unknown;
  unknown.unknown = true;
  EXPECT_TRUE(passes(told(person("a"), &unknown)));
  EXPECT_TRUE(house_->gate->at_hand().counted()[0].what.unknown);

  Known hurried;
  hurried.give_up = Fallback::kPending;
  EXPECT_EQ(house_->ask(person("a"), hurried).find("Continue"), std::string::npos);
  open_shared("      - { name: often, limit: tries, when_away: open, block: plain }\n", otherwise);
  EXPECT_NE(house_->ask(person("a"), hurried).find("Continue"), std::string::npos);
  open_shared("      - { name: often, limit: tries, block: plain }\n", otherwise);
  for (const char* name : {"a", "b"}) EXPECT_TRUE(passes(house_->ask(person(name), hurried))) << name;
  EXPECT_FALSE(passes(house_->ask(person("c"), hurried))) << "this machine's counter";
}

TEST_F(SharedLimits, SeveralRulesOfOneLimitAskOnce) {
  open_shared("      - { name: often, limit: tries, mode: shadow, block: plain }\n"
              "      - { name: too often, limit: tries, block: plain }\n");
  CountedApart over;
  over.counted.over = true;
  EXPECT_FALSE(passes(told(person("a"), &over)));
  EXPECT_EQ(house_->report.rule, 1);
  EXPECT_EQ(house_->report.limits, 1);
}

TEST_F(SharedLimits, AreCountedHereWhereTheConfigurationSaysSoOrNobodyIsAsked) {
  open_with("state: { redis: \"redis://127.0.0.1\", key: \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\" }\n",
            "      - { name: often, limit: tries, block: plain }\n", "");
  for (const char* name : {"a", "b"}) EXPECT_TRUE(is_let_through(person(name))) << name;
  EXPECT_FALSE(is_let_through(person("c"))) << "check and explain have no state";
}

}  // namespace
}  // namespace core::gate
