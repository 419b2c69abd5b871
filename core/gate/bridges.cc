#include "core/gate/bridges.h"

#include <algorithm>
#include <string>

namespace core::gate {
namespace {

using config::Condition;

/// True when the condition, or one inside it, tests a subject that begins so.
bool looks_at(const Condition& condition, std::string_view begin) {
  if (condition.kind == Condition::Kind::kTest) return condition.subject.value.starts_with(begin);
  return std::any_of(condition.children.begin(), condition.children.end(),
                     [&](const Condition& child) { return looks_at(child, begin); });
}

std::string in_ms(config::milliseconds time) { return std::to_string(time.count()) + "ms"; }

}  // namespace

void warn_of_bridges(const config::Connector& connector,
                     const std::vector<config::Backend>& backends,
                     config::Diagnostics& diagnostics) {
  const bool events = connector.dialect == config::DialectName::kExtId;
  for (const config::Rule& rule : connector.rules) {
    if (rule.action.kind != config::Action::Kind::kAsk || rule.action.asks != config::Asks::kBackend) continue;
    const config::Text& name = rule.action.backend;
    const auto backend = std::find_if(backends.begin(), backends.end(), [&](const auto& one) {
      return one.name.value == name.value;
    });
    if (backend == backends.end()) continue;  // reported by whoever compiles the rule
    const auto warn = [&](std::string message, std::string suggestion) {
      diagnostics.warning(name.mark, name.secret ? 1 : name.value.size(), std::move(message),
                          std::move(suggestion));
    };
    if (events && backend->connector_contract && !looks_at(rule.when, "identities") &&
        !looks_at(rule.when, "step")) {
      warn("this backend was called after federation only; attributeCollectionStart comes for local "
           "accounts too",
           "write when: { identities.any.signInType: federated } if it cannot answer for those");
    }
    if (events && backend->timeout > connector.deadline && !rule.cache && !connector.otherwise) {
      warn("a try of this backend may last " + in_ms(backend->timeout) +
               ", longer than the connector's deadline of " + in_ms(connector.deadline),
           "write a cache, an otherwise, or a shorter timeout");
    }
    if (!events && backend->event_contract) {
      warn("a user flow knows neither tenant nor correlation: events for this backend are without "
           "tenantId, correlationId and client.ip",
           {});
    }
  }
}

}  // namespace core::gate
