#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "core/decisions/decision.h"

namespace core::decisions {

/// A decision as one run of bytes: what the cache keeps, what workers hand each other, and what an
/// evaluation reads without making any object of it. Numbers are in the machine's order: whoever hands it to
/// other machines says so beside it, and changes what he says with the form (kEncodedForm).
std::string encode(const Decision& decision);
/// The same into memory that is used again.
void encode(const Decision& decision, std::string& bytes);

/// Of encode()'s form: one more with each change of it.
inline constexpr int kEncodedForm = 1;
/// Whether DecisionView can read `bytes`, which come from another machine: kinds are known, sizes add up.
bool is_whole(std::string_view bytes) noexcept;

/// Reads what encode() wrote. Borrows the bytes.
class DecisionView {
 public:
  explicit DecisionView(std::string_view encoded) noexcept : bytes_(encoded) {}

  rules::VerdictKind kind() const noexcept { return static_cast<rules::VerdictKind>(bytes_[0]); }
  /// The name of a configured message; empty for a continue, or when the backend brought a text.
  std::string_view message() const noexcept {
    return bytes_[1] == kIsMessage ? said() : std::string_view{};
  }
  /// The backend's own text for the person.
  std::string_view text() const noexcept {
    return bytes_[1] == kIsText ? said() : std::string_view{};
  }
  std::size_t claim_count() const noexcept { return number(kClaimCountAt); }

  struct Claim {
    claims::Kind kind;
    std::string_view name, value;
  };
  /// Calls `take` with each claim, in the backend's order, until it answers false.
  template <typename Take>
  void for_each_claim(Take take) const noexcept {
    std::size_t at = kSaidAt + number(kSaidSizeAt);
    for (std::size_t left = claim_count(); left > 0; --left) {
      const std::size_t name_size = number(at + 1);
      const std::size_t value_size = number(at + 5);
      const Claim claim{static_cast<claims::Kind>(bytes_[at]), bytes_.substr(at + 9, name_size),
                        bytes_.substr(at + 9 + name_size, value_size)};
      if (!take(claim)) return;
      at += 9 + name_size + value_size;
    }
  }

  /// A decision again, for who wants to print it.
  Decision decode() const;

 private:
  friend void encode(const Decision& decision, std::string& bytes);
  friend bool is_whole(std::string_view bytes) noexcept;
  static constexpr char kIsNothing = 0, kIsMessage = 1, kIsText = 2;
  static constexpr std::size_t kClaimCountAt = 2, kSaidSizeAt = 6, kSaidAt = 10;

  std::uint32_t number(std::size_t at) const noexcept {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }
  std::string_view said() const noexcept { return bytes_.substr(kSaidAt, number(kSaidSizeAt)); }

  std::string_view bytes_;
};

}  // namespace core::decisions
