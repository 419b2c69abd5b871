#include "core/claims/kept_claims.h"

#include <cstdint>

namespace core::claims {
namespace {

/// True for a text of `whole`, which has none that is only partly in it. By number: comparing pointers of
/// different objects says nothing.
bool inside(std::string_view part, std::string_view whole) noexcept {
  const auto offset = reinterpret_cast<std::uintptr_t>(part.data()) - reinterpret_cast<std::uintptr_t>(whole.data());
  return offset < whole.size() || (offset == whole.size() && part.empty());
}

}  // namespace

void KeptClaims::keep(const Claims& claims, std::string_view body, std::string_view copy) {
  clear();
  std::size_t outside = 0;
  const auto moved = [&](std::string_view text) -> std::string_view {
    if (inside(text, body)) [[likely]] return {copy.data() + (text.data() - body.data()), text.size()};
    if (text.data() != nullptr) outside += text.size() + 1;  // an empty one has a place, too
    return text;
  };
  try {
    claims.for_each([&](NameId id, const Claim& claim) {
      kept_.push_back({id, {claim.kind, moved(claim.name), moved(claim.value)}});
    });
    if (outside != 0) [[unlikely]] keep_elsewhere(copy, outside);
  } catch (...) {
    clear();
    throw;
  }
}

/// Copies what is not in `copy`: `size` bytes.
void KeptClaims::keep_elsewhere(std::string_view copy, std::size_t size) {
  elsewhere_.reserve(size + kReadPadding);  // so that nothing moves below
  const auto move = [&](std::string_view& text) {
    if (text.data() == nullptr || inside(text, copy)) return;
    const std::size_t at = elsewhere_.size();
    elsewhere_.append(text);
    text = {elsewhere_.data() + at, text.size()};
  };
  for (Kept& kept : kept_) {
    move(kept.claim.name);
    move(kept.claim.value);
  }
  elsewhere_.append(kReadPadding, '\0');
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
