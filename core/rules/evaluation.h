#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/arena.h"
#include "core/claims/claims.h"
#include "core/lists/list.h"
#include "core/lists/live.h"
#include "core/rules/candidates.h"
#include "core/rules/derived.h"
#include "core/rules/template.h"

namespace core::rules {

class Decisions;

/// What one evaluation works on: the request's claims, what rules have made of them, and what was
/// computed on the way. One per worker, filled again for each request; nothing in it allocates
/// once it has its size. Thread: its worker's.
class Evaluation {
 public:
  /// For `names` claim names and `prepared` prepared values (Program::prepared_max over a snapshot).
  /// `lane` selects the worker's own copy of shared matchers. `candidates` is the scratch for the
  /// indexes of all programs; without it they are evaluated rule by rule.
  Evaluation(std::size_t names, std::size_t prepared, std::size_t arena_bytes, std::size_t lane,
             const CandidateCounts& candidates = {})
      : claims_(names),
        prepared_(prepared),
        candidates_(candidates),
        arena_(arena_bytes),
        lane_(lane) {
    changed_.reserve(kChangedMax);
    before_.reserve(kChangedMax);
    shadowed_.reserve(kShadowedMax);
    extras_.reserve(kExtrasMax);
    taken_.reserve(kChangedMax);
  }

  /// Forgets the last request. The claims are cleared by whoever fills them.
  void begin() noexcept {
    arena_.reset();
    derived_.fill({});
    ++generation_;
    changed_.clear();
    before_.clear();
    shadowed_.clear();
    extras_.clear();
  }

  claims::Claims& claims() noexcept { return claims_; }
  const claims::Claims& claims() const noexcept { return claims_; }
  Arena& arena() noexcept { return arena_; }
  std::size_t lane() const noexcept { return lane_; }
  Candidates& candidates() noexcept { return candidates_; }
  const Candidates& candidates() const noexcept { return candidates_; }

  /// Where rewind() goes back to.
  struct Mark {
    std::size_t arena_bytes;
    std::size_t changed;
    std::size_t shadowed;
    std::size_t extras;
  };
  Mark mark() const noexcept {
    return {arena_.used(), changed_.size(), shadowed_.size(), extras_.size()};
  }
  /// Undoes all that rules have done since `mark`. False when claims had been set before it: their
  /// values at the mark are not kept, and nothing is undone.
  bool rewind(const Mark& mark) noexcept;

  /// The claim's or derived value's text after its filters. Null data() when it is missing (absent,
  /// null, or not computable) or the arena is full. Arrays and objects are their JSON text.
  std::string_view text_of(const Subject& subject) noexcept {
    if (subject.derived || !subject.filters.empty()) return computed(subject);
    const claims::Claim& claim = claims_[subject.id];
    if (claim.kind == claims::Kind::kAbsent || claim.kind == claims::Kind::kNull) return {};
    return claim.value.data() != nullptr ? claim.value : std::string_view("");
  }

  /// `subject` in the form that lists of `match` compare, computed once a request for each `slot`.
  std::string_view prepared(std::size_t slot, const Subject& subject, lists::Match match) noexcept;

  /// The lists as they are now; kept by the caller until the next use_lists().
  void use_lists(const lists::Table* table) noexcept { lists_ = table; }
  /// Whether `value`, in normal form, is in the list that `list` stands for, or in itself.
  bool in_list(const lists::List& list, std::string_view value) const noexcept {
    return lists_ != nullptr && list.slot() < lists_->size()
               ? (*lists_)[list.slot()].contains(value)
               : list.contains(value);
  }

  /// Gives a claim a new value; values computed from the old one are forgotten. A number or boolean
  /// is its JSON text. False when more than kChangedMax claims were set.
  bool set(claims::NameId id, std::string_view name, std::string_view value,
           claims::Kind kind = claims::Kind::kString) noexcept;

  /// Where ask rules get their decisions from; null: nowhere. Kept by the caller.
  void use_decisions(Decisions* decisions) noexcept { decisions_ = decisions; }
  Decisions* decisions() const noexcept { return decisions_; }

  /// The claims of one decision: begin_taking(), then each that the configuration knows.
  void begin_taking() noexcept { taken_.clear(); }
  bool take(claims::NameId id, claims::Kind kind, std::string_view name,
            std::string_view value) noexcept {
    if (!set(id, name, value, kind)) return false;
    if (taken_.size() < kChangedMax) taken_.push_back(id);
    return true;
  }
  /// What the last decision has set.
  const std::vector<claims::NameId>& taken() const noexcept { return taken_; }

  /// A claim that decisions brought and no rule knows: it can only be told. The last one of a name
  /// counts. False when there are more than kExtrasMax.
  bool add_extra(claims::Kind kind, std::string_view name, std::string_view value) noexcept;
  const std::vector<claims::Claim>& extras() const noexcept { return extras_; }

  /// What a decision tells the person: the name of a message, or, when that is empty, a text.
  struct Said {
    std::string_view message, text;
  };
  void say(std::string_view message, std::string_view text) noexcept { said_ = {message, text}; }
  const Said& said() const noexcept { return said_; }

  /// Claims that rules have set, in the order of the first `set` of each.
  const std::vector<claims::NameId>& changed() const noexcept { return changed_; }

  /// Notes that a shadow rule would have acted; at most kShadowedMax are kept a request.
  void note_shadow(std::uint32_t rule) noexcept {
    if (shadowed_.size() < kShadowedMax) shadowed_.push_back(rule);
  }
  const std::vector<std::uint32_t>& shadowed() const noexcept { return shadowed_; }

  static constexpr std::size_t kChangedMax = 256;
  static constexpr std::size_t kShadowedMax = 64;
  static constexpr std::size_t kExtrasMax = 256;

 private:
  struct Cached {
    bool known = false;
    std::string_view value;
  };
  struct Prepared {
    std::uint64_t generation = 0;  // of the request it was computed for
    std::string_view value;
  };
  std::string_view derived(Derived which) noexcept;
  std::string_view computed(const Subject& subject) noexcept;

  claims::Claims claims_;
  std::array<Cached, kDerivedCount> derived_{};
  std::vector<Prepared> prepared_;
  std::uint64_t generation_ = 1;
  std::vector<claims::NameId> changed_;
  std::vector<claims::Claim> before_;  // parallel to changed_: what the first `set` replaced
  std::vector<std::uint32_t> shadowed_;
  std::vector<claims::NameId> taken_;
  std::vector<claims::Claim> extras_;
  Said said_;
  Decisions* decisions_ = nullptr;
  Candidates candidates_;
  Arena arena_;
  std::size_t lane_;
  const lists::Table* lists_ = nullptr;
};

}  // namespace core::rules
