#include "core/gate/policy.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/place.h"

namespace core::gate {
namespace {

using config::Diagnostics;
using config::Text;

void report_unknown(const Text& text, std::string_view what, std::string_view where,
                    const std::vector<std::string_view>& known, Diagnostics& diagnostics) {
  const std::string name = text.secret ? "the secret" : "\"" + text.value + "\"";
  diagnostics.error(text.mark, config::written_length(diagnostics, text),
                    "unknown " + std::string(what) + " " + name + std::string(where),
                    text.secret ? std::string() : config::suggest(text.value, known));
}

const Connector* find_connector(const Text& text, const Snapshot& snapshot,
                                Diagnostics& diagnostics) {
  std::vector<std::string_view> known;
  for (const Connector& connector : snapshot.connectors) {
    if (connector.name == text.value) return &connector;
    known.push_back(connector.name);
  }
  report_unknown(text, "connector", "", known, diagnostics);
  return nullptr;
}

}  // namespace

void resolve_policy(const config::Config& config, const Snapshot& snapshot,
                    Diagnostics& diagnostics) {
  for (const Text& name : config.capture.connectors) find_connector(name, snapshot, diagnostics);
  for (const config::PolicyTest& test : config.tests) {
    if (test.connector.value.empty()) continue;  // reported by the loader
    const Connector* const connector = find_connector(test.connector, snapshot, diagnostics);
    if (connector == nullptr) continue;
    std::vector<std::string_view> rules;
    std::vector<std::string_view> shadows;
    for (const rules::Rule& rule : connector->program.rules()) {
      rules.push_back(rule.name);
      if (rule.shadow) shadows.push_back(rule.name);
    }
    const std::string where = " of connector \"" + connector->name + "\"";
    const auto is_among = [](const Text& text, const std::vector<std::string_view>& names) {
      return std::find(names.begin(), names.end(), text.value) != names.end();
    };
    if (const auto& rule = test.expect.rule;
        rule && !rule->value.empty() && rule->value != kOtherwiseRule && !is_among(*rule, rules)) {
      report_unknown(*rule, "rule", where, rules, diagnostics);
    }
    if (test.expect.tags) {
      const std::vector<std::string>& known = connector->program.tags();
      const std::vector<std::string_view> tags(known.begin(), known.end());
      for (const Text& tag : *test.expect.tags) {
        if (!is_among(tag, tags)) report_unknown(tag, "tag", where, tags, diagnostics);
      }
    }
    if (!test.expect.shadowed) continue;
    for (const Text& rule : *test.expect.shadowed) {
      if (!is_among(rule, rules)) {
        report_unknown(rule, "rule", where, rules, diagnostics);
      } else if (!is_among(rule, shadows)) {
        diagnostics.error(rule.mark, config::written_length(diagnostics, rule),
                          "rule \"" + rule.value + "\" is not in shadow",
                          "write rule: " + rule.value + " if it decides");
      }
    }
  }
}

}  // namespace core::gate
