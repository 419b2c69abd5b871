#pragma once

#include <span>
#include <string_view>

#include "core/claims/name_table.h"

namespace core::dialects {

/// What is told of one claim.
struct ClaimWords {
  claims::NameId id = claims::kNoName;  // kNoName: no rule knows it
  std::string_view name;                // as the configuration or the backend writes it
  std::string_view text;
};

/// What a person is told. Every text is the inside of a JSON string already.
struct Words {
  std::string_view message;
  std::string_view title = {};                // of a block page; null data(): none
  std::span<const ClaimWords> claims = {};  // of a validation error
  claims::NameId about = claims::kNoName;   // the claim that a validation error's `message` is about
};

/// How lines of a message are told apart, inside a JSON string.
inline constexpr std::string_view kLineEnd = "\\n";

}  // namespace core::dialects
