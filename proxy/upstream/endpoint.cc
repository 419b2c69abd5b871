#include "proxy/upstream/endpoint.h"

#include <netdb.h>

#include <algorithm>
#include <new>
#include <utility>

#include "proxy/net/server.h"
#include "proxy/upstream/backend.h"
#include "proxy/upstream/lookup.h"
#include "proxy/upstream/switchboard.h"

namespace proxy::upstream {

using net::bump;

namespace {

constexpr std::uint64_t kResolveAgainMs = 1'000;  // after a look-up that failed

}  // namespace

Endpoint::Endpoint(Switchboard& board, Backend& backend, const EndpointOptions& options)
    : board_(board),
      backend_(backend),
      options_(options),
      counters_(board.counters.endpoint(backend.options().name, options.name)),
      writer_(std::make_unique<RequestWriter>(backend.options(), options)),
      health_(backend.options().health),
      resolve_deadline_(board.deadlines(), this,
                        [](void* owner) { static_cast<Endpoint*>(owner)->on_resolve_due(); }),
      idle_deadline_(board.deadlines(), this,
                     [](void* owner) { static_cast<Endpoint*>(owner)->on_idle_due(); }),
      health_deadline_(board.deadlines(), this,
                       [](void* owner) { static_cast<Endpoint*>(owner)->on_health_due(); }) {
  show(counters_.available, 1);
  if (options.tls && board.plain_text == nullptr) {
    board.plain_text.reset(new char[Switchboard::kReceiveBytes]);
  }
  if (const auto literal = Addresses::literal(options.host, options.port)) {
    addresses_.adopt(*literal);
  } else {
    name_ = true;
    if (!board.ending()) resolve();
  }
  if (health_.checked()) schedule_check(true);
}

Endpoint::~Endpoint() {
  if (lookup_ != nullptr) lookup_->cancel();
  board_.clear(resolve_deadline_);
  board_.clear(idle_deadline_);
  board_.clear(health_deadline_);
}

std::uint64_t Endpoint::now_ms() const noexcept { return board_.now_ms(); }

// --- the pool

void Endpoint::acquire(Try& attempt) noexcept {
  resolve_used_ = true;  // on a kept connection too: one day it is not there any more
  if (name_ && resolve_wanted_) resolve();
  while (Connection* const connection = pop_idle()) {
    if (suspect_ && !connection->quiet()) {
      connection->close(CloseReason::kUnsolicited);
      continue;
    }
    // One that the other side has closed meanwhile is no try: nothing was asked.
    if (connection->begin(attempt) == Connection::Begun::kYes) return;
  }
  if (addresses_.empty()) {
    resolve();
    if (resolve_overdue_) {
      attempt.call->on_failure(attempt, Failure::kResolve);
      return;
    }
  }
  attempt.state = Try::State::kWaiting;
  attempt.previous = waiting_last_;
  attempt.next = nullptr;
  (waiting_last_ != nullptr ? waiting_last_->next : waiting_first_) = &attempt;
  waiting_last_ = &attempt;
  ++waiting_;
  grow();
}

void Endpoint::leave(Try& attempt) noexcept {
  if (attempt.state != Try::State::kWaiting) return;
  (attempt.previous != nullptr ? attempt.previous->next : waiting_first_) = attempt.next;
  (attempt.next != nullptr ? attempt.next->previous : waiting_last_) = attempt.previous;
  attempt.previous = attempt.next = nullptr;
  attempt.state = Try::State::kNone;
  --waiting_;
}

/// Opens what those in line need, within the bounds.
void Endpoint::grow() noexcept {
  if (waiting_ == 0) return;
  if (name_ && (addresses_.empty() || resolve_wanted_)) resolve();
  if (addresses_.empty()) return;
  while (connecting_ < std::min(waiting_, kConnectingMax) &&
         open_ < backend_.options().connections_max) {
    Connection* connection = nullptr;
    try {
      connection = new Connection(*this);
    } catch (const std::bad_alloc&) {
      if (open_ == 0) fail_waiting(Failure::kMemory);  // no connection will come to serve them
      return;
    }
    connection->next_ = connections_;
    if (connections_ != nullptr) connections_->previous_ = connection;
    connections_ = connection;
    ++connecting_;
    ++open_;
    bump(counters_.open);
    connection->open();
  }
}

void Endpoint::fail_waiting(Failure failure) noexcept {
  // Those who wait now: whoever tries again from within stands in line anew.
  for (std::size_t left = waiting_; left > 0 && waiting_first_ != nullptr; --left) {
    Try& first = *waiting_first_;
    leave(first);
    first.call->on_failure(first, failure);
  }
}

void Endpoint::on_connected(Connection&) noexcept {
  --connecting_;
  bump(counters_.opened);
}

void Endpoint::on_ready(Connection& connection) noexcept {
  const bool fresh = !connection.used();
  while (Try* const first = waiting_first_) {
    if (suspect_ && !fresh && !connection.quiet()) {
      connection.close(CloseReason::kUnsolicited);
      return;
    }
    leave(*first);
    if (connection.begin(*first) == Connection::Begun::kYes) {
      // One that was being opened is open: there is room for the next in line, which might else wait
      // for an answer to come.
      if (fresh) grow();
      return;
    }
    if (fresh) {
      // It was opened for this: another would fare no better, and nobody would ever stop.
      first->call->on_failure(*first, Failure::kClosed);
      return;
    }
    // The connection is gone and nothing was asked: back to the front, for another one.
    first->state = Try::State::kWaiting;
    first->next = waiting_first_;
    (waiting_first_ != nullptr ? waiting_first_->previous : waiting_last_) = first;
    waiting_first_ = first;
    ++waiting_;
    grow();
    return;
  }
  if (retired_ || board_.draining()) {
    connection.close(CloseReason::kEnding);
  } else if (!addresses_.contains(connection.address())) {
    connection.close(CloseReason::kAddress);
  } else {
    push_idle(connection);
  }
}

void Endpoint::on_connect_failed(Connection& connection, Failure failure) noexcept {
  connection.close(CloseReason::kConnect);
  on_failure();
  // Those in line are served by what is open already; without that there is nobody to wait for.
  if (!has_established()) fail_waiting(failure);
}

void Endpoint::on_closed(Connection& connection, Connection::State was,
                         CloseReason reason) noexcept {
  if (connection.in_idle_) unlink_idle(connection);
  (connection.previous_ != nullptr ? connection.previous_->next_ : connections_) =
      connection.next_;
  if (connection.next_ != nullptr) connection.next_->previous_ = connection.previous_;
  connection.previous_ = connection.next_ = nullptr;
  if (was == Connection::State::kConnecting || was == Connection::State::kHandshaking) --connecting_;
  --open_;
  drop(counters_.open);
  bump(counters_.closed[static_cast<std::size_t>(reason)]);
  board_.bury(std::unique_ptr<Connection>(&connection));
  if (open_ == 0 && retired_) board_.note_unused();
  // A place in the pool is free. Not after a failed connect: see on_connect_failed().
  if (reason != CloseReason::kConnect && reason != CloseReason::kEnding) grow();
}

void Endpoint::push_idle(Connection& connection) noexcept {
  connection.idle_since_ms_ = now_ms();
  connection.in_idle_ = true;
  connection.idle_previous_ = nullptr;
  connection.idle_next_ = idle_first_;
  (idle_first_ != nullptr ? idle_first_->idle_previous_ : idle_last_) = &connection;
  idle_first_ = &connection;
  const std::uint64_t due_ms = now_ms() + backend_.options().idle_ms;
  if (!idle_deadline_.set() || idle_deadline_.due_ms() > due_ms) board_.set(idle_deadline_, due_ms);
}

Connection* Endpoint::pop_idle() noexcept {
  Connection* const first = idle_first_;
  if (first != nullptr) unlink_idle(*first);
  return first;
}

void Endpoint::unlink_idle(Connection& connection) noexcept {
  (connection.idle_previous_ != nullptr ? connection.idle_previous_->idle_next_ : idle_first_) =
      connection.idle_next_;
  (connection.idle_next_ != nullptr ? connection.idle_next_->idle_previous_ : idle_last_) =
      connection.idle_previous_;
  connection.idle_previous_ = connection.idle_next_ = nullptr;
  connection.in_idle_ = false;
}

/// Looks at the oldest. It is set once for many exchanges: most of the time it finds a younger one.
void Endpoint::on_idle_due() noexcept {
  const std::uint64_t idle_ms = backend_.options().idle_ms;
  while (idle_last_ != nullptr && idle_last_->idle_since_ms_ + idle_ms <= now_ms()) {
    idle_last_->close(CloseReason::kIdle);
  }
  if (idle_last_ != nullptr) board_.set(idle_deadline_, idle_last_->idle_since_ms_ + idle_ms);
}

void Endpoint::close_idle(CloseReason reason) noexcept {
  while (idle_last_ != nullptr) idle_last_->close(reason);
}

void Endpoint::close_all(CloseReason reason) noexcept {
  while (connections_ != nullptr) connections_->close(reason);
}

Failure Endpoint::waiting_for() const noexcept {
  if (addresses_.empty()) return Failure::kResolve;
  return has_established() ? Failure::kTimeout : Failure::kConnectTimeout;
}

// --- addresses

void Endpoint::resolve() noexcept {
  if (lookup_ != nullptr || now_ms() < resolve_not_before_ms_) {
    if (lookup_ == nullptr && addresses_.empty()) resolve_overdue_ = true;
    return;
  }
  resolve_wanted_ = false;
  try {
    lookup_ = Lookup::begin(board_.loop, board_.resolver, options_.host,
                            [this](int status, const addrinfo* answer) {
                              const Switchboard::Turn turn(board_);
                              on_resolved(status, answer);
                            });
  } catch (const std::bad_alloc&) {
    lookup_ = nullptr;
  }
  if (lookup_ == nullptr) {
    resolve_overdue_ = addresses_.empty();
    return;
  }
  bump(counters_.resolutions);
  resolve_overdue_ = false;
  board_.set(resolve_deadline_, now_ms() + backend_.options().connect_timeout_ms);
}

void Endpoint::on_resolved(int status, const addrinfo* answer) noexcept {
  lookup_ = nullptr;
  if (board_.ending()) return;
  const bool had_none = addresses_.empty();
  try {
    if (status == 0) addresses_.adopt(answer, options_.port);
  } catch (const std::bad_alloc&) {
    status = EAI_MEMORY;  // those that it had are kept
  }
  const bool failed = status != 0 || addresses_.empty();
  const std::uint64_t ttl_ms = backend_.options().dns_ttl_ms;
  if (failed) {
    bump(counters_.resolve_failures);
    resolve_not_before_ms_ = now_ms() + kResolveAgainMs;
    resolve_overdue_ = addresses_.empty();
    note("its name cannot be resolved: ",
         status == 0 ? "it has no usable address" : Lookup::reason(status));
  }
  resolve_used_ = waiting_ != 0;
  board_.set(resolve_deadline_, now_ms() + (failed ? kResolveAgainMs : ttl_ms));
  if (addresses_.empty()) {
    on_failure();
    fail_waiting(Failure::kResolve);
    return;
  }
  resolve_overdue_ = false;
  if (had_none) {
    grow();
    return;
  }
  for (Connection* at = idle_first_; at != nullptr;) {
    Connection* const next = at->idle_next_;
    if (!addresses_.contains(at->address())) at->close(CloseReason::kAddress);
    at = next;
  }
}

/// The look-up takes too long, or the addresses are old.
void Endpoint::on_resolve_due() noexcept {
  if (lookup_ != nullptr) {
    if (!addresses_.empty()) return;  // nobody waits for it
    resolve_overdue_ = true;
    on_failure();
    fail_waiting(Failure::kResolve);
    return;
  }
  // Nobody asks on account of an endpoint that nobody uses.
  if (resolve_used_ || addresses_.empty()) {
    resolve();
  } else {
    resolve_wanted_ = true;
  }
}

}  // namespace proxy::upstream
