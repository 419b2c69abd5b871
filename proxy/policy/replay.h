#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "proxy/capture/line.h"
#include "proxy/policy/rehearsal.h"

namespace proxy::policy {

/// A verdict as replay compares them.
struct Decided {
  std::string verdict;  // "continue" ...; "not_found": there is no such connector
  std::string rule;     // empty: none ended it
  friend bool operator<(const Decided& a, const Decided& b) {
    return std::tie(a.verdict, a.rule) < std::tie(b.verdict, b.rule);
  }
};

/// How often something was met, and the first lines of the capture where it was.
struct Sightings {
  std::size_t count = 0;
  std::vector<std::size_t> lines;  // from 1
};

/// What came of replaying a capture.
struct Replayed {
  struct Change {
    std::string connector;
    Decided old, fresh;
    friend bool operator<(const Change& a, const Change& b) {
      return std::tie(a.connector, a.old, a.fresh) < std::tie(b.connector, b.old, b.fresh);
    }
  };
  struct Look {
    std::string connector;
    bool old = false;  // of the configuration that is compared with
    std::string rule, claim;
    friend bool operator<(const Look& a, const Look& b) {
      return std::tie(a.connector, a.old, a.rule, a.claim) <
             std::tie(b.connector, b.old, b.rule, b.claim);
    }
  };

  std::size_t requests = 0;  // lines that could be read
  std::size_t same = 0;
  std::size_t differ = 0;
  std::size_t incomparable = 0;
  Sightings unreadable;
  std::map<Change, Sightings> changes;          // other verdicts
  std::map<Change, Sightings> same_by_another;  // the same verdict, by another rule
  /// The same verdict with other values of these claims; connector and names. With two
  /// configurations only.
  std::map<std::pair<std::string, std::string>, Sightings> claims;
  std::map<Look, Sightings> looks;  // why requests could not be compared

  /// For a person. `capture` is how the capture is called.
  std::string render(std::string_view capture) const;
  /// One JSON object.
  std::string json() const;
};

/// Asks every request of `capture` again, by `fresh`, and compares with `old`: a configuration, or,
/// when it is null, the verdicts that were recorded. Keeps the first `samples` lines of each kind
/// of difference.
Replayed replay(std::istream& capture, Rehearsal& fresh, Rehearsal* old, std::size_t samples);

}  // namespace proxy::policy
