// The decision cache: what a hit costs alone and on several threads at once, on one key and on many;
// what a key costs; and the hit ratio against LRU of equal bytes, as counters.
#include <benchmark/benchmark.h>

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "core/decisions/cache.h"
#include "core/decisions/encoded.h"
#include "tests/core/decisions/traces.h"

namespace {

using core::Arena;
using core::decisions::Cache;
using core::decisions::Key;
using core::decisions::KeyHash;
using core::decisions::Seed;
namespace traces = core::decisions::traces;

constexpr std::uint32_t kPeople = 100'000;

std::string decision() {
  core::decisions::Decision decision;
  decision.claims = {{"extension_loyaltyTier", core::claims::Kind::kString, "gold"},
                     {"extension_points", core::claims::Kind::kNumber, "1234"}};
  return core::decisions::encode(decision);
}

/// Filled once, shared by the threads of a run.
Cache& filled() {
  static Cache cache(64 << 20);
  static std::once_flag once;
  std::call_once(once, [] {
    const std::string bytes = decision();
    for (std::uint32_t i = 0; i < kPeople; ++i) {
      cache.put(traces::key_of(i), bytes, {1'000'000, 0, 0}, 0);
    }
  });
  return cache;
}

/// A hit, the keys all different or all the same. More threads than one show what sharing costs.
void BM_DecisionHit(benchmark::State& state) {
  Cache& cache = filled();
  const auto people = static_cast<std::uint32_t>(state.range(0));
  std::vector<Key> keys;
  for (std::uint32_t i = 0; i < std::min<std::uint32_t>(people, 4096); ++i) {
    keys.push_back(traces::key_of(i * (people / std::min<std::uint32_t>(people, 4096))));
  }
  Arena arena(4096);
  std::size_t at = static_cast<std::size_t>(state.thread_index()) * 977;
  for (auto _ : state) {
    arena.reset();
    benchmark::DoNotOptimize(cache.find(keys[at++ % keys.size()], 0, arena));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_DecisionHit)->Arg(1)->Arg(kPeople)->ThreadRange(1, 2)->UseRealTime();

/// The same for entries that are counted references: what the copy was chosen over.
void BM_DecisionHitByReference(benchmark::State& state) {
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::uint32_t, std::shared_ptr<const std::string>> map;
  };
  static Shard shard;
  static std::once_flag once;
  std::call_once(once, [] { shard.map[0] = std::make_shared<const std::string>(decision()); });
  for (auto _ : state) {
    std::shared_ptr<const std::string> held;
    {
      const std::lock_guard lock(shard.mutex);
      held = shard.map.find(0)->second;
    }
    benchmark::DoNotOptimize(held->data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_DecisionHitByReference)->ThreadRange(1, 2)->UseRealTime();

void BM_DecisionPutAndEvict(benchmark::State& state) {
  Cache cache(4 << 20);
  const std::string bytes = decision();
  std::uint32_t person = 0;
  for (auto _ : state) cache.put(traces::key_of(person++), bytes, {1'000'000, 0, 0}, 0);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_DecisionPutAndEvict);

/// The key of two claims (range: 32), and of a whole body.
void BM_DecisionKey(benchmark::State& state) {
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    KeyHash hash(Seed{1, 2});
    hash.add("before-create");
    hash.add("crm");
    hash.add_number(1);
    hash.add_number(2);
    hash.add(bytes);
    benchmark::DoNotOptimize(hash.finish());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_DecisionKey)->Arg(32)->Arg(800);

/// Hit ratios in percent on one million requests of 500,000 people; range: Zipf's exponent in tenths,
/// and whether campaigns of people who come once run through it.
void BM_DecisionHitRatio(benchmark::State& state) {
  std::vector<std::uint32_t> trace =
      traces::zipf(500'000, static_cast<double>(state.range(0)) / 10, 1'000'000, 7);
  if (state.range(1) != 0) trace = traces::with_scans(trace, 50'000, 25'000);
  double ours = 0;
  std::size_t entries = 0;
  for (auto _ : state) {
    Cache cache(8 << 20);
    ours = traces::hit_ratio(cache, trace, 160);
    entries = cache.figures().entries;
  }
  state.counters["s3_fifo_percent"] = 100 * ours;
  state.counters["lru_percent"] = 100 * traces::lru_hit_ratio(entries, trace);
  state.counters["entries"] = static_cast<double>(entries);
}
BENCHMARK(BM_DecisionHitRatio)
    ->Args({8, 0})->Args({10, 0})->Args({10, 1})->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
