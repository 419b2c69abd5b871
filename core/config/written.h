#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "core/config/diagnostics.h"

/// What single values of a configuration are, before their names are resolved.
namespace core::config {

using std::chrono::milliseconds;

/// A text from the file, `${env:}` and `${file:}` already replaced. `secret` is set when any part
/// came from there: such a text is never printed.
struct Text {
  std::string value;
  Mark mark;
  bool secret = false;
};

/// A scalar whose type matters: `equals: 42`, `equals: "42"`, `equals: true`.
struct Scalar {
  enum class Type : std::uint8_t { kString, kInteger, kNumber, kBoolean };
  Type type = Type::kString;
  Text text;
};

}  // namespace core::config
