#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "proxy/net/memory.h"
#include "proxy/upstream/asker.h"
#include "proxy/upstream/breaker.h"
#include "proxy/upstream/counters.h"
#include "proxy/upstream/deadlines.h"

namespace proxy::upstream {

class Backend;
class Call;
class Connection;
class Endpoint;
class Switchboard;

/// One request on its way to one endpoint. Part of its call.
struct Try {
  enum class State : std::uint8_t { kNone, kWaiting, kAsked };  // waiting: for a connection

  Call* call = nullptr;
  Endpoint* endpoint = nullptr;
  Connection* connection = nullptr;  // kAsked
  Try* previous = nullptr;           // neighbours in the endpoint's line, while kWaiting
  Try* next = nullptr;
  std::uint64_t began_ms = 0;
  Breaker::Spell spell = 0;  // in which the breaker admitted it
  State state = State::kNone;
  bool sent = false;   // a byte of it went out
};

/// One question from ask() to its outcome: waits for credentials and for its turn, tries, tries again,
/// hedges. Calls are kept and used again. Thread: the loop's.
class Call {
 public:
  enum class Phase : std::uint8_t { kFree, kToken, kQueued, kTrying };

  explicit Call(Switchboard& board);  // throws std::bad_alloc
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void begin(Backend& backend, Endpoint* pinned, core::mapping::Question&& question,
             std::uint64_t deadline_ms, const Trace& trace, Asker::Done&& done) noexcept;
  /// May end at once; the outcome is delivered later all the same.
  void start() noexcept;
  /// There is a token now, or none to be had.
  void on_token(bool granted) noexcept;
  /// A place among the backend's calls has become free, and it is taken already.
  void on_turn() noexcept;
  /// It ends without an answer.
  void give_up(Failure failure) noexcept;
  /// Nobody wants the outcome any more.
  void forget() noexcept;
  /// Ends whatever is under way, and tells kEnding.
  void end() noexcept;

  /// From its try's connection or endpoint: a whole answer, or none to come. The connection has let go.
  void on_answer(Try& slot, Outcome&& answer) noexcept;
  void on_failure(Try& slot, Failure failure) noexcept;

  const core::mapping::Question& question() const noexcept { return question_; }
  const Trace& trace() const noexcept { return trace_; }
  /// The OAuth token to go along, or empty.
  std::string_view bearer() const noexcept;

 private:
  friend class Switchboard;
  friend class Backend;
  friend class CallList;

  struct Ended {
    Endpoint* endpoint;
    Breaker::Spell spell;
    bool sent;
  };
  void admit() noexcept;
  bool launch(Try& slot, Failure& why) noexcept;
  Ended take_down(Try& slot) noexcept;
  void cut(Try& slot, CloseReason reason) noexcept;
  void abandon(Try& slot) noexcept;
  bool retry(Failure failure) noexcept;
  bool try_with_another_token() noexcept;
  void hedge() noexcept;
  void schedule() noexcept;
  void on_due() noexcept;
  void on_deadline() noexcept;
  void drop_unless_trying() noexcept;
  void tell(Outcome&& outcome) noexcept;
  void finish() noexcept;
  std::uint64_t try_timeout_ms() const noexcept;

  Switchboard& board_;
  Deadline deadline_;
  std::uint64_t id_ = 0;
  Call* previous_ = nullptr;  // neighbours in the one list it stands in
  Call* next_ = nullptr;
  Backend* backend_ = nullptr;
  Endpoint* pinned_ = nullptr;   // a health check's; it passes by queue, breaker and balancing
  Endpoint* avoided_ = nullptr;  // where the last try failed
  core::mapping::Question question_;
  net::Held held_;  // what question_ holds
  Trace trace_;
  Asker::Done done_;
  std::uint64_t deadline_ms_ = 0;
  std::uint64_t asked_us_ = 0;
  std::uint64_t pinned_timeout_ms_ = 0;
  std::uint64_t hedge_ms_ = 0;     // when; 0: not
  std::uint64_t token_number_ = 0; // which of the backend's tokens it goes with
  unsigned tries_ = 0;
  unsigned retries_left_ = 0;
  Phase phase_ = Phase::kFree;
  bool wanted_ = false;      // done_ is still to be called
  bool sent_ = false;        // a byte of any of its tries went out
  bool holds_place_ = false; // counted in the backend's calls under way
  bool token_renewed_ = false;
  Try slots_[2];
};

/// A list of calls in order, each in one list at most.
class CallList {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  Call* first() const noexcept { return first_; }
  std::size_t size() const noexcept { return size_; }
  void push(Call& call) noexcept;
  void remove(Call& call) noexcept;

 private:
  Call* first_ = nullptr;
  Call* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace proxy::upstream
