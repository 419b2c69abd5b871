#include "core/rules/compiler.h"


#include <algorithm>
#include <charconv>
#include <limits>

#include "core/config/place.h"
#include "core/rules/ask_version.h"
#include "core/rules/never_acts.h"

namespace core::rules {
namespace {

using config::Condition;
using config::Test;

struct TestRow {
  Test test;
  Op op;
  std::string_view word;
};
constexpr TestRow kTests[] = {
    {Test::kEquals, Op::kEquals, "equals"},
    {Test::kIn, Op::kIn, "in"},
    {Test::kInList, Op::kInList, "in_list"},
    {Test::kStartsWith, Op::kStartsWith, "starts_with"},
    {Test::kEndsWith, Op::kEndsWith, "ends_with"},
    {Test::kContains, Op::kContains, "contains"},
    {Test::kMatches, Op::kMatches, "matches"},
    {Test::kLength, Op::kLength, "length"},
    {Test::kExists, Op::kExists, "exists"},
    {Test::kMissing, Op::kMissing, "missing"},
    {Test::kLessThan, Op::kRange, "less_than"},
    {Test::kAtMost, Op::kRange, "at_most"},
    {Test::kGreaterThan, Op::kRange, "greater_than"},
    {Test::kAtLeast, Op::kRange, "at_least"},
    {Test::kBefore, Op::kBefore, "before"},
    {Test::kAfter, Op::kAfter, "after"},
    {Test::kInNetwork, Op::kInNetwork, "in_network"},
    {Test::kIsEmail, Op::kIsEmail, "is_email"},
    {Test::kIsPhone, Op::kIsPhone, "is_phone"},
    {Test::kIsPossiblePhone, Op::kIsPossiblePhone, "is_possible_phone"},
    {Test::kIsPostcode, Op::kIsPostcode, "is_postcode"},
    {Test::kSameAs, Op::kSameAs, "same_as"},
    {Test::kScripts, Op::kScripts, "scripts"},
    {Test::kMixedScripts, Op::kMixedScripts, "mixed_scripts"},
    {Test::kLooksLike, Op::kLooksLike, "looks_like"},
    {Test::kAgeAtLeast, Op::kAge, "age_at_least"},
    {Test::kAgeUnder, Op::kAge, "age_under"},
    {Test::kPercent, Op::kPercent, "percent"},
    {Test::kTime, Op::kTime, "time"},
};

const TestRow& row_of(Test test) {
  for (const TestRow& row : kTests) {
    if (row.test == test) return row;
  }
  return kTests[0];
}
Op op_of(Test test) { return row_of(test).op; }
std::string_view word_of(Test test) { return row_of(test).word; }

/// Texts that are quoted where a test is described; of the others it is plain what they are.
bool is_quoted(Test test) {
  switch (test) {
    case Test::kInList:
    case Test::kBefore:
    case Test::kAfter:
    case Test::kInNetwork:
    case Test::kIsPhone:
    case Test::kIsPossiblePhone:
    case Test::kIsPostcode:
    case Test::kSameAs:
    case Test::kScripts:
    case Test::kTime: return false;
    default: return true;
  }
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
    const bool quoted = operand.type == config::Scalar::Type::kString && is_quoted(condition.test);
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
  auto parsed = Template::parse(text.value, vocabulary(), remarks);
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

std::vector<std::uint32_t> Compiler::resolve_events(const std::vector<config::Text>& names) {
  std::vector<std::uint32_t> numbers;
  for (const config::Text& name : names) {
    std::vector<std::string_view> known;
    const std::size_t count = names_.events != nullptr ? names_.events->size() : 0;
    std::size_t number = 0;
    while (number < count && (*names_.events)[number].name.value != name.value) ++number;
    if (number < count) {
      numbers.push_back(static_cast<std::uint32_t>(number));
      continue;
    }
    for (std::size_t i = 0; i < count; ++i) known.emplace_back((*names_.events)[i].name.value);
    diagnostics_.error(name.mark, name.value.size(), "unknown event \"" + name.value + "\"",
                       known.empty() ? "no `events` are defined" : config::suggest(name.value, known));
  }
  return numbers;
}

std::vector<Subject> Compiler::compile_values(const std::vector<const config::Text*>& texts,
                                              std::vector<std::uint32_t>& places) {
  std::vector<Subject> subjects;
  for (const config::Text* const text : texts) {
    std::vector<TemplateError> remarks;
    auto parsed = parse_subject(text->value, vocabulary(), remarks);
    report_all(*text, remarks);
    Subject subject;
    if (!parsed) {
      report(*text, parsed.error());
    } else if (subject = std::move(parsed).value(); subject.of != Subject::Of::kOne) {
      refuse(*text, "an event carries single values", "name one of them, as in identities[0].issuer");
    }
    const auto found = std::find(subjects.begin(), subjects.end(), subject);
    places.push_back(static_cast<std::uint32_t>(found - subjects.begin()));
    if (found == subjects.end()) subjects.push_back(std::move(subject));
  }
  return subjects;
}

std::uint32_t Compiler::compile_subject(const config::Text& text) {
  std::vector<TemplateError> remarks;
  auto parsed = parse_subject(text.value, vocabulary(), remarks);
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
    case Op::kExists:
    case Op::kMissing: break;
    default: compile_rare_test(condition, node); break;
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

void Compiler::refuse(const config::Text& text, std::string message, std::string suggestion) {
  diagnostics_.error(text.mark, config::written_length(diagnostics_, text), std::move(message),
                     std::move(suggestion));
}

/// The claim that `name` is, for an action that changes it: `verb` is "set", say.
std::optional<claims::NameId> Compiler::compile_claim(const config::Text& name,
                                                      std::string_view verb) {
  std::vector<TemplateError> remarks;
  auto subject = parse_subject(name.value, vocabulary(), remarks);
  report_all(name, remarks);
  if (!subject) {
    report(name, subject.error());
    return std::nullopt;
  }
  if (subject.value().computed) {
    diagnostics_.error(name.mark, name.value.size(),
                       "only a claim can be " + std::string(verb),
                       subject.value().derived ? "a derived value follows the claim it comes from"
                       : !subject.value().path.empty()
                           ? "a member of a claim cannot be changed"
                           : "filters go into the text: \"{name | filter}\"");
    return std::nullopt;
  }
  if (!is_settable(subject.value().id)) {
    diagnostics_.error(name.mark, name.value.size(),
                       "\"" + name.value + "\" identifies the request and cannot be " +
                           std::string(verb),
                       "answers can set the built-in attributes and extension_ attributes");
    return std::nullopt;
  }
  return subject.value().id;
}

std::vector<Assignment> Compiler::compile_assignments(
    const std::vector<config::Assignment>& assignments) {
  std::vector<Assignment> compiled;
  for (const config::Assignment& assignment : assignments) {
    const auto id = compile_claim(assignment.claim, "set");
    if (!id) continue;
    Assignment& made =
        compiled.emplace_back(Assignment{*id, assignment.claim.value, compile_text(assignment.text)});
    made.kind = made.text.kind();
    if (assignment.type == config::Scalar::Type::kString) continue;
    made.kind = assignment.type == config::Scalar::Type::kBoolean ? claims::Kind::kBoolean
                                                                  : claims::Kind::kNumber;
    double number = 0;
    if (made.kind == claims::Kind::kNumber &&
        !number_in(made.kind, assignment.text.value, number)) {
      diagnostics_.error(assignment.text.mark, assignment.text.value.size(),
                         "a number that is too large for one (IEEE 754)",
                         "put it in quotation marks: \"" + assignment.text.value + "\"");
    }
    std::string_view attribute;
    if (!caller_.any_is_typed && !claims::split_extension(assignment.claim.value, attribute)) {
      diagnostics_.error(assignment.text.mark, assignment.text.value.size(),
                         "\"" + assignment.claim.value + "\" is a text",
                         "put it in quotation marks: \"" + assignment.text.value + "\"");
    }
  }
  return compiled;
}

/// The place of a tag among the program's.
std::uint32_t Compiler::compile_tag(const config::Text& tag) {
  if (tag.value.empty()) return Rule::kNoTag;
  auto& tags = program_.tags_;
  const auto found = std::find(tags.begin(), tags.end(), tag.value);
  const auto place = static_cast<std::uint32_t>(found - tags.begin());
  if (found != tags.end()) return place;
  if (tags.size() == Evaluation::kTagsMax) {
    diagnostics_.error(tag.mark, tag.value.size(), "more than 64 different tags in one connector",
                       "use one of those above");
    return Rule::kNoTag;
  }
  tags.push_back(tag.value);
  return place;
}

void Compiler::compile_action(const config::Action& action, Rule& rule) {
  switch (action.kind) {
    case config::Action::Kind::kContinue: rule.action = Rule::Action::kContinue; break;
    case config::Action::Kind::kSet: rule.action = Rule::Action::kSet; break;
    case config::Action::Kind::kTag: rule.action = Rule::Action::kTag; break;
    case config::Action::Kind::kRemove:
      rule.action = Rule::Action::kRemove;
      for (const config::Text& claim : action.removals) {
        if (const auto id = compile_claim(claim, "removed")) rule.removals.push_back(*id);
      }
      break;
    case config::Action::Kind::kBlock: rule.action = Rule::Action::kBlock; break;
    case config::Action::Kind::kValidationError:
      rule.action = Rule::Action::kValidationError;
      for (const auto& [claim, message] : action.claim_messages) {
        const auto id = compile_claim(claim, "corrected");
        const std::uint32_t index = resolve_message(message);
        if (id) rule.claim_messages.emplace_back(*id, index);
      }
      break;
    case config::Action::Kind::kAsk: rule.action = Rule::Action::kAsk; break;
  }
  if (rule.action == Rule::Action::kBlock || rule.action == Rule::Action::kValidationError) {
    rule.message = resolve_message(action.message);
  }
  rule.assignments = compile_assignments(action.assignments);
}

/// What `ask` and `cache` of a rule say; its index in the program's asks.
std::uint32_t Compiler::compile_ask(const config::Rule& rule, std::string_view connector) {
  const config::Text& name = rule.action.backend;
  const auto index = static_cast<std::uint32_t>(program_.asks_.size());
  Ask& ask = program_.asks_.emplace_back();
  if (rule.action.asks == config::Asks::kApproval) {
    compile_approval(rule, connector, ask);
    return index;
  }
  if (rule.action.asks == config::Asks::kInvitation) {
    compile_invitation(rule, connector, ask);
    return index;
  }
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
  ask.version = version_of(rule, *backend, connector);
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

void Compiler::warn_unreachable(const std::vector<config::Rule>& rules) {
  for (const NeverActs& idle : find_never_acting(rules)) {
    const config::Text& name = rules[idle.rule].name;
    diagnostics_.warning(name.mark, name.value.size(), "rule \"" + name.value + "\" can never act",
                         idle.why);
  }
}

Program Compiler::compile(const std::vector<config::Rule>& rules, std::string_view connector,
                          Caller caller) {
  caller_ = caller;
  program_ = {};
  program_.keeps_arrays_ = caller.takes_arrays;
  program_.names_ = &names_.claims;
  prepared_.clear();
  for (const config::Rule& rule : rules) {
    Rule compiled;
    compiled.name = rule.name.value;
    compiled.shadow = rule.mode == config::Mode::kShadow;
    const std::size_t errors = diagnostics_.errors();
    compiled.when = static_cast<std::uint32_t>(program_.nodes_.size());
    compile_condition(rule.when);
    compile_action(rule.action, compiled);
    if (compiled.action == Rule::Action::kAsk) compiled.ask = compile_ask(rule, connector);
    if (!rule.limit.value.empty()) compiled.limit = compile_limit(rule.limit, connector);
    if (compiled.limit != Limit::kNone && program_.limits_[compiled.limit].shared) {
      compiled.ask = compile_limit_ask(rule, connector);
    }
    compiled.tag = compile_tag(rule.tag);
    compiled.emits = resolve_events(rule.emits);
    if (diagnostics_.errors() != errors && rule.included_at.line != 0) {
      diagnostics_.warning(rule.included_at, 1,
                           "rule \"" + rule.name.value + "\" has mistakes as it is included here");
    }
    program_.rules_.push_back(std::move(compiled));
  }
  warn_unreachable(rules);
  program_.prepared_count_ = prepared_.size();
  if (!diagnostics_.has_errors()) program_.index_ = IndexBuilder(program_, indexing_).build();
  return std::move(program_);
}

}  // namespace core::rules
