#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/callers/address.h"
#include "core/callers/token.h"
#include "core/http/message.h"
#include "core/secret.h"

namespace core::callers {
class TokenVerifier;
}

namespace core::gate {

/// The certificate that a caller has shown, its key proven by the TLS handshake. Immutable.
struct ShownCertificate {
  std::array<std::uint8_t, 32> sha256{};
  std::string subject, issuer;      // RFC 2253
  std::vector<std::string> names;   // "DNS:a.example" in small letters, "URI:", "email:", "IP:"
  std::int64_t not_before_s = 0, not_after_s = 0;  // since 1970 UTC
  bool trusted = false;             // by the listener's `client_ca`
  std::uint64_t authorities = 0;    // a bit for each of Config::caller_authorities that vouches for it
};

/// What is known of a caller besides its request. Borrowed for the call.
struct Caller {
  const callers::Address* address = nullptr;      // null: none is known, as on a Unix socket
  const ShownCertificate* certificate = nullptr;  // null: it has shown none
  std::int64_t now_s = 0;                         // since 1970 UTC
  callers::TokenVerifier* tokens = nullptr;       // null: tokens of Entra are not accepted
};

/// One certificate that is accepted: everything that is set has to fit.
struct AcceptedCertificate {
  static constexpr std::size_t kListener = ~std::size_t{0};
  bool pinned = false;
  std::array<std::uint8_t, 32> sha256{};  // when pinned; then nobody has to vouch for it
  std::size_t authority = kListener;      // the number of its bit, or the listener's client_ca
  std::string subject, issuer, name;      // empty: any
};

/// What is wrong with a caller.
enum class CallerFault : std::uint8_t {
  kNone,
  kAddress,             // it comes from elsewhere
  kCredentials,         // Authorization or the API key
  kToken,               // of Entra: Caller::tokens knows why
  kNoCertificate,
  kCertificateExpired,  // or not yet valid
  kCertificate,         // none of the accepted ones
};

/// What a connector asks of its caller (protocol.md a.11). Immutable; any thread.
class CallerCheck {
 public:
  /// Lets everybody in: only when the configuration says so in words.
  static CallerCheck anonymous() { return CallerCheck(true); }
  CallerCheck() : CallerCheck(false) {}

  /// Accepts this user and password too; several are usual while one replaces the other. `username`
  /// has no ':' (RFC 7617, 2), `password` may.
  void accept_basic(std::string_view username, std::string_view password);
  /// Accepts this token too (RFC 6750, 2.1).
  void accept_bearer(std::string_view token) { bearer_.emplace_back(token); }
  /// Accepts tokens that Entra issues by this policy too.
  void accept_tokens(callers::TokenPolicy policy);
  /// Wants a certificate, and accepts this one too.
  void accept_certificate(AcceptedCertificate certificate);
  /// Wants one of these keys in the field or parameter of that name, in addition.
  void want_key(std::string_view name, bool in_query, const std::vector<std::string>& values);
  /// The key says who it is: nothing else is asked for (protocol.md b.2, ApiKeyHeader).
  void take_key_alone() noexcept { key_alone_ = true; }
  /// Wants callers from these networks, in addition.
  void want_addresses(callers::AddressSet addresses);

  /// kNone when everything that is asked for is there. All secrets are compared, each in the same time
  /// wherever its first difference is. Never allocates.
  CallerFault check(const http::Request& request, const Caller& caller) const noexcept {
    if (!more_) [[likely]] {
      return admits(request.known(http::Known::kAuthorization)) ? CallerFault::kNone
                                                                : CallerFault::kCredentials;
    }
    return check_all(request, caller);
  }

  /// True when the Authorization field's value holds one of the credentials. A base64 text without
  /// ':' in the user name stands for exactly one pair, split at the first ':', so the encoded forms
  /// are compared. Takes the same time whichever credential fits and wherever the first difference
  /// is. Never allocates.
  bool admits(std::string_view authorization) const noexcept;

  bool is_anonymous() const noexcept { return anonymous_; }
  /// The policy for tokens of Entra; null: they are not accepted.
  const callers::TokenPolicy* tokens() const noexcept { return tokens_ ? &*tokens_ : nullptr; }
  bool wants_certificate() const noexcept { return !certificates_.empty(); }
  /// For WWW-Authenticate (RFC 9110, 11.6.1); empty where nothing in Authorization would help.
  std::string_view challenge() const noexcept;

  static constexpr std::size_t kKeyBytesMax = 512;

 private:
  explicit CallerCheck(bool anonymous) : anonymous_(anonymous) {}
  CallerFault check_all(const http::Request& request, const Caller& caller) const noexcept;
  CallerFault check_certificate(const Caller& caller) const noexcept;
  CallerFault check_token(std::string_view authorization, const Caller& caller) const noexcept;
  bool has_key(const http::Request& request) const noexcept;

  bool anonymous_;
  bool more_ = false;                 // than Authorization is looked at
  std::vector<Secret> encoded_;  // base64 of user:password
  std::vector<Secret> bearer_;
  std::optional<callers::TokenPolicy> tokens_;
  std::vector<AcceptedCertificate> certificates_;
  std::string key_name_;
  bool key_in_query_ = false;
  bool key_alone_ = false;
  std::vector<Secret> keys_;
  bool has_addresses_ = false;
  callers::AddressSet addresses_;
};

/// True when the Authorization field's value is `Bearer` and `token` (RFC 6750, 2.1). Takes the same
/// time wherever the first difference is.
bool bears(std::string_view authorization, std::string_view token) noexcept;

/// Base64 with padding (RFC 4648, 4).
std::string base64(std::string_view bytes);

}  // namespace core::gate
