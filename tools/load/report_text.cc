#include <string>

#include "tools/load/json_writer.h"
#include "tools/load/report.h"
#include "tools/load/units.h"

namespace load {
namespace {

void line(std::string& to, std::string_view name, const std::string& value) {
  to.append("  ").append(name).append(name.size() < 14 ? 14 - name.size() : 1, ' ');
  to.append(value).append("\n");
}

std::string per_second(double rate) { return format_fixed(rate, rate < 100 ? 2 : 0) + "/s"; }

void latency_row(std::string& to, std::string_view name, const Histogram& histogram) {
  to.append("  ").append(name).append(name.size() < 14 ? 14 - name.size() : 1, ' ');
  for (const double percent : kReportedPercentiles) {
    to += right_aligned(format_duration(static_cast<double>(histogram.percentile_ns(percent))), 10);
  }
  to += right_aligned(format_duration(static_cast<double>(histogram.max_ns())), 10);
  to += right_aligned(format_duration(histogram.mean_ns()), 10) + "\n";
}

void write_latencies(std::string& to, const Report& report) {
  to +=
      "\nlatency                p50       p75       p90       p99     p99.9    p99.99       max    "
      "  mean\n";
  if (!report.closed_loop) latency_row(to, "response", report.measured.response);
  latency_row(to, "service", report.measured.service);
  if (!report.closed_loop) latency_row(to, "scheduling lag", report.measured.lag);
  to += report.closed_loop
            ? "  service: from the sending to the last byte of the answer\n"
            : "  response: from the intended send time; service: from the actual one; "
              "lag: the generator's own delay\n";
}

void write_counts(std::string& to, const Report& report) {
  const Tally& tally = report.measured.tally;
  const TransportTally& transport = report.measured.transport;
  to += "\nrequests\n";
  line(to, "offered",
       format_count(tally.offered) + "  (" + per_second(report.offered_rate()) + ")");
  line(to, "sent", format_count(tally.sent));
  line(to, "answered",
       format_count(tally.answered) + "  (achieved " + per_second(report.achieved_rate()) + ")");
  line(to, "not sent",
       format_count(tally.not_sent()) + "  (backlog full " + format_count(tally.not_sent_full) +
           ", waiting at the end " + format_count(tally.not_sent_end) + ")");
  line(to, "had to wait", format_count(tally.queued) + "  for a free connection");
  std::string kinds;
  for (std::size_t i = 0; i < kRequestKinds; ++i) {
    if (tally.kinds[i] == 0) continue;
    kinds += (kinds.empty() ? "" : ", ") + std::string(kKindNames[i]) + " " +
             format_count(tally.kinds[i]);
  }
  line(to, "of kind", kinds.empty() ? "-" : kinds);
  line(to, "right", format_count(tally.right));
  std::string wrong = format_count(tally.wrong_answers());
  for (std::size_t i = 1; i < kAnswerFaults; ++i) {
    if (tally.wrong[i] > 0)
      wrong += std::string("  ") + kFaultNames[i] + " " + format_count(tally.wrong[i]);
  }
  line(to, "wrong", wrong);
  std::string errors = format_count(tally.failed());
  for (std::size_t i = 0; i < kErrorKinds; ++i) {
    if (tally.errors[i] > 0)
      errors += std::string("  ") + kErrorNames[i] + " " + format_count(tally.errors[i]);
  }
  line(to, "errors", errors);
  if (tally.abandoned > 0)
    line(to, "abandoned", format_count(tally.abandoned) + "  still out at the end");
  if (tally.attempts_timed_out > 0) {
    line(to, "timed out",
         format_count(tally.attempts_timed_out) + " attempts, " + format_count(tally.retries) +
             " retried");
  }
  if (tally.resent > 0) {
    line(to, "sent again", format_count(tally.resent) + "  their connection was closed under them");
  }
  std::string statuses;
  for (std::size_t i = 1; i < tally.status_classes.size(); ++i) {
    if (tally.status_classes[i] == 0) continue;
    statuses += (statuses.empty() ? "" : ", ") + std::to_string(i) + "xx " +
                format_count(tally.status_classes[i]);
  }
  line(to, "status", statuses.empty() ? "-" : statuses);
  line(to, "connections",
       format_count(transport.opened) + " opened" +
           (transport.resumed > 0 ? ", " + format_count(transport.resumed) + " resumed" : "") +
           (transport.closed_by_server > 0 ? ", " + format_count(transport.closed_by_server) +
                                                 " closed by the server while idle"
                                           : ""));
  line(to, "bytes",
       format_count(transport.bytes_out) + " out, " + format_count(transport.bytes_in) + " in");
}

void write_phases(std::string& to, const Report& report) {
  if (report.measured.phases.empty()) return;
  to +=
      "\nphase                   offered    answered    failed  not sent       p50       p99     "
      "p99.9\n";
  for (std::size_t i = 0; i < report.measured.phases.size() && i < report.schedule.size(); ++i) {
    const PhaseTally& phase = report.measured.phases[i];
    const Phase& plan = report.schedule[i];
    std::string name = format_fixed(plan.rate_from, 0);
    if (plan.rate_from != plan.rate_to) name += ".." + format_fixed(plan.rate_to, 0);
    name += "/s, " + format_duration(static_cast<double>(plan.duration_ns));
    to.append("  ").append(name).append(name.size() < 20 ? 20 - name.size() : 1, ' ');
    to += right_aligned(format_count(phase.offered), 9) + right_aligned(format_count(phase.answered), 12) +
          right_aligned(format_count(phase.failed), 10) + right_aligned(format_count(phase.not_sent), 10);
    for (const double percent : {50.0, 99.0, 99.9}) {
      to += right_aligned(format_duration(static_cast<double>(phase.response.percentile_ns(percent))), 10);
    }
    to += "\n";
  }
}

void write_search(std::string& to, const Report& report) {
  if (report.objective.empty()) return;
  to += "\nhighest rate with " + report.objective + "\n";
  for (const ProbeResult& probe : report.probes) {
    to += "  " + right_aligned(format_fixed(probe.rate, 0), 9) + "/s  " +
          (probe.confirming ? "confirming  " : "            ") +
          (probe.missed.empty() ? "met" : "missed: " + probe.missed) + "\n";
  }
  if (report.found_rate > 0) {
    to += std::string("  found: ") + (report.found_at_ceiling ? "at least " : "") +
          format_fixed(report.found_rate, 0) + "/s; what follows is the last run at that rate\n";
  } else {
    to += "  found: none was confirmed; what follows is the last probe\n";
  }
}

}  // namespace

std::string write_text(const Report& report) {
  std::string to = "claimgate-load " + report.machine.version + ": " + report.url + " (" +
                   report.address + ")\n";
  line(to, "load",
       report.load + ", " + std::to_string(report.connections) + " connections, " +
           std::to_string(report.threads) + (report.threads == 1 ? " thread" : " threads"));
  line(to, "measured",
       format_duration(static_cast<double>(report.measured_ns)) +
           (report.warmup_ns > 0
                ? " after a warm-up of " + format_duration(static_cast<double>(report.warmup_ns))
                : "") +
           (report.stopped ? ", stopped before its end" : ""));
  line(to, "machine",
       report.machine.cpu + ", " + std::to_string(report.machine.cores_allowed) + " of " +
           std::to_string(report.machine.cores) + " cores, " + report.machine.kernel);
  write_search(to, report);
  for (const std::string& warning : report.warnings()) to += "  NOTE: " + warning + "\n";
  write_counts(to, report);
  write_latencies(to, report);
  write_phases(to, report);
  if (report.cpu_watched) {
    to += "\nserver CPU per answer  " + format_fixed(report.cpu_us(report.cpu.total_us), 2) +
          " us  (user " + format_fixed(report.cpu_us(report.cpu.user_us), 2) + " + system " +
          format_fixed(report.cpu_us(report.cpu.system_us), 2) + "), " +
          format_fixed(report.measured_ns == 0
                           ? 0
                           : report.cpu.total_us * 1e5 / static_cast<double>(report.measured_ns),
                       1) +
          "% of a core\n";
  }
  to += "generator CPU per request  " +
        format_fixed(
            report.measured.tally.sent == 0
                ? 0
                : static_cast<double>(report.measured.own_cpu_ns()) * 1e-3 /
                      static_cast<double>(report.measured.tally.sent + report.measured.warmup.sent),
            2) +
        " us";
  if (report.measured.spun_ns > 0) {
    to += ", and " + format_duration(static_cast<double>(report.measured.spun_ns)) +
          " awake waiting for the next send time (--spin)";
  }
  to += "\n";
  if (!report.measured.examples.empty()) {
    to += "\nwhat went wrong, for example\n";
    for (const std::string& example : report.measured.examples) {
      to += "  " + printable(example) + "\n";  // bytes of a server go to a terminal here
    }
  }
  return to;
}

}  // namespace load
