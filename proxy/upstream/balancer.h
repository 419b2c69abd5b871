#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "proxy/upstream/random.h"

namespace proxy::upstream {

/// What balancing looks at.
struct Candidate {
  double weight = 0;        // configured, times the share of a slow return; 0: not asked
  std::size_t in_flight = 0;
};

/// Chooses where the next try goes: two different candidates are drawn by weight, and the second takes
/// the first one's place when it would still have no more to do, in proportion to its weight, with this
/// try as the first has without it (Mitzenmacher, "The power of two choices in randomized load
/// balancing", 2001). With equal weights that is: when it has fewer under way. While nobody is slow
/// each gets the share of its weight, and a canary of weight 1 beside 99 is not flooded for having
/// nothing to do. Pure.
///
/// `avoid` is taken only when there is nothing else: where the try before this one failed. The result
/// is an index, or candidates.size() when no candidate has weight.
std::size_t choose(std::span<const Candidate> candidates, std::size_t avoid, Random& random) noexcept;

}  // namespace proxy::upstream
