#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/claims/claims.h"
#include "core/rules/verdict.h"

namespace core::decisions {

/// A claim as a backend answered it.
struct DecidedClaim {
  std::string name;   // as the answer will spell it, unless the request has another spelling
  claims::Kind kind = claims::Kind::kString;  // kString, kNumber or kBoolean
  std::string value;  // a string unescaped; a number or boolean as its JSON text
};

/// A backend's verdict, free of the request that led to it: it can be told to everybody who asks the
/// same question. Immutable once made and shared between workers.
struct Decision {
  rules::VerdictKind kind = rules::VerdictKind::kContinue;
  std::vector<DecidedClaim> claims;  // kContinue: they join those that rules have set;
                                     // kValidationError: what is told of each of them, a text
  std::string message;  // the last two kinds: the name of a configured message, said in each
                        // caller's own language; empty when the backend brought a text
  std::string text;     // the backend's text for the person, plain

  /// What it occupies, this object included: what a bound in bytes counts.
  std::size_t bytes() const noexcept {
    std::size_t sum = sizeof *this + message.capacity() + text.capacity() +
                      claims.capacity() * sizeof(DecidedClaim);
    for (const DecidedClaim& claim : claims) sum += claim.name.capacity() + claim.value.capacity();
    return sum;
  }
};

}  // namespace core::decisions
