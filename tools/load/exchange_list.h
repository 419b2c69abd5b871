#pragma once

#include <cstdint>
#include <vector>

#include "tools/load/traffic.h"

namespace load {

/// One request from its first sending to its answer or failure.
struct Exchange {
  Traffic::Request request;
  std::uint64_t intended_ns = 0;  // all times after the start of the run
  std::uint64_t sent_ns = 0;      // of the last attempt
  std::uint64_t deadline_ns = 0;
  std::uint32_t connection = 0;  // index of the one it is on
  unsigned attempts = 0;         // as the caller counts them: a second one follows a time-out
  bool resent = false;           // once already because its connection had gone
  bool measured = false;         // false: warm-up
  bool is_out = false;           // in the list of those with a deadline
  std::uint32_t before = 0, after = 0;  // neighbours in that list
};

/// The exchanges of one thread, in slots that are used again with their memory, and the list of
/// those that are out in the order of their deadlines. All attempts have the same time-out, so the
/// order is the order of sending and both ends cost the same few instructions.
class ExchangeList {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  std::uint32_t acquire() {
    ++in_use_;
    if (free_.empty()) {
      slots_.emplace_back();
      return static_cast<std::uint32_t>(slots_.size() - 1);
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    Exchange& exchange = slots_[slot];
    exchange.attempts = 0;
    exchange.resent = false;
    return slot;
  }

  /// The exchange must not be out.
  void give_back(std::uint32_t slot) {
    --in_use_;
    free_.push_back(slot);
  }

  /// Good until the next acquire().
  Exchange& operator[](std::uint32_t slot) noexcept { return slots_[slot]; }

  /// Puts an exchange at the end of those that are out.
  void set_out(std::uint32_t slot, std::uint64_t deadline_ns) noexcept {
    Exchange& exchange = slots_[slot];
    exchange.deadline_ns = deadline_ns;
    exchange.is_out = true;
    exchange.before = last_;
    exchange.after = kNone;
    (last_ == kNone ? first_ : slots_[last_].after) = slot;
    last_ = slot;
  }

  void take_in(std::uint32_t slot) noexcept {
    Exchange& exchange = slots_[slot];
    if (!exchange.is_out) return;
    exchange.is_out = false;
    (exchange.before == kNone ? first_ : slots_[exchange.before].after) = exchange.after;
    (exchange.after == kNone ? last_ : slots_[exchange.after].before) = exchange.before;
  }

  /// The one whose deadline comes first; kNone when none is out.
  std::uint32_t first_out() const noexcept { return first_; }
  std::uint64_t first_deadline_ns() const noexcept {
    return first_ == kNone ? UINT64_MAX : slots_[first_].deadline_ns;
  }
  std::size_t in_use() const noexcept { return in_use_; }

 private:
  std::vector<Exchange> slots_;
  std::vector<std::uint32_t> free_;
  std::uint32_t first_ = kNone, last_ = kNone;
  std::size_t in_use_ = 0;
};

}  // namespace load
