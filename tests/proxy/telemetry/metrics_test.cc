#include "proxy/telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/gate/house.h"

namespace proxy::telemetry {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, SumsWorkersAndKeepsWhatOldConfigurationsCounted) {
  core::gate::House house(core::gate::with_rules("      - { name: \"a \\\"b\\\"\", block: plain }\n"));
  ASSERT_NE(house.snapshot, nullptr) << house.diagnostics.render();
  Metrics metrics;
  Counters* const one = metrics.open(house.snapshot);
  Counters* const two = metrics.open(house.snapshot);
  house.ask(R"({"step":"PostAttributeCollection"})");
  one->count(house.report, 1'500);
  two->count(house.report, 3'000'000);
  house.ask("[");
  two->count(house.report, 0);
  one->count_refused(431);
  one->count({}, 0);
  const auto expect_all = [&](const std::string& text) {
    EXPECT_THAT(text, HasSubstr("claimgate_requests_total{connector=\"signup\",step=\"PostAttributeCollection\","
                                "verdict=\"block\",rule=\"a \\\"b\\\"\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("claimgate_refused_total{connector=\"signup\",reason=\"bad_body\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("claimgate_refused_total{connector=\"\",reason=\"http_431\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("claimgate_refused_total{connector=\"\",reason=\"not_found\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("_bucket{connector=\"signup\",le=\"0.000001\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("_bucket{connector=\"signup\",le=\"0.000002\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("_bucket{connector=\"signup\",le=\"0.004096\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("_bucket{connector=\"signup\",le=\"+Inf\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("_sum{connector=\"signup\"} 0.003001500\n"));
    EXPECT_TRUE(text.ends_with("# EOF\n"));
  };
  expect_all(metrics.render());
  metrics.close(one);
  expect_all(metrics.render());
  metrics.close(two);
  expect_all(metrics.render());
}

TEST(Metrics, BucketsHoldTheirUpperBound) {
  core::gate::House house(core::gate::with_rules("      - { name: r, block: plain }\n"));
  Metrics metrics;
  Counters* const counters = metrics.open(house.snapshot);
  house.ask("{}");
  counters->count(house.report, 1'000);       // exactly 1 us
  counters->count(house.report, 1'001);       // above it
  counters->count(house.report, 2'000'001);   // above 2^10 us and below 2^11
  counters->count(house.report, ~std::uint64_t{0} >> 2);
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("le=\"0.000001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("le=\"0.000002\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("le=\"0.001024\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("le=\"0.002048\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("le=\"+Inf\"} 4\n"));
}

}  // namespace
}  // namespace proxy::telemetry
