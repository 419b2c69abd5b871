#include "core/rules/derived.h"

#include "core/text/email.h"

namespace core::rules {
namespace {

std::string_view email_local(std::string_view email, Arena&) noexcept {
  const text::EmailParts parts = text::split_email(email);
  return parts.local.empty() ? std::string_view{} : parts.local;
}

std::string_view email_domain(std::string_view email, Arena& arena) noexcept {
  const text::EmailParts parts = text::split_email(email);
  if (parts.domain.empty()) return {};
  const std::string_view domain = text::normalise_domain(parts.domain, arena);
  return domain.empty() ? std::string_view{} : domain;
}

constexpr DerivedRow kRows[] = {
    {"email.local", claims::kEmail, "what stands before the last @ of `email`, as typed", email_local},
    {"email.domain", claims::kEmail,
     "what stands behind the last @ of `email`: lower case, no trailing dot, international names as A-labels",
     email_domain},
};
static_assert(std::size(kRows) == kDerivedCount, "one row for each Derived, in its order");

}  // namespace

std::span<const DerivedRow> derived_rows() noexcept { return kRows; }

std::optional<Derived> find_derived(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kDerivedCount; ++i) {
    if (kRows[i].name == name) return static_cast<Derived>(i);
  }
  return std::nullopt;
}

}  // namespace core::rules
