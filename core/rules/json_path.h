#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/arena.h"
#include "core/claims/claims.h"

/// Reads into claims that are arrays or objects. Their JSON text was checked when the body was read
/// (claims.h), so nothing here can meet bad JSON; it is walked on demand and nothing is kept.
///
/// A member that its object has twice has no value: whoever reads the first and whoever reads the
/// last would otherwise disagree about who signs up (docs/decisions.md).
namespace core::rules {

/// A value of a request. Absent: kind kAbsent and null data(). Null is absent too.
struct Value {
  claims::Kind kind = claims::Kind::kAbsent;
  std::string_view text;  // a string unescaped, anything else as its JSON text

  bool present() const noexcept { return text.data() != nullptr; }
};

/// One step into a value.
struct PathStep {
  enum class Kind : std::uint8_t { kMember, kIndex, kEach };
  Kind kind = Kind::kMember;
  std::string name;         // kMember
  std::uint32_t index = 0;  // kIndex
  friend bool operator==(const PathStep&, const PathStep&) = default;
};

/// The member of an object; absent when `from` is no object, or the arena is full.
Value member_of(const Value& from, std::string_view name, Arena& arena) noexcept;
/// The item of an array; absent when there is none.
Value item_of(const Value& from, std::uint32_t index) noexcept;
/// A string value's text unescaped, in `arena` if it has escapes; other values as they are.
Value unescaped(const Value& value, Arena& arena) noexcept;

/// The items of an array one by one, strings still escaped and null of kind kNull: next() until it
/// is absent.
class Items {
 public:
  explicit Items(const Value& array) noexcept;
  Value next() noexcept;

 private:
  const char* at_ = nullptr;
  const char* end_ = nullptr;
};

/// The items of an array that are texts, numbers or booleans, with a text between them; absent when
/// the arena is full. Of any other value it is the value.
Value join_items(const Value& value, std::string_view between, Arena& arena) noexcept;

/// What `steps` (none of them kEach) lead to.
Value follow(Value from, std::span<const PathStep> steps, Arena& arena) noexcept;

}  // namespace core::rules
