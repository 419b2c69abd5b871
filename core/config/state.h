#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/config/written.h"

/// `state` as it was written, and what rules ask of it.
namespace core::config {

/// What an asking rule asks: a backend, or a workflow, which has its answer in the state.
enum class Asks : std::uint8_t { kBackend, kApproval, kInvitation, kLimit };

/// What a workflow answers when the state is not to be had. kClosed: nothing, so that the connector's
/// `otherwise` is told. kOpen: go on with the next rule. kLocal: by this machine's memory alone.
enum class WhenAway : std::uint8_t { kClosed, kOpen, kLocal };

/// Where records live that outlive a request.
struct State {
  enum class Kind : std::uint8_t { kNone, kMemory, kSqlite };
  enum class Synchronous : std::uint8_t { kFull, kNormal };
  static constexpr std::size_t kKeyBytes = 32;

  Kind kind = Kind::kNone;
  Mark mark;
  Text sqlite;  // a file, relative to the file that names it
  Synchronous synchronous = Synchronous::kFull;
  std::int64_t queue = 65536;  // asked and not answered
  /// 32 bytes each, decoded; what is kept is encrypted with the first, and read with any.
  std::vector<Text> keys;
};

}  // namespace core::config
