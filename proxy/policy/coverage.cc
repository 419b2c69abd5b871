#include "proxy/policy/coverage.h"

namespace proxy::policy {
namespace {

namespace config = core::config;

std::string place(const config::Diagnostics& diagnostics, config::Mark mark) {
  return std::string(diagnostics.path(mark.file)) + ":" + std::to_string(mark.line) + ":" +
         std::to_string(mark.column);
}

/// Where a rule is written; its connector, when it is not written as such.
config::Mark mark_of(const config::Config& config, const core::gate::Connector& connector,
                     const std::string& rule) {
  for (const config::Connector& written : config.connectors) {
    if (written.name.value != connector.name) continue;
    for (const config::Rule& candidate : written.rules) {
      if (candidate.name.value == rule) return candidate.name.mark;
    }
    return written.mark;
  }
  return {};
}

}  // namespace

std::vector<std::string> ConnectorCoverage::never_held(std::size_t rule) const {
  std::vector<std::string> conditions;
  const std::uint32_t when = program_.rules()[rule].when;
  for (std::uint32_t node = when; node < program_.nodes()[when].end; ++node) {
    const core::rules::Op op = program_.nodes()[node].op;
    const bool joins =
        op == core::rules::Op::kAll || op == core::rules::Op::kAny || op == core::rules::Op::kNot;
    if (!joins && !held_[node]) conditions.emplace_back(program_.describe(node));
  }
  return conditions;
}

Coverage::Coverage(const core::gate::Snapshot& snapshot) : snapshot_(snapshot) {
  connectors.reserve(snapshot.connectors.size());
  for (const core::gate::Connector& connector : snapshot.connectors) {
    connectors.emplace_back(connector.program);
  }
}

std::size_t Coverage::rules() const noexcept {
  std::size_t sum = 0;
  for (const auto& connector : snapshot_.connectors) sum += connector.program.rules().size();
  return sum;
}

std::size_t Coverage::rules_acted() const noexcept {
  std::size_t sum = 0;
  for (std::size_t c = 0; c < connectors.size(); ++c) {
    for (std::size_t r = 0; r < snapshot_.connectors[c].program.rules().size(); ++r) {
      sum += connectors[c].acted(r) ? 1 : 0;
    }
  }
  return sum;
}

std::string Coverage::render(const config::Config& config,
                             const config::Diagnostics& diagnostics) const {
  std::string out;
  for (std::size_t c = 0; c < connectors.size(); ++c) {
    const core::gate::Connector& connector = snapshot_.connectors[c];
    const auto& all = connector.program.rules();
    for (std::size_t r = 0; r < all.size(); ++r) {
      const bool acted = connectors[c].acted(r);
      const std::vector<std::string> conditions = connectors[c].never_held(r);
      if (acted && conditions.empty()) continue;
      out += place(diagnostics, mark_of(config, connector, all[r].name)) + ": rule \"" +
             all[r].name + "\" of connector \"" + connector.name + "\"" +
             (acted ? " acts, but these conditions hold in no test:\n" : " acts in no test\n");
      for (const std::string& condition : conditions) {
        out += "    " + std::string(acted ? "" : "never holds: ") + condition + "\n";
      }
    }
  }
  const std::size_t number = rules();
  return out + "coverage: " + std::to_string(rules_acted()) + " of " + std::to_string(number) +
         (number == 1 ? " rule acts" : " rules act") + " in a test\n";
}

}  // namespace proxy::policy
