#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "proxy/upstream/breaker.h"
#include "proxy/upstream/call.h"
#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/options.h"
#include "proxy/upstream/retry_budget.h"

namespace proxy::upstream {

class TokenSource;

/// One backend as one worker knows it: its endpoints, its breaker, its budget, its queue and its token.
/// Lives over reloads as long as an edition names it. Thread: the loop's.
class Backend {
 public:
  Backend(Switchboard& board, std::shared_ptr<const BackendList> edition, std::size_t index);
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  void adopt(std::shared_ptr<const BackendList> edition, std::size_t index);
  /// In no edition any more.
  void retire() noexcept;
  bool retired() const noexcept { return gone_; }
  bool unused() const noexcept;

  /// A place among the calls under way; false when all are taken.
  bool take_place() noexcept;
  void give_place() noexcept;
  /// False when the queue is full.
  bool enqueue(Call& call) noexcept;
  void dequeue(Call& call) noexcept;

  /// May a try be made now? (Breaker::admit, would_admit)
  bool admit() noexcept;
  bool may_admit() noexcept;
  BreakerState breaker_state() noexcept;
  /// The breaker's spell that a try which admit() has just let through belongs to.
  Breaker::Spell spell() const noexcept { return breaker_.spell(); }
  void withdraw(Breaker::Spell of) noexcept { breaker_.withdraw(of); }
  /// What became of a try: for breaker and counters.
  void on_try_succeeded(Breaker::Spell of) noexcept;
  void on_try_failed(Breaker::Spell of) noexcept;

  /// Where the next try goes; null when no endpoint may be asked.
  Endpoint* choose(const Endpoint* avoided) noexcept;
  /// True when tries that went wrong may take `one` out: another one is left.
  bool can_spare(const Endpoint& one) const noexcept;

  const BackendOptions& options() const noexcept { return *options_; }
  BackendCounters& counters() noexcept { return counters_; }
  RetryBudget& budget() noexcept { return budget_; }
  TokenSource* token() noexcept { return token_.get(); }
  const std::vector<std::unique_ptr<Endpoint>>& endpoints() const noexcept { return endpoints_; }

  const std::shared_ptr<const net::TlsContext>& tls() const noexcept;
  std::size_t calls = 0;  // all that have begun and not finished; kept by them

  /// Lets go of endpoints that were retired and are unused now.
  void sweep() noexcept;
  void stop_checks() noexcept;
  void close_idle(CloseReason reason) noexcept;
  void close_all(CloseReason reason) noexcept;
  std::size_t open_connections() const noexcept;

 private:
  void take_options(std::shared_ptr<const BackendList> edition, std::size_t index);
  void show_breaker() noexcept;

  Switchboard& board_;
  std::shared_ptr<const BackendList> edition_;
  const BackendOptions* options_ = nullptr;
  BackendCounters& counters_;
  Breaker breaker_;
  RetryBudget budget_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::vector<std::unique_ptr<Endpoint>> retired_;
  std::vector<Candidate> candidates_;  // scratch of choose()
  std::unique_ptr<TokenSource> token_;
  CallList queue_;
  Deadline breaker_deadline_;  // when an open one becomes half open, so that it shows without a question
  std::size_t in_flight_ = 0;
  bool gone_ = false;
  bool serving_ = false;  // give_place() is at the queue already
};

}  // namespace proxy::upstream
