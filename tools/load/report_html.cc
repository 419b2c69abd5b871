#include <algorithm>
#include <cmath>
#include <functional>

#include "tools/load/json_writer.h"
#include "tools/load/report.h"

// One page without anything from elsewhere: no scripts, no fonts, no images. Charts are inline SVG.
namespace load {
namespace {

constexpr double kWidth = 860, kHeight = 300, kLeft = 70, kRight = 20, kTop = 16, kBottom = 40;

std::string escaped(std::string_view text) {
  std::string to;
  for (const char c : text) {
    switch (c) {
      case '&':
        to += "&amp;";
        break;
      case '<':
        to += "&lt;";
        break;
      case '>':
        to += "&gt;";
        break;
      case '"':
        to += "&quot;";
        break;
      default:
        to.push_back(c);
    }
  }
  return to;
}

struct Point {
  double x, y;  // 0 to 1, from the lower left corner of the plot
};

std::string place(Point point) {
  const double x = kLeft + point.x * (kWidth - kLeft - kRight);
  const double y = kHeight - kBottom - point.y * (kHeight - kTop - kBottom);
  return format_fixed(x, 1) + "," + format_fixed(y, 1);
}

void polyline(std::string& to, const std::vector<Point>& points, int series) {
  to += "<polyline class=\"s" + std::to_string(series) + "\" points=\"";
  for (const Point& point : points) to += place(point) + " ";
  to += "\"/>\n";
}

void text_at(std::string& to, double x, double y, std::string_view anchor, std::string_view text) {
  to += "<text x=\"" + format_fixed(x, 1) + "\" y=\"" + format_fixed(y, 1) + "\" text-anchor=\"" +
        std::string(anchor) + "\">" + escaped(text) + "</text>\n";
}

void grid_y(std::string& to, double at, std::string_view label) {
  const double y = kHeight - kBottom - at * (kHeight - kTop - kBottom);
  to += "<line x1=\"" + format_fixed(kLeft, 0) + "\" x2=\"" + format_fixed(kWidth - kRight, 0) +
        "\" y1=\"" + format_fixed(y, 1) + "\" y2=\"" + format_fixed(y, 1) + "\"/>\n";
  text_at(to, kLeft - 8, y + 4, "end", label);
}

void grid_x(std::string& to, double at, std::string_view label) {
  const double x = kLeft + at * (kWidth - kLeft - kRight);
  to += "<line x1=\"" + format_fixed(x, 1) + "\" x2=\"" + format_fixed(x, 1) + "\" y1=\"" +
        format_fixed(kTop, 0) + "\" y2=\"" + format_fixed(kHeight - kBottom, 0) + "\"/>\n";
  text_at(to, x, kHeight - kBottom + 18, "middle", label);
}

void open_chart(std::string& to, std::string_view title, const std::vector<std::string>& names) {
  to += "<h2>" + escaped(title) + "</h2>\n<p class=\"key\">";
  for (std::size_t i = 0; i < names.size(); ++i) {
    to += "<span class=\"k" + std::to_string(i) + "\">" + escaped(names[i]) + "</span> ";
  }
  to += "</p>\n<svg viewBox=\"0 0 860 300\" role=\"img\" aria-label=\"" + escaped(title) + "\">\n";
}

/// A scale whose labels are powers of ten; for durations from 100 ns on.
struct LogScale {
  double low, high;  // exponents

  static LogScale over(double least, double most) {
    const double low = std::floor(std::log10(std::max(least, 100.0)));
    return {low, std::max(low + 1, std::ceil(std::log10(std::max(most, 100.0))))};
  }
  double at(double value) const {
    return std::clamp((std::log10(std::max(value, 1.0)) - low) / (high - low), 0.0, 1.0);
  }
  void draw(std::string& to) const {
    for (double exponent = low; exponent <= high; ++exponent) {
      const double value = std::pow(10, exponent);
      const std::string label = value >= 1e9   ? format_fixed(value / 1e9, 0) + " s"
                                : value >= 1e6 ? format_fixed(value / 1e6, 0) + " ms"
                                : value >= 1e3 ? format_fixed(value / 1e3, 0) + " us"
                                               : format_fixed(value, 0) + " ns";
      grid_y(to, (exponent - low) / (high - low), label);
    }
  }
};

/// Percentiles on an axis that gives each further nine the same room: p90, p99, p99.9 ...
void percentile_chart(std::string& to, const Report& report) {
  struct Line {
    std::string name;
    const Histogram* histogram;
  };
  std::vector<Line> lines;
  if (!report.closed_loop) lines.push_back({"response", &report.measured.response});
  lines.push_back({"service", &report.measured.service});
  if (!report.closed_loop) lines.push_back({"scheduling lag", &report.measured.lag});
  double least = 1e18, most = 0;
  std::uint64_t count = 1;
  std::vector<std::string> names;
  for (const Line& line : lines) {
    names.push_back(line.name);
    if (line.histogram->count() == 0) continue;
    least = std::min(least, static_cast<double>(line.histogram->percentile_ns(1)));
    most = std::max(most, static_cast<double>(line.histogram->max_ns()));
    count = std::max(count, line.histogram->count());
  }
  if (most == 0) return;
  const LogScale scale = LogScale::over(least, most);
  const double nines = std::max(1.0, std::ceil(std::log10(static_cast<double>(count))));
  open_chart(to, "Latency by percentile", names);
  scale.draw(to);
  grid_x(to, 0, "p0");
  std::string label = "p9";
  for (int nine = 1; nine <= static_cast<int>(nines); ++nine) {
    grid_x(to, nine / nines, nine == 1 ? "p90" : label += nine == 3 ? ".9" : "9");
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::vector<Point> points;
    const auto total = static_cast<double>(lines[i].histogram->count());
    for (const Histogram::Point& at : lines[i].histogram->points()) {
      // The share above, but never less than half an observation: the maximum has a place, too.
      const double above = std::max(total - static_cast<double>(at.not_above), 0.5) / total;
      points.push_back(
          {std::min(1.0, -std::log10(above) / nines), scale.at(static_cast<double>(at.value_ns))});
    }
    polyline(to, points, static_cast<int>(i));
  }
  to += "</svg>\n";
}

using Reading = std::function<double(const Interval&)>;

void time_axis(std::string& to, double total_s) {
  const double step = std::pow(10, std::floor(std::log10(std::max(total_s, 0.1))));
  const double by = total_s / step > 5 ? step * 2 : total_s / step > 2 ? step : step / 2;
  for (double at = 0; at <= total_s * 1.0001; at += by) {
    grid_x(to, at / total_s, format_fixed(at, by < 1 ? 1 : 0) + " s");
  }
}

std::vector<Point> over_time(const Report& report, const Reading& reading,
                             const std::function<double(double)>& scale) {
  std::vector<Point> points;
  const auto count = static_cast<double>(report.intervals.size());
  for (std::size_t i = 0; i < report.intervals.size(); ++i) {
    points.push_back({(static_cast<double>(i) + 0.5) / count, scale(reading(report.intervals[i]))});
  }
  return points;
}

void time_charts(std::string& to, const Report& report) {
  if (report.intervals.size() < 2) return;
  const double interval_s = static_cast<double>(report.interval_ns) * 1e-9;
  const double total_s = interval_s * static_cast<double>(report.intervals.size());
  double most_ns = 0, least_ns = 1e18, most_rate = 1;
  for (const Interval& interval : report.intervals) {
    most_ns = std::max(most_ns, static_cast<double>(interval.max_ns));
    if (interval.p50_ns > 0) least_ns = std::min(least_ns, static_cast<double>(interval.p50_ns));
    most_rate = std::max({most_rate, static_cast<double>(interval.counts.offered) / interval_s,
                          static_cast<double>(interval.counts.answered) / interval_s});
  }
  if (most_ns > 0) {
    const LogScale scale = LogScale::over(least_ns, most_ns);
    open_chart(to, "Response time over time", {"p50", "p99", "max"});
    scale.draw(to);
    time_axis(to, total_s);
    const auto at = [&scale](double ns) { return scale.at(ns); };
    const Reading readings[] = {
        [](const Interval& interval) { return static_cast<double>(interval.p50_ns); },
        [](const Interval& interval) { return static_cast<double>(interval.p99_ns); },
        [](const Interval& interval) { return static_cast<double>(interval.max_ns); }};
    int series = 0;
    for (const Reading& reading : readings) polyline(to, over_time(report, reading, at), series++);
    to += "</svg>\n";
  }
  open_chart(to, "Requests a second over time",
             {"offered", "answered", "failed or wrong or not sent"});
  for (int i = 0; i <= 4; ++i)
    grid_y(to, i / 4.0, format_fixed(most_rate * i / 4, most_rate < 40 ? 1 : 0));
  time_axis(to, total_s);
  const auto at = [most_rate, interval_s](double count) { return count / interval_s / most_rate; };
  const Reading readings[] = {
      [](const Interval& interval) { return static_cast<double>(interval.counts.offered); },
      [](const Interval& interval) { return static_cast<double>(interval.counts.answered); },
      [](const Interval& interval) {
        const IntervalCounts& counts = interval.counts;
        return static_cast<double>(counts.failed + counts.wrong + counts.not_sent);
      }};
  int series = 0;
  for (const Reading& reading : readings) polyline(to, over_time(report, reading, at), series++);
  to += "</svg>\n";
}

void row(std::string& to, std::string_view name, const std::vector<std::string>& cells,
         std::string_view tag = "td") {
  to += "<tr><th>" + escaped(name) + "</th>";
  for (const std::string& cell : cells) {
    to += "<" + std::string(tag) + ">" + escaped(cell) + "</" + std::string(tag) + ">";
  }
  to += "</tr>\n";
}

void latency_table(std::string& to, const Report& report) {
  to += "<h2>Latency</h2>\n<table>\n";
  row(to, "", {"p50", "p75", "p90", "p99", "p99.9", "p99.99", "max", "mean"}, "th");
  const auto add = [&to](std::string_view name, const Histogram& histogram) {
    std::vector<std::string> cells;
    for (const double percent : kReportedPercentiles) {
      cells.push_back(format_duration(static_cast<double>(histogram.percentile_ns(percent))));
    }
    cells.push_back(format_duration(static_cast<double>(histogram.max_ns())));
    cells.push_back(format_duration(histogram.mean_ns()));
    row(to, name, cells);
  };
  if (!report.closed_loop) add("response", report.measured.response);
  add("service", report.measured.service);
  if (!report.closed_loop) add("scheduling lag", report.measured.lag);
  to += "</table>\n";
}

void count_table(std::string& to, const Report& report) {
  const Tally& tally = report.measured.tally;
  to += "<h2>Requests</h2>\n<table>\n";
  row(to, "offered", {format_count(tally.offered), format_fixed(report.offered_rate(), 1) + "/s"});
  row(to, "sent", {format_count(tally.sent), ""});
  row(to, "answered",
      {format_count(tally.answered), format_fixed(report.achieved_rate(), 1) + "/s"});
  row(to, "not sent", {format_count(tally.not_sent()), ""});
  row(to, "right", {format_count(tally.right), ""});
  row(to, "wrong", {format_count(tally.wrong_answers()), ""});
  row(to, "errors",
      {format_count(tally.failed()), format_fixed(report.error_share() * 100, 3) + "%"});
  for (std::size_t i = 0; i < kErrorKinds; ++i) {
    if (tally.errors[i] > 0)
      row(to, std::string("- ") + kErrorNames[i], {format_count(tally.errors[i]), ""});
  }
  row(to, "retries after a time-out", {format_count(tally.retries), ""});
  if (report.cpu_watched) {
    row(to, "server CPU per answer",
        {format_fixed(report.cpu_us(report.cpu.total_us), 2) + " us",
         "user " + format_fixed(report.cpu_us(report.cpu.user_us), 2) + " + system " +
             format_fixed(report.cpu_us(report.cpu.system_us), 2)});
  }
  to += "</table>\n";
}

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--ink:#1d2430;--paper:#fff;--line:#d5dae2;--c0:#1f6feb;--c1:#d9730d;--c2:#8250df}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--paper:#14181f;--line:#333b48;--c0:#6ea8ff;--c1:#ffab5e;--c2:#c3a0ff}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:900px;margin:2em auto;padding:0 1em}
h1{font-size:1.4em}h2{font-size:1.1em;margin-top:1.8em}
table{border-collapse:collapse}td,th{padding:.2em .8em;border-bottom:1px solid var(--line);text-align:right;font-variant-numeric:tabular-nums}
tr>th:first-child{text-align:left;font-weight:normal}
svg{width:100%;height:auto}svg line{stroke:var(--line)}svg text{fill:var(--ink);font-size:12px}
polyline{fill:none;stroke-width:1.8}.s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}
.key span::before{content:"";display:inline-block;width:1.2em;height:.25em;margin:0 .4em .2em .8em;background:var(--c0)}
.key .k1::before{background:var(--c1)}.key .k2::before{background:var(--c2)}
.note{border-left:4px solid var(--c1);padding-left:.8em}pre{white-space:pre-wrap;overflow-wrap:anywhere}
)";

}  // namespace

std::string write_html(const Report& report) {
  std::string to =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'\"><title>claimgate-load: " +
      escaped(report.url) + "</title><style>" + std::string(kStyle) + "</style></head><body>\n";
  to += "<h1>claimgate-load: " + escaped(report.url) + "</h1>\n";
  to += "<p>" + escaped(report.load) + ", " + std::to_string(report.connections) +
        " connections, " + std::to_string(report.threads) + " threads; " + escaped(report.started) +
        (report.stopped ? "; stopped before its end" : "") + "</p>\n";
  for (const std::string& warning : report.warnings()) {
    to += "<p class=\"note\">" + escaped(warning) + "</p>\n";
  }
  if (!report.objective.empty()) {
    to += "<p>Highest rate with " + escaped(report.objective) + ": <strong>" +
          (report.found_rate > 0 ? std::string(report.found_at_ceiling ? "at least " : "") +
                                       format_fixed(report.found_rate, 0) + "/s"
                                 : std::string("none confirmed")) +
          "</strong></p>\n";
  }
  latency_table(to, report);
  percentile_chart(to, report);
  time_charts(to, report);
  count_table(to, report);
  if (!report.measured.examples.empty()) {
    to += "<h2>What went wrong, for example</h2>\n<pre>";
    for (const std::string& example : report.measured.examples) {
      to += escaped(printable(example)) + "\n";
    }
    to += "</pre>\n";
  }
  const Fingerprint& machine = report.machine;
  to += "<h2>Measured with</h2>\n<table>\n";
  row(to, "processor",
      {machine.cpu + ", " + std::to_string(machine.cores_allowed) + " of " +
       std::to_string(machine.cores) + " cores"});
  row(to, "kernel", {machine.kernel});
  row(to, "claimgate-load", {machine.version + ", " + machine.build + ", " + machine.compiler});
  row(to, "options", {report.command});
  to += "</table>\n</body></html>\n";
  return to;
}

}  // namespace load
