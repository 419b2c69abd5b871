#include "core/rules/evaluation.h"

#include <algorithm>

namespace core::rules {

std::string_view Evaluation::derived(Derived which) noexcept {
  Cached& cached = derived_[static_cast<std::size_t>(which)];
  if (!cached.known) {
    const DerivedRow& row = derived_rows()[static_cast<std::size_t>(which)];
    const claims::Claim& from = claims_[row.from];
    cached.known = true;
    cached.value =
        from.kind == claims::Kind::kString ? row.compute(from.value, arena_) : std::string_view{};
  }
  return cached.value;
}

/// text_of() for whatever is more than a claim as it came.
std::string_view Evaluation::computed(const Subject& subject) noexcept {
  std::string_view value;
  if (subject.derived) {
    value = derived(static_cast<Derived>(subject.id));
  } else {
    const claims::Claim& claim = claims_[subject.id];
    if (claim.kind != claims::Kind::kAbsent && claim.kind != claims::Kind::kNull) {
      value = claim.value;
      if (value.data() == nullptr) value = "";
    }
  }
  if (value.data() == nullptr) return {};
  for (const FilterRow* filter : subject.filters) {
    value = filter->apply(value, arena_);
    if (arena_.exhausted()) return {};
    if (value.data() == nullptr) value = "";
  }
  return value;
}

std::string_view Evaluation::prepared(std::size_t slot, const Subject& subject,
                                      lists::Match match) noexcept {
  Prepared& cached = prepared_[slot];
  if (cached.generation != generation_) {
    cached.generation = generation_;
    const std::string_view text = text_of(subject);
    // A domain that was derived is in its form already.
    const bool in_form = match == lists::Match::kDomain && subject.derived && subject.filters.empty() &&
                         subject.id == static_cast<std::uint16_t>(Derived::kEmailDomain);
    cached.value = text.data() == nullptr || in_form ? text
                                                     : lists::List::normalise(match, text, arena_);
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
  extras_.resize(mark.extras);
  arena_.rewind(mark.arena_bytes);
  derived_.fill({});
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
  for (std::size_t i = 0; i < kDerivedCount; ++i) {
    if (derived_rows()[i].from == id) derived_[i] = {};
  }
  ++generation_;  // prepared values are few: all of them are forgotten
  return true;
}

}  // namespace core::rules
