// What a list costs: time a look-up (found and not found, one value again and again, and a million
// different ones), memory an entry, time to read a file.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/micro/list_values.h"
#include "core/lists/checksum.h"
#include "core/lists/compiled.h"
#include "core/lists/list.h"
#include "core/lists/live.h"

namespace {

using core::lists::List;
using core::lists::Match;

using list_values::Append;
using list_values::append_address;
using list_values::append_domain;
using list_values::file_of;
using list_values::Values;

constexpr std::uint64_t kSeed = 0x243f6a8885a308d3;

constexpr std::size_t kDifferent = 1'000'000;

/// Arguments: entries in the list; different values asked for, at most as many as entries.
void look_up(benchmark::State& state, Match match, Append append, bool present) {
  const auto entries = static_cast<std::size_t>(state.range(0));
  const auto different = static_cast<std::size_t>(state.range(1));
  const List list = List::parse(file_of(append, entries), match, kSeed);
  Values values(append, present, std::min(entries, different));
  std::size_t found = 0;
  for (auto _ : state) found += list.contains(values.next());
  if (found != (present ? static_cast<std::size_t>(state.iterations()) : 0)) {
    state.SkipWithError("a look-up answered wrongly");
  }
  state.SetItemsProcessed(state.iterations());  // an item is one look-up
  state.counters["bytes_per_entry"] =
      static_cast<double>(list.bytes()) / static_cast<double>(entries);
}

void BM_EmailFound(benchmark::State& state) { look_up(state, Match::kEmail, append_address, true); }
void BM_EmailNotFound(benchmark::State& state) {
  look_up(state, Match::kEmail, append_address, false);
}
void BM_DomainFound(benchmark::State& state) {
  look_up(state, Match::kDomain, append_domain, true);
}
void BM_DomainNotFound(benchmark::State& state) {
  look_up(state, Match::kDomain, append_domain, false);
}
void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"entries", "different"});
  for (const std::int64_t entries : {1'000, 10'000, 100'000, 1'000'000, 10'000'000}) {
    bench->Args({entries, 1});
    bench->Args({entries, static_cast<std::int64_t>(kDifferent)});
  }
}
BENCHMARK(BM_EmailFound)->Apply(sizes);
BENCHMARK(BM_EmailNotFound)->Apply(sizes);
BENCHMARK(BM_DomainFound)->Apply(sizes);
BENCHMARK(BM_DomainNotFound)->Apply(sizes);

/// What walking through the values alone costs: taken off the figures above by the reader.
void BM_ValuesAlone(benchmark::State& state) {
  Values values(append_address, true, kDifferent);
  for (auto _ : state) benchmark::DoNotOptimize(values.next());
}
BENCHMARK(BM_ValuesAlone);

void BM_Hash(benchmark::State& state) {
  const core::lists::Hasher hasher(kSeed);
  std::string text(static_cast<std::size_t>(state.range(0)), 'a');
  for (auto _ : state) {
    benchmark::DoNotOptimize(text.data());
    benchmark::DoNotOptimize(hasher(text));
  }
}
BENCHMARK(BM_Hash)->Arg(8)->Arg(16)->Arg(24)->Arg(40)->Arg(253);

void parse(benchmark::State& state, Match match, Append append) {
  const std::string contents = file_of(append, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(List::parse(contents, match, kSeed).size());
  state.SetItemsProcessed(state.iterations() * state.range(0));  // an item is one line
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(contents.size()));
}
void BM_ParseExact(benchmark::State& state) { parse(state, Match::kExact, append_address); }
void BM_ParseEmails(benchmark::State& state) { parse(state, Match::kEmail, append_address); }
void BM_ParseDomains(benchmark::State& state) { parse(state, Match::kDomain, append_domain); }
BENCHMARK(BM_ParseExact)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
/// Loading by how many entries there are.
void loads(benchmark::internal::Benchmark* bench) {
  bench->ArgName("entries")->Unit(benchmark::kMicrosecond);
  for (const std::int64_t entries : {1'000, 10'000, 100'000, 1'000'000, 10'000'000}) {
    bench->Arg(entries);
  }
}
BENCHMARK(BM_ParseEmails)->Apply(loads);
BENCHMARK(BM_ParseDomains)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

/// Verifying a compiled list that is in memory already: what loading costs besides mapping it.
void BM_OpenCompiled(benchmark::State& state) {
  const List list = List::parse(file_of(append_address, static_cast<std::size_t>(state.range(0))),
                                Match::kEmail, kSeed);
  const std::string head = core::lists::compiled_header(list, 0);
  const auto buckets = list.set().bucket_bytes();
  const std::size_t size = head.size() + buckets.size();
  const std::shared_ptr<char> file(
      static_cast<char*>(::operator new (size, std::align_val_t{64})),
      [](char* bytes) { ::operator delete (bytes, std::align_val_t{64}); });
  std::memcpy(file.get(), head.data(), head.size());
  std::memcpy(file.get() + head.size(), buckets.data(), buckets.size());
  for (auto _ : state) {
    if (!core::lists::open_compiled({file.get(), size}, file).ok()) state.SkipWithError("refused");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}
BENCHMARK(BM_OpenCompiled)->Apply(loads);

void BM_Checksum(benchmark::State& state) {
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'a');
  for (auto _ : state) benchmark::DoNotOptimize(core::lists::checksum(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Checksum)->Arg(64 << 10)->Arg(128 << 20);

/// What live changes cost: making the overlay, and a look-up through it that finds nothing.
void BM_MakeOverlay(benchmark::State& state) {
  const List source = List::parse(file_of(append_address, 1'000'000), Match::kEmail, kSeed);
  core::lists::Changes changes;
  for (std::size_t i = 0; i < static_cast<std::size_t>(state.range(0)); ++i) {
    std::string value;
    append_address(value, 2 * i + 1);
    changes.apply({core::lists::Step::Kind::kAdd, 0, 0, value});
  }
  for (auto _ : state) benchmark::DoNotOptimize(changes.over(source, kSeed));
}
BENCHMARK(BM_MakeOverlay)->Arg(1)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

void BM_LiveNotFound(benchmark::State& state) {
  const auto source = std::make_shared<const List>(
      List::parse(file_of(append_address, 1'000'000), Match::kEmail, kSeed));
  core::lists::Changes changes;
  for (std::size_t i = 0; i < static_cast<std::size_t>(state.range(0)); ++i) {
    std::string value = "live.";
    append_address(value, i);
    changes.apply({core::lists::Step::Kind::kAdd, 0, 0, value});
  }
  const core::lists::Live live(source, changes.over(*source, kSeed));
  Values values(append_address, false, kDifferent);
  for (auto _ : state) benchmark::DoNotOptimize(live.contains(values.next()));
}
BENCHMARK(BM_LiveNotFound)->Arg(0)->Arg(100)->Arg(10'000);

}  // namespace
