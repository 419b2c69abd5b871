#include <gtest/gtest.h>

#include <string>

#include "core/callers/token_verifier.h"
#include "core/decisions/encoded.h"
#include "core/http/request_reader.h"
#include "tests/core/callers/signed_token.h"
#include "tests/core/gate/house.h"
#include "tests/replaced_new.h"

namespace {
std::size_t allocations = 0;  // the tests run on one thread
}

void* tests::take(std::size_t size) noexcept {
  ++allocations;
  return take_from_malloc(size);
}

namespace core::gate {
namespace {

// Of a limit, too: of each request's counter, and of its retry.
TEST(InLinePath, CountsWithoutTheHeap) {
  House house("velocity: { tries: { key: [ email.domain ], window: 1h, at_most: 20 },"
              " people: { key: [ email.canonical ], window: 1h, at_most: 2, counts: accounts } }\n" +
              with_rules("      - { name: t, limit: tries, block: plain }\n"
                         "      - { name: p, limit: people, validation_error: plain }\n"));
  ASSERT_NE(house.gate, nullptr) << house.diagnostics.render();
  velocity::Counters counters(1 << 20);
  house.gate->use_counters(&counters);
  std::string bodies[256];
  for (std::size_t i = 0; i < std::size(bodies); ++i) {
    bodies[i] = R"({"step":"PostAttributeCollection","email":"p)" + std::to_string(i) + "@d" +
                std::to_string(i % 8) + R"(.example"})";
    bodies[i].append(claims::kReadPadding, '"');
  }
  std::size_t told[kOutcomeCount] = {};
  const auto ask = [&](std::uint64_t now_ms) {
    const std::string& body = bodies[now_ms % std::size(bodies)];
    house.gate->set_now(now_ms * 50);
    house.out.clear();
    const Report report = house.gate->answer_body(
        house.snapshot->connectors[0],
        std::string_view(body).substr(0, body.size() - claims::kReadPadding),
        http::After::kKeepOpen, kDate, house.out);
    ++told[static_cast<std::size_t>(report.outcome)];
  };
  std::uint64_t now = 1;
  for (; now < 1'000; ++now) ask(now);
  const std::size_t before = allocations;
  for (; now < 11'000; ++now) ask(now);
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_GT(told[static_cast<std::size_t>(Outcome::kContinue)], 100u);
  EXPECT_GT(told[static_cast<std::size_t>(Outcome::kBlock)], 100u);
}

// From the bytes of a request to the bytes of its answer, over all three verdicts, names with
// escapes and Latin letters, lists, a pattern and messages with values (style.md, "Hot path").
TEST(InLinePath, DoesNotTouchTheHeapOverTenThousandRequests) {
  House house(with_rules(
      "      - { name: d, when: { email.domain: { in_list: blocked } }, block: named }\n"
      "      - { name: p, when: { email: { in_list: people } }, block: plain }\n"
      "      - { name: z, when: { postalCode: { not_matches: '^[0-9]{5}$' } }, validation_error: named }\n"
      "      - { name: re, when: { displayName: { matches: '(?i)admin|root' } }, block: plain }\n"
      "      - { name: in, when: { country: { in: [ A, B ] } }, block: plain }\n"
      "      - { name: t, set: { givenName: \"{givenName | name_case}\", surname: \"{surname | title_case}\","
      " displayName: \"{givenName} {surname}\" } }\n",
      "    auth: { basic: [ { username: b2c, password: \"s3cr:et\" } ] }\n"));
  ASSERT_NE(house.gate, nullptr) << house.diagnostics.render();
  const std::string bodies[] = {
      R"({"step":"PostAttributeCollection","email":"Anna@Mail.Example","givenName":"ANNA-LENA","surname":"o'neil","postalCode":"12345","country":"C","ui_locales":"sv-SE","identities":[{"signInType":"federated","issuer":"google.com","issuerAssignedId":"1"}]})",
      R"({"step":"PostAttributeCollection","email":"a@x.blocked.example","givenName":"Ren\u00e9"})",
      R"({"step":"PostAttributeCollection","email":"Eve@Mallory.example"})",
      R"({"step":"PostAttributeCollection","email":"b@c.example","postalCode":"1234","givenName":"ÉLODIE"})",
      R"({"step":"PreTokenIssuance","email":"b@c.example","postalCode":"12345","givenName":"ÉLODIE","surname":"d\u00fcr\u00e9r","displayName":"x"})",
  };
  std::vector<std::string> requests;
  for (const std::string& body : bodies) {
    requests.push_back("POST /signup?code=k HTTP/1.1\r\nHost: h.example\r\nAuthorization: Basic YjJjOnMzY3I6ZXQ=\r\n"
                       "Content-Type: application/json; charset=utf-8\r\nContent-Length: " +
                       std::to_string(body.size()) + "\r\n\r\n" + body);
    requests.back().append(claims::kReadPadding, '\0');
  }
  http::RequestReader reader{http::Limits{}};
  std::size_t told[kOutcomeCount] = {};
  const auto ask = [&](std::string& request) {
    const std::size_t size = request.size() - claims::kReadPadding;
    auto state = reader.advance(request.data(), size);
    if (state == http::RequestReader::State::kHead) state = reader.advance(request.data(), size);
    if (state != http::RequestReader::State::kMessage) std::abort();
    house.out.clear();
    const Report report = house.gate->answer(reader.request(), kDate, false, house.out);
    ++told[static_cast<std::size_t>(report.outcome)];
    reader.reset();
  };
  for (int warm = 0; warm < 100; ++warm) {
    for (std::string& request : requests) ask(request);
  }
  const std::size_t before = allocations;
  for (int i = 0; i < 2000; ++i) {
    for (std::string& request : requests) ask(request);
  }
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(told[0], 2u * 2100);
  EXPECT_EQ(told[1], 2u * 2100);
  EXPECT_EQ(told[2], 1u * 2100);
}

// Events are read and answered like the requests of user flows.
TEST(InLinePath, DoesNotTouchTheHeapForEvents) {
  std::string yaml = with_rules(
      "      - { name: d, when: { email.domain: { in_list: blocked } }, block: named }\n"
      "      - { name: z, when: { postalCode: { not_matches: '^[0-9]{5}$' } }, validation_error: { message: named, claims: { postalCode: plain } } }\n"
      "      - { name: t, set: { givenName: \"{givenName | name_case}\", extension_seats: \"{postalCode}\" } }\n",
      "    block_title: plain\n");
  yaml.replace(yaml.find("b2c-userflow"), 12, "ext-id");
  House house(yaml);
  ASSERT_NE(house.gate, nullptr) << house.diagnostics.render();
  const auto event = [](std::string_view name, std::string_view email, std::string_view code) {
    const auto text = [](std::string_view attribute, std::string_view value) {
      return '"' + std::string(attribute) +
             R"(":{"@odata.type":"microsoft.graph.stringDirectoryAttributeValue","value":")" +
             std::string(value) + R"(","attributeType":"builtIn"},)";
    };
    std::string body = R"({"type":"microsoft.graph.authenticationEvent.)" + std::string(name) +
                       R"(","data":{"authenticationContext":{"client":{"locale":"sv-se"},"user":{"id":"1"}},"userSignUpInfo":{"attributes":{)" +
                       text("givenName", "ANNA-LENA") + text("postalCode", code) + text("unknown", "\\u00e9") +
                       R"("extension_9c2f41d07be84a6c8f35d1e2a07b64c3_seats":{"@odata.type":"microsoft.graph.int64DirectoryAttributeValue","value":1}},)"
                       R"("identities":[{"signInType":"email","issuer":"w","issuerAssignedId":")" +
                       std::string(email) + "\"}]}}}";
    return body.append(claims::kReadPadding, '\0');
  };
  std::string events[] = {event("attributeCollectionSubmit", "a@b.example", "12345"),
                          event("attributeCollectionSubmit", "a@blocked.example", "12345"),
                          event("attributeCollectionSubmit", "a@b.example", "x"),
                          event("attributeCollectionStart", "a@b.example", "12345"),
                          event("tokenIssuanceStart", "a@b.example", "12345"),
                          event("emailOtpSend", "a@b.example", "12345")};
  std::size_t told[kOutcomeCount] = {};
  std::size_t before = 0;
  for (int i = 0; i < 1'000; ++i) {
    if (i == 100) before = allocations;
    for (const std::string& body : events) {
      house.out.clear();
      const Report report = house.gate->answer_body(
          house.snapshot->connectors[0],
          std::string_view(body).substr(0, body.size() - claims::kReadPadding),
          http::After::kKeepOpen, kDate, house.out);
      ++told[static_cast<std::size_t>(report.outcome)];
    }
  }
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(told[static_cast<std::size_t>(Outcome::kContinue)], 3'000u);
  EXPECT_EQ(told[static_cast<std::size_t>(Outcome::kBlock)], 1'000u);
  EXPECT_EQ(told[static_cast<std::size_t>(Outcome::kValidationError)], 1'000u);
  EXPECT_EQ(told[static_cast<std::size_t>(Outcome::kBadBody)], 1'000u);
}

// Claims of custom policies are written as an object first, wherever they come from, and answered with every member.
TEST(InLinePath, DoesNotTouchTheHeapForCustomPolicies) {
  const auto policy = [](const std::string& contract) {
    std::string yaml = with_rules(
        "      - { name: d, when: { email.domain: { in_list: blocked } }, block: named }\n"
        "      - { name: o, when: { order.lines.any.count: { greater_than: 2 } }, validation_error: named }\n"
        "      - { name: t, set: { givenName: \"{givenName | name_case}\", score: 5 } }\n",
        "    policy: { names: { email: signInName, givenName: first }, " + contract + " }\n");
    return yaml.replace(yaml.find("b2c-userflow"), 12, "b2c-policy");
  };
  using http::Method;
  struct Case {
    const char* contract;
    Method method;
    const char *path, *query, *body, *type;
    int status;
  };
  constexpr const char* kForm = "application/x-www-form-urlencoded";
  constexpr Case kCases[] = {
      {"claims_in: form", Method::kPost, "/signup", "", "signInName=a%40b.example&first=ANNA", kForm, 200},
      {"claims_in: form", Method::kPost, "/signup", "", "signInName=a%40blocked.example&first=X", kForm, 409},
      {"claims_in: query", Method::kGet, "/signup", "signInName=a%40b.example&first=ANNA", "", nullptr, 200},
      {"claims_in: header", Method::kGet, "/signup", "", "", nullptr, 200},
      {"claims_in: url, url: '/{signInName}?f={first}'", Method::kGet, "/signup/a%40b.example", "f=ANNA", "",
       nullptr, 200},
      {"payload: order", Method::kPost, "/signup", "", R"({"lines":[{"count":1},{"count":3}]})",
       "application/json", 409},
      {"claims_in: body", Method::kPost, "/signup", "", R"({"signInName":"a@b.example","first":"ANNA"})",
       "application/json", 200},
      {"debug: true, request_id: id, more_info: 'https://help.example/'", Method::kPost, "/signup", "",
       R"({"signInName":"a@blocked.example","id":"20000000-0000-0000-0000-000000000002"})",
       "application/json", 409},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.contract);
    House house(policy(c.contract));
    ASSERT_NE(house.gate, nullptr) << house.diagnostics.render();
    const std::string body = std::string(c.body) + std::string(claims::kReadPadding, '\0');
    const http::Header fields[] = {{"signInName", "a@b.example"}, {"FIRST", "Zo\xeb"}};
    http::Request request;
    request.method = c.method;
    request.path = c.path;
    request.query = c.query;
    request.body = std::string_view(body).substr(0, body.size() - claims::kReadPadding);
    request.fields = fields;
    request.field_count = std::size(fields);
    if (c.type != nullptr) request.known_[static_cast<std::size_t>(http::Known::kContentType)] = c.type;
    std::size_t before = 0;
    for (int i = 0; i < 600; ++i) {
      if (i == 100) before = allocations;
      house.out.clear();
      ASSERT_EQ(house.gate->answer(request, kDate, false, house.out).status, c.status)
          << house.out.view();
    }
    EXPECT_EQ(allocations - before, 0u);
  }
}

// A remembered decision is told in-line: what it brings is copied into the request's arena.
TEST(InLinePath, DoesNotTouchTheHeapForRememberedDecisions) {
  House house(with_rules("      - { name: a, ask: crm, cache: { key: [ email | lower ] } }\n"
                         "      - { name: b, ask: crm }\n"),
              {}, {"crm"});
  ASSERT_NE(house.gate, nullptr) << house.diagnostics.render();
  decisions::Cache cache(1 << 20);
  house.gate->use_cache(&cache, {1, 2});
  std::string body = R"({"email":"A@b.example"})";
  const std::size_t size = body.size();
  body.append(claims::kReadPadding, '\0');
  decisions::Decision decision;
  decision.claims = {{"city", claims::Kind::kString, "Lund"},
                     {"extension_points", claims::Kind::kNumber, "42"}};
  const std::string encoded = decisions::encode(decision);
  std::size_t before = 0;
  for (int i = 0; i < 2'000; ++i) {
    if (i == 1'000) before = allocations;
    house.out.clear();
    const Report report =
        house.gate->answer_body(house.snapshot->connectors[0], std::string_view(body).substr(0, size),
                                http::After::kKeepOpen, kDate, house.out);
    if (i < 2) {  // the two rules learn what they were told
      ASSERT_TRUE(report.asks);
      const Asked& asked = house.gate->at_hand().asked();
      cache.put(asked.by_claims ? asked.claims_key : asked.body_key, encoded, {60'000, 0, 0}, 0);
      continue;
    }
    ASSERT_EQ(report.hits, 2);
  }
  EXPECT_EQ(allocations - before, 0u);
}

// A caller shows the same token for an hour: only the first time is it verified.
TEST(InLinePath, DoesNotTouchTheHeapForATokenThatIsRemembered) {
  House house(with_rules("      - { name: p, when: { email: { in_list: people } }, block: plain }\n",
                         "    auth: { entra: { tenant: " + std::string(callers::kTenant) +
                             ", audience: " + std::string(callers::kAudience) + " } }\n"));
  ASSERT_NE(house.gate, nullptr) << house.diagnostics.render();
  callers::TokenVerifier verifier({8192, 16, {1, 2}});
  auto keys = std::make_shared<callers::KeyTable>(2);
  (*keys)[1].keys = callers::keys_of(callers::signing_key().entry());
  verifier.adopt(keys);
  Caller caller;
  caller.now_s = callers::kNow;
  caller.tokens = &verifier;
  const std::string token = "Bearer " + callers::good_token();
  std::string body = R"({"email":"A@b.example"})";
  const std::size_t size = body.size();
  body.append(claims::kReadPadding, '\0');
  http::Request request;
  request.method = http::Method::kPost;
  request.path = "/signup";
  request.body = std::string_view(body).substr(0, size);
  request.known_[static_cast<std::size_t>(http::Known::kAuthorization)] = token;
  request.known_[static_cast<std::size_t>(http::Known::kContentType)] = "application/json";
  std::size_t before = 0;
  for (int i = 0; i < 2'000; ++i) {
    if (i == 1'000) before = allocations;
    house.out.clear();
    const Report report = house.gate->answer(request, kDate, false, house.out, caller);
    ASSERT_EQ(report.outcome, Outcome::kContinue);
  }
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(verifier.counters().verified, 1u);
  // Nor does one that is refused, up to its signature.
  const std::string bad = token.substr(0, token.rfind('.')) + ".AAAA";
  request.known_[static_cast<std::size_t>(http::Known::kAuthorization)] = bad;
  before = allocations;
  house.out.clear();
  EXPECT_EQ(house.gate->answer(request, kDate, false, house.out, caller).fault, CallerFault::kToken);
  EXPECT_EQ(allocations - before, 0u);
  const std::string_view answer = house.out.view();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 401 "));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << "no body (protocol.md d.2, step 10)";
}

}  // namespace
}  // namespace core::gate
