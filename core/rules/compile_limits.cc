// `velocity`, and the rules that name its members.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/config/place.h"
#include "core/rules/ask_version.h"
#include "core/rules/compiler.h"

namespace core::rules {

std::vector<Limit> Compiler::compile_limits(const std::vector<config::VelocityLimit>& limits,
                                            const config::State& state) {
  std::vector<Limit> compiled;
  for (const config::VelocityLimit& written : limits) {
    Limit limit;
    limit.name = written.name.value;
    limit.number = static_cast<std::uint32_t>(compiled.size());
    limit.window_ms = static_cast<std::uint64_t>(written.window.count());
    limit.at_most = static_cast<std::uint32_t>(written.at_most);
    limit.accounts = written.counts == config::VelocityLimit::Counts::kAccounts;
    limit.shared = is_shared(written, state);
    limit.of_name = limit_part(limit.name, {});
    for (const config::Text& subject : written.key) {
      std::vector<TemplateError> remarks;
      auto parsed = parse_subject(subject.value, vocabulary(), remarks);
      report_all(subject, remarks);
      if (!parsed) {
        report(subject, parsed.error());
      } else if (parsed.value().of != Subject::Of::kOne) {
        refuse(subject, "several values where one is needed", "write identities[0], say");
      } else {
        limit.key.push_back(std::move(parsed).value());
      }
    }
    compiled.push_back(std::move(limit));
  }
  return compiled;
}

/// The place of a limit among the program's.
std::uint32_t Compiler::compile_limit(const config::Text& name, std::string_view connector) {
  auto& limits = program_.limits_;
  const auto is_it = [&name](const Limit& one) { return one.name == name.value; };
  if (const auto there = std::find_if(limits.begin(), limits.end(), is_it); there != limits.end()) {
    return static_cast<std::uint32_t>(there - limits.begin());
  }
  std::vector<std::string_view> known;
  if (names_.limits != nullptr) {
    for (const Limit& limit : *names_.limits) {
      if (!is_it(limit)) {
        known.emplace_back(limit.name);
        continue;
      }
      if (limits.size() == Decisions::kLimitsMax) {
        refuse(name, "more than 16 different limits in one connector", "use one of those above");
        return Limit::kNone;
      }
      limits.push_back(limit);
      limits.back().of_connector = limit_part(limit.name, connector);
      return static_cast<std::uint32_t>(limits.size() - 1);
    }
  }
  refuse(name, "unknown limit \"" + name.value + "\"",
         known.empty() ? "no limits are defined: write velocity: { " + name.value +
                             ": { key: [email.domain], window: 1h, at_most: 50 } }"
                       : config::suggest(name.value, known));
  return Limit::kNone;
}

/// What a rule with a limit that machines share asks the state; its index.
std::uint32_t Compiler::compile_limit_ask(const config::Rule& rule, std::string_view connector) {
  auto workflow = std::make_shared<Workflow>();
  workflow->asks = config::Asks::kLimit;
  workflow->name = rule.limit.value;
  workflow->when_away = rule.when_away.value_or(config::WhenAway::kLocal);
  // What does nothing does not fail anybody either.
  if (rule.mode == config::Mode::kShadow && workflow->when_away == config::WhenAway::kClosed) {
    workflow->when_away = config::WhenAway::kOpen;
  }
  Ask& ask = program_.asks_.emplace_back();
  ask.backend_name = full_name(*workflow);
  ask.version = version_of(rule, ask.backend_name, connector);
  ask.remembers_retry = false;  // the counter knows whom it has counted
  ask.workflow = std::move(workflow);
  return static_cast<std::uint32_t>(program_.asks_.size() - 1);
}

}  // namespace core::rules
