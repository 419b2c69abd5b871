#include "proxy/tokens/key_metrics.h"

#include <string>
#include <utility>

namespace proxy::tokens {

void add_metrics(telemetry::Metrics& metrics, const KeyKeeper& keeper,
                 const std::function<VerifierCounters()>& workers) {
  using Series = telemetry::Metrics::Series;
  using core::callers::TokenFault;
  metrics.add_labelled("claimgate_tokens_accepted", "Tokens of callers that are good.", false, "how", [workers] {
    std::uint64_t verified = 0, remembered = 0;
    for (const auto* counters : workers()) {
      verified += counters->verified.load(std::memory_order_relaxed);
      remembered += counters->remembered.load(std::memory_order_relaxed);
    }
    std::vector<Series> series;
    if (verified > 0) series.push_back({"verified", static_cast<double>(verified)});
    if (remembered > 0) series.push_back({"remembered", static_cast<double>(remembered)});
    return series;
  });
  metrics.add_labelled("claimgate_tokens_refused", "Tokens of callers that were refused.", false, "reason", [workers] {
    std::vector<Series> series;
    for (std::size_t fault = 1; fault < core::callers::kTokenFaultCount; ++fault) {
      std::uint64_t count = 0;
      for (const auto* counters : workers()) {
        count += counters->faults[fault].load(std::memory_order_relaxed);
      }
      if (count > 0) {
        series.push_back({std::string(core::callers::name(static_cast<TokenFault>(fault))),
                          static_cast<double>(count)});
      }
    }
    return series;
  });
  const auto add = [&](std::string name, std::string help, bool gauge,
                       std::function<double(const KeyKeeper::State&)> value) {
    metrics.add_labelled(std::move(name), std::move(help), gauge, "authority",
                         [&keeper, value = std::move(value)] {
                           std::vector<Series> series;
                           for (const KeyKeeper::State& state : keeper.states()) {
                             series.push_back({state.label, value(state)});
                           }
                           return series;
                         });
  };
  add("claimgate_token_keys", "Keys at hand for callers' tokens; 0 before they were fetched.", true,
      [](const KeyKeeper::State& state) { return static_cast<double>(state.keys); });
  add("claimgate_token_keys_age_seconds", "Since they were fetched.", true,
      [](const KeyKeeper::State& state) { return state.age_s; });
  add("claimgate_token_key_fetch_failures", "Times they could not be fetched.", false,
      [](const KeyKeeper::State& state) { return static_cast<double>(state.failures); });
}

}  // namespace proxy::tokens
