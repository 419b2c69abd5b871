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

void add_metrics(telemetry::Metrics& metrics, const redis::Link& link) {
  const redis::Counters& counters = link.counters();
  const auto add = [&metrics](std::string name, std::string help, const Counter& counter) {
    metrics.add_counter(std::move(name), std::move(help), [&counter] { return read(counter); });
  };
  const auto gauge = [&metrics](std::string name, std::string help, const Counter& counter) {
    metrics.add_gauge(std::move(name), std::move(help), [&counter] { return static_cast<double>(read(counter)); });
  };
  gauge("claimgate_redis_connected", "1 while commands can be sent to the Redis.", counters.connected);
  gauge("claimgate_redis_in_flight", "Commands that wait for an answer.", counters.in_flight);
  add("claimgate_redis_commands", "Commands asked of the Redis.", counters.commands);
  add("claimgate_redis_connections", "Connections to the Redis that came to be.", counters.connections);
  add("claimgate_redis_connect_failures", "Attempts to connect to the Redis that failed.", counters.connect_failures);
  add("claimgate_redis_late", "Answers of the Redis that nobody waited for any more.", counters.late);
  add("claimgate_redis_scripts_sent", "Scripts that the Redis did not know and was sent again.", counters.scripts_sent);
  metrics.add_labelled("claimgate_redis_failures", "Commands without the answer that was wanted.", false, "reason",
                       [&counters] {
                         std::vector<telemetry::Metrics::Series> series;
                         for (std::size_t i = 1; i < redis::kFailureCount; ++i) {
                           const std::uint64_t count = read(counters.failures[i]);
                           if (count == 0) continue;
                           series.push_back({std::string(redis::name(static_cast<redis::Failure>(i))),
                                             static_cast<double>(count)});
                         }
                         return series;
                       });
  metrics.add_text([&counters](std::string& text) {
    append_histogram(text, "claimgate_redis_seconds", "From asking the Redis to its answer.", counters.latency,
                     seconds(read(counters.latency_us)),
                     [](std::size_t i) { return seconds(std::uint64_t{1} << (i + redis::Counters::kFirstBit)); });
  });
}

namespace {

using Named = std::pair<const char*, const Counter*>;

/// A family of counters that one label tells apart, all of them always there.
void add_family(telemetry::Metrics& metrics, std::string name, std::string help, std::string label,
                std::vector<Named> all) {
  metrics.add_labelled(std::move(name), std::move(help), false, std::move(label), [all = std::move(all)] {
    std::vector<telemetry::Metrics::Series> series;
    for (const auto& [value, counter] : all) series.push_back({value, static_cast<double>(read(*counter))});
    return series;
  });
}

}  // namespace

void add_metrics(telemetry::Metrics& metrics, const Limits& limits) {
  const Limits::Figures& figures = limits.figures();
  add_family(metrics, "claimgate_velocity_shared", "Questions to limits that machines share, by who has answered.",
             "answer",
             {{"redis", &figures.redis}, {"local", &figures.local}, {"open", &figures.open}, {"closed", &figures.closed}});
  metrics.add_counter("claimgate_velocity_not_taken_back",
                      "Accounts that did not come to be and stay counted, because the Redis was away.",
                      [&figures] { return read(figures.not_taken_back); });
}

void add_metrics(telemetry::Metrics& metrics, const RedisDecisions& decisions) {
  const RedisDecisions::Figures& figures = decisions.figures();
  add_family(metrics, "claimgate_decisions_shared_lookups", "Decisions that were looked up in the Redis.", "result",
             {{"hit", &figures.hits}, {"miss", &figures.misses}, {"late", &figures.late}});
  add_family(metrics, "claimgate_decisions_shared_kept", "Decisions that were to be kept in the Redis.", "result",
             {{"kept", &figures.kept}, {"not_kept", &figures.not_kept}});
  metrics.add_counter("claimgate_decisions_shared_unreadable", "Decisions in the Redis that could not be read.",
                      [&figures] { return read(figures.unreadable); });
  metrics.add_counter("claimgate_decisions_shared_forgotten", "Decisions that a machine had all others forget.",
                      [&figures] { return read(figures.forgotten); });
  metrics.add_counter("claimgate_decisions_shared_missed",
                      "Times that all decisions were forgotten because the Redis was away for too long.",
                      [&figures] { return read(figures.missed); });
}

void add_metrics(telemetry::Metrics& metrics, const Approvals& approvals) {
  const Approvals::Figures& figures = approvals.figures();
  add_family(metrics, "claimgate_approvals", "Changes of approvals that were committed.", "change",
             {{"requested", &figures.requested},
              {"approved", &figures.approved},
              {"denied", &figures.denied},
              {"expired", &figures.expired},
              {"erased", &figures.erased},
              {"account_created", &figures.accounts_created},
              {"account_failed", &figures.accounts_failed}});
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
