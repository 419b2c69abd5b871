#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/upstream/asker.h"

namespace proxy::upstream {

enum class BreakerState : std::uint8_t { kClosed, kHalfOpen, kOpen };
std::string_view name(BreakerState state) noexcept;

/// Why a connection was closed. Each is a label of a metric.
enum class CloseReason : std::uint8_t {
  kIdle,         // unused for too long
  kAnswered,     // the backend said `Connection: close`, or its answer ended with the connection
  kPeer,         // the backend closed or reset it
  kUnsolicited,  // bytes that nobody had asked for
  kTimeout,      // a try's time was up
  kFault,        // no acceptable answer
  kConnect,      // it never came to be
  kAbandoned,    // a hedge's other try was faster
  kAddress,      // its address is not the endpoint's any more, or the endpoint is gone
  kEnding,
};
inline constexpr std::size_t kCloseReasonCount = 10;
std::string_view name(CloseReason reason) noexcept;

/// Sets a gauge that one thread writes.
inline void show(std::atomic<std::uint64_t>& gauge, std::uint64_t value) noexcept {
  gauge.store(value, std::memory_order_relaxed);
}

/// One less of what net::bump() counted. Gauges are counted up and down and never set: an endpoint or
/// backend that a reload took out shares them with its successor until its last answer.
inline void drop(std::atomic<std::uint64_t>& gauge) noexcept {
  gauge.store(gauge.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
}

/// Counts that one worker's loop writes with plain stores and any thread reads.
struct EndpointCounters {
  using Counter = std::atomic<std::uint64_t>;
  Counter in_flight{0};    // a gauge
  Counter available{1};    // a gauge: 0 while it is ejected
  Counter tries{0};
  Counter ejections{0};
  Counter health_checks{0}, health_failures{0};
  Counter open{0};         // a gauge: connections, those being opened included
  Counter opened{0};       // connections that came to be
  std::array<Counter, kCloseReasonCount> closed{};
  Counter handshakes{0}, resumptions{0}, handshake_failures{0};
  Counter resolutions{0}, resolve_failures{0};
};

struct BackendCounters {
  using Counter = std::atomic<std::uint64_t>;
  /// Upper bounds are powers of two of microseconds, as in telemetry::Counters.
  static constexpr std::size_t kBuckets = 25;
  static constexpr std::size_t kStatusClasses = 6;  // 0: none, then 1xx to 5xx

  Counter calls{0};
  Counter in_flight{0}, queued{0};  // gauges
  Counter tries{0}, retries{0}, hedges{0}, hedges_won{0};
  Counter budget_spent{0};          // times a retry or a hedge was not made for want of budget
  Counter late{0};                  // answers that nobody waited for any more
  std::array<Counter, kStatusClasses> answers{};  // of tries
  std::array<Counter, kFailureCount> failures{};  // of calls, by what the asker was told
  std::array<Counter, kFailureCount> try_failures{};
  Counter breaker_state{0};  // a gauge: BreakerState
  Counter breaker_opened{0};
  Counter tokens{0}, token_failures{0};
  std::array<Counter, kBuckets> buckets{};  // of answered calls, from ask() to the answer
  Counter duration_us{0};
};

/// The counters of one worker's client. Entries are made when a backend or endpoint is first configured
/// and stay until the process ends, so that a reload takes no count back.
class Counters {
 public:
  /// The entry called so, made if there is none; good as long as this. Thread: the worker's; takes a
  /// lock, so not for each request.
  BackendCounters& backend(std::string_view backend);
  EndpointCounters& endpoint(std::string_view backend, std::string_view endpoint);

 private:
  friend struct Figures;
  struct Endpoint {
    std::string name;
    EndpointCounters counters;
  };
  struct Backend {
    std::string name;
    BackendCounters counters;
    std::vector<std::unique_ptr<Endpoint>> endpoints;
  };
  Backend& find(std::string_view name);

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Backend>> backends_;
};

/// The sums over all workers, for whoever prints them.
struct Figures {
  struct Endpoint {
    std::string name;
    std::uint64_t in_flight = 0, tries = 0, ejections = 0, health_checks = 0, health_failures = 0;
    std::uint64_t available = 0;  // workers that ask it
    std::uint64_t open = 0, opened = 0, handshakes = 0, resumptions = 0, handshake_failures = 0;
    std::uint64_t resolutions = 0, resolve_failures = 0;
    std::array<std::uint64_t, kCloseReasonCount> closed{};
  };
  struct Backend {
    std::string name;
    std::uint64_t calls = 0, in_flight = 0, queued = 0, tries = 0, retries = 0, hedges = 0;
    std::uint64_t hedges_won = 0, budget_spent = 0, late = 0, breaker_opened = 0, tokens = 0;
    std::uint64_t token_failures = 0, duration_us = 0;
    std::array<std::uint64_t, BackendCounters::kStatusClasses> answers{};
    std::array<std::uint64_t, kFailureCount> failures{}, try_failures{};
    std::array<std::uint64_t, 3> breakers{};  // workers by BreakerState
    std::array<std::uint64_t, BackendCounters::kBuckets> buckets{};
    std::vector<Endpoint> endpoints;
  };
  std::vector<Backend> backends;  // in the order of their first appearance

  /// Thread: any.
  static Figures sum(std::span<const Counters* const> workers);
};

}  // namespace proxy::upstream
