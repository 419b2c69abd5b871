#pragma once

#include <array>
#include <cstdint>

#include "proxy/upstream/counters.h"
#include "proxy/upstream/options.h"

namespace proxy::upstream {

/// A backend's circuit breaker. It opens after so many failed tries in a row, or when the share of
/// failures within a sliding window is too large; while it is open nobody asks; after a time one try at
/// a time finds out whether the backend is back. Pure: time comes in. Thread: one owner.
///
/// A try belongs to the spell in which it was admitted; each opening begins another one. What becomes of
/// tries of earlier spells says how the backend was then, and counts no more: neither is it the answer
/// of the one that finds out.
///
/// The window is kSlots slots, so it forgets in steps of a tenth of itself.
class Breaker {
 public:
  explicit Breaker(const BreakerOptions& options) noexcept : options_(options) {}

  /// Other options: what was counted stays.
  void adopt(const BreakerOptions& options) noexcept { options_ = options; }

  /// kOpen becomes kHalfOpen when its time is over.
  BreakerState state(std::uint64_t now_ms) noexcept;

  /// When kOpen is over; of no meaning in another state.
  std::uint64_t half_open_ms() const noexcept { return opened_ms_ + options_.open_ms; }

  /// What admit() would answer; changes nothing but kOpen to kHalfOpen.
  bool would_admit(std::uint64_t now_ms) noexcept {
    const BreakerState now = state(now_ms);
    return now == BreakerState::kClosed || (now == BreakerState::kHalfOpen && !probing_);
  }

  using Spell = std::uint64_t;
  /// That of the tries that are admitted now.
  Spell spell() const noexcept { return spell_; }

  /// False: do not ask. When it answers true in half-open state, the caller's try is the one that finds
  /// out, and each such try must be followed by success(), failure() or withdraw() with its spell().
  bool admit(std::uint64_t now_ms) noexcept;
  /// A try that admit() let through ended without an answer to the question.
  void withdraw(Spell of) noexcept {
    if (of == spell_) probing_ = false;
  }

  void success(Spell of, std::uint64_t now_ms) noexcept;
  /// True when the breaker opens with this one.
  bool failure(Spell of, std::uint64_t now_ms) noexcept;

 private:
  static constexpr std::size_t kSlots = 10;
  struct Slot {
    std::uint64_t number = 0;  // which of all slots since the beginning of time
    unsigned successes = 0, failures = 0;
  };
  Slot& slot(std::uint64_t now_ms) noexcept;
  void open(std::uint64_t now_ms) noexcept;

  BreakerOptions options_;
  BreakerState state_ = BreakerState::kClosed;
  bool probing_ = false;
  Spell spell_ = 0;
  unsigned in_a_row_ = 0;
  std::uint64_t opened_ms_ = 0;
  std::array<Slot, kSlots> slots_{};
};

}  // namespace proxy::upstream
