#include "core/callers/key_set.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/callers/base64url.h"
#include "core/callers/json_object.h"

namespace core::callers {
namespace {

constexpr std::size_t kMembersMax = 64;
constexpr std::size_t kDepthMax = 16;
constexpr std::size_t kUrlBytesMax = 2048;
constexpr std::size_t kIssuerBytesMax = 512;
constexpr std::size_t kExponentBytesMax = 4;  // 65537 is usual; a large one makes verifying slow

struct FreeParts {
  void operator()(BIGNUM* number) const noexcept { BN_free(number); }
  void operator()(OSSL_PARAM_BLD* builder) const noexcept { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* parameters) const noexcept { OSSL_PARAM_free(parameters); }
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
template <typename T>
using Owned = std::unique_ptr<T, FreeParts>;

/// `text` with the bytes behind it that JsonObject wants.
std::string padded(std::string_view text) {
  std::string bytes(text);
  bytes.append(JsonObject::kPadding, '\0');
  return bytes;
}

/// A Base64urlUInt (RFC 7518, 2), leading zeros taken off; empty when it is none.
std::string number_of(std::string_view text) {
  std::string bytes(base64url_bytes_max(text.size()), '\0');
  const std::optional<std::size_t> size = decode_base64url(text, bytes.data());
  if (!size) return {};
  bytes.resize(*size);
  bytes.erase(0, std::min(bytes.find_first_not_of('\0'), bytes.size()));
  return bytes;
}

std::size_t bits_of(const std::string& number) noexcept {
  if (number.empty()) return 0;
  std::size_t bits = 8 * number.size();
  for (unsigned char first = static_cast<unsigned char>(number[0]); (first & 0x80) == 0; --bits) {
    first = static_cast<unsigned char>(first << 1);
  }
  return bits;
}

bool is_odd(const std::string& number) noexcept {
  return !number.empty() && (static_cast<unsigned char>(number.back()) & 1) != 0;
}

Owned<BIGNUM> big(const std::string& number) {
  return Owned<BIGNUM>(BN_bin2bn(reinterpret_cast<const unsigned char*>(number.data()),
                                 static_cast<int>(number.size()), nullptr));
}

/// Null when OpenSSL takes no such key.
EVP_PKEY* make_key(const std::string& modulus, const std::string& exponent) {
  const Owned<BIGNUM> n = big(modulus), e = big(exponent);
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  if (n == nullptr || e == nullptr || builder == nullptr ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  const Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (parameters == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return key;
}

/// `pattern` with the tenant in place of {tenantid}.
std::string issuer_for(std::string_view pattern, std::string_view tenant) {
  constexpr std::string_view kPlace = "{tenantid}";
  std::string issuer(pattern);
  if (const std::size_t at = issuer.find(kPlace); at != std::string::npos) {
    issuer.replace(at, kPlace.size(), tenant);
  }
  return issuer;
}

}  // namespace

Result<Discovery, std::string> read_discovery(std::string_view json) {
  if (json.size() > KeySet::kDocumentBytesMax) return std::string("the discovery document is too large");
  JsonObject document(json.size(), kDepthMax);
  const std::string bytes = padded(json);
  if (!document.read(bytes.data(), json.size(), kMembersMax)) {
    return std::string("the discovery document is no JSON object");
  }
  Discovery discovery;
  discovery.issuer = document.find("issuer").text();
  discovery.keys_url = document.find("jwks_uri").text();
  const auto plain = [](const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  };
  if (discovery.issuer.empty() || discovery.issuer.size() > kIssuerBytesMax) {
    return std::string("the discovery document has no issuer");
  }
  if (discovery.keys_url.empty() || discovery.keys_url.size() > kUrlBytesMax ||
      !plain(discovery.keys_url)) {
    return std::string("the discovery document has no jwks_uri");
  }
  return discovery;
}

Result<std::shared_ptr<const KeySet>, std::string> KeySet::read(std::string_view json,
                                                                std::string issuer,
                                                                std::string_view tenant) {
  if (json.size() > kDocumentBytesMax) return std::string("the key set is too large");
  JsonObject document(json.size(), kDepthMax);
  const std::string bytes = padded(json);
  if (!document.read(bytes.data(), json.size(), kMembersMax)) {
    return std::string("the key set is no JSON object");
  }
  auto set = std::make_shared<KeySet>();
  set->issuer_ = std::move(issuer);
  set->digest_.reset(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  if (set->digest_ == nullptr) return std::string("OpenSSL has no SHA-256");
  const auto take = [&](const JsonObject& entry) {
    using Kind = JsonMember::Kind;
    const JsonMember algorithm = entry.find("alg"), of = entry.find("issuer");
    Key key;
    key.id = entry.find("kid").text();
    if (set->keys_.size() == kKeysMax || entry.find("kty").text() != "RSA" ||
        entry.find("use").text() != "sig" || key.id.empty() ||
        key.id.size() > TokenReader::kKeyIdBytesMax ||
        (algorithm.kind != Kind::kAbsent && algorithm.text() != "RS256") ||
        (of.kind != Kind::kAbsent && issuer_for(of.text(), tenant) != set->issuer_)) {
      return;
    }
    key.modulus = number_of(entry.find("n").text());
    key.exponent = number_of(entry.find("e").text());
    const std::size_t bits = bits_of(key.modulus);
    if (bits < kModulusBitsMin || bits > kModulusBitsMax || !is_odd(key.modulus) ||
        !is_odd(key.exponent) || key.exponent.size() > kExponentBytesMax || key.exponent == "\x01") {
      return;
    }
    key.key.reset(make_key(key.modulus, key.exponent));
    if (key.key != nullptr) set->keys_.push_back(std::move(key));
  };
  if (!document.each("keys", kMembersMax, take)) return std::string("the key set has no keys");
  ERR_clear_error();  // of keys that OpenSSL does not take
  if (set->keys_.empty()) {
    return std::string("the key set has no RSA key of 2048 bits or more for signatures");
  }
  return std::shared_ptr<const KeySet>(std::move(set));
}

bool KeySet::has(std::string_view key_id) const noexcept {
  return std::any_of(keys_.begin(), keys_.end(), [&](const Key& key) { return key.id == key_id; });
}

bool KeySet::verify(std::string_view key_id, std::string_view signed_part,
                    std::string_view signature) const noexcept {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  bool good = false;
  for (const Key& key : keys_) {
    if (key.id != key_id || signature.size() != key.modulus.size()) continue;
    const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* how = nullptr;  // the context's
    good = context != nullptr &&
           EVP_DigestVerifyInit(context.get(), &how, digest_.get(), nullptr, key.key.get()) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PADDING) == 1 &&
           EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(signed_part),
                            signed_part.size()) == 1;
    if (good) return true;
  }
  // What it says of a wrong signature must not be taken for that of the next TLS connection.
  ERR_clear_error();
  return false;
}

bool KeySet::same_as(const KeySet& other) const noexcept {
  return issuer_ == other.issuer_ &&
         std::equal(keys_.begin(), keys_.end(), other.keys_.begin(), other.keys_.end(),
                    [](const Key& a, const Key& b) {
                      return a.id == b.id && a.modulus == b.modulus && a.exponent == b.exponent;
                    });
}

}  // namespace core::callers
