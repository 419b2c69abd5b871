#include "proxy/upstream/balancer.h"

namespace proxy::upstream {
namespace {

std::size_t draw(std::span<const Candidate> candidates, std::size_t without, std::size_t nor,
                 double sum, Random& random) noexcept {
  double left = static_cast<double>(random.next() >> 11) * 0x1.0p-53 * sum;
  std::size_t last = candidates.size();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i == without || i == nor || candidates[i].weight <= 0) continue;
    last = i;
    left -= candidates[i].weight;
    if (left < 0) return i;
  }
  return last;  // the sum was rounded
}

}  // namespace

std::size_t choose(std::span<const Candidate> candidates, std::size_t avoid,
                   Random& random) noexcept {
  const std::size_t none = candidates.size();
  double sum = 0;
  std::size_t usable = 0, only = none;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i == avoid || candidates[i].weight <= 0) continue;
    sum += candidates[i].weight;
    only = i;
    ++usable;
  }
  if (usable == 0) return avoid < none && candidates[avoid].weight > 0 ? avoid : none;
  if (usable == 1) return only;
  const std::size_t first = draw(candidates, avoid, none, sum, random);
  const Candidate& one = candidates[first];
  const std::size_t second = draw(candidates, avoid, first, sum - one.weight, random);
  const Candidate& other = candidates[second];
  const double one_does = static_cast<double>(one.in_flight) * other.weight;
  const double other_would = static_cast<double>(other.in_flight + 1) * one.weight;
  return one_does >= other_would ? second : first;
}

}  // namespace proxy::upstream
