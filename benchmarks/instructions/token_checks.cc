// Instructions of looking at a caller's token, by the bits of its key, for benchmarks/instructions/by_size:
// it runs this under callgrind and reads the dumps, one for each row, named "label|count".
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <valgrind/callgrind.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "core/callers/token_verifier.h"

namespace {

using core::callers::TokenFault;

constexpr std::int64_t kNow = 1'764'180'000;
constexpr std::size_t kTimes = 100;
constexpr std::string_view kIssuer =
    "https://login.microsoftonline.com/1f6d2c4e-5b0a-4d8f-9a53-7c1e8b2f4d60/v2.0";

std::string base64url(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  unsigned bits = 0, held = 0;
  for (const char c : bytes) {
    held = (held << 8 | static_cast<unsigned char>(c)) & 0xffff;
    for (bits += 8; bits >= 6; bits -= 6) text += kAlphabet[held >> (bits - 6) & 63];
  }
  if (bits > 0) text += kAlphabet[held << (6 - bits) & 63];
  return text;
}

std::string sign(EVP_PKEY* key, std::string_view text) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string signature(1024, '\0');
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1) {
    std::abort();
  }
  signature.resize(size);
  return signature;
}

std::string number(EVP_PKEY* key, const char* name) {
  BIGNUM* value = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &value) != 1) std::abort();
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
  BN_bn2bin(value, reinterpret_cast<unsigned char*>(bytes.data()));
  BN_free(value);
  return base64url(bytes);
}

/// With the members that Entra writes into a token of version 2.0 for an application.
std::string claims(std::string_view audience) {
  return R"({"aud":")" + std::string(audience) + R"(","iss":")" + std::string(kIssuer) +
         R"(","iat":1764178200,"nbf":1764178200,"exp":1764182100,)"
         R"("aio":"k2RgYHhXHfuhzWmJ0UGJ3Z9lT4eYAwA=","azp":"99045fe1-7639-4a75-9d4a-577b6ca3810f","azpacr":"2",)"
         R"("oid":"5be9b5e2-3a0a-4b5e-9f6a-0a4d2c7e8b11","rh":"0.AXkATixtHwpbj02aU3wejy9NYIqd0G8ese9SinfZTl8QssN5AAA.",)"
         R"("sub":"5be9b5e2-3a0a-4b5e-9f6a-0a4d2c7e8b11","tid":"1f6d2c4e-5b0a-4d8f-9a53-7c1e8b2f4d60",)"
         R"("uti":"f0o3z1Jm7kO1Yp2bN9cAAA","ver":"2.0"})";
}

template <typename Check>
void count(const std::string& label, Check check) {
  const std::string trigger = label + "|" + std::to_string(kTimes);  // outlives the request
  check();
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
  for (std::size_t i = 0; i < kTimes; ++i) check();
  CALLGRIND_DUMP_STATS_AT(trigger.c_str());
  CALLGRIND_STOP_INSTRUMENTATION;
}

void measure(unsigned bits) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_RSA_gen(bits), EVP_PKEY_free);
  const auto keys = core::callers::KeySet::read(
      R"({"keys":[{"kty":"RSA","use":"sig","kid":"HS23b7Do7TcaU1RoLHwpIq24VYg","n":")" +
          number(key.get(), OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" + number(key.get(), OSSL_PKEY_PARAM_RSA_E) + "\"}]}",
      std::string(kIssuer), "");
  if (!keys) std::abort();
  auto table = std::make_shared<core::callers::KeyTable>(2);
  (*table)[1].keys = keys.value();
  const auto token = [&](std::string_view audience) {
    const std::string text =
        base64url(R"({"typ":"JWT","alg":"RS256","x5t":"HS23b7Do7TcaU1RoLHwpIq24VYg","kid":"HS23b7Do7TcaU1RoLHwpIq24VYg"})") +
        "." + base64url(claims(audience));
    return text + "." + base64url(sign(key.get(), text));
  };
  core::callers::TokenPolicy policy;
  policy.tenant = "1f6d2c4e-5b0a-4d8f-9a53-7c1e8b2f4d60";
  policy.audiences = {"6f0c9d8a-3b1e-4c52-8a77-d94e5f10b2c3"};
  policy.parties = {"99045fe1-7639-4a75-9d4a-577b6ca3810f"};
  const std::string good = token(policy.audiences[0]), elsewhere = token("another audience");
  const std::string forged = good.substr(0, good.rfind('.')) + elsewhere.substr(elsewhere.rfind('.'));
  const auto expect = [&](core::callers::TokenVerifier& verifier, const std::string& shown, TokenFault fault) {
    if (verifier.check(shown, policy, kNow) != fault) std::abort();
  };
  core::callers::TokenVerifier remembering({8192, 1024, {1, 2}}), forgetful({8192, 0, {1, 2}});
  remembering.adopt(table);
  forgetful.adopt(table);
  const std::string size = " " + std::to_string(bits);
  count("remembered" + size, [&] { expect(remembering, good, TokenFault::kNone); });
  count("verified" + size, [&] { expect(forgetful, good, TokenFault::kNone); });
  count("refused for its claims" + size, [&] { expect(forgetful, elsewhere, TokenFault::kAudience); });
  count("refused for its signature" + size, [&] { expect(forgetful, forged, TokenFault::kSignature); });
  std::printf("a token of %zu bytes, %u bits\n", good.size(), bits);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: token_checks BITS...\n");
    return 2;
  }
  for (int i = 1; i < argc; ++i) measure(static_cast<unsigned>(std::strtoul(argv[i], nullptr, 10)));
}
