#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::telemetry {

/// What the operator's log says about claims that were left out of answers, because the caller would
/// refuse or ignore them (core::gate::Report::omitted): of each connector when it happens first, and
/// while it goes on once in kAgainMs with how often. Numbers and the connector's name, nothing of the
/// claims. Pure: time comes in. Allocates only for a line. Thread: one owner.
class OmittedLog {
 public:
  static constexpr std::uint64_t kAgainMs = 600'000;

  /// For a configuration with so many connectors; what was noted is forgotten.
  void begin(std::size_t connectors) { connectors_.assign(connectors, {}); }

  /// Notes an answer of connector number `index` without `claims` of its claims. The line to be logged
  /// now; most often empty. Throws std::bad_alloc.
  std::string line(std::size_t index, std::string_view name, std::size_t claims,
                   std::uint64_t now_ms);

 private:
  struct Seen {
    std::uint64_t quiet_until_ms = 0;
    std::uint64_t answers = 0, claims = 0;  // since the last line
  };
  std::vector<Seen> connectors_;
};

}  // namespace proxy::telemetry
