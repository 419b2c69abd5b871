#include "core/gate/caller.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/callers/token_verifier.h"
#include "tests/core/callers/signed_token.h"

namespace core::gate {
namespace {

// RFC 4648, section 10.
TEST(Base64, EncodesThePublishedVectors) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(CallerCheck, AdmitsEachOfItsCredentialsAndNobodyElse) {
  CallerCheck check;
  EXPECT_FALSE(check.admits("Basic Og==")) << "nobody is known yet";
  check.accept_basic("b2c", "s3cr:et");
  check.accept_basic("b2c", "next");
  EXPECT_TRUE(check.admits("Basic " + base64("b2c:s3cr:et")));
  EXPECT_TRUE(check.admits("BASIC   " + base64("b2c:next")));
  const std::string right = base64("b2c:s3cr:et");
  for (std::size_t i = 0; i < right.size(); ++i) {
    std::string wrong = right;
    wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(check.admits("Basic " + wrong));
    EXPECT_FALSE(check.admits("Basic " + right.substr(0, i)));
  }
  EXPECT_FALSE(check.admits("Basic " + right + "A"));
  EXPECT_FALSE(check.admits("Basic " + base64("b2c:S3cr:et")));
  EXPECT_FALSE(check.admits("Basic" + right));
  EXPECT_FALSE(check.admits(""));
}

TEST(CallerCheck, AdmitsEverybodyOnlyInWords) {
  EXPECT_TRUE(CallerCheck::anonymous().admits(""));
  EXPECT_FALSE(CallerCheck().admits(""));
}

/// A request with these fields.
struct CallerAsks {
  std::vector<http::Header> fields;
  http::Request request;

  explicit CallerAsks(std::vector<http::Header> with, std::string_view query = {})
      : fields(std::move(with)) {
    request.fields = fields.data();
    request.field_count = fields.size();
    request.query = query;
    for (const http::Header& field : fields) {
      if (field.name != "Authorization") continue;
      request.known_[static_cast<std::size_t>(http::Known::kAuthorization)] = field.value;
    }
  }
};

const std::string kKey = "0123456789abcdef+/=&";
const std::string kBearer = "Bearer tokentokentokentoken";

TEST(CallerCheck, AdmitsEachOfItsTokensBesideUserAndPassword) {
  CallerCheck check;
  check.accept_bearer("tokentokentokentoken");
  check.accept_bearer("another-token-of-ours");
  EXPECT_EQ(check.challenge(), R"(Bearer realm="claimgate")");
  EXPECT_TRUE(check.admits(kBearer));
  EXPECT_TRUE(check.admits("bearer  another-token-of-ours"));
  for (const char* const wrong : {"Bearer tokentokentokentokem", "Bearer tokentokentoken", "Bearer ", "Bearer",
                                  "Basic tokentokentokentoken", "tokentokentokentoken", ""}) {
    EXPECT_FALSE(check.admits(wrong)) << wrong;
  }
  EXPECT_FALSE(check.admits("Basic Og=="));
  check.accept_basic("b2c", "s3cret");
  EXPECT_TRUE(check.admits("Basic " + base64("b2c:s3cret")));
  EXPECT_TRUE(check.admits(kBearer));
}

// The token itself is tests/core/callers' business.
TEST(CallerCheck, AcceptsTokensOfEntraBesideOthersAndInAdditionToAKey) {
  using callers::TokenFault;
  callers::TokenVerifier verifier({4096, 16, {1, 2}});
  auto keys = std::make_shared<callers::KeyTable>(2);
  (*keys)[1].keys = callers::keys_of(callers::signing_key().entry());
  verifier.adopt(keys);
  Caller caller;
  caller.now_s = callers::kNow;
  caller.tokens = &verifier;
  CallerCheck check;
  EXPECT_EQ(check.tokens(), nullptr);
  check.accept_tokens(callers::policy());
  ASSERT_NE(check.tokens(), nullptr);
  EXPECT_EQ(check.tokens()->tenant, callers::kTenant);
  EXPECT_EQ(check.challenge(), R"(Bearer realm="claimgate")");
  const std::string token = callers::good_token();
  const auto fault = [&](const std::string& authorization, const std::string& key = {}) {
    std::vector<http::Header> fields = {{"X-Key", key}};
    if (!authorization.empty()) fields.push_back({"Authorization", authorization});
    const CallerAsks asked(std::move(fields));
    return check.check(asked.request, caller);
  };
  EXPECT_EQ(fault("Bearer " + token), CallerFault::kNone);
  EXPECT_EQ(fault("bEARER   " + token), CallerFault::kNone);
  for (const std::string& none : {std::string(), std::string("Bearer"), std::string("Bearer "), "Basic " + token,
                                  "Bearer" + token, token}) {
    EXPECT_EQ(fault(none), CallerFault::kCredentials) << none;
  }
  EXPECT_EQ(fault("Bearer " + token + "A"), CallerFault::kToken);
  EXPECT_EQ(verifier.fault(), TokenFault::kSignature);
  EXPECT_EQ(fault("Bearer " + token + ", " + token), CallerFault::kToken);
  caller.tokens = nullptr;
  EXPECT_EQ(fault("Bearer " + token), CallerFault::kCredentials) << "where nobody verifies them";
  caller.tokens = &verifier;

  check.accept_basic("b2c", "s3cret");
  check.accept_bearer("tokentokentokentoken");
  const std::uint64_t looked_at = verifier.counters().verified + verifier.counters().remembered;
  EXPECT_EQ(fault("Basic " + base64("b2c:s3cret")), CallerFault::kNone);
  EXPECT_EQ(fault(kBearer), CallerFault::kNone);
  EXPECT_EQ(fault("Basic " + base64("b2c:s3cres")), CallerFault::kCredentials);
  EXPECT_EQ(verifier.counters().verified + verifier.counters().remembered, looked_at);
  EXPECT_EQ(fault("Bearer " + token), CallerFault::kNone);

  check.want_key("x-key", false, {kKey});
  EXPECT_EQ(fault("Bearer " + token, kKey), CallerFault::kNone);
  EXPECT_EQ(fault("Bearer " + token, "another"), CallerFault::kCredentials);
  EXPECT_EQ(fault("Bearer " + token + "A", kKey), CallerFault::kToken);
}

TEST(CallerCheck, WantsTheKeyOnceAndInAddition) {
  for (const bool in_query : {false, true}) {
    CallerCheck check;
    check.accept_bearer("tokentokentokentoken");
    check.want_key(in_query ? "code" : "x-key", in_query, {"older-key-of-theirs", kKey});
    const auto fault = [&](std::vector<http::Header> fields, std::string_view query,
                           bool authorized = true) {
      if (authorized) fields.push_back({"Authorization", kBearer});
      const CallerAsks asked(std::move(fields), query);
      return check.check(asked.request, {});
    };
    if (in_query) {
      for (const char* const right :
           {"code=0123456789abcdef%2B%2f%3D%26", "a=b&code=0123456789abcdef+/=%26&c=d", "code=older-key-of-theirs"}) {
        EXPECT_EQ(fault({}, right), CallerFault::kNone) << right;
        EXPECT_EQ(fault({}, right, false), CallerFault::kCredentials) << "never alone";
      }
      for (const char* const wrong :
           {"", "code", "code=", "Code=older-key-of-theirs", "code=older-key-of-their", "code=older-key-of-theirs%",
            "code=older-key-of-theirs%0", "code=older-key-of-theirs%00", "code=%6", "xcode=older-key-of-theirs",
            "code=older-key-of-theirs&code=older-key-of-theirs", "code=x&code=older-key-of-theirs"}) {
        EXPECT_EQ(fault({}, wrong), CallerFault::kCredentials) << wrong;
      }
      EXPECT_EQ(fault({}, "code=" + std::string(10'000, 'x')), CallerFault::kCredentials);
      EXPECT_EQ(fault({{"code", kKey}}, ""), CallerFault::kCredentials);
    } else {
      EXPECT_EQ(fault({{"X-Key", kKey}}, ""), CallerFault::kNone);
      EXPECT_EQ(fault({{"X-Key", kKey}}, "", false), CallerFault::kCredentials);
      EXPECT_EQ(fault({{"X-Key", kKey}, {"x-key", kKey}}, ""), CallerFault::kCredentials) << "twice";
      EXPECT_EQ(fault({{"X-Key", ""}}, ""), CallerFault::kCredentials);
      EXPECT_EQ(fault({}, "x-key=older-key-of-theirs"), CallerFault::kCredentials);
    }
  }
}

TEST(CallerCheck, WantsCallersFromItsNetworks) {
  CallerCheck check;
  check.accept_bearer("tokentokentokentoken");
  callers::AddressSet addresses;
  addresses.add(*lists::read_network("192.0.2.0/24").network);
  check.want_addresses(std::move(addresses));
  const CallerAsks asked({{"Authorization", kBearer}});
  const auto from = [](const char* text) { return callers::Address::of(*lists::read_network(text).network); };
  const callers::Address inside = from("192.0.2.7"), outside = from("192.0.3.7");
  EXPECT_EQ(check.check(asked.request, {&inside}), CallerFault::kNone);
  EXPECT_EQ(check.check(asked.request, {&outside}), CallerFault::kAddress);
  EXPECT_EQ(check.check(asked.request, {}), CallerFault::kAddress);
}

TEST(CallerCheck, AcceptsACertificateWhenAllThatIsWrittenFits) {
  ShownCertificate shown;
  shown.sha256.fill(7);
  shown.subject = "CN=api.contoso.onmicrosoft.com";
  shown.issuer = "CN=Callers";
  shown.names = {"DNS:api.contoso.example", "URI:urn:b2c"};
  shown.not_before_s = 1'000;
  shown.not_after_s = 2'000;
  const CallerAsks asked({});
  const auto fault = [&](const AcceptedCertificate& accepted, std::int64_t now_s = 1'500) {
    CallerCheck check;
    AcceptedCertificate other;  // an older one, that does not fit
    other.pinned = true;
    check.accept_certificate(other);
    check.accept_certificate(accepted);
    EXPECT_TRUE(check.challenge().empty());
    EXPECT_EQ(check.check(asked.request, {}), CallerFault::kNoCertificate);
    return check.check(asked.request, {{}, &shown, now_s});
  };
  AcceptedCertificate pinned;
  pinned.pinned = true;
  pinned.sha256.fill(7);
  EXPECT_EQ(fault(pinned), CallerFault::kNone) << "nobody has to vouch for it";
  EXPECT_EQ(fault(pinned, 1'000), CallerFault::kNone);
  EXPECT_EQ(fault(pinned, 999), CallerFault::kCertificateExpired);
  EXPECT_EQ(fault(pinned, 2'001), CallerFault::kCertificateExpired);
  pinned.sha256[31] = 8;
  EXPECT_EQ(fault(pinned), CallerFault::kCertificate);

  AcceptedCertificate named;
  named.subject = shown.subject;
  EXPECT_EQ(fault(named), CallerFault::kCertificate) << "anybody can write a subject";
  shown.trusted = true;
  EXPECT_EQ(fault(named), CallerFault::kNone);
  named.issuer = shown.issuer;
  named.name = "URI:urn:b2c";
  EXPECT_EQ(fault(named), CallerFault::kNone);
  for (std::string AcceptedCertificate::* const part :
       {&AcceptedCertificate::subject, &AcceptedCertificate::issuer, &AcceptedCertificate::name}) {
    AcceptedCertificate wrong = named;
    (wrong.*part) += "x";
    EXPECT_EQ(fault(wrong), CallerFault::kCertificate);
  }
  named.authority = 5;
  EXPECT_EQ(fault(named), CallerFault::kCertificate) << "not the listener's authority";
  shown.authorities = std::uint64_t{1} << 5;
  EXPECT_EQ(fault(named), CallerFault::kNone);
  pinned.sha256 = shown.sha256;
  pinned.authority = 6;
  EXPECT_EQ(fault(pinned), CallerFault::kCertificate) << "both were asked for";
}

}  // namespace
}  // namespace core::gate
