#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/mapping/answer.h"

namespace proxy::forward {

/// What the operator's log says about answers that are not as the connector contract wants them
/// (`speaks: connector`, docs/backends.md): each remark of a backend when it is made first, and while it
/// goes on once in kAgainMs with how often. Sentences of ours and names from the configuration; nothing
/// of the answer. Pure: time comes in. Thread: one owner.
class RemarkLog {
 public:
  static constexpr std::uint64_t kAgainMs = 600'000;

  /// The line to be logged now; most often empty. Throws std::bad_alloc.
  std::string line(std::string_view backend, const core::mapping::Answer& answer,
                   std::uint64_t now_ms);

 private:
  struct Seen {
    std::uint64_t quiet_until_ms = 0;
    std::uint64_t since = 0;  // answers since the last line
  };
  /// By Remark, and the answers that no rule could repair behind them.
  using Backend = std::array<Seen, core::mapping::kRemarkCount + 1>;
  std::map<std::string, Backend, std::less<>> backends_;  // no more than configurations have named
};

}  // namespace proxy::forward
