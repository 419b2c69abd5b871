#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/config/config.h"

namespace core::rules {

/// A rule that no request can make act, and why.
struct NeverActs {
  std::size_t rule;  // index into the rules
  std::string why;   // "rule "a" above it ends every request", for a person
};

/// The rules that can never act: those below one that ends every request they could act on, and
/// those whose condition contradicts itself. What is said is so; what cannot be seen at a glance is
/// not said. It looks at conditions as they are written (patterns and lists are compared by their
/// names only), and at what `set` may change between two rules.
///
/// The work is bounded: beyond kComparisonsMax conditions compared, pairs of rules are no longer
/// looked at. Rules that compare a claim with values are found by a table, without that bound.
std::vector<NeverActs> find_never_acting(const std::vector<config::Rule>& rules);

inline constexpr std::size_t kComparisonsMax = 500'000;

}  // namespace core::rules
