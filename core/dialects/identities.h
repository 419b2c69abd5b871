#pragma once

#include <span>
#include <string_view>

#include "core/arena.h"

namespace core::dialects {

/// A value of a member, and what it is called here.
struct MemberSpelling {
  std::string_view caller, ours;
};

/// `json`, valid JSON text, with every string member `name` that has the value `caller` given the
/// value `ours`; values are compared byte for byte, and a name or value that is written with escapes
/// is left as it is. The input itself when there is none, else a copy in `arena`; null data() when
/// that is full.
std::string_view respell(std::string_view json, std::string_view name,
                         std::span<const MemberSpelling> spellings, Arena& arena) noexcept;

}  // namespace core::dialects
