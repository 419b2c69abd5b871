#include "core/rules/compiler.h"


#include <algorithm>
#include <charconv>
#include <limits>

#include "core/config/place.h"
#include "core/rules/ask_version.h"

namespace core::rules {
namespace {

using config::Condition;
using config::Test;

Op op_of(Test test) {
  switch (test) {
    case Test::kEquals: return Op::kEquals;
    case Test::kIn: return Op::kIn;
    case Test::kInList: return Op::kInList;
    case Test::kStartsWith: return Op::kStartsWith;
    case Test::kEndsWith: return Op::kEndsWith;
    case Test::kContains: return Op::kContains;
    case Test::kMatches: return Op::kMatches;
    case Test::kLength: return Op::kLength;
    case Test::kExists: return Op::kExists;
    case Test::kMissing: return Op::kMissing;
  }
  return Op::kExists;
}

std::string_view word_of(Test test) {
  switch (test) {
    case Test::kEquals: return "equals";
    case Test::kIn: return "in";
    case Test::kInList: return "in_list";
    case Test::kStartsWith: return "starts_with";
    case Test::kEndsWith: return "ends_with";
    case Test::kContains: return "contains";
    case Test::kMatches: return "matches";
    case Test::kLength: return "length";
    case Test::kExists: return "exists";
    case Test::kMissing: return "missing";
  }
  return "";
}

Operand operand_of(const config::Scalar& scalar) {
  Operand operand;
  operand.text = scalar.text.value;
  switch (scalar.type) {
    case config::Scalar::Type::kString: break;
    case config::Scalar::Type::kBoolean:
      operand.type = Operand::Type::kBoolean;
      operand.boolean = scalar.text.value == "true";
      break;
    case config::Scalar::Type::kInteger:
    case config::Scalar::Type::kNumber: {
      operand.type = Operand::Type::kNumber;
      const std::string& text = scalar.text.value;
      const char* const first = text.data() + (text.starts_with('+') ? 1 : 0);
      std::from_chars(first, text.data() + text.size(), operand.number);
      break;
    }
  }
  return operand;
}

template <typename Map>
std::vector<std::string_view> keys_of(const Map& map) {
  std::vector<std::string_view> keys;
  for (const auto& [name, value] : map) keys.push_back(name);
  return keys;
}

}  // namespace

std::string describe(const Condition& condition) {
  switch (condition.kind) {
    case Condition::Kind::kAll: return condition.children.empty() ? "always" : "all of";
    case Condition::Kind::kAny: return "any of";
    case Condition::Kind::kNot: return "not";
    case Condition::Kind::kTest: break;
  }
  std::string words = condition.subject.value + " ";
  if (condition.negated) words += "not_";
  words += word_of(condition.test);
  if (condition.test == Test::kLength) {
    if (condition.length.min) words += " min " + std::to_string(*condition.length.min);
    if (condition.length.max) words += " max " + std::to_string(*condition.length.max);
  }
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < condition.operands.size(); ++i) {
    words += i == 0 ? " " : ", ";
    if (i == kShown) {
      words += "... (" + std::to_string(condition.operands.size()) + " values)";
      break;
    }
    const config::Scalar& operand = condition.operands[i];
    const bool quoted = operand.type == config::Scalar::Type::kString && condition.test != Test::kInList;
    words += operand.text.secret ? "(secret)"
             : quoted            ? "\"" + operand.text.value + "\""
                                 : operand.text.value;
  }
  return words;
}

void Compiler::report(const config::Text& text, const TemplateError& error) {
  const config::Mark mark = config::mark_inside(diagnostics_, text, error.offset);
  if (error.warning) {
    diagnostics_.warning(mark, error.length, error.message, error.suggestion);
  } else {
    diagnostics_.error(mark, error.length, error.message, error.suggestion);
  }
}

void Compiler::report_all(const config::Text& text, const std::vector<TemplateError>& remarks) {
  for (const TemplateError& remark : remarks) report(text, remark);
}

Template Compiler::compile_text(const config::Text& text) {
  std::vector<TemplateError> remarks;
  auto parsed = Template::parse(text.value, names_.claims, remarks);
  report_all(text, remarks);
  if (parsed) return std::move(parsed).value();
  report(text, parsed.error());
  return std::move(Template::parse("", names_.claims, remarks)).value();
}

std::uint32_t Compiler::resolve_message(const config::Text& name) {
  const auto found = names_.messages.find(name.value);
  if (found != names_.messages.end()) return found->second;
  diagnostics_.error(name.mark, name.value.size(), "unknown message \"" + name.value + "\"",
                     names_.messages.empty() ? "no `messages` are defined"
                                             : config::suggest(name.value, keys_of(names_.messages)));
  return 0;
}

std::uint32_t Compiler::compile_subject(const config::Text& text) {
  std::vector<TemplateError> remarks;
  auto parsed = parse_subject(text.value, names_.claims, remarks);
  report_all(text, remarks);
  Subject subject;
  if (parsed) {
    subject = std::move(parsed).value();
  } else {
    report(text, parsed.error());
  }
  auto& subjects = program_.subjects_;
  const auto found = std::find(subjects.begin(), subjects.end(), subject);
  const auto index = static_cast<std::uint32_t>(found - subjects.begin());
  if (found == subjects.end()) subjects.push_back(std::move(subject));
  return index;
}

std::uint32_t Compiler::add_strings(const std::vector<config::Scalar>& scalars) {
  const auto first = static_cast<std::uint32_t>(program_.operands_.size());
  for (const config::Scalar& scalar : scalars) {
    Operand operand;
    operand.text = scalar.text.value;
    program_.operands_.push_back(std::move(operand));
  }
  return first;
}

void Compiler::compile_test(const Condition& condition) {
  Node node;
  node.op = op_of(condition.test);
  node.negated = condition.negated;
  node.subject = compile_subject(condition.subject);
  node.operand_count = static_cast<std::uint32_t>(condition.operands.size());
  switch (node.op) {
    case Op::kEquals:
      node.operand = static_cast<std::uint32_t>(program_.operands_.size());
      for (const config::Scalar& scalar : condition.operands) {
        program_.operands_.push_back(operand_of(scalar));
      }
      break;
    case Op::kStartsWith:
    case Op::kEndsWith:
    case Op::kContains: node.operand = add_strings(condition.operands); break;
    case Op::kIn: {
      node.operand = static_cast<std::uint32_t>(program_.sets_.size());
      auto& set = program_.sets_.emplace_back();
      auto& few = program_.few_.emplace_back();
      for (const config::Scalar& scalar : condition.operands) {
        Operand operand = operand_of(scalar);
        if (operand.type == Operand::Type::kString) {
          set.insert(std::move(operand.text));
        } else {
          few.push_back(std::move(operand));
        }
      }
      break;
    }
    case Op::kInList: {
      node.operand = static_cast<std::uint32_t>(program_.lists_.size());
      lists::Match match = lists::Match::kExact;
      bool known = false;
      for (const config::Scalar& scalar : condition.operands) {
        const auto found = names_.lists.find(scalar.text.value);
        if (found == names_.lists.end()) {
          diagnostics_.error(scalar.text.mark, scalar.text.value.size(),
                             "unknown list \"" + scalar.text.value + "\"",
                             names_.lists.empty()
                                 ? "no `lists` are defined"
                                 : config::suggest(scalar.text.value, keys_of(names_.lists)));
          continue;
        }
        if (known && found->second->match() != match) {
          diagnostics_.error(scalar.text.mark, scalar.text.value.size(),
                             "lists of different `match` in one test",
                             "write one test for each kind of list, joined by any");
          continue;
        }
        known = true;
        match = found->second->match();
        program_.lists_.push_back(found->second);
      }
      if (known && match == lists::Match::kDomain && !condition.subject.value.empty() &&
          condition.subject.value == "email") {
        diagnostics_.error(condition.subject.mark, condition.subject.value.size(),
                           "a whole address is looked up in a list of domains",
                           "write email.domain");
      }
      if (known && match == lists::Match::kEmail && condition.subject.value == "email.domain") {
        diagnostics_.error(condition.subject.mark, condition.subject.value.size(),
                           "a domain is looked up in a list of addresses", "write email");
      }
      const auto wanted = std::make_pair(node.subject, match);
      const auto slot = std::find(prepared_.begin(), prepared_.end(), wanted);
      node.prepared = static_cast<std::uint16_t>(slot - prepared_.begin());
      if (slot == prepared_.end()) prepared_.push_back(wanted);
      break;
    }
    case Op::kMatches:
      node.operand = static_cast<std::uint32_t>(program_.patterns_.size());
      for (const config::Scalar& scalar : condition.operands) {
        auto pattern = Pattern::compile(scalar.text.value, names_.lanes);
        if (pattern) {
          program_.patterns_.push_back(std::move(pattern).value());
        } else {
          diagnostics_.error(scalar.text.mark, scalar.text.value.size(),
                             "not a pattern: " + pattern.error().why,
                             "RE2 syntax; no look-around, no back-references");
        }
      }
      break;
    case Op::kLength:
      node.operand = static_cast<std::uint32_t>(program_.lengths_.size());
      program_.lengths_.push_back(
          {static_cast<std::uint64_t>(std::max<std::int64_t>(condition.length.min.value_or(0), 0)),
           condition.length.max ? static_cast<std::uint64_t>(std::max<std::int64_t>(*condition.length.max, 0))
                                : std::numeric_limits<std::uint64_t>::max()});
      break;
    default: break;
  }
  node.end = static_cast<std::uint32_t>(program_.nodes_.size()) + 1;
  program_.nodes_.push_back(node);
}

void Compiler::compile_condition(const Condition& condition) {
  const std::size_t index = program_.nodes_.size();
  program_.descriptions_.push_back(describe(condition));
  if (condition.kind == Condition::Kind::kTest) {
    compile_test(condition);
    return;
  }
  program_.nodes_.emplace_back();
  if (condition.kind == Condition::Kind::kNot && condition.children.size() != 1) {
    // `not` over several tests negates their conjunction.
    Condition all;
    all.kind = Condition::Kind::kAll;
    all.mark = condition.mark;
    all.children = condition.children;
    compile_condition(all);
  } else {
    for (const Condition& child : condition.children) compile_condition(child);
  }
  Node& node = program_.nodes_[index];
  node.op = condition.kind == Condition::Kind::kAll   ? Op::kAll
            : condition.kind == Condition::Kind::kAny ? Op::kAny
                                                      : Op::kNot;
  node.end = static_cast<std::uint32_t>(program_.nodes_.size());
}

std::vector<Assignment> Compiler::compile_assignments(
    const std::vector<config::Assignment>& assignments) {
  std::vector<Assignment> compiled;
  for (const config::Assignment& assignment : assignments) {
    std::vector<TemplateError> remarks;
    auto subject = parse_subject(assignment.claim.value, names_.claims, remarks);
    report_all(assignment.claim, remarks);
    if (!subject) {
      report(assignment.claim, subject.error());
      continue;
    }
    if (subject.value().derived || !subject.value().filters.empty()) {
      diagnostics_.error(assignment.claim.mark, assignment.claim.value.size(),
                         "only a claim can be set",
                         subject.value().derived ? "a derived value follows the claim it comes from"
                                                 : "filters go into the text: \"{name | filter}\"");
      continue;
    }
    const claims::NameId id = subject.value().id;
    if (!is_settable(id)) {
      diagnostics_.error(assignment.claim.mark, assignment.claim.value.size(),
                         "\"" + assignment.claim.value + "\" identifies the request and cannot be set",
                         "answers can set the built-in attributes and extension_ attributes");
      continue;
    }
    compiled.push_back({id, assignment.claim.value, compile_text(assignment.text)});
  }
  return compiled;
}

/// What `ask` and `cache` of a rule say; its index in the program's asks.
std::uint32_t Compiler::compile_ask(const config::Rule& rule, std::string_view connector) {
  const config::Text& name = rule.action.backend;
  const auto index = static_cast<std::uint32_t>(program_.asks_.size());
  Ask& ask = program_.asks_.emplace_back();
  ask.connector = connector;
  ask.backend_name = name.value;
  const config::Backend* backend = nullptr;
  std::vector<std::string_view> known;
  const std::size_t count = names_.backends != nullptr ? names_.backends->size() : 0;
  for (std::size_t i = 0; i < count; ++i) {
    const config::Backend& candidate = (*names_.backends)[i];
    known.emplace_back(candidate.name.value);
    if (candidate.name.value != name.value) continue;
    backend = &candidate;
    ask.backend = static_cast<std::uint32_t>(i);
  }
  if (backend == nullptr) {
    if (!name.value.empty()) {  // else the loader has said it
      diagnostics_.error(name.mark, name.value.size(), "unknown backend \"" + name.value + "\"",
                         known.empty() ? "no `backends` are defined"
                                       : config::suggest(name.value, known));
    }
    return index;
  }
  ask.version = version_of(rule, *backend);
  if (!rule.cache) return index;
  const config::RuleCache& cache = *rule.cache;
  const auto ms = [](config::milliseconds time) { return static_cast<std::uint64_t>(time.count()); };
  ask.keyed = true;
  for (const config::Text& subject : cache.key) {
    ask.key.push_back(program_.subjects_[compile_subject(subject)]);
  }
  ask.at_token_step = cache.token_step;
  ask.lifetimes = {{{ms(cache.continue_ttl), ms(cache.stale), cache.jitter},
                    {ms(cache.block_ttl), ms(cache.stale), cache.jitter},
                    {ms(cache.validation_error_ttl), ms(cache.stale), cache.jitter}}};
  for (decisions::Lifetime& lifetime : ask.lifetimes) {
    if (lifetime.fresh_ms == 0) lifetime.stale_ms = 0;  // a verdict that is not kept at all
  }
  ask.unresolved_ms = ms(cache.unresolved_ttl);
  ask.wait_for_fresh = cache.revalidate == config::RuleCache::Revalidate::kWait;
  return index;
}

/// A rule below one that always ends can never act.
void Compiler::warn_unreachable(const std::vector<config::Rule>& rules) {
  const config::Rule* ends = nullptr;
  for (const config::Rule& rule : rules) {
    if (ends != nullptr) {
      diagnostics_.warning(rule.name.mark, rule.name.value.size(),
                           "rule \"" + rule.name.value + "\" can never act",
                           "rule \"" + ends->name.value + "\" above it ends every request");
      continue;
    }
    const bool always = rule.when.kind == Condition::Kind::kAll && rule.when.children.empty();
    const bool terminal = rule.action.kind == config::Action::Kind::kContinue ||
                          rule.action.kind == config::Action::Kind::kBlock ||
                          rule.action.kind == config::Action::Kind::kValidationError;
    if (always && terminal && rule.mode == config::Mode::kLive) ends = &rule;
  }
}

Program Compiler::compile(const std::vector<config::Rule>& rules, std::string_view connector) {
  program_ = {};
  program_.names_ = &names_.claims;
  prepared_.clear();
  for (const config::Rule& rule : rules) {
    Rule compiled;
    compiled.name = rule.name.value;
    compiled.shadow = rule.mode == config::Mode::kShadow;
    compiled.when = static_cast<std::uint32_t>(program_.nodes_.size());
    compile_condition(rule.when);
    switch (rule.action.kind) {
      case config::Action::Kind::kContinue: compiled.action = Rule::Action::kContinue; break;
      case config::Action::Kind::kSet: compiled.action = Rule::Action::kSet; break;
      case config::Action::Kind::kBlock: compiled.action = Rule::Action::kBlock; break;
      case config::Action::Kind::kValidationError:
        compiled.action = Rule::Action::kValidationError;
        break;
      case config::Action::Kind::kAsk:
        compiled.action = Rule::Action::kAsk;
        compiled.ask = compile_ask(rule, connector);
        break;
    }
    if (compiled.action == Rule::Action::kBlock ||
        compiled.action == Rule::Action::kValidationError) {
      compiled.message = resolve_message(rule.action.message);
    }
    compiled.assignments = compile_assignments(rule.action.assignments);
    program_.rules_.push_back(std::move(compiled));
  }
  warn_unreachable(rules);
  program_.prepared_count_ = prepared_.size();
  if (!diagnostics_.has_errors()) program_.index_ = IndexBuilder(program_, indexing_).build();
  return std::move(program_);
}

}  // namespace core::rules
