#include "proxy/upstream/counters.h"

#include <algorithm>

namespace proxy::upstream {
namespace {

std::uint64_t read(const std::atomic<std::uint64_t>& counter) noexcept {
  return counter.load(std::memory_order_relaxed);
}

template <std::size_t kSize>
void add(std::array<std::uint64_t, kSize>& to,
         const std::array<std::atomic<std::uint64_t>, kSize>& from) noexcept {
  for (std::size_t i = 0; i < kSize; ++i) to[i] += read(from[i]);
}

template <typename Entries>
auto& entry(Entries& entries, const std::string& name) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const auto& one) { return one.name == name; });
  if (found != entries.end()) return *found;
  entries.emplace_back();
  entries.back().name = name;
  return entries.back();
}

void add(Figures::Endpoint& to, const EndpointCounters& from) {
  to.in_flight += read(from.in_flight);
  to.tries += read(from.tries);
  to.ejections += read(from.ejections);
  to.health_checks += read(from.health_checks);
  to.health_failures += read(from.health_failures);
  to.available += read(from.available);
  to.open += read(from.open);
  to.opened += read(from.opened);
  to.handshakes += read(from.handshakes);
  to.resumptions += read(from.resumptions);
  to.handshake_failures += read(from.handshake_failures);
  to.resolutions += read(from.resolutions);
  to.resolve_failures += read(from.resolve_failures);
  add(to.closed, from.closed);
}

void add(Figures::Backend& to, const BackendCounters& from) {
  to.calls += read(from.calls);
  to.in_flight += read(from.in_flight);
  to.queued += read(from.queued);
  to.tries += read(from.tries);
  to.retries += read(from.retries);
  to.hedges += read(from.hedges);
  to.hedges_won += read(from.hedges_won);
  to.budget_spent += read(from.budget_spent);
  to.late += read(from.late);
  to.breaker_opened += read(from.breaker_opened);
  to.tokens += read(from.tokens);
  to.token_failures += read(from.token_failures);
  to.duration_us += read(from.duration_us);
  add(to.answers, from.answers);
  add(to.failures, from.failures);
  add(to.try_failures, from.try_failures);
  add(to.buckets, from.buckets);
  ++to.breakers[std::min<std::uint64_t>(read(from.breaker_state), to.breakers.size() - 1)];
}

}  // namespace

std::string_view name(BreakerState state) noexcept {
  switch (state) {
    case BreakerState::kClosed: return "closed";
    case BreakerState::kHalfOpen: return "half_open";
    case BreakerState::kOpen: return "open";
  }
  return "open";
}

std::string_view name(CloseReason reason) noexcept {
  static constexpr std::array<std::string_view, kCloseReasonCount> kNames = {
      "idle",    "answered", "peer",      "unsolicited", "timeout",
      "fault",   "connect",  "abandoned", "address",     "ending"};
  return kNames[static_cast<std::size_t>(reason)];
}

Counters::Backend& Counters::find(std::string_view name) {
  const auto found = std::find_if(backends_.begin(), backends_.end(),
                                  [&](const auto& one) { return one->name == name; });
  if (found != backends_.end()) return **found;
  backends_.push_back(std::make_unique<Backend>());
  backends_.back()->name = name;
  return *backends_.back();
}

BackendCounters& Counters::backend(std::string_view backend) {
  const std::lock_guard lock(mutex_);
  return find(backend).counters;
}

EndpointCounters& Counters::endpoint(std::string_view backend, std::string_view endpoint) {
  const std::lock_guard lock(mutex_);
  auto& endpoints = find(backend).endpoints;
  const auto found = std::find_if(endpoints.begin(), endpoints.end(),
                                  [&](const auto& one) { return one->name == endpoint; });
  if (found != endpoints.end()) return (*found)->counters;
  endpoints.push_back(std::make_unique<Endpoint>());
  endpoints.back()->name = endpoint;
  return endpoints.back()->counters;
}

Figures Figures::sum(std::span<const Counters* const> workers) {
  Figures figures;
  for (const Counters* worker : workers) {
    const std::lock_guard lock(worker->mutex_);
    for (const auto& backend : worker->backends_) {
      Backend& sums = entry(figures.backends, backend->name);
      add(sums, backend->counters);
      for (const auto& endpoint : backend->endpoints) {
        add(entry(sums.endpoints, endpoint->name), endpoint->counters);
      }
    }
  }
  return figures;
}

}  // namespace proxy::upstream
