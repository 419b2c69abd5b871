#pragma once

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "core/callers/key_set.h"
#include "core/callers/token.h"

/// Keys and tokens as Entra makes them, by OpenSSL's own hand.
namespace core::callers {

inline constexpr std::int64_t kNow = 1'764'180'000;
inline constexpr std::string_view kTenant = "1f6d2c4e-5b0a-4d8f-9a53-7c1e8b2f4d60";
inline constexpr std::string_view kAudience = "6f0c9d8a-3b1e-4c52-8a77-d94e5f10b2c3";
inline constexpr std::string_view kParty = "99045fe1-7639-4a75-9d4a-577b6ca3810f";
inline constexpr std::string_view kIssuer =
    "https://login.microsoftonline.com/1f6d2c4e-5b0a-4d8f-9a53-7c1e8b2f4d60/v2.0";

inline std::string base64url(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  unsigned bits = 0, held = 0;
  for (const char c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) text += kAlphabet[held >> (bits - 6) & 63];
  }
  if (bits > 0) text += kAlphabet[held << (6 - bits) & 63];
  return text;
}

class SigningKey {
 public:
  explicit SigningKey(std::string id, unsigned bits = 2048) : id_(std::move(id)), key_(EVP_RSA_gen(bits)) {}
  ~SigningKey() { EVP_PKEY_free(key_); }
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;

  const std::string& id() const { return id_; }
  std::string modulus() const { return number(OSSL_PKEY_PARAM_RSA_N); }
  std::string exponent() const { return number(OSSL_PKEY_PARAM_RSA_E); }
  /// An entry of a key set; `more` is members with a comma behind each.
  std::string entry(const std::string& more = "\"kty\":\"RSA\",\"use\":\"sig\",") const {
    return "{" + more + "\"kid\":\"" + id_ + "\",\"n\":\"" + base64url(modulus()) + "\",\"e\":\"" +
           base64url(exponent()) + "\",\"x5c\":[\"MIID\"]}";
  }
  std::string sign(std::string_view text, const EVP_MD* digest = EVP_sha256(), bool pss = false) const {
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* how = nullptr;
    std::string signature(1024, '\0');
    std::size_t size = signature.size();
    EXPECT_EQ(EVP_DigestSignInit(context, &how, digest, nullptr, key_), 1);
    if (pss) {
      EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING), 1);
    }
    EXPECT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                             reinterpret_cast<const unsigned char*>(text.data()), text.size()), 1);
    EVP_MD_CTX_free(context);
    signature.resize(size);
    return signature;
  }
  std::string token(const std::string& header, const std::string& claims) const {
    const std::string text = base64url(header) + "." + base64url(claims);
    return text + "." + base64url(sign(text));
  }

 private:
  std::string number(const char* name) const {
    BIGNUM* value = nullptr;
    EXPECT_EQ(EVP_PKEY_get_bn_param(key_, name, &value), 1);
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
    BN_bn2bin(value, reinterpret_cast<unsigned char*>(bytes.data()));
    BN_free(value);
    return bytes;
  }
  std::string id_;
  EVP_PKEY* key_;
};

/// One for the whole program: making one takes a while.
inline const SigningKey& signing_key() {
  static const SigningKey key("key-1");
  return key;
}

inline std::string key_set(const std::string& entries) { return "{\"keys\":[" + entries + "]}"; }

inline std::shared_ptr<const KeySet> keys_of(const std::string& entries, std::string_view issuer = kIssuer) {
  auto set = KeySet::read(key_set(entries), std::string(issuer), kTenant);
  EXPECT_TRUE(set.ok()) << (set.ok() ? "" : set.error());
  return set.ok() ? std::move(set).value() : nullptr;
}

inline std::string header(const std::string& more = "") {
  return R"({"typ":"JWT","alg":"RS256","kid":"key-1")" + more + "}";
}

/// The claims of a token of version 2.0, good for an hour around kNow; `text` is put in place of the member `name`,
/// or taken out when it is empty.
inline std::string claims(std::string_view name = {}, const std::string& text = "") {
  std::string json;
  const auto add = [&](std::string_view member, const std::string& value) {
    const std::string written = member == name ? text : "\"" + std::string(member) + "\":" + value;
    if (!written.empty()) json += (json.empty() ? "{" : ",") + written;
  };
  const auto quoted = [](std::string_view value) { return "\"" + std::string(value) + "\""; };
  add("aud", quoted(kAudience));
  add("iss", quoted(kIssuer));
  add("iat", std::to_string(kNow - 1800));
  add("nbf", std::to_string(kNow - 1800));
  add("exp", std::to_string(kNow + 1800));
  add("aio", "\"E2ZgYNDk+/==\"");
  add("azp", quoted(kParty));
  add("azpacr", "\"2\"");
  add("oid", "\"0b0d0000-0000-4000-8000-000000000000\"");
  add("tid", quoted(kTenant));
  add("ver", "\"2.0\"");
  return json + "}";
}

inline std::string good_token() { return signing_key().token(header(), claims()); }

inline TokenPolicy policy() {
  TokenPolicy policy;
  policy.tenant = kTenant;
  policy.audiences = {"api://hooks.example/" + std::string(kAudience), std::string(kAudience)};
  policy.parties = {std::string(kParty)};
  return policy;
}

/// `text` in a heap buffer of exact size: one byte too far is seen.
struct Exact {
  explicit Exact(std::string_view text) : bytes(new char[text.size()]), size(text.size()) {
    if (size > 0) std::memcpy(bytes.get(), text.data(), size);
  }
  std::string_view view() const { return {bytes.get(), size}; }
  std::unique_ptr<char[]> bytes;
  std::size_t size;
};

}  // namespace core::callers
