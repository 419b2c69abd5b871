#include "tools/load/report.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "tools/load/compare.h"

namespace load {
namespace {

Report sample() {
  Report report;
  report.url = "http://127.0.0.1:8080/<b2c>\"";
  report.address = "127.0.0.1:8080";
  report.load = "constant, 1000/s for 2 s";
  report.command = "--rate 1000";
  report.started = "2026-01-01T00:00:00Z";
  report.connections = 8;
  report.schedule = {{1000, 1000, kNsPerSecond}, {1000, 2000, kNsPerSecond}};
  report.measured_ns = 2 * kNsPerSecond;
  Measured& measured = report.measured;
  measured.tally.offered = 2'500;
  measured.tally.sent = 2'490;
  measured.tally.not_sent_full = 10;
  measured.tally.answered = 2'480;
  measured.tally.right = 2'479;
  measured.tally.wrong[2] = 1;
  measured.tally.errors[3] = 10;
  measured.phases.resize(2);
  for (std::uint64_t i = 1; i <= 2'480; ++i) {
    measured.response.record(i * 1000);
    measured.service.record(i * 900);
    measured.lag.record(i);
    measured.phases[i % 2].response.record(i * 1000);
  }
  measured.examples = {"wrong body <script>alert(1)</script>\x1b[2J \xff"};
  report.intervals = {
      {0, {.offered = 1000, .answered = 1000}, 500'000, 900'000, 990'000, 1'000'000, 5e5, 3},
      {1, {.offered = 1500, .answered = 1480}, 500'000, 900'000, 990'000, 1'000'000, 5e5, 3}};
  report.cpu_watched = true;
  report.cpu = {10'000, 20'000, 31'000};
  report.machine.cpu = "A CPU";
  report.machine.build = "Release";
  return report;
}

TEST(Report, WorksOutRatesAndShares) {
  const Report report = sample();
  EXPECT_DOUBLE_EQ(report.offered_rate(), 1250);
  EXPECT_DOUBLE_EQ(report.achieved_rate(), 1240);
  EXPECT_DOUBLE_EQ(report.error_share(), 11.0 / 2490);
  EXPECT_DOUBLE_EQ(report.cpu_us(report.cpu.total_us), 12.5);
}

TEST(Report, DividesByNothingWithoutHarm) {
  const Report empty;
  EXPECT_EQ(empty.offered_rate(), 0);
  EXPECT_EQ(empty.achieved_rate(), 0);
  EXPECT_EQ(empty.error_share(), 0);
  EXPECT_EQ(empty.cpu_us(5), 0);
  EXPECT_FALSE(write_text(empty).empty());
  EXPECT_FALSE(write_html(empty).empty());
}

TEST(Report, WarnsOfWhatMakesItsFiguresDoubtful) {
  const auto has = [](const Report& report, std::string_view phrase) {
    for (const std::string& warning : report.warnings()) {
      if (warning.find(phrase) != std::string::npos) return true;
    }
    return false;
  };
  const Report good = [] {
    Report report = sample();
    report.measured.tally.wrong = {};
    report.measured.tally.not_sent_full = 0;
    return report;
  }();
  EXPECT_TRUE(good.warnings().empty());
  EXPECT_TRUE(has(sample(), "never sent"));
  EXPECT_TRUE(has(sample(), "were wrong"));
  Report late = good;
  for (int i = 0; i < 100; ++i) late.measured.lag.record(5 * kNsPerMs);
  EXPECT_TRUE(has(late, "the generator itself was late"));
  Report busy = good;
  busy.measured.cpu_ns = 2 * kNsPerSecond;
  EXPECT_TRUE(has(busy, "busy over 90%"));
  busy.measured.spun_ns = kNsPerSecond;
  EXPECT_FALSE(has(busy, "busy over 90%"));
  Report closed = good;
  closed.closed_loop = true;
  EXPECT_TRUE(has(closed, "closed loop"));
  Report few = good;
  few.measured.tally.answered = 999;
  EXPECT_TRUE(has(few, "fewer than 1,000"));
  Report debug = good;
  debug.machine.build = "Debug (not for measuring)";
  EXPECT_TRUE(has(debug, "Debug"));
}

TEST(WriteText, ShowsCountsPercentilesAndNoControlBytes) {
  const std::string text = write_text(sample());
  for (const std::string_view phrase :
       {"offered       2,500  (1250/s)", "not sent      10", "wrong         1  body 1",
        "errors        10  timeout 10", "response", "scheduling lag", "12.50 us", "phase",
        "1000..2000/s, 1.00 s"}) {
    EXPECT_NE(text.find(phrase), std::string::npos) << phrase << "\n" << text;
  }
  for (const char c : text) EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7f));
}

TEST(WriteJson, IsValidAndCompareReadsItBack) {
  const std::string json = write_json(sample());
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  ASSERT_EQ(parser.parse(json).get(root), simdjson::SUCCESS) << json;
  std::uint64_t number = 0;
  ASSERT_EQ(root["response"]["p99.9_ns"].get(number), simdjson::SUCCESS);
  EXPECT_EQ(number, sample().measured.response.percentile_ns(99.9));
  ASSERT_EQ(root["requests"]["errors"]["timeout"].get(number), simdjson::SUCCESS);
  EXPECT_EQ(number, 10U);
  simdjson::dom::array buckets;
  ASSERT_EQ(root["service"]["buckets"].get(buckets), simdjson::SUCCESS);
  std::uint64_t count = 0;
  for (const simdjson::dom::element bucket : buckets) count += std::uint64_t{bucket.at(1)};
  EXPECT_EQ(count, 2'480U);

  const auto samples = parse_samples("x", json);
  ASSERT_TRUE(samples.ok()) << samples.error().message;
  EXPECT_EQ(samples.value().rate, (std::vector<double>{1000, 1480}));
  EXPECT_EQ(samples.value().not_sent, 10U);
  EXPECT_NEAR(samples.value().error_share, 11.0 / 2490, 1e-12);
}

TEST(WriteHtml, StandsAloneAndLetsNothingThrough) {
  const std::string html = write_html(sample());
  EXPECT_TRUE(html.starts_with("<!doctype html>"));
  for (const std::string_view banned :
       {"<script", "http-equiv=\"refresh\"", "src=", "href=", "@import", "url("}) {
    EXPECT_EQ(html.find(banned), std::string::npos) << banned;
  }
  EXPECT_NE(html.find("&lt;script&gt;"), std::string::npos);
  EXPECT_NE(html.find("<svg"), std::string::npos);
  EXPECT_NE(html.find("polyline"), std::string::npos);
  EXPECT_NE(html.find("p99.99"), std::string::npos);
  EXPECT_EQ(html.find("nan"), std::string::npos);
  std::size_t opened = 0, closed = 0;
  for (std::size_t at = 0; (at = html.find("<svg", at)) != std::string::npos; ++at) ++opened;
  for (std::size_t at = 0; (at = html.find("</svg>", at)) != std::string::npos; ++at) ++closed;
  EXPECT_EQ(opened, 3U);
  EXPECT_EQ(closed, opened);
}

}  // namespace
}  // namespace load
