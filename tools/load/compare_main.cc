#include <simdjson.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tools/load/compare.h"

namespace load {
namespace {

using simdjson::dom::element;

double number(element from, std::string_view name) {
  double value = 0;
  return from[name].get(value) == simdjson::SUCCESS ? value : 0;
}

std::string text(element from, std::string_view name) {
  std::string_view value;
  return from[name].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}

/// "a1.json,a2.json" into runs.
core::Result<std::vector<RunSamples>, UsageError> read_side(const std::string& paths) {
  std::vector<RunSamples> runs;
  std::istringstream list(paths);
  for (std::string path; std::getline(list, path, ',');) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return UsageError{"cannot open " + path};
    const std::string json{std::istreambuf_iterator<char>(in), {}};
    auto samples = parse_samples(path, json);
    if (!samples) return UsageError{path + ": " + samples.error().message};
    runs.push_back(std::move(samples).value());
  }
  if (runs.empty()) return UsageError{"no file named"};
  return runs;
}

}  // namespace

core::Result<RunSamples, UsageError> parse_samples(std::string path, std::string_view json) {
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(json);
  element root;
  if (const auto error = parser.parse(padded).get(root); error != simdjson::SUCCESS) {
    return UsageError{simdjson::error_message(error)};
  }
  if (!root.is_object() || text(root, "tool") != "claimgate-load" || number(root, "format") != 1) {
    return UsageError{"not a report of claimgate-load"};
  }
  RunSamples run;
  run.path = std::move(path);
  element machine;
  if (root["machine"].get(machine) == simdjson::SUCCESS && machine.is_object()) {
    run.machine = text(machine, "cpu") + ", " + text(machine, "kernel") + ", " +
                  format_fixed(number(machine, "cores"), 0) + " cores";
  }
  run.load = text(root, "load") + ", " + format_fixed(number(root, "connections"), 0) +
             " connections, " + format_fixed(number(root, "threads"), 0) + " threads";
  bool closed_loop = false;
  run.closed_loop = root["closed_loop"].get(closed_loop) == simdjson::SUCCESS && closed_loop;
  run.error_share = number(root, "error_share");
  element requests;
  if (root["requests"].get(requests) == simdjson::SUCCESS && requests.is_object()) {
    run.not_sent = static_cast<std::uint64_t>(number(requests, "not_sent"));
  }
  const double interval_s = number(root, "interval_ns") * 1e-9;
  simdjson::dom::array intervals;
  if (interval_s <= 0 || root["intervals"].get(intervals) != simdjson::SUCCESS) {
    return UsageError{"it has no intervals"};
  }
  for (const element interval : intervals) {
    bool complete = false;
    if (!interval.is_object() || interval["complete"].get(complete) != simdjson::SUCCESS ||
        !complete) {
      continue;
    }
    const double answered = number(interval, "answered");
    run.rate.push_back(answered / interval_s);
    if (answered == 0) continue;
    run.mean_ns.push_back(number(interval, "mean_ns"));
    run.p50_ns.push_back(number(interval, "p50_ns"));
    run.p90_ns.push_back(number(interval, "p90_ns"));
    run.p99_ns.push_back(number(interval, "p99_ns"));
    const double cpu_us = number(interval, "cpu_us");
    if (cpu_us > 0) run.cpu_us.push_back(cpu_us);
  }
  return run;
}

int compare_main(int argc, char** argv) {
  std::vector<std::string> sides;
  double confidence = 0.95;
  bool fail_if_worse = false;
  CLI::App app(
      "claimgate-load compare: is the difference between reports larger than the noise?\n"
      "  claimgate-load compare A.json B.json\n"
      "  claimgate-load compare a1.json,a2.json,a3.json,a4.json b1.json,b2.json,b3.json,b4.json\n"
      "Every side after the first is compared with the first.");
  app.add_option("sides", sides, "reports made with --json; several runs of a side with commas")
      ->required()
      ->expected(2, 16);
  app.add_option("--confidence", confidence, "of the intervals (default 0.95)")
      ->check(CLI::Range(0.5, 0.999));
  app.add_flag("--fail-if-worse", fail_if_worse, "exit with 1 when a measure is worse");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  std::vector<std::vector<RunSamples>> read;
  for (const std::string& side : sides) {
    auto runs = read_side(side);
    if (!runs) {
      std::fprintf(stderr, "claimgate-load compare: %s\n", runs.error().message.c_str());
      return 2;
    }
    read.push_back(std::move(runs).value());
  }
  bool worse = false;
  for (std::size_t i = 1; i < read.size(); ++i) {
    const auto comparisons = compare_sides(read[0], read[i], confidence);
    for (const Comparison& comparison : comparisons) worse = worse || comparison.worse();
    std::fputs(write_comparison(read[0], read[i], comparisons, confidence).c_str(), stdout);
  }
  return worse && fail_if_worse ? 1 : 0;
}

}  // namespace load
