#include "proxy/upstream/connection.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <new>

#include "proxy/net/server.h"
#include "proxy/upstream/backend.h"
#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/switchboard.h"

namespace proxy::upstream {

using net::bump;
using net::TlsSession;

namespace {

core::http::ResponseLimits limits_of(const BackendOptions& options) {
  core::http::ResponseLimits limits;
  limits.header_bytes = options.header_bytes_max;
  limits.body_bytes = options.response_bytes_max;
  return limits;
}

/// What the asker gets: the reader's memory, because the connection goes on to the next exchange.
Outcome outcome_of(core::http::ResponseReader& reader) noexcept {
  Outcome outcome;
  outcome.status = reader.status();
  outcome.body = reader.body();
  core::http::ResponseReader::Taken taken = reader.take_answer();
  outcome.bytes = std::move(taken.bytes);
  outcome.fields = std::move(taken.fields);
  return outcome;
}

}  // namespace

Connection::Connection(Endpoint& endpoint)
    : endpoint_(endpoint),
      deadline_(endpoint.board().deadlines(), this, [](void* owner) { static_cast<Connection*>(owner)->on_due(); }),
      reader_(limits_of(endpoint.backend().options())),
      held_(endpoint.board().memory, net::Memory::For::kBackends) {}

Connection::~Connection() = default;

void Connection::adopt_limits() noexcept { reader_.adopt(limits_of(endpoint_.backend().options())); }

void Connection::watch(int events) noexcept {
  if (poll_ == nullptr || watched_ == events) return;
  watched_ = static_cast<std::uint8_t>(events);
  uv_poll_start(poll_.get(), events, on_poll);
}

void Connection::on_poll(uv_poll_t* poll, int status, int events) noexcept {
  if (poll->data == nullptr) return;
  auto& connection = *static_cast<Connection*>(poll->data);
  const Switchboard::Turn turn(connection.endpoint_.board());
  connection.on_events(status, events);
}

// --- becoming a connection

void Connection::open() noexcept {
  Switchboard& board = endpoint_.board();
  connect_until_ms_ = board.now_ms() + endpoint_.backend().options().connect_timeout_ms;
  order_size_ = endpoint_.addresses().next(order_, board.now_ms());
  if (!connect_next()) board.set(deadline_, board.now_ms());  // told in the next turn
}

/// Begins with the address at hand or the next one that can be begun with; false when none is left.
bool Connection::connect_next() noexcept {
  Switchboard& board = endpoint_.board();
  for (; at_ < order_size_; ++at_) {
    const Address& address = order_[at_];
    poll_.reset();
    watched_ = 0;
    fd_ = net::UniqueFd(::socket(address.socket.any.sa_family,
                                 SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd_.valid()) {
      const int on = 1;
      ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (::connect(fd_.get(), &address.socket.any, address.size) == 0 || errno == EINPROGRESS) {
        try {
          poll_ = net::open_uv<uv_poll_t>(
              this, [&](uv_poll_t* poll) { return uv_poll_init(&board.loop, poll, fd_.get()); });
        } catch (const std::bad_alloc&) {  // as one that cannot be watched
        }
        if (poll_ != nullptr) {
          watch(UV_WRITABLE);
          // Each address gets an equal share of the time that is left.
          const std::uint64_t now_ms = board.now_ms();
          board.set(deadline_, now_ms + share_ms(connect_until_ms_, now_ms, order_size_ - at_));
          return true;
        }
      }
    }
    last_failure_ = Failure::kConnect;
    endpoint_.addresses().failed(address, board.now_ms());
  }
  poll_.reset();
  return false;
}

void Connection::on_due() noexcept {
  if (state_ == State::kConnecting && at_ < order_size_) {
    last_failure_ = Failure::kConnectTimeout;
    endpoint_.addresses().failed(order_[at_], endpoint_.board().now_ms());
    ++at_;
    if (endpoint_.board().now_ms() < connect_until_ms_ && connect_next()) return;
  } else if (state_ == State::kHandshaking) {
    last_failure_ = Failure::kConnectTimeout;
    bump(endpoint_.counters().handshake_failures);
  }
  fail_to_connect(last_failure_);
}

void Connection::on_connected() noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    last_failure_ = error == ETIMEDOUT ? Failure::kConnectTimeout : Failure::kConnect;
    endpoint_.addresses().failed(order_[at_], endpoint_.board().now_ms());
    ++at_;
    if (!connect_next()) fail_to_connect(last_failure_);
    return;
  }
  endpoint_.addresses().worked(order_[at_]);
  if (!endpoint_.options().tls) {
    become_ready();
    return;
  }
  tls_ = TlsSession::client(endpoint_.backend().tls(), endpoint_.options().server_name,
                            endpoint_.tls_session().get());
  if (tls_ == nullptr) {
    fail_to_connect(Failure::kTls);
    return;
  }
  state_ = State::kHandshaking;
  endpoint_.board().set(deadline_, connect_until_ms_);
  watch(UV_READABLE);
  shake_hands({});
}

void Connection::shake_hands(std::string_view received) noexcept {
  Switchboard& board = endpoint_.board();
  board.out.clear();
  tls_->receive(received);
  const TlsSession::Step step = tls_->handshake(board.out);
  const bool sent = send_out();
  if (step == TlsSession::Step::kMore && sent) return;
  if (step != TlsSession::Step::kDone || !sent) {
    bump(endpoint_.counters().handshake_failures);
    const std::string_view fault = tls_->fault();
    endpoint_.note("TLS: ", fault.empty() ? "the peer is gone" : fault);
    fail_to_connect(Failure::kTls);
    return;
  }
  bump(endpoint_.counters().handshakes);
  if (tls_->resumed()) bump(endpoint_.counters().resumptions);
  // What came behind the handshake: tickets, or the news that this was all.
  if (!take_unasked()) {
    fail_to_connect(Failure::kTls);
    return;
  }
  become_ready();
}

void Connection::become_ready() noexcept {
  state_ = State::kIdle;
  endpoint_.board().clear(deadline_);
  watch(UV_READABLE);
  endpoint_.on_connected(*this);
  endpoint_.on_ready(*this);
}

void Connection::fail_to_connect(Failure failure) noexcept {
  // The endpoint closes it, having looked at what else it has.
  endpoint_.on_connect_failed(*this, failure);
}

// --- one exchange

Connection::Begun Connection::begin(Try& attempt) noexcept {
  Switchboard& board = endpoint_.board();
  Call& call = *attempt.call;
  board.out.clear();
  core::http::OutBuffer& plain = tls_ != nullptr ? board.request : board.out;
  plain.clear();
  if (!endpoint_.writer().write(call.question(), call.trace(), call.bearer(), plain) ||
      (tls_ != nullptr && !tls_->write(plain.view(), board.out))) {
    close(CloseReason::kFault);
    return Begun::kNothingSent;
  }
  reader_.reset(call.question().method == "HEAD");
  std::string_view bytes = board.out.view();
  while (!bytes.empty()) {
    const ssize_t put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && !attempt.sent) {
        close(CloseReason::kPeer);
        return Begun::kNothingSent;
      }
      break;  // an error is reported by the loop as well
    }
    attempt.sent = true;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  if (!bytes.empty()) {
    try {
      unsent_.assign(bytes);
    } catch (const std::bad_alloc&) {
      if (!attempt.sent) {
        close(CloseReason::kFault);
        return Begun::kNothingSent;
      }
      ::shutdown(fd_.get(), SHUT_RDWR);  // the loop reports its end, and the try fails as one that was sent
    }
    unsent_at_ = 0;
    if (!unsent_.empty()) watch(UV_READABLE | UV_WRITABLE);
  }
  state_ = State::kBusy;
  try_ = &attempt;
  attempt.connection = this;
  attempt.state = Try::State::kAsked;
  ++exchanges_;
  return Begun::kYes;
}

/// Sends what is in the switchboard's buffer, behind what is unsent. False when the socket is broken.
bool Connection::send_out() noexcept {
  std::string_view bytes = endpoint_.board().out.view();
  while (unsent_.empty() && !bytes.empty()) {
    const ssize_t put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) break;
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  if (bytes.empty()) return true;
  try {
    unsent_.append(bytes);
  } catch (const std::bad_alloc&) {
    return false;
  }
  watch(UV_READABLE | UV_WRITABLE);
  return true;
}

/// False when the socket is broken.
bool Connection::flush_unsent() noexcept {
  while (unsent_at_ < unsent_.size()) {
    const ssize_t put = ::send(fd_.get(), unsent_.data() + unsent_at_, unsent_.size() - unsent_at_,
                               MSG_NOSIGNAL);
    if (put < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN;
    }
    if (try_ != nullptr) try_->sent = true;
    unsent_at_ += static_cast<std::size_t>(put);
  }
  std::string().swap(unsent_);  // an idle connection owns no buffers
  unsent_at_ = 0;
  watch(UV_READABLE);
  return true;
}

void Connection::on_events(int status, int events) noexcept {
  if (state_ == State::kConnecting) {
    on_connected();
    return;
  }
  const bool broken = status < 0;  // libuv has stopped watching: everything is read now or never
  if (!broken && (events & UV_WRITABLE) != 0 && !unsent_.empty() && !flush_unsent()) {
    // It may have answered before it broke off (413 and close, say).
    while (receive()) {}
    if (state_ != State::kClosed) on_end(End::kCutOff);
    return;
  }
  if (broken) {
    while (receive()) {}
    if (state_ != State::kClosed) on_end(End::kCutOff);
    return;
  }
  if ((events & UV_READABLE) != 0) receive();
}

/// One recv and what follows from it. True when the connection is as it was and more may be there.
bool Connection::receive() noexcept {
  if (state_ == State::kClosed) return false;
  Switchboard& board = endpoint_.board();
  const State before = state_;
  const ssize_t got = ::recv(fd_.get(), board.received.get(), Switchboard::kReceiveBytes, 0);
  if (got <= 0) {
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    on_end(got == 0 ? End::kClosed : End::kCutOff);
    return false;
  }
  const std::string_view bytes{board.received.get(), static_cast<std::size_t>(got)};
  switch (state_) {
    case State::kHandshaking: shake_hands(bytes); break;
    case State::kBusy:
      if (!reader_.started()) reader_.lend(board.take_room());
      if (tls_ != nullptr) {
        take_cipher_text(bytes);
      } else {
        std::size_t left_over = 0;
        if (take(bytes, left_over)) answered(left_over != 0, false);
      }
      break;
    case State::kIdle:
      if (tls_ == nullptr) {
        endpoint_.suspect();
        close(CloseReason::kUnsolicited);
        break;
      }
      tls_->receive(bytes);
      if (!take_unasked()) close(tls_ended_ ? CloseReason::kPeer : CloseReason::kUnsolicited);
      break;
    case State::kConnecting:
    case State::kClosed: break;
  }
  return state_ == before;
}

/// TLS records while nothing is asked: tickets and key updates are taken. False when the connection is
/// of no use any more.
bool Connection::take_unasked() noexcept {
  Switchboard& board = endpoint_.board();
  board.out.clear();
  const TlsSession::Read read =
      tls_->read(board.plain_text.get(), Switchboard::kReceiveBytes, board.out);
  keep_session();
  if (read.step == TlsSession::Step::kMore) return send_out();
  tls_ended_ = read.step == TlsSession::Step::kEnded;
  if (read.step == TlsSession::Step::kDone) endpoint_.suspect();
  return false;
}

void Connection::keep_session() noexcept {
  if (net::SslSessionPtr session = tls_->take_session()) {
    endpoint_.tls_session() = std::move(session);
  }
}

void Connection::take_cipher_text(std::string_view received) noexcept {
  Switchboard& board = endpoint_.board();
  board.out.clear();
  tls_->receive(received);
  bool complete = false, left_over = false;
  for (;;) {
    const TlsSession::Read read =
        tls_->read(board.plain_text.get(), Switchboard::kReceiveBytes, board.out);
    if (read.step == TlsSession::Step::kDone) {
      if (complete) {
        left_over = true;
        break;
      }
      std::size_t unused = 0;
      complete = take({board.plain_text.get(), read.size}, unused);
      if (state_ == State::kClosed) return;
      left_over = unused != 0;
      if (left_over) break;
      continue;
    }
    if (read.step == TlsSession::Step::kFailed && !complete) {
      fail(Failure::kClosed, CloseReason::kFault);
      return;
    }
    tls_ended_ = read.step != TlsSession::Step::kMore;
    break;
  }
  keep_session();
  if (!send_out()) tls_ended_ = true;
  if (complete) {
    answered(left_over, tls_ended_);
  } else if (tls_ended_) {
    on_end(End::kSaid);
  }
}

/// Reads on in the answer. True when it is complete; `left_over` bytes stand behind it. The connection
/// is closed when it is none.
bool Connection::take(std::string_view bytes, std::size_t& left_over) noexcept {
  using Reading = core::http::ResponseReader::State;
  const std::size_t held = reader_.held_with(bytes.size());
  if (held > held_.bytes() &&
      !endpoint_.board().memory.fits(net::Memory::For::kBackends, held - held_.bytes())) {
    fail(Failure::kMemory, CloseReason::kFault);
    return false;
  }
  held_.set(held);
  try {
    switch (reader_.advance(bytes)) {
      case Reading::kMore: return false;
      case Reading::kComplete: left_over = reader_.left_over(); return true;
      case Reading::kRefused: break;
    }
  } catch (const std::bad_alloc&) {
    fail(Failure::kMemory, CloseReason::kFault);
    return false;
  }
  fail(reader_.too_large() ? Failure::kTooLarge : Failure::kProtocol, CloseReason::kFault);
  return false;
}

void Connection::on_end(End end) noexcept {
  switch (state_) {
    case State::kConnecting:
    case State::kHandshaking:
      bump(endpoint_.counters().handshake_failures);
      endpoint_.note("TLS: the peer closed the connection during the handshake");
      fail_to_connect(Failure::kTls);
      return;
    case State::kIdle: close(CloseReason::kPeer); return;
    case State::kBusy: break;
    case State::kClosed: return;
  }
  // An answer that lasts as long as the connection is whole only if nobody can have cut it off: a
  // reset ends a connection, and no answer (RFC 9112, 8).
  const bool orderly = end == End::kSaid || (end == End::kClosed && tls_ == nullptr);
  if (orderly && reader_.finish() == core::http::ResponseReader::State::kComplete) {
    answered(false, true);
    return;
  }
  fail(Failure::kClosed, CloseReason::kPeer);
}

void Connection::answered(bool left_over, bool ended) noexcept {
  Try& answered_try = *try_;
  const bool keep = reader_.keep_alive() && !left_over && !ended && unsent_.empty();
  Outcome outcome = outcome_of(reader_);
  held_.set(0);  // whoever has it now counts it
  try_ = nullptr;
  answered_try.connection = nullptr;
  state_ = State::kIdle;
  if (keep) {
    endpoint_.on_ready(*this);
  } else {
    if (left_over) endpoint_.suspect();
    close(left_over ? CloseReason::kUnsolicited : CloseReason::kAnswered);
  }
  answered_try.call->on_answer(answered_try, std::move(outcome));
}

void Connection::fail(Failure failure, CloseReason reason) noexcept {
  Try& failed = *try_;
  close(reason);
  failed.call->on_failure(failed, failure);
}

void Connection::cancel(CloseReason reason) noexcept { close(reason); }

bool Connection::quiet() const noexcept {
  char byte;
  const ssize_t got = ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EINTR);
}

void Connection::close(CloseReason reason) noexcept {
  if (state_ == State::kClosed) return;
  Switchboard& board = endpoint_.board();
  const bool polite = tls_ != nullptr && state_ == State::kIdle && fd_.valid();
  const State was = state_;
  state_ = State::kClosed;
  board.clear(deadline_);
  if (polite && unsent_.empty()) {
    // One attempt to say that nothing more comes; nobody waits for it.
    board.out.clear();
    tls_->close(board.out);
    const std::string_view bytes = board.out.view();
    if (!bytes.empty()) {
      static_cast<void>(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    }
  }
  if (try_ != nullptr) try_->connection = nullptr;
  try_ = nullptr;
  poll_.reset();
  fd_.reset();
  endpoint_.on_closed(*this, was, reason);
}

}  // namespace proxy::upstream
