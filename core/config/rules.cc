#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/reader.h"
#include "core/config/scalars.h"

namespace core::config {
namespace {

using schema::Key;
using schema::Shape;

constexpr std::size_t kRuleNameBytesMax = 128;
constexpr std::size_t kEmitsMax = 8;

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
    const Node& value = *member.value;
    reader.warn_of_yaml(value, !member.key->value.starts_with("extension_"));
    const bool plain = value.kind == Node::Kind::kScalar && !value.quoted;
    const Scalar::Type type = plain ? type_of_plain(value.value) : Scalar::Type::kString;
    std::optional<Text> text = type == Scalar::Type::kString ? reader.string(value, text_key)
                                                             : reader.resolve(value);
    if (text) assignments.push_back({std::move(claim), std::move(*text), type});
  }
  return assignments;
}

/// An action that asks: whom, and what an error says about it.
struct Asking {
  std::string_view key, what, example;
  Asks asks;
};
constexpr Asking kAsking[] = {{"ask", "a backend", "crm", Asks::kBackend},
                              {"approval", "an approval", "guests", Asks::kApproval},
                              {"invitation", "an invitation", "partners", Asks::kInvitation}};
const Asking* asked_by(std::string_view key) {
  for (const Asking& one : kAsking) {
    if (one.key == key) return &one;
  }
  return nullptr;
}

Action::Kind action_of(std::string_view key) {
  if (key == "block") return Action::Kind::kBlock;
  if (key == "validation_error") return Action::Kind::kValidationError;
  if (key == "set") return Action::Kind::kSet;
  if (key == "remove") return Action::Kind::kRemove;
  if (asked_by(key) != nullptr) return Action::Kind::kAsk;
  return Action::Kind::kContinue;
}

/// `validation_error` with messages for single claims.
void read_claim_errors(Reader& reader, const Node& node, const Node& named, const Key& key,
                       Action& action) {
  const Fields fields(reader, node, &named, *key.object);
  fields.filled("message", action.message);
  const Node* const claims = fields.find("claims");
  if (claims == nullptr) return;
  Key name_key = fields.key("claims");
  if (!reader.is_map(*claims, name_key)) return;
  if (claims->members.empty()) {
    reader.error(*claims, "expected at least one claim", "write claims: { postalCode: postcode }");
  }
  name_key.shape = Shape::kName;
  name_key.example = "postcode";
  for (const Member& member : claims->members) {
    name_key.name = member.key->value;
    Text claim = reader.key_text(*member.key);
    if (std::optional<Text> message = reader.string(*member.value, name_key)) {
      action.claim_messages.emplace_back(std::move(claim), std::move(*message));
    }
  }
}

/// A name or a list of names.
std::vector<Text> read_names(Reader& reader, const Node& node, const Key& key) {
  std::vector<Text> names;
  Key one = key;
  one.shape = Shape::kString;
  const auto read_one = [&](const Node& at) {
    std::optional<Text> name = reader.string(at, one);
    if (name && name->value.empty()) {
      reader.error(at, "expected the name of a claim", {});
    } else if (name) {
      names.push_back(std::move(*name));
    }
  };
  if (node.kind == Node::Kind::kSequence) {
    for (const Node* item : reader.items(node, key)) read_one(*item);
  } else {
    read_one(node);
  }
  return names;
}

/// The events of a rule.
void read_emits(Reader& reader, const Node& node, const Key& key, std::vector<Text>& emits) {
  each_string(reader, node, key, [&](const Node& at, Text name) {
    const auto same = [&](const Text& other) { return other.value == name.value; };
    if (name.value.empty()) {
      reader.error(at, "expected the name of an event", "write emit: signup_blocked");
    } else if (std::any_of(emits.begin(), emits.end(), same)) {
      reader.error(at, "the event " + Reader::quote(name) + " is emitted twice", "leave one out");
    } else if (emits.size() == kEmitsMax) {
      reader.error(at, "more than 8 events of one rule", "write a rule for the others");
    } else {
      emits.push_back(std::move(name));
    }
  });
}

bool is_tag(std::string_view tag) {
  return !tag.empty() && tag.size() <= 64 && std::all_of(tag.begin(), tag.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

/// "10%", from 0% to 100%, as a share.
void read_jitter(Reader& reader, const Fields& fields, double& share) {
  Text text;
  if (!fields.string("jitter", text)) return;
  const char* const end = text.value.data() + text.value.size();
  int percent = 0;
  const auto [stop, ec] = std::from_chars(text.value.data(), end, percent);
  if (ec != std::errc{} || std::string_view(stop, static_cast<std::size_t>(end - stop)) != "%" ||
      percent < 0 || percent > 100) {
    reader.error(*fields.find("jitter"), "expected a share from 0% to 100%", "write jitter: 10%");
    return;
  }
  share = percent / 100.0;
}

RuleCache read_cache(Reader& reader, const Node& node, const Node& named, const Key& key) {
  RuleCache cache;
  cache.mark = named.mark;
  if (!reader.is_map(node, key)) return cache;
  const Fields fields(reader, node, &named, *key.object);
  if (const Node* const subjects = fields.find("key"); subjects != nullptr) {
    Key subject_key = fields.key("key");
    const Key subjects_key = subject_key;
    subject_key.shape = Shape::kString;
    for (const Node* item : reader.items(*subjects, subjects_key)) {
      if (std::optional<Text> subject = reader.string(*item, subject_key)) {
        cache.key.push_back(std::move(*subject));
      }
    }
  }
  if (const Node* const ttl = fields.find("ttl"); ttl != nullptr) {
    const Key& ttl_key = fields.key("ttl");
    if (reader.is_map(*ttl, ttl_key)) {
      const Fields inside(reader, *ttl, fields.key_node("ttl"), *ttl_key.object);
      inside.duration("continue", cache.continue_ttl);
      inside.duration("block", cache.block_ttl);
      inside.duration("validation_error", cache.validation_error_ttl);
      inside.duration("unresolved", cache.unresolved_ttl);
    }
  }
  fields.duration("stale", cache.stale);
  fields.choice("revalidate", cache.revalidate);
  read_jitter(reader, fields, cache.jitter);
  if (const Node* const token_step = fields.find("token_step"); token_step != nullptr) {
    if (const auto value = reader.boolean(*token_step, fields.key("token_step"))) {
      cache.token_step = *value;
    }
  }
  return cache;
}

void check_rule_name(Reader& reader, const Node& node, const Text& name,
                     const std::vector<Rule>& rules) {
  const bool blank = name.value.find_first_not_of(' ') == std::string::npos;
  const bool control = std::any_of(name.value.begin(), name.value.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (blank) {
    reader.error(node, "a rule needs a name", "write name: blocked domains");
  } else if (control || name.value.size() > kRuleNameBytesMax) {
    reader.error(node, "the name of a rule is one line of at most 128 bytes", {});
  }
  for (const Rule& other : rules) {
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
  if (action.kind == Action::Kind::kAsk) {
    std::optional<Text> backend = reader.string(value, key);
    const Asking& asking = *asked_by(name);
    action.asks = asking.asks;
    if (backend && backend->value.empty()) {
      reader.error(value, "expected the name of " + std::string(asking.what),
                   "write " + std::string(name) + ": " + std::string(asking.example));
    }
    if (backend) action.backend = std::move(*backend);
  } else if (action.kind == Action::Kind::kRemove) {
    action.removals = read_names(reader, value, key);
  } else if (key.shape == Shape::kMessageOr && value.kind == Node::Kind::kMap) {
    read_claim_errors(reader, value, *key_node, key, action);
  } else if (key.shape == Shape::kName || key.shape == Shape::kMessageOr) {
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

namespace {

/// What stands beside an action that asks the state.
void read_workflow(Reader& reader, const Fields& fields, Rule& rule) {
  const bool asks = rule.action.kind == Action::Kind::kAsk;
  const bool approval = asks && rule.action.asks == Asks::kApproval;
  const bool invitation = asks && rule.action.asks == Asks::kInvitation;
  const bool limit = !rule.limit.value.empty();
  if (fields.find("step") != nullptr && !approval) {
    reader.error(*fields.key_node("step"), "only a rule with `approval` has this", "leave it out");
  }
  const bool has_away = approval || invitation || limit;
  if (fields.find("when_away") != nullptr && !has_away) {
    reader.error(*fields.key_node("when_away"), "only a rule with `approval`, `invitation` or `limit` has this",
                 "leave it out");
  }
  if (approval) fields.choice("step", rule.approval_step);
  WhenAway away = WhenAway::kClosed;
  if (has_away && fields.choice("when_away", away)) rule.when_away = away;
  if (rule.when_away == WhenAway::kLocal && !limit) {
    reader.error(*fields.find("when_away"), "only a limit is counted on this machine as well", "write closed or open");
  }
}

void read_rule(Reader& reader, const Node& item, const Key& key, const Inclusion* inclusion,
               std::vector<Rule>& rules) {
  const Fields fields(reader, item, nullptr, *key.object);
  Rule rule;
  rule.mark = item.mark;
  if (fields.string("name", rule.name)) {
    if (inclusion != nullptr) rule.name.value.insert(0, inclusion->prefix);
    check_rule_name(reader, *fields.find("name"), rule.name, rules);
  }
  if (inclusion != nullptr) rule.included_at = inclusion->outermost;
  rule.when.mark = item.mark;
  if (const Node* const when = fields.find("when"); when != nullptr) {
    rule.when = read_condition(reader, *when, fields.key("when"));
  }
  fields.choice("mode", rule.mode);
  if (fields.string("tag", rule.tag) && !is_tag(rule.tag.value)) {
    reader.error(*fields.find("tag"),
                 "a tag is 1 to 64 letters, digits, \"_\", \".\" and \"-\"", "write tag: new_domain");
  }
  if (const Node* const emit = fields.find("emit"); emit != nullptr) {
    read_emits(reader, *emit, fields.key("emit"), rule.emits);
  }
  if (auto action = read_action(reader, fields, *key.object)) {
    rule.action = std::move(*action);
  } else if (const Node* const alone = fields.key_node(fields.find("tag") != nullptr ? "tag" : "emit");
             alone != nullptr) {
    rule.action.kind = Action::Kind::kTag;
    rule.action.mark = alone->mark;
  }
  if (fields.string("limit", rule.limit)) {
    const Node& named = *fields.key_node("limit");
    if (rule.limit.value.empty()) {
      reader.error(*fields.find("limit"), "expected the name of a limit", "write limit: per_domain");
    } else if (rule.action.kind != Action::Kind::kBlock &&
               rule.action.kind != Action::Kind::kValidationError) {
      reader.error(named, "what is over a limit has to be told so",
                   "write block or validation_error beside it, with mode: shadow to try it");
    }
  }
  if (const Node* const cache = fields.find("cache"); cache != nullptr) {
    const Node& named = *fields.key_node("cache");
    if (rule.action.kind == Action::Kind::kAsk && rule.action.asks == Asks::kBackend) {
      rule.cache = read_cache(reader, *cache, named, fields.key("cache"));
    } else {
      reader.error(named, "only a rule that asks has decisions to keep", "leave it out");
    }
  }
  read_workflow(reader, fields, rule);
  rules.push_back(std::move(rule));
}

void read_rule_list(Reader& reader, const Node& node, const Key& key, const Inclusion* around,
                    std::vector<Rule>& rules) {
  for (const Node* item : reader.items(node, key)) {
    if (item->kind != Node::Kind::kMap) {
      reader.error(*item, "expected a map, found " + reader.found(*item),
                   "write - name: blocked domains");
      continue;
    }
    if (item->find("include") == nullptr) {
      read_rule(reader, *item, key, around, rules);
      continue;
    }
    Inclusion inclusion;
    const Node* const included = expand_include(reader, *item, around, inclusion);
    if (included == nullptr) continue;
    const std::size_t errors = reader.diagnostics().errors();
    read_rule_list(reader, *included, key, &inclusion, rules);
    if (reader.diagnostics().errors() != errors) {
      reader.warning(*item, "the rule group \"" + inclusion.group->name.value +
                                "\" has mistakes as it is included here");
    }
  }
}

}  // namespace

void read_rules(Reader& reader, const Node& node, const Key& key, std::vector<Rule>& rules) {
  read_rule_list(reader, node, key, nullptr, rules);
}

}  // namespace core::config
