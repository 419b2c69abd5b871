#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/upstream/addresses.h"
#include "proxy/upstream/balancer.h"
#include "proxy/upstream/connection.h"
#include "proxy/upstream/health.h"
#include "proxy/upstream/options.h"
#include "proxy/upstream/request_writer.h"

namespace proxy::upstream {

class Lookup;

/// One place of a backend: its addresses, its pool of connections, the tries that wait for one, and its
/// health. Thread: the loop's.
///
/// The pool: an exchange takes the connection that was used last, so that those not needed grow old
/// and close. Where none is idle a new one is opened, kConnectingMax at a time, and the try stands in
/// line; whichever connection is first to be free or ready takes the first in line.
class Endpoint {
 public:
  static constexpr std::size_t kConnectingMax = 8;

  Endpoint(Switchboard& board, Backend& backend, const EndpointOptions& options);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  /// Has the try asked on an idle connection, or puts it in line. May fail it at once.
  void acquire(Try& attempt) noexcept;
  /// Takes it out of the line.
  void leave(Try& attempt) noexcept;

  // From its connections.
  void on_connected(Connection& connection) noexcept;
  void on_ready(Connection& connection) noexcept;  // it is free: new, or its answer is complete
  void on_connect_failed(Connection& connection, Failure failure) noexcept;
  void on_closed(Connection& connection, Connection::State was, CloseReason reason) noexcept;
  /// It has sent what nobody asked for: from now on connections are looked at before they are used
  /// again, one system call each.
  void suspect() noexcept { suspect_ = true; }
  /// For the operator's log, once until something else is the matter.
  void note(std::string_view trouble, std::string_view detail = {}) noexcept;

  /// What a try that still waits is waiting for, in terms of a failure.
  Failure waiting_for() const noexcept;

  /// How it looks to the balancer.
  Candidate candidate(std::uint64_t now_ms) const noexcept;
  bool ejected() const noexcept { return health_.ejected(); }
  /// A try got an answer, or none for the endpoint's fault.
  void on_success() noexcept;
  void on_failure() noexcept;

  /// Another edition of the same endpoint.
  void adopt(const EndpointOptions& options);
  /// It is in no edition any more: tries end as they would have, connections close behind their answers.
  void retire() noexcept;
  /// Nothing of it is under way.
  bool unused() const noexcept;
  std::size_t open_connections() const noexcept { return open_; }
  void close_idle(CloseReason reason) noexcept;
  void close_all(CloseReason reason) noexcept;
  void stop_checks() noexcept;

  Switchboard& board() noexcept { return board_; }
  Backend& backend() noexcept { return backend_; }
  const EndpointOptions& options() const noexcept { return options_; }
  EndpointCounters& counters() noexcept { return counters_; }
  Addresses& addresses() noexcept { return addresses_; }
  const RequestWriter& writer() const noexcept { return *writer_; }
  net::SslSessionPtr& tls_session() noexcept { return tls_session_; }
  bool retired() const noexcept { return retired_; }
  std::size_t in_flight = 0;  // tries, those in line included; kept by the calls

 private:
  void grow() noexcept;
  void fail_waiting(Failure failure) noexcept;
  bool has_established() const noexcept { return open_ > connecting_; }
  void push_idle(Connection& connection) noexcept;
  Connection* pop_idle() noexcept;
  void unlink_idle(Connection& connection) noexcept;
  void resolve() noexcept;
  void on_resolved(int status, const addrinfo* answer) noexcept;
  void on_resolve_due() noexcept;
  void on_idle_due() noexcept;
  void on_health_due() noexcept;
  void check() noexcept;
  void on_checked(const Outcome& outcome) noexcept;
  void schedule_check(bool first) noexcept;
  void hasten() noexcept;
  void show_health(bool was_ejected) noexcept;
  std::uint64_t now_ms() const noexcept;

  Switchboard& board_;
  Backend& backend_;
  EndpointOptions options_;
  EndpointCounters& counters_;
  std::unique_ptr<RequestWriter> writer_;
  Addresses addresses_;
  Health health_;
  net::SslSessionPtr tls_session_;
  Lookup* lookup_ = nullptr;  // under way; owns itself
  Deadline resolve_deadline_, idle_deadline_, health_deadline_;
  Connection* connections_ = nullptr;  // all of them
  Connection* idle_first_ = nullptr;   // used last
  Connection* idle_last_ = nullptr;
  Try* waiting_first_ = nullptr;
  Try* waiting_last_ = nullptr;
  std::size_t waiting_ = 0;
  std::string noted_;           // the last trouble that was logged
  std::size_t open_ = 0;        // connections, those being opened included
  std::size_t connecting_ = 0;
  std::uint64_t resolve_not_before_ms_ = 0;
  std::uint64_t check_id_ = 0;  // the call of the health check under way
  bool name_ = false;           // its host is a name, not an address
  bool resolve_overdue_ = false;
  bool resolve_used_ = false;    // asked since its name was looked up
  bool resolve_wanted_ = false;  // the addresses are old: ask again at the next use
  bool suspect_ = false;         // it has sent what nobody asked for
  bool retired_ = false;
};

}  // namespace proxy::upstream
