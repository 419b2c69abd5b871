#include "proxy/forward/flights.h"

namespace proxy::forward {

bool Flights::join(const core::decisions::Key& key, const std::optional<Waiter>& waiter) {
  Part& part = part_of(key);
  const std::lock_guard lock(part.mutex);
  const auto [flight, fresh] = part.waiters.try_emplace(key);
  if (waiter) flight->second.push_back(*waiter);
  return fresh;
}

Flights::Waiters Flights::land(const core::decisions::Key& key) {
  Part& part = part_of(key);
  const std::lock_guard lock(part.mutex);
  const auto found = part.waiters.find(key);
  if (found == part.waiters.end()) return {};
  Waiters waiters = std::move(found->second);
  part.waiters.erase(found);
  return waiters;
}

std::size_t Flights::count() const {
  std::size_t sum = 0;
  for (const Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    sum += part.waiters.size();
  }
  return sum;
}

}  // namespace proxy::forward
