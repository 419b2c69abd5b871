#include "proxy/state/metrics.h"

#include <cstdio>
#include <string>
#include <utility>

namespace proxy::state {
namespace {

using Counter = Counters::Counter;

std::uint64_t read(const Counter& counter) noexcept { return counter.load(std::memory_order_relaxed); }

/// A histogram: `bound` prints the upper bound of a bucket, the last one is +Inf.
template <typename Buckets, typename Bound>
void append_histogram(std::string& text, std::string_view name, std::string_view help, const Buckets& buckets,
                      const std::string& sum, Bound bound) {
  text.append("# TYPE ").append(name).append(" histogram\n");
  text.append("# HELP ").append(name).append(" ").append(help).append("\n");
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    count += read(buckets[i]);
    text.append(name).append("_bucket{le=\"").append(i + 1 == buckets.size() ? "+Inf" : bound(i));
    text.append("\"} ").append(std::to_string(count)).append("\n");
  }
  text.append(name).append("_sum ").append(sum).append("\n");
  text.append(name).append("_count ").append(std::to_string(count)).append("\n");
}

std::string seconds(std::uint64_t us) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6f", static_cast<double>(us) / 1e6);
  return text;
}

}  // namespace

void add_metrics(telemetry::Metrics& metrics, const Store& store, std::string_view kind) {
  const Counters& counters = store.counters();
  const auto add = [&metrics](std::string name, std::string help, const Counter& counter) {
    metrics.add_counter(std::move(name), std::move(help), [&counter] { return read(counter); });
  };
  add("claimgate_state_commits", "Batches of changes that were acknowledged.", counters.commits);
  add("claimgate_state_transactions", "Transactions that they were made safe in.", counters.transactions);
  add("claimgate_state_reads", "Reads and deletions of what was delivered.", counters.reads);
  add("claimgate_state_expired", "Records removed because their time was over.", counters.expired);
  metrics.add_labelled("claimgate_state_failures", "What was asked of the state and not done.", false, "reason",
                       [&counters] {
                         std::vector<telemetry::Metrics::Series> series;
                         for (std::size_t i = 1; i < kFailureCount; ++i) {
                           const std::uint64_t count = read(counters.failures[i]);
                           if (count == 0) continue;
                           series.push_back({std::string(name(static_cast<Failure>(i))), static_cast<double>(count)});
                         }
                         return series;
                       });
  metrics.add_gauge("claimgate_state_waiting", "What was asked of the state and is not answered yet.", [&counters] {
    return static_cast<double>(counters.waiting.load(std::memory_order_relaxed));
  });
  metrics.add_labelled("claimgate_state_up", "1 when the last transaction succeeded.", true, "kind",
                       [&counters, kind = std::string(kind)] {
                         const bool up = counters.health.load(std::memory_order_relaxed) == Failure::kNone;
                         return std::vector<telemetry::Metrics::Series>{{kind, up ? 1.0 : 0.0}};
                       });
  metrics.add_text([&counters](std::string& text) {
    append_histogram(text, "claimgate_state_commit_seconds", "From handing a batch over to its acknowledgement.",
                     counters.latency, seconds(read(counters.latency_us)),
                     [](std::size_t i) { return seconds(std::uint64_t{1} << (i + Counters::kFirstBit)); });
    append_histogram(text, "claimgate_state_transaction_batches", "Batches in one transaction.", counters.sizes,
                     std::to_string(read(counters.commits)),
                     [](std::size_t i) { return std::to_string(std::uint64_t{1} << i); });
  });
}

void add_metrics(telemetry::Metrics& metrics, const Approvals& approvals) {
  metrics.add_labelled("claimgate_approvals", "Changes of approvals that were committed.", false, "change",
                       [&figures = approvals.figures()] {
                         const std::pair<const char*, const Counter*> all[] = {{"requested", &figures.requested},
                                                                               {"approved", &figures.approved},
                                                                               {"denied", &figures.denied},
                                                                               {"expired", &figures.expired},
                                                                               {"erased", &figures.erased},
                                                                               {"account_created", &figures.accounts_created},
                                                                               {"account_failed", &figures.accounts_failed}};
                         std::vector<telemetry::Metrics::Series> series;
                         for (const auto& [change, count] : all) {
                           series.push_back({change, static_cast<double>(read(*count))});
                         }
                         return series;
                       });
  metrics.add_counter("claimgate_approvals_unreadable", "Records of approvals that could not be read.",
                      [&figures = approvals.figures()] { return read(figures.unreadable); });
}

void add_metrics(telemetry::Metrics& metrics, const Invitations& invitations) {
  const Invitations::Figures& figures = invitations.figures();
  metrics.add_labelled("claimgate_invitations", "Codes that people brought, by what became of it.", false, "outcome",
                       [&figures] {
                         std::vector<telemetry::Metrics::Series> series;
                         for (std::size_t i = 0; i < figures.outcomes.size(); ++i) {
                           const std::string_view outcome =
                               i == Invitations::Figures::kMissing
                                   ? "missing"
                                   : core::invitations::name(static_cast<core::invitations::Outcome>(i));
                           series.push_back({std::string(outcome), static_cast<double>(read(figures.outcomes[i]))});
                         }
                         return series;
                       });
  const auto add = [&metrics](std::string name, std::string help, const Counter& counter) {
    metrics.add_counter(std::move(name), std::move(help), [&counter] { return read(counter); });
  };
  add("claimgate_invitations_created", "Codes that were created.", figures.created);
  add("claimgate_invitations_revoked", "Codes that were revoked.", figures.revoked);
  add("claimgate_invitations_unreadable", "Records of codes that could not be read.", figures.unreadable);
}

}  // namespace proxy::state
