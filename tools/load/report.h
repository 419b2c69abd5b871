#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/load/collector.h"
#include "tools/load/fingerprint.h"
#include "tools/load/schedule.h"
#include "tools/load/server_cpu.h"
#include "tools/load/tally.h"

namespace load {

/// One probe of a rate search.
struct ProbeResult {
  double rate = 0;
  bool confirming = false;
  std::string missed;  // empty: the objective was met
};

/// Everything a report says; the writers below turn it into pages.
struct Report {
  std::string url;  // without its query: that may hold a key (protocol.md a.11)
  std::string address;
  std::string load;     // in words: "Poisson, 1000/s for 10 s"
  std::string command;  // the options that matter, to compare runs by
  std::string started;  // UTC, RFC 3339
  bool closed_loop = false;
  bool stopped = false;  // by SIGINT or SIGTERM
  unsigned threads = 1;
  unsigned connections = 0;
  std::uint64_t spin_ns = 0;
  std::vector<Phase> schedule;

  Measured measured;
  std::vector<Interval> intervals;
  std::uint64_t interval_ns = kNsPerSecond;
  std::uint64_t warmup_ns = 0;
  std::uint64_t measured_ns = 0;  // from the end of the warm-up to the last event

  bool cpu_watched = false;
  CpuUsed cpu;  // of the server, over the measured time
  Fingerprint machine;

  std::string objective;  // of a rate search; empty otherwise
  std::vector<ProbeResult> probes;
  double found_rate = 0;  // 0: none
  bool found_at_ceiling = false;

  double offered_rate() const;   // requests that were due, a second of the planned time
  double achieved_rate() const;  // answers a second of the measured time
  /// Share of the requests that were sent or should have been and got no right answer.
  double error_share() const;
  /// Server CPU per answer, in us.
  double cpu_us(double used_us) const;
  /// What the reader must know before believing the figures; most important first.
  std::vector<std::string> warnings() const;
  std::uint64_t planned_ns() const;
};

std::string write_text(const Report& report);
std::string write_json(const Report& report);
std::string write_html(const Report& report);

}  // namespace load
