#include "core/callers/token.h"

#include <algorithm>
#include <array>
#include <new>
#include <optional>

#include "core/callers/base64url.h"
#include "core/callers/json_object.h"
#include "core/text/text.h"

namespace core::callers {
namespace {

/// The end of the year 9999: sums with a skew stay far from the type's end.
constexpr std::int64_t kTimeMax = 253'402'300'799;
constexpr std::size_t kDepthMax = 16;

struct FaultWords {
  std::string_view name, words;
};
constexpr FaultWords kFaults[kTokenFaultCount] = {
    {"none", "nothing is wrong"},
    {"too_large", "it is larger than limits.token_bytes"},
    {"malformed", "it is no signed JWT"},
    {"algorithm", "its algorithm is not RS256"},
    {"extension", "it has an extension or a type that is not understood"},
    {"no_key_id", "it names no key"},
    {"version", "its version is neither 1.0 nor 2.0"},
    {"claims", "a claim is missing or of a wrong type"},
    {"party", "it was issued to an application that is not the authorized party"},
    {"no_keys", "the keys of its authority could not be fetched yet"},
    {"issuer", "its issuer is not that of the authority"},
    {"audience", "its audience is none of the accepted ones"},
    {"tenant", "it is of another tenant"},
    {"expired", "it has expired"},
    {"not_yet_valid", "it is not valid yet"},
    {"unknown_key", "the authority has no such key"},
    {"signature", "its signature is wrong"},
};

/// RFC 7515, 4.1.9: with or without "application/", letter case ignored. What Entra writes, and RFC 9068.
bool is_access_token(std::string_view type) noexcept {
  constexpr std::string_view kMedia = "application/";
  if (type.size() > kMedia.size() &&
      text::equals_ignore_case_ascii(type.substr(0, kMedia.size()), kMedia)) {
    type.remove_prefix(kMedia.size());
  }
  return text::equals_ignore_case_ascii(type, "JWT") ||
         text::equals_ignore_case_ascii(type, "at+jwt");
}

std::optional<TokenVersion> version_of(std::string_view text) noexcept {
  if (text == "2.0" || text == "2" || text == "ver2") return TokenVersion::kV2;
  if (text == "1.0" || text == "1" || text == "ver1") return TokenVersion::kV1;
  return std::nullopt;
}

bool holds(const std::vector<std::string>& accepted, std::string_view text) noexcept {
  return std::find(accepted.begin(), accepted.end(), text) != accepted.end();
}

/// A NumericDate (RFC 7519, 2) of whole seconds.
bool is_time(const JsonMember& member) noexcept {
  return member.kind == JsonMember::Kind::kInteger && member.integer >= 0 &&
         member.integer <= kTimeMax;
}

}  // namespace

std::string_view name(TokenFault fault) noexcept {
  return kFaults[static_cast<std::size_t>(fault)].name;
}

std::string_view describe(TokenFault fault) noexcept {
  return kFaults[static_cast<std::size_t>(fault)].words;
}

struct TokenReader::Scratch {
  explicit Scratch(std::size_t bytes_max)
      : json(bytes_max, kDepthMax), part(base64url_bytes_max(bytes_max) + JsonObject::kPadding),
        signature(base64url_bytes_max(bytes_max)) {}

  JsonObject json;
  std::vector<char> part;       // the header, then the claims
  std::vector<char> signature;
  std::array<char, kKeyIdBytesMax> key_id{};

  /// The JSON object that a part of the token stands for. False: it is none.
  bool read(std::string_view text) noexcept {
    const std::optional<std::size_t> size = decode_base64url(text, part.data());
    return size && json.read(part.data(), *size, kMembersMax);
  }
};

TokenReader::TokenReader(std::size_t token_bytes_max)
    : bytes_max_(token_bytes_max), scratch_(std::make_unique<Scratch>(token_bytes_max)) {}

TokenReader::~TokenReader() = default;

TokenFault TokenReader::read(std::string_view text, Token& token) noexcept {
  using Kind = JsonMember::Kind;
  token = {};
  if (text.size() > bytes_max_) return TokenFault::kTooLarge;
  const std::size_t first = text.find('.');
  if (first == std::string_view::npos) return TokenFault::kMalformed;
  const std::size_t second = text.find('.', first + 1);
  // A third one would make it encrypted (RFC 7516, 7.1), and is no base64url.
  if (second == std::string_view::npos) return TokenFault::kMalformed;
  token.signed_part = text.substr(0, second);
  const std::string_view signature = text.substr(second + 1);
  const std::optional<std::size_t> signature_size =
      decode_base64url(signature, scratch_->signature.data());
  if (!signature_size) return TokenFault::kMalformed;
  token.signature = {scratch_->signature.data(), *signature_size};

  if (!scratch_->read(text.substr(0, first))) return TokenFault::kMalformed;
  const JsonObject& header = scratch_->json;
  if (header.find("alg").text() != "RS256") return TokenFault::kAlgorithm;
  if (header.find("crit").kind != Kind::kAbsent) return TokenFault::kExtension;
  const JsonMember type = header.find("typ");
  if (type.kind != Kind::kAbsent && !is_access_token(type.text())) return TokenFault::kExtension;
  const std::string_view key_id = header.find("kid").text();
  if (key_id.empty() || key_id.size() > kKeyIdBytesMax) return TokenFault::kNoKeyId;
  std::copy(key_id.begin(), key_id.end(), scratch_->key_id.begin());
  token.key_id = {scratch_->key_id.data(), key_id.size()};

  if (!scratch_->read(text.substr(first + 1, second - first - 1))) return TokenFault::kMalformed;
  const JsonObject& claims = scratch_->json;
  const std::optional<TokenVersion> version = version_of(claims.find("ver").text());
  if (!version) return TokenFault::kVersion;
  token.version = *version;
  token.party = claims.find(token.version == TokenVersion::kV2 ? "azp" : "appid").text();
  token.issuer = claims.find("iss").text();
  token.audience = claims.find("aud").text();
  const JsonMember expires = claims.find("exp"), not_before = claims.find("nbf");
  const JsonMember tenant = claims.find("tid");
  if (token.party.empty() || token.issuer.empty() || token.audience.empty() || !is_time(expires) ||
      (not_before.kind != Kind::kAbsent && !is_time(not_before)) ||
      (tenant.kind != Kind::kAbsent && tenant.kind != Kind::kText)) {
    return TokenFault::kClaims;
  }
  token.expires_s = expires.integer;
  if (not_before.kind != Kind::kAbsent) token.not_before_s = not_before.integer;
  if (tenant.kind == Kind::kText) token.tenant = tenant.text();
  return TokenFault::kNone;
}

TokenFault check_claims(const Token& token, const TokenPolicy& policy, std::string_view issuer,
                        std::int64_t now_s) noexcept {
  if (!holds(policy.parties, token.party)) return TokenFault::kParty;
  if (token.issuer != issuer) return TokenFault::kIssuer;
  if (!holds(policy.audiences, token.audience)) return TokenFault::kAudience;
  if (token.tenant.data() != nullptr && token.tenant != policy.tenant) return TokenFault::kTenant;
  if (now_s >= token.expires_s + policy.skew_s) return TokenFault::kExpired;
  if (token.not_before_s != Token::kAnyTime && now_s < token.not_before_s - policy.skew_s) {
    return TokenFault::kNotYetValid;
  }
  return TokenFault::kNone;
}

}  // namespace core::callers
