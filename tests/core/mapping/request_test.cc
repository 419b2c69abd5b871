#include <gtest/gtest.h>
#include <pugixml.hpp>
#include <simdjson.h>

#include "core/mapping/escape.h"
#include "core/text/text.h"
#include "tests/core/mapping/bench.h"

namespace core::mapping {
namespace {

using test::Mapped;

constexpr std::string_view kContinue = "\nresponse: [ { continue: {} } ]";

Mapped mapped(std::string_view request) {
  return Mapped("request: " + std::string(request) + std::string(kContinue));
}

/// Values that have broken something somewhere, as JSON strings and as what they are.
struct Hostile {
  std::string_view json, plain;
};
const Hostile kHostile[] = {
    {R"("a\r\nX-Evil: 1")", "a\r\nX-Evil: 1"},
    {R"("a\nb")", "a\nb"},
    {R"("\"}, {\"x\":\"")", "\"}, {\"x\":\""},
    {R"("back\\slash")", "back\\slash"},
    {R"("]]><x/>")", "]]><x/>"},
    {R"("<b>&amp;&lt;</b>")", "<b>&amp;&lt;</b>"},
    {R"("' or '1'='1")", "' or '1'='1"},
    {R"("--><!--")", "--><!--"},
    {R"("&xxe;")", "&xxe;"},
    {R"("%2e%2e%2f")", "%2e%2e%2f"},
    {R"("../../etc/passwd")", "../../etc/passwd"},
    {R"("..")", ".."},
    {R"(".")", "."},
    {R"("a/b?c=d#e")", "a/b?c=d#e"},
    {R"("a&b=c;d")", "a&b=c;d"},
    {R"("a+b c")", "a+b c"},
    {R"("https://evil.example@x:1/")", "https://evil.example@x:1/"},
    {R"("\\\\evil")", "\\\\evil"},
    {R"("a\u2028b\u2029c")", "a\u2028b\u2029c"},
    {R"("\u0085")", "\u0085"},
    {R"("\u202Eevil")", "\u202Eevil"},
    {R"("nul\u0000byte")", std::string_view("nul\0byte", 8)},
    {R"("\u0001\u001f\u007f")", "\x01\x1f\x7f"},
    {R"("\ufffe\uffff")", "\uFFFE\uFFFF"},
    {R"("{email}")", "{email}"},
    {R"("${env:WORD}")", "${env:WORD}"},
    {R"("Åsa Öberg")", "Åsa Öberg"},
    {R"("\uD83D\uDE00")", "\U0001F600"},
    {R"("")", ""},
    {R"(" ")", " "},
    {R"("\t")", "\t"},
};

std::string claims_with(std::string_view value) {
  return R"({"email":"a@b.example","givenName":)" + std::string(value) + "}";
}

std::string percent_decoded(std::string_view text, bool plus) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += plus && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

TEST(MappedRequest, IsJsonWithTypesAndWithoutWhatIsMissing) {
  Mapped backend = mapped(
      R"({ method: PUT, path: /v2/search, json: { mail: "{email}", since: 2, exact: true, no: null,
         name: "{givenName} {surname}", town: "{city}", country: "{country ?? SE}",
         age: "{extension_age}", member: "{extension_member}", ids: "{identities}",
         text: "{extension_age | as_string}", count: "{postalCode | as_number}",
         flag: "{state | as_boolean}", nested: { town: "{city}", list: [ "{city}", "{email}", 1.50 ] },
         "quo\"te": "}}{{" } })");
  ASSERT_EQ(backend.ask(R"({"email":"a\"b@c.example","givenName":"Åsa","surname":"<Öberg>",
      "extension_age":42,"extension_member":true,"postalCode":"-1.5e3","state":"false",
      "identities":[{"issuer":"x"}],"objectId":null})"),
            NotAsked::kNone);
  EXPECT_EQ(backend.question().method, "PUT");
  EXPECT_EQ(backend.question().target, "/v2/search");
  EXPECT_EQ(backend.question().fields, "Content-Type: application/json\r\n");
  EXPECT_TRUE(backend.question().has_body);
  EXPECT_EQ(backend.question().body,
            "{\"mail\":\"a\\\"b@c.example\",\"since\":2,\"exact\":true,\"no\":null,"
            "\"name\":\"Åsa \\u003CÖberg\\u003E\",\"country\":\"SE\",\"age\":42,\"member\":true,"
            "\"ids\":[{\"issuer\":\"x\"}],\"text\":\"42\",\"count\":-1.5e3,\"flag\":false,"
            "\"nested\":{\"list\":[\"a\\\"b@c.example\",1.50]},\"quo\\\"te\":\"}{\"}");
}

TEST(MappedRequest, AppliesFiltersAndDerivedValues) {
  Mapped backend = mapped(
      R"({ json: { domain: "{email.domain | upper}", name: "{givenName|trim|upper ?? 'nobody'}" } })");
  ASSERT_EQ(backend.ask(R"({"email":"a@B.Example.","givenName":" x "})"), NotAsked::kNone);
  EXPECT_EQ(backend.question().body, R"({"domain":"B.EXAMPLE","name":"X"})");
  ASSERT_EQ(backend.ask("{}"), NotAsked::kNone);
  EXPECT_EQ(backend.question().body, R"({"name":"nobody"})");
}

TEST(MappedRequest, IsNotMadeOfAClaimThatShouldBeANumberAndIsNone) {
  Mapped backend = mapped(R"({ json: { age: "{extension_age | as_number}" } })");
  for (const std::string_view bad :
       {R"("12a")", R"("01")", R"("+1")", R"("")", R"("1,\"x\":2")", R"("0x10")", R"("NaN")", R"("1.")",
        R"("Infinity")", R"("--1")", R"("1e")"}) {
    EXPECT_EQ(backend.ask(R"({"extension_age":)" + std::string(bad) + "}"), NotAsked::kUnfit) << bad;
  }
  for (const std::string_view good : {R"("12")", "12", R"("-0.5E+3")", R"("0")"}) {
    EXPECT_EQ(backend.ask(R"({"extension_age":)" + std::string(good) + "}"), NotAsked::kNone) << good;
  }
  EXPECT_EQ(backend.ask("{}"), NotAsked::kNone);
  EXPECT_EQ(backend.question().body, "{}");
  Mapped flag = mapped(R"({ json: { on: "{extension_on | as_boolean}" } })");
  EXPECT_EQ(flag.ask(R"({"extension_on":"yes"})"), NotAsked::kUnfit);
  EXPECT_EQ(flag.ask(R"({"extension_on":true})"), NotAsked::kNone);
}

TEST(MappedRequest, SaysWhenMemoryIsExhausted) {
  Mapped backend = mapped(R"({ json: { name: "{givenName | upper}" } })");
  EXPECT_EQ(backend.ask(R"({"givenName":"abcdefghijklmnopqrstuvwxyz"})", 8), NotAsked::kMemory);
}

TEST(MappedRequest, PassesTheCallersBodyThrough) {
  Mapped backend = mapped("{ pass_through: true, path: /hook }");
  const std::string body = "{ \"email\" : \"a@b.example\", \"unknown\": [1, 2] }";
  ASSERT_EQ(backend.ask(body), NotAsked::kNone);
  EXPECT_EQ(backend.question().body, body);
  EXPECT_EQ(backend.question().target, "/hook");
  Mapped connector("speaks: connector");
  ASSERT_EQ(connector.ask(body), NotAsked::kNone);
  EXPECT_EQ(connector.question().method, "POST");
  EXPECT_EQ(connector.question().target, "/");
  EXPECT_EQ(connector.question().body, body);
  EXPECT_EQ(connector.question().fields, "Content-Type: application/json\r\n");
}

TEST(MappedRequest, HasABodyWhereTheMethodWantsOne) {
  Mapped get = mapped("{ method: GET, query: { m: \"{email}\" } }");
  ASSERT_EQ(get.ask(R"({"email":"a@b.example"})"), NotAsked::kNone);
  EXPECT_FALSE(get.question().has_body);
  EXPECT_EQ(get.question().target, "/?m=a%40b.example");
  EXPECT_EQ(get.question().fields, "");
  Mapped post = mapped("{ path: /touch }");
  ASSERT_EQ(post.ask("{}"), NotAsked::kNone);
  EXPECT_TRUE(post.question().has_body);
  EXPECT_EQ(post.question().body, "");
}

TEST(MappedRequest, LeavesMissingParametersAndFieldsOut) {
  Mapped backend = mapped(
      R"({ query: { a: "{city}", b: "{email}", c: 2 }, form: { x: "{city}", y: "{email}", z: "" },
           headers: { X-City: "{city}", X-Mail: "{email}", X-Fixed: yes } })");
  ASSERT_EQ(backend.ask(R"({"email":"a@b.example"})"), NotAsked::kNone);
  EXPECT_EQ(backend.question().target, "/?b=a%40b.example&c=2");
  EXPECT_EQ(backend.question().body, "y=a%40b.example&z=");
  EXPECT_EQ(backend.question().fields,
            "Content-Type: application/x-www-form-urlencoded\r\n"
            "X-Mail: a@b.example\r\nX-Fixed: yes\r\n");
}

TEST(MappedRequest, NeedsEveryValueOfAPath) {
  Mapped backend = mapped(R"({ path: "/c/{city}/x" })");
  EXPECT_EQ(backend.ask("{}"), NotAsked::kMissing);
  EXPECT_EQ(backend.ask(R"({"city":null})"), NotAsked::kMissing);
  EXPECT_EQ(backend.ask(R"({"city":""})"), NotAsked::kUnfit);
  ASSERT_EQ(backend.ask(R"({"city":"Umeå / 1"})"), NotAsked::kNone);
  EXPECT_EQ(backend.question().target, "/c/Ume%C3%A5%20%2F%201/x");
  Mapped with_default = mapped(R"({ path: "/c/{city ?? none}" })");
  ASSERT_EQ(with_default.ask("{}"), NotAsked::kNone);
  EXPECT_EQ(with_default.question().target, "/c/none");
}

// --- injection, place by place ---

TEST(Injection, IntoAPathSegmentChangesNothingButTheSegment) {
  Mapped backend = mapped(R"({ path: "/a/{givenName}/z", query: { q: fixed } })");
  for (const Hostile& value : kHostile) {
    SCOPED_TRACE(value.json);
    const NotAsked why = backend.ask(claims_with(value.json));
    if (why != NotAsked::kNone) {
      EXPECT_EQ(why, NotAsked::kUnfit);
      continue;
    }
    const std::string_view target = backend.question().target;
    ASSERT_TRUE(target.starts_with("/a/"));
    ASSERT_TRUE(target.ends_with("/z?q=fixed"));
    const std::string_view segment = target.substr(3, target.size() - 3 - 10);
    EXPECT_EQ(segment.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                        "-._~%"),
              std::string_view::npos);
    EXPECT_EQ(percent_decoded(segment, false), value.plain);
    EXPECT_NE(segment, "..");
    EXPECT_NE(segment, ".");
  }
  for (const std::string_view refused : {R"("..")", R"(".")", R"("a\r\nb")", R"("nul\u0000byte")"}) {
    EXPECT_EQ(backend.ask(claims_with(refused)), NotAsked::kUnfit) << refused;
  }
}

TEST(Injection, OfDotsThatMeetDotsOfThePathIsRefused) {
  struct Case {
    std::string_view path, value;
    bool refused;
  };
  const Case cases[] = {
      {"/a/.{givenName}", R"(".")", true},      {"/a/{givenName}.", R"(".")", true},
      {"/a/%2E{givenName}", R"(".")", true},    {"/a/{givenName}%2e", R"(".")", true},
      {"/{givenName}{surname}", R"(".")", true}, {"/a/x{givenName}", R"("..")", false},
      {"/a/{givenName}", R"("...")", false},    {"/a/{givenName}", R"("%2e%2e")", false},
      {"/a/{givenName}", R"("..%2f")", false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.path);
    Mapped backend = mapped("{ path: \"" + std::string(c.path) + "\" }");
    EXPECT_EQ(backend.ask(R"({"surname":".","givenName":)" + std::string(c.value) + "}"),
              c.refused ? NotAsked::kUnfit : NotAsked::kNone);
  }
}

TEST(Injection, IntoAQueryOrFormComesOutAsItWent) {
  Mapped query = mapped(R"({ query: { v: "{givenName}", "n&m=": "x" } })");
  Mapped form = mapped(R"({ form: { v: "{givenName}", "n&m=": "x" } })");
  for (const Hostile& value : kHostile) {
    SCOPED_TRACE(value.json);
    const bool nul = value.plain.find('\0') != std::string_view::npos;
    ASSERT_EQ(query.ask(claims_with(value.json)), nul ? NotAsked::kUnfit : NotAsked::kNone);
    ASSERT_EQ(form.ask(claims_with(value.json)), nul ? NotAsked::kUnfit : NotAsked::kNone);
    if (nul) continue;
    const std::string_view target = query.question().target;
    ASSERT_TRUE(target.starts_with("/?v="));
    ASSERT_TRUE(target.ends_with("&n%26m%3D=x"));
    const std::string_view in_query = target.substr(4, target.size() - 4 - 11);
    EXPECT_EQ(in_query.find_first_of("&=#+ \r\n"), std::string_view::npos);
    EXPECT_EQ(percent_decoded(in_query, false), value.plain);
    const std::string_view body = form.question().body;
    ASSERT_TRUE(body.ends_with("&n%26m%3D=x"));
    const std::string_view in_form = body.substr(2, body.size() - 2 - 11);
    EXPECT_EQ(in_form.find_first_of("&=# \r\n"), std::string_view::npos);
    EXPECT_EQ(percent_decoded(in_form, true), value.plain);
  }
}

TEST(Injection, IntoAFieldIsRefusedOrEncoded) {
  Mapped backend = mapped(R"({ headers: { X-Name: "<{givenName}>" } })");
  for (const Hostile& value : kHostile) {
    SCOPED_TRACE(value.json);
    bool control = false;
    for (const char c : value.plain) control = control || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    ASSERT_EQ(backend.ask(claims_with(value.json)), control ? NotAsked::kUnfit : NotAsked::kNone);
    if (control) continue;
    const std::string_view fields = backend.question().fields;
    ASSERT_TRUE(fields.starts_with("X-Name: <"));
    ASSERT_TRUE(fields.ends_with(">\r\n"));
    const std::string_view written = fields.substr(9, fields.size() - 9 - 3);
    for (const char c : written) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
    EXPECT_EQ(percent_decoded(written, false), value.plain);
  }
}

TEST(Injection, AFieldKeepsTheSpacesAtItsEnds) {
  // A reader takes them off (RFC 9110, 5.5), so they are encoded; those inside stand for themselves.
  Mapped backend = mapped(R"({ headers: { X-Name: "{givenName}" } })");
  struct Case {
    std::string_view json, field;
  };
  constexpr Case kCases[] = {
      {R"(" ")", "%20"}, {R"("  ")", "%20%20"}, {R"(" a b ")", "%20a b%20"}, {R"("  a  ")", "%20 a %20"}, {R"("")", ""}};
  for (const Case& c : kCases) {
    ASSERT_EQ(backend.ask(claims_with(c.json)), NotAsked::kNone) << c.json;
    EXPECT_EQ(backend.question().fields, "X-Name: " + std::string(c.field) + "\r\n");
  }
}

TEST(Injection, IntoJsonComesOutAsItWent) {
  Mapped backend = mapped(R"({ json: { a: "{givenName}", b: "x{givenName}y", c: 1 } })");
  simdjson::dom::parser parser;
  for (const Hostile& value : kHostile) {
    SCOPED_TRACE(value.json);
    ASSERT_EQ(backend.ask(claims_with(value.json)), NotAsked::kNone);
    simdjson::dom::object object;
    ASSERT_EQ(parser.parse(backend.question().body).get(object), simdjson::SUCCESS)
        << backend.question().body;
    EXPECT_EQ(object.size(), 3u);
    EXPECT_EQ(std::string_view(object["a"]), value.plain);
    EXPECT_EQ(std::string_view(object["b"]), "x" + std::string(value.plain) + "y");
  }
}

TEST(Injection, IntoXmlComesOutAsItWent) {
  Mapped backend = mapped(R"({ xml: "<r a=\"{givenName}\" b='{givenName}'><n>{givenName}</n></r>" })");
  for (const Hostile& value : kHostile) {
    SCOPED_TRACE(value.json);
    const NotAsked why = backend.ask(claims_with(value.json));
    if (why != NotAsked::kNone) {
      EXPECT_EQ(why, NotAsked::kUnfit);
      continue;
    }
    pugi::xml_document document;
    ASSERT_TRUE(document.load_string(backend.question().body.c_str(),
                                     pugi::parse_full | pugi::parse_ws_pcdata_single))
        << backend.question().body;
    const pugi::xml_node root = document.child("r");
    EXPECT_EQ(root.first_child(), root.last_child());
    EXPECT_EQ(root.attribute("a").value(), value.plain);
    EXPECT_EQ(root.attribute("b").value(), value.plain);
    EXPECT_EQ(root.child("n").text().get(), value.plain);
  }
  for (const std::string_view refused :
       {R"("nul\u0000byte")", R"("\u0001")", R"("\ufffe\uffff")", R"("\u001f")"}) {
    EXPECT_EQ(backend.ask(claims_with(refused)), NotAsked::kUnfit) << refused;
  }
}

TEST(Injection, IntoPlainTextCannotBeginALine) {
  Mapped backend = mapped(R"({ text: "NAME={givenName}\nMAIL={email}\n" })");
  for (const Hostile& value : kHostile) {
    SCOPED_TRACE(value.json);
    if (backend.ask(claims_with(value.json)) != NotAsked::kNone) continue;
    EXPECT_EQ(backend.question().body, "NAME=" + std::string(value.plain) + "\nMAIL=a@b.example\n");
    EXPECT_EQ(value.plain.find_first_of("\r\n"), std::string_view::npos);
  }
  for (const std::string_view refused : {R"("a\nb")", R"("a\u2028b")", R"("\u0085")", R"("\t")"}) {
    EXPECT_EQ(backend.ask(claims_with(refused)), NotAsked::kUnfit) << refused;
  }
  ASSERT_EQ(backend.ask("{}"), NotAsked::kNone);
  EXPECT_EQ(backend.question().body, "NAME=\nMAIL=\n");
}

TEST(MappedRequest, IsXmlWithItsType) {
  Mapped soap = mapped(
      R"({ xml: "<?xml version=\"1.0\"?><Envelope><Body><m>{email}</m><c>{city}</c></Body></Envelope>",
           content_type: "application/soap+xml; charset=utf-8", headers: { SOAPAction: "\"find\"" } })");
  ASSERT_EQ(soap.ask(R"({"email":"<a&b>@c.example"})"), NotAsked::kNone);
  EXPECT_EQ(soap.question().fields,
            "Content-Type: application/soap+xml; charset=utf-8\r\nSOAPAction: \"find\"\r\n");
  EXPECT_EQ(soap.question().body,
            "<?xml version=\"1.0\"?><Envelope><Body><m>&lt;a&amp;b&gt;@c.example</m><c></c></Body>"
            "</Envelope>");
}

}  // namespace
}  // namespace core::mapping
