#include "tools/load/traffic.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <set>

namespace load {
namespace {

using simdjson::dom::element;

std::string body_of(const People& people, std::uint64_t number, Verdict verdict) {
  std::string body;
  people.append_body(body, number, verdict);
  return body;
}

element parse(simdjson::dom::parser& parser, const std::string& text) {
  element root;
  const auto error = parser.parse(text).get(root);
  EXPECT_EQ(error, simdjson::SUCCESS) << text;
  return root;
}

std::string_view string_of(element root, std::string_view name) {
  std::string_view value;
  EXPECT_EQ(root[name].get(value), simdjson::SUCCESS) << name;
  return value;
}

std::string_view body_part(const std::string& request) {
  return std::string_view(request).substr(request.find("\r\n\r\n") + 4);
}

TEST(People, AreValidClaimsOfAUserFlow) {
  const People people{PeopleOptions{}};
  simdjson::dom::parser parser;
  std::size_t bytes = 0;
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    const std::string body = body_of(people, number, Verdict::kContinue);
    const element root = parse(parser, body);
    bytes += body.size();
    EXPECT_EQ(string_of(root, "step"), "PostAttributeCollection");
    EXPECT_EQ(string_of(root, "client_id").size(), 36U);
    EXPECT_EQ(string_of(root, "postalCode").size(), 5U);
    EXPECT_EQ(string_of(root, "postalCode").find_first_not_of("0123456789"),
              std::string_view::npos);
    const std::string_view email = string_of(root, "email");
    EXPECT_EQ(std::count(email.begin(), email.end(), '@'), 1);
    simdjson::dom::array identities;
    ASSERT_EQ(root["identities"].get(identities), simdjson::SUCCESS);
    ASSERT_EQ(identities.size(), 2U);
    EXPECT_EQ(string_of(identities.at(1).value(), "issuerAssignedId"), email);
  }
  EXPECT_GT(bytes / 2'000, 700U);
  EXPECT_LT(bytes / 2'000, 900U);
}

TEST(People, AreTheSameForTheSameSeedAndOthersForAnother) {
  PeopleOptions other;
  other.seed = 2;
  const People one{PeopleOptions{}}, same{PeopleOptions{}}, different{other};
  for (std::uint64_t number = 0; number < 100; ++number) {
    EXPECT_EQ(body_of(one, number, Verdict::kContinue), body_of(same, number, Verdict::kContinue));
    EXPECT_NE(body_of(one, number, Verdict::kContinue),
              body_of(different, number, Verdict::kContinue));
    EXPECT_NE(body_of(one, number, Verdict::kContinue),
              body_of(one, number + 1, Verdict::kContinue));
  }
}

TEST(People, ComeInTheSpellingsOfRealForms) {
  const People people{PeopleOptions{}};
  int capitals = 0, escaped = 0, raw = 0;
  std::set<std::string> locales;
  simdjson::dom::parser parser;
  for (std::uint64_t number = 0; number < 4'000; ++number) {
    const std::string body = body_of(people, number, Verdict::kContinue);
    const element root = parse(parser, body);
    const std::string_view email = string_of(root, "email");
    capitals +=
        std::any_of(email.begin(), email.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    escaped += body.find("\\u00e9") != std::string::npos;
    raw += body.find("\xc3\xa9") != std::string::npos;
    locales.emplace(string_of(root, "ui_locales"));
  }
  EXPECT_NEAR(capitals, 800, 120);
  EXPECT_NEAR(escaped, 250, 80);
  EXPECT_NEAR(raw, 250, 80);
  EXPECT_EQ(locales.size(), 5U);
}

TEST(People, ProvokeTheVerdictAskedFor) {
  PeopleOptions options;
  options.blocked_domains = {"bad{n}.test"};
  options.blocked_count = 3;
  options.invalid_postal_code = "@#";
  const People people(options);
  simdjson::dom::parser parser;
  std::set<std::string> domains;
  for (std::uint64_t number = 0; number < 200; ++number) {
    const std::string blocked = body_of(people, number, Verdict::kBlock);
    std::string email(string_of(parse(parser, blocked), "email"));
    std::transform(email.begin(), email.end(), email.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    domains.insert(email.substr(email.find('@') + 1));
    const std::string invalid = body_of(people, number, Verdict::kValidationError);
    const std::string_view code = string_of(parse(parser, invalid), "postalCode");
    ASSERT_EQ(code.size(), 2U);
    EXPECT_TRUE(code[0] >= 'A' && code[0] <= 'Z' && code[1] >= '0' && code[1] <= '9');
  }
  EXPECT_EQ(domains, (std::set<std::string>{"bad0.test", "bad1.test", "bad2.test"}));
}

TEST(People, GrowByThePaddingInAttributesOfLegalSize) {
  PeopleOptions options;
  options.padding = {1'001, 1'001};
  const std::string body = body_of(People(options), 1, Verdict::kContinue);
  simdjson::dom::parser parser;
  simdjson::dom::object root;
  ASSERT_EQ(parse(parser, body).get(root), simdjson::SUCCESS);
  std::size_t padding = 0;
  for (const auto& [name, value] : root) {
    if (name.find("padding") == std::string_view::npos) continue;
    std::string_view text;
    ASSERT_EQ(value.get(text), simdjson::SUCCESS);
    EXPECT_LE(text.size(), 250U);
    padding += text.size();
  }
  EXPECT_EQ(padding, 1'001U);
}

TEST(People, HaveBodiesOfAllSizesBetweenTheBounds) {
  PeopleOptions options;
  const People plain(options);
  options.padding = {100, 200};
  const People padded(options);
  std::set<std::size_t> sizes;
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    const std::string body = body_of(padded, number, Verdict::kContinue);
    const std::size_t first = body.find("padding");
    ASSERT_NE(first, std::string::npos);
    const std::size_t begin = body.find(':', first) + 2;
    const std::size_t size = body.find('"', begin) - begin;
    ASSERT_TRUE(size >= 100 && size <= 200) << size;
    sizes.insert(size);
    ASSERT_EQ(body, body_of(padded, number, Verdict::kContinue));
    const std::string without = body_of(plain, number, Verdict::kContinue);
    ASSERT_EQ(body.substr(0, without.size() - 1), without.substr(0, without.size() - 1));
  }
  EXPECT_EQ(sizes.size(), 101U);
}

TEST(People, SurviveOptionsThatNeedEscaping) {
  PeopleOptions options;
  options.step = "a\"b\\c";
  options.locales = {"x\ny"};
  const std::string body = body_of(People(options), 1, Verdict::kContinue);
  simdjson::dom::parser parser;
  EXPECT_EQ(string_of(parse(parser, body), "step"), "a\"b\\c");
}

TEST(Traffic, IsHttpWithTheRightLength) {
  TrafficPlan plan;
  plan.head.path = "/b2c?x=1";
  plan.head.host = "127.0.0.1:8080";
  plan.head.authorization = basic_authorization("b2c:s3cret");
  plan.head.more_fields = "X-One: 1\r\n";
  Traffic traffic(plan, 0, 1);
  Traffic::Request request;
  traffic.next(request);
  const std::string head = request.bytes.substr(0, request.bytes.find("\r\n\r\n") + 2);
  const std::string_view body = body_part(request.bytes);
  EXPECT_TRUE(head.starts_with("POST /b2c?x=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"));
  for (const std::string& line :
       {std::string("Authorization: Basic YjJjOnMzY3JldA==\r\n"), std::string("X-One: 1\r\n"),
        std::string("Content-Type: application/json\r\n"),
        "Content-Length: " + std::to_string(body.size()) + "\r\n"}) {
    EXPECT_NE(head.find(line), std::string::npos) << line;
  }
}

TEST(Traffic, MixesAsAsked) {
  TrafficPlan plan;
  plan.mix = {.block = 0.2,
              .validation_error = 0.1,
              .malformed = 0.05,
              .duplicates = 0.1,
              .known = 0.3,
              .known_people = 50};
  Traffic traffic(plan, 0, 1);
  std::map<RequestKind, int> kinds;
  std::map<std::string_view, int> actions;
  Traffic::Request request;
  constexpr int kCount = 40'000;
  for (int i = 0; i < kCount; ++i) {
    traffic.next(request);
    ++kinds[request.kind];
    if (request.kind == RequestKind::kNew) ++actions[request.expect.action];
  }
  EXPECT_NEAR(kinds[RequestKind::kDuplicate], kCount * 0.1, 400);
  EXPECT_NEAR(kinds[RequestKind::kMalformed], kCount * 0.9 * 0.05, 300);
  const double formed = kCount * 0.9 * 0.95;
  EXPECT_NEAR(kinds[RequestKind::kKnown], formed * 0.3, 500);
  EXPECT_NEAR(kinds[RequestKind::kNew], formed * 0.7, 600);
  const double fresh = kinds[RequestKind::kNew];
  EXPECT_NEAR(actions["ShowBlockPage"] / fresh, 0.2, 0.02);
  EXPECT_NEAR(actions["ValidationError"] / fresh, 0.1, 0.02);
}

TEST(Traffic, SendsKnownPeopleWithTheSameBodyAndVerdict) {
  TrafficPlan plan;
  plan.mix.known = 1;
  plan.mix.known_people = 5;
  std::map<std::string, std::string_view> seen;
  for (unsigned thread = 0; thread < 2; ++thread) {
    Traffic traffic(plan, thread, 2);
    Traffic::Request request;
    for (int i = 0; i < 300; ++i) {
      traffic.next(request);
      const auto [at, fresh] = seen.emplace(request.bytes, request.expect.action);
      EXPECT_EQ(at->second, request.expect.action);
    }
  }
  EXPECT_EQ(seen.size(), 5U);
}

TEST(Traffic, NeverSendsANewPersonTwiceWhateverTheThread) {
  TrafficPlan plan;
  plan.mix.known = 0.5;
  plan.mix.known_people = 10;
  std::set<std::string> seen;
  std::size_t fresh = 0;
  for (unsigned thread = 0; thread < 3; ++thread) {
    Traffic traffic(plan, thread, 3);
    Traffic::Request request;
    for (int i = 0; i < 500; ++i) {
      traffic.next(request);
      if (request.kind != RequestKind::kNew) continue;
      ++fresh;
      seen.insert(request.bytes);
    }
  }
  EXPECT_EQ(seen.size(), fresh);
}

TEST(Traffic, RepeatsThePreviousRequestByteForByte) {
  TrafficPlan plan;
  plan.mix.duplicates = 0.5;
  Traffic traffic(plan, 0, 1);
  Traffic::Request request;
  std::string previous;
  int duplicates = 0;
  for (int i = 0; i < 200; ++i) {
    traffic.next(request);
    if (request.kind == RequestKind::kDuplicate) {
      ++duplicates;
      EXPECT_EQ(request.bytes, previous);
    }
    previous = request.bytes;
  }
  EXPECT_GT(duplicates, 50);
}

TEST(Traffic, IsMalformedInEveryWayButAlwaysFramedRight) {
  TrafficPlan plan;
  plan.mix.malformed = 1;
  Traffic traffic(plan, 0, 1);
  Traffic::Request request;
  std::set<std::string> faults;
  simdjson::dom::parser parser;
  for (int i = 0; i < 500; ++i) {
    traffic.next(request);
    EXPECT_EQ(request.expect.status_min, 400);
    EXPECT_EQ(request.expect.status_max, 499);
    const std::string body(body_part(request.bytes));
    EXPECT_NE(request.bytes.find("Content-Length: " + std::to_string(body.size()) + "\r\n"),
              std::string::npos);
    element root;
    const auto error = parser.parse(body).get(root);
    if (request.bytes.starts_with("PUT ")) {
      faults.insert("method");
    } else if (request.bytes.find("Content-Type: text/plain") != std::string::npos) {
      faults.insert("type");
    } else if (error == simdjson::UTF8_ERROR) {
      faults.insert("utf-8");
    } else if (error == simdjson::SUCCESS) {
      EXPECT_TRUE(root.is_array());
      faults.insert("array");
    } else if (body.empty()) {
      faults.insert("empty");
    } else {
      faults.insert(body.starts_with("step=") ? "form" : "truncated");
    }
  }
  EXPECT_EQ(faults.size(), kMalformations);
}

TEST(Traffic, GoesThroughTheLinesOfAFile) {
  const auto file = RequestFile::parse(
      "{\"body\":{\"n\":0},\"expect\":{\"status\":200,\"action\":\"Continue\"}}\n"
      "{\"body\":\"x\",\"expect\":{\"status\":400}}\n"
      "{\"body\":{\"n\":2},\"expect\":{\"status\":200,\"action\":\"ShowBlockPage\"}}\n");
  ASSERT_TRUE(file.ok());
  TrafficPlan plan;
  plan.file = &file.value();
  std::map<std::string, int> bodies;
  for (unsigned thread = 0; thread < 2; ++thread) {
    Traffic traffic(plan, thread, 2);
    Traffic::Request request;
    for (int i = 0; i < 6; ++i) {
      traffic.next(request);
      ++bodies[std::string(body_part(request.bytes))];
    }
  }
  EXPECT_EQ(bodies, (std::map<std::string, int>{{"{\"n\":0}", 4}, {"x", 4}, {"{\"n\":2}", 4}}));
}

TEST(BasicAuthorization, PadsAsBase64Does) {
  // Test vectors of RFC 4648, 10.
  struct Case {
    std::string_view user, value;
  };
  constexpr Case kCases[] = {{"f", "Basic Zg=="},         {"fo", "Basic Zm8="},
                             {"foo", "Basic Zm9v"},       {"foob", "Basic Zm9vYg=="},
                             {"fooba", "Basic Zm9vYmE="}, {"foobar", "Basic Zm9vYmFy"}};
  for (const Case& c : kCases) EXPECT_EQ(basic_authorization(c.user), c.value);
}

}  // namespace
}  // namespace load
