#include <gtest/gtest.h>

#include <cmath>

#include "tools/load/objective.h"
#include "tools/load/rate_search.h"

namespace load {
namespace {

/// Runs a search against a server that copes up to `capacity`; answers the probes made.
int search_for(RateSearch& search, double capacity) {
  int probes = 0;
  while (const auto probe = search.next()) {
    ++probes;
    search.report(probe->rate <= capacity);
  }
  return probes;
}

TEST(RateSearch, FindsTheCapacityWithinItsPrecision) {
  for (const double capacity : {3.0, 99.0, 100.0, 101.0, 4'321.0, 77'777.0}) {
    SCOPED_TRACE(capacity);
    RateSearch search({});
    const int probes = search_for(search, capacity);
    ASSERT_TRUE(search.found().has_value());
    EXPECT_LE(*search.found(), capacity);
    EXPECT_GE(*search.found(), capacity / 1.06);
    EXPECT_FALSE(search.at_ceiling());
    EXPECT_LE(probes, 25);
  }
}

TEST(RateSearch, SaysWhenEvenTheCeilingPasses) {
  RateSearch search({.from = 100, .to = 1'000});
  search_for(search, 1e9);
  EXPECT_EQ(search.found(), 1'000);
  EXPECT_TRUE(search.at_ceiling());
}

TEST(RateSearch, FindsNothingWhereNothingPasses) {
  RateSearch search({});
  EXPECT_LE(search_for(search, 0), 10);
  EXPECT_FALSE(search.found().has_value());
}

TEST(RateSearch, ConfirmsAsOftenAsWanted) {
  RateSearch search({.from = 100, .to = 100, .confirmations = 3});
  int confirming = 0;
  while (const auto probe = search.next()) {
    confirming += probe->confirming ? 1 : 0;
    search.report(true);
  }
  EXPECT_EQ(confirming, 3);
}

TEST(RateSearch, GoesBelowAResultThatWasLuck) {
  RateSearch search({});
  // Copes with 1,000 in a short probe but with 800 only when asked for longer.
  while (const auto probe = search.next()) {
    search.report(probe->rate <= (probe->confirming ? 800 : 1'000));
  }
  ASSERT_TRUE(search.found().has_value());
  EXPECT_LE(*search.found(), 800);
  EXPECT_GE(*search.found(), 700);
}

TEST(RateSearch, EndsAfterItsProbesWhateverHappens) {
  RateSearch search({.confirmations = 1, .probes_max = 12});
  int probes = 0;
  while (const auto probe = search.next()) {
    ++probes;
    search.report(!probe->confirming);  // every confirmation fails
  }
  EXPECT_LE(probes, 12);
  EXPECT_FALSE(search.found().has_value());
}

Histogram from_1_to_1000_us() {
  Histogram histogram;
  for (std::uint64_t us = 1; us <= 1000; ++us) histogram.record(us * 1000);
  return histogram;
}

TEST(Objective, IsMetWhenEveryTermHolds) {
  const Histogram response = from_1_to_1000_us();
  for (const std::string_view text : {"p50<1ms", "p99<1ms,p50<600us", "max<1.1ms", "mean<600us",
                                      "errors<1%", "p99.9<2ms,errors<0.5%"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(Objective::parse(text).value().missed(response, 1, 1000), "");
  }
}

TEST(Objective, NamesTheTermThatIsMissed) {
  const Histogram response = from_1_to_1000_us();
  struct Case {
    std::string_view text, begins;
  };
  constexpr Case kCases[] = {{"p50<400us", "p50 "},
                             {"p50<1s,p99.9<900us", "p99.9 "},
                             {"max<1ms", "max "},
                             {"mean<500us", "mean "},
                             {"errors<1%", "errors 5.000%"}};
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    EXPECT_TRUE(Objective::parse(c.text).value().missed(response, 50, 1000).starts_with(c.begins));
  }
}

TEST(Objective, IsNeverMetWithoutAnswers) {
  EXPECT_EQ(Objective::parse("p99<1s").value().missed(Histogram(), 0, 0), "no answers");
}

TEST(Objective, RefusesWhatIsNoTerm) {
  for (const std::string_view text :
       {"", "p99", "p99<", "p99<10", "p0<1ms", "p101<1ms", "p<1ms", "median<1ms", "errors<2",
        "p99<1ms,", "<1ms", "p99>1ms", "p9x<1ms"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(Objective::parse(text).ok());
  }
}

}  // namespace
}  // namespace load
