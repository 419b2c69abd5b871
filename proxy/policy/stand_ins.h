#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/backend.h"
#include "core/gate/snapshot.h"

namespace proxy::policy {

/// Verdicts that `explain` and tests take in place of backends, by the backend's name.
struct StandIns {
  /// Encoded (core/decisions/encoded.h); empty: unresolved.
  std::map<std::string, std::string, std::less<>> decisions;

  /// Reads one argument: `crm=continue`, `crm=continue:{"city":"Lund"}`, `crm=block:MESSAGE`,
  /// `crm=validation_error:MESSAGE` or `crm=unresolved`. Empty, or what is wrong.
  std::string add(std::string_view argument, const core::gate::Snapshot& snapshot);
  /// The same, of a backend that is named apart.
  std::string add(std::string_view backend, std::string_view verdict,
                  const core::gate::Snapshot& snapshot);
};

/// `text` with every secret of the backend's request (`${env:}`, `${file:}`) replaced by ****.
std::string without_secrets(std::string text, const core::config::Backend& backend);

}  // namespace proxy::policy
