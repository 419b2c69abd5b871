#include "tools/load/compare.h"

#include <algorithm>
#include <cmath>

#include "tools/load/statistics.h"
#include "tools/load/units.h"

// Whether B differs from A by more than A differs from itself.
//
// Two sources of noise must be told apart. Within a run, neighbouring seconds resemble each other;
// treating them as independent makes everything significant, so blocks are drawn. Between runs, the
// machine drifts (placement in memory, neighbours, temperature), often by more than a change of the
// program; no number of seconds of one run can show that. So with four or more runs on each side a
// whole run is one observation, and with fewer the text says what it cannot know.
namespace load {
namespace {

constexpr std::size_t kIntervalsMin = 8;     // per side; below it nothing is said
constexpr std::uint64_t kSeed = 20'260'101;  // any: it makes the same files give the same answer

struct Measure {
  const char* name;
  std::vector<double> RunSamples::*values;
  bool higher_is_worse;
};

constexpr Measure kMeasures[] = {
    {"answers/s", &RunSamples::rate, false}, {"mean", &RunSamples::mean_ns, true},
    {"p50", &RunSamples::p50_ns, true},      {"p90", &RunSamples::p90_ns, true},
    {"p99", &RunSamples::p99_ns, true},      {"server CPU", &RunSamples::cpu_us, true}};

std::vector<std::vector<double>> values_of(const std::vector<RunSamples>& runs, const Measure& m) {
  std::vector<std::vector<double>> values;
  for (const RunSamples& run : runs) values.push_back(run.*m.values);
  return values;
}

std::size_t count(const std::vector<std::vector<double>>& runs) {
  std::size_t sum = 0;
  for (const auto& run : runs) sum += run.size();
  return sum;
}

std::vector<double> run_medians(const std::vector<std::vector<double>>& runs) {
  std::vector<double> medians;
  for (const auto& run : runs) {
    if (!run.empty()) medians.push_back(median(run));
  }
  return medians;
}

std::vector<double> medians_of_blocks(const std::vector<std::vector<double>>& runs,
                                      std::size_t block) {
  std::vector<double> medians;
  for (const auto& run : runs) {
    for (const double value : block_medians(run, block)) medians.push_back(value);
  }
  return medians;
}

bool run_level(const std::vector<RunSamples>& a, const std::vector<RunSamples>& b) {
  return a.size() >= kRunsForRunLevel && b.size() >= kRunsForRunLevel;
}

std::string percent(double ratio) {
  const double change = (ratio - 1) * 100;
  return (change >= 0 ? "+" : "") + format_fixed(change, std::abs(change) < 10 ? 1 : 0) + "%";
}

std::string format_value(const Comparison& comparison, double value) {
  if (comparison.name == "answers/s") return format_fixed(value, 0);
  if (comparison.name == "server CPU") return format_fixed(value, 2) + " us";
  return format_duration(value);
}

}  // namespace

std::vector<Comparison> compare_sides(const std::vector<RunSamples>& a,
                                      const std::vector<RunSamples>& b, double confidence) {
  std::vector<Comparison> comparisons;
  for (const Measure& measure : kMeasures) {
    const auto of_a = values_of(a, measure);
    const auto of_b = values_of(b, measure);
    if (count(of_a) == 0 || count(of_b) == 0) continue;  // CPU was not watched
    Comparison made;
    made.name = measure.name;
    made.higher_is_worse = measure.higher_is_worse;
    RatioInterval interval;
    bool enough = true;
    if (run_level(a, b)) {
      const auto medians_a = run_medians(of_a);
      const auto medians_b = run_medians(of_b);
      enough = std::min(medians_a.size(), medians_b.size()) >= kRunsForRunLevel;
      made.a = median(medians_a);
      made.b = median(medians_b);
      interval = bootstrap_ratio(medians_a, medians_b, confidence, kSeed);
      made.p_value = mann_whitney(medians_a, medians_b).p_value;
    } else {
      enough = std::min(count(of_a), count(of_b)) >= kIntervalsMin;
      const std::size_t block = block_length(std::min(count(of_a), count(of_b)));
      const auto blocks_a = medians_of_blocks(of_a, block);
      const auto blocks_b = medians_of_blocks(of_b, block);
      made.a = median(run_medians(of_a));
      made.b = median(run_medians(of_b));
      interval = block_bootstrap_ratio(of_a, of_b, block, confidence, kSeed);
      made.p_value = mann_whitney(blocks_a, blocks_b).p_value;
    }
    made.ratio = interval.ratio;
    made.low = interval.low;
    made.high = interval.high;
    const bool agreed = made.p_value < 1 - confidence;
    made.outcome = !enough                   ? Comparison::Outcome::kTooFew
                   : agreed && made.low > 1  ? Comparison::Outcome::kHigher
                   : agreed && made.high < 1 ? Comparison::Outcome::kLower
                                             : Comparison::Outcome::kNoDifference;
    comparisons.push_back(std::move(made));
  }
  return comparisons;
}

std::string write_comparison(const std::vector<RunSamples>& a, const std::vector<RunSamples>& b,
                             const std::vector<Comparison>& comparisons, double confidence) {
  const std::string level = format_fixed(confidence * 100, confidence < 0.99 ? 0 : 1) + "%";
  std::string to = "A: " + std::to_string(a.size()) + (a.size() == 1 ? " run (" : " runs (") +
                   a.front().path + (a.size() > 1 ? ", ..." : "") +
                   ")   B: " + std::to_string(b.size()) + (b.size() == 1 ? " run (" : " runs (") +
                   b.front().path + (b.size() > 1 ? ", ..." : "") + ")\n";
  to += left_aligned("", 14) + left_aligned("A", 12) + left_aligned("B", 12) + left_aligned("B to A", 10) +
        left_aligned(level + " interval", 22) + "p\n";
  for (const Comparison& comparison : comparisons) {
    to += "  " + left_aligned(comparison.name, 12) + left_aligned(format_value(comparison, comparison.a), 12) +
          left_aligned(format_value(comparison, comparison.b), 12);
    to += left_aligned(percent(comparison.ratio), 10) +
          left_aligned(percent(comparison.low) + " to " + percent(comparison.high), 22) +
          format_fixed(comparison.p_value, 4) + "  ";
    switch (comparison.outcome) {
      case Comparison::Outcome::kHigher:
      case Comparison::Outcome::kLower:
        to += comparison.worse() ? "B is worse, by more than the noise"
                                 : "B is better, by more than the noise";
        break;
      case Comparison::Outcome::kNoDifference:
        to += "no difference beyond the noise";
        break;
      case Comparison::Outcome::kTooFew:
        to += "too few samples to say";
        break;
    }
    to += "\n";
  }
  if (run_level(a, b)) {
    to += "  Each run is one observation.\n";
  } else {
    to +=
        "  With fewer than 4 runs a side the samples are intervals of the runs: this tells these "
        "runs apart,\n  it cannot tell a change of the server from a drift of the machine between "
        "the runs. For that, make\n  4 or more runs of each, in turn (A B A B ...).\n";
  }
  to += "  Each row stands for itself: of many rows without any difference, about " +
        format_fixed((1 - confidence) * 100, 1) +
        "% would show one.\n"
        "  \"No difference\" means none was found within the interval given, not that there is "
        "none.\n";
  for (const auto* side : {&a, &b}) {
    for (const RunSamples& run : *side) {
      if (run.machine != a.front().machine) {
        to += "  NOTE: " + run.path + " was measured on another machine or kernel\n";
      }
      if (run.load != a.front().load) {
        to += "  NOTE: " + run.path + " had another load: " + run.load + ", not " + a.front().load +
              "\n";
      }
      if (run.error_share > 0) {
        to += "  NOTE: " + run.path + " has " + format_fixed(run.error_share * 100, 3) +
              "% errors or wrong answers: its latencies may be those of failing\n";
      }
      if (run.not_sent > 0) {
        to += "  NOTE: in " + run.path + " " + format_count(run.not_sent) +
              " requests were never sent: its latencies look better than they were\n";
      }
    }
  }
  return to;
}

}  // namespace load
