#include "proxy/commands/serve_metrics.h"

#include <functional>
#include <string>
#include <utility>

#include "proxy/forward/backend_metrics.h"
#include "proxy/forward/metrics.h"
#include "proxy/net/memory_plan.h"
#include "proxy/tokens/key_metrics.h"

namespace proxy::commands {
namespace {

using Series = telemetry::Metrics::Series;
using Workers = std::vector<std::unique_ptr<Worker>>;

void add_log_metrics(telemetry::Metrics& metrics, const telemetry::AccessLog& log) {
  metrics.add_counter("claimgate_access_log_dropped", "Access log lines lost for want of room.",
                      [&log] { return log.dropped(); });
  metrics.add_counter("claimgate_access_log_write_errors", "Failed writes of the access log.",
                      [&log] { return log.write_errors(); });
}

void add_list_metrics(telemetry::Metrics& metrics, const lists::Keeper& keeper) {
  using State = lists::Keeper::State;
  const auto add = [&](std::string name, std::string help, bool gauge,
                       std::function<double(const State&)> value) {
    metrics.add_labelled(std::move(name), std::move(help), gauge, "list",
                         [&keeper, value = std::move(value)] {
                           std::vector<Series> series;
                           for (const State& state : keeper.states()) {
                             series.push_back({std::string(state.name), value(state)});
                           }
                           return series;
                         });
  };
  add("claimgate_list_entries", "Entries of a list, live changes included.", true,
      [](const State& state) { return static_cast<double>(state.entries); });
  add("claimgate_list_age_seconds", "Since a list's source was read or found unchanged.", true,
      [](const State& state) { return static_cast<double>(lists::now_s() - state.confirmed_at_s); });
  add("claimgate_list_reload_failures", "Looks at a list's source that brought no list.", false,
      [](const State& state) { return static_cast<double>(state.failures); });
}

void add_memory_metrics(telemetry::Metrics& metrics, const Workers& workers, std::size_t bound_bytes) {
  metrics.add_gauge("claimgate_memory_bound_bytes", "What the process may hold, as start-up adds it up.",
                    [bound_bytes] { return static_cast<double>(bound_bytes); });
  metrics.add_gauge("claimgate_memory_resident_bytes", "What the process holds.",
                    [] { return static_cast<double>(net::resident_bytes()); });
  const auto add = [&](std::string name, std::string help, bool limit) {
    metrics.add_labelled(std::move(name), std::move(help), true, "purpose", [&workers, limit] {
      using For = net::Memory::For;
      std::vector<Series> series;
      for (const auto& [label, purpose] : {std::pair{"connections", For::kConnections},
                                           std::pair{"messages", For::kMessages},
                                           std::pair{"waiting", For::kWaiting},
                                           std::pair{"backends", For::kBackends}}) {
        double sum = 0;
        for (const auto& worker : workers) {
          const net::Memory& memory = worker->memory();
          sum += static_cast<double>(limit ? memory.limit(purpose) : memory.held(purpose));
        }
        series.push_back({label, sum});
      }
      return series;
    });
  };
  add("claimgate_memory_held_bytes", "What connections, messages and waiting requests hold.", false);
  add("claimgate_memory_limit_bytes", "What they may hold.", true);
}

}  // namespace

void add_metrics(telemetry::Metrics& metrics, const capture::Capture& capture) {
  metrics.add_counter("claimgate_capture_written", "Requests written to the capture.",
                      [&capture] { return capture.written(); });
  metrics.add_counter("claimgate_capture_dropped", "Sampled requests that are not in the capture.",
                      [&capture] { return capture.dropped(); });
  metrics.add_counter("claimgate_capture_write_errors", "Failed writes of the capture.",
                      [&capture] { return capture.write_errors(); });
  metrics.add_gauge("claimgate_capture_full", "1 when the capture has reached its size.",
                    [&capture] { return capture.full() ? 1.0 : 0.0; });
}

void add_metrics(telemetry::Metrics& metrics, const Measured& measured) {
  const Workers& workers = measured.workers;
  add_log_metrics(metrics, measured.log);
  metrics.add_gauge("claimgate_workers", "Worker threads.",
                    [&workers] { return static_cast<double>(workers.size()); });
  add_list_metrics(metrics, measured.keeper);
  add_memory_metrics(metrics, workers, measured.memory_bytes);
  forward::add_metrics(metrics, measured.shared);
  tokens::add_metrics(metrics, measured.keys, [&workers] {
    tokens::VerifierCounters counters;
    for (const auto& worker : workers) counters.push_back(&worker->token_counters());
    return counters;
  });
  metrics.add_counter("claimgate_addresses_barred",
                      "Times an address was barred for showing wrong credentials.",
                      [&attempts = measured.attempts] { return attempts.barred(); });
  metrics.add_text([&workers](std::string& text) {
    std::vector<const upstream::Counters*> counters;
    for (const auto& worker : workers) counters.push_back(worker->backend_counters());
    forward::append_backend_metrics(upstream::Figures::sum(counters), text);
  });
}

}  // namespace proxy::commands
