#include "proxy/request_names.h"

#include "core/rules/verdict.h"
#include "core/text/json.h"

namespace proxy {

RequestNames::RequestNames(std::uint32_t number, const core::gate::Snapshot& snapshot)
    : generation(number), events(snapshot.events), person_values(snapshot.person.size()) {
  for (const core::gate::Connector& connector : snapshot.connectors) {
    Connector& entry = connectors.emplace_back();
    entry.name = connector.name;
    for (const core::rules::Rule& rule : connector.program.rules()) {
      entry.rules.push_back(core::text::json_quoted(rule.name));
    }
  }
}

std::string_view RequestNames::rule(std::size_t connector, std::int32_t rule) const noexcept {
  if (rule == core::rules::Verdict::kOtherwise) return "\"otherwise\"";
  if (rule < 0) return {};
  return connectors[connector].rules[static_cast<std::size_t>(rule)];
}

void RequestNameBook::introduce(std::uint32_t generation, const core::gate::Snapshot& snapshot) {
  auto names = std::make_shared<const RequestNames>(generation, snapshot);
  const std::lock_guard lock(mutex_);
  known_.push_back(std::move(names));
  if (known_.size() > kGenerationsKept) known_.erase(known_.begin());
}

std::shared_ptr<const RequestNames> RequestNameBook::find(std::uint32_t generation) const {
  const std::lock_guard lock(mutex_);
  for (const auto& names : known_) {
    if (names->generation == generation) return names;
  }
  return nullptr;
}

}  // namespace proxy
