#include "core/rules/json_path.h"

#include <cstring>

#include "core/rules/operands.h"

namespace core::rules {
namespace {

const char* skip_white(const char* at, const char* end) noexcept {
  while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) ++at;
  return at;
}

/// The closing quotation mark of the string that begins behind `at`'s quotation mark.
const char* string_close(const char* at, const char* end) noexcept {
  for (++at; at < end && *at != '"'; ++at) {
    if (*at == '\\') ++at;
  }
  return at;
}

/// The byte behind the value at `at`.
const char* value_end(const char* at, const char* end) noexcept {
  if (at >= end) return end;
  if (*at == '"') return string_close(at, end) + 1;
  if (*at != '{' && *at != '[') {
    while (at < end && std::memchr(",]} \n\r\t", *at, 7) == nullptr) ++at;
    return at;
  }
  std::size_t depth = 0;
  for (; at < end; ++at) {
    if (*at == '"') {
      at = string_close(at, end);
    } else if (*at == '{' || *at == '[') {
      ++depth;
    } else if ((*at == '}' || *at == ']') && --depth == 0) {
      return at + 1;
    }
  }
  return end;
}

/// The value between two places, its strings still escaped.
Value raw_value(const char* begin, const char* end) noexcept {
  const std::string_view text(begin, static_cast<std::size_t>(end - begin));
  if (text.empty()) return {};
  switch (text.front()) {
    case '"': return {claims::Kind::kString, text.substr(1, text.size() - 2)};
    case '{': return {claims::Kind::kObject, text};
    case '[': return {claims::Kind::kArray, text};
    case 't':
    case 'f': return {claims::Kind::kBoolean, text};
    case 'n': return {};
    default: return {claims::Kind::kNumber, text};
  }
}

}  // namespace

Value unescaped(const Value& value, Arena& arena) noexcept {
  if (value.kind != claims::Kind::kString) return value;
  const std::string_view text = claims::unescape(value.text, arena);
  if (text.data() == nullptr) return {};
  return {value.kind, text};
}

Value member_of(const Value& from, std::string_view name, Arena& arena) noexcept {
  if (from.kind != claims::Kind::kObject) return {};
  const char* at = from.text.data() + 1;
  const char* const end = from.text.data() + from.text.size();
  Value found;
  bool seen = false;
  for (;;) {
    at = skip_white(at, end);
    if (at >= end || *at != '"') break;
    const char* const close = string_close(at, end);
    std::string_view key(at + 1, static_cast<std::size_t>(close - at - 1));
    const std::size_t used = arena.used();
    // An escape is longer than what it stands for, so a shorter text is never the name.
    bool same = key == name;
    if (!same && key.size() > name.size() && key.find('\\') != std::string_view::npos) {
      key = claims::unescape(key, arena);
      if (key.data() == nullptr) return {};
      same = key == name;
      arena.give_back(arena.used() - used);
    }
    at = skip_white(close + 1, end);  // the colon
    at = skip_white(at + 1, end);
    const char* const behind = value_end(at, end);
    if (same) {
      if (seen) return {};
      seen = true;
      found = raw_value(at, behind);
    }
    at = skip_white(behind, end);
    if (at >= end || *at != ',') break;
    ++at;
  }
  return unescaped(found, arena);
}

Items::Items(const Value& array) noexcept {
  if (array.kind != claims::Kind::kArray) return;
  at_ = array.text.data() + 1;
  end_ = array.text.data() + array.text.size();
}

Value Items::next() noexcept {
  if (at_ == nullptr) return {};
  at_ = skip_white(at_, end_);
  if (at_ >= end_ || *at_ == ']') return {};
  const char* const behind = value_end(at_, end_);
  Value value = raw_value(at_, behind);
  at_ = skip_white(behind, end_);
  if (at_ < end_ && *at_ == ',') ++at_;
  if (!value.present()) value = {claims::Kind::kNull, "null"};
  return value;
}

Value item_of(const Value& from, std::uint32_t index) noexcept {
  Items items(from);
  Value value = items.next();
  for (std::uint32_t i = 0; i < index && value.present(); ++i) value = items.next();
  return value.kind == claims::Kind::kNull ? Value{} : value;
}

Value follow(Value from, std::span<const PathStep> steps, Arena& arena) noexcept {
  for (const PathStep& step : steps) {
    from = step.kind == PathStep::Kind::kMember ? member_of(from, step.name, arena)
                                                : unescaped(item_of(from, step.index), arena);
    if (!from.present()) return {};
  }
  return from;
}

Value join_items(const Value& value, std::string_view between, Arena& arena) noexcept {
  if (value.kind != claims::Kind::kArray) return value;
  // Unescaping shortens, and each separator stands where a comma stood or is counted.
  std::size_t items = 0;
  for (Items all(value); all.next().present();) ++items;
  const std::size_t room = value.text.size() + items * between.size();
  char* const out = arena.allocate(room);
  if (out == nullptr) return {};
  char* at = out;
  bool first = true;
  Items all(value);
  for (Value item = all.next(); item.present(); item = all.next()) {
    if (!is_scalar(item.kind)) continue;
    const std::size_t used = arena.used();
    const Value plain = unescaped(item, arena);
    if (!plain.present()) return {};
    if (!first && !between.empty()) {
      std::memcpy(at, between.data(), between.size());
      at += between.size();
    }
    first = false;
    if (!plain.text.empty()) std::memcpy(at, plain.text.data(), plain.text.size());
    at += plain.text.size();
    arena.give_back(arena.used() - used);
  }
  const auto size = static_cast<std::size_t>(at - out);
  arena.give_back(room - size);
  return {claims::Kind::kString, {out, size}};
}

}  // namespace core::rules
