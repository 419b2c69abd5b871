#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/arena.h"
#include "core/claims/claims.h"
#include "core/lists/list.h"
#include "core/lists/live.h"
#include "core/rules/candidates.h"
#include "core/rules/derived.h"
#include "core/rules/json_path.h"
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
    aside_.changed.reserve(kChangedMax);
    aside_.before.reserve(kChangedMax);
    aside_.values.reserve(kChangedMax);
    extras_.reserve(kExtrasMax);
    taken_.reserve(kChangedMax);
    said_of_.reserve(kSaidOfMax);
    emitted_.reserve(kEmittedMax);
  }

  /// Forgets the last request. The claims are cleared by whoever fills them. `now_s` is the time of
  /// the new one, in seconds since 1970 UTC: what `now`, `today` and ages follow.
  void begin(std::int64_t now_s = 0) noexcept {
    arena_.reset();
    now_s_ = now_s;
    known_derived_ = 0;
    tags_ = 0;
    ++generation_;
    changed_.clear();
    before_.clear();
    shadowed_.clear();
    extras_.clear();
    emitted_.clear();
  }
  std::int64_t now_s() const noexcept { return now_s_; }

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
    std::uint64_t tags;
    std::size_t extras;
    std::size_t emitted;
  };
  Mark mark() const noexcept {
    return {arena_.used(), changed_.size(), shadowed_.size(), tags_, extras_.size(), emitted_.size()};
  }
  /// Undoes all that rules have done since `mark`. False when claims had been set before it: their
  /// values at the mark are not kept, and nothing is undone.
  bool rewind(const Mark& mark) noexcept;

  /// The claim's or derived value's text after its filters. Null data() when it is missing (absent,
  /// null, or not computable) or the arena is full. Arrays and objects are their JSON text.
  std::string_view text_of(const Subject& subject) noexcept { return value_of(subject).text; }
  /// The same with its kind. Of a subject of several values: absent.
  Value value_of(const Subject& subject) noexcept {
    if (subject.computed) return computed(subject);
    const claims::Claim& claim = claims_[subject.id];
    if (claim.kind == claims::Kind::kAbsent || claim.kind == claims::Kind::kNull) return {};
    return {claim.kind, claim.value.data() != nullptr ? claim.value : std::string_view("")};
  }
  /// Calls `each(value)`, a value or an absent one, for every one of a subject of several values,
  /// until it answers false. The number of calls.
  template <typename Each>
  std::size_t for_each(const Subject& subject, Each&& each) noexcept {
    std::size_t place = 0;
    while (subject.path[place].kind != PathStep::Kind::kEach) ++place;
    const std::span<const PathStep> steps = subject.path;
    const claims::Claim& claim = claims_[subject.id];
    Items items(follow({claim.kind, claim.value}, steps.first(place), arena_));
    std::size_t count = 0;
    for (Value item = items.next(); item.present(); item = items.next()) {
      ++count;
      if (item.kind == claims::Kind::kNull) item = {};
      const Value value =
          filtered(subject, follow(unescaped(item, arena_), steps.subspan(place + 1), arena_), 0);
      if (!each(value) || arena_.exhausted()) break;
    }
    return count;
  }

  /// `subject` in the form that lists of `match` compare, computed once a request for each `slot`.
  Value prepared(std::size_t slot, const Subject& subject, lists::Match match) noexcept;

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

  /// Makes a claim again what it was when it came, so that it is in no answer. Nothing when no rule
  /// has set it.
  void unset(claims::NameId id) noexcept;

  /// Labels that rules have put on the request, a bit for each of Program::tags().
  void tag(std::uint32_t tag) noexcept { tags_ |= std::uint64_t{1} << tag; }
  std::uint64_t tags() const noexcept { return tags_; }
  static constexpr std::size_t kTagsMax = 64;

  /// Notes that a rule emits an event, by its number in the snapshot; at most kEmittedMax a request.
  struct Emitted {
    std::uint32_t event, rule;
  };
  void emit(std::uint32_t event, std::uint32_t rule) noexcept {
    if (emitted_.size() < kEmittedMax) emitted_.push_back({event, rule});
  }
  const std::vector<Emitted>& emitted() const noexcept { return emitted_; }
  static constexpr std::size_t kEmittedMax = 64;

  /// Puts what rules have made of the claims aside: they are again as they came, and another program
  /// can be run over them. come_back() makes them what they were. For shadow rule sets. What was
  /// computed keeps its place in the arena.
  void step_aside() noexcept;
  /// True when the claims set since are those that were put aside, with the same values.
  bool same_as_aside() const noexcept;
  void come_back() noexcept;

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
  void say(std::string_view message, std::string_view text) noexcept {
    said_ = {message, text};
    said_of_.clear();
  }
  /// What it says of a single claim, behind say(). False when no more are kept.
  struct SaidOf {
    claims::NameId id = claims::kNoName;
    std::string_view name, text;
  };
  bool say_of(claims::NameId id, std::string_view name, std::string_view text) noexcept {
    if (said_of_.size() == kSaidOfMax) return false;
    said_of_.push_back({id, name, text});
    return true;
  }
  const std::vector<SaidOf>& said_of() const noexcept { return said_of_; }
  static constexpr std::size_t kSaidOfMax = 64;

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
    const std::vector<claims::NameId>* reads = nullptr;  // a subject's, which outlives the request
    std::string_view value;
  };
  static_assert(kDerivedCount <= 32, "a bit of known_derived_ for each");
  struct Prepared {
    std::uint64_t generation = 0;  // of the request it was computed for
    Value value;
  };
  std::string_view derived(const Subject& subject) noexcept;
  Value computed(const Subject& subject) noexcept;
  Value filtered(const Subject& subject, Value value, std::size_t first) noexcept;
  Value joined(const Subject& subject) noexcept;
  void forget_derived(claims::NameId id) noexcept;

  claims::Claims claims_;
  std::array<Cached, kDerivedCount> derived_{};
  std::vector<Prepared> prepared_;
  std::uint64_t generation_ = 1;
  std::vector<claims::NameId> changed_;
  std::vector<claims::Claim> before_;  // parallel to changed_: what the first `set` replaced
  std::vector<std::uint32_t> shadowed_;
  struct Aside {
    std::vector<claims::NameId> changed;
    std::vector<claims::Claim> before;
    std::vector<claims::Claim> values;  // parallel to changed: what rules had made of them
    std::size_t shadowed = 0, emitted = 0;
    std::uint64_t tags = 0;
  };
  Aside aside_;
  std::uint64_t tags_ = 0;
  std::int64_t now_s_ = 0;
  std::uint32_t known_derived_ = 0;
  std::vector<claims::NameId> taken_;
  std::vector<claims::Claim> extras_;
  std::vector<Emitted> emitted_;
  Said said_;
  std::vector<SaidOf> said_of_;
  Decisions* decisions_ = nullptr;
  Candidates candidates_;
  Arena arena_;
  std::size_t lane_;
  const lists::Table* lists_ = nullptr;
};

}  // namespace core::rules
