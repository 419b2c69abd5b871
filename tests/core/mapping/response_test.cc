#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <thread>
#include <vector>

#include "core/mapping/response_rows.h"
#include "tests/core/mapping/bench.h"

namespace core::mapping {
namespace {

using test::kJsonType;
using test::kXmlType;
using test::Mapped;
using test::told;

Mapped rows(std::string_view rows, std::string_view more = {}) {
  return Mapped(std::string(more) + "response:\n" + std::string(rows));
}

std::string compressed(std::string_view text, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}
std::string gzip(std::string_view text) { return compressed(text, MAX_WBITS + 16); }

TEST(MappedResponse, IsDecidedByTheFirstRowThatHolds) {
  Mapped backend = rows(R"(  - when: { status: 200, json: { /found: true } }
    continue: { extension_loyaltyTier: "{/customer/tier}" }
  - when: { status: 404 }
    continue: {}
  - when: { status: 409 }
    block: not_open
  - when: { status: [ 410, "420-429" ] }
    validation_error: later
  - when: { status: "5xx" }
    unresolved: true
)");
  EXPECT_EQ(told(backend.read(200, kJsonType, R"({"found":true,"customer":{"tier":"gold"}})")),
            "continue extension_loyaltyTier=gold");
  EXPECT_EQ(told(backend.read(200, kJsonType, R"({"found":false})")), "unresolved no_row");
  EXPECT_EQ(told(backend.read(404, "Content-Type: text/html", "<html>")), "continue");
  EXPECT_EQ(told(backend.read(409, "", "")), "block message=not_open");
  EXPECT_EQ(told(backend.read(410, "", "")), "validation_error message=later");
  EXPECT_EQ(told(backend.read(425, "", "")), "validation_error message=later");
  EXPECT_EQ(told(backend.read(430, "", "")), "unresolved no_row");
  const Answer answer = backend.read(503, "", "");
  EXPECT_EQ(answer.why, Unresolved::kRow);
  EXPECT_EQ(answer.row, 4u);
  EXPECT_NE(answer.place.line, 0u);
  EXPECT_EQ(backend.read(430, "", "").row, Answer::kNoRow);
}

TEST(MappedResponse, KeepsTheTypesOfJson) {
  Mapped backend = rows(R"(  - continue:
      a: "{/n}"
      b: "{/b}"
      c: "n {/n} b {/b}"
      d: "{/s}"
      e: "{/x}"
      f: "{/o}"
      g: "{/list/1}"
      h: "{/n | as_string}"
      i: "{/s | upper}"
      j: "{/x ?? none}"
      k: "{/t | as_number}"
      l: 7
      m: true
      n: "{/z}"
      o: "{/a~1b/~0}"
      p: "{/empty}"
)");
  EXPECT_EQ(told(backend.read(200, kJsonType,
                              R"({"n":-1.5,"b":false,"s":"åa","x":null,"o":{},"list":[1,"two"],)"
                              R"("t":"12","z":18446744073709551615,"a/b":{"~":"deep"},"empty":""})")),
            "continue a=-1.5:number b=false:boolean c=n -1.5 b false d=åa g=two h=-1.5 i=ÅA j=none "
            "k=12:number l=7:number m=true:boolean n=18446744073709551615:number o=deep p=");
}

TEST(MappedResponse, KnowsEveryTest) {
  struct Case {
    std::string_view test, body;
    bool holds;
  };
  const Case cases[] = {
      {"/a: gold", R"({"a":"gold"})", true},
      {"/a: gold", R"({"a":"Gold"})", false},
      {"/a: 5", R"({"a":5.0})", true},
      {"/a: 5", R"({"a":"5"})", true},  // a text that spells a number
      {"/a: \"5\"", R"({"a":"5"})", true},
      {"/a: true", R"({"a":true})", true},
      {"/a: true", R"({"a":"true"})", true},
      {"/a: true", R"({"a":false})", false},
      {"/a: true", R"({})", false},
      {"/a: { not_equals: gold }", R"({"a":"tin"})", true},
      {"/a: { not_equals: gold }", R"({"a":"gold"})", false},
      {"/a: { not_equals: gold }", R"({})", false},
      {"/a: { in: [gold, 5] }", R"({"a":5})", true},
      {"/a: { in: [gold, 5] }", R"({"a":6})", false},
      {"/a: { not_in: [gold, 5] }", R"({"a":6})", true},
      {"/a: { contains: ol }", R"({"a":"gold"})", true},
      {"/a: { contains: [x, y] }", R"({"a":"gold"})", false},
      {"/a: { matches: '^g.+d$' }", R"({"a":"gold"})", true},
      {"/a: { matches: ['^x', '^g'] }", R"({"a":"gold"})", true},
      {"/a: { not_matches: '^g' }", R"({"a":"gold"})", false},
      {"/a: { at_least: 5 }", R"({"a":5})", true},
      {"/a: { at_least: 5 }", R"({"a":4.99})", false},
      {"/a: { at_least: 5 }", R"({"a":"7"})", true},
      {"/a: { at_least: 5 }", R"({"a":"much"})", false},
      {"/a: { at_least: 1, at_most: 5 }", R"({"a":6})", false},
      {"/a: { at_most: -1 }", R"({"a":-2})", true},
      {"/a: { exists: true }", R"({"a":{}})", true},
      {"/a: { exists: true }", R"({"a":null})", false},
      {"/a: { missing: true }", R"({"a":null})", true},
      {"/a: { missing: true }", R"({"a":1})", false},
      {"/a: { exists: false }", R"({})", true},
      {"/a/0/b: 1", R"({"a":[{"b":1}]})", true},
      {"/a/-: { missing: true }", R"({"a":[1]})", true},
      {"/a/00: { missing: true }", R"({"a":[1]})", true},
      {"\"\": { exists: true }", "[]", true},
      {"/: x", R"({"":"x"})", true},
      {"/a~1b: x", R"({"a/b":"x"})", true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.test) + " on " + std::string(c.body));
    Mapped backend =
        rows("  - when: { json: { " + std::string(c.test) + " } }\n    continue: {}\n");
    EXPECT_EQ(told(backend.read(200, kJsonType, c.body)), c.holds ? "continue" : "unresolved no_row");
  }
}

TEST(MappedResponse, ReadsFieldsTextAndXml) {
  Mapped fields = rows(
      "  - when: { header: { x-tier: { in: [gold, silver] }, X-None: { missing: true } } }\n"
      "    continue: { tier: \"{header:X-TIER | upper}\" }\n");
  EXPECT_EQ(told(fields.read(200, "X-Other: a\nX-TiEr: gold\nX-Tier: tin", "")), "continue tier=GOLD");
  EXPECT_EQ(told(fields.read(200, "X-Tier: tin", "")), "unresolved no_row");

  Mapped text = rows(
      "  - when: { text: { matches: '^OK (?P<tier>\\w+)(?: (?P<more>\\w+))?$' } }\n"
      "    continue: { tier: \"{text:tier}\", more: \"{text:more ?? none}\" }\n"
      "  - when: { text: OK }\n"
      "    continue: {}\n"
      "  - when: { text: { contains: DENIED } }\n"
      "    block: { text: \"Denied: {header:X-Why}\", message: later }\n");
  EXPECT_EQ(told(text.read(200, "Content-Type: text/plain", "OK gold\r\n")), "continue tier=gold more=none");
  EXPECT_EQ(told(text.read(200, "", " OK \n")), "continue");
  EXPECT_EQ(told(text.read(200, "X-Why: age", "** DENIED **")), "block text=Denied: age");
  EXPECT_EQ(told(text.read(200, "", "** DENIED **")), "block message=later");

  Mapped xml = rows(R"(  - when: { xpath: { "//*[local-name()='Found']": "true", "count(//Tier) > 0": true } }
    continue: { tier: "{xpath://Tier/@level}", n: "{xpath:count(//Tier)}", name: "{xpath:string(//Name) | upper}", all: "{xpath:/s:E/Tier}" }
)");
  EXPECT_EQ(told(xml.read(200, kXmlType,
                          "<?xml version='1.0'?><s:E xmlns:s='u'><s:Found>true</s:Found>"
                          "<Tier level='g&#111;ld'>a<b>b</b>c</Tier><Tier/><Name>x &lt; y</Name></s:E>")),
            "continue tier=gold n=2:number name=X < Y all=abc");
  EXPECT_EQ(told(xml.read(200, kXmlType, "<E><Found>false</Found></E>")), "unresolved no_row");
}

TEST(MappedResponse, UsesClaimsAsTheyWereWhenItAsked) {
  Mapped backend = rows(
      "  - continue: { country: \"{country | upper}\", copy: \"{extension_age}\", gone: \"{city}\", both: "
      "\"{/a} {country}\" }\n",
      "request: { json: {} }\n");
  ASSERT_EQ(backend.ask(R"({"country":"se","extension_age":41,"email":"a@b.example"})"), NotAsked::kNone);
  EXPECT_EQ(told(backend.read(200, kJsonType, R"({"a":1})")),
            "continue country=SE copy=41:number both=1 se");
}

TEST(MappedResponse, SettlesNothingWhenItsBodyCannotBeRead) {
  Mapped json = rows("  - when: { json: { /a: { missing: true } } }\n    continue: {}\n");
  Mapped claims = rows("  - continue: { a: \"{/a}\" }\n");
  std::string deep;
  for (int i = 0; i < 70; ++i) deep += "[";
  for (int i = 0; i < 70; ++i) deep += "]";
  struct Case {
    std::string fields, body;
    std::string_view why;
  };
  const std::string json_type(kJsonType);
  const Case cases[] = {
      {json_type, "", "json"},
      {json_type, "  ", "json"},
      {json_type, "{", "json"},
      {json_type, "{} {}", "json"},
      {json_type, "{\"a\":1,}", "json"},
      {json_type, "{\"a\":1 /* b */}", "json"},
      {json_type, "{'a':1}", "json"},
      {json_type, "{\"a\":01}", "json"},
      {json_type, "{\"a\":NaN}", "json"},
      {json_type, "{\"a\":\"\n\"}", "json"},
      {json_type, "{\"a\":\"\\ud800\"}", "json"},
      {json_type, "<html></html>", "json"},
      {json_type, "{\"a\":\"\xff\"}", "utf8"},
      {json_type, "{\"a\":\"\xc0\xaf\"}", "utf8"},
      {json_type, deep, "depth"},
      {json_type, deep + std::string(100'000, ' '), "depth"},
      {json_type, R"({"b":1,"b":2})", "duplicate"},
      {json_type, R"({"b":1,"\u0062":2})", "duplicate"},
      {json_type, R"([{"x":{"b":1,"c":2,"b":1}}])", "duplicate"},
      {json_type, R"({"1":0,"2":0,"3":0,"4":0,"5":0,"6":0,"7":0,"8":0,"9":0,"10":0,"3":1})", "duplicate"},
      {"Content-Type: text/html", "{}", "content_type"},
      {"Content-Type: application/jsonp", "{}", "content_type"},
      {json_type + "\nContent-Encoding: br", "{}", "content_coding"},
      {json_type + "\nContent-Encoding: gzip", "{}", "content_coding"},
      {json_type + "\nContent-Encoding: gzip, gzip", gzip("{}"), "content_coding"},
      {json_type + "\nContent-Encoding: gzip\nContent-Encoding: gzip", gzip("{}"), "content_coding"},
      {json_type + "\nContent-Encoding: gzip", gzip("{}").substr(0, 10), "content_coding"},
      {json_type + "\nContent-Encoding: gzip", gzip("{}") + "x", "content_coding"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.fields + " " + c.body);
    EXPECT_EQ(told(json.read(200, c.fields, c.body)), "unresolved " + std::string(c.why));
    EXPECT_EQ(told(claims.read(200, c.fields, c.body)), "unresolved " + std::string(c.why));
  }
}

TEST(MappedResponse, ReadsJsonByItsTypeByNoneOrByAnyWhenLenient) {
  const std::string_view row = "  - when: { json: { /a: 1 } }\n    continue: {}\n";
  Mapped strict = rows(row);
  Mapped lenient = rows(row, "lenient: true\n");
  for (const std::string_view type :
       {"Content-Type: application/json; charset=utf-8", "Content-Type: Application/JSON",
        "Content-Type: application/problem+json", "Content-Type: text/json", "Content-Type: ", "X: y",
        "Content-Type: application/json; charset=iso-8859-1"}) {
    EXPECT_EQ(told(strict.read(200, type, R"({"a":1})")), "continue") << type;
  }
  for (const std::string_view type : {"Content-Type: text/plain", "Content-Type: text/html; charset=x"}) {
    EXPECT_EQ(told(strict.read(200, type, R"({"a":1})")), "unresolved content_type") << type;
    EXPECT_EQ(told(lenient.read(200, type, R"({"a":1})")), "continue") << type;
  }
  EXPECT_EQ(told(lenient.read(200, "Content-Type: text/html", "<html>")), "unresolved json");
  EXPECT_EQ(told(strict.read(200, kJsonType, "\xEF\xBB\xBF{\"a\":1}")), "continue");
}

TEST(MappedResponse, UndoesGzipAndDeflate) {
  Mapped backend = rows("  - when: { json: { /a: { exists: true } } }\n    continue: { a: \"{/a}\" }\n");
  const std::string body = R"({"a":")" + std::string(9000, 'x') + "\"}";
  const std::string expected = "continue a=" + std::string(9000, 'x');
  const std::string type = std::string(kJsonType) + "\nContent-Encoding: ";
  EXPECT_EQ(told(backend.read(200, type + "gzip", gzip(body))), expected);
  EXPECT_EQ(told(backend.read(200, type + "X-GZIP", gzip(body))), expected);
  EXPECT_EQ(told(backend.read(200, type + "deflate", compressed(body, MAX_WBITS))), expected);
  EXPECT_EQ(told(backend.read(200, type + "deflate", compressed(body, -MAX_WBITS))), expected);
  EXPECT_EQ(told(backend.read(200, type + "identity", body)), expected);
  // Two members of one gzip body (RFC 1952, 2.2).
  EXPECT_EQ(told(backend.read(200, type + "gzip", gzip(body.substr(0, 100)) + gzip(body.substr(100)))),
            expected);
}

TEST(MappedResponse, RefusesABombAtItsLimit) {
  Mapped backend =
      rows("  - when: { json: { /a: { exists: true } } }\n    continue: {}\n",
           "limits: { response_bytes: 4KiB }\n");
  const auto body = [](std::size_t size) { return R"({"a":")" + std::string(size - 8, 'x') + "\"}"; };
  const std::string type = std::string(kJsonType) + "\nContent-Encoding: gzip";
  EXPECT_EQ(told(backend.read(200, type, gzip(body(4096)))), "continue");
  EXPECT_EQ(told(backend.read(200, type, gzip(body(4097)))), "unresolved too_large");
  EXPECT_EQ(told(backend.read(200, type, gzip(body(10 << 20)))), "unresolved too_large");
  EXPECT_EQ(told(backend.read(200, kJsonType, body(4097))), "unresolved too_large");
}

TEST(MappedResponse, RefusesXmlThatIsMoreThanADocument) {
  Mapped backend = rows("  - when: { xpath: { /a: { exists: true } } }\n    continue: { v: \"{xpath:/a}\" }\n");
  std::string deep;
  for (int i = 0; i < 70; ++i) deep += "<a>";
  for (int i = 0; i < 70; ++i) deep += "</a>";
  struct Case {
    std::string fields, body;
    std::string_view said;
  };
  const std::string xml(kXmlType);
  const Case cases[] = {
      {xml, "<a>x</a>", "continue v=x"},
      {"X: y", "<a>x</a>", "continue v=x"},
      {"Content-Type: application/soap+xml", "<a>x</a>", "continue v=x"},
      {"Content-Type: text/html", "<a>x</a>", "unresolved content_type"},
      {xml, "", "unresolved xml"},
      {xml, "{}", "unresolved xml"},
      {xml, "<a>", "unresolved xml"},
      {xml, "<a></b>", "unresolved xml"},
      {xml, "<!DOCTYPE a><a>x</a>", "unresolved doctype"},
      {xml, "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>", "unresolved doctype"},
      {xml,
       "<!DOCTYPE a [<!ENTITY l 'lol'><!ENTITY m '&l;&l;&l;&l;&l;'>]><a>&m;&m;</a>",
       "unresolved doctype"},
      {xml, deep, "unresolved depth"},
      {xml, "<a>\xff</a>", "unresolved utf8"},
      {xml, "<a>&unknown;</a>", "continue v=&unknown;"},
      {"Content-Type: text/xml", "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe5\xe4</a>",
       "continue v=åä"},
      {"Content-Type: text/xml; charset=\"windows-1252\"", "<a>\x80\xe5</a>", "continue v=€å"},
      {"Content-Type: text/xml; charset=ISO-8859-1", "<?xml version='1.0' encoding='utf-8'?><a>\xe5</a>",
       "continue v=å"},
      {"Content-Type: text/xml; charset=us-ascii", "<a>\xe5</a>", "unresolved utf8"},
      {"Content-Type: text/xml; charset=utf-16", "<a>x</a>", "unresolved charset"},
      {"Content-Type: text/xml", "<?xml version='1.0' encoding='Shift_JIS'?><a>x</a>",
       "unresolved charset"},
      {"Content-Type: text/xml", std::string("<\0a\0>\0", 6), "unresolved xml"},
      {"Content-Type: text/xml; charset=iso-8859-1", "\xEF\xBB\xBF<a>\xc3\xa5</a>", "continue v=å"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.fields + " " + c.body);
    EXPECT_EQ(told(backend.read(200, c.fields, c.body)), c.said);
  }
}

TEST(MappedResponse, MayDecideOnAStatusThoughTheBodyIsBroken) {
  Mapped backend = rows(R"(  - when: { status: 200, json: { /found: true } }
    continue: {}
  - when: { status: 404 }
    continue: { known: false }
  - when: { status: 409 }
    block: { text: "{/reason}", message: not_open }
  - when: { status: 410 }
    block: { text: "{/reason}" }
)");
  EXPECT_EQ(told(backend.read(404, kJsonType, "broken")), "continue known=false:boolean");
  EXPECT_EQ(told(backend.read(409, kJsonType, "broken")), "block message=not_open");
  EXPECT_EQ(told(backend.read(410, kJsonType, "broken")), "unresolved json");
  EXPECT_EQ(told(backend.read(410, kJsonType, "{}")), "unresolved missing");
  EXPECT_EQ(told(backend.read(410, kJsonType, R"({"reason":" \n"})")), "unresolved missing");
}

TEST(MappedResponse, SaysToAPersonOnlyWhatAPageMayShow) {
  Mapped backend = rows("  - validation_error: { text: \"{/reason}\" }\n");
  EXPECT_EQ(told(backend.read(400, kJsonType,
                              R"({"reason":" Too\tyoung:\r\n\u202Eabc\u2066\u0007\u0085 1 < 2 "})")),
            "validation_error text=Too young: abc 1 < 2");
  const Answer longest =
      backend.read(400, kJsonType, R"({"reason":")" + std::string(5000, 'x') + "\"}");
  EXPECT_EQ(longest.decision.text.size(), kPersonTextMax);
  EXPECT_EQ(person_text("\xc3\xa5\xff\xe2\x80"), "å");
}

TEST(MappedResponse, IsReadByAllWorkersAtOnce) {
  constexpr std::size_t kLanes = 4;
  Mapped backend(
      "response:\n"
      "  - when: { text: { matches: 'tier=(?P<t>[a-z]+) .*(x|y)+z' } }\n"
      "    continue: { t: \"{text:t}\" }\n"
      "  - when: { xpath: { //T: { matches: '.*(a|b)+c' } } }\n"
      "    continue: { t: \"{xpath://T[1]}\" }\n",
      kLanes);
  ASSERT_TRUE(backend.good()) << backend.errors();
  const Kept kept{};
  std::vector<std::thread> threads;
  std::array<std::size_t, kLanes> good{};
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    threads.emplace_back([&, lane] {
      const http::Header type[] = {{"Content-Type", "text/xml"}};
      for (int i = 0; i < 200; ++i) {
        const Answer text = backend.mapping().read({200, {}, "tier=gold aaa xyxyz"}, kept, lane);
        const Answer xml = backend.mapping().read({200, type, "<R><T>aabc</T></R>"}, kept, lane);
        good[lane] += told(text) == "continue t=gold" && told(xml) == "continue t=aabc" ? 1u : 0u;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::size_t count : good) EXPECT_EQ(count, 200u);
}

}  // namespace
}  // namespace core::mapping
