#pragma once

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "core/claims/claims.h"

namespace core::claims {

inline bool operator==(const ReadOutcome& a, const ReadOutcome& b) noexcept {
  return a.error == b.error && a.offset == b.offset;
}
inline std::ostream& operator<<(std::ostream& out, const ReadOutcome& outcome) {
  return out << "error " << static_cast<int>(outcome.error) << " (" << describe(outcome.error)
             << ") at " << outcome.offset;
}

}  // namespace core::claims

namespace claims_test {

/// A body in a heap block that ends with the padding read() asks for, so that AddressSanitizer sees
/// one byte too far.
class Body {
 public:
  explicit Body(std::string_view text, std::string_view padding = " ")
      : bytes_(new char[text.size() + core::claims::kReadPadding]), size_(text.size()) {
    std::copy(text.begin(), text.end(), bytes_.get());
    for (std::size_t i = 0; i < core::claims::kReadPadding; ++i) {
      bytes_[size_ + i] = padding[i % padding.size()];
    }
  }
  std::string_view view() const noexcept { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

/// What may lie behind a body: the end of a string, more members, white space that goes on, digits
/// that would continue a number, bytes of a UTF-8 sequence.
inline constexpr std::string_view kPaddings[] = {
    std::string_view("\0", 1),
    " ",
    "\"",
    "}",
    "]",
    "\",\"",
    "\":\"",
    "\\",
    "\xFF",
    "\xA9",
    "\"}}}}",
    "0123",
    "e",
    "u00e9",
    ":",
    ",",
};

/// One worker's reader: names, arena and claims that are used again for each body.
struct Worker {
  explicit Worker(std::initializer_list<std::string_view> more_names = {})
      : names(with(more_names)), claims(names.size()) {}

  core::claims::ReadOutcome read(const Body& given) {
    arena.reset();
    return core::claims::read(given.view(), names, limits, arena, claims);
  }
  /// Reads a body that is kept until the next call.
  core::claims::ReadOutcome read(std::string_view text) {
    body = std::make_unique<Body>(text);
    return read(*body);
  }
  const core::claims::Claim& operator[](core::claims::NameId id) const { return claims[id]; }
  const core::claims::Claim& operator[](std::string_view name) const {
    return claims[names.find(name)];
  }

  core::claims::NameTable names;
  core::claims::Claims claims;
  core::claims::ReadLimits limits;
  core::Arena arena{std::size_t{1} << 20U};
  std::unique_ptr<Body> body;

 private:
  static core::claims::NameTable with(std::initializer_list<std::string_view> more_names) {
    core::claims::NameTable names;
    for (const std::string_view name : more_names) names.intern(name);
    return names;
  }
};

/// A sign-up body as B2C sends it (protocol.md a.3), on one line.
inline constexpr std::string_view kSignUp =
    R"({"step":"PostAttributeCollection","client_id":"2f0c8f9e-6a67-4dcf-9d6a-0e5a3f6b1c77",)"
    R"("ui_locales":"en-US","email":"maren.holm@mail204.example","identities":[{"signInType":)"
    R"("federated","issuer":"facebook.com","issuerAssignedId":"771200451113344"},{"signInType":)"
    R"("emailAddress","issuer":"woodgrove.onmicrosoft.com","issuerAssignedId":)"
    R"("maren.holm@mail204.example"}],"displayName":"Ren\u00e9 Lef\u00e8vre","givenName":"Ren)"
    "\xC3\xA9"
    R"(","surname":"Lef\u00e8vre","jobTitle":"Head of logistics","streetAddress":"Rua das )"
    R"(Flores 118","city":"Porto","state":"Norte","country":"Portugal","postalCode":"40500",)"
    R"("extension_9c2f41d07be84a6c8f35d1e2a07b64c3_loyaltyTier":"gold",)"
    R"("extension_9c2f41d07be84a6c8f35d1e2a07b64c3_customerNumber":4711})";

}  // namespace claims_test
