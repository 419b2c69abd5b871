#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/arena.h"
#include "core/claims/claims.h"

namespace core::rules {

/// A value computed from claims when a rule first names it (design.md, section 5).
enum class Derived : std::uint8_t { kEmailLocal, kEmailDomain, kCount };
inline constexpr std::size_t kDerivedCount = static_cast<std::size_t>(Derived::kCount);

/// One row of the table of derived values. The compiler, the evaluator and the reference
/// documentation all read this table and nothing else.
struct DerivedRow {
  std::string_view name;     // as rules write it
  claims::NameId from;       // computed from this claim; a `set` of it forgets the value
  std::string_view meaning;  // one line, for the reference
  /// The value, from a present string claim; null data() when it has none.
  std::string_view (*compute)(std::string_view claim, Arena& arena) noexcept;
};

/// All rows, in the order of Derived.
std::span<const DerivedRow> derived_rows() noexcept;

std::optional<Derived> find_derived(std::string_view name) noexcept;

}  // namespace core::rules
