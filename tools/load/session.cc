#include "tools/load/session.h"

#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "tools/load/run.h"

namespace load {
namespace {

std::string utc_now() {
  const time_t now = time(nullptr);
  tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  return {text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

RunOptions options_of(const Arguments& arguments) {
  RunOptions options;
  WorkerPlan& plan = options.plan;
  plan.host = arguments.url.host;
  plan.tls_verify = !arguments.tls.insecure;
  plan.tls_resume = arguments.tls.resume;
  plan.spacing = arguments.spacing;
  plan.seed = arguments.seed;
  plan.threads = arguments.threads;
  plan.connections = arguments.connections;
  plan.pipeline = arguments.pipeline;
  plan.max_requests = arguments.max_requests;
  plan.backlog_max = arguments.backlog_max;
  plan.keep_alive = arguments.keep_alive;
  plan.duration_ns = arguments.duration_ns;
  plan.timeout_ns = arguments.timeout_ns;
  plan.retries = arguments.retries;
  plan.warmup_ns = arguments.warmup_ns;
  plan.drain_ns = arguments.drain_ns;
  plan.interval_ns = arguments.interval_ns;
  plan.spin_ns = arguments.spin_ns;
  options.server = arguments.server;
  options.progress = !arguments.quiet && isatty(STDERR_FILENO) == 1;
  return options;
}

TrafficPlan traffic_of(const Arguments& arguments, const RequestFile* file) {
  TrafficPlan traffic;
  traffic.mix = arguments.mix;
  traffic.people = People(arguments.people);
  traffic.file = file;
  traffic.head.path = arguments.url.path;
  traffic.head.host = arguments.url.authority();
  traffic.head.authorization = arguments.authorization;
  traffic.head.more_fields = arguments.more_fields;
  traffic.head.keep_alive = arguments.keep_alive;
  return traffic;
}

void complete(Report& report, const Arguments& arguments, const Address& address,
              const std::string& started) {
  report.url = std::string(arguments.url.tls ? "https://" : "http://") + arguments.url.authority() +
               arguments.url.path.substr(0, arguments.url.path.find('?'));
  report.address = address.text();
  report.load = arguments.load_text;
  report.command = arguments.command;
  report.started = started;
}

/// Why the run does not count as meeting the objective; empty when it does.
std::string missed(const Report& report, const Objective& objective) {
  const Tally& tally = report.measured.tally;
  const std::uint64_t bad = tally.failed() + tally.wrong_answers();
  std::string why =
      objective.missed(report.measured.response, bad + tally.not_sent(), tally.offered);
  if (!why.empty()) {
    // The response time holds the generator's own delay: where that is large, it may be to blame.
    const std::uint64_t lag_ns = report.measured.lag.percentile_ns(99);
    if (lag_ns * 4 > report.measured.response.percentile_ns(99)) {
      why += " (the generator itself was late: lag p99 " +
             format_duration(static_cast<double>(lag_ns)) + ")";
    }
    return why;
  }
  // Whatever the latencies of the rest: a rate that was not delivered was not met.
  if (tally.not_sent() > 0) return format_count(tally.not_sent()) + " requests were not sent";
  if (static_cast<double>(tally.answered) < 0.99 * static_cast<double>(tally.offered)) {
    return "only " + format_count(tally.answered) + " of " + format_count(tally.offered) +
           " answered";
  }
  return {};
}

core::Result<Report, EarlyExit> find_rate(const Arguments& arguments, RunOptions options,
                                          TrafficPlan traffic, const std::atomic<bool>& stop) {
  RateSearch search(arguments.search);
  std::vector<ProbeResult> probes;
  Report last;
  while (const auto probe = search.next()) {
    const std::uint64_t length_ns = arguments.probe_ns * (probe->confirming ? 2 : 1);
    const Schedule schedule = Schedule::constant(probe->rate, length_ns);
    options.plan.schedule = &schedule;
    options.plan.duration_ns = length_ns;
    // Each probe asks for people nobody has asked for before: caches stay as cold as they were.
    traffic.first_person += static_cast<std::uint64_t>(schedule.requests()) + 1'000'000;
    options.plan.traffic = &traffic;
    options.plan.seed = arguments.seed + probes.size();
    if (options.progress) {
      std::fprintf(stderr, "%s %.0f/s\n", probe->confirming ? "confirming" : "trying", probe->rate);
    }
    RunOutcome outcome = run(options, stop);
    if (!outcome.failure.empty()) {
      if (probes.empty()) return EarlyExit{1, outcome.failure + "\n"};
      search.report(false);  // a rate after which the server is gone is too high
      probes.push_back({probe->rate, probe->confirming, outcome.failure});
      break;
    }
    last = std::move(outcome.report);
    if (stop.load(std::memory_order_relaxed)) break;
    const std::string why = missed(last, *arguments.objective);
    probes.push_back({probe->rate, probe->confirming, why});
    search.report(why.empty());
  }
  last.objective = arguments.objective->text();
  last.probes = std::move(probes);
  last.found_rate = search.found().value_or(0);
  last.found_at_ceiling = search.at_ceiling();
  return last;
}

}  // namespace

core::Result<Report, EarlyExit> measure(const Arguments& arguments, const std::atomic<bool>& stop) {
  const auto address = resolve(arguments.url, arguments.allowed_host);
  if (!address) return EarlyExit{2, address.error().message + "\n"};
  SslContextPtr context;
  if (arguments.url.tls) {
    auto made = make_tls_context(arguments.tls);
    if (!made) return EarlyExit{2, made.error().message + "\n"};
    context = std::move(made).value();
  }
  std::optional<RequestFile> file;
  if (!arguments.requests_file.empty()) {
    auto read = RequestFile::read(arguments.requests_file);
    if (!read) return EarlyExit{2, "--requests: " + read.error().message + "\n"};
    file.emplace(std::move(read).value());
  }
  const std::string started = utc_now();
  RunOptions options = options_of(arguments);
  options.plan.address = address.value();
  options.plan.tls = context.get();
  const TrafficPlan traffic = traffic_of(arguments, file ? &*file : nullptr);
  options.plan.traffic = &traffic;
  if (arguments.objective) {
    auto found = find_rate(arguments, options, traffic, stop);
    if (!found) return found;
    Report report = std::move(found).value();
    complete(report, arguments, address.value(), started);
    return report;
  }
  options.plan.schedule = arguments.schedule ? &*arguments.schedule : nullptr;
  RunOutcome outcome = run(options, stop);
  if (!outcome.failure.empty()) return EarlyExit{1, outcome.failure + "\n"};
  complete(outcome.report, arguments, address.value(), started);
  return std::move(outcome.report);
}

int exit_code(const Report& report, const Arguments& arguments) {
  // A search goes to where the server fails; what counts is whether it found anything.
  if (arguments.objective) return report.found_rate > 0 ? 0 : 1;
  if (report.measured.tally.offered > 0 && report.measured.tally.answered == 0 && !report.stopped) {
    return 1;
  }
  return report.error_share() > arguments.max_error_rate ? 1 : 0;
}

std::string write_reports(const Report& report, const Arguments& arguments) {
  const auto write = [](const std::string& path, const std::string& page) {
    std::ofstream out(path, std::ios::binary);
    out << page;
    out.close();
    return static_cast<bool>(out);
  };
  const bool json_to_output = arguments.json_path == "-";
  if (!arguments.quiet && !json_to_output) std::fputs(write_text(report).c_str(), stdout);
  if (json_to_output) {
    std::fputs(write_json(report).c_str(), stdout);
  } else if (!arguments.json_path.empty() && !write(arguments.json_path, write_json(report))) {
    return "cannot write " + arguments.json_path;
  }
  if (!arguments.html_path.empty() && !write(arguments.html_path, write_html(report))) {
    return "cannot write " + arguments.html_path;
  }
  return std::fflush(stdout) == 0 ? "" : "cannot write to standard output";
}

}  // namespace load
