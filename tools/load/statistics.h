#pragma once

#include <cstdint>
#include <vector>

namespace load {

/// The middle value (the mean of the two middle ones); 0 of nothing.
double median(std::vector<double> values);

struct MannWhitney {
  double u = 0;        // pairs in which the first sample's value is the larger; ties count half
  double p_value = 1;  // two-sided
  bool exact = false;  // else by the normal approximation with correction for ties
};
/// Are two samples from the same distribution? (Mann, Whitney 1947.) Exact without ties up to 20
/// values each. The values must not depend on each other.
MannWhitney mann_whitney(const std::vector<double>& a, const std::vector<double>& b);

struct RatioInterval {
  double ratio = 1;  // median of b over median of a
  double low = 1, high = 1;
};

/// Percentile bootstrap of the ratio of two medians (Efron 1979) whose observations are
/// independent: the medians of whole runs.
RatioInterval bootstrap_ratio(const std::vector<double>& a, const std::vector<double>& b,
                              double confidence, std::uint64_t seed);

/// The same for samples that follow each other within runs and therefore resemble their neighbours:
/// pieces of `block` neighbours are drawn together (moving-block bootstrap, Kuensch 1989). Each
/// element of `a` and `b` is one run.
RatioInterval block_bootstrap_ratio(const std::vector<std::vector<double>>& a,
                                    const std::vector<std::vector<double>>& b, std::size_t block,
                                    double confidence, std::uint64_t seed);

/// n^(1/3), rounded up: the block length that is right in order of magnitude when nothing is known
/// about the dependence (Hall, Horowitz, Jing 1995).
std::size_t block_length(std::size_t samples);
/// The medians of consecutive blocks; a rest shorter than half a block is left out.
std::vector<double> block_medians(const std::vector<double>& values, std::size_t block);

}  // namespace load
