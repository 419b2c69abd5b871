#include "core/dialects/identities.h"

#include <cstring>

namespace core::dialects {
namespace {

std::size_t behind_white(std::string_view json, std::size_t at) noexcept {
  while (at < json.size() && (json[at] == ' ' || json[at] == '\t' || json[at] == '\n' ||
                              json[at] == '\r')) {
    ++at;
  }
  return at;
}

/// The next value of a member `name` at or behind `from`, without its quotation marks; empty with a
/// null data() when there is none.
///
/// Valid JSON has the name between two quotation marks, without a backslash, only where a string is
/// exactly that: inside another string its quotation marks would be escaped. A colon behind it tells
/// a name from a value.
std::string_view next_value(std::string_view json, std::size_t from,
                            std::string_view name) noexcept {
  for (std::size_t at = json.find(name, from); at != std::string_view::npos;
       at = json.find(name, at + name.size())) {
    const std::size_t behind = at + name.size();
    if (at == 0 || json[at - 1] != '"' || behind >= json.size() || json[behind] != '"') continue;
    const std::size_t colon = behind_white(json, behind + 1);
    if (colon >= json.size() || json[colon] != ':') continue;
    const std::size_t value = behind_white(json, colon + 1);
    if (value >= json.size() || json[value] != '"') continue;
    const std::size_t close = json.find('"', value + 1);
    if (close == std::string_view::npos) continue;
    return json.substr(value + 1, close - value - 1);
  }
  return {};
}

}  // namespace

std::string_view respell(std::string_view json, std::string_view name,
                         std::span<const MemberSpelling> spellings, Arena& arena) noexcept {
  const auto ours = [&](std::string_view value) noexcept -> std::string_view {
    for (const MemberSpelling& spelling : spellings) {
      if (value == spelling.caller) return spelling.ours;
    }
    return {};
  };
  const auto end_of = [&](std::string_view value) noexcept {
    return static_cast<std::size_t>(value.data() - json.data()) + value.size();
  };
  std::size_t more = 0;
  bool any = false;
  for (std::string_view value = next_value(json, 0, name); value.data() != nullptr;
       value = next_value(json, end_of(value), name)) {
    const std::string_view other = ours(value);
    if (other.data() == nullptr) continue;
    any = true;
    more += other.size();
  }
  if (!any) return json;
  char* const room = arena.allocate(json.size() + more);
  if (room == nullptr) return {};
  char* to = room;
  std::size_t copied = 0;
  const auto copy = [&to](std::string_view text) noexcept {
    std::memcpy(to, text.data(), text.size());
    to += text.size();
  };
  for (std::string_view value = next_value(json, 0, name); value.data() != nullptr;
       value = next_value(json, end_of(value), name)) {
    const std::string_view other = ours(value);
    if (other.data() == nullptr) continue;
    const std::size_t begin = end_of(value) - value.size();
    copy(json.substr(copied, begin - copied));
    copy(other);
    copied = end_of(value);
  }
  copy(json.substr(copied));
  return {room, static_cast<std::size_t>(to - room)};
}

}  // namespace core::dialects
