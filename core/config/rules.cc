#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/reader.h"

namespace core::config {
namespace {

using schema::Key;
using schema::Shape;

constexpr std::size_t kRuleNameBytesMax = 128;

std::vector<Assignment> read_claims(Reader& reader, const Node& node, const Key& key) {
  std::vector<Assignment> assignments;
  if (!reader.is_map(node, key)) return assignments;
  if (node.members.empty() && key.shape == Shape::kClaimsSome) {
    reader.error(node, "expected at least one claim",
                 "write " + std::string(key.name) + ": " + std::string(key.example));
  }
  Key text_key = key;
  text_key.shape = Shape::kTemplate;
  text_key.example = "\"\" for an empty text";
  for (const Member& member : node.members) {
    if (member.key->value.empty()) {
      reader.error(*member.key, "expected the name of a claim", {});
      continue;
    }
    text_key.name = member.key->value;
    Text claim = reader.key_text(*member.key);
    if (std::optional<Text> text = reader.string(*member.value, text_key)) {
      assignments.push_back({std::move(claim), std::move(*text)});
    }
  }
  return assignments;
}

Action::Kind action_of(std::string_view key) {
  if (key == "block") return Action::Kind::kBlock;
  if (key == "validation_error") return Action::Kind::kValidationError;
  if (key == "set") return Action::Kind::kSet;
  return Action::Kind::kContinue;
}

void check_rule_name(Reader& reader, const Node& node, const Text& name,
                     const Connector& connector) {
  const bool blank = name.value.find_first_not_of(' ') == std::string::npos;
  const bool control = std::any_of(name.value.begin(), name.value.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (blank) {
    reader.error(node, "a rule needs a name", "write name: blocked domains");
  } else if (control || name.value.size() > kRuleNameBytesMax) {
    reader.error(node, "the name of a rule is one line of at most 128 bytes", {});
  }
  for (const Rule& other : connector.rules) {
    if (blank || other.name.value != name.value) continue;
    reader.error(node, "two rules of one connector cannot have the same name",
                 "the first is in line " + std::to_string(other.name.mark.line));
    return;
  }
}

}  // namespace

std::optional<Action> read_action(Reader& reader, const Fields& fields,
                                  const schema::Object& object) {
  // The first of several in the order of the file; Fields has reported the others.
  const Node* key_node = nullptr;
  for (const std::string_view name : object.exactly_one) {
    const Node* const candidate = fields.key_node(name);
    if (candidate == nullptr) continue;
    if (key_node == nullptr || candidate->begin < key_node->begin) key_node = candidate;
  }
  if (key_node == nullptr) return std::nullopt;
  const std::string_view name = key_node->value;
  const Key& key = fields.key(name);
  const Node& value = *fields.find(name);
  Action action;
  action.kind = action_of(name);
  action.mark = key_node->mark;
  if (key.shape == Shape::kName) {
    std::optional<Text> message = reader.string(value, key);
    if (message && message->value.empty()) {
      reader.error(value, "expected the name of a message",
                   "write " + std::string(name) + ": " + std::string(key.example));
    }
    if (message) action.message = std::move(*message);
  } else {
    action.assignments = read_claims(reader, value, key);
  }
  return action;
}

void read_rules(Reader& reader, const Node& node, const Key& key, Connector& connector) {
  for (const Node* item : reader.items(node, key)) {
    if (item->kind != Node::Kind::kMap) {
      reader.error(*item, "expected a map, found " + reader.found(*item),
                   "write - name: blocked domains");
      continue;
    }
    const Fields fields(reader, *item, nullptr, *key.object);
    Rule rule;
    rule.mark = item->mark;
    if (fields.string("name", rule.name)) {
      check_rule_name(reader, *fields.find("name"), rule.name, connector);
    }
    rule.when.mark = item->mark;
    if (const Node* const when = fields.find("when"); when != nullptr) {
      rule.when = read_condition(reader, *when, fields.key("when"));
    }
    fields.choice("mode", rule.mode);
    if (const Node* const ask = item->find("ask"); ask != nullptr) {
      rule.action.kind = Action::Kind::kAsk;  // reported by Fields
      rule.action.mark = ask->mark;
    }
    if (auto action = read_action(reader, fields, *key.object)) rule.action = std::move(*action);
    connector.rules.push_back(std::move(rule));
  }
}

}  // namespace core::config
