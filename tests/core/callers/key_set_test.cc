#include "core/callers/key_set.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <string>
#include <thread>

#include "tests/core/callers/signed_token.h"

namespace core::callers {
namespace {

constexpr std::string_view kRsaSig = "\"kty\":\"RSA\",\"use\":\"sig\",";

std::string why_not(const std::string& json) {
  const auto set = KeySet::read(Exact(json).view(), std::string(kIssuer), kTenant);
  return set.ok() ? "" : set.error();
}

std::size_t count_of(const std::string& entries) {
  const auto set = KeySet::read(key_set(entries), std::string(kIssuer), kTenant);
  return set.ok() ? set.value()->size() : 0;
}

TEST(KeySet, VerifiesWhatItsKeyHasSignedAndNothingElse) {
  const SigningKey& key = signing_key();
  const auto keys = keys_of(key.entry());
  ASSERT_NE(keys, nullptr);
  const std::string signature = key.sign("text");
  EXPECT_TRUE(keys->has("key-1"));
  EXPECT_TRUE(keys->verify("key-1", "text", signature));
  EXPECT_FALSE(keys->verify("key-1", "texT", signature));
  EXPECT_FALSE(keys->verify("key-2", "text", signature));
  EXPECT_FALSE(keys->verify("", "text", signature));
  EXPECT_FALSE(keys->verify("key-1", "text", ""));
  EXPECT_FALSE(keys->verify("key-1", "text", signature + '\0'));
  EXPECT_FALSE(keys->verify("key-1", "text", signature.substr(1)));
  EXPECT_FALSE(keys->verify("key-1", "text", std::string(256, '\0')));
  EXPECT_FALSE(keys->verify("key-1", "text", std::string(256, '\xff')));
  EXPECT_FALSE(keys->verify("key-1", "text", key.sign("text", EVP_sha512()))) << "RS512";
  EXPECT_FALSE(keys->verify("key-1", "text", key.sign("text", EVP_sha1()))) << "SHA-1";
  EXPECT_FALSE(keys->verify("key-1", "text", key.sign("text", EVP_sha256(), true))) << "PS256";
  EXPECT_TRUE(keys->verify("key-1", "text", signature));
}

// OpenSSL's queue of errors is the thread's: the next TLS connection must not find ours in it.
TEST(KeySet, LeavesNoErrorBehind) {
  const auto keys = keys_of(signing_key().entry());
  EXPECT_FALSE(keys->verify("key-1", "text", std::string(256, '\x7f')));
  EXPECT_EQ(ERR_peek_error(), 0u);
  EXPECT_NE(why_not(key_set("{\"kty\":\"RSA\"}")), "");
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(KeySet, IsSharedByThreads) {
  const SigningKey& key = signing_key();
  const auto keys = keys_of(key.entry());
  const std::string signature = key.sign("text");
  const auto verify = [&] {
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(keys->verify("key-1", "text", signature));
      EXPECT_FALSE(keys->verify("key-1", "other", signature));
    }
  };
  std::thread other(verify);
  verify();
  other.join();
}

TEST(KeySet, TakesOnlyRsaKeysForSignaturesOfItsIssuer) {
  const SigningKey& key = signing_key();
  const std::string n = base64url(key.modulus()), e = base64url(key.exponent());
  const auto entry = [&](const std::string& members) { return count_of("{" + members + "}"); };
  const std::string numbers = "\"n\":\"" + n + "\",\"e\":\"" + e + "\"";
  EXPECT_EQ(entry(std::string(kRsaSig) + "\"kid\":\"k\"," + numbers), 1u);
  EXPECT_EQ(entry(std::string(kRsaSig) + "\"kid\":\"k\",\"alg\":\"RS256\"," + numbers), 1u);
  EXPECT_EQ(entry(std::string(kRsaSig) + "\"kid\":\"k\",\"issuer\":\"" + std::string(kIssuer) + "\"," + numbers), 1u);
  EXPECT_EQ(entry(std::string(kRsaSig) + "\"kid\":\"k\",\"issuer\":\"https://login.microsoftonline.com/{tenantid}/v2.0\"," + numbers), 1u);
  for (const std::string& members :
       {std::string(kRsaSig) + numbers,                                   // no name
        std::string(kRsaSig) + "\"kid\":\"\"," + numbers,
        std::string(kRsaSig) + "\"kid\":7," + numbers,
        std::string(kRsaSig) + "\"kid\":\"" + std::string(257, 'k') + "\"," + numbers,
        "\"kty\":\"RSA\",\"kid\":\"k\"," + numbers,                        // for nothing
        "\"kty\":\"RSA\",\"use\":\"enc\",\"kid\":\"k\"," + numbers,
        "\"kty\":\"oct\",\"use\":\"sig\",\"kid\":\"k\",\"k\":\"" + n + "\"," + numbers,
        "\"kty\":\"EC\",\"use\":\"sig\",\"kid\":\"k\"," + numbers,
        std::string(kRsaSig) + "\"kid\":\"k\",\"alg\":\"RS512\"," + numbers,
        std::string(kRsaSig) + "\"kid\":\"k\",\"alg\":\"HS256\"," + numbers,
        std::string(kRsaSig) + "\"kid\":\"k\",\"alg\":null," + numbers,
        std::string(kRsaSig) + "\"kid\":\"k\",\"issuer\":\"https://login.microsoftonline.com/other/v2.0\"," + numbers,
        std::string(kRsaSig) + "\"kid\":\"k\",\"issuer\":7," + numbers,
        std::string(kRsaSig) + "\"kid\":\"k\",\"kid\":\"k\"," + numbers,   // twice
        std::string(kRsaSig) + "\"kid\":\"k\",\"n\":\"" + n + "\"",
        std::string(kRsaSig) + "\"kid\":\"k\",\"e\":\"" + e + "\"",
        std::string(kRsaSig) + "\"kid\":\"k\",\"n\":\"" + n + "\",\"e\":\"AQ\"",        // 1
        std::string(kRsaSig) + "\"kid\":\"k\",\"n\":\"" + n + "\",\"e\":\"AQAA\"",      // 65536
        std::string(kRsaSig) + "\"kid\":\"k\",\"n\":\"" + n + "\",\"e\":\"AQAAAAE\"",   // 33 bits
        std::string(kRsaSig) + "\"kid\":\"k\",\"n\":\"" + n + "=\",\"e\":\"" + e + "\"",
        std::string(kRsaSig) + "\"kid\":\"k\",\"n\":\"\",\"e\":\"" + e + "\""}) {
    EXPECT_EQ(entry(members), 0u) << members;
  }
  // What is no key does not hide one that is.
  EXPECT_EQ(count_of("{},7,null,[],\"k\",{\"kty\":\"RSA\"}," + key.entry() + ",{\"kty\":\"EC\",\"kid\":\"key-1\"}"), 1u);
}

TEST(KeySet, TakesNoSmallKeysAndNoHugeOnes) {
  EXPECT_EQ(count_of(SigningKey("small", 1024).entry()), 0u);
  const auto entry = [](std::string modulus) {
    return count_of("{" + std::string(kRsaSig) + "\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"" + base64url(modulus) + "\"}");
  };
  EXPECT_EQ(entry("\x7f" + std::string(255, '\xff')), 0u) << "2047 bits";
  EXPECT_EQ(entry("\x80" + std::string(255, '\xff')), 1u) << "2048 bits";
  EXPECT_EQ(entry(std::string(3, '\0') + "\x80" + std::string(255, '\xff')), 1u) << "with zeros in front";
  EXPECT_EQ(entry(std::string(1, '\0') + "\x7f" + std::string(255, '\xff')), 0u);
  EXPECT_EQ(entry(std::string(1024, '\xff')), 1u) << "8192 bits";
  EXPECT_EQ(entry("\x01" + std::string(1024, '\xff')), 0u) << "8193 bits";
  EXPECT_EQ(entry("\x80" + std::string(255, '\xfe')), 0u) << "even";
}

TEST(KeySet, SaysWhyADocumentIsNone) {
  const std::string none = "the key set has no RSA key of 2048 bits or more for signatures";
  EXPECT_EQ(why_not(""), "the key set is no JSON object");
  EXPECT_EQ(why_not("[]"), "the key set is no JSON object");
  EXPECT_EQ(why_not("{\"keys\":[],\"keys\":[]}"), "the key set is no JSON object");
  EXPECT_EQ(why_not("{}"), "the key set has no keys");
  EXPECT_EQ(why_not("{\"keys\":{}}"), "the key set has no keys");
  EXPECT_EQ(why_not("{\"keys\":[]}"), none);
  EXPECT_EQ(why_not(std::string(KeySet::kDocumentBytesMax + 1, ' ')), "the key set is too large");
  EXPECT_EQ(why_not("\n {\"keys\":[" + signing_key().entry() + "]} \n"), "");
}

TEST(KeySet, ReadsEveryCutAndEveryMutatedByte) {
  const std::string good = key_set(signing_key().entry());
  for (std::size_t cut = 0; cut < good.size(); ++cut) EXPECT_NE(why_not(good.substr(0, cut)), "") << cut;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    for (const int flip : {0x01, 0x20, 0x80}) {
      bad[i] = static_cast<char>(good[i] ^ flip);
      static_cast<void>(why_not(bad));
    }
  }
}

TEST(KeySet, KnowsTheSameKeysAgain) {
  const SigningKey other("key-2");
  const std::string one = signing_key().entry(), two = other.entry();
  EXPECT_TRUE(keys_of(one)->same_as(*keys_of(one)));
  EXPECT_FALSE(keys_of(one)->same_as(*keys_of(two)));
  EXPECT_FALSE(keys_of(one)->same_as(*keys_of(one + "," + two)));
  EXPECT_FALSE(keys_of(one)->same_as(*keys_of(one, "https://other.example")));
}

TEST(KeyRequest, IsMadeOnceInFiveMinutes) {
  KeyRequest request;
  EXPECT_FALSE(request.take());
  EXPECT_TRUE(request.want(1000));
  EXPECT_TRUE(request.want(1000)) << "they are on their way";
  EXPECT_TRUE(request.take());
  EXPECT_FALSE(request.take());
  EXPECT_TRUE(request.want(1299)) << "a fetch that fails is repeated";
  request.done();
  EXPECT_FALSE(request.want(1299));
  EXPECT_FALSE(request.take());
  EXPECT_TRUE(request.want(1300));
  EXPECT_TRUE(request.take());
  request.done();
  EXPECT_TRUE(request.want(100)) << "the clock was set back";
}

TEST(Discovery, IsReadStrictly) {
  const auto read = [](const std::string& json) {
    const auto discovery = read_discovery(Exact(json).view());
    return discovery.ok() ? discovery.value().issuer + " " + discovery.value().keys_url : discovery.error();
  };
  EXPECT_EQ(read(R"({"issuer":"https://i","jwks_uri":"https:\/\/k","x":[{"issuer":1}]})"), "https://i https://k");
  EXPECT_EQ(read(""), "the discovery document is no JSON object");
  EXPECT_EQ(read(R"({"issuer":"a","issuer":"b","jwks_uri":"https://k"})"), "the discovery document is no JSON object");
  EXPECT_EQ(read(R"({"jwks_uri":"https://k"})"), "the discovery document has no issuer");
  EXPECT_EQ(read(R"({"issuer":7,"jwks_uri":"https://k"})"), "the discovery document has no issuer");
  EXPECT_EQ(read(R"({"issuer":")" + std::string(513, 'i') + R"(","jwks_uri":"https://k"})"), "the discovery document has no issuer");
  EXPECT_EQ(read(R"({"issuer":"i"})"), "the discovery document has no jwks_uri");
  EXPECT_EQ(read(R"({"issuer":"i","jwks_uri":"https://k\r\nHost: x"})"), "the discovery document has no jwks_uri");
  EXPECT_EQ(read(R"({"issuer":"i","jwks_uri":"h)" + std::string(2048, 'k') + "\"}"), "the discovery document has no jwks_uri");
  EXPECT_EQ(read(std::string(KeySet::kDocumentBytesMax + 1, ' ')), "the discovery document is too large");
}

}  // namespace
}  // namespace core::callers
