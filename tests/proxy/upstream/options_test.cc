#include "proxy/upstream/options.h"

#include <gtest/gtest.h>

#include "tests/core/config/memory_source.h"
#include "tests/proxy/upstream/certificates.h"

namespace proxy::upstream {
namespace {

/// A configuration with one backend, of which `members` are the lines behind its endpoints.
class Resolving {
 public:
  Resolving() {
    source_.variables["SECRET"] = "s3cret";
    source_.files["/c/ca.pem"] = authority_.pem();
    const Authority::Pair pair = authority_.issue("DNS:claimgate");
    source_.files["/c/tls/own.crt"] = pair.certificate;
    source_.files["/c/tls/own.key"] = pair.key;
    source_.files["/c/tls/other.key"] = authority_.issue("DNS:claimgate").key;
    source_.files["/c/empty.pem"] = "";
    source_.files["/c/text.pem"] = "no certificate\n";
  }

  /// The backend, or nothing and said().
  std::optional<BackendOptions> resolve(const std::string& members,
                                        const std::string& endpoints = "[ https://crm.internal ]") {
    source_.files["/c/claimgate.yaml"] = "listeners: [ { address: 127.0.0.1:0 } ]\n"
        "backends:\n  crm:\n    endpoints: " + endpoints + "\n    response: [ { continue: {} } ]\n" + members +
        "connectors:\n  signup:\n    path: /signup\n    dialect: b2c-userflow\n"
        "    auth: { basic: [ { username: b2c, password: \"${env:SECRET}\" } ] }\n";
    core::config::Diagnostics diagnostics;
    const core::config::Config config = core::config::load("/c/claimgate.yaml", source_, diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.render();
    const auto list = resolve_backends(config.backends, source_, diagnostics);
    said_ = diagnostics.render();
    EXPECT_EQ(list == nullptr, diagnostics.has_errors());
    if (list == nullptr) return std::nullopt;
    EXPECT_EQ(list->size(), 1U);
    return list->front();
  }
  const std::string& said() const { return said_; }
  const Authority& authority() const { return authority_; }
  core::config::MemorySource& source() { return source_; }

 private:
  Authority authority_;
  core::config::MemorySource source_;
  std::string said_;
};

TEST(ResolveBackends, DefaultsAreThoseOfTheReference) {
  const auto backend = Resolving().resolve("");
  ASSERT_TRUE(backend.has_value());
  EXPECT_EQ(backend->name, "crm");
  EXPECT_EQ(backend->timeout_ms, 1'500U);
  EXPECT_EQ(backend->connect_timeout_ms, 500U);
  EXPECT_EQ(backend->idle_ms, 30'000U);
  EXPECT_EQ(backend->dns_ttl_ms, 30'000U);
  EXPECT_EQ(backend->retries, 1U);
  EXPECT_EQ(backend->retry_budget, 0.1);
  EXPECT_FALSE(backend->idempotent);
  EXPECT_FALSE(backend->hedge_after_ms.has_value());
  EXPECT_EQ(backend->connections_max, 64U);
  EXPECT_EQ(backend->in_flight_max, 256U);
  EXPECT_EQ(backend->queue_max, 1'024U);
  EXPECT_EQ(backend->response_bytes_max, 1U << 20);
  EXPECT_EQ(backend->header_bytes_max, 32U << 10);
  EXPECT_EQ(backend->breaker, BreakerOptions());
  EXPECT_TRUE(backend->health.path.empty());
  EXPECT_TRUE(backend->credentials.empty());
  EXPECT_TRUE(backend->query.empty());
  EXPECT_FALSE(backend->oauth.has_value());
}

TEST(ResolveBackends, TakesWhatIsWritten) {
  const auto backend = Resolving().resolve(R"(    timeout: 2s
    connect_timeout: 300ms
    idle_timeout: 10s
    dns_ttl: 5s
    retries: 3
    retry_budget: 0.5
    idempotent: true
    hedge_after: 100ms
    limits: { connections: 2, in_flight: 3, queue: 0, response_bytes: 2KiB, header_bytes: 1KiB }
    breaker: { failures: 4, error_share: 0.25, requests: 5, window: 6s, open: 7s }
    health: { path: /h, interval: 200ms, timeout: 50ms, rise: 4, fall: 5, status: [ 200, "4xx" ], slow_return: 8s }
)");
  ASSERT_TRUE(backend.has_value());
  EXPECT_EQ(backend->timeout_ms, 2'000U);
  EXPECT_EQ(backend->connect_timeout_ms, 300U);
  EXPECT_EQ(backend->idle_ms, 10'000U);
  EXPECT_EQ(backend->dns_ttl_ms, 5'000U);
  EXPECT_EQ(backend->retries, 3U);
  EXPECT_EQ(backend->retry_budget, 0.5);
  EXPECT_TRUE(backend->idempotent);
  EXPECT_EQ(backend->hedge_after_ms, 100U);
  EXPECT_EQ(backend->connections_max, 2U);
  EXPECT_EQ(backend->in_flight_max, 3U);
  EXPECT_EQ(backend->queue_max, 0U);
  EXPECT_EQ(backend->response_bytes_max, 2U << 10);
  EXPECT_EQ(backend->header_bytes_max, 1U << 10);
  EXPECT_EQ(backend->breaker, (BreakerOptions{4, 0.25, 5, 6'000, 7'000}));
  EXPECT_EQ(backend->health.path, "/h");
  EXPECT_EQ(backend->health.interval_ms, 200U);
  EXPECT_EQ(backend->health.timeout_ms, 50U);
  EXPECT_EQ(backend->health.rise, 4U);
  EXPECT_EQ(backend->health.fall, 5U);
  EXPECT_EQ(backend->health.statuses, (std::vector<std::pair<int, int>>{{200, 200}, {400, 499}}));
  EXPECT_EQ(backend->health.slow_return_ms, 8'000U);
}

TEST(ResolveBackends, EndpointsHaveNamesHostsAndWeights) {
  const auto backend = Resolving().resolve("", R"(
      - https://crm-1.internal/base
      - { url: "http://crm-2.internal:8080", weight: 5 }
      - { url: "https://[::1]:8443", weight: 0 }
      - http://10.0.0.1:80)");
  ASSERT_TRUE(backend.has_value());
  struct Case {
    const char *name, *host, *authority, *base;
    std::uint16_t port;
    unsigned weight;
    bool tls;
  };
  constexpr Case kCases[] = {
      {"https://crm-1.internal/base", "crm-1.internal", "crm-1.internal", "/base", 443, 100, true},
      {"http://crm-2.internal:8080", "crm-2.internal", "crm-2.internal:8080", "", 8080, 5, false},
      {"https://[::1]:8443", "::1", "[::1]:8443", "", 8443, 0, true},
      {"http://10.0.0.1", "10.0.0.1", "10.0.0.1", "", 80, 100, false},
  };
  ASSERT_EQ(backend->endpoints.size(), std::size(kCases));
  for (std::size_t i = 0; i < std::size(kCases); ++i) {
    const Case& c = kCases[i];
    const EndpointOptions& endpoint = backend->endpoints[i];
    EXPECT_EQ(endpoint.name, c.name);
    EXPECT_EQ(endpoint.host, c.host);
    EXPECT_EQ(endpoint.server_name, c.host);
    EXPECT_EQ(endpoint.authority, c.authority);
    EXPECT_EQ(endpoint.base_path, c.base);
    EXPECT_EQ(endpoint.port, c.port);
    EXPECT_EQ(endpoint.weight, c.weight);
    EXPECT_EQ(endpoint.tls, c.tls);
  }
}

TEST(ResolveBackends, CredentialsAreWholeFieldsOrAPartOfTheQuery) {
  struct Case {
    const char *auth, *field, *query;
  };
  constexpr Case kCases[] = {
      {"{ basic: { username: claimgate, password: \"${env:SECRET}\" } }",
       "Authorization: Basic Y2xhaW1nYXRlOnMzY3JldA==\r\n", ""},
      {"{ bearer: \"${env:SECRET}\" }", "Authorization: Bearer s3cret\r\n", ""},
      {"{ header: { name: X-Api-Key, value: \"${env:SECRET}\" } }", "X-Api-Key: s3cret\r\n", ""},
      {"{ query: { name: a code, value: \"${env:QUERY}\" } }", "", "a%20code=%26x%3D%C3%A5"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.auth);
    Resolving resolving;
    resolving.source().variables["QUERY"] = "&x=å";
    const auto backend = resolving.resolve(std::string("    auth: ") + c.auth + "\n");
    ASSERT_TRUE(backend.has_value());
    EXPECT_EQ(backend->credentials, c.field);
    EXPECT_EQ(backend->query, c.query);
    EXPECT_FALSE(backend->oauth.has_value());
  }
}

TEST(ResolveBackends, OauthNamesATokenServer) {
  const auto backend = Resolving().resolve(
      "    auth: { oauth: { token_url: \"https://login.test:8443/t/token?p=1\", client_id: me,\n"
      "      client_secret: \"${env:SECRET}\", scope: a b, audience: crm, refresh_early: 30s } }\n"
      "    tls: { ca: ca.pem, certificate: tls/own.crt, key: tls/own.key }\n");
  ASSERT_TRUE(backend.has_value());
  ASSERT_TRUE(backend->oauth.has_value());
  const OauthOptions& oauth = *backend->oauth;
  EXPECT_EQ(oauth.endpoint.name, "https://login.test:8443");
  EXPECT_EQ(oauth.endpoint.host, "login.test");
  EXPECT_EQ(oauth.endpoint.port, 8443);
  EXPECT_TRUE(oauth.endpoint.tls);
  EXPECT_EQ(oauth.target, "/t/token?p=1");
  EXPECT_EQ(oauth.client_id, "me");
  EXPECT_EQ(oauth.client_secret, "s3cret");
  EXPECT_EQ(oauth.scope, "a b");
  EXPECT_EQ(oauth.audience, "crm");
  EXPECT_EQ(oauth.refresh_early_ms, 30'000U);
  ASSERT_NE(oauth.tls, nullptr);
  ASSERT_NE(backend->tls, nullptr);
  EXPECT_NE(oauth.tls->identity(), backend->tls->identity()) << "the client certificate is not for it";
  EXPECT_TRUE(backend->credentials.empty());
}

TEST(ResolveBackends, OneTlsContextIsSharedByAllOfABackendAndTheSameWhenItsFilesAre) {
  Resolving resolving;
  const std::string tls = "    tls: { ca: ca.pem, certificate: tls/own.crt, key: tls/own.key, server_name: crm.test }\n";
  const auto one = resolving.resolve(tls);
  const auto again = resolving.resolve(tls);
  ASSERT_TRUE(one && again) << resolving.said();
  EXPECT_EQ(one->tls->identity(), again->tls->identity());
  EXPECT_EQ(one->endpoints[0].server_name, "crm.test");
  resolving.source().files["/c/ca.pem"] = Authority().pem();
  const auto other = resolving.resolve(tls);
  ASSERT_TRUE(other.has_value());
  EXPECT_NE(one->tls->identity(), other->tls->identity()) << "a file that changed is another context";
  EXPECT_EQ(resolving.resolve("", "[ http://crm.internal ]")->tls, nullptr);
}

TEST(ResolveBackends, WhatIsWrongWithFilesIsSaidAtItsPlace) {
  struct Case {
    const char *tls, *place, *said;
  };
  constexpr Case kCases[] = {
      {"{ ca: nowhere.pem }", ":6:16: error:", "cannot read \"nowhere.pem\": no such file"},
      {"{ ca: empty.pem }", ":6:16: error:", "\"empty.pem\" is empty"},
      {"{ ca: text.pem }", ":6:16: error:", "\"text.pem\": "},
      {"{ certificate: text.pem, key: tls/own.key }", ":6:25: error:", "\"text.pem\": "},
      {"{ certificate: tls/own.crt, key: tls/other.key }", ":6:43: error:", "\"tls/other.key\" is no key of the certificate"},
      {"{ certificate: tls/own.crt, key: nowhere.key }", ":6:43: error:", "cannot read \"nowhere.key\""},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.tls);
    Resolving resolving;
    EXPECT_FALSE(resolving.resolve(std::string("    tls: ") + c.tls + "\n").has_value());
    EXPECT_NE(resolving.said().find(std::string("claimgate.yaml") + c.place), std::string::npos) << resolving.said();
    EXPECT_NE(resolving.said().find(c.said), std::string::npos) << resolving.said();
    EXPECT_EQ(resolving.said().find("PRIVATE KEY"), std::string::npos);
  }
}

TEST(AuthorityOf, LeavesOutTheSchemesOwnPort) {
  EXPECT_EQ(authority_of("crm", 80, false), "crm");
  EXPECT_EQ(authority_of("crm", 80, true), "crm:80");
  EXPECT_EQ(authority_of("crm", 443, true), "crm");
  EXPECT_EQ(authority_of("::1", 443, true), "[::1]");
  EXPECT_EQ(authority_of("::1", 8443, false), "[::1]:8443");
}

}  // namespace
}  // namespace proxy::upstream
