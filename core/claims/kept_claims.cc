#include "core/claims/kept_claims.h"

#include <cstdint>

namespace core::claims {
namespace {

/// By number: comparing pointers of different objects says nothing.
std::uintptr_t place(const char* at) noexcept { return reinterpret_cast<std::uintptr_t>(at); }

bool inside(std::string_view part, std::string_view whole) noexcept {
  return place(part.data()) >= place(whole.data()) &&
         place(part.data()) + part.size() <= place(whole.data()) + whole.size();
}

}  // namespace

void KeptClaims::keep(const Claims& claims, std::string_view body, std::string_view copy) {
  clear();
  std::size_t size = 0;
  claims.for_each([&](NameId, const Claim& claim) {
    if (!inside(claim.name, body)) size += claim.name.size();
    if (!inside(claim.value, body)) size += claim.value.size();
  });
  if (size != 0) elsewhere_.reserve(size + kReadPadding);  // so that nothing moves below
  const auto moved = [&](std::string_view text) -> std::string_view {
    if (text.data() == nullptr) return text;
    if (inside(text, body)) return {copy.data() + (text.data() - body.data()), text.size()};
    const std::size_t at = elsewhere_.size();
    elsewhere_.append(text);
    return {elsewhere_.data() + at, text.size()};
  };
  try {
    claims.for_each([&](NameId id, const Claim& claim) {
      kept_.push_back({id, {claim.kind, moved(claim.name), moved(claim.value)}});
    });
  } catch (...) {
    clear();
    throw;
  }
  if (size != 0) elsewhere_.append(kReadPadding, '\0');
}

void KeptClaims::restore(Claims& claims) const noexcept {
  claims.clear();
  for (const Kept& kept : kept_) claims[kept.id] = kept.claim;
}

void KeptClaims::clear() noexcept {
  if (kept_.capacity() * sizeof(Kept) > kKeptBytes) std::vector<Kept>().swap(kept_);
  if (elsewhere_.capacity() > kKeptBytes) std::string().swap(elsewhere_);
  kept_.clear();
  elsewhere_.clear();
}

}  // namespace core::claims
