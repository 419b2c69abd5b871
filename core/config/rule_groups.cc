// `rule_groups` and `include`. An inclusion copies the rules of its group as they stand in the file,
// with `${with:NAME}` replaced by its arguments, and the copy is read like any other rules: so a
// parameter may stand wherever a value or a key may, and may bring a number, a list or a map.
//
// A copied node keeps its place in the group; an argument brings its own. So what is wrong with the
// group is shown there, what is wrong with a value where it was written, and read_rules() adds which
// inclusion it was.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/reader.h"

namespace core::config {
namespace {

using schema::Key;

constexpr std::string_view kBegin = "${with:";
constexpr std::size_t kInclusionsMax = 8;  // one in the other

RuleGroup* find_group(RuleGroups& groups, std::string_view name) {
  for (RuleGroup& group : groups.groups) {
    if (group.name.value == name) return &group;
  }
  return nullptr;
}

/// Copies nodes of one group with the arguments of one inclusion.
class Copier {
 public:
  Copier(Reader& reader, const RuleGroup& group, const Node* arguments)
      : reader_(reader), group_(group), arguments_(arguments) {}

  /// Null when there are too many nodes.
  const Node* copy(const Node& node) {
    if (node.kind == Node::Kind::kScalar) return scalar(node);
    if (node.kind == Node::Kind::kNull) return &node;
    auto& copies = reader_.rule_groups().copies;
    if (copies.size() >= kNodesMax) return nullptr;
    Node& made = copies.emplace_back();
    made.kind = node.kind;
    made.quoted = node.quoted;
    made.sensitive = node.sensitive;
    made.complete = true;
    made.mark = node.mark;
    made.begin = node.begin;
    made.end = node.end;
    for (const Node* item : node.items) {
      const Node* const copied = copy(*item);
      if (copied == nullptr) return nullptr;
      made.items.push_back(copied);
    }
    for (const Member& member : node.members) {
      const Node* const key = scalar(*member.key);
      const Node* const value = copy(*member.value);
      if (key == nullptr || value == nullptr) return nullptr;
      if (key->kind != Node::Kind::kScalar) {
        reader_.error(*key, "expected a text for a key of the rule group \"" +
                                group_.name.value + "\", found " + reader_.found(*key));
        continue;
      }
      made.members.push_back({key, value});
    }
    return &made;
  }

 private:
  const Node* argument(const Node& node, std::string_view name) {
    const Node* const found = arguments_ != nullptr ? arguments_->find(name) : nullptr;
    if (found != nullptr) return found;
    std::vector<std::string_view> known;
    for (const Text& parameter : group_.parameters) {
      if (parameter.value == name) return nullptr;  // missing, and reported
      known.push_back(parameter.value);
    }
    reader_.error(node, "unknown parameter \"" + std::string(name) + "\"",
                  known.empty() ? "the group has no parameters" : suggest(name, known));
    return nullptr;
  }

  const Node* scalar(const Node& node) {
    std::size_t at = node.value.find(kBegin);
    if (at == std::string::npos) return &node;
    const std::size_t close = node.value.find('}');
    if (at == 0 && close == node.value.size() - 1) {
      const Node* const whole =
          argument(node, std::string_view(node.value).substr(kBegin.size(), close - kBegin.size()));
      return whole != nullptr ? whole : &empty(node);
    }
    Node& made = empty(node);
    std::string_view left = node.value;
    for (;;) {
      at = left.find(kBegin);
      if (at == std::string_view::npos) break;
      const bool escaped = at > 0 && left[at - 1] == '$';
      const std::size_t end = left.find('}', at);
      if (end == std::string_view::npos) break;
      if (escaped) {
        made.value += left.substr(0, end + 1);
      } else {
        made.value += left.substr(0, at);
        const std::string_view name =
            left.substr(at + kBegin.size(), end - at - kBegin.size());
        const Node* const value = argument(node, name);
        if (value != nullptr && value->kind == Node::Kind::kScalar) {
          made.value += value->value;
          made.sensitive = made.sensitive || value->sensitive;
        } else if (value != nullptr) {
          reader_.error(*value, "expected a text for the parameter \"" + std::string(name) +
                                    "\", found " + reader_.found(*value),
                        "the rule group uses it inside a text");
        }
      }
      left.remove_prefix(end + 1);
    }
    made.value += left;
    return &made;
  }

  Node& empty(const Node& node) {
    Node& made = reader_.rule_groups().copies.emplace_back();
    made.kind = Node::Kind::kScalar;
    made.quoted = true;
    made.sensitive = node.sensitive;
    made.complete = true;
    made.mark = node.mark;
    made.begin = node.begin;
    made.end = node.end;
    return made;
  }

  Reader& reader_;
  const RuleGroup& group_;
  const Node* arguments_;
};

/// Each parameter has an argument, and each argument a parameter.
bool check_arguments(Reader& reader, const Node& item, const Node* arguments,
                     const RuleGroup& group) {
  bool right = true;
  std::vector<std::string_view> known;
  for (const Text& parameter : group.parameters) {
    known.push_back(parameter.value);
    if (arguments != nullptr && arguments->find(parameter.value) != nullptr) continue;
    reader.error(item, "the parameter \"" + parameter.value + "\" of the rule group \"" +
                           group.name.value + "\" is missing",
                 "write with: { " + parameter.value + ": ... }");
    right = false;
  }
  if (arguments == nullptr) return right;
  for (const Member& member : arguments->members) {
    if (std::find(known.begin(), known.end(), member.key->value) != known.end()) continue;
    reader.error(*member.key, "the rule group \"" + group.name.value + "\" has no parameter \"" +
                                  member.key->value + "\"",
                 known.empty() ? "leave out `with`" : suggest(member.key->value, known));
    right = false;
  }
  return right;
}

}  // namespace

void read_rule_groups(Reader& reader, const Node& node, const Key& key) {
  if (!reader.is_map(node, key)) return;
  for (const Member& member : node.members) {
    if (const RuleGroup* const same = find_group(reader.rule_groups(), member.key->value)) {
      report_twice(reader, *member.key, "rule group", same->name.mark);
      continue;
    }
    check_name(reader, *member.key, "rule group", false);
    RuleGroup group;
    group.name = reader.key_text(*member.key);
    Key one = key;
    one.shape = schema::Shape::kObject;
    one.name = group.name.value;
    if (reader.is_map(*member.value, one)) {
      const Fields fields(reader, *member.value, member.key, *key.object);
      if (const Node* const parameters = fields.find("parameters"); parameters != nullptr) {
        Key name_key = fields.key("parameters");
        name_key.shape = schema::Shape::kString;
        for (const Node* item : reader.items(*parameters, fields.key("parameters"))) {
          std::optional<Text> name = reader.string(*item, name_key);
          if (!name) continue;
          check_name(reader, *item, "parameter", false);
          group.parameters.push_back(std::move(*name));
        }
      }
      if (const Node* const rules = fields.find("rules"); rules != nullptr) {
        if (!reader.items(*rules, fields.key("rules")).empty()) group.rules = rules;
      }
    }
    reader.rule_groups().groups.push_back(std::move(group));
  }
}

void warn_of_unused_rule_groups(Reader& reader) {
  for (const RuleGroup& group : reader.rule_groups().groups) {
    if (group.included) continue;
    reader.diagnostics().warning(group.name.mark, group.name.value.size(),
                                 "no connector includes this rule group: its rules are not checked",
                                 "write - include: " + group.name.value + " among a connector's rules");
  }
}

const Node* expand_include(Reader& reader, const Node& item, const Inclusion* around,
                           Inclusion& inclusion) {
  const Fields fields(reader, item, nullptr, schema::kInclude);
  Text name, prefix;
  if (!fields.string("include", name)) return nullptr;
  RuleGroup* const group = find_group(reader.rule_groups(), name.value);
  if (group != nullptr) group->included = true;
  if (group == nullptr) {
    std::vector<std::string_view> known;
    for (const RuleGroup& other : reader.rule_groups().groups) known.push_back(other.name.value);
    reader.error(*fields.find("include"), "unknown rule group " + Reader::quote(name),
                 known.empty() ? "no `rule_groups` are defined" : suggest(name.value, known));
    return nullptr;
  }
  std::size_t depth = 1;
  for (const Inclusion* outer = around; outer != nullptr; outer = outer->around, ++depth) {
    if (outer->group != group && depth < kInclusionsMax) continue;
    reader.error(*fields.find("include"), outer->group == group
                                              ? "this rule group includes itself"
                                              : "more than 8 inclusions one in the other");
    return nullptr;
  }
  const Node* const arguments = fields.find("with");
  if (arguments != nullptr && !reader.is_map(*arguments, fields.key("with"))) return nullptr;
  if (!check_arguments(reader, item, arguments, *group) || group->rules == nullptr) return nullptr;
  fields.string("name", prefix);
  inclusion.around = around;
  inclusion.group = group;
  inclusion.outermost = around != nullptr ? around->outermost : item.mark;
  inclusion.prefix = (around != nullptr ? around->prefix : std::string()) +
                     (prefix.value.empty() ? group->name.value : prefix.value) + "/";
  const Node* const rules = Copier(reader, *group, arguments).copy(*group->rules);
  if (rules == nullptr) {
    reader.error(item, "the included rules together hold more than 1000000 values");
  }
  return rules;
}

void read_tables(Reader& reader, const Node& node, const Key& key, Config& config) {
  if (!reader.is_map(node, key)) return;
  for (const Member& member : node.members) {
    const auto same =
        std::find_if(config.tables.begin(), config.tables.end(),
                     [&](const ValueTable& t) { return t.name.value == member.key->value; });
    if (same != config.tables.end()) {
      report_twice(reader, *member.key, "table", same->name.mark);
      continue;
    }
    check_name(reader, *member.key, "table", false);
    ValueTable table;
    table.name = reader.key_text(*member.key);
    Key one = key;
    one.name = table.name.value;
    one.example = "{ Sverige: SE }";
    if (reader.is_map(*member.value, one)) {
      if (member.value->members.empty()) {
        reader.error(*member.key, "a table needs a row", "write { Sverige: SE }");
      }
      one.shape = schema::Shape::kScalar;
      one.example = "SE";
      for (const Member& row : member.value->members) {
        one.name = row.key->value;
        if (auto value = reader.scalar(*row.value, one)) {
          table.rows.emplace_back(reader.key_text(*row.key), std::move(value->text));
        }
      }
    }
    config.tables.push_back(std::move(table));
  }
}

}  // namespace core::config
