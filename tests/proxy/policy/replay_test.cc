#include "proxy/policy/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "proxy/capture/line.h"
#include "proxy/capture/redactor.h"
#include "tests/core/gate/house.h"

namespace proxy::policy {
namespace {

using testing::HasSubstr;

/// A line of a capture: what a redactor makes of `body`, and what was told.
std::string line_of(std::string_view body, const std::vector<std::string>& keep,
                    const std::string& verdict = "\"verdict\":\"continue\"") {
  std::string line =
      R"({"time":"2026-11-26T09:00:00.250Z","connector":"signup","step":"PostAttributeCollection",)" +
      verdict + ",";
  capture::Redactor redactor(keep, "a secret of a test");
  EXPECT_TRUE(redactor.append(body, line));
  return line + "}";
}

TEST(ReadLine, MakesARequestOfALineAgain) {
  const auto read = capture::read_line(line_of(
      R"({"step":"PostAttributeCollection","country":"SE","n":12345678901234567890123,"email":"a@b.example",)"
      R"("age":7,"on":true,"list":[1],"object":{},"none":null,"city":"Lund"})",
      {"country", "n", "email.domain"}, R"("verdict":"block","rule":"r \"1\"")"));
  ASSERT_TRUE(read.ok()) << read.error().why;
  const capture::CapturedRequest& request = read.value();
  EXPECT_EQ(request.time_ms, 1795683600250);
  EXPECT_EQ(request.connector, "signup");
  EXPECT_EQ(request.verdict, "block");
  EXPECT_EQ(request.rule, "r \"1\"");
  EXPECT_TRUE(request.body.starts_with(
      R"({"country":"SE","n":12345678901234567890123,"step":"PostAttributeCollection","email":"hidden-)"))
      << request.body;
  EXPECT_THAT(
      request.body,
      HasSubstr(
          R"(@b.example","age":0,"on":false,"list":[],"object":{},"none":null,"city":"hidden-)"));
  ASSERT_EQ(request.hidden.size(), 6u);
  EXPECT_EQ(request.hidden[0].name, "email");
  EXPECT_TRUE(request.hidden[0].has_domain);
  EXPECT_EQ(request.hidden[5].name, "city");
  EXPECT_FALSE(request.hidden[5].has_domain);
}

TEST(ReadLine, RefusesWhatIsNoLine) {
  const std::string good = line_of(R"({"email":"a@b.example","country":"SE"})", {"country"});
  ASSERT_TRUE(capture::read_line(good).ok());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(capture::read_line(good.substr(0, size)).ok()) << size;
  }
  for (
      const char* line :
      {"[]", "5", "{}", R"({"claims":{}})", R"({"claims":5,"time":"x"})",
       R"({"time":"yesterday","connector":"a","verdict":"block","claims":{}})",
       R"({"time":"2026-11-26T09:00:00Z","connector":"","verdict":"x","claims":{}})",
       R"({"time":"2026-11-26T09:00:00Z","connector":"a","verdict":"x","claims":{},"redacted":{"a":1}})"}) {
    EXPECT_FALSE(capture::read_line(line).ok()) << line;
  }
  EXPECT_FALSE(capture::read_line(std::string(capture::kLineBytesMax + 1, ' ')).ok());
}

/// One captured request by these rules, against what was recorded for it.
Replayed asked(const std::string& rules, std::string_view body,
               const std::vector<std::string>& keep,
               const std::string& verdict = "\"verdict\":\"continue\"") {
  core::gate::House house(core::gate::with_rules(rules));
  EXPECT_NE(house.snapshot, nullptr) << house.diagnostics.render();
  Rehearsal rehearsal(house.snapshot, house.snapshot->lists);
  std::istringstream capture(line_of(body, keep, verdict) + "\n");
  return replay(capture, rehearsal, nullptr, 3);
}

constexpr const char* kPerson = R"({"email":"a@blocked.example","country":"SE","city":"Lund"})";

TEST(Replay, ComparesWhenNoRuleNeedsAHiddenClaim) {
  struct Case {
    const char *rules, *what;
  };
  constexpr Case kComparable[] = {
      {"      - { name: r, when: { country: NO }, block: plain }\n", "a kept claim"},
      {"      - { name: r, when: { city: { missing: true } }, block: plain }\n",
       "that it is there"},
      {"      - { name: r, when: { city: { exists: false } }, block: plain }\n", "the same"},
      {"      - { name: r, when: { state: x }, block: plain }\n", "a claim that was not sent"},
      {"      - { name: r, when: { country: NO, city: Lund }, block: plain }\n", "not looked at"},
      {"      - { name: r, continue: {} }\n      - { name: s, when: { city: Oslo }, block: plain "
       "}\n",
       "ended before"},
      {"      - { name: r, mode: shadow, when: { city: Oslo }, block: plain }\n", "a shadow"},
      {"      - { name: r, set: { city: Oslo } }\n      - { name: s, when: { city: Bergen }, "
       "block: plain }\n",
       "set in between"},
      {"      - { name: r, set: { state: \"{country}\" } }\n      - { name: s, when: { state: x }, "
       "block: plain }\n",
       "made of a kept one"},
      {"      - { name: r, when: { city: Oslo }, set: { state: x } }\n", "only sets"},
  };
  for (const Case& c : kComparable) {
    SCOPED_TRACE(c.what);
    const Replayed result = asked(c.rules, kPerson, {"country"});
    EXPECT_EQ(result.incomparable, 0u);
    EXPECT_EQ(result.same, 1u);
  }
}

TEST(Replay, DoesNotCompareWhenARuleLookedAtAHiddenClaimOrAtWhatWasMadeOfOne) {
  struct Case {
    const char *rules, *rule, *claim;
  };
  constexpr Case kIncomparable[] = {
      {"      - { name: r, when: { city: Oslo }, block: plain }\n", "r", "city"},
      {"      - { name: r, when: { city: { not_equals: Oslo } }, block: plain }\n", "r", "city"},
      {"      - { name: r, when: { email.domain: { in_list: blocked } }, block: plain }\n", "r",
       "email"},
      {"      - { name: r, when: { email.local: { exists: true } }, block: plain }\n", "r",
       "email"},
      {"      - { name: r, when: { \"city | lower\": { exists: true } }, block: plain }\n", "r",
       "city"},
      {"      - { name: r, set: { state: \"{city}\" } }\n      - { name: s, when: { state: x }, "
       "block: plain }\n",
       "s", "state"},
      {"      - { name: r, when: { city: Oslo }, set: { state: x } }\n      - { name: s, when: { "
       "state: y }, block: plain }\n",
       "s", "state"},
      {"      - { name: r, when: { city: Oslo }, set: { country: x } }\n      - { name: s, set: { "
       "country: z } }\n"
       "      - { name: t, when: { country: y }, block: plain }\n",
       "t", "country"},
  };
  for (const Case& c : kIncomparable) {
    SCOPED_TRACE(c.rules);
    const Replayed result = asked(c.rules, kPerson, {"country"});
    EXPECT_EQ(result.incomparable, 1u);
    EXPECT_EQ(result.same + result.differ, 0u);
    ASSERT_EQ(result.looks.size(), 1u);
    EXPECT_EQ(result.looks.begin()->first.rule, c.rule);
    EXPECT_EQ(result.looks.begin()->first.claim, c.claim);
  }
}

TEST(Replay, ComparesByTheDomainOfAHiddenAddressWhenItIsKept) {
  const char* const rules =
      "      - { name: r, when: { email.domain: { in_list: blocked } }, block: plain }\n";
  const Replayed result = asked(rules, kPerson, {"email.domain"});
  EXPECT_EQ(result.differ, 1u);
  EXPECT_EQ(result.changes.begin()->first.fresh.rule, "r");
  EXPECT_EQ(asked("      - { name: r, when: { email: { ends_with: x } }, block: plain }\n", kPerson,
                  {"email.domain"})
                .incomparable,
            1u);
}

TEST(Replay, CountsTheSameVerdictByAnotherRuleApart) {
  const char* const rules = "      - { name: r, when: { country: SE }, block: plain }\n";
  const Replayed result = asked(rules, kPerson, {"country"}, R"("verdict":"block","rule":"old")");
  EXPECT_EQ(result.same, 1u);
  EXPECT_EQ(result.differ, 0u);
  ASSERT_EQ(result.same_by_another.size(), 1u);
  EXPECT_THAT(result.render("c"),
              HasSubstr("     1  signup: block by \"old\" -> block by \"r\"\n        line 1\n"));
}

TEST(Replay, NamesTheFirstLinesOfEachDifferenceAndCountsTheRest) {
  core::gate::House house(
      core::gate::with_rules("      - { name: r, when: { country: SE }, block: plain }\n"));
  Rehearsal rehearsal(house.snapshot, house.snapshot->lists);
  std::string lines;
  for (int i = 0; i < 5; ++i) lines += line_of(kPerson, {"country"}) + "\n\nhello\n";
  std::istringstream capture(lines);
  const Replayed result = replay(capture, rehearsal, nullptr, 2);
  EXPECT_EQ(result.requests, 5u);
  EXPECT_EQ(result.unreadable.count, 5u);
  EXPECT_THAT(result.render("c"), HasSubstr("        lines 1, 4 and 3 more\n"));
  EXPECT_THAT(result.json(), HasSubstr(R"("count":5,"lines":[1,4])"));
  EXPECT_THAT(result.json(), HasSubstr(R"("unreadable":{"count":5,"lines":[3,6]})"));
}

}  // namespace
}  // namespace proxy::policy
