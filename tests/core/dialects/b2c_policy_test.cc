#include "core/dialects/b2c_policy.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace core::dialects::b2c_policy {
namespace {

using config::ClaimsIn;

struct Composed {
  Fault fault = Fault::kNone;
  std::string json;
};

Composed compose_request(const Contract& contract, const http::Request& request,
                         std::size_t room = 4096) {
  std::vector<char> out(room);
  std::size_t size = 0;
  const Fault fault = compose(contract, request, 32, out, size);
  return {fault, std::string(out.data(), size)};
}

Composed compose_form(std::string_view body, std::size_t room = 4096) {
  Contract contract;
  contract.claims_in = ClaimsIn::kForm;
  http::Request request;
  request.body = body;
  return compose_request(contract, request, room);
}

Contract url_contract(std::string_view text) {
  Contract contract;
  contract.claims_in = ClaimsIn::kUrl;
  contract.path = "/p";
  EXPECT_EQ(parse_url_template(text, contract.url), nullptr) << text;
  return contract;
}

/// Reads `json` as the gate would.
claims::ReadError read_error(std::string json) {
  json.append(claims::kReadPadding, '\0');
  const claims::NameTable names;
  claims::Claims claims(names.size());
  Arena arena(1 << 16);
  return claims::read(std::string_view(json).substr(0, json.size() - claims::kReadPadding), names,
                      {}, arena, claims)
      .error;
}

TEST(Form, BecomesAnObject) {
  EXPECT_EQ(compose_form("").json, "{}");
  EXPECT_EQ(compose_form("a=1&b=").json, R"({"a":"1","b":""})");
  EXPECT_EQ(compose_form("a=x+y%2b%41").json, R"({"a":"x y+A"})");
  EXPECT_EQ(compose_form("a=%22%5c%00%1F=").json, R"({"a":"\"\\\u0000\u001f="})");
}

TEST(Form, IsReadStrictly) {
  for (const std::string_view body : {"a=%", "a=%4", "a=%4g", "a=%g4", "%=1"}) {
    EXPECT_EQ(compose_form(body).fault, Fault::kPercent) << body;
  }
  for (const std::string_view body : {"a", "=1", "a=1&", "&a=1", "a=1&&b=2", "a=1&b"}) {
    EXPECT_EQ(compose_form(body).fault, Fault::kPair) << body;
  }
  for (const std::string_view body : {"a=x y", "a=\n", "a=\xC3\xA9", "a=\x7F"}) {
    EXPECT_EQ(compose_form(body).fault, Fault::kCharacter) << body;
  }
}

TEST(Form, LeavesNamesAndUtf8ToTheReader) {
  EXPECT_EQ(read_error(compose_form("a=1&%61=2").json), claims::ReadError::kDuplicate);
  EXPECT_EQ(read_error(compose_form("a=%ff").json), claims::ReadError::kUtf8);
}

// Every cut and every changed byte is refused or becomes an object that the reader takes or refuses
// for what it is: never one that is no JSON.
TEST(Form, IsNeverBrokenJson) {
  const std::string whole = "email=a%40b.example&name=x+%22y%5c&n=%e2%82%ac";
  const auto check = [](std::string_view body) {
    const Composed composed = compose_form(body);
    if (composed.fault != Fault::kNone) return;
    const claims::ReadError error = read_error(composed.json);
    EXPECT_TRUE(error == claims::ReadError::kNone || error == claims::ReadError::kUtf8 ||
                error == claims::ReadError::kDuplicate)
        << body << " became " << composed.json << ": " << claims::describe(error);
  };
  for (std::size_t size = 0; size <= whole.size(); ++size) check(whole.substr(0, size));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = whole;
      changed[at] = static_cast<char>(byte);
      check(changed);
    }
  }
}

TEST(Form, NeedsRoom) {
  const std::string_view body = "a=%01%22x&b=2";
  const std::size_t size = compose_form(body).json.size();
  for (std::size_t room = 0; room < size + claims::kReadPadding; ++room) {
    EXPECT_EQ(compose_form(body, room).fault, Fault::kTooLarge) << room;
  }
  EXPECT_EQ(compose_form(body, composed_max(body.size())).fault, Fault::kNone);
}

TEST(Query, KeepsPlusAndLeavesTheKeyOut) {
  Contract contract;
  contract.claims_in = ClaimsIn::kQuery;
  contract.key_parameter = "code";
  http::Request request;
  request.query = "email=a+b%40c.example&code=secret";
  EXPECT_EQ(compose_request(contract, request).json, R"({"email":"a+b@c.example"})");
}

TEST(Header, IsFoundInAnyCaseAndRepaired) {
  Contract contract;
  contract.claims_in = ClaimsIn::kHeader;
  contract.names = {{1, 2, "x-name"}, {3, 4, "x-city"}};
  http::Header fields[] = {{"Host", "a.example"}, {"X-Name", "Jos\xE9"}, {"X-City", "Mal\xC3\xB6"}};
  http::Request request;
  request.fields = fields;
  request.field_count = 3;
  EXPECT_EQ(compose_request(contract, request).json, "{\"x-name\":\"Jos\xC3\xA9\",\"x-city\":\"Mal\xC3\xB6\"}");
  fields[0].name = "x-NAME";
  EXPECT_EQ(compose_request(contract, request).fault, Fault::kTwice);
}

TEST(Url, HasClaimsInSegmentsAndParameters) {
  const Contract contract = url_contract("/{email}/x/{tier}?lang={ui_locales}");
  http::Request request;
  request.path = "/p/a%40b/x/gold";
  request.query = "code=1&lang=sv";
  EXPECT_EQ(compose_request(contract, request).json,
            R"({"email":"a@b","tier":"gold","ui_locales":"sv"})");
  request.path = "/p/a/y/gold";
  EXPECT_EQ(compose_request(contract, request).fault, Fault::kPath);
  for (const std::string_view path : {"/p", "/p/a/x", "/p/a/x/b/c", "/px/a/x/b", "", "/"}) {
    EXPECT_FALSE(is_below(contract, path)) << path;
    request.path = path;
    EXPECT_EQ(compose_request(contract, request).fault, Fault::kPath) << path;
  }
  request.path = "/p//x/";  // claims without a value
  EXPECT_EQ(compose_request(contract, request).json, R"({"ui_locales":"sv"})");
}

TEST(Url, TemplatesAreRefused) {
  for (const std::string_view text :
       {"", "{a}", "/", "/{}", "/a{b}", "/{a", "/{a}//b", "/{a}?", "/{a}?x", "/{a}?x=1", "/{a}?x={b}&"}) {
    UrlTemplate out;
    EXPECT_NE(parse_url_template(text, out), nullptr) << text;
  }
}

TEST(Payload, IsOneValue) {
  Contract contract;
  contract.payload = "order";
  const auto composed = [&](std::string body) {
    const std::size_t size = body.size();
    body.append(claims::kReadPadding, '\0');
    http::Request request;
    request.body = std::string_view(body).substr(0, size);
    return compose_request(contract, request);
  };
  EXPECT_EQ(composed("\xEF\xBB\xBF [1, {\"a\":null}] ").json, R"({"order":[1, {"a":null}]})");
  EXPECT_EQ(composed("true").json, R"({"order":true})");
  for (const char* const body : {"", " ", "1,\"a\":2", "{", "{}}", "[1] 2"}) {
    EXPECT_EQ(composed(body).fault, Fault::kPayload) << body;
  }
}

TEST(Names, MayBeExchanged) {
  claims::NameTable names;
  Contract contract;
  const claims::NameId a = names.intern("a"), b = names.intern("b"), c = names.intern("c");
  contract.names = {{a, b, "b"}, {b, a, "a"}, {c, claims::kEmail, "email"}};
  claims::Claims claims(names.size());
  claims.clear();
  claims[a] = {claims::Kind::kString, "a", "1"};
  claims[b] = {claims::Kind::kString, "b", "2"};
  claims[claims::kEmail] = {claims::Kind::kString, "email", "3"};
  rename(contract, claims);
  const claims::Claims& read = claims;
  EXPECT_EQ(read[a].value, "2");
  EXPECT_EQ(read[b].value, "1");
  EXPECT_EQ(read[c].value, "3");
  EXPECT_EQ(read[claims::kEmail].kind, claims::Kind::kAbsent);
}

TEST(Errors, DebugMembersHaveNoClaims) {
  Contract contract;
  contract.debug = true;
  contract.connector = "signup";
  contract.more_info = "https://x.example";
  std::string expected =
      R"({"version":"1.0.0","status":409,"code":"block","userMessage":"No.","developerMessage":"connector signup, rule closed","moreInfo":"https://x.example"})";
  http::OutBuffer out(4096);
  ASSERT_TRUE(write_message(contract, out, rules::VerdictKind::kBlock, {"No."},
                            {"closed", "a@b.example"}));
  EXPECT_EQ(out.view(), expected);
}

}  // namespace
}  // namespace core::dialects::b2c_policy
