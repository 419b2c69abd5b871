#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/reader.h"

namespace core::config {
namespace {

using schema::Key;
using schema::LaterKey;
using schema::Object;

}  // namespace

Fields::Fields(Reader& reader, const Node& map, const Node* named, const Object& object,
               bool check_required)
    : reader_(reader), map_(map), object_(object) {
  for (const Member& member : map.members) check_key(*member.key);
  if (!check_required) return;
  const Node& at = named != nullptr ? *named : map;
  for (const Key& key : object.keys) {
    if (!key.required || find(key.name) != nullptr || is_misspelt(key.name)) continue;
    reader.error(at, "the key \"" + std::string(key.name) + "\" is missing",
                 "write " + std::string(key.name) + ": " + std::string(key.example));
  }
  if (!object.exactly_one.empty()) check_exactly_one(at);
  if (!object.at_least_one.empty()) check_at_least_one(at);
}

void Fields::check_key(const Node& key) const {
  if (object_.find(key.value) != nullptr) return;
  for (const LaterKey& later : object_.later) {
    if (later.name != key.value) continue;
    reader_.error(key, "\"" + key.value + "\" is not supported yet by this version",
                  std::string(later.instead));
    return;
  }
  std::vector<std::string_view> names;
  for (const Key& known : object_.keys) names.push_back(known.name);
  reader_.error(key, "unknown " + std::string(object_.noun) + " " + Reader::quote({key.value, {}}),
                suggest(key.value, names));
}

void Fields::check_exactly_one(const Node& at) const {
  std::string alternatives;
  for (const std::string_view name : object_.exactly_one) {
    alternatives += (alternatives.empty() ? "" : ", ") + std::string(name);
  }
  const Node* first = nullptr;
  for (const Member& member : map_.members) {
    bool counts = false;
    for (const std::string_view name : object_.exactly_one) {
      counts = counts || name == member.key->value;
    }
    if (!counts) continue;
    if (first == nullptr) {
      first = member.key;
      continue;
    }
    reader_.error(*member.key,
                  "\"" + member.key->value + "\" cannot stand beside \"" + first->value + "\"",
                  "exactly one of: " + alternatives);
  }
  if (first != nullptr) return;
  for (const std::string_view name : object_.or_else) {
    if (map_.find(name) != nullptr) return;
  }
  for (const LaterKey& later : object_.later) {  // reported: the rule has an action, a later one
    if (map_.find(later.name) != nullptr) return;
  }
  for (const std::string_view name : object_.exactly_one) {
    if (is_misspelt(name)) return;
  }
  const Key& usual = key(object_.exactly_one[0]);
  reader_.error(at,
                object_.exactly_one.size() == 1 ? "the key \"" + alternatives + "\" is missing"
                                                : "one of these keys is missing: " + alternatives,
                "write " + std::string(usual.name) + ": " + std::string(usual.example));
}

void Fields::check_at_least_one(const Node& at) const {
  std::string alternatives;
  for (const std::string_view name : object_.at_least_one) {
    if (map_.find(name) != nullptr || is_misspelt(name)) return;
    alternatives += (alternatives.empty() ? "" : ", ") + std::string(name);
  }
  const Key& usual = key(object_.at_least_one[0]);
  reader_.error(at, "one of these keys is missing: " + alternatives,
                "write " + std::string(usual.name) + ": " + std::string(usual.example));
}

bool Fields::is_misspelt(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const Key& known : object_.keys) names.push_back(known.name);
  for (const Member& member : map_.members) {
    const std::string& written = member.key->value;
    if (object_.find(written) == nullptr && nearest(written, names) == name) return true;
  }
  return false;
}

const Node* Fields::find(std::string_view key) const {
  assert(object_.find(key) != nullptr);
  return map_.find(key);
}

const Node* Fields::key_node(std::string_view key) const {
  for (const Member& member : map_.members) {
    if (member.key->value == key) return member.key;
  }
  return nullptr;
}

const Key& Fields::key(std::string_view key) const { return *object_.find(key); }

bool Fields::string(std::string_view name, Text& out) const {
  const Node* const node = find(name);
  if (node == nullptr) return false;
  std::optional<Text> value = reader_.string(*node, key(name));
  if (value) out = std::move(*value);
  return value.has_value();
}

bool Fields::filled(std::string_view name, Text& out) const {
  Text text;
  if (!string(name, text)) return false;
  if (text.value.empty() && !text.secret) {
    reader_.error(*find(name), "expected a text",
                  "write " + std::string(name) + ": " + std::string(key(name).example));
    return false;
  }
  out = std::move(text);
  return true;
}

bool Fields::integer(std::string_view name, std::int64_t& out) const {
  const Node* const node = find(name);
  if (node == nullptr) return false;
  const std::optional<std::int64_t> value = reader_.integer(*node, key(name));
  if (value) out = *value;
  return value.has_value();
}

bool Fields::boolean(std::string_view name, bool& out) const {
  const Node* const node = find(name);
  if (node == nullptr) return false;
  const std::optional<bool> value = reader_.boolean(*node, key(name));
  if (value) out = *value;
  return value.has_value();
}

bool Fields::number(std::string_view name, double& out) const {
  const Node* const node = find(name);
  if (node == nullptr) return false;
  const std::optional<double> value = reader_.number(*node, key(name));
  if (value) out = *value;
  return value.has_value();
}

bool Fields::duration(std::string_view name, milliseconds& out) const {
  const Node* const node = find(name);
  if (node == nullptr) return false;
  const std::optional<milliseconds> value = reader_.duration(*node, key(name));
  if (value) out = *value;
  return value.has_value();
}

bool Fields::size(std::string_view name, std::int64_t& out) const {
  const Node* const node = find(name);
  if (node == nullptr) return false;
  const std::optional<std::int64_t> value = reader_.size(*node, key(name));
  if (value) out = *value;
  return value.has_value();
}

}  // namespace core::config
