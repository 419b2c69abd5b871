#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/gate/gate.h"
#include "core/mapping/answer.h"
#include "proxy/net/server.h"

namespace proxy::telemetry {

/// What one worker counts while it works with one snapshot. Written by that worker alone with plain
/// stores, read by whoever scrapes: no cache line is written by two threads.
class Counters {
 public:
  explicit Counters(std::shared_ptr<const core::gate::Snapshot> snapshot);

  /// Counts an answered request. `duration_ns` is from reading it to having its answer. Worker only.
  void count(const core::gate::Report& report, std::uint64_t duration_ns) noexcept;
  void count_shadow(const core::gate::Report& report, std::uint32_t rule) noexcept;
  void count_tags(const core::gate::Report& report, std::uint64_t tags) noexcept;
  void count_shadow_rules(const core::gate::Report& report) noexcept;
  /// Counts what a request came to of limits. Worker only.
  void count_limits(std::span<const core::gate::CountedAt> counted) noexcept;
  /// Counts a question: it was put to a backend, or joined one under way. Worker only.
  void count_asked(const core::gate::Connector& connector, bool joined) noexcept;
  /// Counts a backend that could not be asked, or its answer. Worker only.
  void count_not_asked(std::size_t backend, core::mapping::NotAsked why) noexcept;
  void count_reply(std::size_t backend, const core::mapping::Answer& answer) noexcept;
  /// Counts a request that had waited and whose connection closed before its answer. Worker only.
  void count_gone(const core::gate::Connector& connector) noexcept;
  /// Counts bytes that were no acceptable request. Worker only.
  void count_refused(int status) noexcept;

  using Counter = std::atomic<std::uint64_t>;
  /// Upper bounds are powers of two of microseconds: 1 us to 2^23 us (8.4 s), then +Inf.
  static constexpr std::size_t kBuckets = 25;
  /// Verdicts told (Outcome::kContinue to kFault); the other outcomes are refusals.
  static constexpr std::size_t kVerdicts = 4;
  static constexpr std::size_t kRuleSlotsBesides = 2;  // no rule decided; `otherwise`
  static constexpr int kStatusMax = 600;
  static constexpr std::size_t kKinds = 3;       // of rules::VerdictKind
  static constexpr std::size_t kShadowKinds = 4;  // and undecided

  struct PerConnector {
    std::unique_ptr<Counter[]> verdicts;  // [dialects::slot()][verdict][rule slot]
    std::unique_ptr<Counter[]> shadow;    // [rule]
    std::unique_ptr<Counter[]> tags;      // [tag]
    /// What shadow rules would have told: [told][by shadow rules][0: the same, 1: something else].
    std::array<std::array<std::array<Counter, 2>, kShadowKinds>, kKinds> shadow_rules{};
    std::size_t rule_slots = 0;
    std::array<Counter, core::gate::kOutcomeCount> refused{};
    std::array<Counter, kBuckets> buckets{};
    Counter duration_ns{0};
    Counter rewritten{0};
    Counter omitted{0};
    std::array<Counter, core::gate::kSourceCount> sources{};  // of answers that decisions went into
    Counter hits{0}, stale_hits{0}, joins{0}, misses{0};
    std::array<Counter, core::gate::kFallbackCount> fallbacks{};
    Counter gone{0};
    Counter& verdict(std::size_t step, std::size_t verdict, std::size_t slot) const noexcept {
      return verdicts[(step * kVerdicts + verdict) * rule_slots + slot];
    }
  };
  /// What became of one backend's questions and answers on their way through its mapping.
  struct PerBackend {
    std::array<Counter, core::mapping::kNotAskedCount> not_asked{};
    std::array<Counter, core::mapping::kUnresolvedCount> unresolved{};
    std::array<Counter, core::mapping::kRemarkCount> remarks{};
  };
  const std::vector<std::unique_ptr<PerBackend>>& backends() const noexcept { return backends_; }
  /// What became of requests at one limit: within it, over it, counted before, only looked at, let pass because
  /// the counter was not to be had.
  using PerLimit = std::array<Counter, 5>;
  const std::vector<std::unique_ptr<PerLimit>>& limits() const noexcept { return limits_; }
  const core::gate::Snapshot& snapshot() const noexcept { return *snapshot_; }
  const std::vector<std::unique_ptr<PerConnector>>& connectors() const noexcept { return connectors_; }
  const Counter& not_found() const noexcept { return not_found_; }
  const std::array<Counter, kStatusMax>& refused() const noexcept { return refused_; }

 private:
  std::shared_ptr<const core::gate::Snapshot> snapshot_;
  std::vector<std::unique_ptr<PerConnector>> connectors_;
  std::vector<std::unique_ptr<PerBackend>> backends_;
  std::vector<std::unique_ptr<PerLimit>> limits_;
  Counter not_found_{0};
  std::array<Counter, kStatusMax> refused_{};  // by status, of what never became a request
};

/// All counters of the process, and their text form. Thread: any; workers only open() and close().
class Metrics {
 public:
  /// Counters for a worker that takes up `snapshot`; good until closed.
  Counters* open(std::shared_ptr<const core::gate::Snapshot> snapshot);
  /// The worker has taken up another snapshot: what it counted is kept, under its labels.
  void close(Counters* counters);

  void add_server(const net::ServerCounters& server);
  /// Figures that somebody else keeps, asked for at each scrape.
  void add_gauge(std::string name, std::string help, std::function<double()> value);
  void add_counter(std::string name, std::string help, std::function<std::uint64_t()> value);

  /// The same with one figure for each value of the label `label`.
  struct Series {
    std::string label;
    double value;
  };
  void add_labelled(std::string name, std::string help, bool gauge, std::string label,
                    std::function<std::vector<Series>()> series);

  /// Whole families that somebody else writes.
  void add_text(std::function<void(std::string& text)> append);

  /// OpenMetrics 1.0 text. Series that were never counted are left out, except a connector's
  /// histogram, which a scraper wants from the beginning.
  std::string render() const;

 private:
  struct Histogram {
    std::array<std::uint64_t, Counters::kBuckets> buckets{};
    std::uint64_t duration_ns = 0;
  };
  /// Sums by family and labels.
  struct Totals {
    std::map<std::string, std::uint64_t> requests, shadow, shadow_rules, tags, refused, rewritten,
        omitted;
    std::map<std::string, std::uint64_t> decisions, fallbacks, sources, gone;
    std::map<std::string, std::uint64_t> not_asked, unresolved, remarks, limits;
    std::map<std::string, Histogram> durations;
    void add(const Counters& counters);
  };
  struct Figure {
    std::string name, help;
    std::function<double()> gauge;
    std::function<std::uint64_t()> counter;
  };

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Counters>> open_;
  Totals closed_;
  std::vector<const net::ServerCounters*> servers_;
  struct Family {
    std::string name, help, label;
    bool gauge;
    std::function<std::vector<Series>()> series;
  };
  std::vector<Figure> figures_;
  std::vector<Family> families_;
  std::vector<std::function<void(std::string& text)>> texts_;
};

/// A label's value in quotation marks (OpenMetrics 1.0, "escaped-string").
std::string label_text(std::string_view value);

}  // namespace proxy::telemetry
