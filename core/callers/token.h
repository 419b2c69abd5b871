#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace core::callers {

/// Why a token of a caller's is refused (protocol.md d.2), in the order in which it is looked at.
enum class TokenFault : std::uint8_t {
  kNone,
  kTooLarge,    // limits.token_bytes
  kMalformed,   // no JWS in its compact form (RFC 7515, 7.1), or no JSON objects in it
  kAlgorithm,   // another than RS256
  kExtension,   // `crit` (RFC 7515, 4.1.11), or a type that is no access token
  kNoKeyId,
  kVersion,     // neither 1.0 nor 2.0
  kClaims,      // one that is needed is missing, or of a wrong type
  kParty,       // issued to another application
  kNoKeys,      // those of its authority were never fetched: ours to mend
  kIssuer,
  kAudience,
  kTenant,
  kExpired,
  kNotYetValid,
  kUnknownKey,
  kSignature,
};
inline constexpr std::size_t kTokenFaultCount = 17;
/// As metrics write it: "too_large".
std::string_view name(TokenFault fault) noexcept;
/// For the program's log: "its audience is none of the accepted ones". Holds nothing of the token.
std::string_view describe(TokenFault fault) noexcept;

/// Which form of access token Entra has made: the two differ in claims, issuer and keys.
enum class TokenVersion : std::uint8_t { kV1, kV2 };
inline constexpr std::size_t kTokenVersions = 2;

/// What a token says, its signature not yet verified. Views are good until the reader's next token, and
/// those of the signed part as long as the caller's bytes.
struct Token {
  static constexpr std::int64_t kAnyTime = std::numeric_limits<std::int64_t>::min();
  std::string_view signed_part;  // "header.payload" (RFC 7515, 5.1)
  std::string_view signature;
  std::string_view key_id;
  TokenVersion version = TokenVersion::kV2;
  std::string_view issuer, audience, party;
  std::string_view tenant;  // data() is null when there is none
  std::int64_t expires_s = 0;              // since 1970 UTC
  std::int64_t not_before_s = kAnyTime;
};

/// Reads tokens strictly. A member that comes twice is a fault, also one that is spelled with escapes;
/// headers that carry or name a key (jwk, jku, x5u, x5c) are never looked at. Holds the scratch memory for
/// one token. Thread: one at a time.
class TokenReader {
 public:
  /// Allocates at most bytes(token_bytes_max); read() does not.
  explicit TokenReader(std::size_t token_bytes_max);
  /// Some 14 bytes for each of a token are simdjson's, one and a half what the parts decode to.
  static constexpr std::size_t bytes(std::size_t token_bytes_max) noexcept {
    return 16 * token_bytes_max + (4 << 10);
  }
  ~TokenReader();
  TokenReader(const TokenReader&) = delete;
  TokenReader& operator=(const TokenReader&) = delete;

  /// kNone, or one of kTooLarge to kClaims.
  TokenFault read(std::string_view text, Token& token) noexcept;

  static constexpr std::size_t kKeyIdBytesMax = 256;
  static constexpr std::size_t kMembersMax = 64;  // of the header or the claims

 private:
  struct Scratch;
  std::size_t bytes_max_;
  std::unique_ptr<Scratch> scratch_;
};

/// What a connector asks of tokens. Immutable.
struct TokenPolicy {
  std::string tenant;                  // a GUID in small letters
  std::vector<std::string> audiences;  // each is good
  std::vector<std::string> parties;    // the same: applications that may call
  std::size_t authority = 0;           // its keys are at kTokenVersions * authority of a KeyTable
  std::int64_t skew_s = 300;

  std::size_t slot(TokenVersion version) const noexcept {
    return kTokenVersions * authority + static_cast<std::size_t>(version);
  }
};

/// Whether `token` is meant for the connector and in its time: kNone, or one of kParty to kNotYetValid
/// but kNoKeys. `issuer` is that of the discovery document of the token's version.
TokenFault check_claims(const Token& token, const TokenPolicy& policy, std::string_view issuer,
                        std::int64_t now_s) noexcept;

}  // namespace core::callers
