// What events cost a request, and how many a disk carries: the in-line path without sockets, its events
// going through a real outbox in SQLite to a file. benchmarks/events/measure runs it and prints a table.
//
//   event_costs WORK_UNIT DIRECTORY [SECONDS]
//
// Bursts of requests, with and without an event of each, in turns: the worker's CPU time of a burst, and the
// process's until the outbox has committed it. Then requests as fast as the outbox takes their events, for
// SECONDS (10): events committed and delivered a second. Beside it what the disk can do: fdatasync of 4 KiB in a loop, and of
// blocks as large as the outbox's. Under callgrind one burst of each is counted, in dumps called
// "plain" and "events", and nothing else is done. Prints one JSON object; DIRECTORY is on the disk in question.
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/in_line/path.h"
#include "proxy/events/outbox.h"
#include "proxy/state/sqlite_store.h"

namespace {

using in_line::Lane;
using in_line::Step;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBurst = 20'000;
constexpr int kRounds = 11;
constexpr std::int64_t kRingBytes = 64 << 20;
constexpr std::uint64_t kAheadMost = 100'000;  // events committed and not delivered yet, while it goes on

constexpr const char* kOn =
    "b2c-userflow\n    on: { continue: [ told ], block: [ told ], validation_error: [ told ] }";
constexpr const char* kSections =
    "\nstate: memory\npseudonyms: { key: 0123456789abcdef0123456789abcdef }\n"
    "sinks: { file: { file: events.jsonl } }\n"
    "events:\n  told: { type: com.example.told, key: [ email.canonical ], sinks: [ file ],\n"
    "          claims: { email: hash, country: plain, email.domain: plain, displayName: token } }\n";

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "event_costs: %s\n", why.c_str());
  std::exit(1);
}

double cpu_us(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The work unit's configuration with an event for every answer.
std::string with_events(std::string text) {
  constexpr std::string_view kDialect = "b2c-userflow";
  return text.replace(text.find(kDialect), kDialect.size(), kOn) + kSections;
}

std::unique_ptr<in_line::House> open_house(const std::string& directory, const std::string& text) {
  std::string why;
  auto house = in_line::House::open(directory + "/claimgate.yaml", text, 1, "off", why);
  if (house == nullptr) fail(why);
  return house;
}

std::size_t run_burst(Lane& lane, const std::vector<in_line::Wire>& wires, std::size_t count) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += lane.run(Step::kHandler, wires[i % wires.size()]);
  return sum;
}

/// How often a second `bytes` can be written behind each other and synced.
double syncs(const std::string& path, std::size_t bytes, double seconds) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) fail(path + " cannot be written");
  const std::string block(bytes, 'x');
  const auto begin = Clock::now();
  double count = 0;
  for (; seconds_since(begin) < seconds; ++count) {
    if (::write(fd, block.data(), block.size()) != static_cast<ssize_t>(block.size()) || ::fdatasync(fd) != 0) {
      fail(path + " cannot be synced");
    }
  }
  const double rate = count / seconds_since(begin);
  ::close(fd);
  ::unlink(path.c_str());
  return rate;
}

struct Store {
  std::unique_ptr<proxy::state::Store> store;
  std::unique_ptr<proxy::events::Outbox> outbox;

  Store(const std::string& directory, const in_line::House& house) {
    proxy::state::SqliteOptions options;
    options.path = directory + "/state.db";
    auto opened = proxy::state::open_sqlite(std::move(options));
    if (!opened) fail(opened.error());
    store = std::move(opened).value();
    core::config::Config config;
    core::config::Sink sink;
    sink.name.value = "file";
    sink.file.value = directory + "/events.jsonl";
    config.sinks.push_back(sink);
    config.outbox.ring_bytes = kRingBytes;
    config.pseudonyms.keys.push_back({"0123456789abcdef0123456789abcdef", {}});
    auto made = proxy::events::Outbox::open(config, 1, *store);
    if (!made) fail(made.error());
    outbox = std::move(made).value();
    outbox->names().introduce(1, house.snapshot());
  }
  std::uint64_t committed() const { return outbox->figures().committed.load(); }
  std::uint64_t delivered() const { return outbox->couriers().front()->figures().delivered.load(); }
  void wait_for(std::uint64_t committed_wanted) const {
    const auto begin = Clock::now();
    while (committed() < committed_wanted) {
      if (seconds_since(begin) > 60) fail("the outbox does not keep up");
      ::usleep(500);
    }
    if (outbox->dropped_in_rings() != 0) fail("a ring was full");
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: event_costs WORK_UNIT DIRECTORY [SECONDS]\n");
    return 2;
  }
  const std::string unit_directory = argv[1];
  const std::string directory = std::string(argv[2]) + "/event-costs";
  const double seconds = argc > 3 ? std::strtod(argv[3], nullptr) : 10;
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  std::string why;
  auto unit = load::WorkUnit::load(unit_directory, why);
  if (!unit) fail(why);
  const in_line::Requests requests(std::move(*unit));
  const std::string text = contents_of(unit_directory + "/claimgate.yaml");
  const auto plain = open_house(unit_directory, text);
  const auto told = open_house(unit_directory, with_events(text));
  Store store(directory, *told);
  Lane without(*plain, 0), with(*told, 0);
  with.handler().tell(&store.outbox->emitter(0), nullptr, nullptr);

  std::size_t sum = 0;
  std::uint64_t emitted = 0;
  const auto& wires = requests.all();
  sum += run_burst(without, wires, kBurst) + run_burst(with, wires, kBurst);  // warmed up
  store.wait_for(emitted += kBurst);
  if (RUNNING_ON_VALGRIND != 0) {
    for (Lane* const lane : {&without, &with}) {
      CALLGRIND_START_INSTRUMENTATION;
      CALLGRIND_ZERO_STATS;
      sum += run_burst(*lane, wires, kBurst);
      CALLGRIND_DUMP_STATS_AT(lane == &without ? "plain" : "events");
      CALLGRIND_STOP_INSTRUMENTATION;
    }
    std::printf("{\"requests\":%zu,\"sum\":%zu}\n", kBurst, sum);
    return 0;
  }

  std::vector<double> worker[2], process[2];
  for (int round = 0; round < kRounds; ++round) {
    for (int which = 0; which < 2; ++which) {
      const double before = cpu_us(CLOCK_THREAD_CPUTIME_ID), all_before = cpu_us(CLOCK_PROCESS_CPUTIME_ID);
      sum += run_burst(which == 0 ? without : with, wires, kBurst);
      worker[which].push_back((cpu_us(CLOCK_THREAD_CPUTIME_ID) - before) / kBurst);
      if (which == 1) store.wait_for(emitted += kBurst);
      process[which].push_back((cpu_us(CLOCK_PROCESS_CPUTIME_ID) - all_before) / kBurst);
    }
  }

  const std::uint64_t first = store.committed();
  const auto begin = Clock::now();
  constexpr std::size_t kStep = 500;
  while (seconds_since(begin) < seconds) {
    if (emitted - store.delivered() > kAheadMost) {
      ::usleep(200);
      continue;
    }
    sum += run_burst(with, wires, kStep);
    emitted += kStep;
  }
  const double commit_rate = static_cast<double>(store.committed() - first) / seconds_since(begin);
  while (store.delivered() < emitted && seconds_since(begin) < seconds + 120) ::usleep(500);
  const double rate = static_cast<double>(emitted - first) / seconds_since(begin);
  if (store.delivered() != emitted || store.outbox->dropped_in_rings() != 0) fail("events are missing");
  const auto bytes = std::filesystem::file_size(directory + "/events.jsonl") / emitted;

  std::printf(
      "{\"worker_us\":[%.3f,%.3f],\"process_us\":[%.3f,%.3f],\"committed_per_s\":%.0f,\"delivered_per_s\":%.0f,"
      "\"bytes_of_event\":%zu,\"syncs_4k_per_s\":%.0f,\"syncs_256k_per_s\":%.0f,\"sum\":%zu}\n",
      median(worker[0]), median(worker[1]), median(process[0]), median(process[1]), commit_rate, rate,
      static_cast<std::size_t>(bytes), syncs(directory + "/sync", 4 << 10, 2), syncs(directory + "/sync", 256 << 10, 2),
      sum);
  store.outbox.reset();
  std::filesystem::remove_all(directory);
}
