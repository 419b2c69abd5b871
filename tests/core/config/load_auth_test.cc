// What `auth` of a connector may hold, and who may stand in front of a listener.
#include <gtest/gtest.h>

#include <string>

#include "core/config/load.h"
#include "tests/core/config/memory_source.h"

namespace core::config {
namespace {

constexpr std::string_view kThumbprint =
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// Everything said about a file, a line each: "line:column: message; hint".
std::string said(const std::string& file, Config* loaded = nullptr) {
  MemorySource source;
  source.files["claimgate.yaml"] = file;
  source.variables["WORD"] = "sesame-sesame-sesame";
  Diagnostics diagnostics;
  Config config = load("claimgate.yaml", source, diagnostics);
  if (loaded != nullptr) *loaded = std::move(config);
  std::string out;
  for (const Diagnostic& one : diagnostics.all()) {
    out += std::to_string(one.mark.line) + ":" + std::to_string(one.mark.column) +
           (one.severity == Severity::kWarning ? ": warning: " : ": ") + one.message +
           (one.suggestion.empty() ? "" : "; " + one.suggestion) + "\n";
  }
  EXPECT_EQ(diagnostics.render().find("hunter2"), std::string::npos);
  return out;
}

/// With this `auth` in line 3.
std::string said_of(const std::string& auth,
                    const std::string& tls = "certificate: a, client_certificate: optional",
                    Config* loaded = nullptr) {
  return said("listeners: [ { address: 127.0.0.1:8443, tls: { " + tls +
                  " } } ]\n"
                  "connectors: { a: { path: /a, dialect: b2c-userflow, auth:\n" +
                  auth + " } }\n",
              loaded);
}

TEST(LoadAuth, TakesAllOfIt) {
  Config config;
  EXPECT_EQ(
      said_of("{ basic: { username: b2c, password: \"${env:WORD}\" }, bearer: [ \"${env:WORD}\", "
              "0123456789abcdef ], certificate: [ { sha256: \"" +
                  std::string(kThumbprint) +
                  "\" }, { ca: tls/ca.pem, subject: CN=a, issuer: CN=b, san: 'dns:A.Example' }, "
                  "{ ca: tls/ca.pem } ], api_key: { query: code, value: \"${env:WORD}\" }, "
                  "addresses: [ 192.0.2.0/24, '2001:db8::/32', unix ] }",
              "certificate: a, client_certificate: optional", &config),
      "");
  const Connector& a = config.connectors.at(0);
  EXPECT_EQ(a.bearer.size(), 2u);
  ASSERT_EQ(a.certificates.size(), 3u);
  EXPECT_EQ(a.certificates[0].sha256->at(0), 0x9F);
  EXPECT_EQ(a.certificates[0].sha256->at(31), 0x08);
  EXPECT_EQ(a.certificates[0].authority, CallerCertificate::kListener);
  EXPECT_EQ(a.certificates[1].name.value, "DNS:a.example");
  EXPECT_EQ(a.certificates[1].authority, 0u);
  EXPECT_EQ(a.certificates[2].authority, 0u) << "one file, one number";
  ASSERT_EQ(config.caller_authorities.size(), 1u);
  EXPECT_EQ(config.caller_authorities[0].value, "tls/ca.pem");
  EXPECT_TRUE(a.api_key->in_query);
  EXPECT_EQ(a.addresses.size(), 2u);
  EXPECT_TRUE(a.local_addresses);
}

TEST(LoadAuth, ReadsThumbprintsAsToolsPrintThem) {
  std::string upper;
  for (std::size_t i = 0; i < kThumbprint.size(); ++i) {
    if (i > 0 && i % 2 == 0) upper += ':';
    upper += static_cast<char>(std::toupper(kThumbprint[i]));
  }
  EXPECT_EQ(said_of("{ certificate: { sha256: \"" + upper + "\" } }"), "");
}

TEST(LoadAuth, SaysWhatIsWrongAndWhatToWrite) {
  struct Case {
    std::string auth, said;
  };
  const Case cases[] = {
      {"{ api_key: { query: code, value: \"${env:WORD}\" } }",
       "2:53: one of these keys is missing: basic, bearer, entra, certificate; write basic: { username: "
       "b2c, "
       "password: \"${env:B2C_PASSWORD}\" }\n"},
      {"{ bearer: hunter2 }",
       "3:11: a secret has 16 to 512 visible ASCII characters; as from openssl rand -hex 32\n"},
      {"{ bearer: [] }",
       "3:11: expected at least one item in the list; write bearer: \"${env:B2C_TOKEN}\"\n"},
      {"{ bearer: \"${env:WORD}\", api_key: { value: \"${env:WORD}\" } }",
       "3:26: one of these keys is missing: query, header; write query: code\n"},
      {"{ bearer: \"${env:WORD}\", api_key: { header: Host, value: \"${env:WORD}\" } }",
       "3:45: that field has a meaning of its own; write header: x-api-key\n"},
      {"{ bearer: \"${env:WORD}\", api_key: { header: 'x key', value: \"${env:WORD}\" } }",
       "3:45: not the name of a header field; write header: x-api-key\n"},
      {"{ bearer: \"${env:WORD}\", api_key: { query: 'a&b', value: \"${env:WORD}\" } }",
       "3:44: not the name of a parameter; write query: code\n"},
      {"{ bearer: \"${env:WORD}\", addresses: [ 192.0.2.1/24 ] }",
       "3:39: bits behind the prefix are set; write the first address of the network, or no "
       "prefix\n"},
      {"{ certificate: { sha256: 9f86 } }",
       "3:26: a SHA-256 thumbprint has 64 hexadecimal digits; as openssl x509 -noout -fingerprint "
       "-sha256 prints it\n"},
      {"{ certificate: {} }",
       "3:3: one of these keys is missing: sha256, ca, subject, issuer, san; write sha256: "
       "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08\n"},
      {"{ certificate: { ca: ca.pem, san: a.example } }",
       "3:35: an alternative name begins with DNS:, URI:, email: or IP:; write san: "
       "\"DNS:api.contoso.example\"\n"},
      {"{ certificate: { subject: CN=a } }",
       "3:3: anybody can make a certificate that fits; write sha256: or ca: as well, or client_ca: "
       "in "
       "the listener's tls\n"},
  };
  for (const Case& c : cases) EXPECT_EQ(said_of(c.auth), c.said) << c.auth;
  EXPECT_EQ(said_of("{ certificate: { subject: CN=a } }", "certificate: a, client_ca: b"), "");
  EXPECT_EQ(
      said_of("{ certificate: { ca: ca.pem } }", "certificate: a"),
      "3:3: no listener asks callers for certificates; write client_certificate: required in the "
      "listener's tls\n");
}

TEST(LoadAuth, WarnsOfSecretsInAFileThatOtherMachinesUse) {
  EXPECT_EQ(
      said("listeners: [ { address: 0.0.0.0:8080 } ]\n"
           "connectors: { a: { path: /a, dialect: b2c-userflow, auth:\n"
           "{ bearer: 0123456789abcdef, api_key: { query: code, value: 0123456789abcdef } } } }\n"),
      "3:11: warning: a secret is written in the file; write \"${env:NAME}\" or \"${file:PATH}\"\n"
      "3:60: warning: a secret is written in the file; write \"${env:NAME}\" or "
      "\"${file:PATH}\"\n");
}

std::string said_of_listener(const std::string& keys, Config* loaded = nullptr) {
  return said("listeners: [ { " + keys +
                  " } ]\n"
                  "connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }\n",
              loaded);
}

TEST(LoadListeners, BelieveOnlyProxiesThatAreNamedOrOfThisMachine) {
  Config config;
  EXPECT_EQ(
      said_of_listener(
          "address: 0.0.0.0:80, proxy_protocol: v2, forwarded_for: 2, proxies: [ 10.0.0.0/8 ]",
          &config),
      "");
  EXPECT_EQ(config.listeners.at(0).proxy_protocol, ProxyProtocol::kV2);
  EXPECT_EQ(config.listeners.at(0).forwarded_for, 2);
  EXPECT_EQ(config.listeners.at(0).proxies.size(), 1u);
  EXPECT_FALSE(config.listeners.at(0).local_proxies);
  EXPECT_EQ(said_of_listener("address: 127.0.0.1:80, proxy_protocol: any", &config), "");
  EXPECT_EQ(config.listeners.at(0).proxies.size(), 2u);
  EXPECT_TRUE(config.listeners.at(0).local_proxies);
  for (const char* const key : {"proxy_protocol: v1", "forwarded_for: 1"}) {
    EXPECT_EQ(
        said_of_listener(std::string("address: 0.0.0.0:80, ") + key),
        "1:37: whoever can connect would be believed; write proxies: [ 10.0.0.0/8 ], the networks "
        "of your load balancers\n");
  }
  EXPECT_EQ(said_of_listener("address: 0.0.0.0:80, proxies: [ 10.0.0.0/8 ]"),
            "1:37: proxies are believed nothing here; write proxy_protocol: v2 or forwarded_for: 1 "
            "as well\n");
  EXPECT_EQ(said_of_listener("address: 0.0.0.0:80, forwarded_for: 1, proxies: [ lb.internal ]"),
            "1:66: no IP address or network; write 192.0.2.0/24, 2001:db8::/32 or one address\n");
  EXPECT_EQ(said_of_listener("address: 127.0.0.1:80, proxy_protocol: v3"),
            "1:55: unknown proxy_protocol \"v3\"; one of: off, v1, v2, any\n");
}

}  // namespace
}  // namespace core::config
