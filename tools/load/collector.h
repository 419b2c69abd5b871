#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "tools/load/histogram.h"

namespace load {

/// What happened within one interval, counted when it happened (not when it was meant to).
struct IntervalCounts {
  std::uint64_t offered = 0;
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;  // without an answer
  std::uint64_t wrong = 0;
  std::uint64_t not_sent = 0;

  void add(const IntervalCounts& other) noexcept;
};

/// One interval of the run over all threads: a sample of the over-time chart and of `compare`.
struct Interval {
  std::size_t index = 0;
  IntervalCounts counts;
  std::uint64_t p50_ns = 0, p90_ns = 0, p99_ns = 0, max_ns = 0;  // response time
  double mean_ns = 0;
  double cpu_us = 0;  // of the server, per answer; 0 when it is not watched
};

/// Puts the intervals of the threads together while they run. The threads deliver each of their
/// intervals once and in order; the reader takes those that all threads have passed. Any thread may
/// call any function; the lock is taken once per thread and interval.
class Collector {
 public:
  explicit Collector(unsigned threads) : threads_(threads), passed_(threads, 0) {}

  void deliver(unsigned thread, std::size_t interval, const IntervalCounts& counts,
               const Histogram& response);
  /// `thread` delivers nothing more.
  void finish(unsigned thread);

  /// The intervals complete since the last call, in order. Waits up to `wait_ms` for one.
  std::vector<Interval> take(std::uint64_t wait_ms);
  bool finished() const;

 private:
  struct Pending {
    IntervalCounts counts;
    Histogram response;
  };

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  unsigned threads_;
  std::vector<std::size_t> passed_;  // by thread: number of the first interval not delivered
  std::map<std::size_t, Pending> pending_;
  unsigned finished_ = 0;
};

}  // namespace load
