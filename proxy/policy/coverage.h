#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/config/diagnostics.h"
#include "core/gate/snapshot.h"
#include "core/rules/program.h"

namespace proxy::policy {

/// Which rules of one connector the tests have made act, and which of their conditions held.
/// Listens to the evaluations of all tests.
class ConnectorCoverage final : public core::rules::Tracer {
 public:
  explicit ConnectorCoverage(const core::rules::Program& program)
      : program_(program), held_(program.nodes().size()), acted_(program.rules().size()) {}

  void on_test(std::uint32_t node, std::string_view, bool, bool matched) override {
    if (matched) held_[node] = true;
  }
  void on_rule(std::uint32_t rule, bool matched) override {
    if (!matched) return;
    acted_before_ = acted_[rule];
    acted_[rule] = true;
  }
  void on_limit(std::uint32_t rule, const core::rules::Limit&,
                const core::rules::Decisions::Limited& limited) override {
    if (!limited.over) acted_[rule] = acted_before_;  // it has matched and let the request pass
  }
  void on_set(std::uint32_t, const core::rules::Assignment&, std::string_view, bool) override {}

  bool acted(std::size_t rule) const noexcept { return acted_[rule]; }
  /// The conditions of a rule that held in no test, in words.
  std::vector<std::string> never_held(std::size_t rule) const;

 private:
  const core::rules::Program& program_;
  std::vector<bool> held_;   // by node
  std::vector<bool> acted_;  // by rule
  bool acted_before_ = false;  // the rule that has matched last
};

/// The coverage of a whole configuration.
struct Coverage {
  explicit Coverage(const core::gate::Snapshot& snapshot);

  std::vector<ConnectorCoverage> connectors;  // in the snapshot's order

  std::size_t rules() const noexcept;
  std::size_t rules_acted() const noexcept;
  /// A line with a place for each rule that no test makes act, and the conditions that never held
  /// below it; then how many do.
  std::string render(const core::config::Config& config,
                     const core::config::Diagnostics& diagnostics) const;

 private:
  const core::gate::Snapshot& snapshot_;
};

}  // namespace proxy::policy
