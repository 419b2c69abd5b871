#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <utility>
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

/// The claims of a decision, in their order. Those that clear() takes out leave their memory to those that
/// come next.
class DecidedClaims {
 public:
  using value_type = DecidedClaim;
  using const_iterator = std::vector<DecidedClaim>::const_iterator;

  DecidedClaims() = default;
  DecidedClaims(std::vector<DecidedClaim> claims) noexcept
      : claims_(std::move(claims)), size_(claims_.size()) {}
  DecidedClaims(std::initializer_list<DecidedClaim> claims) : claims_(claims), size_(claims.size()) {}

  /// One more, empty but for its memory: to be filled in place. Good until the next one.
  DecidedClaim& add() {
    if (size_ == claims_.size()) claims_.emplace_back();
    DecidedClaim& fresh = claims_[size_++];
    fresh.name.clear();
    fresh.kind = claims::Kind::kString;
    fresh.value.clear();
    return fresh;
  }
  void push_back(DecidedClaim claim) { add() = std::move(claim); }
  void drop_last() noexcept { --size_; }
  void clear() noexcept { size_ = 0; }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const DecidedClaim& operator[](std::size_t index) const noexcept { return claims_[index]; }
  const_iterator begin() const noexcept { return claims_.begin(); }
  const_iterator end() const noexcept { return claims_.begin() + static_cast<std::ptrdiff_t>(size_); }

  /// What is held on the heap, unused memory included.
  std::size_t bytes() const noexcept {
    std::size_t sum = claims_.capacity() * sizeof(DecidedClaim);
    for (const DecidedClaim& claim : claims_) sum += claim.name.capacity() + claim.value.capacity();
    return sum;
  }

 private:
  std::vector<DecidedClaim> claims_;
  std::size_t size_ = 0;  // those behind it were taken out
};

/// A backend's verdict, free of the request that led to it: it can be told to everybody who asks the
/// same question. Immutable once made and shared between workers.
struct Decision {
  rules::VerdictKind kind = rules::VerdictKind::kContinue;
  DecidedClaims claims;  // kContinue: they join those that rules have set;
                         // kValidationError: what is told of each of them, a text
  std::string message;  // the last two kinds: the name of a configured message, said in each
                        // caller's own language; empty when the backend brought a text
  std::string text;     // the backend's text for the person, plain

  /// What it occupies, this object included.
  std::size_t bytes() const noexcept {
    return sizeof *this + message.capacity() + text.capacity() + claims.bytes();
  }
  /// As new, but for the memory that the next one can use.
  void renew() noexcept {
    kind = rules::VerdictKind::kContinue;
    claims.clear();
    message.clear();
    text.clear();
  }
};

}  // namespace core::decisions
