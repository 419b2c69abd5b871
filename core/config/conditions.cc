// `when`. A map becomes a kAll whose children are its tests and joiners, in the file's order:
//
//     when: { country: { in: [Sweden, Norway], exists: true }, any: [ { a: 1 }, { b: 2 } ] }
//     kAll( kTest country in, kTest country exists, kAny( kAll(a), kAll(b) ) )
//
// Operands. Whatever a test is given stands in Condition::operands, so that whoever hashes, prints or
// compares conditions needs to know nothing else (but `length`):
//
//     numbers, dates, same_as, looks_like, age: one     networks, scripts: one or more
//     is_phone, is_possible_phone, is_postcode: none (the claim `country`), a code, or "claim" and
//         the subject
//     percent: `of` and `salt`; the subject is `by`
//     time: pairs of key and value; the subject is `now`
//
// `all`, `any` and `not` join whether quoted or not, so that the same file means the same as JSON.
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

struct TestName {
  std::string_view key;
  Test test;
  bool negated;
};

constexpr TestName kTestNames[] = {
    {"equals", Test::kEquals, false},
    {"not_equals", Test::kEquals, true},
    {"in", Test::kIn, false},
    {"not_in", Test::kIn, true},
    {"in_list", Test::kInList, false},
    {"not_in_list", Test::kInList, true},
    {"starts_with", Test::kStartsWith, false},
    {"ends_with", Test::kEndsWith, false},
    {"contains", Test::kContains, false},
    {"matches", Test::kMatches, false},
    {"not_matches", Test::kMatches, true},
    {"length", Test::kLength, false},
    {"exists", Test::kExists, false},
    {"missing", Test::kMissing, false},
    {"less_than", Test::kLessThan, false},
    {"at_most", Test::kAtMost, false},
    {"greater_than", Test::kGreaterThan, false},
    {"at_least", Test::kAtLeast, false},
    {"before", Test::kBefore, false},
    {"after", Test::kAfter, false},
    {"age_at_least", Test::kAgeAtLeast, false},
    {"age_under", Test::kAgeUnder, false},
    {"in_network", Test::kInNetwork, false},
    {"not_in_network", Test::kInNetwork, true},
    {"is_email", Test::kIsEmail, false},
    {"is_phone", Test::kIsPhone, false},
    {"is_possible_phone", Test::kIsPossiblePhone, false},
    {"is_postcode", Test::kIsPostcode, false},
    {"same_as", Test::kSameAs, false},
    {"not_same_as", Test::kSameAs, true},
    {"scripts", Test::kScripts, false},
    {"mixed_scripts", Test::kMixedScripts, false},
    {"looks_like", Test::kLooksLike, false},
};

const TestName* find_test(std::string_view key) {
  for (const TestName& name : kTestNames) {
    if (name.key == key) return &name;
  }
  return nullptr;
}

bool read_length(Reader& reader, const Member& member, const Key& key, LengthRange& range) {
  const Node& node = *member.value;
  if (node.kind == Node::Kind::kScalar) {
    Key number = key;
    number.shape = Shape::kInteger;
    range.min = range.max = reader.integer(node, number);
    return range.min.has_value();
  }
  if (node.kind != Node::Kind::kMap) {
    reader.wrong_type(node, key);
    return false;
  }
  const Fields fields(reader, node, member.key, *key.object);
  std::int64_t value = 0;
  if (fields.integer("min", value)) range.min = value;
  if (fields.integer("max", value)) range.max = value;
  if (fields.find("min") == nullptr && fields.find("max") == nullptr) {
    if (node.members.empty()) {
      reader.error(node, "expected min, max or both", "write length: { min: 2, max: 64 }");
    }
    return false;
  }
  if (range.min && range.max && *range.min > *range.max) {
    reader.error(node,
                 "no length is at least " + std::to_string(*range.min) + " and at most " +
                     std::to_string(*range.max),
                 "exchange min and max");
  }
  return true;
}

/// The operands of a test: one scalar, a list of them, a string, or a list of strings.
std::vector<Scalar> read_operands(Reader& reader, const Node& node, const Key& key) {
  std::vector<Scalar> operands;
  Key one = key;
  const auto read_string = [&](const Node& at) {
    std::optional<Text> text = reader.string(at, one);
    if (!text) return;
    reader.warn_of_yaml(at, true);
    if (text->value.empty() && !text->secret) {
      reader.error(at, "an empty text", "write exists: true to ask if there is a value");
      return;
    }
    operands.push_back({Scalar::Type::kString, std::move(*text)});
  };
  switch (key.shape) {
    case Shape::kScalar:
      reader.warn_of_yaml(node, false);
      if (auto scalar = reader.scalar(node, key)) operands.push_back(std::move(*scalar));
      break;
    case Shape::kAnyNumber: {
      auto scalar = reader.scalar(node, key);
      if (!scalar) break;
      // A bound may come from the environment or a file, where all is text.
      if (scalar->text.secret) {
        double bound = 0;
        const std::string& text = scalar->text.value;
        const char* const end = text.data() + text.size();
        if (std::from_chars(text.data(), end, bound).ec == std::errc{}) {
          scalar->type = type_of_plain(text);
        }
      }
      if (scalar->type == Scalar::Type::kInteger || scalar->type == Scalar::Type::kNumber) {
        operands.push_back(std::move(*scalar));
      } else {
        reader.wrong_type(node, key);
      }
      break;
    }
    case Shape::kInteger:
      if (const auto number = reader.integer(node, key)) {
        operands.push_back({Scalar::Type::kInteger, {std::to_string(*number), node.mark, false}});
      }
      break;
    case Shape::kScalars:
      for (const Node* item : reader.items(node, key)) {
        one.shape = Shape::kScalar;
        reader.warn_of_yaml(*item, false);
        if (auto scalar = reader.scalar(*item, one)) operands.push_back(std::move(*scalar));
      }
      break;
    default:
      if (node.kind == Node::Kind::kSequence && key.shape != Shape::kString &&
          key.shape != Shape::kTemplate) {
        one.shape = Shape::kString;
        for (const Node* item : reader.items(node, key)) read_string(*item);
      } else {
        read_string(node);
      }
  }
  return operands;
}

/// `in_list: [a, b]` is any of two tests, `not_in_list: [a, b]` both of two.
Condition several_lists(Condition test) {
  Condition joined;
  joined.kind = test.negated ? Condition::Kind::kAll : Condition::Kind::kAny;
  joined.mark = test.mark;
  for (Scalar& list : test.operands) {
    Condition one;
    one.kind = Condition::Kind::kTest;
    one.mark = test.mark;
    one.subject = test.subject;
    one.test = test.test;
    one.negated = test.negated;
    one.test_mark = test.test_mark;
    one.operands.push_back(std::move(list));
    joined.children.push_back(std::move(one));
  }
  return joined;
}

/// `true`, `false`, or where the country comes from. False when it is none of them.
bool read_region(Reader& reader, const Member& member, const Key& key, Condition& test) {
  const Node& node = *member.value;
  if (node.kind == Node::Kind::kScalar) {
    const std::optional<bool> wanted = reader.boolean(node, key);
    if (wanted && !*wanted) test.negated = true;
    return wanted.has_value();
  }
  if (node.kind != Node::Kind::kMap) {
    reader.wrong_type(node, key);
    return false;
  }
  const Fields fields(reader, node, member.key, *key.object);
  Text text;
  if (fields.filled("country", text)) {
    test.operands.push_back({Scalar::Type::kString, std::move(text)});
  } else if (fields.filled("claim", text)) {
    test.operands.push_back({Scalar::Type::kString, {"claim", text.mark, false}});
    test.operands.push_back({Scalar::Type::kString, std::move(text)});
  }
  return !test.operands.empty();
}

/// `percent`, which stands for a test of the value that it is by.
void read_percent(Reader& reader, const Member& member, Condition& parent) {
  const Node& node = *member.value;
  if (node.kind != Node::Kind::kMap) {
    reader.error(node, "expected a map, found " + reader.found(node),
                 "write percent: { of: 25, by: email.canonical, salt: rollout-1 }");
    return;
  }
  const Fields fields(reader, node, member.key, schema::kPercent);
  Condition test;
  test.kind = Condition::Kind::kTest;
  test.test = Test::kPercent;
  test.mark = test.test_mark = member.key->mark;
  double of = 0;
  Text salt;
  if (!fields.number("of", of) || !fields.filled("by", test.subject) ||
      !fields.string("salt", salt)) {
    return;
  }
  if (salt.value.empty()) {
    reader.error(*fields.find("salt"), "expected a text", "write salt: rollout-1");
    return;
  }
  const Node& number = *fields.find("of");
  auto scalar = reader.scalar(number, fields.key("of"));
  if (!scalar) return;
  test.operands.push_back(std::move(*scalar));
  test.operands.push_back({Scalar::Type::kString, std::move(salt)});
  parent.children.push_back(std::move(test));
}

/// `time`, which stands for a test of `now`. What its texts mean the compiler says.
void read_time(Reader& reader, const Member& member, Condition& parent) {
  const Node& node = *member.value;
  if (node.kind != Node::Kind::kMap || node.members.empty()) {
    reader.error(node, "expected a map, found " + reader.found(node),
                 "write time: { from: 2026-12-01T08:00Z, days: [mon-fri] }");
    return;
  }
  const Fields fields(reader, node, member.key, schema::kTimeWindow);
  Condition test;
  test.kind = Condition::Kind::kTest;
  test.test = Test::kTime;
  test.subject = {"now", member.key->mark, false};
  test.mark = test.test_mark = member.key->mark;
  for (const Key& key : schema::kTimeWindow.keys) {
    const Node* const value = fields.find(key.name);
    if (value == nullptr) continue;
    for (Scalar& operand : read_operands(reader, *value, key)) {
      test.operands.push_back({Scalar::Type::kString, {std::string(key.name), value->mark, false}});
      test.operands.push_back(std::move(operand));
    }
  }
  if (!test.operands.empty()) parent.children.push_back(std::move(test));
}

void read_test(Reader& reader, const Text& subject, const Member& member, Condition& parent) {
  const TestName* const name = find_test(member.key->value);
  const Key* const key = schema::kTests.find(member.key->value);
  if (name == nullptr || key == nullptr) return;  // unknown, and reported
  Condition test;
  test.kind = Condition::Kind::kTest;
  test.mark = subject.mark;
  test.subject = subject;
  test.test = name->test;
  test.negated = name->negated;
  test.test_mark = member.key->mark;
  if (key->shape == Shape::kBoolean) {
    const std::optional<bool> wanted = reader.boolean(*member.value, *key);
    if (!wanted) return;
    if (name->test == Test::kExists || name->test == Test::kMissing) {
      if (!*wanted) test.test = name->test == Test::kExists ? Test::kMissing : Test::kExists;
    } else {
      test.negated = !*wanted;
    }
  } else if (key->shape == Shape::kRegion) {
    if (!read_region(reader, member, *key, test)) return;
  } else if (key->shape == Shape::kLength) {
    if (!read_length(reader, member, *key, test.length)) return;
  } else {
    test.operands = read_operands(reader, *member.value, *key);
    if (test.operands.empty()) return;
  }
  if (test.test == Test::kInList && test.operands.size() > 1) {
    parent.children.push_back(several_lists(std::move(test)));
  } else {
    parent.children.push_back(std::move(test));
  }
}

void read_subject(Reader& reader, const Member& member, Condition& parent) {
  const Text subject = reader.key_text(*member.key);
  const Node& node = *member.value;
  if (subject.value.empty()) {
    reader.error(*member.key, "expected the name of a claim", {});
    return;
  }
  if (find_test(subject.value) != nullptr && node.kind != Node::Kind::kMap) {
    reader.error(*member.key, "\"" + subject.value + "\" is a test, expected a claim here",
                 "write { claim: { " + subject.value + ": ... } }");
    return;
  }
  if (node.kind == Node::Kind::kScalar) {  // country: Sweden
    Condition test;
    test.kind = Condition::Kind::kTest;
    test.mark = subject.mark;
    test.subject = subject;
    test.test_mark = node.mark;
    reader.warn_of_yaml(node, false);
    auto operand = reader.scalar(node, *schema::kTests.find("equals"));
    if (!operand) return;
    test.operands.push_back(std::move(*operand));
    parent.children.push_back(std::move(test));
    return;
  }
  if (node.kind != Node::Kind::kMap) {
    const bool list = node.kind == Node::Kind::kSequence;
    reader.error(node, "expected a value or a map of tests, found " + reader.found(node),
                 "write { " + std::string(list ? "in: [...]" : "exists: true") + " }");
    return;
  }
  if (node.members.empty()) {
    reader.error(node, "expected at least one test", "write { exists: true }");
    return;
  }
  const Fields tests(reader, node, member.key, schema::kTests);
  for (const Member& test : node.members) read_test(reader, subject, test, parent);
}

void read_joiner(Reader& reader, const Member& member, const Key& key, Condition& parent) {
  Condition joined;
  joined.mark = member.key->mark;
  if (member.key->value == "not") {
    joined.kind = Condition::Kind::kNot;
    joined.children.push_back(read_condition(reader, *member.value, key));
    parent.children.push_back(std::move(joined));
    return;
  }
  joined.kind = member.key->value == "any" ? Condition::Kind::kAny : Condition::Kind::kAll;
  if (member.value->kind != Node::Kind::kSequence) {
    reader.error(*member.value,
                 "expected a list of conditions, found " + reader.found(*member.value),
                 "write " + member.key->value + ": [ { country: Sweden }, { country: Norway } ]");
    return;
  }
  if (member.value->items.empty()) {
    reader.error(*member.value, "expected at least one condition in the list", {});
    return;
  }
  for (const Node* item : member.value->items) {
    joined.children.push_back(read_condition(reader, *item, key));
  }
  parent.children.push_back(std::move(joined));
}

}  // namespace

Condition read_condition(Reader& reader, const Node& node, const Key& key) {
  Condition all;
  all.mark = node.mark;
  if (!reader.is_map(node, key)) return all;
  if (node.members.empty()) {
    reader.error(node, "expected at least one condition",
                 "leave \"when\" out of a rule that always acts");
  }
  for (const Member& member : node.members) {
    const std::string& name = member.key->value;
    if (name == "all" || name == "any" || name == "not") {
      read_joiner(reader, member, key, all);
    } else if (name == "percent") {
      read_percent(reader, member, all);
    } else if (name == "time") {
      read_time(reader, member, all);
    } else {
      read_subject(reader, member, all);
    }
  }
  return all;
}

}  // namespace core::config
