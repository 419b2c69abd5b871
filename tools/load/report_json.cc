#include "tools/load/json_writer.h"
#include "tools/load/report.h"

// The report for programs: `claimgate-load compare` and whatever plots. Times are in nanoseconds
// and rates per second unless the name says otherwise. "format" changes when a member changes its
// meaning; members may be added without.
namespace load {
namespace {

void write_histogram(JsonWriter& to, std::string_view name, const Histogram& histogram) {
  to.name(name).open('{');
  to.member("count", histogram.count());
  to.member("min_ns", histogram.min_ns());
  to.member("mean_ns", histogram.mean_ns());
  for (const double percent : kReportedPercentiles) {
    std::string member = "p" + format_fixed(percent, 2);
    while (member.back() == '0' && member.find('.') != std::string::npos) member.pop_back();
    if (member.back() == '.') member.pop_back();
    to.member(member + "_ns", histogram.percentile_ns(percent));
  }
  to.member("max_ns", histogram.max_ns());
  to.member("relative_error_max", Histogram::kRelativeErrorMax);
  to.name("buckets").open('[');  // [upper end in ns, count]
  for (const Histogram::Point& point : histogram.points()) {
    to.open('[').value(point.value_ns).value(point.count).close(']');
  }
  to.close(']').close('}');
}

void write_tally(JsonWriter& to, std::string_view name, const Tally& tally) {
  to.name(name).open('{');
  to.member("offered", tally.offered).member("sent", tally.sent);
  to.member("not_sent", tally.not_sent()).member("not_sent_backlog_full", tally.not_sent_full);
  to.member("not_sent_at_end", tally.not_sent_end);
  to.member("answered", tally.answered).member("right", tally.right);
  to.member("wrong", tally.wrong_answers()).member("failed", tally.failed());
  to.member("abandoned", tally.abandoned).member("queued", tally.queued);
  to.member("attempts_timed_out", tally.attempts_timed_out).member("retries", tally.retries);
  to.member("resent", tally.resent);
  to.name("errors").open('{');
  for (std::size_t i = 0; i < kErrorKinds; ++i) to.member(kErrorNames[i], tally.errors[i]);
  to.close('}').name("wrong_by").open('{');
  for (std::size_t i = 1; i < kAnswerFaults; ++i) to.member(kFaultNames[i], tally.wrong[i]);
  to.close('}').name("kinds").open('{');
  for (std::size_t i = 0; i < kRequestKinds; ++i) to.member(kKindNames[i], tally.kinds[i]);
  to.close('}').name("status_classes").open('{');
  for (std::size_t i = 1; i < tally.status_classes.size(); ++i) {
    to.member(std::to_string(i) + "xx", tally.status_classes[i]);
  }
  to.close('}').close('}');
}

void write_intervals(JsonWriter& to, const Report& report) {
  to.name("intervals").open('[');
  for (const Interval& interval : report.intervals) {
    to.open('{').member("index", std::uint64_t{interval.index});
    // A last interval cut short is no sample of anything.
    to.member("complete", (interval.index + 1) * report.interval_ns <= report.planned_ns());
    to.member("offered", interval.counts.offered).member("sent", interval.counts.sent);
    to.member("answered", interval.counts.answered).member("failed", interval.counts.failed);
    to.member("wrong", interval.counts.wrong).member("not_sent", interval.counts.not_sent);
    to.member("mean_ns", interval.mean_ns).member("p50_ns", interval.p50_ns);
    to.member("p90_ns", interval.p90_ns).member("p99_ns", interval.p99_ns);
    to.member("max_ns", interval.max_ns).member("cpu_us", interval.cpu_us).close('}');
  }
  to.close(']');
}

void write_phases(JsonWriter& to, const Report& report) {
  to.name("phases").open('[');
  for (std::size_t i = 0; i < report.measured.phases.size() && i < report.schedule.size(); ++i) {
    const PhaseTally& phase = report.measured.phases[i];
    to.open('{').member("rate_from", report.schedule[i].rate_from);
    to.member("rate_to", report.schedule[i].rate_to);
    to.member("duration_ns", report.schedule[i].duration_ns);
    to.member("offered", phase.offered).member("answered", phase.answered);
    to.member("failed", phase.failed).member("not_sent", phase.not_sent);
    to.member("p50_ns", phase.response.percentile_ns(50));
    to.member("p99_ns", phase.response.percentile_ns(99));
    to.member("p99.9_ns", phase.response.percentile_ns(99.9)).close('}');
  }
  to.close(']');
}

void write_machine(JsonWriter& to, const Fingerprint& machine) {
  to.name("machine").open('{').member("cpu", machine.cpu).member("kernel", machine.kernel);
  to.member("cores", machine.cores).member("cores_allowed", machine.cores_allowed);
  to.member("governor", machine.governor).close('}');
  to.name("generator").open('{').member("version", machine.version);
  to.member("build", machine.build).member("compiler", machine.compiler);
  to.member("openssl", machine.openssl).close('}');
}

}  // namespace

std::string write_json(const Report& report) {
  JsonWriter to;
  to.open('{').member("format", 1U).member("tool", "claimgate-load");
  to.member("started", report.started).member("url", report.url).member("address", report.address);
  to.member("load", report.load).member("command", report.command);
  to.member("closed_loop", report.closed_loop).member("stopped", report.stopped);
  to.member("threads", report.threads).member("connections", report.connections);
  to.member("measured_ns", report.measured_ns).member("warmup_ns", report.warmup_ns);
  to.member("interval_ns", report.interval_ns);
  to.member("offered_rate", report.offered_rate()).member("achieved_rate", report.achieved_rate());
  to.member("error_share", report.error_share());
  write_machine(to, report.machine);
  write_tally(to, "requests", report.measured.tally);
  write_tally(to, "warmup", report.measured.warmup);
  const TransportTally& transport = report.measured.transport;
  to.name("transport").open('{').member("connections_opened", transport.opened);
  to.member("sessions_resumed", transport.resumed);
  to.member("closed_by_server", transport.closed_by_server);
  to.member("unsolicited", transport.unsolicited).member("bytes_out", transport.bytes_out);
  to.member("bytes_in", transport.bytes_in).close('}');
  write_histogram(to, "response", report.measured.response);
  write_histogram(to, "service", report.measured.service);
  write_histogram(to, "scheduling_lag", report.measured.lag);
  if (report.cpu_watched) {
    to.name("server_cpu").open('{');
    to.member("us_per_answer", report.cpu_us(report.cpu.total_us));
    to.member("user_us_per_answer", report.cpu_us(report.cpu.user_us));
    to.member("system_us_per_answer", report.cpu_us(report.cpu.system_us)).close('}');
  }
  to.name("generator_cpu").open('{').member("own_ns", report.measured.own_cpu_ns());
  to.member("spun_ns", report.measured.spun_ns).close('}');
  if (!report.objective.empty()) {
    to.name("search").open('{').member("objective", report.objective);
    to.member("found_rate", report.found_rate).member("at_ceiling", report.found_at_ceiling);
    to.name("probes").open('[');
    for (const ProbeResult& probe : report.probes) {
      to.open('{').member("rate", probe.rate).member("confirming", probe.confirming);
      to.member("met", probe.missed.empty()).member("missed", probe.missed).close('}');
    }
    to.close(']').close('}');
  }
  write_phases(to, report);
  write_intervals(to, report);
  to.name("warnings").open('[');
  for (const std::string& warning : report.warnings()) to.value(warning);
  to.close(']').name("examples").open('[');
  for (const std::string& example : report.measured.examples) to.value(printable(example));
  to.close(']').close('}');
  return to.text() + "\n";
}

}  // namespace load
