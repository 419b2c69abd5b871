#include <gtest/gtest.h>

#include <string>

#include "core/config/load.h"
#include "tests/core/config/memory_source.h"

namespace core::config {
namespace {

constexpr std::string_view kRest =
    "listeners: [ { address: 127.0.0.1:8080 } ]\n"
    "connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }\n";

/// Everything said about `backends: { b: <backend> }`, one line for each: "column: message; hint".
/// The column counts from the backend's first byte.
std::string backend_said(std::string_view backend, Config* loaded = nullptr) {
  MemorySource source;
  constexpr std::string_view kBefore = "backends: { b: ";
  source.files["claimgate.yaml"] =
      std::string(kBefore) + std::string(backend) + " }\n" + std::string(kRest);
  source.variables["WORD"] = "sesame";
  source.variables["LINES"] = "two\nlines";
  Diagnostics diagnostics;
  Config config = load("claimgate.yaml", source, diagnostics);
  if (loaded != nullptr) *loaded = std::move(config);
  std::string out;
  for (const Diagnostic& one : diagnostics.all()) {
    if (one.mark.line > 1) {  // another line: no column to count
      out += "line: " + one.message + "\n";
      continue;
    }
    out += std::to_string(static_cast<int>(one.mark.column) - 1 - static_cast<int>(kBefore.size())) +
           (one.severity == Severity::kWarning ? ": warning: " : ": ") + one.message +
           (one.suggestion.empty() ? "" : "; " + one.suggestion) + "\n";
  }
  EXPECT_EQ(diagnostics.render().find("sesame"), std::string::npos);
  EXPECT_EQ(diagnostics.render().find("hunter2"), std::string::npos);
  return out;
}

/// The same for one more key beside what a backend must have.
std::string key_said(std::string_view key) {
  const std::string before = "{ endpoints: [ https://b ], response: [ { continue: {} } ], ";
  std::string out = backend_said(before + std::string(key) + " }");
  // Columns from the key's first byte.
  std::string shifted;
  for (std::size_t at = 0; at < out.size();) {
    const std::size_t end = out.find('\n', at);
    const std::size_t colon = out.find(':', at);
    shifted += std::to_string(std::stoi(out.substr(at, colon - at)) - static_cast<int>(before.size())) +
               out.substr(colon, end - colon + 1);
    at = end + 1;
  }
  return shifted;
}

TEST(LoadBackends, TakesTheLeastAndAllOfIt) {
  Config config;
  EXPECT_EQ(backend_said("{ endpoints: [ https://crm.internal ], response: [ { continue: {} } ] }", &config), "");
  ASSERT_EQ(config.backends.size(), 1u);
  const Backend& least = config.backends[0];
  EXPECT_EQ(least.endpoints[0].host, "crm.internal");
  EXPECT_EQ(least.endpoints[0].port, 443);
  EXPECT_TRUE(least.endpoints[0].tls);
  EXPECT_EQ(least.endpoints[0].weight, 100);
  EXPECT_EQ(least.request.method.value, "POST");
  EXPECT_EQ(least.request.path.value, "/");
  EXPECT_EQ(least.request.body, BackendRequest::Body::kNone);
  EXPECT_EQ(least.auth.kind, BackendAuth::Kind::kNone);
  EXPECT_FALSE(least.connector_contract);

  EXPECT_EQ(backend_said(R"({
    endpoints: [ "http://CRM-1:8080/base/", { url: "https://[2001:db8::1]:8443", weight: 5 } ],
    auth: { oauth: { token_url: "https://login.example/t?x=y", client_id: c, client_secret: "${env:WORD}",
            secret_in_body: true, scope: s, audience: a, refresh_early: 10s } },
    tls: { ca: ca.pem, certificate: c.pem, key: k.pem, server_name: crm }, lenient: true,
    request: { method: PUT, path: "/c/{email}", query: { a: "{email}", n: 2 }, headers: { X-A: "{email}" },
               json: { a: "{email}", b: 2, c: [ true, null ], d: { e: "x" } } },
    response: [ { when: { status: [ 200, "404-409", "5xx" ], header: { X-A: b },
                          json: { /a: { at_least: 5 }, "": { exists: true } },
                          xpath: { /a/b: 1 }, text: { matches: "x" } },
                  continue: { a: "{/b}", c: 2, d: true } },
                { block: not_open }, { validation_error: { text: "{/r}", message: m } },
                { unresolved: true } ],
    timeout: 2s, connect_timeout: 100ms, idle_timeout: 5s, dns_ttl: 10s, retries: 2, retry_budget: 0.2,
    idempotent: true, hedge_after: 300ms,
    limits: { connections: 1, in_flight: 2, queue: 3, response_bytes: 4KiB, header_bytes: 5KiB },
    breaker: { failures: 1, error_share: 0.1, requests: 2, window: 3s, open: 4s },
    health: { path: /health, interval: 1s, timeout: 2s, rise: 3, fall: 4, status: "2xx", slow_return: 5s }
  })",
                 &config),
            "line: every answer ends here: the rows below never act\n");
  ASSERT_EQ(config.backends.size(), 1u);
  const Backend& all = config.backends[0];
  EXPECT_EQ(all.endpoints[0].host, "crm-1");
  EXPECT_EQ(all.endpoints[0].base_path, "/base");
  EXPECT_FALSE(all.endpoints[0].tls);
  EXPECT_EQ(all.endpoints[1].host, "2001:db8::1");
  EXPECT_EQ(all.endpoints[1].port, 8443);
  EXPECT_EQ(all.endpoints[1].weight, 5);
  EXPECT_EQ(all.auth.kind, BackendAuth::Kind::kOauth);
  EXPECT_EQ(all.auth.client_secret.value, "sesame");
  EXPECT_TRUE(all.auth.client_secret.secret);
  EXPECT_TRUE(all.auth.secret_in_body);
  EXPECT_EQ(all.auth.refresh_early, milliseconds(10'000));
  EXPECT_EQ(all.tls.server_name.value, "crm");
  EXPECT_TRUE(all.lenient);
  EXPECT_EQ(all.request.query[1].second.value, "2");
  EXPECT_EQ(all.request.json.members.size(), 4u);
  EXPECT_EQ(all.request.json.members[2].value.items[1].kind, JsonTree::Kind::kNull);
  const ResponseRow& row = all.response[0];
  const std::vector<std::pair<int, int>> statuses = {{200, 200}, {404, 409}, {500, 599}};
  EXPECT_EQ(row.statuses, statuses);
  ASSERT_EQ(row.tests.size(), 5u);
  EXPECT_EQ(row.tests[1].test, ReplyTest::Test::kAtLeast);
  EXPECT_EQ(row.tests[2].where.value, "");
  EXPECT_EQ(row.claims[1].second.type, Scalar::Type::kInteger);
  EXPECT_EQ(all.response[2].text.value, "{/r}");
  EXPECT_EQ(all.response[2].message.value, "m");
  EXPECT_EQ(all.response[3].verdict, ResponseRow::Verdict::kUnresolved);
  EXPECT_EQ(all.hedge_after, milliseconds(300));
  EXPECT_EQ(all.limits.header_bytes, 5 << 10);
  EXPECT_EQ(all.breaker.open, milliseconds(4000));
  EXPECT_EQ(all.health.statuses[0], std::pair(200, 299));
}

struct Case {
  std::string_view key, said;
};

TEST(LoadBackends, RefusesWrongEndpoints) {
  constexpr Case kCases[] = {
      {"crm.internal", "expected a URL of http or https; write https://crm.internal"},
      {"ftp://crm", "expected a URL of http or https; write https://crm.internal"},
      {"HTTPS://crm", "expected a URL of http or https; write https://crm.internal"},
      {"https://", "the host is missing; write https://crm.internal"},
      {"https:///path", "the host is missing; write https://crm.internal"},
      {"https://user:hunter2@crm",
       "a backend's URL has no user information; write auth: { basic: { username: ..., password: ... } }"},
      {"https://crm?x=1", "a backend's URL has no query; write request: { query: { ... } }"},
      {"https://crm/a#b", "a backend's URL has no fragment; leave it out"},
      {"https://crm:0", "expected a port from 1 to 65535; leave it out for 443"},
      {"https://crm:65536", "expected a port from 1 to 65535; leave it out for 443"},
      {"http://crm:x", "expected a port from 1 to 65535; leave it out for 80"},
      {"https://crm:", "expected a port from 1 to 65535; leave it out for 443"},
      {"https://[::1", "no IPv6 address; write https://[2001:db8::1]:8443"},
      {"https://[crm]", "no IPv6 address; write https://[2001:db8::1]:8443"},
      {"https://[::1]x", "expected a port or a path; write https://[2001:db8::1]:8443"},
      {"https://cr m", "no name of a host; write https://crm.internal"},
      {"https://crm..internal", "no name of a host; write https://crm.internal"},
      {"https://cåm", "no name of a host; write an international name in its xn-- form"},
      {"https://{email.domain}", "no name of a host; write https://crm.internal"},
      {"https://crm/{email}", "no claim chooses where a backend is; write request: { path: \"/{claim}\" }"},
      {"https://crm/a/../b", "a path with a segment of dots; leave out \".\" and \"..\""},
      {"https://crm/a b", "a character that cannot stand in a path; write it percent-encoded (RFC 3986)"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.key);
    const std::string text =
        backend_said("{ endpoints: [ \"" + std::string(c.key) + "\" ], response: [ { continue: {} } ] }");
    EXPECT_EQ(text.substr(text.find(' ') + 1), std::string(c.said) + "\n");
  }
  EXPECT_EQ(backend_said("{ endpoints: [ https://a, https://A/ ], response: [ { continue: {} } ] }"),
            "26: two endpoints of one backend cannot be the same; the first is in line 1\n");
  EXPECT_EQ(backend_said("{ endpoints: [ { url: https://a, weight: 0 } ], response: [ { continue: {} } ] }"),
            "13: every endpoint has weight 0: none would be asked; give one a weight from 1 to 1000\n");
  EXPECT_EQ(backend_said("{ endpoints: [ 5 ], response: [ { continue: {} } ] }"),
            "15: expected a string, found the integer 5; put it in quotation marks: \"5\"\n");
  EXPECT_EQ(backend_said("{ endpoints: [], response: [ { continue: {} } ] }"),
            "13: expected at least one item in the list; write endpoints: [ https://crm-1.internal, "
            "https://crm-2.internal ]\n");
}

TEST(LoadBackends, RefusesWhatHasNoMeaning) {
  constexpr Case kCases[] = {
      {"endpoint: x", "0: unknown key \"endpoint\"; did you mean \"endpoints\"?\n"},
      {"auth: {}",
       "0: one of these keys is missing: bearer, basic, header, query, oauth; write bearer: "
       "\"${env:CRM_TOKEN}\"\n"},
      {"auth: { bearer: \"${env:WORD}\", basic: { username: u, password: \"${env:WORD}\" } }",
       "31: \"basic\" cannot stand beside \"bearer\"; exactly one of: bearer, basic, header, query, oauth\n"},
      {"auth: { bearer: hunter2 }",
       "16: warning: a secret is written in the file; write \"${env:NAME}\" or \"${file:PATH}\"\n"},
      {"auth: { header: { name: X-Key, value: hunter2 } }",
       "38: warning: a secret is written in the file; write \"${env:NAME}\" or \"${file:PATH}\"\n"},
      {"auth: { header: { name: X-Key, value: 12 } }",
       "38: expected a string; put it in quotation marks\n"},
      {"auth: { header: { name: \"X Key\", value: \"${env:WORD}\" } }",
       "24: no name of a field (RFC 9110, 5.1); write name: X-Api-Key\n"},
      {"auth: { header: { name: Host, value: \"${env:WORD}\" } }",
       "24: a credential cannot be the field \"Host\"; write name: X-Api-Key\n"},
      {"auth: { header: { name: content-LENGTH, value: \"${env:WORD}\" } }",
       "24: a credential cannot be the field \"content-LENGTH\"; write name: X-Api-Key\n"},
      {"auth: { header: { name: Transfer-Encoding, value: \"${env:WORD}\" } }",
       "24: a credential cannot be the field \"Transfer-Encoding\"; write name: X-Api-Key\n"},
      {"auth: { header: { name: Accept, value: \"${env:WORD}\" } }",
       "24: a credential cannot be the field \"Accept\"; write name: X-Api-Key\n"},
      {"auth: { header: { name: Authorization, value: \"${env:WORD}\" } }", ""},
      {"auth: { header: { name: X-Key, value: \"${env:WORD}\" } }, request: { headers: { A: b, x-KEY: \"{email}\" } }",
       "85: a field that is written already; auth: writes it\n"},
      {"auth: { query: { name: code, value: \"${env:WORD}\" } }, request: { query: { Code: b, code: \"{email}\" } }",
       "84: a parameter that is written already; auth: writes it\n"},
      {"auth: { oauth: { token_url: https://l.example/t, client_id: c, client_secret: \"${env:WORD}\", "
       "secret_in_body: perhaps } }",
       "109: expected true or false, found a string; write secret_in_body: true\n"},
      {"auth: { query: { name: \"\", value: \"${env:WORD}\" } }",
       "23: expected a name; write name: code\n"},
      {"auth: { bearer: \"${env:LINES}\" }",
       "16: a secret with a control character in it; is there a line end in the middle of the secret's "
       "file?\n"},
      {"auth: { bearer: \"\" }", "16: an empty secret; write \"${env:NAME}\"\n"},
      {"auth: { basic: { username: \"a:b\", password: \"${env:WORD}\" } }",
       "29: a username cannot hold a colon (RFC 7617)\n"},
      {"auth: { oauth: { token_url: \"http://login\", client_id: a, client_secret: \"${env:WORD}\" } }",
       "28: the client's secret would be sent in the clear; write https://\n"},
      {"auth: { oauth: { token_url: \"http://127.example/token\", client_id: a, client_secret: \"${env:WORD}\" } }",
       "28: the client's secret would be sent in the clear; write https://\n"},
      {"auth: { oauth: { token_url: login, client_id: a, client_secret: \"${env:WORD}\" } }",
       "28: expected a URL of http or https; write token_url: https://login.example/oauth2/token\n"},
      {"tls: { certificate: a.pem }", "7: a client certificate without its key; write key: as well\n"},
      {"tls: { verify: false }",
       "15: warning: the backend's certificate is not looked at: anybody on the way can be it; write ca: "
       "and the file of its authority\n"},
      {"hedge_after: 300ms",
       "0: a second request beside the first wants a backend that can be asked twice; write idempotent: "
       "true if it can, or leave out hedge_after\n"},
      {"idempotent: true, hedge_after: 2s",
       "31: not before the first try has timed out; write less than timeout, 1500ms\n"},
      {"idempotent: maybe",
       "12: expected true or false, found the string \"maybe\"; write idempotent: true\n"},
      {"connect_timeout: 2s",
       "17: warning: longer than the whole try may last; write less than timeout, 1500ms\n"},
      {"timeout: 2m", "9: expected a duration from 10ms to 1m, found the string \"2m\"; write timeout: "
                      "1500ms\n"},
      {"retries: 11", "9: expected an integer from 0 to 10, found the integer 11; write retries: 1\n"},
      {"speaks: conector", "8: unknown speaks \"conector\"; did you mean \"connector\"?\n"},
      {"limits: { response_bytes: 1 }",
       "26: expected a size from 1KiB to 64MiB, found the integer 1; write response_bytes: 1MiB\n"},
      {"health: { path: health }", "16: expected the path of a URL; write path: /health\n"},
      {"health: { interval: 1s }", "0: the key \"path\" is missing; write path: /health\n"},
      {"breaker: { share: 0.5 }", "11: unknown key \"share\"; one of: failures, error_share, requests, "
                                  "window, open\n"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.key);
    EXPECT_EQ(key_said(c.key), c.said);
  }
  EXPECT_EQ(backend_said("{ endpoints: [ http://b ], tls: { ca: x }, response: [ { continue: {} } ] }"),
            "27: no endpoint of this backend is of https; write https:// or leave out tls\n");
  EXPECT_EQ(backend_said("{ endpoints: [ https://b ] }"),
            "-3: the key \"response\" is missing; write response: [ { when: { status: 200 }, continue: {} } "
            "], or speaks: connector\n");
  EXPECT_EQ(backend_said("{ endpoints: [ https://b ], speaks: connector, response: [ { continue: {} } ] }"),
            "47: the answers of a backend that speaks connector say themselves what they mean; leave out "
            "response, or speaks\n");
  EXPECT_EQ(backend_said("{ endpoints: [ https://b ], speaks: connector, request: { json: {}, method: PUT } }"),
            "47: a backend that speaks connector gets the caller's body as it came; leave out the body, or "
            "speaks\n"
            "47: a connector is asked by POST; leave out method\n");
}

TEST(LoadBackends, RefusesWrongRequests) {
  constexpr Case kCases[] = {
      {"method: FETCH", "unknown method \"FETCH\"; one of: POST, GET, PUT, PATCH, DELETE"},
      {"path: v2", "a path begins with \"/\"; write /v2"},
      {"path: \"https://x/y\"", "a path begins with \"/\"; write the path of the URL alone"},
      {"path: \"{email}\"", "a path begins with \"/\"; no claim chooses where a backend is"},
      {"path: \"/a?b={email}\"", "a path has no query; write query: { name: \"{claim}\" }"},
      {"path: \"/a#b\"", "a path has no fragment; leave it out"},
      {"path: \"/a b\"",
       "a character that cannot stand in a path; write it percent-encoded (RFC 3986)"},
      {"path: \"/a/../b\"", "a path with a segment of dots; leave it out"},
      {"headers: { \"X Y\": a }", "no name of a field (RFC 9110, 5.1); write X-Country"},
      {"headers: { Host: a }", "a mapping cannot write the field \"Host\"; it is the endpoint's"},
      {"headers: { CONTENT-length: 5 }",
       "a mapping cannot write the field \"CONTENT-length\"; leave it out: claimgate writes it"},
      {"headers: { Authorization: a }",
       "a mapping cannot write the field \"Authorization\"; write auth: of the backend"},
      {"headers: { X-A: a, x-a: b }",
       "a field that is written already; names of fields differ by more than the case of letters"},
      {"json: {}, form: {}", "\"form\" cannot stand beside \"json\"; a request has one body"},
      {"pass_through: true, json: {}",
       "\"pass_through\" cannot stand beside \"json\"; a request has one body"},
      {"json: {}, content_type: text/x", "only xml and text may be of another type; leave it out"},
      {"xml: \"<a/>\", content_type: xml",
       "no media type (RFC 9110, 8.3); write content_type: application/soap+xml; charset=utf-8"},
      {"method: GET, json: {}", "GET has no body; write method: POST, or query"},
      {"xml: \"\"", "an empty body; leave it out"},
      {"query: [ a ]", "expected a map of names, found a list; write query: { mail: \"{email}\" }"},
      {"query: { a: [ b ] }",
       "expected a text, found a list; write a: \"\" for an empty text"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.key);
    const std::string text = key_said("request: { " + std::string(c.key) + " }");
    EXPECT_EQ(text.substr(text.find(' ') + 1), std::string(c.said) + "\n");
  }
}

TEST(LoadBackends, RefusesWrongResponses) {
  constexpr Case kCases[] = {
      {"5", "expected a map, found the integer 5; write - when: { status: 200 }"},
      {"{}", "one of these keys is missing: continue, block, validation_error, unresolved; write continue: "
             "{ extension_loyaltyTier: \"{/customer/tier}\" }"},
      {"{ continue: {}, block: m }",
       "\"block\" cannot stand beside \"continue\"; exactly one of: continue, block, validation_error, "
       "unresolved"},
      {"{ unresolved: false }", "a row decides something; write unresolved: true, or a verdict"},
      {"{ block: \"\" }", "expected the name of a message; write block: not_open"},
      {"{ block: { message: m } }", "the key \"text\" is missing; write text: \"{/reason}\""},
      {"{ when: {}, continue: {} }",
       "expected at least one test; leave out when: the row then always decides"},
      {"{ when: { status: 600 }, continue: {} }",
       "expected a status, found the integer 600; write 200, \"2xx\" or \"500-599\""},
      {"{ when: { status: 6xx }, continue: {} }",
       "expected a status, found the string \"6xx\"; write 200, \"2xx\" or \"500-599\""},
      {"{ when: { status: [ \"500-400\" ] }, continue: {} }",
       "a range that ends before it begins; write \"400-500\""},
      {"{ when: { json: { a: 1 } }, continue: {} }",
       "a JSON pointer begins with \"/\" (RFC 6901); write /a"},
      {"{ when: { json: {} }, continue: {} }",
       "expected at least one test; write json: { /found: true, /customer/score: { at_least: 5 } }"},
      {"{ when: { json: { /a: [ 1 ] } }, continue: {} }",
       "expected a value or a map of tests, found a list; write { exists: true }"},
      {"{ when: { json: { /a: { equal: 1 } } }, continue: {} }",
       "unknown test \"equal\"; did you mean \"equals\"?"},
      {"{ when: { json: { /a: { at_least: many } } }, continue: {} }",
       "expected a number, found the string \"many\"; write at_least: 5"},
      {"{ when: { json: { /a: { contains: \"\" } } }, continue: {} }",
       "an empty text; write exists: true to ask if there is a value"},
      {"{ when: { header: { \"X Y\": 1 } }, continue: {} }",
       "no name of a field (RFC 9110, 5.1); write X-Tier"},
      {"{ continue: { a: [ 1 ] } }",
       "expected a text, found a list; write a: \"\" for an empty text"},
      {"{ continue: { \"\": x } }", "expected the name of a claim"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.key);
    const std::string text =
        backend_said("{ endpoints: [ https://b ], response: [ " + std::string(c.key) + " ] }");
    EXPECT_EQ(text.substr(text.find(' ') + 1), std::string(c.said) + "\n");
  }
}

TEST(LoadBackends, RefusesTwoOfOneNameAndWrongNames) {
  MemorySource source;
  source.files["claimgate.yaml"] =
      "include: [ more.yaml ]\n"
      "backends: { \"a b\": { endpoints: [ https://b ], speaks: connector }, b: { endpoints: [ https://b ], "
      "speaks: connector } }\n" +
      std::string(kRest);
  source.files["more.yaml"] = "backends: { b: { endpoints: [ https://b ], speaks: connector } }\n";
  Diagnostics diagnostics;
  load("claimgate.yaml", source, diagnostics);
  ASSERT_EQ(diagnostics.all().size(), 2u) << diagnostics.render();
  EXPECT_EQ(diagnostics.all()[0].message, "not a name for a backend");
  EXPECT_EQ(diagnostics.all()[1].message, "the backend \"b\" is defined twice");
}

TEST(LoadBackends, KeepsSecretsOutOfEveryExcerpt) {
  MemorySource source;
  source.files["claimgate.yaml"] =
      "backends:\n"
      "  b: { endpoints: [ https://user:hunter2@b ], auth: { query: { name: code, value: hunter2 } } }\n" +
      std::string(kRest);
  Diagnostics diagnostics;
  load("claimgate.yaml", source, diagnostics);
  EXPECT_TRUE(diagnostics.has_errors());
  EXPECT_EQ(diagnostics.render().find("hunter2"), std::string::npos) << diagnostics.render();
  EXPECT_NE(diagnostics.render().find("****"), std::string::npos);
}

}  // namespace
}  // namespace core::config
