#pragma once

#include <string_view>

#include "core/arena.h"
#include "core/lists/list.h"

namespace core::lists {

/// One entry of a list as it is stored, or why it cannot be one.
struct Entry {
  std::string_view value;  // in normal form; good while `arena` and the line are
  const char* wrong;       // what is wrong and what to write instead, or null
};

/// Without ASCII white space at both ends.
std::string_view trim_ascii(std::string_view line) noexcept;

/// Reads one line that trim_ascii() has been over. An empty value without an error: the line holds
/// nothing but white space. Any bytes may come. Never throws.
Entry read_entry(std::string_view line, Match match, Arena& arena) noexcept;

}  // namespace core::lists
