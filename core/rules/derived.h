#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/arena.h"
#include "core/claims/claims.h"
#include "core/config/derived_names.h"

namespace core::rules {

class Evaluation;

/// A value computed from claims when a rule first names it (design.md, section 5), in the order of
/// config::kDerivedNames.
enum class Derived : std::uint8_t {
  kEmailLocal,
  kEmailDomain,
  kEmailRegistrable,
  kEmailCanonical,
  kPhoneE164,
  kNameFull,
  kNameInitials,
  kIdentitiesIssuer,
  kIdentitiesId,
  kIdentitiesType,
  kPersonKey,
  kLocaleLanguage,
  kLocaleRegion,
  kCountryCode,
  kNow,
  kToday,
  kCount,
};
inline constexpr std::size_t kDerivedCount = static_cast<std::size_t>(Derived::kCount);
static_assert(kDerivedCount == std::size(config::kDerivedNames), "one Derived for each row");

/// What a derived value is computed from: the claims of its row, by their place there.
class DerivedInputs {
 public:
  DerivedInputs(std::span<const claims::NameId> reads, Evaluation& evaluation) noexcept
      : reads_(reads), evaluation_(evaluation) {}
  const claims::Claim& claim(std::size_t place) const noexcept;
  /// The text of a string claim; null data() when it is none.
  std::string_view text(std::size_t place) const noexcept;
  std::size_t count() const noexcept { return reads_.size(); }
  Arena& arena() const noexcept;
  std::int64_t now_s() const noexcept;

 private:
  std::span<const claims::NameId> reads_;
  Evaluation& evaluation_;
};

/// The value; null data() when the claims have none, or the arena is full.
std::string_view compute(Derived which, const DerivedInputs& inputs) noexcept;

std::optional<Derived> find_derived(std::string_view name) noexcept;

}  // namespace core::rules
