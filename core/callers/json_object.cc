#include "core/callers/json_object.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <new>

namespace core::callers {
namespace {

static_assert(JsonObject::kPadding >= simdjson::SIMDJSON_PADDING);
constexpr std::size_t kMembersMost = 64;

/// Whether `object` has at most `members_max` members, none of them twice. Comparing all with all takes
/// less than a hash for the twenty that a token has.
bool is_distinct(simdjson::dom::object object, std::size_t members_max) noexcept {
  std::array<std::string_view, kMembersMost> names;
  std::size_t count = 0;
  for (const simdjson::dom::key_value_pair member : object) {
    if (count == members_max || count == names.size()) return false;
    for (std::size_t i = 0; i < count; ++i) {
      if (names[i] == member.key) return false;
    }
    names[count++] = member.key;
  }
  return true;
}

}  // namespace

struct JsonObject::Parsed {
  std::size_t bytes_max = 0;
  simdjson::dom::parser parser;
  simdjson::dom::document document;
  simdjson::dom::object top, current;
};

JsonObject::JsonObject(std::size_t bytes_max, std::size_t depth_max)
    : parsed_(std::make_unique<Parsed>()) {
  // All that parsing will need, so that it does not allocate.
  const std::size_t capacity = std::max(bytes_max, simdjson::dom::MINIMAL_DOCUMENT_CAPACITY);
  parsed_->bytes_max = bytes_max;
  if (parsed_->parser.allocate(capacity, depth_max) != simdjson::SUCCESS ||
      parsed_->document.allocate(capacity) != simdjson::SUCCESS) {
    throw std::bad_alloc();
  }
}

JsonObject::~JsonObject() = default;

bool JsonObject::read(const char* bytes, std::size_t size, std::size_t members_max) noexcept {
  simdjson::dom::element root;
  if (size > parsed_->bytes_max ||
      parsed_->parser.parse_into_document(parsed_->document, bytes, size, false).get(root) !=
          simdjson::SUCCESS ||
      root.get_object().get(parsed_->top) != simdjson::SUCCESS) {
    return false;
  }
  parsed_->current = parsed_->top;
  return is_distinct(parsed_->top, members_max);
}

JsonMember JsonObject::find(std::string_view name) const noexcept {
  JsonMember found;
  for (const simdjson::dom::key_value_pair member : parsed_->current) {
    if (member.key != name) continue;
    using Type = simdjson::dom::element_type;
    found.kind = JsonMember::Kind::kOther;
    switch (member.value.type()) {
      case Type::STRING:
        if (member.value.get_string().get(found.string) == simdjson::SUCCESS) {
          found.kind = JsonMember::Kind::kText;
        }
        break;
      case Type::INT64:
        if (member.value.get_int64().get(found.integer) == simdjson::SUCCESS) {
          found.kind = JsonMember::Kind::kInteger;
        }
        break;
      case Type::ARRAY: found.kind = JsonMember::Kind::kArray; break;
      default: break;
    }
    break;
  }
  return found;
}

bool JsonObject::each(std::string_view name, std::size_t members_max, void* with,
                      void (*take)(void* with, const JsonObject& element)) {
  simdjson::dom::array array;
  if (parsed_->top.at_key(name).get_array().get(array) != simdjson::SUCCESS) return false;
  for (const simdjson::dom::element element : array) {
    if (element.get_object().get(parsed_->current) != simdjson::SUCCESS) continue;
    if (is_distinct(parsed_->current, members_max)) take(with, *this);
  }
  parsed_->current = parsed_->top;
  return true;
}

}  // namespace core::callers
