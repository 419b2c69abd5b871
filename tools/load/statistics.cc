#include "tools/load/statistics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "tools/load/random.h"

namespace load {
namespace {

constexpr int kResamples = 10'000;
constexpr std::size_t kExactMax = 20;

double middle(std::vector<double>& values) {
  if (values.empty()) return 0;
  const std::size_t half = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(half),
                   values.end());
  const double upper = values[half];
  if (values.size() % 2 == 1) return upper;
  const double lower =
      *std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(half));
  return (lower + upper) / 2;
}

/// How many of all orders of n and m values have each U, by U: the number of ways to choose n
/// numbers from 0 to m that add up to U, counted one row at a time.
std::vector<double> u_distribution(std::size_t n, std::size_t m) {
  // ways[i][u]: partitions of u into at most i parts, none above the rows added so far.
  std::vector<std::vector<double>> ways(n + 1, std::vector<double>(n * m + 1, 0));
  ways[0][0] = 1;
  for (std::size_t i = 1; i <= n; ++i) ways[i][0] = 1;
  for (std::size_t part = 1; part <= m; ++part) {
    // Adding a largest part to a partition with one part fewer; ascending i, so parts repeat.
    for (std::size_t i = 1; i <= n; ++i) {
      for (std::size_t u = part; u <= n * m; ++u) ways[i][u] += ways[i - 1][u - part];
    }
  }
  return ways[n];
}

RatioInterval percentile_interval(double ratio, std::vector<double>& ratios, double confidence) {
  std::sort(ratios.begin(), ratios.end());
  const auto last = static_cast<double>(ratios.size() - 1);
  const double tail = (1 - confidence) / 2;
  return {ratio, ratios[static_cast<std::size_t>(std::floor(tail * last))],
          ratios[static_cast<std::size_t>(std::ceil((1 - tail) * last))]};
}

double ratio_of(double a, double b) { return a > 0 ? b / a : b > 0 ? 1e9 : 1; }

using Draw = std::function<void(Random&, std::vector<double>&)>;

RatioInterval bootstrap(double ratio, const Draw& draw_a, const Draw& draw_b, double confidence,
                        std::uint64_t seed) {
  Random random(seed);
  std::vector<double> ratios;
  ratios.reserve(kResamples);
  std::vector<double> a, b;
  for (int i = 0; i < kResamples; ++i) {
    a.clear();
    b.clear();
    draw_a(random, a);
    draw_b(random, b);
    ratios.push_back(ratio_of(middle(a), middle(b)));
  }
  return percentile_interval(ratio, ratios, confidence);
}

}  // namespace

double median(std::vector<double> values) { return middle(values); }

MannWhitney mann_whitney(const std::vector<double>& a, const std::vector<double>& b) {
  MannWhitney result;
  if (a.empty() || b.empty()) return result;
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  std::map<double, std::size_t> counts;
  for (const double x : a) {
    ++counts[x];
    for (const double y : b) result.u += x > y ? 1 : x == y ? 0.5 : 0;
  }
  for (const double y : b) ++counts[y];
  double ties = 0;
  for (const auto& [value, count] : counts) {
    const auto t = static_cast<double>(count);
    ties += t * t * t - t;
  }
  const double smaller = std::min(result.u, n * m - result.u);
  if (ties == 0 && a.size() <= kExactMax && b.size() <= kExactMax) {
    const std::vector<double> ways = u_distribution(a.size(), b.size());
    double all = 0, extreme = 0;
    for (std::size_t u = 0; u < ways.size(); ++u) {
      all += ways[u];
      if (static_cast<double>(u) <= smaller) extreme += ways[u];
    }
    result.p_value = std::min(1.0, 2 * extreme / all);
    result.exact = true;
    return result;
  }
  const double total = n + m;
  const double variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)));
  if (variance <= 0) return result;  // all values are the same
  const double z = std::max(0.0, n * m / 2 - smaller - 0.5) / std::sqrt(variance);
  result.p_value = std::erfc(z / std::sqrt(2.0));
  return result;
}

RatioInterval bootstrap_ratio(const std::vector<double>& a, const std::vector<double>& b,
                              double confidence, std::uint64_t seed) {
  if (a.empty() || b.empty()) return {};
  const auto draw_from = [](const std::vector<double>& from) {
    return [&from](Random& random, std::vector<double>& to) {
      for (std::size_t i = 0; i < from.size(); ++i) to.push_back(from[random.below(from.size())]);
    };
  };
  return bootstrap(ratio_of(median(a), median(b)), draw_from(a), draw_from(b), confidence, seed);
}

RatioInterval block_bootstrap_ratio(const std::vector<std::vector<double>>& a,
                                    const std::vector<std::vector<double>>& b, std::size_t block,
                                    double confidence, std::uint64_t seed) {
  const auto all_of = [](const std::vector<std::vector<double>>& runs) {
    std::vector<double> all;
    for (const auto& run : runs) all.insert(all.end(), run.begin(), run.end());
    return all;
  };
  std::vector<double> all_a = all_of(a);
  std::vector<double> all_b = all_of(b);
  if (all_a.empty() || all_b.empty()) return {};
  const auto draw_from = [block](const std::vector<std::vector<double>>& runs) {
    return [&runs, block](Random& random, std::vector<double>& to) {
      for (const auto& run : runs) {
        if (run.empty()) continue;
        const std::size_t size = std::clamp<std::size_t>(block, 1, run.size());
        for (std::size_t drawn = 0; drawn < run.size();) {
          const std::size_t from = random.below(run.size() - size + 1);
          for (std::size_t i = 0; i < size && drawn < run.size(); ++i, ++drawn) {
            to.push_back(run[from + i]);
          }
        }
      }
    };
  };
  return bootstrap(ratio_of(middle(all_a), middle(all_b)), draw_from(a), draw_from(b), confidence,
                   seed);
}

std::size_t block_length(std::size_t samples) {
  return static_cast<std::size_t>(std::ceil(std::cbrt(static_cast<double>(samples)) - 1e-9));
}

std::vector<double> block_medians(const std::vector<double>& values, std::size_t block) {
  std::vector<double> medians;
  block = std::max<std::size_t>(block, 1);
  for (std::size_t from = 0; from < values.size(); from += block) {
    const std::size_t size = std::min(block, values.size() - from);
    if (size * 2 < block) break;
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(from);
    medians.push_back(median({begin, begin + static_cast<std::ptrdiff_t>(size)}));
  }
  return medians;
}

}  // namespace load
