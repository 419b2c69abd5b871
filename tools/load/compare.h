#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "tools/load/units.h"

namespace load {

/// What `compare` reads of one report.
struct RunSamples {
  std::string path;
  std::string machine;  // processor, kernel and cores, as one text
  std::string load;     // rate, connections, threads
  bool closed_loop = false;
  double error_share = 0;
  std::uint64_t not_sent = 0;
  // One value per complete interval that had answers.
  std::vector<double> rate, mean_ns, p50_ns, p90_ns, p99_ns, cpu_us;
};

core::Result<RunSamples, UsageError> parse_samples(std::string path, std::string_view json);

/// One measure of two sides.
struct Comparison {
  enum class Outcome { kHigher, kLower, kNoDifference, kTooFew };
  std::string name;
  bool higher_is_worse = true;
  double a = 0, b = 0;                  // medians
  double ratio = 1, low = 1, high = 1;  // of b to a, with the interval
  double p_value = 1;
  Outcome outcome = Outcome::kTooFew;

  bool worse() const { return outcome == (higher_is_worse ? Outcome::kHigher : Outcome::kLower); }
};

/// Runs per side from which on whole runs are compared: with three against three not even complete
/// separation has a Mann-Whitney p below 0.05.
inline constexpr std::size_t kRunsForRunLevel = 4;

/// Compares side B with side A, measure by measure. With kRunsForRunLevel runs on each side a run
/// is one observation; with fewer, its intervals are, which says less: see the text.
/// A difference counts when the bootstrap interval excludes it AND Mann-Whitney agrees.
std::vector<Comparison> compare_sides(const std::vector<RunSamples>& a,
                                      const std::vector<RunSamples>& b, double confidence);

/// The comparison in words, with what limits it.
std::string write_comparison(const std::vector<RunSamples>& a, const std::vector<RunSamples>& b,
                             const std::vector<Comparison>& comparisons, double confidence);

/// `claimgate-load compare ...`; answers the exit code.
int compare_main(int argc, char** argv);

}  // namespace load
