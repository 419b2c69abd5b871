#pragma once

#include <uv.h>

#include <memory>
#include <optional>
#include <string>

#include "core/config/config.h"
#include "proxy/forward/shared.h"
#include "proxy/forward/workflows.h"
#include "proxy/net/tls_session.h"
#include "proxy/net/uv_handle.h"
#include "proxy/redis/link.h"
#include "proxy/state/accounts.h"
#include "proxy/state/approvals.h"
#include "proxy/state/invitations.h"
#include "proxy/state/limits.h"
#include "proxy/state/redis_counters.h"
#include "proxy/state/redis_decisions.h"
#include "proxy/state/store.h"
#include "proxy/telemetry/metrics.h"

/// What `serve` opens for `state`.
namespace proxy::commands {

/// The state of a running process and what works on it; empty where none is configured. Thread: the main
/// one, whose loop has its timer.
class ServeState {
 public:
  /// Opens what `of` says. Empty, or why it cannot be opened. Blocks while a database is checked; a Redis may be
  /// away. `tls` is for a Redis with TLS. `announcer` hears of approvals; it outlives this.
  std::string open(const core::config::Config& of, std::shared_ptr<const net::TlsContext> tls,
                   state::ApprovalAnnouncer& announcer);
  /// What keys of decisions and counters are made with: the same on all machines that share a Redis, else random.
  core::decisions::Seed seed() const noexcept { return seed_; }
  /// Before workflows() is asked for: where this machine counts and remembers. It outlives close().
  void use_shared(forward::Shared& shared);
  /// Limits and decisions that machines share; null: there are none.
  state::RedisCounters* counters() const noexcept { return counters_.get(); }
  state::RedisDecisions* decisions() const noexcept { return decisions_.get(); }
  /// Null: there is no state.
  state::Store* store() const noexcept { return store_.get(); }
  state::Approvals* approvals() const noexcept { return approvals_.get(); }
  state::Invitations* invitations() const noexcept { return invitations_.get(); }
  forward::Workflows* workflows() const noexcept { return workflows_.get(); }

  void add_metrics(telemetry::Metrics& metrics) const;
  /// Begins to do what time brings: expiries, and claims to be erased.
  void start(uv_loop_t& loop);
  /// Answers what was asked and closes the store; before the loop's last turn. Nothing that workers ask is
  /// under way afterwards.
  void close() noexcept;

 private:
  std::string open_sqlite(const core::config::State& of);
  void open_redis(const core::config::Config& config, std::shared_ptr<const net::TlsContext> tls);
  void open_accounts(const core::config::Config& config);
  void pass_time();

  core::config::State::Kind kind_ = core::config::State::Kind::kNone;
  core::decisions::Seed seed_;
  std::shared_ptr<redis::Link> link_;  // null: the state is no Redis
  std::optional<state::RedisDecisionsOptions> decisions_wanted_;
  std::unique_ptr<state::RedisCounters> counters_;
  std::unique_ptr<state::Limits> limits_;
  std::unique_ptr<state::RedisDecisions> decisions_;
  // The store last, so that it goes first: it calls back into the others until it is closed.
  std::unique_ptr<state::Approvals> approvals_;
  std::unique_ptr<state::Invitations> invitations_;
  std::unique_ptr<forward::Workflows> workflows_;
  std::unique_ptr<state::Store> store_;
  std::unique_ptr<state::Accounts> accounts_;  // null: nobody creates any
  net::UvHandle<uv_timer_t> timer_;
};

/// Whether two of them differ, which needs a restart.
bool state_differs(const core::config::State& old, const core::config::State& fresh);
/// Whether their `graph`s do.
bool graphs_differ(const core::config::Config& old, const core::config::Config& fresh);

}  // namespace proxy::commands
