#include "core/callers/token_verifier.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <string>

#include "tests/core/callers/signed_token.h"

namespace core::callers {
namespace {

class Verifying : public testing::Test {
 protected:
  explicit Verifying(std::size_t remembered_max = 16)
      : verifier(TokenVerifier::Options{4096, remembered_max, {1, 2}}) {
    publish(keys_of(signing_key().entry()));
  }

  /// For version 2.0; of version 1.0 there are none.
  void publish(std::shared_ptr<const KeySet> keys) {
    auto table = std::make_shared<KeyTable>();
    table->push_back({nullptr, std::make_shared<KeyRequest>()});
    table->push_back({std::move(keys), request});
    verifier.adopt(std::move(table));
  }
  TokenFault check(std::string_view token, std::int64_t now_s = kNow) {
    const Exact exact(token);
    const TokenFault fault = verifier.check(exact.view(), by, now_s);
    EXPECT_EQ(verifier.fault(), fault);
    return fault;
  }
  std::uint64_t verified() const { return verifier.counters().verified; }
  std::uint64_t remembered() const { return verifier.counters().remembered; }

  std::shared_ptr<KeyRequest> request = std::make_shared<KeyRequest>();
  TokenPolicy by = policy();
  TokenVerifier verifier;
};

TEST_F(Verifying, TakesAGoodTokenAndRemembersIt) {
  const std::string token = good_token();
  EXPECT_EQ(check(token), TokenFault::kNone);
  EXPECT_EQ(check(token), TokenFault::kNone);
  EXPECT_EQ(check(token), TokenFault::kNone);
  EXPECT_EQ(verified(), 1u);
  EXPECT_EQ(remembered(), 2u);
}

TEST_F(Verifying, RefusesEveryCutAndEveryMutatedByteOfATokenThatItKnows) {
  const std::string token = good_token();
  ASSERT_EQ(check(token), TokenFault::kNone);
  for (std::size_t cut = 0; cut < token.size(); ++cut) {
    EXPECT_NE(check(token.substr(0, cut)), TokenFault::kNone) << cut;
  }
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string bad = token;
    for (const int flip : {0x01, 0x20, 0x80}) {
      bad[i] = static_cast<char>(token[i] ^ flip);
      EXPECT_NE(check(bad), TokenFault::kNone) << i;
      EXPECT_TRUE(verifier.blames_caller() || verifier.fault() == TokenFault::kUnknownKey ||
                  verifier.fault() == TokenFault::kNoKeys);
    }
  }
  EXPECT_EQ(verified(), 1u);
  EXPECT_EQ(remembered(), 0u);
}

TEST_F(Verifying, RefusesEachSpellingOfTheSameClaimsThatWasNotSigned) {
  const std::string text = base64url(header()) + "." + base64url(claims());
  const std::string token = text + "." + base64url(signing_key().sign(text));
  EXPECT_EQ(check(base64url(header()) + "." + base64url(claims() + " ") + token.substr(token.rfind('.'))),
            TokenFault::kSignature);
  EXPECT_EQ(check(text + "."), TokenFault::kSignature);
  EXPECT_EQ(check(text + "." + base64url("x")), TokenFault::kSignature);
  EXPECT_TRUE(verifier.blames_caller());
}

// The public key as an HMAC's, a key that comes along, a place to fetch one: all that a token says of
// its own key counts for nothing.
TEST_F(Verifying, NeverBelievesAKeyThatTheTokenBrings) {
  const SigningKey forger("key-1");
  for (const std::string& more :
       {std::string(), ",\"jwk\":" + forger.entry(), std::string(R"(,"jku":"http://127.0.0.1:1/keys")"),
        std::string(R"(,"x5u":"https://forger.example/x5u","x5t":"key-1")"), std::string(R"(,"x5c":["MIID"])")}) {
    EXPECT_EQ(check(forger.token(header(more), claims())), TokenFault::kSignature) << more;
    EXPECT_EQ(check(signing_key().token(header(more), claims())), TokenFault::kNone) << more;
  }
}

TEST_F(Verifying, ForgetsATokenThatExpires) {
  const std::string token = good_token();
  EXPECT_EQ(check(token), TokenFault::kNone);
  EXPECT_EQ(check(token, kNow + 1800 + 299), TokenFault::kNone);
  EXPECT_EQ(check(token, kNow + 1800 + 300), TokenFault::kExpired);
  EXPECT_EQ(remembered(), 1u);
}

TEST_F(Verifying, RemembersForOnePolicyOnly) {
  const std::string token = good_token();
  EXPECT_EQ(check(token), TokenFault::kNone);
  TokenPolicy other = policy();
  other.audiences = {"api://other"};
  EXPECT_EQ(verifier.check(token, other, kNow), TokenFault::kAudience);
  EXPECT_EQ(check(token), TokenFault::kNone);
  EXPECT_EQ(remembered(), 1u);
  verifier.forget();
  EXPECT_EQ(check(token), TokenFault::kNone);
  EXPECT_EQ(verified(), 2u);
}

TEST_F(Verifying, ForgetsWhatAnotherKeySetDoesNotVouchFor) {
  const std::string token = good_token();
  const SigningKey next("key-2");
  EXPECT_EQ(check(token), TokenFault::kNone);
  publish(keys_of(next.entry()));
  EXPECT_EQ(check(token), TokenFault::kUnknownKey);
  EXPECT_EQ(check(next.token(R"({"alg":"RS256","kid":"key-2"})", claims())), TokenFault::kNone);
  EXPECT_EQ(remembered(), 0u);
}

TEST_F(Verifying, KeepsWhatItKnowsWhenTheSameKeysArePublishedAgain) {
  const std::string token = good_token();
  const auto keys = keys_of(signing_key().entry());
  publish(keys);
  EXPECT_EQ(check(token), TokenFault::kNone);
  publish(keys);
  EXPECT_EQ(check(token), TokenFault::kNone);
  EXPECT_EQ(remembered(), 1u);
}

TEST_F(Verifying, AsksForAnUnknownKeyAndBlamesNobodyUntilItHasCome) {
  const std::string token = signing_key().token(R"({"alg":"RS256","kid":"key-9"})", claims());
  EXPECT_EQ(check(token), TokenFault::kUnknownKey);
  EXPECT_FALSE(verifier.blames_caller());
  EXPECT_TRUE(request->take());
  EXPECT_EQ(check(token), TokenFault::kUnknownKey);
  EXPECT_FALSE(verifier.blames_caller());
  EXPECT_FALSE(request->take()) << "once";
  request->done();
  EXPECT_EQ(check(token), TokenFault::kUnknownKey);
  EXPECT_TRUE(verifier.blames_caller()) << "it has been looked for";
  // Who is not let in by anything else causes no fetch.
  EXPECT_EQ(check(signing_key().token(R"({"alg":"RS256","kid":"key-9"})", claims("azp", "\"azp\":\"x\"")), kNow + 400),
            TokenFault::kParty);
  EXPECT_FALSE(request->take());
}

TEST_F(Verifying, RefusesEverythingWhileThereAreNoKeys) {
  const std::string token = good_token();
  publish(nullptr);
  EXPECT_EQ(check(token), TokenFault::kNoKeys);
  EXPECT_FALSE(verifier.blames_caller());
  EXPECT_EQ(check("x"), TokenFault::kMalformed);
  EXPECT_TRUE(verifier.blames_caller());
  verifier.adopt(nullptr);
  EXPECT_EQ(check(token), TokenFault::kNoKeys);
  by.authority = 7;
  verifier.adopt(std::make_shared<KeyTable>());
  EXPECT_EQ(check(token), TokenFault::kNoKeys);
  EXPECT_EQ(verifier.counters().faults[static_cast<std::size_t>(TokenFault::kNoKeys)], 3u);
}

TEST_F(Verifying, TakesTheKeysOfTheTokensVersion) {
  std::string v1 = claims("ver", "\"ver\":\"1.0\",\"appid\":\"" + std::string(kParty) + "\"");
  EXPECT_EQ(check(signing_key().token(header(), v1)), TokenFault::kNoKeys);
  auto table = std::make_shared<KeyTable>();
  table->push_back({keys_of(signing_key().entry(), "https://sts.windows.net/x/"), request});
  table->push_back({nullptr, request});
  verifier.adopt(table);
  EXPECT_EQ(check(signing_key().token(header(), v1)), TokenFault::kIssuer);
  v1.replace(v1.find(kIssuer), kIssuer.size(), "https://sts.windows.net/x/");
  EXPECT_EQ(check(signing_key().token(header(), v1)), TokenFault::kNone);
  EXPECT_EQ(check(good_token()), TokenFault::kNoKeys);
}

TEST_F(Verifying, HoldsNoMoreThanItsBoundAndForgetsTheOneThatEndsFirst) {
  // 16 places: those that expire last are still known after a hundred.
  for (int i = 0; i < 100; ++i) {
    const std::string token = signing_key().token(header(), claims("exp", "\"exp\":" + std::to_string(kNow + 100 + i)));
    EXPECT_EQ(check(token), TokenFault::kNone);
    EXPECT_EQ(check(token), TokenFault::kNone);
  }
  EXPECT_EQ(verified(), 100u);
  EXPECT_EQ(remembered(), 100u);
}

struct Forgetful : Verifying {
  Forgetful() : Verifying(0) {}
};
/// Bytes that the C library's allocator has given out; a sanitizer's own does not count them.
std::size_t given_out() {
  const struct mallinfo2 now = mallinfo2();
  return now.uordblks + now.hblkhd;
}

TEST(TokenVerifier, TakesNoMoreMemoryThanItSays) {
  for (const std::size_t remembered : {std::size_t{0}, std::size_t{1000}, std::size_t{100'000}}) {
    const TokenVerifier::Options options{8 << 10, remembered, {1, 2}};
    const auto keys = std::make_shared<KeyTable>(kTokenVersions);
    TokenVerifier verifier(options);
    const std::size_t before = given_out();
    verifier.adopt(keys);
    EXPECT_LE(given_out(), before + TokenVerifier::bytes(options)) << remembered;
    EXPECT_LE(TokenVerifier::bytes(options), (8 << 10) * 17 + remembered * 64) << remembered;
  }
}

TEST_F(Forgetful, VerifiesEachTimeWhenNothingIsToBeRemembered) {
  const std::string token = good_token();
  EXPECT_EQ(check(token), TokenFault::kNone);
  EXPECT_EQ(check(token), TokenFault::kNone);
  EXPECT_EQ(verified(), 2u);
}

}  // namespace
}  // namespace core::callers
