#include "core/rules/evaluation.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/rules/filters.h"
#include "core/rules/program.h"

namespace core::rules {
namespace {

[[gnu::noinline]] bool is_of_several(std::span<const PathStep> path) noexcept {
  return std::any_of(path.begin(), path.end(),
                     [](const PathStep& step) { return step.kind == PathStep::Kind::kEach; });
}

}  // namespace

std::string_view Evaluation::derived(const Subject& subject) noexcept {
  Cached& cached = derived_[subject.id];
  const std::uint32_t bit = std::uint32_t{1} << subject.id;
  if ((known_derived_ & bit) == 0) {
    cached.value = compute(static_cast<Derived>(subject.id), DerivedInputs(subject.own, *this));
    if (arena_.exhausted()) return {};
    cached.reads = &subject.own;
    known_derived_ |= bit;
  }
  return cached.value;
}

/// Applies `filters` in order. A function within each of its callers: what a value costs to hand on
/// is half of what a short filter takes.
[[gnu::always_inline]] inline Value apply(std::span<const FilterUse> filters, Value value,
                                          Evaluation& evaluation) noexcept {
  for (const FilterUse& use : filters) {
    if (!value.present() && !use.row->takes_missing) continue;
    value = use.row->apply(use, value, evaluation);
    if (evaluation.arena().exhausted()) return {};
    if (!value.present()) value.kind = claims::Kind::kAbsent;
  }
  return value;
}

/// Applies the filters from number `first` on.
Value Evaluation::filtered(const Subject& subject, Value value, std::size_t first) noexcept {
  return apply(std::span(subject.filters).subspan(first), value, *this);
}

/// The values of a path with `any` or `all` whose first filter is `join`, as one text. Kept out of
/// computed(), which would pay for its frame.
[[gnu::noinline]] Value Evaluation::joined(const Subject& subject) noexcept {
  std::size_t place = 0;
  while (subject.path[place].kind != PathStep::Kind::kEach) ++place;
  const std::span<const PathStep> steps = subject.path;
  const claims::Claim& claim = claims_[subject.id];
  const Value array = follow({claim.kind, claim.value}, steps.first(place), arena_);
  if (array.kind != claims::Kind::kArray) return {};
  const std::string_view between = subject.filters[0].arguments[0].text;
  std::size_t count = 0;
  for (Items items(array); items.next().present();) ++count;
  const std::size_t room = array.text.size() + count * between.size();
  char* const out = arena_.allocate(room);
  if (out == nullptr) return {};
  std::size_t size = 0;
  bool first = true;
  Items items(array);
  for (Value item = items.next(); item.present(); item = items.next()) {
    const std::size_t used = arena_.used();
    const Value value = follow(unescaped(item, arena_), steps.subspan(place + 1), arena_);
    if (arena_.exhausted()) return {};
    if (is_scalar(value.kind)) {
      for (const std::string_view part : {first ? std::string_view{} : between, value.text}) {
        if (!part.empty()) std::memcpy(out + size, part.data(), part.size());
        size += part.size();
      }
      first = false;
    }
    arena_.give_back(arena_.used() - used);
  }
  arena_.give_back(room - size);
  return {claims::Kind::kString, {out, size}};
}

/// value_of() for whatever is more than a claim as it came.
Value Evaluation::computed(const Subject& subject) noexcept {
  Value value;
  if (subject.derived) {
    value.text = derived(subject);
    if (value.present()) value.kind = claims::Kind::kString;
  } else {
    const claims::Claim& claim = claims_[subject.id];
    if (claim.kind != claims::Kind::kAbsent && claim.kind != claims::Kind::kNull) {
      value = {claim.kind, claim.value.data() != nullptr ? claim.value : std::string_view("")};
    }
    if (!subject.path.empty()) {
      if (subject.of != Subject::Of::kOne) return {};
      if (is_of_several(subject.path)) return filtered(subject, joined(subject), 1);
      value = follow(value, subject.path, arena_);
    }
  }
  if (arena_.exhausted()) return {};
  return apply(subject.filters, value, *this);
}

Value Evaluation::prepared(std::size_t slot, const Subject& subject, lists::Match match) noexcept {
  Prepared& cached = prepared_[slot];
  if (cached.generation != generation_) {
    cached.generation = generation_;
    cached.value = value_of(subject);
    // A domain that was derived is in its form already.
    const bool in_form = match == lists::Match::kDomain && subject.derived && subject.filters.empty() &&
                         (subject.id == static_cast<std::uint16_t>(Derived::kEmailDomain) ||
                          subject.id == static_cast<std::uint16_t>(Derived::kEmailRegistrable));
    if (is_scalar(cached.value.kind) && !in_form) {
      cached.value.text = lists::List::normalise(match, cached.value.text, arena_);
    }
    if (arena_.exhausted()) cached.value = {};
  }
  return cached.value;
}

bool Evaluation::rewind(const Mark& mark) noexcept {
  if (mark.changed != 0) return false;
  for (std::size_t i = 0; i < changed_.size(); ++i) claims_[changed_[i]] = before_[i];
  changed_.clear();
  before_.clear();
  shadowed_.resize(mark.shadowed);
  tags_ = mark.tags;
  extras_.resize(mark.extras);
  emitted_.resize(std::min(emitted_.size(), mark.emitted));
  arena_.rewind(mark.arena_bytes);
  known_derived_ = 0;
  ++generation_;
  return true;
}

bool Evaluation::add_extra(claims::Kind kind, std::string_view name,
                           std::string_view value) noexcept {
  for (claims::Claim& extra : extras_) {
    if (extra.name != name) continue;
    extra.kind = kind;
    extra.value = value;
    return true;
  }
  if (extras_.size() == kExtrasMax) return false;
  extras_.push_back({kind, name, value});
  return true;
}

void Evaluation::forget_derived(claims::NameId id) noexcept {
  for (std::uint32_t bits = known_derived_; bits != 0; bits &= bits - 1) {
    const auto which = static_cast<std::size_t>(std::countr_zero(bits));
    const std::vector<claims::NameId>& reads = *derived_[which].reads;
    if (std::find(reads.begin(), reads.end(), id) == reads.end()) continue;
    known_derived_ &= ~(std::uint32_t{1} << which);
  }
  ++generation_;  // prepared values are few: all of them are forgotten
}

bool Evaluation::set(claims::NameId id, std::string_view name, std::string_view value,
                     claims::Kind kind) noexcept {
  claims::Claim& claim = claims_[id];
  if (std::find(changed_.begin(), changed_.end(), id) == changed_.end()) {
    if (changed_.size() == kChangedMax) return false;
    changed_.push_back(id);
    before_.push_back(claim);
  }
  // The caller's own spelling is kept (protocol.md a.5).
  if (claim.kind == claims::Kind::kAbsent) claim.name = name;
  claim.kind = kind;
  claim.value = value;
  forget_derived(id);
  return true;
}

void Evaluation::unset(claims::NameId id) noexcept {
  const auto found = std::find(changed_.begin(), changed_.end(), id);
  if (found == changed_.end()) return;
  const auto before = before_.begin() + (found - changed_.begin());
  claims_[id] = *before;
  changed_.erase(found);
  before_.erase(before);
  forget_derived(id);
}

void Evaluation::step_aside() noexcept {
  aside_.changed.clear();
  aside_.before.clear();
  aside_.values.clear();
  aside_.shadowed = shadowed_.size();
  aside_.emitted = emitted_.size();
  aside_.tags = tags_;
  for (std::size_t i = 0; i < changed_.size(); ++i) {
    aside_.values.push_back(claims_[changed_[i]]);
    claims_[changed_[i]] = before_[i];
  }
  changed_.swap(aside_.changed);
  before_.swap(aside_.before);
  known_derived_ = 0;
  ++generation_;
}

bool Evaluation::same_as_aside() const noexcept {
  if (changed_.size() != aside_.changed.size()) return false;
  for (std::size_t i = 0; i < changed_.size(); ++i) {
    const auto found = std::find(aside_.changed.begin(), aside_.changed.end(), changed_[i]);
    if (found == aside_.changed.end()) return false;
    const claims::Claim& other =
        aside_.values[static_cast<std::size_t>(found - aside_.changed.begin())];
    const claims::Claim& claim = claims_[changed_[i]];
    if (claim.kind != other.kind || claim.value != other.value) return false;
  }
  return true;
}

void Evaluation::come_back() noexcept {
  for (std::size_t i = 0; i < changed_.size(); ++i) claims_[changed_[i]] = before_[i];
  changed_.swap(aside_.changed);
  before_.swap(aside_.before);
  for (std::size_t i = 0; i < changed_.size(); ++i) claims_[changed_[i]] = aside_.values[i];
  shadowed_.resize(std::min(shadowed_.size(), aside_.shadowed));
  emitted_.resize(std::min(emitted_.size(), aside_.emitted));
  tags_ = aside_.tags;
  known_derived_ = 0;
  ++generation_;
}

}  // namespace core::rules
