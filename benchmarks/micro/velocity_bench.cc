// What a limit adds to a request: the hash of its key, that of the body for the caller's retry, and the
// counter's own work, on one thread and on two.
//
//   VelocityCount/keys      each request another one's, of so many keys: two look-ups and one time pushed,
//                           one gone (a window that is full), as under steady load
//   VelocityRequest/bytes   the same with the hashes of a key and of a body of so many bytes: the whole price
#include <benchmark/benchmark.h>

#include <memory>
#include <mutex>
#include <string>

#include "core/decisions/body_hash.h"
#include "core/velocity/counters.h"

namespace {

using core::decisions::BodyHash;
using core::decisions::Key;
using core::decisions::KeyHash;
using core::decisions::Seed;
using core::velocity::Counters;
using core::velocity::Question;

constexpr Seed kSeed{1, 2};

Key key_of(std::uint64_t part, std::uint64_t number) {
  KeyHash hash(kSeed);
  hash.add_number(part);
  hash.add_number(number);
  return hash.finish();
}

Question question(std::uint64_t key, std::uint64_t request) {
  Question asked;
  asked.counter = key_of(1, key);
  asked.request = key_of(2, request);
  asked.window_ms = 60'000;
  asked.at_most = 50;
  asked.repeat_ms = 12'000;
  asked.look_for_repeat = true;
  return asked;
}

Counters& shared() {
  static Counters counters(64 << 20);
  return counters;
}

void VelocityCount(benchmark::State& state) {
  const auto keys = static_cast<std::uint64_t>(state.range(0));
  const auto thread = static_cast<std::uint64_t>(state.thread_index());
  std::uint64_t number = thread << 40U, over = 0;
  for (auto _ : state) {
    ++number;
    over += shared().count(question(number * 0x9E3779B97F4A7C15 % keys, number), number / 20).over;
  }
  benchmark::DoNotOptimize(over);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(VelocityCount)->Arg(1)->Arg(1'000)->Arg(100'000);
BENCHMARK(VelocityCount)->Arg(100'000)->Threads(2);

void VelocityRequest(benchmark::State& state) {
  std::string body(static_cast<std::size_t>(state.range(0)), 'x');
  const BodyHash body_hash(kSeed);
  Counters counters(64 << 20);
  std::uint64_t number = 0, over = 0;
  for (auto _ : state) {
    ++number;
    std::string domain = "d" + std::to_string(number % 10'000) + ".example";  // within a std::string
    body.replace(0, domain.size(), domain);
    body.replace(20, 8, reinterpret_cast<const char*>(&number), 8);
    KeyHash counter(kSeed), whole(kSeed);  // as core/rules/limit.cc makes them
    counter.add_number(3);
    counter.add(domain);
    body_hash.add(whole, body);
    Question asked;
    asked.counter = counter.finish();
    asked.request = whole.finish();
    asked.window_ms = 60'000;
    asked.at_most = 50;
    asked.repeat_ms = 12'000;
    asked.look_for_repeat = true;
    over += counters.count(asked, number / 20).over;
  }
  benchmark::DoNotOptimize(over);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(VelocityRequest)->Arg(300)->Arg(1'000)->Arg(4'000);

}  // namespace
