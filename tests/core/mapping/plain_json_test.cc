#include "core/mapping/plain_json.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace core::mapping {
namespace {

using claims::Kind;

const char* const kAnswer =
    R"({"version":"1.0.0","found":true, "none" : null,"customer":{"id":"C-7ade9f","tier":"gold","since":2002,)"
    R"("debt":-15,"tags":["a",{"b":[false]},[],{}, "z" ]},"name":"Åsa Öberg","empty":""})";

bool reads(PlainJson& plain, std::string_view text) {
  // Of exact size, so that reading over its end is seen.
  const auto exact = std::make_unique<char[]>(text.size() + 1);
  text.copy(exact.get(), text.size());
  return plain.read({exact.get(), text.size()});
}

/// Everything in `element`, whose pointer is `at`, is what `plain` finds there.
void expect_same(const PlainJson& plain, simdjson::dom::element element, const std::string& at) {
  const PlainJson::Node* const node = plain.find(at);
  ASSERT_NE(node, nullptr) << at;
  std::string_view text;
  if (element.is_object()) {
    EXPECT_EQ(node->kind, Kind::kObject);
    std::set<std::string_view> names;
    for (const auto& [name, value] : simdjson::dom::object(element)) {
      EXPECT_TRUE(names.insert(name).second) << name;
      if (name.find_first_of("/~") == std::string_view::npos) expect_same(plain, value, at + "/" + std::string(name));
    }
  } else if (element.is_array()) {
    EXPECT_EQ(node->kind, Kind::kArray);
    std::size_t i = 0;
    for (const simdjson::dom::element item : simdjson::dom::array(element)) {
      expect_same(plain, item, at + "/" + std::to_string(i++));
    }
    EXPECT_EQ(plain.find(at + "/" + std::to_string(i)), nullptr);
  } else if (element.get(text) == simdjson::SUCCESS) {
    EXPECT_EQ(node->kind, Kind::kString);
    EXPECT_EQ(node->text, text);
  } else {
    EXPECT_EQ(node->text, simdjson::minify(element));
    EXPECT_EQ(node->kind, element.is_null()   ? Kind::kNull
                          : element.is_bool() ? Kind::kBoolean
                                              : Kind::kNumber);
  }
}

/// Whatever is read here simdjson reads, and alike. True when it was read.
bool agrees(std::string_view text) {
  static PlainJson plain;
  if (!reads(plain, text)) return false;
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  EXPECT_EQ(parser.parse(text.data(), text.size(), true).get(root), simdjson::SUCCESS) << text;
  if (!testing::Test::HasFailure()) expect_same(plain, root, "");
  return true;
}

TEST(PlainJson, ReadsAnOrdinaryAnswerAsSimdjsonDoes) {
  EXPECT_TRUE(agrees(kAnswer));
  EXPECT_TRUE(agrees(" \t\r\n{ } \n"));
  EXPECT_TRUE(agrees("[]"));
  EXPECT_TRUE(agrees(R"([[[[[[[["deep"]]]]]]]])"));
  EXPECT_TRUE(agrees(R"({"":{"":1}})"));
  EXPECT_TRUE(agrees("[0,999999999999999,-1]"));
}

TEST(PlainJson, LeavesTheRestToOthers) {
  for (const char* const text :
       {"", " ", "1", "\"text\"", "null", "{", "[", "[1", "[1,]", "[,1]", "{,}", R"({"a"})", R"({"a":})", R"({"a":1,})",
        R"({"a":1 "b":2})", "[1 2]", "[1]]", "{}{}", "[1}", R"({"a":1])", "[01]", "[-]", "[-0]", "[1.5]", "[1e2]", "[1E2]",
        "[1234567890123456]", "[tru]", "[nul", "[True]", R"(["a\n"])", R"({"\u0061":1})", R"({"a":1,"a":1})",
        R"({"x":{"a":1,"b":2,"a":3}})", R"([[[[[[[[["deep"]]]]]]]]])", "[\"\x01\"]", "[\"\xff\"]", "[\"\xc3\"]",
        "\xef\xbb\xbf{}", "['a']", "[1]x", "{1:2}"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(agrees(text));
  }
  std::string many = "[0";
  for (std::size_t i = 1; i < PlainJson::kNodesMax - 1; ++i) many += ",0";
  EXPECT_TRUE(agrees(many + "]"));
  EXPECT_FALSE(agrees(many + ",0]"));
  EXPECT_TRUE(agrees("[\"" + std::string(PlainJson::kBytesMax - 4, 'x') + "\"]"));
  EXPECT_FALSE(agrees("[\"" + std::string(PlainJson::kBytesMax - 3, 'x') + "\"]"));
}

TEST(PlainJson, NeverSaysMoreThanSimdjsonWhateverByteIsAnother) {
  const std::string answer = kAnswer;
  for (std::size_t cut = 0; cut < answer.size(); ++cut) {
    EXPECT_FALSE(agrees(std::string_view(answer).substr(0, cut))) << cut;
  }
  for (std::size_t at = 0; at < answer.size(); ++at) {
    for (const char other : {'"', '\\', '{', '}', '[', ']', ',', ':', '0', '.', 'e', '-', 't', ' ', '\n', '\0', '\x80', '\xc3'}) {
      std::string changed = answer;
      changed[at] = other;
      agrees(changed);
      if (testing::Test::HasFailure()) FAIL() << at << ": " << changed;
    }
  }
}

TEST(PlainJson, FindsWhatAPointerPointsToAndNothingElse) {
  PlainJson plain;
  ASSERT_TRUE(reads(plain, kAnswer));
  EXPECT_EQ(plain.find("/customer/tier")->text, "gold");
  EXPECT_EQ(plain.find("/customer/tags/1/b/0")->text, "false");
  EXPECT_EQ(plain.find("")->kind, Kind::kObject);
  for (const char* const nothing : {"/", "/customer/", "/customer/tie", "/customer/tier/x", "/found/0", "/customer/tags/-",
                                    "/customer/tags/00", "/customer/tags/01", "/customer/tags/5", "/customer/tags/100",
                                    "/customer/tags/4294967296", "/customer/0", "/Version"}) {
    EXPECT_EQ(plain.find(nothing), nullptr) << nothing;
  }
  EXPECT_FALSE(plain.read("1"));
  EXPECT_EQ(plain.find(""), nullptr) << "what was read before is forgotten";
}

}  // namespace
}  // namespace core::mapping
