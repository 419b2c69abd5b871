#include "core/config/schema.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdlib>
#include <set>
#include <string>

#include "core/config/config.h"
#include "core/config/scalars.h"

namespace core::config::schema {
namespace {

const Key& key(const Object& object, std::string_view name) { return *object.find(name); }

TEST(Schema, KnowsTheDefaultsOfTheStructures) {
  const Limits limits;
  struct Case {
    std::string_view name;
    std::int64_t value;
  };
  const Case cases[] = {
      {"request_line_bytes", limits.request_line_bytes},
      {"head_bytes", limits.head_bytes},
      {"header_fields", limits.header_fields},
      {"body_bytes", limits.body_bytes},
      {"chunk_extension_bytes", limits.chunk_extension_bytes},
      {"trailer_bytes", limits.trailer_bytes},
      {"json_depth", limits.json_depth},
      {"json_members", limits.json_members},
      {"connections", limits.connections},
      {"requests_per_connection", limits.requests_per_connection},
      {"head_timeout", limits.head_timeout.count()},
      {"body_timeout", limits.body_timeout.count()},
      {"idle_timeout", limits.idle_timeout.count()},
      {"write_timeout", limits.write_timeout.count()},
      {"drain_timeout", limits.drain_timeout.count()},
      {"pending", limits.pending},
      {"auth_failures", limits.auth_failures},
      {"auth_failure_window", limits.auth_failure_window.count()},
      {"auth_addresses", limits.auth_addresses},
      {"token_bytes", limits.token_bytes},
      {"tokens_remembered", limits.tokens_remembered},
      {"velocity", limits.velocity},
      {"tls_handshakes", limits.tls_handshakes},
      {"tls_handshake_timeout", limits.tls_handshake_timeout.count()},
  };
  // And `memory`, which has no default of its own: the other limits add up to one.
  EXPECT_EQ(std::size(cases) + 1, kLimits.keys.size());
  EXPECT_EQ(key(kLimits, "memory").fallback, "");
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Key& row = key(kLimits, c.name);
    const std::int64_t documented = row.shape == Shape::kDuration
                                        ? parse_duration(row.fallback).value().count()
                                        : parse_size(row.fallback).value();
    EXPECT_EQ(documented, c.value);
    EXPECT_LE(row.least, c.value);
    EXPECT_GE(row.most, c.value);
  }
  // Extensions have others, so the table has no one default for these two: the words say them.
  EXPECT_EQ(key(kConnector, "deadline").fallback, "");
  EXPECT_EQ(parse_duration(key(kConnector, "deadline").example).value(), Connector{}.deadline);
  EXPECT_EQ(parse_duration(key(kConnector, "retry_window").example).value(), Connector{}.retry_window);
  EXPECT_EQ(key(kRoot, "workers").fallback, std::to_string(Config{}.workers));
  EXPECT_EQ(std::stod(std::string(key(kAccessLog, "sample").fallback)), AccessLog{}.sample);
}

TEST(Schema, KnowsTheDefaultsOfBackends) {
  const Backend backend;
  struct Case {
    const Object& object;
    std::string_view name;
    std::int64_t value;
  };
  const Case cases[] = {
      {kBackend, "timeout", backend.timeout.count()},
      {kBackend, "connect_timeout", backend.connect_timeout.count()},
      {kBackend, "idle_timeout", backend.idle.count()},
      {kBackend, "dns_ttl", backend.dns_ttl.count()},
      {kBackend, "retries", backend.retries},
      {kEndpoint, "weight", Endpoint{}.weight},
      {kOauth, "refresh_early", backend.auth.refresh_early.count()},
      {kBackendLimits, "connections", backend.limits.connections},
      {kBackendLimits, "in_flight", backend.limits.in_flight},
      {kBackendLimits, "queue", backend.limits.queue},
      {kBackendLimits, "response_bytes", backend.limits.response_bytes},
      {kBackendLimits, "header_bytes", backend.limits.header_bytes},
      {kBreaker, "failures", backend.breaker.failures},
      {kBreaker, "requests", backend.breaker.requests},
      {kBreaker, "window", backend.breaker.window.count()},
      {kBreaker, "open", backend.breaker.open.count()},
      {kHealth, "interval", backend.health.interval.count()},
      {kHealth, "timeout", backend.health.timeout.count()},
      {kHealth, "rise", backend.health.rise},
      {kHealth, "fall", backend.health.fall},
      {kHealth, "slow_return", backend.health.slow_return.count()},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Key& row = key(c.object, c.name);
    EXPECT_EQ(row.shape == Shape::kDuration ? parse_duration(row.fallback).value().count()
                                            : parse_size(row.fallback).value(),
              c.value);
  }
  EXPECT_EQ(std::stod(std::string(key(kBackend, "retry_budget").fallback)), backend.retry_budget);
  EXPECT_EQ(std::stod(std::string(key(kBreaker, "error_share").fallback)), backend.breaker.error_share);
}

TEST(Schema, DescribesEveryKey) {
  for (const Object* object : all_objects()) {
    SCOPED_TRACE(object->name);
    EXPECT_FALSE(object->words.empty());
    std::set<std::string_view> names;
    for (const Key& row : object->keys) {
      SCOPED_TRACE(row.name);
      EXPECT_TRUE(names.insert(row.name).second);
      EXPECT_FALSE(row.words.empty());
      EXPECT_FALSE(row.example.empty());
      EXPECT_LE(row.least, row.most);
      EXPECT_EQ(row.choices.empty(), row.shape != Shape::kChoice && row.shape != Shape::kWordOr);
    }
    for (const LaterKey& later : object->later) {
      EXPECT_TRUE(names.insert(later.name).second) << later.name;
      EXPECT_FALSE(later.instead.empty());
    }
    for (const std::string_view name : object->exactly_one) {
      EXPECT_NE(object->find(name), nullptr) << name;
    }
    for (const std::string_view name : object->at_least_one) {
      EXPECT_NE(object->find(name), nullptr) << name;
    }
  }
}

/// Follows every "$ref" of the document.
void check_references(simdjson::dom::element element, simdjson::dom::element root) {
  if (element.is_object()) {
    for (const auto [name, value] : simdjson::dom::object(element)) {
      if (name == "$ref") {
        const std::string_view target = value.get_string();
        ASSERT_TRUE(target.starts_with("#/")) << target;
        EXPECT_EQ(root.at_pointer(target.substr(1)).error(), simdjson::SUCCESS) << target;
      } else {
        check_references(value, root);
      }
    }
  } else if (element.is_array()) {
    for (const auto item : simdjson::dom::array(element)) check_references(item, root);
  }
}

TEST(JsonSchema, IsJsonWhoseReferencesLeadSomewhere) {
  simdjson::dom::parser parser;
  const std::string text = json_schema();
  simdjson::dom::element root;
  ASSERT_EQ(parser.parse(text).get(root), simdjson::SUCCESS);
  std::string_view dialect;
  ASSERT_EQ(root["$schema"].get(dialect), simdjson::SUCCESS);
  EXPECT_EQ(dialect, "https://json-schema.org/draft/2020-12/schema");
  check_references(root, root);
}

TEST(JsonSchema, HasEveryKeyOfEveryObject) {
  simdjson::dom::parser parser;
  const std::string text = json_schema();
  simdjson::dom::element root;
  ASSERT_EQ(parser.parse(text).get(root), simdjson::SUCCESS);
  for (const Object* object : all_objects()) {
    SCOPED_TRACE(object->name);
    simdjson::dom::element place = root;
    if (object != &kRoot) {
      ASSERT_EQ(root["$defs"][object->name].get(place), simdjson::SUCCESS);
    }
    bool closed = true;
    ASSERT_EQ(place["additionalProperties"].get(closed), simdjson::SUCCESS);
    EXPECT_FALSE(closed);
    simdjson::dom::object properties;
    ASSERT_EQ(place["properties"].get(properties), simdjson::SUCCESS);
    EXPECT_EQ(properties.size(), object->keys.size());
    std::set<std::string_view> required;
    if (simdjson::dom::array names; place["required"].get(names) == simdjson::SUCCESS) {
      for (const auto name : names) required.insert(std::string_view(name));
    }
    for (const Key& row : object->keys) {
      EXPECT_EQ(properties[row.name].error(), simdjson::SUCCESS) << row.name;
      EXPECT_EQ(required.contains(row.name), row.required) << row.name;
    }
  }
}

TEST(JsonSchema, CarriesRangesDefaultsAndChoices) {
  simdjson::dom::parser parser;
  const std::string text = json_schema();
  simdjson::dom::element root;
  ASSERT_EQ(parser.parse(text).get(root), simdjson::SUCCESS);
  const auto integer = [&](std::string_view pointer) {
    std::int64_t value = -1;
    EXPECT_EQ(root.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
    return value;
  };
  const auto string = [&](std::string_view pointer) {
    std::string_view value;
    EXPECT_EQ(root.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
    return value;
  };
  EXPECT_EQ(integer("/$defs/limits/properties/json_depth/anyOf/0/maximum"), 512);
  EXPECT_EQ(integer("/$defs/limits/properties/body_bytes/anyOf/0/minimum"), 1024);
  EXPECT_EQ(integer("/properties/workers/default"), 0);
  EXPECT_EQ(string("/$defs/backend/properties/timeout/default"), "1500ms");
  EXPECT_EQ(string("/$defs/rule/properties/mode/anyOf/0/enum/1"), "shadow");
  EXPECT_EQ(string("/$defs/rule/oneOf/0/required/0"), "block");
}

TEST(ReferenceMarkdown, HasATableForEachObjectAndARowForEachKey) {
  const std::string text = reference_markdown();
  for (const Object* object : all_objects()) {
    const std::string heading = "## " + std::string(object->name) + "\n";
    const std::size_t begin = text.find(heading);
    ASSERT_NE(begin, std::string::npos) << heading;
    const std::string section = text.substr(begin, text.find("\n## ", begin) - begin);
    for (const Key& row : object->keys) {
      EXPECT_NE(section.find("\n| `" + std::string(row.name) + "` | "), std::string::npos)
          << heading << row.name;
    }
    for (const LaterKey& later : object->later) {
      EXPECT_NE(section.find("`" + std::string(later.name) + "`"), std::string::npos) << later.name;
    }
  }
}

TEST(ReferenceMarkdown, KeepsFourCellsInEveryRow) {
  const std::string text = reference_markdown();
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (!line.starts_with('|')) continue;
    int bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '|' && (i == 0 || line[i - 1] != '\\')) ++bars;
    }
    EXPECT_EQ(bars, 5) << line;
  }
}

}  // namespace
}  // namespace core::config::schema
