#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/gate/snapshot.h"

namespace proxy {

/// What the numbers of a request stand for, by the generation of its configuration. Kept apart from the
/// snapshot, which may be large, for records that are written after it has been replaced.
struct RequestNames {
  struct Connector {
    std::string name;
    std::vector<std::string> rules;  // as JSON
  };
  std::uint32_t generation = 0;
  std::vector<Connector> connectors;
  std::vector<core::events::Plan> events;
  std::size_t person_values = 0;  // that the audit log takes

  RequestNames(std::uint32_t number, const core::gate::Snapshot& snapshot);
  /// The rule that decided, as JSON: "\"otherwise\"" for the connector's; empty when no rule did.
  std::string_view rule(std::size_t connector, std::int32_t rule) const noexcept;
};

/// Those of the last few generations. Thread: any.
class RequestNameBook {
 public:
  void introduce(std::uint32_t generation, const core::gate::Snapshot& snapshot);
  /// Null when that generation is too old.
  std::shared_ptr<const RequestNames> find(std::uint32_t generation) const;

 private:
  static constexpr std::size_t kGenerationsKept = 8;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const RequestNames>> known_;
};

}  // namespace proxy
