#include <algorithm>
#include <string>
#include <string_view>

#include "core/config/derived_names.h"
#include "core/config/scalars.h"
#include "core/config/schema.h"

namespace core::config::schema {
namespace {

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;  // the table holds printable ASCII only; a test reads the result back
  }
  return out + "\"";
}

std::string reference_to(std::string_view name) {
  return "{\"$ref\":" + json_quoted("#/$defs/" + std::string(name)) + "}";
}

/// Anything but a string may also come from the environment or a file.
std::string or_reference(const std::string& schema) {
  return "{\"anyOf\":[" + schema + "," + reference_to("reference") + "]}";
}

std::string list_of(const std::string& items) {
  return "{\"type\":\"array\",\"minItems\":1,\"items\":" + items + "}";
}

std::string map_of(const std::string& values, bool some) {
  return std::string("{\"type\":\"object\",") + (some ? "\"minProperties\":1," : "") +
         "\"additionalProperties\":" + values + "}";
}

/// Claims that an answer sets: built-in attributes are texts, custom ones (and names that a group's
/// parameter brings) may be numbers and booleans; what identifies the request cannot be set.
std::string claims_map(bool some) {
  return std::string("{\"type\":\"object\",") + (some ? "\"minProperties\":1," : "") +
         "\"propertyNames\":{\"not\":{\"enum\":[\"step\",\"client_id\",\"ui_locales\","
         "\"identities\",\"objectId\"]}},"
         "\"patternProperties\":{\"^(extension_.|[$][{])\":" +
         reference_to("scalar") + "},\"additionalProperties\":{\"type\":\"string\"}}";
}

std::string bounds(const Key& key) {
  return "\"minimum\":" + std::to_string(key.least) + ",\"maximum\":" + std::to_string(key.most);
}

std::string shape_schema(const Key& key) {
  const std::string string = "{\"type\":\"string\"}";
  switch (key.shape) {
    case Shape::kString:
    case Shape::kAddress:
    case Shape::kName:
      return "{\"type\":\"string\",\"minLength\":1}";
    case Shape::kPath:
      return "{\"type\":\"string\",\"pattern\":\"^(/|[$][{])\"}";
    case Shape::kTemplate:
      return string;
    case Shape::kBoolean:
      return or_reference("{\"type\":\"boolean\"}");
    case Shape::kInteger:
      return or_reference("{\"type\":\"integer\"," + bounds(key) + "}");
    case Shape::kNumber:
      return or_reference("{\"type\":\"number\"," + bounds(key) + "}");
    case Shape::kDuration:
      return or_reference(std::string("{\"type\":\"string\",\"pattern\":\"^[0-9]+(ms|s|m|h") +
                          (key.most > kDayMs ? "|d)$\"}" : ")$\"}"));
    case Shape::kSize:
      return "{\"anyOf\":[{\"type\":\"integer\"," + bounds(key) +
             "},{\"type\":\"string\",\"pattern\":\"^[0-9]+(KiB|MiB|GiB)?$\"}," +
             reference_to("reference") + "]}";
    case Shape::kChoice: {
      std::string words;
      for (const std::string_view choice : key.choices) {
        words += (words.empty() ? "" : ",") + json_quoted(choice);
      }
      return or_reference("{\"enum\":[" + words + "]}");
    }
    case Shape::kScalar:
      return reference_to("scalar");
    case Shape::kScalars:
      return list_of(reference_to("scalar"));
    case Shape::kStrings:
      return list_of(string);
    case Shape::kStringsAny:
      return "{\"type\":\"array\",\"items\":" + string + "}";
    case Shape::kStringOrList:
      return "{\"anyOf\":[" + string + "," + list_of(string) + "]}";
    case Shape::kLength:
      return "{\"anyOf\":[{\"type\":\"integer\"," + bounds(key) + "}," +
             reference_to(key.object->name) + "," + reference_to("reference") + "]}";
    case Shape::kObject:
      return reference_to(key.object->name);
    case Shape::kObjects:
      return list_of(reference_to(key.object->name));
    case Shape::kObjectOrList:
      return "{\"anyOf\":[" + reference_to(key.object->name) + "," +
             list_of(reference_to(key.object->name)) + "]}";
    case Shape::kObjectMap:
      return "{\"type\":\"object\",\"propertyNames\":{\"pattern\":" +
             json_quoted(key.object == &kConnector ? kConnectorNamePattern : kNamePattern) +
             "},\"additionalProperties\":" + reference_to(key.object->name) + "}";
    case Shape::kMessages:
      return "{\"type\":\"object\",\"propertyNames\":{\"pattern\":" + json_quoted(kNamePattern) +
             "},\"additionalProperties\":{\"anyOf\":[" + string + "," + map_of(string, true) +
             "]}}";
    case Shape::kWordOr:
      return "{\"anyOf\":[{\"const\":" + json_quoted(key.choices[0]) + "}," + reference_to(key.object->name) + "]}";
    case Shape::kCondition:
      return reference_to("condition");
    case Shape::kClaims:
      return claims_map(false);
    case Shape::kClaimsSome:
      return claims_map(true);
    case Shape::kClaimNames:
      return map_of(string, true);
    case Shape::kAnyNumber:
      return or_reference("{\"type\":\"number\"}");
    case Shape::kRegion:
      return "{\"anyOf\":[{\"type\":\"boolean\"}," + reference_to("reference") + "," +
             reference_to(key.object->name) + "]}";
    case Shape::kMessageOr:
      return "{\"anyOf\":[{\"type\":\"string\",\"minLength\":1}," +
             reference_to(key.object->name) + "]}";
    case Shape::kTables:
      return "{\"type\":\"object\",\"propertyNames\":{\"pattern\":" +
             json_quoted(kNamePattern) + "},\"additionalProperties\":" +
             map_of(reference_to("scalar"), true) + "}";
    case Shape::kRules:
      return list_of("{\"anyOf\":[" + reference_to(key.object->name) + "," +
                     reference_to(kInclude.name) + "]}");
    case Shape::kArguments:
    case Shape::kValues:
      return "{\"type\":\"object\"}";
    case Shape::kTemplates:
      return map_of(reference_to("scalar"), false);
    case Shape::kEndpoints:
      return list_of("{\"anyOf\":[" + string + "," + reference_to(key.object->name) + "]}");
    case Shape::kJsonTree:
      return "{\"type\":[\"object\",\"array\",\"string\",\"number\",\"boolean\",\"null\"]}";
    case Shape::kStatuses: {
      const std::string one =
          "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":100,\"maximum\":599},"
          "{\"type\":\"string\",\"pattern\":\"^([1-5]xx|[1-5][0-9]{2}(-[1-5][0-9]{2})?)$\"}]}";
      return "{\"anyOf\":[" + one + "," + list_of(one) + "]}";
    }
    case Shape::kReplyTests:
      return map_of("{\"anyOf\":[" + reference_to("scalar") + "," +
                        reference_to(key.object->name) + "]}",
                    true);
    case Shape::kReplyTextTest:
      return "{\"anyOf\":[" + reference_to("scalar") + "," + reference_to(key.object->name) + "]}";
    case Shape::kSaid:
      return "{\"anyOf\":[{\"type\":\"string\",\"minLength\":1}," +
             reference_to(key.object->name) + "]}";
  }
  return "{}";
}

std::string object_schema(const Object& object) {
  std::string out = "\"type\":\"object\",\"description\":" + json_quoted(object.words);
  std::string properties;
  std::string required;
  for (const Key& key : object.keys) {
    properties += properties.empty() ? "" : ",";
    std::string schema = shape_schema(key);
    schema.pop_back();
    schema += (schema.back() == '{' ? "\"description\":" : ",\"description\":") +
              json_quoted(key.words);
    if (!key.fallback.empty()) {
      const bool bare = key.shape == Shape::kInteger || key.shape == Shape::kNumber ||
                        key.shape == Shape::kBoolean;
      schema += ",\"default\":" + (bare ? std::string(key.fallback) : json_quoted(key.fallback));
    }
    properties += json_quoted(key.name) + ":" + schema + "}";
    if (key.required) required += (required.empty() ? "" : ",") + json_quoted(key.name);
  }
  out += ",\"properties\":{" + properties + "},\"additionalProperties\":false";
  if (!required.empty()) out += ",\"required\":[" + required + "]";
  if (!object.exactly_one.empty()) {
    std::string ways;
    for (const std::string_view key : object.exactly_one) {
      ways += (ways.empty() ? "" : ",");
      ways += "{\"required\":[" + json_quoted(key) + "]}";
    }
    for (const std::string_view key : object.or_else) {
      ways += ",{\"required\":[" + json_quoted(key) + "],\"not\":{\"anyOf\":[";
      for (const std::string_view one : object.exactly_one) {
        if (one.data() != object.exactly_one.front().data()) ways += ",";
        ways += "{\"required\":[" + json_quoted(one) + "]}";
      }
      ways += "]}}";
    }
    out += ",\"oneOf\":[" + ways + "]";
  }
  if (!object.at_least_one.empty()) {
    std::string ways;
    for (const std::string_view key : object.at_least_one) {
      ways += (ways.empty() ? "" : ",");
      ways += "{\"required\":[" + json_quoted(key) + "]}";
    }
    out += ",\"anyOf\":[" + ways + "]";
  }
  if (&object == &kTests || &object == &kLengthRange || &object == &kTimeWindow ||
      &object == &kReplyWhen || &object == &kReplyTest || &object == &kExpectation) {
    out += ",\"minProperties\":1";
  }
  return out;
}

/// The derived values as members of a condition, so that editors offer them.
std::string derived_properties() {
  std::string out;
  for (const DerivedName& row : kDerivedNames) {
    out += "," + json_quoted(row.name) + ":{\"description\":" + json_quoted(row.meaning) +
           ",\"anyOf\":[" + reference_to("scalar") + "," + reference_to(kTests.name) + "]}";
  }
  return out;
}

std::string range_words(const Key& key) {
  switch (key.shape) {
    case Shape::kInteger:
    case Shape::kNumber:
      return std::to_string(key.least) + " to " + std::to_string(key.most);
    case Shape::kDuration:
      return format_duration(key.least) + " to " + format_duration(key.most);
    case Shape::kSize:
      return format_size(key.least) + " to " + format_size(key.most);
    default:
      return {};
  }
}

std::string shape_words(const Key& key) {
  const auto see = [](const Object* object) {
    const std::string name(object->name);
    return "[" + name + "](#" + name + ")";
  };
  switch (key.shape) {
    case Shape::kString:
      return "string";
    case Shape::kBoolean:
      return "true or false";
    case Shape::kInteger:
      return "integer, " + range_words(key);
    case Shape::kNumber:
      return "number, " + range_words(key);
    case Shape::kDuration:
      return "duration, " + range_words(key);
    case Shape::kSize:
      return "size, " + range_words(key);
    case Shape::kChoice: {
      std::string words;
      for (const std::string_view choice : key.choices) {
        words += (words.empty() ? "`" : ", `") + std::string(choice) + "`";
      }
      return words;
    }
    case Shape::kAddress:
      return "address";
    case Shape::kPath:
      return "path";
    case Shape::kName:
      return "the name of a message";
    case Shape::kTemplate:
      return "text";
    case Shape::kScalar:
      return "string, number or boolean";
    case Shape::kScalars:
      return "list of strings, numbers or booleans";
    case Shape::kStrings:
      return "list of strings";
    case Shape::kStringsAny:
      return "list of strings, perhaps empty";
    case Shape::kStringOrList:
      return "string, or list of strings";
    case Shape::kLength:
      return "integer, or " + see(key.object);
    case Shape::kObject:
      return see(key.object);
    case Shape::kObjects:
      return "list of " + see(key.object);
    case Shape::kObjectOrList:
      return see(key.object) + ", or list of them";
    case Shape::kObjectMap:
      return "map: name to " + see(key.object);
    case Shape::kMessages:
      return "map: name to text, or to texts by language";
    case Shape::kWordOr:
      return "`" + std::string(key.choices[0]) + "`, or " + see(key.object);
    case Shape::kCondition:
      return "map of [test](#test)s";
    case Shape::kClaims:
    case Shape::kClaimsSome:
      return "map: claim to text, number or boolean";
    case Shape::kValues:
      return "map: claim to value";
    case Shape::kAnyNumber:
      return "number";
    case Shape::kRegion:
      return "true or false, or " + see(key.object);
    case Shape::kMessageOr:
      return "the name of a message, or " + see(key.object);
    case Shape::kClaimNames:
      return "map: claim to the name of a message";
    case Shape::kTables:
      return "map: name to a map of values";
    case Shape::kRules:
      return "list of " + see(key.object) + " and " + see(&kInclude);
    case Shape::kArguments:
      return "map: parameter to any value";
    case Shape::kTemplates:
      return "map: name to value";
    case Shape::kEndpoints:
      return "list of URLs, or of " + see(key.object);
    case Shape::kJsonTree:
      return "any value";
    case Shape::kStatuses:
      return "status, class, range, or a list of them";
    case Shape::kReplyTests:
      return "map: place to value, or to " + see(key.object) + "s";
    case Shape::kReplyTextTest:
      return "value, or " + see(key.object) + "s";
    case Shape::kSaid:
      return "the name of a message, or " + see(key.object);
  }
  return {};
}

/// A table cell: a bar would end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string json_schema() {
  std::string out =
      "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
      "\"title\":\"claimgate configuration\"," +
      object_schema(kRoot) + ",\"$defs\":{";
  for (const Object* object : all_objects()) {
    if (object != &kRoot) out += json_quoted(object->name) + ":{" + object_schema(*object) + "},";
  }
  out +=
      "\"reference\":{\"type\":\"string\",\"pattern\":\"[$][{](env|file|with):[^}]+[}]\","
      "\"description\":\"A value from the environment, from a file, or of a group's parameter.\"},"
      "\"scalar\":{\"type\":[\"string\",\"number\",\"boolean\"]},"
      "\"conditions\":" +
      list_of(reference_to("condition")) +
      ",\"condition\":{\"type\":\"object\",\"minProperties\":1,"
      "\"description\":\"Claims or derived values, each with its tests, joined by and.\","
      "\"properties\":{\"all\":" +
      reference_to("conditions") + ",\"any\":" + reference_to("conditions") +
      ",\"not\":" + reference_to("condition") + ",\"percent\":" + reference_to(kPercent.name) +
      ",\"time\":" + reference_to(kTimeWindow.name) + derived_properties() + "},\"additionalProperties\":{\"anyOf\":[" +
      reference_to("scalar") + "," + reference_to(kTests.name) + "]}}}}";
  return out + "\n";
}

std::string reference_markdown() {
  std::string out;
  for (const Object* object : all_objects()) {
    const bool tests = object == &kTests;
    out += (out.empty() ? "## " : "\n## ") + std::string(object->name) + "\n\n";
    out += std::string(object->words) + "\n\n";
    if (object->exactly_one.size() > 1) {
      out += "Exactly one of";
      for (const std::string_view key : object->exactly_one) out += " `" + std::string(key) + "`";
      out += ".\n\n";
    }
    if (!object->at_least_one.empty()) {
      out += "At least one of";
      for (const std::string_view key : object->at_least_one) out += " `" + std::string(key) + "`";
      out += ".\n\n";
    }
    out += std::string("| ") + (tests ? "test" : "key") + " | value | default | meaning |\n";
    out += "|---|---|---|---|\n";
    for (const Key& key : object->keys) {
      const bool only = object->exactly_one.size() == 1 && object->exactly_one[0] == key.name;
      const std::string fallback = key.required || only   ? "required"
                                   : key.fallback.empty() ? ""
                                                          : "`" + std::string(key.fallback) + "`";
      out += "| `" + std::string(key.name) + "` | " + cell(shape_words(key)) + " | " + fallback +
             " | " + cell(key.words) + " Example: `" + cell(key.example) + "` |\n";
    }
    if (!object->later.empty()) {
      out += "\nNot supported by this version, and refused:";
      for (const LaterKey& later : object->later) {
        out += (&later == object->later.data() ? " `" : ", `") + std::string(later.name) + "`";
      }
      out += ".\n";
    }
  }
  out += "\n## Derived values\n\n| value | from | default | what it is |\n|---|---|---|---|\n";
  for (const DerivedName& row : kDerivedNames) {
    out += "| `" + std::string(row.name) + "` | ";
    for (const std::string_view claim : row.reads) {
      out += (claim.data() == row.reads.front().data() ? "`" : ", `") + std::string(claim) + "`";
    }
    out += " | | " + cell(row.meaning) + " |\n";
  }
  return out;
}

}  // namespace core::config::schema
