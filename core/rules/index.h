#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "core/claims/claims.h"
#include "core/rules/candidates.h"
#include "core/rules/key_table.h"
#include "core/rules/literal_table.h"
#include "core/rules/range_table.h"

namespace core::rules {

class Evaluation;
class Program;

/// Finds, for a request, the rules of a program that can match, in order, so that the cost of a
/// request follows from what it has to do with the rules and not from how many there are.
///
/// Each rule is filed under something it needs in order to match (index_builder.h chooses): a value
/// of a claim (`country: Sweden`), a beginning or an ending, a range of numbers, a network, a literal
/// of a pattern, or a test that it shares with others. Such a key has a *run*: the numbers of its rules, sorted. A *source* is
/// what opens runs: the tables of one subject, which are asked with the subject's text, or one
/// test, whose run is open when it matches. A walk asks a source when the rule order reaches the
/// first of its rules, so a request that ends at rule 3 has paid for what rules 0 to 3 need; the
/// open runs merge in a heap. A rule may be found that does not match: the program tests each one
/// it is given.
///
/// When a rule sets a claim, the sources that read the claim are asked again with its new value,
/// for the rules that are left.
///
/// Considered instead: a bitmap of rules for each key, combined word by word, which finds exactly
/// the matching rules but costs rules/64 words for each claim of each request
/// (docs/performance.md).
class Index {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  /// False when the plain evaluation is expected to be no slower: the index is empty then.
  bool built() const noexcept { return built_; }
  const CandidateCounts& counts() const noexcept { return counts_; }

 private:
  friend class IndexBuilder;
  friend class Walk;

  /// The tables of one subject. A number they find is a place in `runs`.
  struct Values {
    std::uint32_t subject = 0;
    KeyTable texts;
    std::vector<std::pair<double, std::uint32_t>> numbers;  // sorted
    std::uint32_t truths[2] = {kNone, kNone};               // for false and true
    RangeTable ranges;
    NetworkTable networks;
    AffixTable starts, ends;
    LiteralTable literals;
    bool has_patterns = false;  // among what `literals` stands for
  };
  struct Source {
    std::uint32_t first = 0;       // the first of its rules
    std::uint32_t test = kNone;    // a node; otherwise
    std::uint32_t values = kNone;  // these tables
    Run rules;                     // all it may open
  };

  bool built_ = false;
  CandidateCounts counts_;
  Run always_;                   // rules that every request looks at
  std::vector<Source> sources_;  // by `first`
  std::vector<Values> values_;
  std::vector<Run> runs_;
  std::vector<std::uint32_t> rules_;  // what runs are made of
  std::vector<Run> readers_;          // by claim: sources that read it, in reader_sources_
  std::vector<std::uint32_t> reader_sources_;
};

/// One evaluation's way through an index. Borrows all three; lives on the stack of evaluate().
class Walk {
 public:
  Walk(const Index& index, const Program& program, Evaluation& evaluation) noexcept;

  /// The first rule from `from` on that can match; kNone when there is none or when the
  /// evaluation's memory is exhausted. `from` never goes back.
  std::uint32_t next(std::uint32_t from) noexcept;

  /// Rule `rule` has set `claim`.
  void on_set(claims::NameId claim, std::uint32_t rule) noexcept;

 private:
  void ask(std::uint32_t source, std::uint32_t from) noexcept;
  void ask_values(const Index::Values& values, std::uint32_t source, std::uint32_t from) noexcept;
  void open(Run run, std::uint32_t source, std::uint32_t from) noexcept;

  const Index& index_;
  const Program& program_;
  Evaluation& evaluation_;
  Candidates& candidates_;
  std::uint32_t asked_ = 0;  // sources before this one have been asked
  std::size_t effort_ = 0;   // runs opened
  std::size_t effort_max_;   // beyond it the rest is evaluated rule by rule
};

}  // namespace core::rules
