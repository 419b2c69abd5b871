// What an in-line request costs between recv() and send(): the whole path, its steps, and what more
// rules and bigger lists add.
//
// The requests are those of the work unit (benchmarks/work_unit/generate, 1,200 different ones, the
// lists of 100,000 domains and 1,000,000 addresses loaded); the build writes it beside this
// program, CLAIMGATE_WORK_UNIT names another directory. An item is one request.
//
//   InLine/1:Read ... InLine/6:Whole   each step does what those above it do and something more, so
//                a stage costs the difference between two neighbours (in_line/path.h)
//   InLineRules  the whole path with 1, 10, 100, 1,000 rules before the one that tidies names; they
//                look at lists, patterns, words and letters, and none of them matches
//   InLineLoad   configuration and both lists read, checked and compiled: what a reload costs
//   InLineThreads  the whole path on one thread and on two, which share what two workers share;
//                CPU is per request of one thread and must not grow. log:1 notes each request for
//                the access log too; its writer is a third thread then
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/in_line/path.h"

namespace {

using in_line::House;
using in_line::Lane;
using in_line::Requests;
using in_line::Step;
using in_line::Wire;

constexpr std::size_t kThreads = 2;

const std::string& directory() {
  static const std::string path = [] {
    const char* const named = std::getenv("CLAIMGATE_WORK_UNIT");
    return std::string(named != nullptr ? named : CLAIMGATE_WORK_UNIT);
  }();
  return path;
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "in-line path: %s\n", why.c_str());
  std::exit(1);
}

const Requests& requests() {
  static const Requests loaded = [] {
    std::string why;
    auto unit = load::WorkUnit::load(directory(), why);
    if (!unit) give_up(why + " (CLAIMGATE_WORK_UNIT, or build the target work_unit)");
    return Requests(std::move(*unit));
  }();
  return loaded;
}

std::unique_ptr<House> house(const std::string& name, const std::optional<std::string>& text) {
  std::string why;
  auto opened = House::open(directory() + '/' + name, text, kThreads, "/dev/null", why);
  if (opened == nullptr) give_up(why);
  return opened;
}

/// The work unit's own configuration; loading takes a second, so once for all benchmarks.
House& work_unit_house() {
  static const std::unique_ptr<House> opened = house("claimgate.yaml", std::nullopt);
  return *opened;
}

void run_all(benchmark::State& state, Lane& lane, Step step, const std::vector<Wire>& wires) {
  // Twice uncounted: buffers get their size, and the claims reader meets its caller.
  for (std::size_t i = 0; i < 2 * wires.size(); ++i) {
    benchmark::DoNotOptimize(lane.run(step, wires[i % wires.size()]));
  }
  std::size_t next = static_cast<std::size_t>(state.thread_index()) * wires.size() / kThreads;
  for (auto _ : state) {
    benchmark::DoNotOptimize(lane.run(step, wires[next]));
    if (++next == wires.size()) next = 0;
  }
  state.SetItemsProcessed(state.iterations());
}

void in_line(benchmark::State& state, Step step) {
  Lane lane(work_unit_house(), 0);
  run_all(state, lane, step, requests().all());
}
BENCHMARK_CAPTURE(in_line, 1 : Read, Step::kRead)->Name("BM_InLine/1:Read");
BENCHMARK_CAPTURE(in_line, 2 : Claims, Step::kClaims)->Name("BM_InLine/2:Claims");
BENCHMARK_CAPTURE(in_line, 3 : Rules, Step::kRules)->Name("BM_InLine/3:Rules");
BENCHMARK_CAPTURE(in_line, 4 : Answer, Step::kAnswer)->Name("BM_InLine/4:Answer");
BENCHMARK_CAPTURE(in_line, 5 : Admission, Step::kAdmission)->Name("BM_InLine/5:Admission");
BENCHMARK_CAPTURE(in_line, 6 : Whole, Step::kHandler)->Name("BM_InLine/6:Whole");

/// A condition that no request of the work unit meets, of one of eight kinds.
std::string condition(std::size_t index) {
  const std::string n = std::to_string(index);
  switch (index % 8) {
    case 0:
      return "{ email.domain: { in_list: blocked_domains } }";
    case 1:
      return "{ country: { equals: \"Country " + n + "\" } }";
    case 2:
      return "{ email: { ends_with: \"@partner" + n + ".example\" } }";
    case 3:
      return "{ postalCode: { matches: '^" + n + "-[0-9]{5}$' } }";
    case 4:
      return "{ email.domain: { in: [ a" + n + ".example, b" + n + ".example ] } }";
    case 5:
      return "{ email: { in_list: blocked_people } }";
    case 6:
      return "{ displayName: { contains: \"word " + n + "\" } }";
    default:
      return "{ all: [ { jobTitle: { starts_with: \"Chief " + n +
             "\" } }, { state: { equals: \"Nowhere\" } } ] }";
  }
}

std::string with_rules(std::size_t count) {
  std::string text =
      "listeners: [ { address: 127.0.0.1:0 } ]\n"
      "lists:\n"
      "  blocked_domains: { file: blocked-domains.txt, match: domain }\n"
      "  blocked_people: { file: blocked-people.txt, match: email }\n"
      "messages:\n"
      "  not_open: { en: \"Sign-up is not open to you.\" }\n"
      "connectors:\n"
      "  signup:\n"
      "    path: /signup\n"
      "    dialect: b2c-userflow\n"
      "    auth: { basic: [ { username: b2c, password: \"s3cr:et-of-the-connector\" } ] }\n"
      "    rules:\n";
  for (std::size_t i = 0; i < count; ++i) {
    text += "      - { name: \"rule " + std::to_string(i) + "\", when: " + condition(i) +
            ", block: not_open }\n";
  }
  return text +
         "      - name: tidy names\n"
         "        set: { givenName: \"{givenName | title_case}\", "
         "surname: \"{surname | title_case}\" }\n";
}

void BM_InLineRules(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto opened = house("rules.yaml", with_rules(count));
  Lane lane(*opened, 0);
  const std::vector<Wire> wires = requests().continuing();
  for (const Wire& wire : wires) {
    lane.run(Step::kHandler, wire);
    if (lane.answer().find("\"Continue\"") == std::string_view::npos) {
      give_up("a rule matched that should not");
    }
  }
  run_all(state, lane, Step::kHandler, wires);
}
BENCHMARK(BM_InLineRules)->Arg(1)->Arg(10)->Arg(100)->Arg(1000);

void BM_InLineLoad(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(house("claimgate.yaml", std::nullopt));
}
BENCHMARK(BM_InLineLoad)->Unit(benchmark::kMillisecond)->Iterations(3);

void BM_InLineThreads(benchmark::State& state) {
  Lane lane(work_unit_house(), static_cast<std::size_t>(state.thread_index()),
            static_cast<double>(state.range(0)));
  run_all(state, lane, Step::kHandler, requests().all());
}
BENCHMARK(BM_InLineThreads)->ArgName("log")->Arg(0)->Arg(1)->ThreadRange(1, kThreads);

}  // namespace
