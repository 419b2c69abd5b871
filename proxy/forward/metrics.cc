#include "proxy/forward/metrics.h"

namespace proxy::forward {

void add_metrics(telemetry::Metrics& metrics, const Shared& shared) {
  using core::decisions::CacheFigures;
  const auto gauge = [&](const char* name, const char* help, std::uint64_t CacheFigures::*figure) {
    metrics.add_gauge(name, help, [&shared, figure] {
      return static_cast<double>(shared.cache.figures().*figure);
    });
  };
  const auto counter = [&](const char* name, const char* help,
                           std::uint64_t CacheFigures::*figure) {
    metrics.add_counter(name, help, [&shared, figure] { return shared.cache.figures().*figure; });
  };
  gauge("claimgate_decision_cache_bytes", "What remembered decisions occupy.",
        &CacheFigures::bytes);
  gauge("claimgate_decision_cache_entries", "Decisions remembered.", &CacheFigures::entries);
  counter("claimgate_decision_cache_insertions", "Decisions that were put into the cache.",
          &CacheFigures::insertions);
  counter("claimgate_decision_cache_evictions", "Decisions thrown out for want of room.",
          &CacheFigures::evictions);
  counter("claimgate_decision_cache_expirations",
          "Decisions thrown out for room after their time had passed.", &CacheFigures::expirations);
  metrics.add_gauge("claimgate_velocity_bytes", "What the counters of limits occupy.", [&shared] {
    return static_cast<double>(shared.counters.figures().bytes);
  });
  metrics.add_gauge("claimgate_velocity_counters", "Keys that limits have counted.", [&shared] {
    return static_cast<double>(shared.counters.figures().counters);
  });
  metrics.add_counter("claimgate_velocity_evictions", "Counters forgotten for want of room.",
                      [&shared] { return shared.counters.figures().evictions; });
  metrics.add_counter("claimgate_velocity_forgotten_retries",
                      "Requests whose retry would be counted again, for want of room.",
                      [&shared] { return shared.counters.figures().forgotten_repeats; });
  metrics.add_gauge("claimgate_requests_pending", "Requests that wait for a backend.", [&shared] {
    std::size_t sum = 0;
    for (const auto& mailbox : shared.mailboxes) {
      sum += mailbox->waiting.load(std::memory_order_relaxed);
    }
    return static_cast<double>(sum);
  });
  metrics.add_gauge("claimgate_questions_under_way", "Different questions that are being asked.",
                    [&shared] { return static_cast<double>(shared.flights.count()); });
}

}  // namespace proxy::forward
