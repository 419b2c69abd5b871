#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/written.h"

/// `backends` of a configuration as it was written (design.md, section 5).
namespace core::config {

/// One of a backend's places: "https://crm-1.internal:8443/base".
struct Endpoint {
  Text url;
  bool tls = false;
  std::string host;       // a name or an address, an IPv6 address without brackets
  std::uint16_t port = 0; // 80 or 443 when the URL has none
  std::string base_path;  // "" or "/base", never ending in '/'
  std::int64_t weight = 100;  // 0 to 1000: its share next to the others' (a canary has a small one)
};

/// Credentials that claimgate shows to a backend: at most one kind besides a client certificate.
struct BackendAuth {
  enum class Kind : std::uint8_t { kNone, kBasic, kBearer, kHeader, kQuery, kOauth };
  Kind kind = Kind::kNone;
  Text username, password;    // kBasic
  Text token;                 // kBearer
  Text name, value;           // kHeader: a field's; kQuery: a parameter's
  Text token_url;             // kOauth: client credentials (RFC 6749, 4.4)
  Text client_id, client_secret, scope, audience;
  bool secret_in_body = false;  // kOauth: else HTTP Basic
  milliseconds refresh_early{60'000};  // kOauth: before the token ends
};

struct BackendTls {
  Text ca;                 // PEM file; empty: the system's
  Text certificate, key;   // PEM files of a client certificate
  Text server_name;        // for SNI and verification; empty: the endpoint's host
  bool verify = true;      // false only when written in words
};


/// A request's JSON body: scalars are templates or constants.
struct JsonTree {
  enum class Kind : std::uint8_t { kObject, kArray, kTemplate, kConstant, kNull };
  struct Member;  // no std::pair: Clang 14 asks for it whole before JsonTree is
  Kind kind = Kind::kNull;
  Mark mark;
  std::vector<Member> members;  // kObject
  std::vector<JsonTree> items;  // kArray
  Text text;                    // kTemplate
  Scalar constant;              // kConstant: number or boolean
};
struct JsonTree::Member {
  Text name;
  JsonTree value;
};

struct BackendRequest {
  enum class Body : std::uint8_t { kNone, kJson, kForm, kXml, kText, kClaims };
  Text method;                                  // default POST
  Text path;                                    // a template, begins with '/'; default "/"
  std::vector<std::pair<Text, Text>> query;     // name, template
  std::vector<std::pair<Text, Text>> headers;   // name, template
  Body body = Body::kNone;
  JsonTree json;                                // kJson
  std::vector<std::pair<Text, Text>> form;      // kForm
  Text text;                                    // kXml, kText: a template
  Text content_type;                            // kXml, kText
  // kClaims: the caller's body as it came, for backends that speak the connector contract already.
};

/// One look at a part of a backend's answer.
struct ReplyTest {
  enum class Part : std::uint8_t { kHeader, kJson, kXpath, kText };
  enum class Test : std::uint8_t {
    kEquals, kIn, kContains, kMatches, kAtLeast, kAtMost, kExists, kMissing,
  };
  Part part = Part::kJson;
  Text where;  // a field name, a JSON pointer (RFC 6901), an XPath 1.0 expression; unused for kText
  Test test = Test::kExists;
  bool negated = false;  // not_equals, not_in, not_matches; a missing value passes neither form
  std::vector<Scalar> operands;  // kEquals, kAtLeast, kAtMost: one; kIn, kContains, kMatches: any of
                                 // them; kExists, kMissing: none
  Mark mark;
};

/// One row of `response`: the first whose tests all hold decides.
struct ResponseRow {
  enum class Verdict : std::uint8_t { kContinue, kBlock, kValidationError, kUnresolved };
  Mark mark;
  std::vector<std::pair<int, int>> statuses;  // ranges, both ends included; empty: any
  std::vector<ReplyTest> tests;
  Verdict verdict = Verdict::kUnresolved;
  // kContinue: claim, and a template over claims and reply, or a constant number or boolean
  std::vector<std::pair<Text, Scalar>> claims;
  Text text;     // kBlock, kValidationError: a template over the reply, "{/reason}"; empty: none
  Text message;  // the name of a message; beside a text: for when that has none; empty: none
};

struct BackendLimits {
  std::int64_t connections = 64;       // kept alive and open, per worker and endpoint
  std::int64_t in_flight = 256;        // per worker
  std::int64_t queue = 1024;           // waiting for a free one, per worker
  std::int64_t response_bytes = 1 << 20;  // body, decoded
  std::int64_t header_bytes = 32 << 10;
};

struct Breaker {
  std::int64_t failures = 10;          // in a row, or
  double error_share = 0.5;            // of at least `requests` within `window`
  std::int64_t requests = 20;
  milliseconds window{10'000};
  milliseconds open{5'000};            // then one try at a time
};

struct HealthCheck {
  Text path;                           // empty: none
  milliseconds interval{5'000};
  milliseconds timeout{1'000};
  std::int64_t rise = 2, fall = 3;
  std::vector<std::pair<int, int>> statuses;  // default 200 to 399
  milliseconds slow_return{10'000};    // after coming back its share grows over this time
};

struct Backend {
  Text name;
  Mark mark;
  std::vector<Endpoint> endpoints;
  BackendAuth auth;
  BackendTls tls;
  BackendRequest request;
  bool connector_contract = false;     // `speaks: connector`: both ways the contract of protocol.md a
  bool event_contract = false;         // `speaks: ext-id`: the same with that of section d
  std::vector<ResponseRow> response;
  bool lenient = false;                // JSON and XML are read whatever Content-Type says
  milliseconds timeout{1'500};         // of one try, from taking it up to its last byte
  milliseconds connect_timeout{500};
  milliseconds idle{30'000};           // a connection unused for longer is closed
  milliseconds dns_ttl{30'000};
  std::int64_t retries = 1;            // further tries: where nothing was sent, or when idempotent
  double retry_budget = 0.1;           // of the requests
  bool idempotent = false;             // a request that was sent may be sent again
  std::optional<milliseconds> hedge_after;  // a second try beside the first; idempotent only
  BackendLimits limits;
  Breaker breaker;
  HealthCheck health;
};

}  // namespace core::config
