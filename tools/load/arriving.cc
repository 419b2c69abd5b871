#include <algorithm>

#include "tools/load/worker.h"

// What is due, and onto which connection it goes.
//
// A request that is due and finds no connection with room waits in the backlog with its intended
// time: its response time counts from there. Nothing that was due is ever left out in silence; it
// is sent, or counted as not sent.
namespace load {
namespace {

// A generator that was held up sends what it owes in portions, so that answers are read in between.
constexpr int kArrivalsPerTurn = 64;

}  // namespace

bool Worker::is_measured(std::uint64_t intended_ns) const noexcept {
  return intended_ns >= plan_.warmup_ns;
}

Tally& Worker::tally_of(const Exchange& exchange) noexcept {
  return exchange.measured ? measured_.tally : measured_.warmup;
}

PhaseTally* Worker::phase_of(std::uint64_t intended_ns) noexcept {
  if (measured_.phases.empty() || !is_measured(intended_ns)) return nullptr;
  return &measured_.phases[plan_.schedule->phase_at(intended_ns)];
}

/// True while the plan has requests left to start.
bool Worker::may_start() const noexcept {
  if (plan_.schedule != nullptr) return next_arrival_ns_.has_value();
  return requests_left_ > 0 && now_ns_ < last_due_ns_;
}

void Worker::take_arrivals() {
  for (int i = 0; i < kArrivalsPerTurn && next_arrival_ns_; ++i) {
    const std::uint64_t intended_ns = *next_arrival_ns_;
    if (intended_ns >= last_due_ns_) {  // --duration is shorter than the schedule
      next_arrival_ns_.reset();
      return;
    }
    if (intended_ns > read_clock()) return;
    next_arrival_ns_ = --requests_left_ > 0 ? arrivals_->next_ns() : std::nullopt;
    if (!next_arrival_ns_) last_due_ns_ = intended_ns;

    const bool measured = is_measured(intended_ns);
    Tally& tally = measured ? measured_.tally : measured_.warmup;
    ++tally.offered;
    ++interval_counts_.offered;
    PhaseTally* phase = phase_of(intended_ns);
    if (phase != nullptr) ++phase->offered;
    if (measured) measured_.lag.record(now_ns_ - intended_ns);

    Connection* room = backlog_.empty() && again_.empty() ? find_room() : nullptr;
    if (room != nullptr) {
      start_exchange(intended_ns, *room);
      flush(*room);
    } else if (backlog_.size() < backlog_max_) {
      ++tally.queued;
      backlog_.push_back(intended_ns);
    } else {
      ++tally.not_sent_full;
      ++interval_counts_.not_sent;
      if (phase != nullptr) ++phase->not_sent;
    }
  }
}

/// A connection with room: a ready one, else a closed one, which is opened. Null when there is
/// none.
Connection* Worker::find_room() {
  while (!available_.empty()) {
    Connection& connection = *connections_[available_.front()];
    available_.pop_front();
    connection.available = false;
    if (connection.state() == Connection::State::kReady &&
        connection.exchanges.size() < plan_.pipeline) {
      return &connection;
    }
  }
  return open_closed();
}

/// Makes a connection known to find_room(), if it has room.
void Worker::offer(Connection& connection) {
  if (connection.available || connection.state() != Connection::State::kReady ||
      connection.exchanges.size() >= plan_.pipeline) {
    return;
  }
  connection.available = true;
  available_.push_back(connection.index);
}

Connection* Worker::open_closed() {
  if (closed_.empty()) return nullptr;
  const std::uint32_t index = closed_.front();
  closed_.pop_front();
  Connection& connection = *connections_[index];
  const bool resume = plan_.tls_resume && session_ != nullptr;
  if (connection.open(epoll_, index, plan_.address, plan_.tls, plan_.host, plan_.tls_verify,
                      resume ? session_.get() : nullptr)) {
    ++measured_.transport.opened;
    return &connection;
  }
  lose(connection, connection.handshake_failed() ? ErrorKind::kTls : ErrorKind::kConnect,
       connection.fault());
  return nullptr;
}

void Worker::start_exchange(std::uint64_t intended_ns, Connection& connection) {
  const std::uint32_t slot = exchanges_.acquire();
  Exchange& exchange = exchanges_[slot];
  exchange.intended_ns = intended_ns;
  exchange.measured = is_measured(intended_ns);
  traffic_.next(exchange.request);
  Tally& tally = tally_of(exchange);
  ++tally.sent;
  ++tally.kinds[static_cast<std::size_t>(exchange.request.kind)];
  ++interval_counts_.sent;
  exchange.attempts = 1;
  put_on(slot, connection);
}

void Worker::put_on(std::uint32_t slot, Connection& connection) {
  Exchange& exchange = exchanges_[slot];
  exchange.sent_ns = read_clock();
  connection.exchanges.push_back(slot);
  connection.queue(exchange.request.bytes);
  exchange.connection = connection.index;
  exchanges_.set_out(slot, now_ns_ + plan_.timeout_ns);
}

/// Sends what waits, repeated exchanges first, while there is room.
void Worker::send_waiting() {
  while (!again_.empty() || !backlog_.empty()) {
    Connection* room = find_room();
    if (room == nullptr) return;
    if (!again_.empty()) {
      const std::uint32_t slot = again_.front();
      again_.pop_front();
      put_on(slot, *room);
    } else {
      const std::uint64_t intended_ns = backlog_.front();
      backlog_.pop_front();
      start_exchange(intended_ns, *room);
    }
    flush(*room);
  }
  if (plan_.schedule != nullptr) return;
  // Closed loop: a connection that is closed is opened with a request in hand.
  while (may_start() && !closed_.empty()) {
    if (Connection* opened = open_closed()) fill(*opened);
  }
}

/// Closed loop: gives a connection as many requests as it may have out, and sends them together.
void Worker::fill(Connection& connection) {
  while (connection.exchanges.size() < plan_.pipeline && may_start()) {
    if (!again_.empty()) {
      const std::uint32_t slot = again_.front();
      again_.pop_front();
      put_on(slot, connection);
      continue;
    }
    --requests_left_;
    ++(is_measured(now_ns_) ? measured_.tally : measured_.warmup).offered;
    ++interval_counts_.offered;
    start_exchange(now_ns_, connection);
  }
  flush(connection);
}

}  // namespace load
