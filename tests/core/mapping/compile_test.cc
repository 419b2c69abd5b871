#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/core/mapping/bench.h"

namespace core::mapping {
namespace {

using test::Mapped;

/// What is said about a backend, without the excerpts: "line:column: message; suggestion".
std::string said(std::string_view backend) {
  const std::string rendered = Mapped(backend).errors();
  std::string out;
  for (std::size_t at = 0; at < rendered.size();) {
    const std::size_t end = std::min(rendered.find('\n', at), rendered.size());
    std::string_view line = std::string_view(rendered).substr(at, end - at);
    at = end + 1;
    constexpr std::string_view kFile = "claimgate.yaml:";
    if (line.starts_with(kFile)) {
      out += std::string(line.substr(kFile.size())) + "\n";
    } else if (const std::size_t hint = line.find('^'); hint != std::string_view::npos) {
      const std::size_t words = line.find_first_not_of("^~ ", hint);
      if (words != std::string_view::npos) out += "  " + std::string(line.substr(words)) + "\n";
    }
  }
  return out;
}

struct CompileCase {
  std::string_view backend, said;
};

TEST(CompileMapping, ReportsEveryMistakeAtItsPlace) {
  constexpr CompileCase kCases[] = {
      {"request: { json: { a: \"{/found}\" } }\nresponse: [ { continue: {} } ]",
       "4:29: error: a value of the backend's answer, before it was asked\n"
       "  such values are for `response`\n"},
      {"request: { path: \"/{header:X}\" }\nresponse: [ { continue: {} } ]",
       "4:25: error: a value of the backend's answer, before it was asked\n"
       "  such values are for `response`\n"},
      {"request: { json: { a: \"{emial.domain}\" } }\nresponse: [ { continue: {} } ]",
       "4:29: error: unknown derived value \"emial.domain\"\n  did you mean \"email.domain\"?\n"},
      {"request: { json: { a: \"{email | uper}\" } }\nresponse: [ { continue: {} } ]",
       "4:37: error: unknown filter \"uper\"\n  did you mean \"upper\"?\n"},
      {"request: { query: { a: \"{email\" } }\nresponse: [ { continue: {} } ]",
       "4:29: error: \"{\" without a \"}\"\n  write {{ for the character itself\n"},
      {"response: [ { continue: { a: \"x}\" } } ]",
       "4:36: error: \"}\" without a \"{\"\n  write }} for the character itself\n"},
      {"response: [ { continue: { a: \"{/x | uper}\" } } ]",
       "4:41: error: unknown filter \"uper\"\n  did you mean \"upper\"?\n"},
      {"response: [ { continue: { a: \"{/x~2}\" } } ]",
       "4:36: error: no JSON pointer (RFC 6901)\n  write ~0 for \"~\" and ~1 for \"/\"\n"},
      {"response: [ { continue: { a: \"{xpath:}\" } } ]",
       "4:36: error: the place in the answer is missing\n"
       "  write {/customer/tier}, {xpath:/a/b}, {header:X-Tier} or {text:name}\n"},
      {"response: [ { continue: { a: \"{text:tier}\" } } ]",
       "4:35: error: no pattern of this row has a group \"tier\"\n"
       "  write when: { text: { matches: '(?P<tier>...)' } }\n"},
      {"response: [ { continue: { objectId: x } } ]",
       "4:31: error: no answer can change \"objectId\"\n  it identifies the request\n"},
      {"response: [ { continue: { extension_A: x, extension_a: y } } ]",
       "4:47: error: this claim is set twice\n  leave one out\n"},
      {"response: [ { block: not_opne } ]",
       "4:26: error: unknown message \"not_opne\"\n  did you mean \"not_open\"?\n"},
      {"response: [ { block: { text: \"{/a}\", message: x } } ]",
       "4:51: error: unknown message \"x\"\n  one of: later, not_open\n"},
      {"response: [ { when: { json: { /a~: 1 } }, continue: {} } ]",
       "4:37: error: no JSON pointer (RFC 6901)\n  write ~0 for \"~\" and ~1 for \"/\"\n"},
      {"response: [ { when: { text: { matches: '(' } }, continue: {} } ]",
       "4:44: error: not a pattern: missing ): (\n  RE2 syntax; no look-around, no back-references\n"},
      {"response: [ { when: { json: { /a: { matches: '(?=x)' } } }, continue: {} } ]",
       "4:50: error: not a pattern: invalid perl operator: (?=\n"
       "  RE2 syntax; no look-around, no back-references\n"},
      {"request: { headers: { X-A: \"a\\nb\" } }\nresponse: [ { continue: {} } ]",
       "4:32: error: a field's value is of visible ASCII characters and spaces (RFC 9110, 5.5)\n"
       "  write it percent-encoded\n"},
      {"request: { path: /%2e%2E/x }\nresponse: [ { continue: {} } ]",
       "4:22: error: a path with a segment of dots\n  leave it out\n"},
  };
  for (const CompileCase& c : kCases) {
    SCOPED_TRACE(c.backend);
    EXPECT_EQ(said(c.backend), c.said);
  }
}

TEST(CompileMapping, QuotesNoSecret) {
  for (const std::string_view backend :
       {"request: { headers: { X-Key: \"${env:BRACES}\" } }\nresponse: [ { continue: {} } ]",
        "response: [ { block: \"${env:BRACES}\" } ]",
        "response: [ { when: { json: { /a: { matches: \"${env:BRACES}\" } } }, continue: {} } ]"}) {
    SCOPED_TRACE(backend);
    const std::string text = said(backend);
    EXPECT_NE(text.find("a part of which is a secret"), std::string::npos) << text;
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
  }
}

TEST(CompileMapping, RefusesXpathThatIsNone) {
  EXPECT_NE(said("response: [ { when: { xpath: { \"//[\": 1 } }, continue: {} } ]").find("no XPath expression"),
            std::string::npos);
  EXPECT_NE(said("response: [ { continue: { a: \"{xpath:count(}\" } } ]").find("no XPath expression"),
            std::string::npos);
}

TEST(CompileMapping, LetsValuesStandOnlyWhereXmlEscapingHolds) {
  constexpr CompileCase kCases[] = {
      {"<a>{email}</a>", ""},
      {"<a b='{email}'/>", ""},
      {"<a b='x{email}y'>{city}-{email}</a>", ""},
      {"<?xml version='1.0'?><a>{email}</a>", ""},
      {"<a><![CDATA[{email}]]></a>", "a value can stand in text or in an attribute's value only"},
      {"<a><!-- {email} --></a>", "a value can stand in text or in an attribute's value only"},
      {"<a><?x {email}?></a>", "a value can stand in text or in an attribute's value only"},
      {"<{email}/>", "a value can stand in text or in an attribute's value only"},
      {"<a {email}='1'/>", "a value can stand in text or in an attribute's value only"},
      {"<a b={email}/>", "no XML"},
      {"<a>{email}</b>", "no XML"},
      {"{email}", "no XML"},
      {"<!DOCTYPE a><a>{email}</a>", "a document type has no use in a request"},
  };
  for (const CompileCase& c : kCases) {
    SCOPED_TRACE(c.backend);
    const std::string text =
        said("request: { xml: \"" + std::string(c.backend) + "\" }\nresponse: [ { continue: {} } ]");
    if (c.said.empty()) {
      EXPECT_EQ(text, "");
    } else {
      EXPECT_NE(text.find(c.said), std::string::npos) << text;
    }
  }
}

TEST(CompileMapping, TakesBracesAndQuotationMarksInsideExpressions) {
  Mapped backend(
      "response: [ { continue: { a: \"{xpath://b[@c='}']/@d | upper ?? '}'}\" } } ]");
  EXPECT_TRUE(backend.good()) << backend.errors();
  EXPECT_EQ(test::told(backend.read(200, test::kXmlType, "<x><b c='}' d='y'/></x>")), "continue a=Y");
  EXPECT_EQ(test::told(backend.read(200, test::kXmlType, "<x/>")), "continue a=}");
}

/// Each backend of docs/backends.md, as it stands there.
TEST(CompileMapping, TakesTheExamplesOfThePage) {
  std::ifstream in(CLAIMGATE_SOURCE_DIR "/docs/backends.md");
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  std::size_t count = 0;
  for (const std::string_view name : {"      crm:\n", "    legacy:\n", "    registry:\n", "    hook:\n"}) {
    SCOPED_TRACE(name);
    std::size_t at = page.find(name);
    ASSERT_NE(at, std::string::npos);
    const std::size_t indent = name.find_first_not_of(' ') + 2;
    at += name.size();
    std::string backend;
    while (page.compare(at, indent, std::string(indent, ' ')) == 0) {
      const std::size_t end = page.find('\n', at);
      const std::string line = page.substr(at + indent, end - at - indent);
      if (!line.starts_with("endpoints:") && !line.starts_with("auth:")) backend += line + "\n";
      at = end + 1;
    }
    Mapped mapped(backend);
    EXPECT_TRUE(mapped.good()) << mapped.errors();
    ++count;
  }
  EXPECT_EQ(count, 4u);
}

}  // namespace
}  // namespace core::mapping
