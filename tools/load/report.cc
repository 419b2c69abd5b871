#include "tools/load/report.h"

#include <algorithm>

namespace load {

std::uint64_t Report::planned_ns() const {
  std::uint64_t ns = 0;
  for (const Phase& phase : schedule) ns += phase.duration_ns;
  if (ns == 0 || stopped) return measured_ns;
  return ns > warmup_ns ? std::min(ns - warmup_ns, measured_ns) : measured_ns;
}

double Report::offered_rate() const {
  const std::uint64_t ns = closed_loop ? measured_ns : planned_ns();
  return ns == 0 ? 0
                 : static_cast<double>(measured.tally.offered) / (static_cast<double>(ns) * 1e-9);
}

double Report::achieved_rate() const {
  return measured_ns == 0 ? 0
                          : static_cast<double>(measured.tally.answered) /
                                (static_cast<double>(measured_ns) * 1e-9);
}

double Report::error_share() const {
  const Tally& tally = measured.tally;
  const std::uint64_t bad = tally.failed() + tally.wrong_answers() + measured.transport.unsolicited;
  return tally.sent == 0 ? (bad > 0 ? 1 : 0)
                         : static_cast<double>(bad) / static_cast<double>(tally.sent);
}

double Report::cpu_us(double used_us) const {
  return measured.tally.answered == 0 ? 0 : used_us / static_cast<double>(measured.tally.answered);
}

std::vector<std::string> Report::warnings() const {
  std::vector<std::string> found;
  const Tally& tally = measured.tally;
  if (tally.wrong_answers() > 0) {
    found.push_back(format_count(tally.wrong_answers()) +
                    " answers were wrong: the latencies below include them");
  }
  if (measured.transport.unsolicited > 0) {
    found.push_back("the server sent bytes that no request had asked for, " +
                    format_count(measured.transport.unsolicited) + " times");
  }
  if (tally.not_sent() > 0) {
    found.push_back(format_count(tally.not_sent()) +
                    " requests that were due were never sent: server (or generator) could not keep "
                    "up, and the real latencies are worse than those below");
  }
  // A request per 100 us and less is what a sleeping thread can be late by.
  if (!closed_loop && measured.lag.percentile_ns(99) > kNsPerMs) {
    found.push_back("the generator itself was late: scheduling lag p99 is " +
                    format_duration(static_cast<double>(measured.lag.percentile_ns(99))) +
                    "; give it a core of its own or more threads");
  }
  const std::uint64_t thread_ns = (measured_ns + warmup_ns) * threads;
  if (thread_ns > 0 && measured.own_cpu_ns() > thread_ns - thread_ns / 10) {
    found.push_back(
        "the generator's threads were busy over 90% of the time: it may be what limits "
        "the rate; try more --threads");
  }
  if (closed_loop) {
    found.push_back(
        "closed loop: a slow answer holds back the requests behind it, so the latencies "
        "are of a server that is never asked faster than it answers; use --rate to learn "
        "what callers would see");
  }
  if (tally.answered > 0 && tally.answered < 1000) {
    found.push_back("fewer than 1,000 answers: percentiles above p99 mean nothing");
  }
  if (machine.build.find("not for measuring") != std::string::npos) {
    found.push_back("claimgate-load itself is a " + machine.build + " build");
  }
  return found;
}

}  // namespace load
