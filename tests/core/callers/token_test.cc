#include "core/callers/token.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/core/callers/signed_token.h"

namespace core::callers {
namespace {

constexpr std::size_t kBytesMax = 4096;

/// What reading says, then what the claims are: everything but keys and signature.
TokenFault judged(const std::string& token, std::int64_t now_s = kNow, const TokenPolicy& by = policy()) {
  TokenReader reader(kBytesMax);
  const Exact exact(token);
  Token read;
  const TokenFault fault = reader.read(exact.view(), read);
  return fault != TokenFault::kNone ? fault : check_claims(read, by, kIssuer, now_s);
}

std::string unsigned_token(const std::string& header, const std::string& claims) {
  return base64url(header) + "." + base64url(claims) + ".c2lnbmF0dXJl";
}

TEST(TokenReader, ReadsWhatIsNeeded) {
  TokenReader reader(kBytesMax);
  const std::string text = unsigned_token(header(), claims());
  Token token;
  ASSERT_EQ(reader.read(text, token), TokenFault::kNone);
  EXPECT_EQ(token.signed_part, text.substr(0, text.rfind('.')));
  EXPECT_EQ(token.signature, "signature");
  EXPECT_EQ(token.key_id, "key-1");
  EXPECT_EQ(token.version, TokenVersion::kV2);
  EXPECT_EQ(token.issuer, kIssuer);
  EXPECT_EQ(token.audience, kAudience);
  EXPECT_EQ(token.party, kParty);
  EXPECT_EQ(token.tenant, kTenant);
  EXPECT_EQ(token.expires_s, kNow + 1800);
  EXPECT_EQ(token.not_before_s, kNow - 1800);
  EXPECT_EQ(check_claims(token, policy(), kIssuer, kNow), TokenFault::kNone);
}

TEST(TokenReader, TellsTheVersionsApartByVer) {
  for (const std::string ver : {"1.0", "1", "ver1", "2.0", "2", "ver2"}) {
    const bool v1 = ver == "1.0" || ver == "1" || ver == "ver1";
    const std::string with_azp = claims("ver", "\"ver\":\"" + ver + "\"");
    std::string with_appid = with_azp;
    with_appid.replace(with_appid.find("\"azp\""), 5, "\"appid\"");
    EXPECT_EQ(judged(unsigned_token(header(), with_azp)), v1 ? TokenFault::kClaims : TokenFault::kNone) << ver;
    EXPECT_EQ(judged(unsigned_token(header(), with_appid)), v1 ? TokenFault::kNone : TokenFault::kClaims) << ver;
  }
  for (const std::string ver : {"", "\"ver\":\"3.0\"", "\"ver\":\"2.0 \"", "\"ver\":2", "\"ver\":2.0", "\"ver\":null",
                                "\"ver\":[\"2.0\"]", "\"ver\":\"\""}) {
    EXPECT_EQ(judged(unsigned_token(header(), claims("ver", ver))), TokenFault::kVersion) << ver;
  }
}

TEST(TokenReader, RefusesEveryHeaderButRs256WithAKey) {
  struct Case {
    std::string header;
    TokenFault fault;
  };
  const Case cases[] = {
      {R"({"alg":"none","kid":"key-1"})", TokenFault::kAlgorithm},
      {R"({"alg":"None","kid":"key-1"})", TokenFault::kAlgorithm},
      {R"({"alg":"nOnE","kid":"key-1"})", TokenFault::kAlgorithm},
      {R"({"alg":"","kid":"key-1"})", TokenFault::kAlgorithm},
      {R"({"alg":"HS256","kid":"key-1"})", TokenFault::kAlgorithm},
      {R"({"alg":"RS384","kid":"key-1"})", TokenFault::kAlgorithm},
      {R"({"alg":"RS512","kid":"key-1"})", TokenFault::kAlgorithm},
      {R"({"alg":"PS256","kid":"key-1"})", TokenFault::kAlgorithm},
      {R"({"alg":"ES256","kid":"key-1"})", TokenFault::kAlgorithm},
      {R"({"alg":"rs256","kid":"key-1"})", TokenFault::kAlgorithm},
      {R"({"alg":"RS256\u0000","kid":"key-1"})", TokenFault::kAlgorithm},
      {R"({"alg":["RS256"],"kid":"key-1"})", TokenFault::kAlgorithm},
      {R"({"alg":null,"kid":"key-1"})", TokenFault::kAlgorithm},
      {R"({"kid":"key-1"})", TokenFault::kAlgorithm},
      {R"({"ALG":"RS256","kid":"key-1"})", TokenFault::kAlgorithm},
      {R"({"alg":"RS256","alg":"RS256","kid":"key-1"})", TokenFault::kMalformed},
      {R"({"alg":"RS256","alg":"none","kid":"key-1"})", TokenFault::kMalformed},
      {R"({"alg":"RS256","\u0061lg":"none","kid":"key-1"})", TokenFault::kMalformed},
      {R"({"alg":"RS256","kid":"key-1","kid":"key-2"})", TokenFault::kMalformed},
      {R"({"alg":"RS256"})", TokenFault::kNoKeyId},
      {R"({"alg":"RS256","kid":""})", TokenFault::kNoKeyId},
      {R"({"alg":"RS256","kid":7})", TokenFault::kNoKeyId},
      {R"({"alg":"RS256","x5t":"key-1"})", TokenFault::kNoKeyId},
      {R"({"alg":"RS256","kid":")" + std::string(257, 'k') + "\"}", TokenFault::kNoKeyId},
      {R"({"alg":"RS256","kid":")" + std::string(256, 'k') + "\"}", TokenFault::kNone},
      {R"({"alg":"RS256","kid":"../../../dev/null"})", TokenFault::kNone},  // a name, and nothing more
      {R"({"alg":"RS256","kid":"x' UNION SELECT 'k'--"})", TokenFault::kNone},
      {header(R"(,"crit":["exp"])"), TokenFault::kExtension},
      {header(R"(,"crit":[])"), TokenFault::kExtension},
      {header(R"(,"crit":null,"b64":false)"), TokenFault::kExtension},
      {R"({"typ":"JWE","alg":"RS256","kid":"key-1"})", TokenFault::kExtension},
      {R"({"typ":"dpop+jwt","alg":"RS256","kid":"key-1"})", TokenFault::kExtension},
      {R"({"typ":7,"alg":"RS256","kid":"key-1"})", TokenFault::kExtension},
      {R"({"typ":"application/at+jwt","alg":"RS256","kid":"key-1"})", TokenFault::kNone},
      {R"({"typ":"jwt","alg":"RS256","kid":"key-1"})", TokenFault::kNone},
      {R"({"alg":"RS256","kid":"key-1"})", TokenFault::kNone},
      {R"( {"alg":"RS256","kid":"key-1"} )", TokenFault::kNone},
      {R"({"alg":"RS256","kid":"key-1"}{})", TokenFault::kMalformed},
      {R"({"alg":"RS256","kid":"key-1"},)", TokenFault::kMalformed},
      {R"({"alg":"RS256","kid":"key-1",})", TokenFault::kMalformed},
      {R"(["RS256"])", TokenFault::kMalformed},
      {R"("RS256")", TokenFault::kMalformed},
      {"null", TokenFault::kMalformed},
      {"{\"alg\":\"RS256\",\"kid\":\"\xff\"}", TokenFault::kMalformed},
      {"{\"alg\":\"RS256\",\"kid\":\"key-1\",\"a\":\"\\ud800\"}", TokenFault::kMalformed},
      {R"({"alg":"RS256","kid":"key-1","a":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]})", TokenFault::kMalformed},
      {"", TokenFault::kMalformed},
      {"{}", TokenFault::kAlgorithm},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(judged(unsigned_token(c.header, claims())), c.fault) << c.header;
  }
}

TEST(TokenReader, RefusesClaimsThatAreMissingTwiceOrOfAnotherType) {
  struct Case {
    std::string_view name;
    std::string written;
    TokenFault fault;
  };
  const std::string now = std::to_string(kNow);
  const Case cases[] = {
      {"iss", "", TokenFault::kClaims},
      {"iss", "\"iss\":7", TokenFault::kClaims},
      {"iss", "\"iss\":\"\"", TokenFault::kClaims},
      {"aud", "", TokenFault::kClaims},
      {"aud", "\"aud\":[\"" + std::string(kAudience) + "\"]", TokenFault::kClaims},
      {"aud", "\"aud\":null", TokenFault::kClaims},
      {"azp", "", TokenFault::kClaims},
      {"azp", "\"azp\":true", TokenFault::kClaims},
      {"azp", "\"appid\":\"" + std::string(kParty) + "\"", TokenFault::kClaims},
      {"exp", "", TokenFault::kClaims},
      {"exp", "\"exp\":\"" + now + "\"", TokenFault::kClaims},
      {"exp", "\"exp\":1764180000.5", TokenFault::kClaims},
      {"exp", "\"exp\":1e10", TokenFault::kClaims},
      {"exp", "\"exp\":-1", TokenFault::kClaims},
      {"exp", "\"exp\":253402300800", TokenFault::kClaims},
      {"exp", "\"exp\":9223372036854775807", TokenFault::kClaims},
      {"exp", "\"exp\":18446744073709551615", TokenFault::kClaims},
      {"exp", "\"exp\":99999999999999999999", TokenFault::kMalformed},
      {"exp", "\"exp\":01764180000", TokenFault::kMalformed},
      {"exp", "\"exp\":null", TokenFault::kClaims},
      {"exp", "\"exp\":253402300799", TokenFault::kNone},
      {"nbf", "\"nbf\":\"" + now + "\"", TokenFault::kClaims},
      {"nbf", "\"nbf\":-9223372036854775808", TokenFault::kClaims},
      {"nbf", "\"nbf\":null", TokenFault::kClaims},
      {"nbf", "", TokenFault::kNone},
      {"tid", "\"tid\":7", TokenFault::kClaims},
      {"tid", "\"tid\":null", TokenFault::kClaims},
      {"tid", "", TokenFault::kNone},
      {"tid", "\"tid\":\"\"", TokenFault::kTenant},
      {"aio", "\"exp\":" + now, TokenFault::kMalformed},
      {"aio", "\"\\u0065xp\":" + now, TokenFault::kMalformed},
      {"aio", "\"a\":1,\"a\":1", TokenFault::kMalformed},
      {"aio", "\"a\":{\"exp\":1}", TokenFault::kNone},
      {"aio", "\"EXP\":1", TokenFault::kNone},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(judged(unsigned_token(header(), claims(c.name, c.written))), c.fault) << c.name << " " << c.written;
  }
  std::string many;
  for (int i = 0; i < 53; ++i) many += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + "\":1";
  EXPECT_EQ(judged(unsigned_token(header(), claims("aio", many))), TokenFault::kNone) << "63 of 64";
  EXPECT_EQ(judged(unsigned_token(header(), claims("aio", many + ",\"y\":1,\"z\":1"))), TokenFault::kMalformed);
}

TEST(TokenClaims, AreHeldAgainstThePolicyByteForByte) {
  const auto with = [](std::string_view name, const std::string& value) {
    return judged(unsigned_token(header(), claims(name, "\"" + std::string(name) + "\":\"" + value + "\"")));
  };
  EXPECT_EQ(with("azp", std::string(kAudience)), TokenFault::kParty);
  EXPECT_EQ(with("azp", std::string(kParty) + " "), TokenFault::kParty);
  EXPECT_EQ(with("azp", "99045FE1-7639-4A75-9D4A-577B6CA3810F"), TokenFault::kParty);
  EXPECT_EQ(with("iss", std::string(kIssuer) + "/"), TokenFault::kIssuer);
  EXPECT_EQ(with("iss", std::string(kIssuer).replace(0, 5, "HTTPS")), TokenFault::kIssuer);
  EXPECT_EQ(with("iss", "https://sts.windows.net/" + std::string(kTenant) + "/"), TokenFault::kIssuer);
  EXPECT_EQ(with("aud", std::string(kParty)), TokenFault::kAudience);
  EXPECT_EQ(with("aud", "00000003-0000-0000-c000-000000000000"), TokenFault::kAudience);
  EXPECT_EQ(with("aud", "api://hooks.example/" + std::string(kAudience)), TokenFault::kNone);
  EXPECT_EQ(with("aud", "api://hooks.example/" + std::string(kAudience) + "/"), TokenFault::kAudience);
  EXPECT_EQ(with("tid", std::string(kAudience)), TokenFault::kTenant);
}

TEST(TokenClaims, AreInTheirTimeWithTheSkewAndNoSecondLonger) {
  const std::string token = unsigned_token(header(), claims());  // from -1800 to +1800
  EXPECT_EQ(judged(token, kNow + 1800 + 299), TokenFault::kNone);
  EXPECT_EQ(judged(token, kNow + 1800 + 300), TokenFault::kExpired);
  EXPECT_EQ(judged(token, kNow - 1800 - 300), TokenFault::kNone);
  EXPECT_EQ(judged(token, kNow - 1800 - 301), TokenFault::kNotYetValid);
  TokenPolicy strict = policy();
  strict.skew_s = 0;
  EXPECT_EQ(judged(token, kNow + 1799, strict), TokenFault::kNone);
  EXPECT_EQ(judged(token, kNow + 1800, strict), TokenFault::kExpired);
  EXPECT_EQ(judged(token, kNow - 1801, strict), TokenFault::kNotYetValid);
}

TEST(TokenReader, RefusesOtherFormsThanTheCompactOne) {
  const std::string good = unsigned_token(header(), claims());
  const std::size_t first = good.find('.'), second = good.rfind('.');
  for (const std::string& text : {std::string(), std::string("."), std::string(".."), std::string("..."),
                                  good + ".", good + ".a", "." + good, good.substr(0, second), good.substr(0, first),
                                  good + "=", " " + good, good + " ", good.substr(0, second) + "," + good.substr(second + 1),
                                  std::string("{\"payload\":\"e30\",\"signatures\":[]}"), good + "," + good,
                                  good.substr(0, second + 1) + "@"}) {
    EXPECT_EQ(judged(text), TokenFault::kMalformed) << text;
  }
  // No signature at all is well-formed, and no key has made it.
  EXPECT_EQ(judged(good.substr(0, second + 1)), TokenFault::kNone);
}

TEST(TokenReader, RefusesATokenThatIsTooLarge) {
  const std::string small = unsigned_token(header(), claims());
  const std::string filler(kBytesMax - small.size() - 20, 'x');
  std::string large = unsigned_token(header(), claims("aio", "\"aio\":\"" + filler + "\""));
  EXPECT_GT(large.size(), kBytesMax);
  EXPECT_EQ(judged(large), TokenFault::kTooLarge);
  EXPECT_EQ(judged(std::string(kBytesMax, 'x')), TokenFault::kMalformed);
  EXPECT_EQ(judged(std::string(kBytesMax, 'x') + "x"), TokenFault::kTooLarge);
}

TEST(TokenReader, IsNotSharedByWhatCameBefore) {
  TokenReader reader(kBytesMax);
  Token token;
  EXPECT_EQ(reader.read(unsigned_token(header(), claims()), token), TokenFault::kNone);
  EXPECT_EQ(reader.read(unsigned_token(header(), "{}"), token), TokenFault::kVersion);
  EXPECT_EQ(reader.read(unsigned_token("{}", claims()), token), TokenFault::kAlgorithm);
  EXPECT_EQ(reader.read(unsigned_token("", ""), token), TokenFault::kMalformed);
  EXPECT_EQ(reader.read(unsigned_token(header(), claims()), token), TokenFault::kNone);
}

TEST(TokenFaultNames, AreThereForEach) {
  for (std::size_t i = 0; i < kTokenFaultCount; ++i) {
    EXPECT_FALSE(name(static_cast<TokenFault>(i)).empty());
    EXPECT_FALSE(describe(static_cast<TokenFault>(i)).empty());
  }
  EXPECT_EQ(name(TokenFault::kSignature), "signature");
  EXPECT_EQ(name(TokenFault::kNoKeys), "no_keys");
}

}  // namespace
}  // namespace core::callers
