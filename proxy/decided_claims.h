#pragma once

#include <simdjson.h>

#include "core/decisions/decision.h"

namespace proxy {

/// Adds the members of a JSON object to the claims of a decision that a person wrote (`explain`,
/// tests, preloading). False when a value is no text, number or boolean.
inline bool add_claims(const simdjson::dom::object& members, core::decisions::Decision& decision) {
  for (const auto& [name, value] : members) {
    core::decisions::DecidedClaim claim;
    claim.name = name;
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) {
      claim.value = text;
    } else if (value.is_bool() || value.is_number()) {
      claim.kind = value.is_bool() ? core::claims::Kind::kBoolean : core::claims::Kind::kNumber;
      claim.value = simdjson::minify(value);
    } else {
      return false;
    }
    decision.claims.push_back(std::move(claim));
  }
  return true;
}

}  // namespace proxy
