#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <list>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/decisions/cache.h"

/// Who signs up, as sequences of numbers of people, and a cache that evicts the least recently used
/// to hold against. Shared by the test of the hit ratio and its benchmark.
namespace core::decisions::traces {

/// `count` draws from `people` by Zipf's law with exponent `s` (person i with weight 1/i^s).
inline std::vector<std::uint32_t> zipf(std::size_t people, double s, std::size_t count,
                                       std::uint64_t seed) {
  std::vector<double> sums(people);
  double sum = 0;
  for (std::size_t i = 0; i < people; ++i) {
    sum += 1 / std::pow(static_cast<double>(i + 1), s);
    sums[i] = sum;
  }
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> draw(0, sum);
  std::vector<std::uint32_t> trace(count);
  for (std::uint32_t& person : trace) {
    person = static_cast<std::uint32_t>(std::lower_bound(sums.begin(), sums.end(), draw(random)) -
                                        sums.begin());
  }
  return trace;
}

/// The same with a campaign in it: after every `calm` of them `burst` people who come this once.
inline std::vector<std::uint32_t> with_scans(const std::vector<std::uint32_t>& trace,
                                             std::size_t calm, std::size_t burst) {
  std::vector<std::uint32_t> mixed;
  std::uint32_t once = 0x80000000U;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    mixed.push_back(trace[i]);
    if ((i + 1) % calm == 0) {
      for (std::size_t k = 0; k < burst; ++k) mixed.push_back(once++);
    }
  }
  return mixed;
}

inline Key key_of(std::uint32_t person) {
  KeyHash hash(Seed{3, 4});
  hash.add_number(person);
  return hash.finish();
}

/// Share of the trace that `cache` answers, each miss filled with a decision of `bytes`.
inline double hit_ratio(Cache& cache, const std::vector<std::uint32_t>& trace, std::size_t bytes) {
  const std::string decision(bytes, 'd');
  Arena arena(bytes + 64);
  std::size_t hits = 0;
  for (const std::uint32_t person : trace) {
    const Key key = key_of(person);
    arena.reset();
    if (cache.find(key, 0, arena).state == Cache::State::kFresh) {
      ++hits;
    } else {
      cache.put(key, decision, {1'000'000, 0, 0}, 0);
    }
  }
  return static_cast<double>(hits) / static_cast<double>(trace.size());
}

/// Least recently used, of as many entries as `entries`.
inline double lru_hit_ratio(std::size_t entries, const std::vector<std::uint32_t>& trace) {
  std::list<std::uint32_t> order;
  std::unordered_map<std::uint32_t, std::list<std::uint32_t>::iterator> places;
  std::size_t hits = 0;
  for (const std::uint32_t person : trace) {
    const auto found = places.find(person);
    if (found != places.end()) {
      ++hits;
      order.splice(order.begin(), order, found->second);
      continue;
    }
    if (places.size() == entries) {
      places.erase(order.back());
      order.pop_back();
    }
    order.push_front(person);
    places[person] = order.begin();
  }
  return static_cast<double>(hits) / static_cast<double>(trace.size());
}

}  // namespace core::decisions::traces
