#include "proxy/net/server.h"

#include <sys/socket.h>

#include <algorithm>
#include <cassert>

#include "core/claims/claims.h"

namespace proxy::net {
namespace {

constexpr std::size_t kSpareReadersMax = 64;
constexpr std::size_t kOutBytesMax = 64 << 20;  // answers of one batch; flushed at kFlushBytes
constexpr std::size_t kShedBytesFirst = 4 << 10;
constexpr int kShedMax = 64;  // for one that needs memory
constexpr std::uint64_t kLingerMs = 2'000;
constexpr std::uint64_t kDrainIdleMs = 500;
constexpr std::uint64_t kNever = std::uint64_t{1} << 60U;
constexpr std::uint64_t kEvictableAfterMs = 100;  // idle for less is between two requests

}  // namespace

Server::Server(uv_loop_t& loop, const ServerLimits& limits, Handler& handler)
    : loop_(loop),
      limits_(limits),
      memory_(limits.memory),
      handler_(handler),
      receive_(new char[kPlainBytes + core::claims::kReadPadding]),
      out_(kOutBytesMax),
      sealed_out_(kOutBytesMax + (kOutBytesMax >> 4)),
      shed_out_(kOutBytesMax, kShedBytesFirst),
      shed_sealed_out_(kOutBytesMax, kShedBytesFirst) {
  reader_ = take_reader();
  // What was never received is still read as padding: let it be something.
  std::fill_n(receive_.get(), kPlainBytes + core::claims::kReadPadding, '\0');
}

Server::~Server() { assert(connection_count_ == 0); }

/// What TLS takes besides: only a server with a TLS listener pays for it.
bool Server::open_tls() {
  if (sealed_in_ != nullptr) return true;
  sealed_in_.reset(new char[kReceiveBytes]);
  return true;
}

bool Server::open_turns() {
  if (turn_ != nullptr) return true;
  turn_ = open_uv<uv_idle_t>(this, [&](uv_idle_t* turn) { return uv_idle_init(&loop_, turn); });
  return turn_ != nullptr;
}

void Server::took_long() noexcept {
  if (busy_ || turn_ == nullptr) return;
  busy_ = true;
  // While it runs the loop does not sleep.
  uv_idle_start(turn_.get(), [](uv_idle_t* turn) {
    if (turn->data != nullptr) static_cast<Server*>(turn->data)->give_turns();
  });
}

void Server::postpone(Connection& connection) noexcept {
  took_long();
  if (connection.closed_ || connection.postponed_) return;
  connection.postponed_ = true;
  connection.earlier_ = postponed_.last;
  connection.later_ = nullptr;
  (postponed_.last != nullptr ? postponed_.last->later_ : postponed_.first) = &connection;
  postponed_.last = &connection;
  connection.watch(0);
}

void Server::take_out(Connection& connection) noexcept {
  if (!connection.postponed_) return;
  connection.postponed_ = false;
  (connection.earlier_ != nullptr ? connection.earlier_->later_ : postponed_.first) = connection.later_;
  (connection.later_ != nullptr ? connection.later_->earlier_ : postponed_.last) = connection.earlier_;
  connection.earlier_ = connection.later_ = nullptr;
}

/// At the beginning of a turn behind one in which something took long.
void Server::give_turns() noexcept {
  if (postponed_.first == nullptr) {
    busy_ = false;
    uv_idle_stop(turn_.get());
    return;
  }
  const Connection* const last = postponed_.last;  // who has had a turn and has more is behind it
  const std::uint64_t ends_ns = uv_hrtime() + kLongWorkNs;
  for (bool more = true; more && postponed_.first != nullptr && uv_hrtime() < ends_ns;) {
    Connection& next = *postponed_.first;
    more = &next != last;
    take_out(next);
    next.take_turn();
  }
}

void Server::adopt_tls(std::vector<std::shared_ptr<const TlsServer>> tls) {
  if (tls.size() == tls_.size()) tls_ = std::move(tls);
}

bool Server::listen(ListenSocket socket, std::shared_ptr<const TlsServer> tls, const Front& front) {
  std::uint16_t number = Connection::kPlain;
  if (!open_turns()) return false;
  if (tls != nullptr) {
    if (!open_tls()) return false;
    number = static_cast<std::uint16_t>(tls_.size());
    tls_.push_back(std::move(tls));
  }
  if (!front.empty()) fronts_.push_back(std::make_unique<const Front>(front));
  auto listener = std::make_unique<Listener>(*this, std::move(socket), number,
                                             front.empty() ? nullptr : fronts_.back().get());
  if (!listener->start(loop_)) return false;
  listeners_.push_back(std::move(listener));
  if (sweep_timer_ == nullptr) {
    sweep_timer_ = open_uv<uv_timer_t>(this, [&](uv_timer_t* timer) { return uv_timer_init(&loop_, timer); });
    if (sweep_timer_ == nullptr) return false;
    // A quarter of the shortest deadline keeps "limit + a little" true without waking often.
    const std::uint64_t shortest =
        std::min({limits_.head_timeout_ms, limits_.body_timeout_ms, limits_.idle_timeout_ms,
                  limits_.write_timeout_ms, limits_.tls_handshake_timeout_ms, kLingerMs});
    const std::uint64_t period = std::clamp<std::uint64_t>(shortest / 4, 10, 250);
    uv_timer_start(
        sweep_timer_.get(),
        [](uv_timer_t* timer) {
          if (timer->data != nullptr) static_cast<Server*>(timer->data)->sweep();
        },
        period, period);
    uv_unref(reinterpret_cast<uv_handle_t*>(sweep_timer_.get()));
  }
  return true;
}

void Server::close_listeners() { listeners_.clear(); }

void Server::drain() {
  for (const auto& listener : listeners_) listener->accept_waiting();
  draining_ = true;
  close_listeners();
  // Closing takes a connection out of its queue, so the next one is read first.
  for (const Connection::Phase phase : {Connection::Phase::kIdle, Connection::Phase::kHandshake}) {
    for (Connection* at = queues_[static_cast<std::size_t>(phase)].first; at != nullptr;) {
      Connection* const next = at->next_;
      at->on_drain();
      at = next;
    }
  }
}

void Server::abort() {
  close_listeners();
  for (Queue& queue : queues_) {
    while (queue.first != nullptr) queue.first->close();
  }
  sweep_timer_.reset();
  turn_.reset();
}

void Server::accept_one(UniqueFd fd, const sockaddr_storage& address, std::uint16_t tls,
                        const Front* front) {
  const PeerAddress peer = PeerAddress::from(address);
  bump(counters_.accepted);
  const bool room = (connection_count_ < limits_.connections_max || evict_oldest_idle()) &&
                    make_room_for_newcomer(Memory::kConnectionBytes);
  if (!room) {
    bump(counters_.turned_away);
    if (tls != Connection::kPlain) return;  // an answer would take a handshake
    if (front != nullptr && front->versions != core::callers::ProxyVersions::kNone) return;
    out_.clear();
    handler_.overload(out_);
    const std::string_view answer = out_.view();
    // The socket is new, its buffer empty: what does not fit is not worth waiting for.
    if (::send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
      ::shutdown(fd.get(), SHUT_WR);
    }
    return;
  }
  Connection* const connection = Connection::open(*this, std::move(fd), peer, tls, front);
  if (connection == nullptr) return;
  ++connection_count_;
  counters_.open.store(connection_count_, std::memory_order_relaxed);
  if (tls == Connection::kPlain && connection->proxy_header_ == nullptr) {
    enqueue(*connection, Connection::Phase::kIdle);
    return;
  }
  if (handshake_count_ >= limits_.tls_handshakes_max) evict_oldest_handshake();
  enqueue(*connection, Connection::Phase::kHandshake);
}

void Server::enqueue(Connection& connection, Connection::Phase phase) noexcept {
  Queue& queue = queues_[static_cast<std::size_t>(phase)];
  connection.phase_ = phase;
  if (phase == Connection::Phase::kHandshake) ++handshake_count_;
  connection.queued_ms_ = now_ms();
  connection.previous_ = queue.last;
  connection.next_ = nullptr;
  (queue.last != nullptr ? queue.last->next_ : queue.first) = &connection;
  queue.last = &connection;
}

void Server::dequeue(Connection& connection) noexcept {
  Queue& queue = queues_[static_cast<std::size_t>(connection.phase_)];
  if (connection.phase_ == Connection::Phase::kHandshake) --handshake_count_;
  (connection.previous_ != nullptr ? connection.previous_->next_ : queue.first) = connection.next_;
  (connection.next_ != nullptr ? connection.next_->previous_ : queue.last) = connection.previous_;
  connection.previous_ = connection.next_ = nullptr;
}

void Server::forget(Connection& connection) noexcept {
  dequeue(connection);
  take_out(connection);
  if (connection.slot_ != Connection::kNoSlot) give_back(connection);
  --connection_count_;
  counters_.open.store(connection_count_, std::memory_order_relaxed);
}

bool Server::evict_oldest_idle() noexcept {
  Queue& idle = queues_[static_cast<std::size_t>(Connection::Phase::kIdle)];
  const std::uint64_t now = now_ms();
  // Connections that were used since they were queued go to the back; each moves once at most.
  for (std::size_t looked = 0; idle.first != nullptr && looked < 64; ++looked) {
    Connection& oldest = *idle.first;
    if (oldest.active_ms_ + kEvictableAfterMs <= now) {
      bump(counters_.evicted);
      oldest.close();
      return true;
    }
    dequeue(oldest);
    enqueue(oldest, Connection::Phase::kIdle);
  }
  return false;
}

/// The one that has waited for its client longest. Those that wait for a turn wait for us: they go only when
/// there is hardly anybody else.
void Server::evict_oldest_handshake() noexcept {
  constexpr int kLooked = 64;
  Connection* const first = queues_[static_cast<std::size_t>(Connection::Phase::kHandshake)].first;
  Connection* oldest = first;
  for (int i = 0; i < kLooked && oldest != nullptr && oldest->postponed_; ++i) oldest = oldest->next_;
  if (oldest == nullptr || oldest->postponed_) oldest = first;
  bump(counters_.evicted);
  oldest->close();
}

bool Server::make_room_for_newcomer(std::size_t bytes) noexcept {
  for (int i = 0; i < kShedMax; ++i) {
    if (memory_.fits(Memory::For::kConnections, bytes)) return true;
    if (!evict_oldest_idle()) break;
  }
  return memory_.fits(Memory::For::kConnections, bytes);
}

bool Server::shed_others(Connection& asking, std::size_t bytes) noexcept {
  const OwnBuffers own(*this);
  for (int i = 0; i < kShedMax; ++i) {
    Connection* longest = nullptr;
    for (const Connection::Phase phase :
         {Connection::Phase::kHead, Connection::Phase::kBody, Connection::Phase::kWriting}) {
      Connection* const first = queues_[static_cast<std::size_t>(phase)].first;
      if (first != nullptr && (longest == nullptr || first->queued_ms_ < longest->queued_ms_)) {
        longest = first;
      }
    }
    if (longest == nullptr || longest == &asking) return false;
    longest->shed();
    if (memory_.fits(Memory::For::kMessages, bytes)) return true;
  }
  return false;
}

Ticket Server::take_ticket(Connection& connection) noexcept {
  if (connection.slot_ != Connection::kNoSlot) give_back(connection);  // it did not wait after all
  if (free_slot_ == Connection::kNoSlot) {
    try {
      slots_.push_back({nullptr, 0, Connection::kNoSlot});
    } catch (const std::bad_alloc&) {
      return {};
    }
    free_slot_ = static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t number = free_slot_;
  Slot& slot = slots_[number];
  free_slot_ = slot.next_free;
  slot.connection = &connection;
  if (++slot.generation == 0) slot.generation = 1;  // 0 is no ticket
  connection.slot_ = number;
  return {number, slot.generation};
}

void Server::give_back(Connection& connection) noexcept {
  Slot& slot = slots_[connection.slot_];
  slot.connection = nullptr;
  slot.next_free = free_slot_;
  free_slot_ = connection.slot_;
  connection.slot_ = Connection::kNoSlot;
}

bool Server::complete(Ticket ticket, std::string_view answer, bool close) noexcept {
  if (!waits(ticket)) return false;
  Connection& connection = *slots_[ticket.slot].connection;
  give_back(connection);
  connection.complete(answer, close);
  return true;
}

std::uint64_t Server::timeout_ms(Connection::Phase phase) const noexcept {
  switch (phase) {
    case Connection::Phase::kIdle:
      // Who has shaken hands while the server drains is about to ask something.
      return draining_ ? kDrainIdleMs : limits_.idle_timeout_ms + idle_slack_ms();
    case Connection::Phase::kHead: return limits_.head_timeout_ms;
    case Connection::Phase::kBody: return limits_.body_timeout_ms;
    case Connection::Phase::kWriting: return limits_.write_timeout_ms;
    case Connection::Phase::kHandshake: return limits_.tls_handshake_timeout_ms;
    case Connection::Phase::kLinger: return kLingerMs;
    case Connection::Phase::kWaiting: return kNever;
  }
  return kLingerMs;
}

void Server::sweep() {
  for (const auto& listener : listeners_) listener->resume();
  const std::uint64_t now = now_ms();
  for (std::size_t i = 0; i < Connection::kPhaseCount; ++i) {
    const auto phase = static_cast<Connection::Phase>(i);
    const std::uint64_t timeout = timeout_ms(phase);
    Queue& queue = queues_[i];
    while (queue.first != nullptr && queue.first->queued_ms_ + timeout <= now) {
      queue.first->on_deadline();
    }
  }
}

std::unique_ptr<core::http::RequestReader> Server::take_reader() {
  if (spare_readers_.empty()) return std::make_unique<core::http::RequestReader>(limits_.http);
  auto reader = std::move(spare_readers_.back());
  spare_readers_.pop_back();
  return reader;
}

void Server::give_reader(std::unique_ptr<core::http::RequestReader> reader) {
  if (reader == nullptr || spare_readers_.size() >= kSpareReadersMax) return;
  reader->reset();
  spare_readers_.push_back(std::move(reader));
}

}  // namespace proxy::net
