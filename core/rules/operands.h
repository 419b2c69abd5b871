#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "core/claims/claims.h"
#include "core/lists/network.h"
#include "core/rules/moment.h"
#include "core/text/scripts.h"

/// What the tests of conditions compare with, one type for each kind of test.
namespace core::rules {

/// A value that a rule compares with. A number claim equals a number of the same value however
/// both are written; a string claim that spells a boolean or number equals it too, because custom
/// attributes may arrive either way (protocol.md a.3).
struct Operand {
  enum class Type : std::uint8_t { kString, kNumber, kBoolean };
  Type type = Type::kString;
  std::string text;
  double number = 0;
  bool boolean = false;
};
bool equals(claims::Kind kind, std::string_view value, const Operand& operand) noexcept;
/// False when `text` is not a number from its first byte to its last.
bool parse_number(std::string_view text, double& number) noexcept;
/// False for what tests see no text in: arrays, objects, null, absent.
bool is_scalar(claims::Kind kind) noexcept;

struct LengthBounds {
  std::uint64_t min, max;  // code points
};

/// Numbers between two bounds, each of them in it or not.
struct NumberRange {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool min_in = true, max_in = true;

  /// `number` is finite.
  bool has(double number) const noexcept {
    return (min_in ? number >= min : number > min) && (max_in ? number <= max : number < max);
  }
  friend bool operator==(const NumberRange&, const NumberRange&) = default;
};
/// The finite number that `value` writes, a number claim or a string that spells one (as
/// parse_number() has it); false when there is none.
bool number_in(claims::Kind kind, std::string_view value, double& number) noexcept;

/// The country that telephone numbers and postal codes are read by.
struct RegionOf {
  static constexpr std::uint32_t kConstant = 0xFFFFFFFF;
  std::string code;                   // when it is written in the rule
  std::uint32_t subject = kConstant;  // else a subject of the program
};

struct Sample {
  double share = 0;  // 0 to 1
  std::string salt;
};

struct Ages {
  int least = 0, most = std::numeric_limits<int>::max();
};

}  // namespace core::rules
