#pragma once

#include <absl/container/flat_hash_set.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/claims/claims.h"
#include "core/decisions/encoded.h"
#include "core/lists/list.h"
#include "core/rules/ask.h"
#include "core/rules/evaluation.h"
#include "core/rules/index.h"
#include "core/rules/limit.h"
#include "core/rules/operands.h"
#include "core/rules/pattern.h"
#include "core/rules/template.h"
#include "core/rules/verdict.h"

namespace core::rules {

enum class Op : std::uint8_t {
  kAll, kAny, kNot,
  kEquals, kIn, kInList, kStartsWith, kEndsWith, kContains, kMatches, kLength, kExists, kMissing,
  kRange, kBefore, kAfter, kInNetwork, kIsEmail, kIsPhone, kIsPossiblePhone, kIsPostcode, kSameAs,
  kScripts, kMixedScripts, kLooksLike, kAge, kPercent, kTime,
};

/// One condition. Children of kAll, kAny and kNot follow their parent at once, each with `end`
/// pointing behind its own last descendant, so a tree is a stretch of the node array.
struct Node {
  Op op = Op::kAll;
  bool negated = false;
  std::uint16_t prepared = 0;     // kInList: slot of Evaluation::prepared()
  std::uint32_t end = 0;          // index behind this node's last descendant
  std::uint32_t subject = 0;      // index into Program::subjects
  std::uint32_t operand = 0;      // first of its operands, in the array its op reads
  std::uint32_t operand_count = 0;
};

struct Assignment {
  claims::NameId claim;
  std::string name;  // as the configuration spells it
  Template text;
  claims::Kind kind = claims::Kind::kString;  // what it is in an answer
};

/// A compiled rule.
struct Rule {
  enum class Action : std::uint8_t {
    kContinue, kBlock, kValidationError, kSet,
    kRemove,  // claims out of the answer
    kTag,     // nothing but the tag, or the events
    kAsk,
  };
  static constexpr std::uint32_t kNoTag = 0xFFFFFFFF;
  std::string name;
  Action action = Action::kContinue;
  bool shadow = false;
  std::uint32_t when = 0;  // node index
  std::uint32_t message = 0;
  std::uint32_t tag = kNoTag;           // index into Program::tags()
  std::uint32_t ask = 0;                // kAsk, and a limit that is shared: index into Program::asks()
  std::uint32_t limit = Limit::kNone;   // index into Program::limits(): what matches and is within it passes
  std::vector<std::uint32_t> emits;     // numbers of events
  std::vector<Assignment> assignments;  // kSet, kContinue
  std::vector<claims::NameId> removals;  // kRemove
  /// kValidationError: a message for each of these claims, told behind the rule's own where a dialect
  /// has no place for them.
  std::vector<std::pair<claims::NameId, std::uint32_t>> claim_messages;
};

/// Hears what an evaluation does; `explain` prints it. Null on the request path.
class Tracer {
 public:
  virtual ~Tracer() = default;
  virtual void on_test(std::uint32_t node, std::string_view value, bool present, bool matched) = 0;
  virtual void on_rule(std::uint32_t rule, bool matched) = 0;
  virtual void on_set(std::uint32_t rule, const Assignment& assignment, std::string_view value,
                      bool done) = 0;
  virtual void on_ask(std::uint32_t, const Ask&, const Decisions::Answer&) {}
  virtual void on_limit(std::uint32_t, const Limit&, const Decisions::Limited&) {}
};

/// False for members that identify the request: no answer can change them (protocol.md a.3).
bool is_settable(claims::NameId id) noexcept;

/// The rules of one connector, compiled. Immutable; any thread. Lists are owned by the snapshot.
class Program {
 public:
  /// Runs the rules in order over `evaluation` until one ends. Shadow rules are tested and noted,
  /// nothing more. When the evaluation's memory is exhausted the verdict is kOtherwise and its kind
  /// and message are not set: the connector's `otherwise` applies. Never allocates.
  ///
  /// Many rules are found by an index (index.h) and not tested one by one. Nobody can tell, but for
  /// one thing: the index may need less memory, and then has a verdict where evaluate_plain() has
  /// not. A tracer hears of every rule, so it gets the plain evaluation, and so does an evaluation
  /// whose candidates are too few for index().counts().
  ///
  /// An ask rule that matches gets its decision from evaluation.decisions(). Where there is none the
  /// verdict says `ask`, and the evaluation is made again from the beginning, over the same claims,
  /// once there is one. Nothing is kept for that time, so one evaluation a worker is enough however
  /// many requests wait; the price is the second pass, about a microsecond.
  Verdict evaluate(Evaluation& evaluation, Tracer* tracer = nullptr) const noexcept;

  /// The same, testing every rule in order.
  Verdict evaluate_plain(Evaluation& evaluation, Tracer* tracer = nullptr) const noexcept;

  const std::vector<Rule>& rules() const noexcept { return rules_; }
  const std::vector<Node>& nodes() const noexcept { return nodes_; }
  /// What Node::subject counts.
  const std::vector<Subject>& subjects() const noexcept { return subjects_; }
  /// The condition as the configuration says it, for `explain`.
  std::string_view describe(std::uint32_t node) const noexcept { return descriptions_[node]; }
  std::size_t prepared_count() const noexcept { return prepared_count_; }
  const Index& index() const noexcept { return index_; }
  /// Labels that rules put on requests, at most Evaluation::kTagsMax.
  const std::vector<std::string>& tags() const noexcept { return tags_; }
  /// Every claim that the test at `node` depends on, some perhaps twice.
  std::vector<claims::NameId> reads(std::uint32_t node) const;
  const std::vector<Ask>& asks() const noexcept { return asks_; }
  /// Those that rules name, each once.
  const std::vector<Limit>& limits() const noexcept { return limits_; }
  /// What the evaluation may look for outside of its claims: it has to be told where.
  bool looks_outside() const noexcept { return !asks_.empty() || !limits_.empty(); }

 private:
  friend class Compiler;
  friend class IndexBuilder;
  friend class Walk;
  enum class Step : std::uint8_t { kNext, kEnd };
  Verdict evaluate_indexed(Evaluation& evaluation) const noexcept;
  Step act(std::uint32_t rule, Evaluation& evaluation, Tracer* tracer,
           Verdict& verdict) const noexcept;
  bool test(std::uint32_t node, Evaluation& evaluation, Tracer* tracer) const noexcept;
  bool leaf(const Node& node, Evaluation& evaluation, Value& value) const noexcept;
  bool leaf_of_several(const Node& node, Evaluation& evaluation, Value& value) const noexcept;
  bool passes(const Node& node, const Value& value, Evaluation& evaluation) const noexcept;
  bool passes_rare(const Node& node, const Value& value, Evaluation& evaluation) const noexcept;
  std::string_view region(const RegionOf& region, Evaluation& evaluation) const noexcept;
  bool assign(std::uint32_t rule, Evaluation& evaluation, Tracer* tracer) const noexcept;
  Step ask(std::uint32_t rule, Evaluation& evaluation, Tracer* tracer,
           Verdict& verdict) const noexcept;
  Step limit(std::uint32_t rule, Evaluation& evaluation, Tracer* tracer, Verdict& verdict, bool& over) const noexcept;
  bool take(const decisions::DecisionView& decision, Evaluation& evaluation) const noexcept;

  std::vector<Rule> rules_;
  std::vector<Node> nodes_;
  std::vector<Subject> subjects_;
  std::vector<Operand> operands_;               // kEquals, kStartsWith, kEndsWith, kContains
  std::vector<std::vector<Operand>> few_;       // kIn: numbers and booleans, compared one by one
  std::vector<absl::flat_hash_set<std::string>> sets_;  // kIn: strings; parallel to few_
  std::vector<Pattern> patterns_;
  std::vector<const lists::List*> lists_;
  std::vector<LengthBounds> lengths_;
  std::vector<NumberRange> ranges_;
  std::vector<Moment> moments_;
  std::vector<lists::Network> networks_;
  std::vector<RegionOf> regions_;
  std::vector<text::ScriptSet> scripts_;
  std::vector<Template> texts_;  // kLooksLike
  std::vector<Ages> ages_;
  std::vector<Sample> samples_;
  std::vector<Window> windows_;
  std::vector<std::string> tags_;
  std::vector<std::string> descriptions_;       // by node
  std::vector<Ask> asks_;
  std::vector<Limit> limits_;
  const claims::NameTable* names_ = nullptr;    // the snapshot's
  std::size_t prepared_count_ = 0;
  bool keeps_arrays_ = false;  // that decisions bring; else they are texts with spaces
  Index index_;
};

}  // namespace core::rules
