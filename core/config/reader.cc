#include "core/config/reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/config/place.h"
#include "core/config/scalars.h"

namespace core::config {
namespace {

using schema::Key;
using schema::Shape;

constexpr std::size_t kQuotedMax = 60;  // bytes of a value in a message

std::string clip(std::string_view text) {
  if (text.size() <= kQuotedMax) return std::string(text);
  std::size_t end = kQuotedMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

bool has_reference(std::string_view value) { return value.find("${") != std::string_view::npos; }

std::string range(const Key& key) {
  switch (key.shape) {
    case Shape::kDuration:
      return format_duration(key.least) + " to " + format_duration(key.most);
    case Shape::kSize:
      return format_size(key.least) + " to " + format_size(key.most);
    default:
      return std::to_string(key.least) + " to " + std::to_string(key.most);
  }
}

std::string expected(const Key& key) {
  switch (key.shape) {
    case Shape::kString:
    case Shape::kPath:
    case Shape::kAddress:
      return "a string";
    case Shape::kName:
      return "the name of a message";
    case Shape::kTemplate:
      return "a text";
    case Shape::kBoolean:
      return "true or false";
    case Shape::kInteger:
      return "an integer from " + range(key);
    case Shape::kNumber:
      return "a number from " + range(key);
    case Shape::kDuration:
      return "a duration from " + range(key);
    case Shape::kSize:
      return "a size from " + range(key);
    case Shape::kChoice:
      return "a word";
    case Shape::kScalar:
      return "a string, a number or a boolean";
    case Shape::kScalars:
      return "a list of strings, numbers or booleans";
    case Shape::kStrings:
    case Shape::kStringsAny:
      return "a list of strings";
    case Shape::kStringOrList:
      return "a string or a list of strings";
    case Shape::kLength:
      return "a number of characters or a range";
    case Shape::kObjects:
      return "a list of maps";
    case Shape::kObjectOrList:
      return "a map or a list of maps";
    case Shape::kWordOr:
      return "a map or the word " + std::string(key.choices[0]);
    case Shape::kCondition:
      return "a map of conditions";
    case Shape::kClaims:
    case Shape::kClaimsSome:
    case Shape::kValues:
    case Shape::kClaimNames:
      return "a map of claims";
    case Shape::kAnyNumber:
      return "a number";
    case Shape::kRegion:
      return "true, false or a map";
    case Shape::kMessageOr:
      return "the name of a message or a map";
    case Shape::kRules:
      return "a list of maps";
    case Shape::kTables:
    case Shape::kArguments:
      return "a map of names";
    case Shape::kObjectMap:
    case Shape::kMessages:
    case Shape::kTemplates:
      return "a map of names";
    case Shape::kEndpoints:
      return "a list of URLs";
    case Shape::kJsonTree:
      return "a map, a list or a value";
    case Shape::kStatuses:
      return "a status, a class, a range or a list of them";
    case Shape::kReplyTests:
      return "a map of places in the answer";
    case Shape::kReplyTextTest:
      return "a value or a map of tests";
    case Shape::kSaid:
      return "the name of a message or a map";
    case Shape::kObject:
      return "a map";
  }
  return "another value";
}

std::string write(const Key& key) {
  return "write " + std::string(key.name) + ": " + std::string(key.example);
}

/// True where a single value of the shape is a string, so that quotation marks make it right.
bool wants_string(Shape shape) {
  return shape == Shape::kString || shape == Shape::kStrings || shape == Shape::kStringsAny ||
         shape == Shape::kStringOrList ||
         shape == Shape::kTemplate || shape == Shape::kName || shape == Shape::kMessages ||
         shape == Shape::kClaims || shape == Shape::kClaimsSome || shape == Shape::kTemplates ||
         shape == Shape::kEndpoints || shape == Shape::kSaid;
}

}  // namespace

void Reader::error(const Node& at, std::string message, std::string suggestion) {
  diagnostics_.error(at.mark, at.end - at.begin, std::move(message), std::move(suggestion));
}

void Reader::warning(const Node& at, std::string message, std::string suggestion) {
  diagnostics_.warning(at.mark, at.end - at.begin, std::move(message), std::move(suggestion));
}

void Reader::error_inside(const Text& text, std::size_t offset, std::string message,
                          std::string suggestion) {
  const Mark mark = mark_inside(diagnostics_, text, offset);
  const bool exact = offset != 0 && mark.column != text.mark.column;
  const std::size_t length =
      exact ? std::max<std::size_t>(text.value.size() - std::min(offset, text.value.size()), 1)
            : written_length(diagnostics_, text);
  diagnostics_.error(exact ? mark : text.mark, length, std::move(message), std::move(suggestion));
}

std::string Reader::quote(const Text& text) {
  return text.secret ? "the secret" : "\"" + clip(text.value) + "\"";
}

std::string Reader::found(const Node& node) const {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kSequence:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
    case Node::Kind::kScalar:
      break;
  }
  const Scalar::Type type = node.quoted ? Scalar::Type::kString : type_of_plain(node.value);
  const bool open = !node.sensitive && !has_reference(node.value);
  switch (type) {
    case Scalar::Type::kInteger:
      return open ? "the integer " + clip(node.value) : "an integer";
    case Scalar::Type::kNumber:
      return open ? "the number " + clip(node.value) : "a number";
    case Scalar::Type::kBoolean:
      return open ? "the boolean " + node.value : "a boolean";
    case Scalar::Type::kString:
      break;
  }
  return open ? "the string \"" + clip(node.value) + "\"" : "a string";
}

void Reader::wrong_type(const Node& node, const Key& key) {
  std::string suggestion = write(key);
  if (node.kind == Node::Kind::kScalar && !node.quoted && wants_string(key.shape)) {
    suggestion = node.sensitive ? "put it in quotation marks"
                                : "put it in quotation marks: \"" + clip(node.value) + "\"";
  }
  error(node, "expected " + expected(key) + ", found " + found(node), std::move(suggestion));
}

void Reader::warn_of_yaml(const Node& node, bool texts_only) {
  if (node.kind != Node::Kind::kScalar || node.quoted || node.sensitive) return;
  const auto reading = read_otherwise_by_yaml(node.value);
  if (!reading) return;
  const std::string text = "\"" + clip(node.value) + "\"";
  const bool truth = reading->type == Scalar::Type::kBoolean;
  const std::string kind = truth ? "boolean" : "number";
  std::string hint = texts_only || reading->plain.empty()
                         ? "put it in quotation marks: " + text
                         : "write " + text + " in quotation marks, or " + clip(reading->plain) +
                               " for the " + kind;
  warning(node, text + " is a text here, and a " + kind + " to other readers of YAML",
          std::move(hint));
}

std::optional<Text> Reader::string(const Node& node, const Key& key) {
  const bool is_string = node.kind == Node::Kind::kScalar &&
                         (node.quoted || type_of_plain(node.value) == Scalar::Type::kString);
  if (!is_string) {
    wrong_type(node, key);
    return std::nullopt;
  }
  return resolve(node);
}

std::optional<bool> Reader::boolean(const Node& node, const Key& key) {
  if (node.kind != Node::Kind::kScalar || (node.quoted && !has_reference(node.value))) {
    wrong_type(node, key);
    return std::nullopt;
  }
  const std::optional<Text> text = resolve(node);
  if (!text) return std::nullopt;
  if (type_of_plain(text->value) != Scalar::Type::kBoolean) {
    wrong_type(node, key);
    return std::nullopt;
  }
  return text->value == "true";
}

std::optional<std::int64_t> Reader::integer(const Node& node, const Key& key) {
  if (node.kind != Node::Kind::kScalar || (node.quoted && !has_reference(node.value))) {
    wrong_type(node, key);
    return std::nullopt;
  }
  const std::optional<Text> text = resolve(node);
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const char* const end = text->value.data() + text->value.size();
  const auto [stop, ec] = std::from_chars(text->value.data(), end, value);
  if (ec != std::errc{} || stop != end || value < key.least || value > key.most) {
    wrong_type(node, key);
    return std::nullopt;
  }
  return value;
}

std::optional<double> Reader::number(const Node& node, const Key& key) {
  if (node.kind != Node::Kind::kScalar || (node.quoted && !has_reference(node.value))) {
    wrong_type(node, key);
    return std::nullopt;
  }
  const std::optional<Text> text = resolve(node);
  if (!text) return std::nullopt;
  double value = 0;
  const char* const end = text->value.data() + text->value.size();
  const auto [stop, ec] = std::from_chars(text->value.data(), end, value);
  const Scalar::Type type = type_of_plain(text->value);
  const bool is_number = type == Scalar::Type::kInteger || type == Scalar::Type::kNumber;
  if (!is_number || ec != std::errc{} || stop != end || value < static_cast<double>(key.least) ||
      value > static_cast<double>(key.most)) {
    wrong_type(node, key);
    return std::nullopt;
  }
  return value;
}

std::optional<milliseconds> Reader::duration(const Node& node, const Key& key) {
  if (node.kind != Node::Kind::kScalar) {
    wrong_type(node, key);
    return std::nullopt;
  }
  const std::optional<Text> text = resolve(node);
  if (!text) return std::nullopt;
  const auto parsed = parse_duration(text->value, std::max(milliseconds{key.most}, milliseconds{kDayMs}));
  if (!parsed) {
    const ParseError& problem = parsed.error();
    error_inside(*text, problem.offset, problem.message,
                 problem.suggestion.empty() || text->secret ? write(key) : problem.suggestion);
    return std::nullopt;
  }
  if (parsed.value().count() < key.least || parsed.value().count() > key.most) {
    wrong_type(node, key);
    return std::nullopt;
  }
  return parsed.value();
}

std::optional<std::int64_t> Reader::size(const Node& node, const Key& key) {
  if (node.kind != Node::Kind::kScalar) {
    wrong_type(node, key);
    return std::nullopt;
  }
  const std::optional<Text> text = resolve(node);
  if (!text) return std::nullopt;
  const auto parsed = parse_size(text->value);
  if (!parsed) {
    const ParseError& problem = parsed.error();
    error_inside(*text, problem.offset, problem.message,
                 problem.suggestion.empty() || text->secret ? write(key) : problem.suggestion);
    return std::nullopt;
  }
  if (parsed.value() < key.least || parsed.value() > key.most) {
    wrong_type(node, key);
    return std::nullopt;
  }
  return parsed.value();
}

std::optional<std::size_t> Reader::choice(const Node& node, const Key& key) {
  if (node.kind != Node::Kind::kScalar) {
    wrong_type(node, key);
    return std::nullopt;
  }
  const std::optional<Text> text = resolve(node);
  if (!text) return std::nullopt;
  for (std::size_t i = 0; i < key.choices.size(); ++i) {
    if (key.choices[i] == text->value) return i;
  }
  const auto later = schema::later_choices(key.name);
  if (std::find(later.begin(), later.end(), text->value) != later.end()) {
    error(node, quote(*text) + " is not supported yet by this version",
          "write " + std::string(key.name) + ": " + std::string(key.choices[0]));
    return std::nullopt;
  }
  const std::vector<std::string_view> choices(key.choices.begin(), key.choices.end());
  error(node, "unknown " + std::string(key.name) + " " + quote(*text),
        text->secret ? write(key) : suggest(text->value, choices));
  return std::nullopt;
}

std::optional<Scalar> Reader::scalar(const Node& node, const Key& key) {
  if (node.kind != Node::Kind::kScalar) {
    wrong_type(node, key);
    return std::nullopt;
  }
  std::optional<Text> text = resolve(node);
  if (!text) return std::nullopt;
  Scalar result;
  // What the environment says is a string; what stands in the file is what it looks like.
  result.type = node.quoted || text->secret ? Scalar::Type::kString : type_of_plain(node.value);
  if (result.type == Scalar::Type::kInteger) {
    std::int64_t value = 0;
    const char* const end = node.value.data() + node.value.size();
    if (std::from_chars(node.value.data(), end, value).ec != std::errc{}) {
      error(node, "an integer of more than 64 bits", "put it in quotation marks: it is a string");
      return std::nullopt;
    }
  }
  if (result.type == Scalar::Type::kNumber) {
    double value = 0;
    const char* const end = node.value.data() + node.value.size();
    if (std::from_chars(node.value.data(), end, value).ec != std::errc{}) {
      error(node, "a number that no reader holds (IEEE 754)",
            "put it in quotation marks for the text");
      return std::nullopt;
    }
  }
  result.text = std::move(*text);
  return result;
}

std::optional<ListenerAddress> Reader::address(const Node& node, const Key& key) {
  if (node.kind == Node::Kind::kSequence) {  // address: [::1]
    error(node, "expected a string, found a list",
          "put an IPv6 address in quotation marks: \"[::1]:8080\"");
    return std::nullopt;
  }
  std::optional<Text> text = node.kind == Node::Kind::kScalar ? resolve(node) : string(node, key);
  if (!text) return std::nullopt;
  auto parsed = parse_address(text->value);
  if (!parsed) {
    const ParseError& problem = parsed.error();
    error_inside(*text, problem.offset, problem.message,
                 text->secret ? write(key) : problem.suggestion);
    return std::nullopt;
  }
  ListenerAddress address = std::move(parsed).value();
  address.text = std::move(*text);
  return address;
}

const std::vector<const Node*>& Reader::items(const Node& node, const Key& key) {
  static const std::vector<const Node*> kNothing;
  if (node.kind != Node::Kind::kSequence) {
    wrong_type(node, key);
    return kNothing;
  }
  if (node.items.empty()) error(node, "expected at least one item in the list", write(key));
  return node.items;
}

bool Reader::is_map(const Node& node, const Key& key) {
  if (node.kind == Node::Kind::kMap) return true;
  wrong_type(node, key);
  return false;
}

Text Reader::key_text(const Node& key) {
  if (has_reference(key.value)) {
    error(key, "a reference cannot stand in a key", "write the name itself");
  }
  return {key.value, key.mark, false};
}

}  // namespace core::config
