#pragma once

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/scalars.h"
#include "core/config/yaml_tree.h"
#include "core/text/text.h"

namespace core::config {

/// Validates YAML against a JSON Schema (draft 2020-12), as an editor does. Written for the tests
/// and from the specification, so that the schema is not judged by the code that prints it. Knows
/// the keywords below; any other one fails the test.
class JsonSchema {
 public:
  explicit JsonSchema(std::string text) : text_(std::move(text)) {
    EXPECT_EQ(parser_.parse(text_).get(root_), simdjson::SUCCESS);
  }

  /// Where and why `node` is refused; empty when it is accepted.
  std::string refusal(const Node& node) { return check(node, root_, ""); }

 private:
  using Element = simdjson::dom::element;

  static std::string_view type_of(const Node& node) {
    switch (node.kind) {
      case Node::Kind::kNull:
        return "null";
      case Node::Kind::kSequence:
        return "array";
      case Node::Kind::kMap:
        return "object";
      case Node::Kind::kScalar:
        break;
    }
    if (node.quoted) return "string";
    switch (type_of_plain(node.value)) {
      case Scalar::Type::kString:
        return "string";
      case Scalar::Type::kInteger:
        return "integer";
      case Scalar::Type::kNumber:
        return "number";
      case Scalar::Type::kBoolean:
        return "boolean";
    }
    return "";
  }
  static bool has_type(const Node& node, std::string_view type) {
    const std::string_view own = type_of(node);
    return own == type || (type == "number" && own == "integer");
  }
  static bool is_number(const Node& node) { return has_type(node, "number"); }
  static double number_of(const Node& node) { return std::stod(node.value); }
  static std::string_view text_of(Element element) { return element.get_string().value(); }

  static bool equals(const Node& node, Element value) {
    return value.is_string() && type_of(node) == "string" && node.value == text_of(value);
  }

  std::string check(const Node& node, Element schema, const std::string& at) {
    for (const auto [keyword, value] : simdjson::dom::object(schema)) {
      std::string why = check_keyword(node, schema, keyword, value, at);
      if (!why.empty()) return why;
    }
    return {};
  }

  std::string check_keyword(const Node& node, Element schema, std::string_view keyword,
                            Element value, const std::string& at) {
    const auto no = [&](const std::string& why) { return at + ": " + why; };
    if (keyword == "$ref") {
      return check(node, root_.at_pointer(text_of(value).substr(1)).value(), at);
    }
    if (keyword == "type") {
      if (value.is_string()) {
        return has_type(node, text_of(value)) ? "" : no("no " + std::string(text_of(value)));
      }
      for (const Element type : simdjson::dom::array(value)) {
        if (has_type(node, text_of(type))) return {};
      }
      return no("of none of the types");
    }
    if (keyword == "enum") {
      for (const Element one : simdjson::dom::array(value)) {
        if (equals(node, one)) return {};
      }
      return no("none of the words");
    }
    if (keyword == "const") return equals(node, value) ? "" : no("another word");
    if (keyword == "not") return check(node, value, at).empty() ? no("not that") : "";
    if (keyword == "anyOf" || keyword == "oneOf") {
      int fits = 0;
      std::string why;
      for (const Element one : simdjson::dom::array(value)) {
        const std::string refused = check(node, one, at);
        if (refused.empty()) ++fits;
        why += " [" + refused + "]";
      }
      const bool good = keyword == "anyOf" ? fits > 0 : fits == 1;
      return good ? "" : no(std::string(keyword) + why);
    }
    if (node.kind == Node::Kind::kMap) {
      std::string why = check_object_keyword(node, schema, keyword, value, at);
      if (!why.empty()) return why;
    }
    if (node.kind == Node::Kind::kSequence) {
      if (keyword == "minItems" && node.items.size() < value.get_uint64().value()) {
        return no("too few items");
      }
      if (keyword == "items") {
        for (std::size_t i = 0; i < node.items.size(); ++i) {
          std::string why = check(*node.items[i], value, at + "/" + std::to_string(i));
          if (!why.empty()) return why;
        }
      }
    }
    if (type_of(node) == "string") {
      if (keyword == "minLength" &&
          text::count_code_points(node.value) < value.get_uint64().value()) {
        return no("too short");
      }
      if (keyword == "pattern" &&
          !std::regex_search(node.value, std::regex(std::string(text_of(value))))) {
        return no("does not match " + std::string(text_of(value)));
      }
    }
    if (is_number(node)) {
      if (keyword == "minimum" && number_of(node) < value.get_double().value()) {
        return no("too small");
      }
      if (keyword == "maximum" && number_of(node) > value.get_double().value()) {
        return no("too large");
      }
    }
    constexpr std::string_view kKnown[] = {
        "$schema",      "title",    "$defs",         "description", "default",
        "properties",   "required", "minProperties", "items",       "minItems",
        "minLength",    "pattern",  "minimum",       "maximum",     "additionalProperties",
        "propertyNames", "patternProperties"};
    if (std::find(std::begin(kKnown), std::end(kKnown), keyword) == std::end(kKnown)) {
      ADD_FAILURE() << "a keyword that is not known here: " << keyword;
    }
    return {};
  }

  std::string check_object_keyword(const Node& node, Element schema, std::string_view keyword,
                                   Element value, const std::string& at) {
    const auto no = [&](const std::string& why) { return at + ": " + why; };
    if (keyword == "required") {
      for (const Element name : simdjson::dom::array(value)) {
        if (node.find(text_of(name)) == nullptr) {
          return no("without " + std::string(text_of(name)));
        }
      }
    } else if (keyword == "minProperties") {
      if (node.members.size() < value.get_uint64().value()) return no("too few members");
    } else if (keyword == "propertyNames") {
      for (const Member& member : node.members) {
        Node name = *member.key;
        name.quoted = true;
        std::string why = check(name, value, at + "/(name)" + member.key->value);
        if (!why.empty()) return why;
      }
    } else if (keyword == "properties") {
      for (const auto [name, property] : simdjson::dom::object(value)) {
        const Node* const member = node.find(name);
        if (member == nullptr) continue;
        std::string why = check(*member, property, at + "/" + std::string(name));
        if (!why.empty()) return why;
      }
    } else if (keyword == "patternProperties") {
      for (const auto [pattern, property] : simdjson::dom::object(value)) {
        const std::regex names{std::string(pattern)};
        for (const Member& member : node.members) {
          if (!std::regex_search(member.key->value, names)) continue;
          std::string why = check(*member.value, property, at + "/" + member.key->value);
          if (!why.empty()) return why;
        }
      }
    } else if (keyword == "additionalProperties") {
      simdjson::dom::object properties;
      const bool some = schema["properties"].get(properties) == simdjson::SUCCESS;
      simdjson::dom::object patterns;
      const bool patterned = schema["patternProperties"].get(patterns) == simdjson::SUCCESS;
      for (const Member& member : node.members) {
        Element known;
        if (some && properties.at_key(member.key->value).get(known) == simdjson::SUCCESS) continue;
        if (patterned && std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) {
              return std::regex_search(member.key->value, std::regex(std::string(pattern.key)));
            })) {
          continue;
        }
        const std::string place = at + "/" + member.key->value;
        if (value.is_bool()) return value.get_bool().value() ? "" : place + ": unknown";
        std::string why = check(*member.value, value, place);
        if (!why.empty()) return why;
      }
    }
    return {};
  }

  std::string text_;
  simdjson::dom::parser parser_;
  Element root_;
};

}  // namespace core::config
