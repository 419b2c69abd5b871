#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "core/gate/told_events.h"
#include "proxy/byte_ring.h"

namespace proxy::events {

/// An event of a request, numbers only; its values lie behind it (core/events/plan.h).
struct Emission {
  std::int64_t time_us = 0;  // since 1970
  std::uint32_t generation = 0;
  std::uint32_t event = 0;
  std::int32_t rule = core::rules::Verdict::kNoRule;
  std::uint16_t connector = 0;
  std::uint8_t step = 0;
  std::uint8_t outcome = 0;
};

/// Takes the events of one worker's requests: behind the answer, without an allocation and without a
/// lock. What does not fit into its ring until the outbox comes by is dropped and counted.
/// Thread: the worker's; the outbox drains it.
class Emitter {
 public:
  /// `wake` is called when the ring is half full.
  Emitter(std::size_t ring_bytes, std::function<void()> wake);

  /// Behind an answer, while its evaluation is what it was.
  void emit(const core::gate::Report& report, const core::gate::Snapshot& snapshot,
            core::rules::Evaluation& evaluation, std::uint32_t generation,
            std::int64_t time_us) noexcept;

  ByteRing<Emission>& ring() noexcept { return ring_; }
  /// Any thread: events that found no room, and those whose values were too large.
  std::uint64_t dropped() const noexcept { return ring_.dropped(); }
  std::uint64_t too_large() const noexcept { return too_large_.load(std::memory_order_relaxed); }

 private:
  ByteRing<Emission> ring_;
  std::unique_ptr<char[]> values_;
  std::function<void()> wake_;
  std::atomic<std::uint64_t> too_large_{0};
};

}  // namespace proxy::events
