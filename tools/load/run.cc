#include "tools/load/run.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <latch>
#include <memory>
#include <optional>
#include <thread>

namespace load {
namespace {

/// Overwrites one line of the terminal for each interval.
void show_progress(const Interval& interval, const RunOptions& options, std::uint64_t errors,
                   std::uint64_t not_sent) {
  const double seconds = static_cast<double>(options.plan.interval_ns) * 1e-9;
  const double at = static_cast<double>(interval.index + 1) * seconds;
  const auto rate = [seconds](std::uint64_t count) {
    return format_fixed(static_cast<double>(count) / seconds, 0) + "/s";
  };
  const std::string line = "\r  " + format_fixed(at, seconds < 1 ? 1 : 0) + " s  offered " +
                           rate(interval.counts.offered) + "  answered " +
                           rate(interval.counts.answered) + "  p50 " +
                           format_duration(static_cast<double>(interval.p50_ns)) + "  p99 " +
                           format_duration(static_cast<double>(interval.p99_ns)) + "  errors " +
                           format_count(errors) + "  not sent " + format_count(not_sent) + "\x1b[K";
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

/// The CPU time of the server at the moment an interval ends, and what each interval used of it.
class CpuWatch {
 public:
  explicit CpuWatch(const RunOptions& options) : server_(options.server) {}

  /// The measured time begins.
  void begin() {
    if (!server_.watching()) return;
    first_ = last_ = server_.read();
  }

  void end_of(std::vector<Interval>& intervals) {
    if (!server_.watching() || intervals.empty() || !last_) return;
    const auto now = server_.read();
    if (!now) return;
    std::uint64_t answers = 0;
    for (const Interval& interval : intervals) answers += interval.counts.answered;
    const CpuUsed used = cpu_between(*last_, *now);
    for (Interval& interval : intervals) {
      interval.cpu_us = answers == 0 ? 0 : used.total_us / static_cast<double>(answers);
    }
    last_ = now;
  }

  void finish(Report& report) {
    if (!server_.watching() || !first_) return;
    const auto now = server_.read();
    const CpuTime& end = now ? *now : *last_;  // it may have ended before us
    report.cpu = cpu_between(*first_, end);
    report.cpu_watched = true;
  }

 private:
  ServerCpu server_;
  std::optional<CpuTime> first_, last_;
};

void sleep_until(std::uint64_t at_ns, const std::atomic<bool>& stop) {
  while (!stop.load(std::memory_order_relaxed)) {
    const std::uint64_t now = monotonic_ns();
    if (now >= at_ns) return;
    std::this_thread::sleep_for(
        std::chrono::nanoseconds(std::min<std::uint64_t>(at_ns - now, 50 * kNsPerMs)));
  }
}

}  // namespace

RunOutcome run(const RunOptions& options, const std::atomic<bool>& stop) {
  const WorkerPlan& plan = options.plan;
  Collector collector(plan.threads);
  std::vector<std::unique_ptr<Worker>> workers;
  for (unsigned i = 0; i < plan.threads; ++i) {
    workers.push_back(std::make_unique<Worker>(plan, i, collector, stop));
  }
  std::vector<unsigned> ready(plan.threads, 0);
  std::latch prepared(plan.threads);
  std::latch started(1);
  std::uint64_t start_ns = 0;
  bool go = false;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < plan.threads; ++i) {
    threads.emplace_back([&, i] {
      ready[i] = workers[i]->prepare();
      prepared.count_down();
      started.wait();
      if (go) workers[i]->run(start_ns);
    });
  }
  prepared.wait();
  unsigned connected = 0;
  for (const unsigned count : ready) connected += count;
  go = connected > 0 && !stop.load(std::memory_order_relaxed);
  start_ns = monotonic_ns() + 5 * kNsPerMs;  // so that no thread begins late
  started.count_down();

  RunOutcome outcome;
  Report& report = outcome.report;
  if (!go) {
    for (std::thread& thread : threads) thread.join();
    std::string why = workers[0]->connect_fault();
    outcome.failure = stop.load(std::memory_order_relaxed)
                          ? "stopped before the first request"
                          : "no connection could be opened: " + (why.empty() ? "timed out" : why);
    return outcome;
  }

  CpuWatch cpu(options);
  sleep_until(start_ns + plan.warmup_ns, stop);
  cpu.begin();
  std::uint64_t errors = 0;
  std::uint64_t not_sent = 0;
  while (!collector.finished()) {
    std::vector<Interval> taken = collector.take(100);
    cpu.end_of(taken);
    for (Interval& interval : taken) {
      errors += interval.counts.failed + interval.counts.wrong;
      not_sent += interval.counts.not_sent;
      if (options.progress) show_progress(interval, options, errors, not_sent);
      report.intervals.push_back(interval);
    }
  }
  cpu.finish(report);
  for (std::thread& thread : threads) thread.join();
  if (options.progress) std::fputs("\r\x1b[K", stderr);

  for (const auto& worker : workers) report.measured.merge(worker->measured());
  report.closed_loop = plan.schedule == nullptr;
  report.stopped = stop.load(std::memory_order_relaxed);
  report.threads = plan.threads;
  report.connections = std::max(plan.connections, plan.threads);
  report.spin_ns = plan.spin_ns;
  if (plan.schedule != nullptr) report.schedule = plan.schedule->phases();
  report.interval_ns = plan.interval_ns;
  report.warmup_ns = plan.warmup_ns;
  const std::uint64_t ended_ns = report.measured.ended_ns;
  report.measured_ns = ended_ns > plan.warmup_ns ? ended_ns - plan.warmup_ns : 0;
  report.machine = take_fingerprint();
  return outcome;
}

}  // namespace load
