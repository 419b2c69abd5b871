// What `set` and `continue` may give a claim: the JSON Schema, the loader and the compiler of rules
// say the same. (The schema is the loader's; that built-in attributes are texts is known here.)
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/claims/claims.h"
#include "core/config/schema.h"
#include "core/config/yaml_tree.h"
#include "core/rules/compiler.h"
#include "tests/core/config/json_schema.h"
#include "tests/core/config/memory_source.h"

namespace core::rules {
namespace {

std::string file_with(std::string_view action) {
  return "listeners: [ { address: 127.0.0.1:0 } ]\n"
         "connectors:\n  c:\n    path: /c\n    dialect: b2c-userflow\n    auth: anonymous\n"
         "    rules: [ { name: r, " +
         std::string(action) + " } ]\n";
}

/// What the loader and the compiler say of the file.
std::string mistakes(const std::string& yaml) {
  config::MemorySource source;
  source.files["c.yaml"] = yaml;
  config::Diagnostics diagnostics;
  const config::Config config = config::load("c.yaml", source, diagnostics);
  claims::NameTable names;
  const std::map<std::string, const lists::List*, std::less<>> no_lists;
  const std::map<std::string, std::uint32_t, std::less<>> no_messages;
  const ValueTables no_tables;
  if (!config.connectors.empty()) {
    Compiler({names, no_lists, no_messages, 1, &no_tables}, diagnostics)
        .compile(config.connectors[0].rules);
  }
  return diagnostics.has_errors() ? diagnostics.render() : std::string();
}

/// Why the schema, as an editor has it, refuses the file.
std::string refusal(const std::string& yaml) {
  static config::JsonSchema schema(config::schema::json_schema());
  config::Diagnostics diagnostics;
  const std::uint32_t file = diagnostics.add_file("c.yaml", yaml);
  const config::Tree tree = config::parse_yaml(file, diagnostics);
  EXPECT_NE(tree.root, nullptr) << diagnostics.render() << yaml;
  return tree.root == nullptr ? "no YAML" : schema.refusal(*tree.root);
}

TEST(SchemaOfSet, AcceptsWhatTheCompilerAccepts) {
  for (const std::string_view claims :
       {"{ country: Sweden }", "{ country: \"5\" }", "{ displayName: \"{givenName} {surname}\" }",
        "{ extension_level: 3 }", "{ extension_level: -0.5 }", "{ extension_vip: true }",
        "{ extension_0123456789abcdef0123456789abcdef_Vip: false }", "{ extension_text: \"3\" }",
        "{ extension_empty: \"\", country: \"\" }"}) {
    for (const std::string_view key : {"set: ", "continue: "}) {
      const std::string file = file_with(std::string(key) + std::string(claims));
      EXPECT_EQ(mistakes(file), "") << file;
      EXPECT_EQ(refusal(file), "") << file;
    }
  }
}

TEST(SchemaOfSet, MarksWhatTheCompilerRefuses) {
  for (const std::string_view claims :
       {"{ country: 5 }", "{ jobTitle: true }", "{ postalCode: 11122 }", "{ city: 1.5 }",
        "{ extension_: 5 }", "{ displayName: x, givenName: 7 }", "{ extension_a: 1, surname: false }",
        "{ extension_level: [ 3 ] }", "{ extension_level: {} }", "{ extension_level: null }",
        "{ country: null }", "{ country: [ a ] }"}) {
    for (const std::string_view key : {"set: ", "continue: "}) {
      const std::string file = file_with(std::string(key) + std::string(claims));
      EXPECT_NE(mistakes(file), "") << "the compiler accepts " << file;
      EXPECT_NE(refusal(file), "") << "the schema accepts " << file;
    }
  }
}

TEST(SchemaOfSet, KnowsEveryClaimThatIdentifiesTheRequest) {
  const claims::NameTable names;
  for (claims::NameId id = 0; id < claims::kWellKnownCount; ++id) {
    const std::string file = file_with("set: { " + std::string(names.name(id)) + ": x }");
    EXPECT_EQ(mistakes(file).empty(), is_settable(id)) << file;
    EXPECT_EQ(refusal(file).empty(), is_settable(id)) << file;
  }
}

}  // namespace
}  // namespace core::rules
