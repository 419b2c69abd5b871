#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/commands/configuration.h"
#include "proxy/policy/stand_ins.h"

namespace proxy::commands {

/// Of the claims that are explained, and of an answer.
inline constexpr std::size_t kBodyBytesMax = 16 << 20, kOutBytesMax = 64 << 20;

/// What `--dialect` takes.
std::string known_dialects();
bool is_known_dialect(std::string_view name);

/// Prints what `body`, a user flow's or an event, would be told at connector number `connector` if
/// callers of `dialect`, or of each when it is "all", sent it. Backends are not asked: one without a
/// stand-in is unresolved. False when the claims cannot be put into a caller's words, which was said.
bool explain_dialects(const Configuration& read, std::size_t connector, std::string_view body,
                      std::string_view dialect, const policy::StandIns& stand_ins);

}  // namespace proxy::commands
