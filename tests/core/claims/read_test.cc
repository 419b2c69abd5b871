#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/core/claims/body.h"

namespace {

using namespace core::claims;
using claims_test::Body;
using claims_test::kPaddings;
using claims_test::kSignUp;
using claims_test::Worker;

TEST(Read, KeepsTheClaimsOfASignUp) {
  Worker worker({"extension_loyaltyTier", "extension_customerNumber", "objectId"});
  // The first body is looked up name by name, the next ones are compared with it.
  for (int turn = 0; turn < 3; ++turn) {
    ASSERT_EQ(worker.read(kSignUp), (ReadOutcome{}));
    EXPECT_EQ(worker[kStep].value, "PostAttributeCollection");
    EXPECT_EQ(worker[kStep].name, "step");
    EXPECT_EQ(worker[kClientId].value, "2f0c8f9e-6a67-4dcf-9d6a-0e5a3f6b1c77");
    EXPECT_EQ(worker[kUiLocales].value, "en-US");
    EXPECT_EQ(worker[kEmail].value, "maren.holm@mail204.example");
    EXPECT_EQ(worker[kEmail].kind, Kind::kString);
    EXPECT_EQ(worker[kIdentities].kind, Kind::kArray);
    EXPECT_TRUE(worker[kIdentities].value.starts_with(R"([{"signInType":"federated")"));
    EXPECT_TRUE(worker[kIdentities].value.ends_with(R"(@mail204.example"}])"));
    EXPECT_EQ(worker[kDisplayName].value, "Ren\xC3\xA9 Lef\xC3\xA8vre");
    EXPECT_EQ(worker[kGivenName].value, "Ren\xC3\xA9");
    EXPECT_EQ(worker[kSurname].value, "Lef\xC3\xA8vre");
    EXPECT_EQ(worker[kPostalCode].value, "40500");
    EXPECT_EQ(worker["extension_loyaltyTier"].value, "gold");
    EXPECT_EQ(worker["extension_loyaltyTier"].name,
              "extension_9c2f41d07be84a6c8f35d1e2a07b64c3_loyaltyTier");
    EXPECT_EQ(worker["extension_customerNumber"].kind, Kind::kNumber);
    EXPECT_EQ(worker["extension_customerNumber"].value, "4711");
    EXPECT_EQ(worker[kObjectId].kind, Kind::kAbsent);
  }
}

TEST(Read, CopiesOnlyWhatHasEscapes) {
  Worker worker;
  const Body body(R"({"email":"plain","city":"esc\u0061ped","\u0073tate":"n"})");
  ASSERT_EQ(worker.read(body), (ReadOutcome{}));
  const auto inside = [&](std::string_view text) {
    return text.data() >= body.view().data() &&
           text.data() < body.view().data() + body.view().size();
  };
  EXPECT_TRUE(inside(worker[kEmail].value));
  EXPECT_TRUE(inside(worker[kEmail].name));
  EXPECT_FALSE(inside(worker[kCity].value));
  EXPECT_EQ(worker[kCity].value, "escaped");
  EXPECT_EQ(worker[kState].name, "state");
  EXPECT_FALSE(inside(worker[kState].name));
  EXPECT_EQ(worker.arena.used(), 7U + 5U);
}

TEST(Read, KeepsEveryKindOfValueAsItIsWritten) {
  struct Case {
    std::string_view json, value;
    Kind kind;
  };
  const std::vector<Case> cases = {
      {R"("")", "", Kind::kString},
      {R"("a")", "a", Kind::kString},
      {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t", Kind::kString},
      {R"("\u0041\u00e9\u20AC\uD83D\uDE00")", "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80",
       Kind::kString},
      {R"("\u0000")", std::string_view("\0", 1), Kind::kString},
      {R"("a\u0000b")", std::string_view("a\0b", 3), Kind::kString},
      {R"("\ud800\udc00\udbff\udfff")", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", Kind::kString},
      {R"("\uD7FF\uE000\uffff")", "\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF", Kind::kString},
      {R"("\u007f\u0080\u07ff\u0800")", "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80", Kind::kString},
      {"\"\x7F\"", "\x7F", Kind::kString},
      {"\"\xE2\x80\xA8\"", "\xE2\x80\xA8", Kind::kString},
      {"0", "0", Kind::kNumber},
      {"-0", "-0", Kind::kNumber},
      {"-12.50e+03", "-12.50e+03", Kind::kNumber},
      {"1E9999", "1E9999", Kind::kNumber},
      {"123456789012345678901234567890", "123456789012345678901234567890", Kind::kNumber},
      {"true", "true", Kind::kBoolean},
      {"false", "false", Kind::kBoolean},
      {"null", "null", Kind::kNull},
      {"[]", "[]", Kind::kArray},
      {"[ 1 , \"]\" ]", "[ 1 , \"]\" ]", Kind::kArray},
      {"{}", "{}", Kind::kObject},
      {R"({"a":{"b":"}"}})", R"({"a":{"b":"}"}})", Kind::kObject},
  };
  Worker worker;
  for (const Case& c : cases) {
    for (const char* space : {"", " ", "\n\t\r "}) {
      const std::string text = std::string("{\"state\"") + space + ":" + space +
                               std::string(c.json) + space + ",\"city\":\"next\"}";
      SCOPED_TRACE(text);
      ASSERT_EQ(worker.read(text), (ReadOutcome{}));
      EXPECT_EQ(worker[kState].kind, c.kind);
      EXPECT_EQ(worker[kState].value, c.value);
      EXPECT_EQ(worker[kCity].value, "next");
    }
  }
}

TEST(Read, FindsSpecialBytesAtEveryPlaceOfAString) {
  Worker worker;
  for (std::size_t before = 0; before <= 70; ++before) {
    for (std::size_t after = 0; after <= 34; ++after) {
      const std::string head(before, 'h');
      const std::string tail(after, 't');
      const auto with = [&](std::string_view middle) {
        return worker.read("{\"city\":\"" + head + std::string(middle) + tail + "\"}");
      };
      ASSERT_EQ(with("\\n"), (ReadOutcome{}));
      ASSERT_EQ(worker[kCity].value, head + "\n" + tail);
      ASSERT_EQ(with("\xF0\x9F\x98\x80"), (ReadOutcome{}));
      ASSERT_EQ(worker[kCity].value, head + "\xF0\x9F\x98\x80" + tail);
      ASSERT_EQ(with("\x1F"), (ReadOutcome{ReadError::kControlCharacter, 9 + before}));
      ASSERT_EQ(with("\xC3"), (ReadOutcome{ReadError::kUtf8, 9 + before}));
      ASSERT_EQ(with("\\q"), (ReadOutcome{ReadError::kEscape, 9 + before}));
    }
  }
}

TEST(Read, RefusesWithTheReasonAndTheByte) {
  using enum ReadError;
  struct Case {
    std::string_view body;
    ReadError error;
    std::size_t offset;
  };
  using namespace std::string_view_literals;
  const std::vector<Case> cases = {
      {"", kEmpty, 0},
      {" \t\r\n", kEmpty, 4},
      {"\xEF\xBB\xBF", kEmpty, 3},
      {"\xEF\xBB\xBF ", kEmpty, 4},
      {"[]", kNotAnObject, 0},
      {" [1,{\"a\":2}] ", kNotAnObject, 1},
      {"\"text\"", kNotAnObject, 0},
      {"-1.5e3", kNotAnObject, 0},
      {"true", kNotAnObject, 0},
      {"null", kNotAnObject, 0},
      {"[] []", kSyntax, 3},
      {"[1,]", kSyntax, 3},
      {"nul", kSyntax, 3},
      {"text", kSyntax, 1},
      {"{", kSyntax, 1},
      {"{\"a\"", kSyntax, 4},
      {"{\"a\":", kSyntax, 5},
      {"{\"a\":1", kSyntax, 6},
      {"{\"a\":1,", kSyntax, 7},
      {"{\"a\":\"b", kSyntax, 7},
      {"{\"a\":\"b\"", kSyntax, 8},
      {"{\"a\":\"b\",", kSyntax, 9},
      {"{\"a\":\"b\",\"", kSyntax, 10},
      {"{\"email\":", kSyntax, 9},
      {"{\"email\"", kSyntax, 8},
      {"{,}", kSyntax, 1},
      {"{\"a\":1,}", kSyntax, 7},
      {"{\"a\":1 \"b\":2}", kSyntax, 7},
      {"{\"a\" 1}", kSyntax, 5},
      {"{\"a\":}", kSyntax, 5},
      {"{\"a\":,}", kSyntax, 5},
      {"{\"a\"::1}", kSyntax, 5},
      {"{a:1}", kSyntax, 1},
      {"{'a':1}", kSyntax, 1},
      {"{1:1}", kSyntax, 1},
      {"{\"a\":1}}", kSyntax, 7},
      {"{\"a\":1} x", kSyntax, 8},
      {"{\"a\":1}\0"sv, kSyntax, 7},
      {"\0{\"a\":1}"sv, kSyntax, 0},
      {"{\"a\":01}", kSyntax, 6},
      {"{\"a\":-}", kSyntax, 6},
      {"{\"a\":1.}", kSyntax, 7},
      {"{\"a\":.5}", kSyntax, 5},
      {"{\"a\":+1}", kSyntax, 5},
      {"{\"a\":1e}", kSyntax, 7},
      {"{\"a\":1e+}", kSyntax, 8},
      {"{\"a\":0x1}", kSyntax, 6},
      {"{\"a\":1_0}", kSyntax, 6},
      {"{\"a\":NaN}", kSyntax, 5},
      {"{\"a\":True}", kSyntax, 5},
      {"{\"a\":nulL}", kSyntax, 8},
      {"{\"a\":truex}", kSyntax, 9},
      {"{\"a\":[1}", kSyntax, 7},
      {"{\"a\":{]}", kSyntax, 6},
      {"{\"a\":[1 2]}", kSyntax, 8},
      {"{\"a\":[,1]}", kSyntax, 6},
      {"{\"a\":{\"b\"}}", kSyntax, 9},
      {"{\"a\":{\"b\":1,}}", kSyntax, 12},
      {"{\"a\":{1}}", kSyntax, 6},
      {"{\"a\":1/*c*/}", kSyntax, 6},
      {"{\"a\":1}//", kSyntax, 7},
      {"{\f\"a\":1}", kSyntax, 1},
      {"{\xC2\xA0\"a\":1}", kSyntax, 1},
      {"\xEF\xBB\xBF\xEF\xBB\xBF{}", kSyntax, 3},
      {"{\"a\":\xC3\xA9}", kSyntax, 5},
      {"{\"a\":\"\n\"}", kControlCharacter, 6},
      {"{\"a\":\"\0\"}"sv, kControlCharacter, 6},
      {"{\"a\tb\":1}", kControlCharacter, 3},
      {"{\"a\":[\"b\x01\"]}", kControlCharacter, 8},
      {R"({"a":"\x"})", kEscape, 6},
      {R"({"a":"\'"})", kEscape, 6},
      {R"({"a":"\u12g4"})", kEscape, 6},
      {R"({"a":"\u123"})", kEscape, 6},
      {R"({"a":"\U0041"})", kEscape, 6},
      {R"({"\a":1})", kEscape, 2},
      {R"({"a":["\0"]})", kEscape, 7},
      {R"({"a":"\)", kSyntax, 7},
      {R"({"a":"\")", kSyntax, 8},
      {R"({"a":"\u)", kSyntax, 8},
      {R"({"a":"\u00)", kSyntax, 10},
      {R"({"a":"\ud83d)", kSyntax, 12},
      {R"({"a":"\ud83d\)", kSyntax, 13},
      {R"({"a":"\ud83d\ude)", kSyntax, 16},
      {R"({"a":"\ud83d"})", kSurrogate, 6},
      {R"({"a":"\ud83dx"})", kSurrogate, 6},
      {R"({"a":"\ud83d\n"})", kSurrogate, 6},
      {R"({"a":"\ud83d\u0041"})", kSurrogate, 6},
      {R"({"a":"\ud83d\ud83d"})", kSurrogate, 6},
      {R"({"a":"\ude00"})", kSurrogate, 6},
      {R"({"a":"\ude00\ud83d"})", kSurrogate, 6},
      {R"({"a":"\ud83d\ude0g"})", kEscape, 12},
      {R"({"\uDC00":1})", kSurrogate, 2},
      {R"({"a":[{"b":"\uDBFF"}]})", kSurrogate, 12},
      {R"({"a":[{"\uDBFF":1}]})", kSurrogate, 8},
      {"{\"a\":\"\x80\"}", kUtf8, 6},
      {"{\"a\":\"\xC0\x80\"}", kUtf8, 6},
      {"{\"a\":\"\xC1\xBF\"}", kUtf8, 6},
      {"{\"a\":\"\xC3\"}", kUtf8, 6},
      {"{\"a\":\"\xE0\x9F\xBF\"}", kUtf8, 6},
      {"{\"a\":\"\xE2\x82\"}", kUtf8, 6},
      {"{\"a\":\"\xED\xA0\x80\"}", kUtf8, 6},
      {"{\"a\":\"\xED\xBF\xBF\"}", kUtf8, 6},
      {"{\"a\":\"\xF0\x8F\xBF\xBF\"}", kUtf8, 6},
      {"{\"a\":\"\xF0\x9F\x98\"}", kUtf8, 6},
      {"{\"a\":\"\xF4\x90\x80\x80\"}", kUtf8, 6},
      {"{\"a\":\"\xF5\x80\x80\x80\"}", kUtf8, 6},
      {"{\"a\":\"\xFF\"}", kUtf8, 6},
      {"{\"a\":\"ok\xC3\xA9\xE9\"}", kUtf8, 10},
      {"{\"\xE9\":1}", kUtf8, 2},
      {"{\"a\":[\"\xE9\"]}", kUtf8, 7},
      {"{\"a\":\"\xC3", kUtf8, 6},
      {"\xFF\xFE{\0}\0"sv, kUtf8, 0},
      {"\xFE\xFF\0{\0}"sv, kUtf8, 0},
      {"{\0\"\0a\0\"\0"sv, kUtf8, 0},
      {"\0{\0\"\0a\0\""sv, kUtf8, 0},
      {"\0\0\xFE\xFF\0\0\0{"sv, kUtf8, 0},
      {R"({"a":1,"a":2})", kDuplicate, 7},
      {R"({"email":1,"email":2})", kDuplicate, 11},
      {R"({"email":1,"em\u0061il":2})", kDuplicate, 11},
      {R"({"\u0061":1,"a":2})", kDuplicate, 12},
      {R"({"client_id":1,"clientId":2})", kDuplicate, 15},
      {R"({"":1,"":2})", kDuplicate, 6},
      {R"({"email":null,"email":null})", kDuplicate, 14},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.body);
    Worker warm;
    ASSERT_EQ(warm.read(kSignUp), (ReadOutcome{}));
    for (const std::string_view padding : kPaddings) {
      Worker worker;
      const Body body(c.body, padding);
      EXPECT_EQ(worker.read(body), (ReadOutcome{c.error, c.offset})) << "before " << padding;
      EXPECT_EQ(warm.read(body), (ReadOutcome{c.error, c.offset})) << "warm, before " << padding;
    }
  }
}

TEST(Read, RefusesEveryProperPrefixWhateverFollowsIt) {
  const std::string spaced =
      "{ \"email\" : \"a@b.example\" , \"x\" : [ 1 , -2.5e+1 , true , null , \"\\ud83d\\ude00\" , "
      "{ \"y\" : \"\xF0\x9F\x98\x80\" } ] , \"city\" : false }";
  for (const std::string_view whole : {kSignUp, std::string_view(spaced)}) {
    Worker warm({"extension_loyaltyTier", "extension_customerNumber"});
    ASSERT_EQ(warm.read(whole), (ReadOutcome{}));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const std::string_view cut = whole.substr(0, size);
      Worker first;
      const ReadOutcome expected = first.read(cut);
      ASSERT_NE(expected.error, ReadError::kNone) << cut;
      ASSERT_LE(expected.offset, size) << cut;
      // What really comes next, and all else that could complete it.
      const Body continued(cut, whole.substr(size));
      ASSERT_EQ(warm.read(continued), expected) << cut;
      for (const std::string_view padding : kPaddings) {
        const Body body(cut, padding);
        Worker worker;
        ASSERT_EQ(worker.read(body), expected) << cut << " before " << padding;
        ASSERT_EQ(warm.read(body), expected) << "warm: " << cut << " before " << padding;
      }
    }
    // One byte more than the prefix is the body itself, before any padding.
    for (const std::string_view padding : kPaddings) {
      ASSERT_EQ(warm.read(Body(whole, padding)), (ReadOutcome{}));
    }
  }
}

TEST(Read, DoesNotSeeADuplicateBehindTheEnd) {
  Worker worker;
  ASSERT_EQ(worker.read(R"({"step":1,"email":2})"), (ReadOutcome{}));
  EXPECT_EQ(worker.read(Body(R"({"step":1,"email":2,"step)", "\":3}")),
            (ReadOutcome{ReadError::kSyntax, 25}));
}

TEST(Read, SkipsOneByteOrderMark) {
  Worker worker;
  EXPECT_EQ(worker.read("\xEF\xBB\xBF{\"city\":\"Porto\"}"), (ReadOutcome{}));
  EXPECT_EQ(worker[kCity].value, "Porto");
  EXPECT_EQ(worker.read(" \xEF\xBB\xBF{}"), (ReadOutcome{ReadError::kSyntax, 1}));
}

TEST(Read, ForgetsTheBodyBefore) {
  Worker worker({"extension_tier"});
  ASSERT_EQ(worker.read(R"({"email":"a","city":"b","extension_tier":true})"), (ReadOutcome{}));
  ASSERT_EQ(worker.read(R"({"city":"c"})"), (ReadOutcome{}));
  EXPECT_EQ(worker[kCity].value, "c");
  EXPECT_EQ(worker[kEmail].kind, Kind::kAbsent);
  EXPECT_EQ(worker["extension_tier"].kind, Kind::kAbsent);
  ASSERT_NE(worker.read("{").error, ReadError::kNone);
  ASSERT_EQ(worker.read("{}"), (ReadOutcome{}));
  for (NameId id = 0; id < worker.names.size(); ++id) EXPECT_EQ(worker[id].kind, Kind::kAbsent);
}

TEST(Read, ReadsTheSameWhateverCameBefore) {
  // Orders, spellings and gaps that lead the comparison with the last body astray.
  const std::vector<std::string> bodies = {
      R"({"step":"1","email":"2","city":"3","extension_tier":"4"})",
      R"({"email":"2","step":"1","city":"3","extension_tier":"4"})",
      R"({"step":"1","city":"3","extension_9c2f41d07be84a6c8f35d1e2a07b64c3_Tier":"4","email":"2"})",
      R"({"step" :"1","email" : "2","city": "3","extension_TIER":"4"})",
      R"({"st\u0065p":"1","other":0,"email":"2","cit\u0079":"3","extension_tie\u0072":"4"})",
      R"({"emails":"x","step":"1","email":"2","cit":5,"city":"3","extension_tier":"4","steps":1})",
      R"({"step":"1","steps":1,"email":"2","emails":"x","city":"3","cit":5,"extension_tier":"4"})",
      R"({"step":"1","st\u0065ps":1,"email":"2","cit" :5,"emails": "x","city":"3",)"
      R"("extension_tier":"4","extension_other_tier":true})",
      R"({"step":"1","email":"2","city":"3","extension_other_tier":[],"extension_tier":"4"})",
  };
  Worker worker({"extension_tier", "em"});
  for (const std::string& before : bodies) {
    for (const std::string& body : bodies) {
      SCOPED_TRACE(before + " then " + body);
      ASSERT_EQ(worker.read(before), (ReadOutcome{}));
      ASSERT_EQ(worker.read(body), (ReadOutcome{}));
      EXPECT_EQ(worker[kStep].value, "1");
      EXPECT_EQ(worker[kEmail].value, "2");
      EXPECT_EQ(worker[kCity].value, "3");
      EXPECT_EQ(worker["extension_tier"].value, "4");
      EXPECT_EQ(worker[kStep].name, "step");
      EXPECT_EQ(worker["em"].kind, Kind::kAbsent);
    }
  }
}

/// Names that no rule mentions are expected like the others; what comes twice is still found,
/// however either of the two is written and read.
TEST(Read, FindsDuplicatesAmongTheStrangersItExpects) {
  const std::string first = R"({"step":1,"alpha":1,"beta":2,"city":3})";
  struct Case {
    std::string_view body;
    std::size_t offset;  // of the second one's quotation mark
  };
  constexpr Case kCases[] = {
      {R"({"step":1,"alpha":1,"alpha":2})", 20},
      {R"({"step":1,"alpha":1,"beta":2,"alpha":3})", 29},
      {R"({"step":1,"alpha":1,"beta":2,"city":3,"beta":4})", 38},
      {R"({"step":1,"alpha":1,"alph\u0061":2})", 20},
      {R"({"step":1,"alph\u0061":1,"alpha":2})", 25},
      {R"({"step":1,"alpha":1,"beta":2,"city":3,"step":4})", 38},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.body);
    Worker worker;
    for (int turn = 0; turn < 2; ++turn) {
      ASSERT_EQ(worker.read(first), (ReadOutcome{}));
      EXPECT_EQ(worker[kCity].value, "3");
      EXPECT_EQ(worker.read(c.body), (ReadOutcome{ReadError::kDuplicate, c.offset}));
    }
  }
}

TEST(Read, ReadsTheSameHoweverManyStrangersThereAre) {
  Worker worker;
  for (std::size_t count = 1; count < 70; ++count) {
    std::string members;
    std::string first;
    for (std::size_t i = 0; i < count; ++i) {
      // Every third is too long to be expected; each count has another order.
      const std::string name = i % 3 == 2 ? std::string(90, 'n') : "stranger";
      members += ",\"" + name + std::to_string((i * 3 + count) % 70) + "\":" + std::to_string(i);
      if (i == 0) first = members;
    }
    const std::string body = R"({"step":1)" + members + R"(,"city":"3")";
    SCOPED_TRACE(body);
    for (int turn = 0; turn < 2; ++turn) {
      ASSERT_EQ(worker.read(body + "}"), (ReadOutcome{}));
      ASSERT_EQ(worker[kCity].value, "3");
    }
    ASSERT_EQ(worker.read(body + first + "}"),
              (ReadOutcome{ReadError::kDuplicate, body.size() + 1}));
  }
}

TEST(Read, DoesNotTakeNamesFromAnotherTable) {
  NameTable old_names;
  NameTable new_names;
  const NameId old_id = old_names.intern("beta");
  const NameId new_id = new_names.intern("alpha");
  ASSERT_EQ(old_id, new_id);
  Claims claims(old_names.size());
  core::Arena arena(1024);
  const Body body(R"({"step":1,"beta":2,"city":3})");
  for (int turn = 0; turn < 2; ++turn) {
    ASSERT_EQ(read(body.view(), old_names, {}, arena, claims), (ReadOutcome{}));
    EXPECT_EQ(std::as_const(claims)[old_id].value, "2");
    ASSERT_EQ(read(body.view(), new_names, {}, arena, claims), (ReadOutcome{}));
    EXPECT_EQ(std::as_const(claims)[new_id].kind, Kind::kAbsent);
    EXPECT_EQ(std::as_const(claims)[kCity].value, "3");
  }
}

TEST(Read, DoesNotExpectAnEscapedNameAgain) {
  Worker worker;
  // The name is unescaped to where the arena still has the text of the body before.
  ASSERT_EQ(worker.read(R"({"city":"\u0073tepxy"})"), (ReadOutcome{}));
  ASSERT_EQ(worker.read(R"({"\u0073tep":1})"), (ReadOutcome{}));
  EXPECT_EQ(worker.read("{\"stepxy7}"), (ReadOutcome{ReadError::kSyntax, 10}));
}

TEST(Read, ReadsLongNamesAgain) {
  for (std::size_t size = 1; size <= 130; ++size) {
    // Interned last, so that the bytes behind its place are nobody's.
    Worker worker({"extension_" + std::string(size, 'n')});
    const std::string body =
        "{\"extension_" + std::string(size, 'N') + "\":" + std::to_string(size) + ",\"city\":1}";
    for (int turn = 0; turn < 3; ++turn) {
      ASSERT_EQ(worker.read(body), (ReadOutcome{})) << body;
      EXPECT_EQ(worker[kWellKnownCount].value, std::to_string(size));
      EXPECT_EQ(worker[kWellKnownCount].name.size(), 10 + size);
    }
    std::string other = body;
    other[other.find('\"', 2) - 1] = 'm';
    ASSERT_EQ(worker.read(other), (ReadOutcome{}));
    EXPECT_EQ(worker[kWellKnownCount].kind, Kind::kAbsent) << other;
  }
}

TEST(Read, ReadsNamesThatJsonMustEscape) {
  Worker worker({"a\"b", "back\\slash", std::string_view("nul\0", 4), "line\n", "\xC3\xA9"});
  for (int turn = 0; turn < 2; ++turn) {
    ASSERT_EQ(
        worker.read(R"({"a\"b":1,"back\\slash":2,"nul\u0000":3,"line\n":4,"\u00E9":5,"step":6})"),
        (ReadOutcome{}));
    EXPECT_EQ(worker["a\"b"].value, "1");
    EXPECT_EQ(worker["back\\slash"].value, "2");
    EXPECT_EQ(worker[std::string_view("nul\0", 4)].value, "3");
    EXPECT_EQ(worker["line\n"].value, "4");
    EXPECT_EQ(worker["\xC3\xA9"].value, "5");
  }
  EXPECT_EQ(worker.read("{\"line\n\":4}"), (ReadOutcome{ReadError::kControlCharacter, 6}));
}

TEST(Read, SaysWhenTheArenaIsFull) {
  Worker worker;
  worker.arena = core::Arena(16);
  EXPECT_EQ(worker.read(R"({"city":"\u0041\u0041"})"), (ReadOutcome{}));
  EXPECT_EQ(worker.read(R"({"city":"\u0041\u0041\u0041"})"),
            (ReadOutcome{ReadError::kTooLarge, 8}));
  EXPECT_EQ(worker.read(R"({"city":1,"\u0041\u0041\u0041":2})"),
            (ReadOutcome{ReadError::kTooLarge, 10}));
  EXPECT_EQ(worker.read(R"({"unknown":"\u0041\u0041\u0041"})"), (ReadOutcome{}));
}

TEST(Unescape, AnswersTheInputWhenThereIsNothingToDo) {
  core::Arena arena(64);
  const std::string_view plain = "plain";
  EXPECT_EQ(unescape(plain, arena).data(), plain.data());
  EXPECT_EQ(arena.used(), 0U);
  EXPECT_EQ(unescape("", arena), "");
  EXPECT_EQ(unescape(std::string_view(), arena), "");
}

TEST(Unescape, GivesBackWhatItDoesNotNeed) {
  core::Arena arena(64);
  EXPECT_EQ(unescape(R"(a\nb\ud83d\ude00c)", arena),
            "a\nb\xF0\x9F\x98\x80"
            "c");
  EXPECT_EQ(arena.used(), 8U);
  EXPECT_EQ(unescape(R"(\u0000)", arena), std::string_view("\0", 1));
  core::Arena small(5);
  EXPECT_EQ(unescape(R"(\u0041)", small).data(), nullptr);
  EXPECT_TRUE(small.exhausted());
}

TEST(Unescape, StaysInsideWhateverItIsGiven) {
  core::Arena arena(256);
  for (const std::string_view text :
       {"\\", "a\\", "\\u", "\\u1", "\\u123", "\\u123g", "\\x", "\\ud800", "\\ud800\\",
        "\\ud800\\u", "\\ud800\\udc0", "\\udc00"}) {
    const auto exact = std::make_unique<char[]>(text.size());
    std::copy(text.begin(), text.end(), exact.get());
    arena.reset();
    EXPECT_EQ(unescape({exact.get(), text.size()}, arena), text);
  }
}

TEST(Describe, HasASentenceForEachErrorAndNoneTwice) {
  std::vector<std::string_view> seen;
  for (int error = 0; error <= static_cast<int>(ReadError::kTooLarge); ++error) {
    const std::string_view sentence = describe(static_cast<ReadError>(error));
    EXPECT_TRUE(sentence.ends_with('.')) << error;
    EXPECT_EQ(std::count(seen.begin(), seen.end(), sentence), 0) << sentence;
    seen.push_back(sentence);
  }
}

TEST(Claims, ForgetsWhatWasWrittenByOthersToo) {
  Claims claims(200);
  for (const NameId id : {NameId{0}, NameId{63}, NameId{64}, NameId{199}})
    claims[id].kind = Kind::kNull;
  claims.clear();
  for (NameId id = 0; id < 200; ++id) EXPECT_EQ(std::as_const(claims)[id].kind, Kind::kAbsent);
}

}  // namespace
