#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/claims/claims.h"

namespace core::claims {

/// The claims of one request, for whoever has to evaluate it again when the memory that they were read
/// into belongs to the next one. A body is read and checked once: reading it again costs ten times what
/// this does. Used again, it allocates only for more than it ever held. Thread: one owner.
class KeptClaims {
 public:
  /// Keeps `claims`, which point into `body` or elsewhere. `copy` holds the same bytes as `body` and
  /// outlives this, unmoved, with kReadPadding behind it; what is elsewhere (text that had escapes)
  /// is copied here. Throws std::bad_alloc, and then keeps nothing.
  void keep(const Claims& claims, std::string_view body, std::string_view copy);
  /// Makes `claims`, of as many names, what was kept: good while this and the copy are.
  void restore(Claims& claims) const noexcept;
  /// Forgets them, and no more than kKeptBytes of memory is kept.
  void clear() noexcept;

  static constexpr std::size_t kKeptBytes = 4 << 10;

 private:
  void keep_elsewhere(std::string_view copy, std::size_t size);
  struct Kept {
    NameId id;
    Claim claim;
  };
  std::vector<Kept> kept_;
  std::string elsewhere_;  // and kReadPadding behind it
};

}  // namespace core::claims
