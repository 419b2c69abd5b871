#include "core/gate/snapshot.h"

#include <algorithm>

namespace core::gate {
namespace {

const Connector* find_above(const std::vector<const Connector*>& connectors,
                            std::string_view path) noexcept {
  for (const Connector* connector : connectors) {
    if (dialects::b2c_policy::is_below(*connector->terms.policy, path)) return connector;
  }
  return nullptr;
}

}  // namespace

const Connector* Snapshot::find(std::string_view path) const noexcept {
  // Few connectors are usual: lengths differ before bytes are compared.
  constexpr std::size_t kFew = 8;
  if (by_path.size() <= kFew) {
    for (const Connector* connector : by_path) {
      if (connector->path == path) return connector;
    }
    return find_above(with_claims_below, path);
  }
  const auto found = std::lower_bound(
      by_path.begin(), by_path.end(), path,
      [](const Connector* connector, std::string_view wanted) { return connector->path < wanted; });
  return found != by_path.end() && (*found)->path == path
             ? *found
             : find_above(with_claims_below, path);
}

}  // namespace core::gate
