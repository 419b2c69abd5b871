#pragma once

#include <uv.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "proxy/forward/forwarder.h"
#include "proxy/forward/shared.h"
#include "proxy/gate_handler.h"
#include "proxy/net/server.h"
#include "proxy/upstream/client.h"

namespace proxy {

/// One core's share of the work: a thread with its own libuv loop, listeners, connections and
/// scratch memory. Other threads talk to it by drain(), adopt() and nothing else.
class Worker {
 public:
  struct Options {
    std::size_t index = 0;
    net::ServerLimits limits;
    double log_sample = 1;
    capture::Capture* capture = nullptr;  // null: off
    events::Emitter* emitter = nullptr;           // null: events go nowhere
    events::HeldAnswers::Figures* held = nullptr;  // with an emitter; outlives the worker
    audit::AuditLog::Witness* witness = nullptr;  // null: no audit log
    std::uint64_t drain_timeout_ms = 10'000;
    std::function<void()> on_end;  // called by the worker's thread when it has ended
    forward::Shared* shared = nullptr;  // outlives the worker
    core::callers::Attempts* attempts = nullptr;  // the same; null: failures are not counted
    core::callers::TokenVerifier::Options tokens;  // how callers' tokens are verified
    std::function<void()> want_keys;    // called by the worker's thread: a token names an unknown key
    std::size_t pending_max = 4096;     // requests that wait for a backend
    std::uint64_t seed = 0;             // of trace numbers and balancing
    forward::Workflows* workflows = nullptr;  // outlives the worker; null: no rule can need the state
    forward::SecondLevel* second_level = nullptr;  // the same; null: decisions are this machine's alone
    /// Makes what asks the backends, on the worker's loop, instead of an upstream::Client.
    std::function<std::unique_ptr<upstream::Asker>(uv_loop_t&)> open_asker;
  };
  Worker(Options options, Edition edition, telemetry::Metrics& metrics, telemetry::AccessLog& log);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Before start(). False when libuv refuses the descriptor.
  bool listen(net::ListenSocket socket, std::shared_ptr<const net::TlsServer> tls = nullptr,
              const net::Front& front = {});
  void start();

  /// Any thread: stop accepting, finish what is under way within the drain time-out, end.
  void drain();
  /// Any thread: answer with this configuration from the next batch on.
  void adopt(Edition edition);
  /// Any thread: shake hands with these from now on, one for each TLS listener in their order.
  void adopt_tls(std::vector<std::shared_ptr<const net::TlsServer>> tls);

  /// Any thread: turns the loop once, which turns() then counts.
  void turn() { uv_async_send(wake_.get()); }
  std::uint64_t turns() const noexcept { return turns_.load(std::memory_order_relaxed); }

  /// Any thread: its loop has ended.
  bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }
  void join();
  /// After join(): true when requests were cut off at the drain time-out.
  bool cut_off() const noexcept { return cut_off_; }
  const net::ServerCounters& counters() const noexcept { return server_->counters(); }
  const net::Memory& memory() const noexcept { return server_->memory(); }
  /// Any thread.
  const core::callers::TokenVerifier::Counters& token_counters() const noexcept {
    return *handler_->token_counters();
  }
  /// Null where something else than the client asks.
  const upstream::Counters* backend_counters() const noexcept {
    return client_ == nullptr ? nullptr : &client_->counters();
  }

 private:
  void run();
  void on_wake();
  void check_drained();

  Options options_;
  uv_loop_t loop_;
  net::UvHandle<uv_async_t> wake_;
  net::UvHandle<uv_timer_t> drain_timer_;
  std::unique_ptr<GateHandler> handler_;
  std::unique_ptr<upstream::Asker> asker_;
  upstream::Client* client_ = nullptr;  // that is the asker, usually
  std::shared_ptr<const upstream::BackendList> backends_;
  std::unique_ptr<forward::Forwarder> forwarder_;
  std::unique_ptr<net::Server> server_;
  std::unique_ptr<events::HeldAnswers> held_;  // null: no answer waits for events
  std::mutex mutex_;  // of the three below: what other threads have asked for
  std::optional<Edition> adopting_;
  std::vector<std::shared_ptr<const net::TlsServer>> adopting_tls_;
  bool draining_ = false;
  std::uint64_t drain_deadline_ms_ = 0;
  bool cut_off_ = false;
  std::atomic<std::uint64_t> turns_{0};  // that other threads asked for
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace proxy
