#pragma once

#include <uv.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/events/emitter.h"
#include "proxy/net/server.h"
#include "proxy/upstream/timed_deadlines.h"

namespace proxy::events {

/// Answers of one worker that wait until the outbox has their events (`commit: before_answer`), or until
/// the connector's deadline. Nothing blocks: the connection waits by its ticket.
/// Thread: its worker's; figures any.
class HeldAnswers {
 public:
  struct Figures {
    std::atomic<std::uint64_t> committed{0};  // answers that went out with their events in the outbox
    std::atomic<std::uint64_t> open{0};       // that went out without, as the rules have decided
    std::atomic<std::uint64_t> closed{0};     // `otherwise` in their place
    std::atomic<std::uint64_t> waiting{0};    // now
  };

  /// At most `held_max` wait. The server and the emitter outlive this.
  HeldAnswers(uv_loop_t& loop, net::Server& server, Emitter& emitter, std::size_t held_max, Figures& figures);
  ~HeldAnswers();
  HeldAnswers(const HeldAnswers&) = delete;
  HeldAnswers& operator=(const HeldAnswers&) = delete;

  /// The loop's thread, before it turns; and before its last turn. What waits is forgotten then.
  void open();
  void close() noexcept;

  /// The number that the next answer to be held will have: its events carry it. 0: none can be held.
  std::uint64_t next() noexcept;

  /// Besides its texts: what the rules have decided, and what is told when an event is not committed in
  /// time (empty: the same).
  struct Answer {
    net::Ticket ticket;
    bool close = false;              // the connection ends with it
    std::uint64_t deadline_ms = 0;   // as uv_now() counts
    std::uint32_t events = 0;        // that have to be committed
  };
  /// Makes room for an answer and keeps its texts. False when it may not wait: there is no memory for it,
  /// its deadline has passed, or the state refuses events.
  bool keep(std::string_view written, std::string_view otherwise, std::uint64_t deadline_ms) noexcept;
  /// Behind keep(): it waits from now on, under the number of next().
  void hold(const Answer& answer) noexcept;

  /// Counts an answer that could not be held.
  void count_unheld(bool closed) noexcept;
  std::uint64_t now_ms() const noexcept { return uv_now(&loop_); }

 private:
  struct Held;
  static constexpr std::size_t kSpareMax = 256;
  static constexpr std::size_t kKeptBytes = 8 << 10;
  static constexpr unsigned kSlotBits = 32;

  void on_settled(const Settlement& settlement) noexcept;
  void finish(Held& held, bool committed) noexcept;

  uv_loop_t& loop_;
  net::Server& server_;
  Emitter& emitter_;
  const std::size_t held_max_;
  Figures& figures_;
  upstream::TimedDeadlines deadlines_;
  std::uint64_t number_ = 1;
  std::vector<std::unique_ptr<Held>> slots_;  // by the low half of their numbers
  std::vector<std::uint32_t> free_slots_;     // room for all
  std::vector<std::unique_ptr<Held>> spare_;  // room for kSpareMax
};

}  // namespace proxy::events
