// What `entra` of a connector's `auth` may hold.
#include <gtest/gtest.h>

#include <string>

#include "core/config/load.h"
#include "tests/core/config/memory_source.h"

namespace core::config {
namespace {

const std::string kTenant = "1f6d2c4e-5b0a-4d8f-9a53-7c1e8b2f4d60";
const std::string kOurs = "tenant: " + kTenant + ", audience: a";

/// Everything said about `auth`, a line each, and in `loaded` what became of it. It stands in line 3.
std::string entra_said(const std::string& auth, Config* loaded = nullptr) {
  MemorySource source;
  source.files["etc/claimgate.yaml"] =
      "listeners: [ { address: 127.0.0.1:8080 } ]\n"
      "connectors: { a: { path: /a, dialect: b2c-userflow, auth:\n" +
      auth + " } }\n";
  source.variables["TENANT"] = kTenant;
  source.variables["URL"] = "https://login.example/hunter2";
  Diagnostics diagnostics;
  Config config = load("etc/claimgate.yaml", source, diagnostics);
  if (loaded != nullptr) *loaded = std::move(config);
  std::string out;
  for (const Diagnostic& one : diagnostics.all()) {
    out += std::to_string(one.mark.line) + ":" + std::to_string(one.mark.column) + ": " + one.message +
           (one.suggestion.empty() ? "" : "; " + one.suggestion) + "\n";
  }
  EXPECT_EQ(diagnostics.render().find("hunter2"), std::string::npos);
  return out;
}

TEST(LoadEntra, NeedsATenantAndAnAudienceAndKnowsTheRest) {
  Config config;
  EXPECT_EQ(entra_said("{ entra: { tenant: 1F6D2C4E-5B0A-4D8F-9A53-7C1E8B2F4D60, audience: 6F0C9D8A-3b1e-4c52-8a77-d94e5f10b2c3 } }",
                 &config), "");
  ASSERT_TRUE(config.connectors.at(0).entra.has_value());
  const EntraTokens& least = *config.connectors[0].entra;
  EXPECT_EQ(least.tenant, kTenant);
  EXPECT_EQ(least.audiences, std::vector<std::string>{"6f0c9d8a-3b1e-4c52-8a77-d94e5f10b2c3"});
  EXPECT_EQ(least.parties, std::vector<std::string>{"99045fe1-7639-4a75-9d4a-577b6ca3810f"});
  EXPECT_EQ(least.clock_skew, milliseconds(300'000));
  ASSERT_EQ(config.token_authorities.size(), 1u);
  EXPECT_EQ(config.token_authorities[0].url.value, "https://login.microsoftonline.com/" + kTenant);
  EXPECT_EQ(config.token_authorities[0].refresh, milliseconds(86'400'000));
  EXPECT_EQ(config.token_authorities[0].ca.value, "");
}

TEST(LoadEntra, TakesAllOfIt) {
  Config config;
  EXPECT_EQ(entra_said("{ entra: { tenant: \"${env:TENANT}\", audience: [ api://Hooks.example/A, b ], authorized_party: "
                 "[ 00000000-0000-4000-8000-00000000000A ], authority: \"HTTPS://x\" } }"),
            "3:148: expected a URL of http or https; write https://login.microsoftonline.com/TENANT\n");
  EXPECT_EQ(entra_said("{ entra: { tenant: \"${env:TENANT}\", audience: [ api://Hooks.example/A, b ], authorized_party: "
                 "[ 00000000-0000-4000-8000-00000000000A ], authority: https://Contoso.ciamlogin.com, ca: ca.pem, "
                 "refresh: 1h, clock_skew: 30s } }", &config), "");
  const EntraTokens& all = *config.connectors.at(0).entra;
  EXPECT_EQ(all.audiences, (std::vector<std::string>{"api://Hooks.example/A", "b"}));
  EXPECT_EQ(all.parties, std::vector<std::string>{"00000000-0000-4000-8000-00000000000a"});
  EXPECT_EQ(all.clock_skew, milliseconds(30'000));
  const TokenAuthority& authority = config.token_authorities.at(0);
  EXPECT_EQ(authority.url.value, "https://contoso.ciamlogin.com/" + kTenant);
  EXPECT_TRUE(authority.url.secret) << "the tenant is";
  EXPECT_EQ(authority.ca.value, "etc/ca.pem");
  EXPECT_EQ(authority.refresh, milliseconds(3'600'000));
}

TEST(LoadEntra, NamesAnAuthorityOnce) {
  Config config;
  const auto connector = [](const std::string& name, const std::string& more) {
    return name + ": { path: /" + name + ", dialect: b2c-userflow, auth: { entra: { " + kOurs + more + " } } }";
  };
  EXPECT_EQ(entra_said("{ entra: { " + kOurs + " } } }, " + connector("b", ", authority: https://LOGIN.microsoftonline.com:443/" + kTenant + "/, refresh: 1h") +
                     ", " + connector("c", ", ca: ca.pem") + ", " +
                     connector("d", ", authority: \"http://[::1]:8080\"") + ", e: { path: /e, dialect: b2c-userflow, auth: anonymous",
                 &config), "");
  ASSERT_EQ(config.token_authorities.size(), 3u);
  EXPECT_EQ(config.connectors.at(0).entra->authority, 0u);
  EXPECT_EQ(config.connectors.at(1).entra->authority, 0u);
  EXPECT_EQ(config.connectors.at(2).entra->authority, 1u);
  EXPECT_EQ(config.connectors.at(3).entra->authority, 2u);
  EXPECT_EQ(config.token_authorities[0].refresh, milliseconds(3'600'000)) << "the shortest";
  EXPECT_EQ(config.token_authorities[2].url.value, "http://[::1]:8080/" + kTenant);
}

TEST(LoadEntra, SaysWhatIsWrongAndWhatToWrite) {
  struct Case {
    std::string entra, said;
  };
  const std::string authority = kOurs + ", authority: ";
  const std::string write = "; write https://login.microsoftonline.com/TENANT\n";
  const Case cases[] = {
      {"", "3:3: the key \"tenant\" is missing; write tenant: 1f6d2c4e-5b0a-4d8f-9a53-7c1e8b2f4d60\n"
           "3:3: the key \"audience\" is missing; write audience: 6f0c9d8a-3b1e-4c52-8a77-d94e5f10b2c3\n"},
      {"tenant: contoso.onmicrosoft.com, audience: a",
       "3:20: a tenant's id is a GUID; it is on the tenant's overview page, and 36 characters long\n"},
      {"tenant: common, audience: a",
       "3:20: a tenant's id is a GUID; it is on the tenant's overview page, and 36 characters long\n"},
      {"tenant: " + kTenant + ", audience: ''",
       "3:68: an audience is a client id or an App ID URI; it is on the page of the app registration\n"},
      {"tenant: " + kTenant + ", audience: [ a, 'b c' ]",
       "3:73: an audience is a client id or an App ID URI; it is on the page of the app registration\n"},
      {"tenant: " + kTenant + ", audience: []",
       "3:68: expected at least one item in the list; write audience: 6f0c9d8a-3b1e-4c52-8a77-d94e5f10b2c3\n"},
      {kOurs + ", authorized_party: any",
       "3:89: an authorized party is the client id of an application, a GUID; write authorized_party: "
       "99045fe1-7639-4a75-9d4a-577b6ca3810f\n"},
      {kOurs + ", clock_skew: 6m", "3:83: "},
      {kOurs + ", refresh: 1m", "3:80: "},
      {authority + "login.microsoftonline.com", "3:82: expected a URL of http or https" + write},
      {authority + "https://login.microsoftonline.com/common", "3:115: the path of an authority is its tenant" + write},
      {authority + "https://login.microsoftonline.com/" + kTenant + "/v2.0", "3:115: the path of an authority is its tenant" + write},
      {authority + "'https://login.example?x'", "3:104: an authority is a scheme, a host and the tenant, and no more" + write},
      {authority + "'https://user@login.example'", "3:95: an authority is a scheme, a host and the tenant, and no more" + write},
      {authority + "'https://{tenant}.ciamlogin.com'", "3:91: an authority is a scheme, a host and the tenant, and no more" + write},
      {authority + "http://login.example", "3:82: whoever changes keys on their way makes tokens that fit; write https://\n"},
      {authority + "http://127.example", "3:82: whoever changes keys on their way makes tokens that fit; write https://\n"},
      {authority + "\"${env:URL}\"", "3:82: the path of an authority is its tenant" + write},
      {authority + "http://127.0.0.1, ca: ca.pem", "3:100: an authority without TLS has no certificate; leave it out, or write https://\n"},
      {kOurs + ", issuer: x", "3:71: unknown key \"issuer\""},
  };
  for (const Case& c : cases) {
    const std::string came = entra_said("{ entra: { " + c.entra + " } }");
    // Bounds are worded by the reader of durations.
    EXPECT_EQ(came.substr(0, c.said.ends_with("\n") ? came.size() : c.said.size()), c.said) << c.entra;
  }
}

}  // namespace
}  // namespace core::config
