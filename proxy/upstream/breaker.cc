#include "proxy/upstream/breaker.h"

#include <algorithm>

namespace proxy::upstream {

Breaker::Slot& Breaker::slot(std::uint64_t now_ms) noexcept {
  const std::uint64_t slot_ms = std::max<std::uint64_t>(1, options_.window_ms / kSlots);
  const std::uint64_t number = now_ms / slot_ms;
  Slot& slot = slots_[number % kSlots];
  if (slot.number != number) slot = Slot{number, 0, 0};
  return slot;
}

BreakerState Breaker::state(std::uint64_t now_ms) noexcept {
  if (state_ == BreakerState::kOpen && now_ms - opened_ms_ >= options_.open_ms) {
    state_ = BreakerState::kHalfOpen;
    probing_ = false;
  }
  return state_;
}

bool Breaker::admit(std::uint64_t now_ms) noexcept {
  switch (state(now_ms)) {
    case BreakerState::kClosed: return true;
    case BreakerState::kOpen: return false;
    case BreakerState::kHalfOpen: break;
  }
  if (probing_) return false;
  probing_ = true;
  return true;
}

void Breaker::success(Spell of, std::uint64_t now_ms) noexcept {
  if (of != spell_ || state_ == BreakerState::kOpen) return;
  in_a_row_ = 0;
  if (state_ != BreakerState::kHalfOpen) {
    ++slot(now_ms).successes;
    return;
  }
  state_ = BreakerState::kClosed;
  probing_ = false;
  slots_.fill(Slot{});  // what was before is over
}

void Breaker::open(std::uint64_t now_ms) noexcept {
  state_ = BreakerState::kOpen;
  ++spell_;
  opened_ms_ = now_ms;
  probing_ = false;
  in_a_row_ = 0;
}

bool Breaker::failure(Spell of, std::uint64_t now_ms) noexcept {
  if (of != spell_ || state_ == BreakerState::kOpen) return false;
  if (state_ == BreakerState::kHalfOpen) {
    open(now_ms);
    return true;
  }
  ++in_a_row_;
  ++slot(now_ms).failures;
  bool opens = in_a_row_ >= options_.failures;
  if (!opens) {
    const std::uint64_t slot_ms = std::max<std::uint64_t>(1, options_.window_ms / kSlots);
    const std::uint64_t newest = now_ms / slot_ms;
    unsigned failures = 0, tries = 0;
    for (const Slot& one : slots_) {
      if (one.number + kSlots <= newest) continue;
      failures += one.failures;
      tries += one.failures + one.successes;
    }
    opens = tries >= options_.requests && static_cast<double>(failures) >=
                                              options_.error_share * static_cast<double>(tries);
  }
  if (opens) open(now_ms);
  return opens;
}

}  // namespace proxy::upstream
