#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "core/gate/told_events.h"
#include "proxy/byte_ring.h"
#include "proxy/posted.h"

namespace proxy::events {

/// An event of a request, numbers only; its values lie behind it (core/events/plan.h).
struct Emission {
  std::int64_t time_us = 0;  // since 1970
  std::uint64_t held = 0;    // the answer that waits for it (HeldAnswers); 0: none does
  std::uint32_t generation = 0;
  std::uint32_t event = 0;
  std::int32_t rule = core::rules::Verdict::kNoRule;
  std::uint16_t connector = 0;
  std::uint8_t step = 0;
  std::uint8_t outcome = 0;
};

/// What became of an event that an answer waits for.
struct Settlement {
  std::uint64_t held = 0;
  bool committed = false;
};

/// Takes the events of one worker's requests: behind the answer, without an allocation and without a
/// lock. What does not fit into its ring until the outbox comes by is dropped and counted.
/// Thread: the worker's; the outbox drains it.
class Emitter {
 public:
  /// `wake` is called when the ring is half full, and for events that an answer waits for.
  Emitter(std::size_t ring_bytes, std::function<void()> wake);

  /// What an answer has to wait for.
  struct Commits {
    std::uint32_t events = 0;  // `commit: before_answer`; 0: it need not wait
    bool closed = false;       // one of them is `when_away: closed`
    bool lost = false;         // one of them has found no room
  };
  /// Behind an answer, while its evaluation is what it was. `held` is the number that it waits under, if
  /// it has to; 0: it cannot.
  Commits emit(const core::gate::Report& report, const core::gate::Snapshot& snapshot,
               core::rules::Evaluation& evaluation, std::uint32_t generation, std::int64_t time_us,
               std::uint64_t held) noexcept;

  ByteRing<Emission>& ring() noexcept { return ring_; }
  /// What the outbox has to say of events with `held`.
  Posted<Settlement>& settlements() noexcept { return settlements_; }
  /// Any thread: whether the state refuses events now, so that waiting for it is of no use.
  bool away() const noexcept { return away_.load(std::memory_order_relaxed); }
  void set_away(bool away) noexcept { away_.store(away, std::memory_order_relaxed); }
  /// Any thread: events that found no room, and those whose values were too large.
  std::uint64_t dropped() const noexcept { return ring_.dropped(); }
  std::uint64_t too_large() const noexcept { return too_large_.load(std::memory_order_relaxed); }

 private:
  ByteRing<Emission> ring_;
  std::unique_ptr<char[]> values_;
  std::function<void()> wake_;
  Posted<Settlement> settlements_;
  std::atomic<bool> away_{false};
  std::atomic<std::uint64_t> too_large_{0};
};

}  // namespace proxy::events
