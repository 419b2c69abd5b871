#pragma once

#include <absl/container/inlined_vector.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/decisions/key.h"
#include "core/gate/at_hand.h"

namespace proxy::forward {

class Mailbox;

/// How a call ended: what everybody who waited for it is told. Immutable, shared between workers.
struct Landing {
  std::string decision;  // encoded (core/decisions/encoded.h); empty: the backend settled nothing
  core::gate::Fallback why = core::gate::Fallback::kNone;  // then
  std::uint32_t backend_us = 0;                            // from asking to the answer
  std::uint64_t keep_body_ms = 0;  // for so long each of them keeps it for its caller's retry
  bool from_cache = false;         // it was there after all: no backend was asked
  bool from_state = false;         // a workflow's: no backend was asked
  std::optional<core::gate::CountedApart> counted;  // of a limit; `decision` means nothing then
};

/// A request that waits for a landing.
struct Waiter {
  Mailbox* where = nullptr;   // of its worker
  std::uint64_t pending = 0;  // which one
  std::uint32_t rule = 0;     // and for which of its ask rules
};

/// The questions under way, by key: whoever asks the same waits for the first one's answer, on
/// whichever worker. In sixteen parts, each with a lock that is held for one look-up. Thread: any.
///
/// Not absl::flat_hash_map: when there is no memory for one to grow, it is neither as it was nor usable
/// (it has its new capacity before it has the room). The nodes of flights that are over serve the next ones.
class Flights {
 public:
  /// True for the one who is to ask the backend and then to land(); everybody else waits. Without a
  /// waiter (a decision is renewed behind a stale one) nobody is told. Throws std::bad_alloc and has
  /// changed nothing then.
  bool join(const core::decisions::Key& key, const std::optional<Waiter>& waiter);

  using Waiters = absl::InlinedVector<Waiter, 1>;  // nearly always one

  /// The flight is over: those who have waited. A join() from now on begins another, so what was
  /// decided is in the cache before.
  Waiters land(const core::decisions::Key& key) noexcept;

  std::size_t count() const;

 private:
  struct HashOf {
    std::size_t operator()(const core::decisions::Key& key) const noexcept {
      return static_cast<std::size_t>(key.high);  // a keyed hash already
    }
  };
  using Map = std::unordered_map<core::decisions::Key, Waiters, HashOf>;
  static constexpr std::size_t kParts = 16;
  static constexpr std::size_t kSpareMax = 64;  // nodes of a part, some 80 bytes each
  struct Part {
    Part() { spare.reserve(kSpareMax); }
    mutable std::mutex mutex;
    Map waiters;
    std::vector<Map::node_type> spare;
  };
  Part& part_of(const core::decisions::Key& key) noexcept { return parts_[key.low % kParts]; }

  std::array<Part, kParts> parts_;
};

}  // namespace proxy::forward
