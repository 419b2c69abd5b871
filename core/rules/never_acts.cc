// Which rules can never act. A rule R is idle below a rule T that ends when R's condition implies
// T's, written R => T here: whenever R would act, T has ended the request. The proof is structural
// (all, any, not) down to single tests, and there it knows a handful of laws: values of equals and
// in, and what follows from a test that holds: the claim is there.
//
// Two forms of "not" differ: `not: { country: X }` holds for a missing claim, `country: {
// not_equals: X }` does not. Only the first is a negation here.
//
// Between T and R a `set` may change what T has looked at, so that R sees another value. T is
// forgotten then, unless all of its subjects are plain claims that nobody has set.
#include "core/rules/never_acts.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "core/claims/name_table.h"
#include "core/rules/compiler.h"
#include "core/rules/program.h"
#include "core/text/text.h"

namespace core::rules {
namespace {

using config::Action;
using config::Condition;
using config::Scalar;
using config::Test;

bool is_test(const Condition& condition) { return condition.kind == Condition::Kind::kTest; }

bool same_scalar(const Scalar& a, const Scalar& b) {
  return a.type == b.type && a.text.value == b.text.value;
}

/// True when all that a test says is in its subject, operands and length, and it fails for a
/// missing claim unless it is `missing` itself. A new test has to be looked at before it is added.
bool is_known(Test test) {
  switch (test) {
    case Test::kEquals:
    case Test::kIn:
    case Test::kInList:
    case Test::kStartsWith:
    case Test::kEndsWith:
    case Test::kContains:
    case Test::kMatches:
    case Test::kLength:
    case Test::kExists:
    case Test::kMissing:
      return true;
    // Their operands have meanings of their own, or they read more than their subject.
    case Test::kLessThan:
    case Test::kAtMost:
    case Test::kGreaterThan:
    case Test::kAtLeast:
    case Test::kBefore:
    case Test::kAfter:
    case Test::kInNetwork:
    case Test::kIsEmail:
    case Test::kIsPhone:
    case Test::kIsPossiblePhone:
    case Test::kIsPostcode:
    case Test::kSameAs:
    case Test::kScripts:
    case Test::kMixedScripts:
    case Test::kLooksLike:
    case Test::kAgeAtLeast:
    case Test::kAgeUnder:
    case Test::kPercent:
    case Test::kTime:
      return false;
  }
  return false;
}

/// False for a subject of several values, `identities.any.issuer`: each test may be passed by
/// another of them.
bool is_single(const Condition& test) {
  const std::string& subject = test.subject.value;
  return subject.find(".any") == std::string::npos && subject.find(".all") == std::string::npos;
}

bool same_test(const Condition& a, const Condition& b) {
  return is_known(a.test) && a.test == b.test && a.negated == b.negated &&
         a.subject.value == b.subject.value && a.length.min == b.length.min &&
         a.length.max == b.length.max &&
         std::equal(a.operands.begin(), a.operands.end(), b.operands.begin(), b.operands.end(),
                    same_scalar);
}

bool has_values(const Condition& test) {
  return test.test == Test::kEquals || test.test == Test::kIn;
}

/// A text that only claims of exactly these bytes equal: numbers and booleans have other spellings.
bool is_plain_text(const Scalar& value) {
  double number = 0;
  return value.type == Scalar::Type::kString && !parse_number(value.text.value, number) &&
         !text::equals_ignore_case_ascii(value.text.value, "true") &&
         !text::equals_ignore_case_ascii(value.text.value, "false");
}

bool all_plain_texts(const Condition& test) {
  return has_values(test) && !test.operands.empty() &&
         std::all_of(test.operands.begin(), test.operands.end(), is_plain_text);
}

bool has_value(const Condition& test, const Scalar& value) {
  return std::any_of(test.operands.begin(), test.operands.end(),
                     [&value](const Scalar& one) { return same_scalar(one, value); });
}

enum class Answer : std::uint8_t { kNo, kYes, kUnknown };

/// Whether a claim with this text passes a test.
Answer passes(const std::string& value, const Condition& test) {
  const auto any = [&test](auto holds) {
    const bool found = std::any_of(test.operands.begin(), test.operands.end(),
                                   [&](const Scalar& one) { return holds(one.text.value); });
    return found != test.negated ? Answer::kYes : Answer::kNo;
  };
  switch (test.test) {
    case Test::kEquals:
    case Test::kIn:
      return any([&](const std::string& text) { return value == text; });
    case Test::kStartsWith:
      return any([&](const std::string& text) { return value.starts_with(text); });
    case Test::kEndsWith:
      return any([&](const std::string& text) { return value.ends_with(text); });
    case Test::kContains:
      return any([&](const std::string& text) { return value.find(text) != std::string::npos; });
    case Test::kLength: {
      const auto length = static_cast<std::int64_t>(text::count_code_points(value));
      return length >= test.length.min.value_or(0) &&
                     (!test.length.max || length <= *test.length.max)
                 ? Answer::kYes
                 : Answer::kNo;
    }
    case Test::kExists:
      return Answer::kYes;
    case Test::kMissing:
      return Answer::kNo;
    default:
      return Answer::kUnknown;
  }
}

/// True when a claim cannot pass both tests of one subject.
bool contradict(const Condition& a, const Condition& b) {
  if (a.subject.value != b.subject.value || !is_known(a.test) || !is_known(b.test) ||
      !is_single(a)) {
    return false;
  }
  if ((a.test == Test::kMissing) != (b.test == Test::kMissing)) return true;
  if (a.test == Test::kLength && b.test == Test::kLength) {
    const std::int64_t least = std::max(a.length.min.value_or(0), b.length.min.value_or(0));
    return (a.length.max && *a.length.max < least) || (b.length.max && *b.length.max < least);
  }
  const auto no_value_passes = [](const Condition& values, const Condition& other) {
    return values.test != Test::kMissing && !values.negated && all_plain_texts(values) &&
           std::all_of(values.operands.begin(), values.operands.end(), [&](const Scalar& value) {
             return passes(value.text.value, other) == Answer::kNo;
           });
  };
  if (no_value_passes(a, b) || no_value_passes(b, a)) return true;
  // in_list and not_in_list, matches and not_matches, of the same.
  if (a.negated == b.negated) return false;
  Condition turned = b;
  turned.negated = a.negated;
  return same_test(a, turned);
}

/// Proves implications, within a number of comparisons.
class Prover {
 public:
  bool exhausted() const noexcept { return compared_ >= kComparisonsMax; }

  /// True when `b` holds whenever `a` does; false when that is not so or cannot be seen.
  bool implies(const Condition& a, const Condition& b) {
    if (!count()) return false;
    if (a.kind == Condition::Kind::kAny && !a.children.empty()) {
      return std::all_of(a.children.begin(), a.children.end(),
                         [&](const Condition& one) { return implies(one, b); });
    }
    if (b.kind == Condition::Kind::kAll) {
      return std::all_of(b.children.begin(), b.children.end(),
                         [&](const Condition& one) { return implies(a, one); });
    }
    if (b.kind == Condition::Kind::kAny &&
        std::any_of(b.children.begin(), b.children.end(),
                    [&](const Condition& one) { return implies(a, one); })) {
      return true;
    }
    if (a.kind == Condition::Kind::kAll &&
        std::any_of(a.children.begin(), a.children.end(),
                    [&](const Condition& one) { return implies(one, b); })) {
      return true;
    }
    if (b.kind == Condition::Kind::kNot && b.children.size() == 1) {
      if (a.kind == Condition::Kind::kNot && a.children.size() == 1) {
        return implies(b.children[0], a.children[0]);
      }
      return exclude(a, b.children[0]);
    }
    return is_test(a) && is_test(b) && test_implies(a, b);
  }

  /// True when no request makes both hold.
  bool exclude(const Condition& a, const Condition& b) {
    if (!count()) return false;
    for (const auto* one : {&a, &b}) {
      const Condition& other = one == &a ? b : a;
      const auto excludes = [&](const Condition& child) { return exclude(child, other); };
      if (one->kind == Condition::Kind::kAll &&
          std::any_of(one->children.begin(), one->children.end(), excludes)) {
        return true;
      }
      if (one->kind == Condition::Kind::kAny && !one->children.empty() &&
          std::all_of(one->children.begin(), one->children.end(), excludes)) {
        return true;
      }
      if (one->kind == Condition::Kind::kNot && one->children.size() == 1 &&
          implies(other, one->children[0])) {
        return true;
      }
    }
    return is_test(a) && is_test(b) && contradict(a, b);
  }

  /// Counts a comparison; false when there have been enough.
  bool count(std::size_t number = 1) noexcept {
    compared_ += number;
    return !exhausted();
  }

 private:
  static bool test_implies(const Condition& a, const Condition& b) {
    if (a.subject.value != b.subject.value || !is_known(a.test)) return false;
    if (same_test(a, b)) return true;
    if (!is_single(a)) return false;
    if (b.test == Test::kExists) return a.test != Test::kMissing;
    if (b.test == Test::kMissing || a.test == Test::kMissing) return false;
    if (a.test == Test::kLength && b.test == Test::kLength) {
      const bool below = !b.length.max || (a.length.max && *a.length.max <= *b.length.max);
      return a.length.min.value_or(0) >= b.length.min.value_or(0) && below;
    }
    if (has_values(a) && has_values(b) && a.negated == b.negated) {
      const Condition& fewer = a.negated ? b : a;
      const Condition& more = a.negated ? a : b;
      return std::all_of(fewer.operands.begin(), fewer.operands.end(),
                         [&](const Scalar& value) { return has_value(more, value); });
    }
    if (!a.negated && all_plain_texts(a)) {
      return std::all_of(a.operands.begin(), a.operands.end(), [&](const Scalar& value) {
        return passes(value.text.value, b) == Answer::kYes;
      });
    }
    const bool same_kind = a.test == b.test && !a.negated && !b.negated;
    if (same_kind &&
        (a.test == Test::kStartsWith || a.test == Test::kEndsWith || a.test == Test::kContains)) {
      return std::all_of(a.operands.begin(), a.operands.end(), [&](const Scalar& value) {
        return passes(value.text.value, b) == Answer::kYes;
      });
    }
    return false;
  }

  std::size_t compared_ = 0;
};

/// Why nothing can make `condition` hold; empty when something may.
std::string contradiction(const Condition& condition, Prover& prover) {
  if (condition.kind == Condition::Kind::kAny) {
    std::string why;
    for (const Condition& child : condition.children) {
      why = contradiction(child, prover);
      if (why.empty()) return {};
    }
    return why;
  }
  if (condition.kind != Condition::Kind::kAll) return {};
  constexpr std::size_t kChildrenMax = 64;  // of which every pair is looked at
  const std::size_t count = std::min(condition.children.size(), kChildrenMax);
  for (std::size_t i = 0; i < count; ++i) {
    if (std::string why = contradiction(condition.children[i], prover); !why.empty()) return why;
    for (std::size_t j = i + 1; j < count && !prover.exhausted(); ++j) {
      const Condition& a = condition.children[i];
      const Condition& b = condition.children[j];
      if (!prover.exclude(a, b)) continue;
      if (is_test(a) && is_test(b))
        return "no request has both: " + describe(a) + ", " + describe(b);
      return "its conditions exclude each other";
    }
  }
  return {};
}

bool ends(const config::Rule& rule) {
  return rule.mode == config::Mode::kLive && rule.limit.value.empty() &&
         (rule.action.kind == Action::Kind::kContinue || rule.action.kind == Action::Kind::kBlock ||
          rule.action.kind == Action::Kind::kValidationError);
}

bool is_always(const Condition& when) {
  return when.kind == Condition::Kind::kAll && when.children.empty();
}

/// The claim of a subject, as sets and conditions can be compared: "extension_<app>_Tier" is
/// "extension_tier".
std::string claim_of(std::string_view subject) {
  std::string name(subject.substr(0, subject.find('|')));
  while (!name.empty() && name.back() == ' ') name.pop_back();
  std::string_view attribute;
  if (claims::split_extension(name, attribute)) name = "extension_" + std::string(attribute);
  text::lower_ascii(name.data(), name.data(), name.size());
  return name;
}

/// False for derived values, members of claims, and filters that may name other claims.
bool is_plain_claim(std::string_view subject) {
  return subject.find_first_of(".[(") == std::string_view::npos;
}

/// False when a condition may read something besides the plain claims put into `claims`.
bool reads_plain_claims(const Condition& condition, std::set<std::string>& claims) {
  for (const Condition& child : condition.children) {
    if (!reads_plain_claims(child, claims)) return false;
  }
  if (!is_test(condition)) return true;
  claims.insert(claim_of(condition.subject.value));
  return is_known(condition.test) && is_plain_claim(condition.subject.value);
}

class Search {
 public:
  explicit Search(const std::vector<config::Rule>& rules) : rules_(rules) {}

  std::vector<NeverActs> run() {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const config::Rule& rule = rules_[i];
      if (always_ends_ != nullptr) {
        idle(i, "rule \"" + always_ends_->name.value + "\" above it ends every request");
        continue;
      }
      if (std::string why = contradiction(rule.when, prover_); !why.empty()) {
        idle(i, std::move(why));
        continue;
      }
      if (const config::Rule* const above = ended_by(rule.when); above != nullptr) {
        idle(i,
             "rule \"" + above->name.value + "\" above it ends every request that this one is for");
        continue;
      }
      take_up(rule);
    }
    return std::move(found_);
  }

 private:
  /// A condition that is one test of values: each of them ends the request.
  static const Condition* single_values(const Condition& when) {
    const Condition* one = &when;
    while (one->kind == Condition::Kind::kAll && one->children.size() == 1) one = &one->children[0];
    return is_test(*one) && has_values(*one) && !one->negated && is_single(*one) ? one : nullptr;
  }

  static std::string value_key(const Scalar& value) {
    return static_cast<char>('0' + static_cast<int>(value.type)) + value.text.value;
  }

  void idle(std::size_t rule, std::string why) { found_.push_back({rule, std::move(why)}); }

  const config::Rule* ended_by(const Condition& when) {
    if (const config::Rule* const rule = ended_by_values(when); rule != nullptr) return rule;
    for (const Above& above : above_) {
      if (prover_.exhausted()) return nullptr;
      if (prover_.implies(when, above.rule->when)) return above.rule;
    }
    return nullptr;
  }

  /// The last of the rules that together end each of the values a test allows.
  const config::Rule* ended_by_values(const Condition& when) const {
    if (is_test(when)) {
      if (!has_values(when) || when.negated) return nullptr;
      const auto ended = values_.find(when.subject.value);
      if (ended == values_.end()) return nullptr;
      const config::Rule* last = nullptr;
      for (const Scalar& value : when.operands) {
        const auto found = ended->second.find(value_key(value));
        if (found == ended->second.end()) return nullptr;
        last = found->second;
      }
      return last;
    }
    if (when.kind == Condition::Kind::kNot || when.children.empty()) return nullptr;
    const config::Rule* last = nullptr;
    for (const Condition& child : when.children) {
      const config::Rule* const rule = ended_by_values(child);
      if (when.kind == Condition::Kind::kAll && rule != nullptr) return rule;
      if (when.kind == Condition::Kind::kAny && rule == nullptr) return nullptr;
      last = rule;
    }
    return when.kind == Condition::Kind::kAny ? last : nullptr;
  }

  void take_up(const config::Rule& rule) {
    if (ends(rule)) {
      if (is_always(rule.when)) {
        always_ends_ = &rule;
      } else if (const Condition* const test = single_values(rule.when); test != nullptr) {
        auto& ended = values_[test->subject.value];
        for (const Scalar& value : test->operands) ended.emplace(value_key(value), &rule);
      } else {
        Above above{&rule, true, {}};
        above.plain = reads_plain_claims(rule.when, above.claims);
        above_.push_back(std::move(above));
      }
    } else if (rule.mode == config::Mode::kLive && rule.action.kind != Action::Kind::kTag &&
               rule.limit.value.empty()) {
      forget(rule.action);
    }
  }

  /// Claims have changed: what was proven with them is no longer so.
  void forget(const Action& action) {
    std::set<std::string> changed;
    for (const config::Assignment& assignment : action.assignments) {
      changed.insert(claim_of(assignment.claim.value));
    }
    const bool known = action.kind == Action::Kind::kSet && prover_.count(above_.size());
    std::erase_if(above_, [&](const Above& above) {
      return !known || !above.plain ||
             std::any_of(above.claims.begin(), above.claims.end(),
                         [&](const std::string& claim) { return changed.contains(claim); });
    });
    std::erase_if(values_, [&](const auto& entry) {
      return !known || !is_plain_claim(entry.first) || changed.contains(claim_of(entry.first));
    });
  }

  /// A rule that ends requests, and the claims that its condition reads.
  struct Above {
    const config::Rule* rule;
    bool plain;  // nothing but these claims
    std::set<std::string> claims;
  };

  const std::vector<config::Rule>& rules_;
  Prover prover_;
  const config::Rule* always_ends_ = nullptr;
  /// By subject and value: the rules that end a request for this value, whatever else it has.
  std::map<std::string, std::map<std::string, const config::Rule*>> values_;
  std::vector<Above> above_;  // the other rules that end
  std::vector<NeverActs> found_;
};

}  // namespace

std::vector<NeverActs> find_never_acting(const std::vector<config::Rule>& rules) {
  return Search(rules).run();
}

}  // namespace core::rules
