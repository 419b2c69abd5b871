// The JSON Schema as an editor sees it: what the loader accepts is accepted, key by key of the
// table, and what is wrong in a way that can be seen without knowing the rest of the file is
// marked.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/load.h"
#include "core/config/schema.h"
#include "core/config/yaml_tree.h"
#include "tests/core/config/json_schema.h"
#include "tests/core/config/memory_source.h"

namespace core::config {
namespace {

using schema::Key;
using schema::Object;
using schema::Shape;

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

JsonSchema& the_schema() {
  static JsonSchema schema(schema::json_schema());
  return schema;
}

/// Why the schema refuses a file; empty when it accepts it.
std::string refusal(const std::string& yaml) {
  Diagnostics diagnostics;
  const std::uint32_t file = diagnostics.add_file("c.yaml", yaml);
  const Tree tree = parse_yaml(file, diagnostics);
  EXPECT_NE(tree.root, nullptr) << diagnostics.render() << yaml;
  return tree.root == nullptr ? "no YAML" : the_schema().refusal(*tree.root);
}

/// What the loader says of it.
std::string mistakes(const std::string& yaml) {
  MemorySource source;
  source.files["c.yaml"] = yaml;
  source.variables = {{"B2C_TOKEN", "0123456789abcdef"}, {"B2C_KEY", "0123456789abcdef"},
                      {"B2C_PASSWORD", "one"}, {"ADMIN_TOKEN", "0123456789abcdef"},
                      {"GRAPH_SECRET", "secret"}, {"STATE_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
                      {"CRM_TOKEN", "two"},    {"CRM_PASSWORD", "three"},
                      {"CRM_KEY", "four"},     {"CRM_SECRET", "five"}};
  source.files["/run/secrets/capture"] = "0123456789abcdef";
  source.files["connectors/before-create.yaml"] = "{}";
  Diagnostics diagnostics;
  load("c.yaml", source, diagnostics);
  return diagnostics.has_errors() ? diagnostics.render() : std::string();
}

TEST(SchemaValidation, AcceptsEveryExample) {
  std::size_t count = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(CLAIMGATE_SOURCE_DIR "/examples")) {
    if (entry.path().extension() != ".yaml") continue;
    EXPECT_EQ(refusal(contents(entry.path())), "") << entry.path();
    ++count;
  }
  EXPECT_GE(count, 2u);
}

TEST(SchemaValidation, AcceptsTheConfigurationsOfThePages) {
  std::size_t count = 0;
  std::vector<std::filesystem::path> pages = {CLAIMGATE_SOURCE_DIR "/README.md"};
  for (const auto& entry : std::filesystem::directory_iterator(CLAIMGATE_SOURCE_DIR "/docs")) {
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  }
  constexpr std::string_view kOpening = "\n```yaml test\n";
  for (const auto& page : pages) {
    const std::string text = contents(page);
    for (std::size_t at = text.find(kOpening); at != std::string::npos;
         at = text.find(kOpening, at + 1)) {
      const std::size_t begin = at + kOpening.size();
      EXPECT_EQ(refusal(text.substr(begin, text.find("\n```", begin) - begin) + "\n"), "") << page;
      ++count;
    }
  }
  EXPECT_GE(count, 2u);
}

/// Files around a single value of the table, each a whole configuration: what stands beside it is
/// what the table requires, with the table's own examples.
class FileAround {
 public:
  /// Null when the table does not say where the object stands.
  static std::optional<std::string> file(const Object& object, const Key& key,
                                         std::string_view value) {
    return wrap(object, members(object, &key, std::string(value)));
  }

 private:
  /// A caller that goes with this key of a connector.
  static std::string_view dialect_with(std::string_view key) {
    if (key == "step") return "b2b-signup";
    if (key == "policy" || key == "auth") return "b2c-policy";  // where a key may be alone
    return key == "block_title" || key == "carry" ? "ext-id" : "b2c-userflow";
  }

  static std::string members(const Object& object, const Key* key, const std::string& value) {
    std::string text = "{ ";
    bool one_there = false;
    const auto is_one = [&object](const Key& of) {
      return std::find(object.exactly_one.begin(), object.exactly_one.end(), of.name) !=
                 object.exactly_one.end() ||
             std::find(object.at_least_one.begin(), object.at_least_one.end(), of.name) !=
                 object.at_least_one.end();
    };
    one_there = key != nullptr && is_one(*key);
    const bool cached = &object == &schema::kRule && key != nullptr && key->name == "cache";
    const std::string_view one = cached                         ? "ask"  // only decisions are kept
                                 : !object.exactly_one.empty()  ? object.exactly_one[0]
                                 : !object.at_least_one.empty() ? object.at_least_one[0]
                                                                : "";
    for (const Key& other : object.keys) {
      const bool wanted = key != nullptr && other.name == key->name;
      const bool first_one = !one_there && !one.empty() && other.name == one;
      if (!wanted && !other.required && !first_one) continue;
      if (text.size() > 2) text += ", ";
      const bool dialect = other.name == "dialect" && key != nullptr && !wanted;
      const std::string usual(dialect ? dialect_with(key->name) : other.example);
      text += std::string(other.name) + ": " + (wanted ? value : usual);
    }
    // One of two is required, but not exactly one: the table has no word for it.
    if (&object == &schema::kBackend && key != nullptr && key->name != "response" &&
        key->name != "speaks") {
      text += ", response: [ { when: { status: 200 }, continue: {} } ]";
    }
    // What is kept somewhere, and what names something else.
    const std::string_view root = &object == &schema::kRoot && key != nullptr ? key->name : std::string_view();
    if (root == "approvals" || root == "invitations" || root == "events" || root == "sinks") text += ", state: memory";
    if (root == "events") text += ", sinks: { crm: { file: events.jsonl } }";
    if (root == "events" || root == "audit") text += ", pseudonyms: { key: 0123456789abcdef0123456789abcdef }";
    return text + " }";
  }

  static std::optional<std::string> wrap(const Object& object, const std::string& value) {
    if (&object == &schema::kRoot) return value + "\n";
    for (const Object* parent : schema::all_objects()) {
      for (const Key& key : parent->keys) {
        const bool condition = key.shape == Shape::kCondition;
        const bool tests = condition && &object == &schema::kTests;
        const bool percent = condition && &object == &schema::kPercent;
        const bool time = condition && &object == &schema::kTimeWindow;
        const bool include = key.shape == Shape::kRules && &object == &schema::kInclude;
        if (key.object != &object && !tests && !percent && !time && !include) continue;
        std::string inside = value;
        if (percent) inside = "{ percent: " + value + " }";
        if (time) inside = "{ time: " + value + " }";
        if (key.shape == Shape::kRules) inside = "[ " + value + " ]";
        if (key.shape == Shape::kObjects) inside = "[ " + value + " ]";
        if (key.shape == Shape::kObjectMap) inside = "{ name: " + value + " }";
        if (key.shape == Shape::kEndpoints) inside = "[ " + value + " ]";
        if (key.shape == Shape::kReplyTests) {
          inside = (key.name == "header" ? "{ X-Tier: " : "{ /found: ") + value + " }";
        }
        if (tests) inside = "{ country: " + value + " }";
        return wrap(*parent, members(*parent, &key, inside));
      }
    }
    return std::nullopt;
  }
};

TEST(SchemaValidation, AcceptsTheExampleOfEveryKeyAndSoDoesTheLoader) {
  // What an example needs besides, in another key.
  const std::set<std::string_view> kNeedsMore = {"redirect_hosts", "locale",      "cache",
                                                "reload",         "hedge_after", "content_type",
                                                "proxies", "step", "when_away"};
  for (const Object* object : schema::all_objects()) {
    for (const Key& key : object->keys) {
      SCOPED_TRACE(std::string(object->name) + "." + std::string(key.name));
      const auto file = FileAround::file(*object, key, key.example);
      ASSERT_TRUE(file.has_value());
      EXPECT_EQ(refusal(*file), "") << *file;
      if (kNeedsMore.contains(key.name) || object == &schema::kInclude) continue;  // its group
      if (object == &schema::kPolicyContract && key.name != "claims_in" && key.name != "names") {
        continue;  // beside `claims_in` or `debug`
      }
      if (object == &schema::kBackendTls && (key.name == "certificate" || key.name == "key")) {
        continue;  // each wants the other
      }
      // A file that is not there; keys that only some sinks have; events that are nowhere; load_events_errors_test.cc.
      if (object == &schema::kPseudonyms || key.object == &schema::kPseudonyms) continue;
      if (object == &schema::kSink && key.name != "webhook" && key.name != "file" && key.name != "redis") continue;
      if (object == &schema::kApprovalOn || key.object == &schema::kApprovalOn) continue;
      // A Redis wants a key, its others a Redis, and what machines share too: load_state_test.cc.
      if (object == &schema::kState && key.name != "sqlite" && key.name != "synchronous" && key.name != "queue" &&
          key.name != "key") {
        continue;
      }
      if (object == &schema::kDecisionCache && key.name == "redis") continue;
      if (object == &schema::kOutbox && key.name == "lease") continue;
      // A listener has to ask for them.
      if (object == &schema::kCallerCertificate || key.object == &schema::kCallerCertificate) continue;
      EXPECT_EQ(mistakes(*file), "") << *file;
    }
  }
}

/// Values that no key of this shape takes.
std::vector<std::string> wrong_values(const Key& key) {
  const std::string above = std::to_string(key.most + 1);
  const std::string below = std::to_string(key.least - 1);
  switch (key.shape) {
    case Shape::kString:
    case Shape::kAddress:
    case Shape::kName:
      return {"5", "true", "[ a ]", "{ a: b }", "''"};
    case Shape::kTemplate:
      return {"5", "true", "[ a ]", "{ a: b }"};
    case Shape::kPath:
      return {"5", "[ /a ]", "relative", "{}"};
    case Shape::kBoolean:
      return {"maybe", "1", "[ true ]", "{}"};
    case Shape::kInteger:
      return {"many", "[ 1 ]", "{}", "true", above, below, std::to_string(key.least) + ".5"};
    case Shape::kNumber:
      return {"many", "[ 1 ]", "{}", "true", above, below};
    case Shape::kDuration:
      return {"5", "soon", "5 s", "[ 5s ]", "{}", "-5s", "5s5"};
    case Shape::kSize:
      return {"large", "[ 5 ]", "{}", "5 KiB", "5KB", above};
    case Shape::kChoice:
      return {"zzzzzz", "5", "[ " + std::string(key.choices[0]) + " ]", "{}"};
    case Shape::kScalar:
      return {"[ a ]", "{ a: b }"};
    case Shape::kScalars:
      return {"a", "[]", "{}", "[ [ a ] ]"};
    case Shape::kStrings:
      return {"a", "[]", "{}", "[ 5 ]"};
    case Shape::kStringsAny:
      return {"a", "{}", "[ 5 ]", "[ [ a ] ]"};
    case Shape::kStringOrList:
      return {"5", "[]", "{}", "[ 5 ]"};
    case Shape::kLength:
      return {"long", "[ 5 ]", "{}", "-1", "{ mim: 5 }"};
    case Shape::kObject:
      return {"5", "a", "[ { a: b } ]", "{ zzzzzz: 5 }"};
    case Shape::kObjects:
      return {"5", "a", "[]", "{ zzzzzz: 5 }", "[ { zzzzzz: 5 } ]", "[ a ]"};
    case Shape::kObjectOrList:
      return {"5", "a", "[]", "{ zzzzzz: 5 }", "[ a ]"};
    case Shape::kObjectMap:
      return {"5", "[ a ]", "{ \"no name\": {} }", "{ name: 5 }", "{ name: { zzzzzz: 5 } }"};
    case Shape::kMessages:
      return {
          "5", "[ a ]", "{ name: 5 }", "{ name: [ a ] }", "{ name: {} }", "{ name: { en: 5 } }"};
    case Shape::kWordOr:
      return {"5", "everybody", "[]", "{}", "{ zzzzzz: 5 }"};
    case Shape::kCondition:
      return {"5",
              "a",
              "{}",
              "[]",
              "{ country: {} }",
              "{ country: [ a ] }",
              "{ all: { a: b } }",
              "{ any: [] }",
              "{ not: [ { a: b } ] }",
              "{ country: { zzzzzz: 5 } }"};
    case Shape::kClaims:
      return {"5", "a", "[]", "{ a: null }", "{ a: [ b ] }"};
    case Shape::kClaimsSome:
      return {"5", "a", "[]", "{}", "{ a: null }"};
    case Shape::kValues:
    case Shape::kArguments:
      return {"5", "a", "[]"};
    case Shape::kAnyNumber:
      return {"many", "[ 1 ]", "{}", "true"};
    case Shape::kRegion:
      return {"maybe", "5", "[ true ]", "{ zzzzzz: 5 }"};
    case Shape::kMessageOr:
      return {"5", "''", "[ a ]", "{ zzzzzz: 5 }"};
    case Shape::kClaimNames:
      return {"5", "a", "[]", "{}", "{ a: 5 }"};
    case Shape::kTables:
      return {"5", "[ a ]", "{ name: 5 }", "{ name: {} }", "{ name: { a: [ b ] } }"};
    case Shape::kRules:
      return {"5", "a", "[]", "[ a ]", "[ { zzzzzz: 5 } ]"};
    case Shape::kTemplates:
      return {"5", "a", "[ a ]", "{ a: [ b ] }"};
    case Shape::kEndpoints:
      return {"5", "a", "[]", "[ 5 ]", "[ { zzzzzz: 5 } ]"};
    case Shape::kJsonTree:
      return {};  // any value will do
    case Shape::kStatuses:
      return {"ok", "99", "600", "[]", "{}", "[ ok ]"};
    case Shape::kReplyTests:
      return {"5", "a", "[]", "{}", "{ /a: { zzzzzz: 5 } }"};
    case Shape::kReplyTextTest:
      return {"[]", "{}", "{ zzzzzz: 5 }"};
    case Shape::kSaid:
      return {"5", "''", "[ a ]", "{ zzzzzz: 5 }"};
  }
  return {};
}

TEST(SchemaValidation, MarksWrongValuesOfEveryKeyAsTheLoaderDoes) {
  std::size_t count = 0;
  for (const Object* object : schema::all_objects()) {
    for (const Key& key : object->keys) {
      SCOPED_TRACE(std::string(object->name) + "." + std::string(key.name));
      std::vector<std::string> values = wrong_values(key);
      if (object == &schema::kRuleGroup && key.shape == Shape::kRules) {
        // The rules of a group are read where it is included, and this one is nowhere.
        std::erase_if(values, [](const std::string& value) { return value.starts_with("[ "); });
      }
      EXPECT_TRUE(!values.empty() || key.shape == Shape::kJsonTree);
      for (const std::string& value : values) {
        const auto file = FileAround::file(*object, key, value);
        ASSERT_TRUE(file.has_value());
        EXPECT_NE(mistakes(*file), "") << "the loader accepts " << *file;
        EXPECT_NE(refusal(*file), "") << "the schema accepts " << *file;
        ++count;
      }
    }
  }
  EXPECT_GT(count, 300u);
}

TEST(SchemaValidation, MarksMissingUnknownAndExcludingKeysInEveryObject) {
  for (const Object* object : schema::all_objects()) {
    SCOPED_TRACE(object->name);
    ASSERT_FALSE(object->keys.empty());
    const Key& some = object->keys.front();
    const auto good = FileAround::file(*object, some, some.example);
    ASSERT_TRUE(good.has_value());
    const std::string member = std::string(some.name) + ": " + std::string(some.example);
    const std::size_t at = good->find(member);
    ASSERT_NE(at, std::string::npos) << *good;
    std::string unknown = *good;
    unknown.insert(at, "zzzzzz: 5, ");
    // In `when`, and in maps of claims, every name is one.
    EXPECT_NE(refusal(unknown), "") << unknown;
    EXPECT_NE(mistakes(unknown), "") << unknown;
    for (const Key& key : object->keys) {
      if (!key.required) continue;
      const std::string needed = std::string(key.name) + ": " + std::string(key.example);
      const std::size_t begin = good->find(needed);
      ASSERT_NE(begin, std::string::npos) << needed << " in " << *good;
      std::string without = *good;
      without.replace(begin, std::string(key.name).size(), "zzzzzz");
      EXPECT_NE(refusal(without), "") << without;
    }
    if (!object->at_least_one.empty()) {
      const Key& one = *object->find(object->at_least_one[0]);
      std::string none = *FileAround::file(*object, one, one.example);
      const std::string needed = std::string(one.name) + ": " + std::string(one.example);
      none.erase(none.find(needed), needed.size());
      EXPECT_NE(refusal(none), "") << none;
      EXPECT_NE(mistakes(none), "") << none;
    }
    if (object->exactly_one.size() < 2) continue;
    const Key& first = *object->find(object->exactly_one[0]);
    const Key& second = *object->find(object->exactly_one[1]);
    std::string both = *FileAround::file(*object, first, first.example);
    both.insert(both.find(std::string(first.name) + ": " + std::string(first.example)),
                std::string(second.name) + ": " + std::string(second.example) + ", ");
    EXPECT_NE(refusal(both), "") << both;
    EXPECT_NE(mistakes(both), "") << both;
  }
}

TEST(SchemaValidation, AcceptsReferencesWhereTheLoaderDoes) {
  for (const Object* object : schema::all_objects()) {
    for (const Key& key : object->keys) {
      if (key.shape != Shape::kInteger && key.shape != Shape::kBoolean &&
          key.shape != Shape::kDuration && key.shape != Shape::kSize &&
          key.shape != Shape::kNumber && key.shape != Shape::kChoice &&
          key.shape != Shape::kAnyNumber &&
          key.shape != Shape::kString && key.shape != Shape::kPath) {
        continue;
      }
      const auto file = FileAround::file(*object, key, "\"${env:VALUE}\"");
      ASSERT_TRUE(file.has_value());
      EXPECT_EQ(refusal(*file), "") << *file;
    }
  }
}

}  // namespace
}  // namespace core::config
