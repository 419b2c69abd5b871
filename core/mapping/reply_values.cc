#include "core/mapping/reply_values.h"

#include <re2/re2.h>

#include "core/http/syntax.h"
#include "core/rules/evaluation.h"

namespace core::mapping {
namespace {

using claims::Kind;

constexpr std::int64_t kPatternMemoryMax = 8 << 20;  // RE2's automata of one lane

/// Filters of a reply's value work in memory of their own; none makes a text more than this much
/// longer (case mapping: three times, a few bytes for short ones).
constexpr std::size_t kFilterGrowth = 16;
constexpr std::size_t kFilterSlack = 4 << 10;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kWhite = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kWhite);
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(kWhite) - first + 1);
}

bool is_scalar(Kind kind) noexcept {
  return kind == Kind::kString || kind == Kind::kNumber || kind == Kind::kBoolean;
}

}  // namespace

bool Xpath::compile(const std::string& expression, std::size_t lanes, Xpath& out,
                    std::string& error, std::size_t& offset) {
  out.expression_ = expression;
  try {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      out.lanes_.push_back(std::make_unique<pugi::xpath_query>(expression.c_str()));
    }
  } catch (const pugi::xpath_exception& exception) {
    error = exception.result().description();
    offset = exception.result().offset > 0 ? static_cast<std::size_t>(exception.result().offset) : 0;
    return false;
  }
  return true;
}

GroupPattern::GroupPattern() noexcept = default;
GroupPattern::GroupPattern(GroupPattern&&) noexcept = default;
GroupPattern& GroupPattern::operator=(GroupPattern&&) noexcept = default;
GroupPattern::~GroupPattern() = default;

std::string GroupPattern::compile(const std::string& expression, std::size_t lanes,
                                  GroupPattern& out) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemoryMax);
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    auto compiled = std::make_unique<re2::RE2>(expression, options);
    if (!compiled->ok()) return compiled->error();
    out.lanes_.push_back(std::move(compiled));
  }
  for (const auto& [name, number] : out.lanes_[0]->NamedCapturingGroups()) {
    out.names_.emplace_back(name, number);
  }
  return {};
}

bool GroupPattern::match(std::string_view text, std::size_t lane,
                         std::vector<std::pair<std::string_view, std::string_view>>& groups) const {
  const re2::RE2& pattern = *lanes_[lane];
  const int count = names_.empty() ? 1 : pattern.NumberOfCapturingGroups() + 1;
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(count));
  if (!pattern.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                     re2::RE2::UNANCHORED, found.data(), count)) {
    return false;
  }
  for (const auto& [name, number] : names_) {
    const re2::StringPiece& group = found[static_cast<std::size_t>(number)];
    if (group.data() != nullptr) groups.emplace_back(name, std::string_view(group.data(), group.size()));
  }
  return true;
}

Value value_of(simdjson::dom::element element, std::string& room) {
  switch (element.type()) {
    case simdjson::dom::element_type::STRING:
      return {Kind::kString, std::string_view(element)};
    case simdjson::dom::element_type::BOOL:
      return {Kind::kBoolean, bool(element) ? "true" : "false"};
    case simdjson::dom::element_type::INT64:
    case simdjson::dom::element_type::UINT64:
    case simdjson::dom::element_type::DOUBLE:
      room = simdjson::minify(element);
      return {Kind::kNumber, room};
    case simdjson::dom::element_type::ARRAY:
      return {Kind::kArray, ""};
    case simdjson::dom::element_type::OBJECT:
      return {Kind::kObject, ""};
    case simdjson::dom::element_type::NULL_VALUE:
      break;
  }
  return {};
}

Value ReplyValues::header(std::string_view name) const noexcept {
  const http::Header* const field = find_field(reply_, name);
  if (field == nullptr) return {};
  return {Kind::kString, field->value.data() == nullptr ? std::string_view("") : field->value};
}

Value ReplyValues::pointer(std::string_view pointer, Unresolved& why) {
  if (pointer.find('~') == std::string_view::npos) {
    if (const PlainJson* const plain = body_.plain(); plain != nullptr) {
      const PlainJson::Node* const found = plain->find(pointer);
      if (found == nullptr || found->kind == Kind::kNull) return {};
      return {found->kind, found->text};
    }
  }
  simdjson::dom::element root;
  why = body_.json(root);
  if (why != Unresolved::kNone) return {};
  simdjson::dom::element found;
  if (root.at_pointer(pointer).get(found) != simdjson::SUCCESS) return {};
  std::string room;
  Value value = value_of(found, room);
  if (value.kind == Kind::kNumber) value.text = keep(std::move(room));
  return value;
}

Value ReplyValues::xpath(std::size_t index, Unresolved& why) {
  pugi::xml_node root;
  why = body_.xml(root);
  if (why != Unresolved::kNone) return {};
  const pugi::xpath_query& query = xpaths_[index].query(lane_);
  switch (query.return_type()) {
    case pugi::xpath_type_boolean:
      return {Kind::kBoolean, query.evaluate_boolean(root) ? "true" : "false"};
    case pugi::xpath_type_node_set:
      if (query.evaluate_node_set(root).empty()) return {};
      return {Kind::kString, keep(query.evaluate_string(root))};
    case pugi::xpath_type_number: {
      std::string text = query.evaluate_string(root);
      if (!is_json_number(text)) return {};  // NaN, Infinity
      return {Kind::kNumber, keep(std::move(text))};
    }
    default:
      return {Kind::kString, keep(query.evaluate_string(root))};
  }
}

Value ReplyValues::whole_text(Unresolved& why) {
  std::string_view text;
  why = body_.text(text);
  if (why != Unresolved::kNone) return {};
  return {Kind::kString, trimmed(text)};
}

Value ReplyValues::get(const Place& place, bool& memory) {
  Value value;
  Unresolved why = Unresolved::kNone;
  switch (place.source) {
    case Place::Source::kClaim: {
      const Kept::Value& kept = kept_.values[place.slot];
      return {kept.kind, kept.text};  // its filters have been applied
    }
    case Place::Source::kPointer:
      value = pointer(place.where, why);
      break;
    case Place::Source::kXpath:
      value = xpath(place.slot, why);
      break;
    case Place::Source::kHeader:
      value = header(place.where);
      break;
    case Place::Source::kText:
      for (const auto& [name, text] : groups_) {
        if (name == place.where) value = {Kind::kString, text};
      }
      break;
  }
  if (why != Unresolved::kNone) trouble_ = why;
  if (!is_scalar(value.kind)) return {};
  if (place.subject.filters.empty()) return value;
  rules::Evaluation evaluation(0, 0, value.text.size() * kFilterGrowth + kFilterSlack, lane_);
  const rules::Value filtered = apply_filters(place.subject, {value.kind, value.text}, evaluation);
  if (filtered.text.data() == nullptr) {
    memory = evaluation.arena().exhausted();
    return {};
  }
  return {filtered.kind, keep(std::string(filtered.text))};
}

}  // namespace core::mapping
