#include "proxy/forward/flights.h"

#include <utility>

namespace proxy::forward {

bool Flights::join(const core::decisions::Key& key, const std::optional<Waiter>& waiter) {
  Part& part = part_of(key);
  const std::lock_guard lock(part.mutex);
  if (const auto flight = part.waiters.find(key); flight != part.waiters.end()) {
    if (waiter) flight->second.push_back(*waiter);
    return false;
  }
  Map::iterator flight;
  if (part.spare.empty()) {
    flight = part.waiters.try_emplace(key).first;
  } else {
    part.spare.back().key() = key;
    flight = part.waiters.insert(std::move(part.spare.back())).position;  // it stays spare when this throws
    part.spare.pop_back();
  }
  if (waiter) flight->second.push_back(*waiter);  // the first one lies in the node
  return true;
}

Flights::Waiters Flights::land(const core::decisions::Key& key) noexcept {
  Part& part = part_of(key);
  const std::lock_guard lock(part.mutex);
  const auto found = part.waiters.find(key);
  if (found == part.waiters.end()) return {};
  Waiters waiters = std::move(found->second);
  if (part.spare.size() == kSpareMax) {
    part.waiters.erase(found);
    return waiters;
  }
  found->second.clear();
  part.spare.push_back(part.waiters.extract(found));
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
