#include "core/rules/ask_version.h"

#include <type_traits>

namespace core::rules {
namespace {

/// Feeds a hash with what was written. Everything is framed or counted.
class Words {
 public:
  template <typename T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) void add(T value) {
    hash_.add_number(static_cast<std::uint64_t>(value));
  }
  void add(std::string_view text) { hash_.add(text); }
  void add(const config::Text& text) { hash_.add(text.value); }
  void add(const config::Scalar& scalar) {
    add(scalar.type);
    add(scalar.text);
  }
  template <typename First, typename Second>
  void add(const std::pair<First, Second>& pair) {
    add(pair.first);
    add(pair.second);
  }
  template <typename T>
  void add(const std::vector<T>& items) {
    add(items.size());
    for (const T& item : items) add(item);
  }
  void add(const config::JsonTree::Member& member) {
    add(member.name);
    add(member.value);
  }
  void add(const config::JsonTree& tree) {
    add(tree.kind);
    add(tree.members);
    add(tree.items);
    add(tree.text);
    add(tree.constant);
  }
  void add(const config::Condition& condition) {
    add(condition.kind);
    add(condition.children);
    if (condition.kind != config::Condition::Kind::kTest) return;
    add(condition.subject);
    add(condition.test);
    add(condition.negated);
    add(condition.operands);
    add(condition.length.min.value_or(-1));
    add(condition.length.max.value_or(-1));
  }
  void add(const config::ReplyTest& test) {
    add(test.part);
    add(test.where);
    add(test.negated);
    add(test.test);
    add(test.operands);
  }
  void add(const config::ResponseRow& row) {
    add(row.statuses);
    add(row.tests);
    add(row.verdict);
    add(row.claims);
    add(row.message);
    add(row.text);
  }
  void add(const config::BackendRequest& request) {
    add(request.method);
    add(request.path);
    add(request.query);
    add(request.headers);
    add(request.body);
    add(request.json);
    add(request.form);
    add(request.text);
    add(request.content_type);
  }
  decisions::Key finish() { return hash_.finish(); }

 private:
  decisions::KeyHash hash_{decisions::Seed{}};
};

}  // namespace

decisions::Key version_of(const config::Rule& rule, const config::Backend& backend,
                          std::string_view connector) {
  Words words;
  words.add(connector);
  words.add(backend.name);
  words.add(rule.name);
  words.add(rule.when);
  if (rule.cache) words.add(rule.cache->key);
  words.add(backend.request);
  words.add(backend.connector_contract);
  words.add(backend.response);
  words.add(backend.lenient);
  return words.finish();
}

decisions::Key version_of(const config::Rule& rule, std::string_view workflow, std::string_view connector) {
  Words words;
  words.add(connector);
  words.add(workflow);
  words.add(rule.name);
  words.add(rule.when);
  return words.finish();
}

}  // namespace core::rules
