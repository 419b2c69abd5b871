// A connection whose bytes are sealed. What was received lies in a buffer of the server's and is opened
// into another, so that requests are read where they land as they are without TLS, and an idle
// connection owns its session and no buffers. Records of answers and of the handshake's end leave with
// one send.
//
// A handshake costs as much as 60 requests (docs/performance.md): those that begin wait for turns of theirs
// (Server::postpone), and everybody else's requests come in between.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "proxy/net/caller_trust.h"
#include "proxy/net/connection.h"
#include "proxy/net/server.h"

namespace proxy::net {

/// The first bytes of a connection have come. False when it was closed.
bool Connection::begin_session() noexcept {
  Server& server = server_;
  server.took_long();
  // Those that began to shake hands first go first, as when there are too many of them.
  Server::Queue& others = server.queues_[static_cast<std::size_t>(Phase::kHandshake)];
  bool room = server.make_room_for_newcomer(Memory::kHandshakeBytes);
  while (!room && others.first != this) {
    bump(server.counters_.evicted);
    others.first->close();
    room = server.memory_.fits(Memory::For::kConnections, Memory::kHandshakeBytes);
  }
  if (!room) bump(server.counters_.turned_away);
  if (room) tls_ = server.tls_[tls_number_]->accept();
  if (tls_ == nullptr) {
    close();
    return false;
  }
  held_.set(own_bytes());
  return true;
}

void Connection::receive_sealed(std::size_t room) noexcept {
  Server& server = server_;
  const ssize_t got = ::recv(fd_, server.sealed_in_.get(), room, 0);
  if (got <= 0) {
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    close();
    return;
  }
  if (tls_ == nullptr && !begin_session()) return;
  server.sealed_out_.clear();
  server.out_.clear();
  tls_->receive({server.sealed_in_.get(), static_cast<std::size_t>(got)});
  if (!tls_->open() && !shake_hands()) return;
  std::size_t size = 0;
  TlsSession::Step step = TlsSession::Step::kDone;
  while (step == TlsSession::Step::kDone && !tls_->exhausted()) {
    // What the bytes open to always fits: see Server::kPlainBytes.
    const TlsSession::Read read =
        tls_->read(server.receive_.get() + size, Server::kPlainBytes - size, server.sealed_out_);
    step = read.step;
    size += read.size;
  }
  const std::size_t whole = size + (input_ == nullptr ? 0 : input_->size);
  const std::uint32_t answered = requests_;
  take_plain_text(size);
  if (size >= Server::kLargeBytes || (requests_ != answered && whole >= Server::kLargeBytes)) {
    server.took_long();
  }
  if (closed_ || step == TlsSession::Step::kMore || step == TlsSession::Step::kDone) return;
  // close_notify, or records that are none. Answers that are still to come are the last.
  if (step == TlsSession::Step::kEnded && (waiting_ || output_ != nullptr)) {
    last_answer_ = true;
    return;
  }
  close();
}

/// Goes on with the handshake. True when it is complete and what follows can be read.
bool Connection::shake_hands() noexcept {
  Server& server = server_;
  const TlsSession::Step step = tls_->handshake(server.sealed_out_);
  if (step == TlsSession::Step::kDone) {
    bump(tls_->resumed() ? server.counters_.tls_resumed : server.counters_.tls_handshakes);
    active_ms_ = server.now_ms();
    held_.set(own_bytes());
    return true;
  }
  const bool failed = step != TlsSession::Step::kMore;
  if (failed) {
    bump(server.counters_.tls_failed);
    if (tls_->distrusted()) server.handler_.certificate_refused(peer_, tls_->fault());
  }
  if (flush() == Flush::kFailed) return false;  // an alert, or our part of the handshake
  if (failed) {
    close();
  } else {
    watch(output_ != nullptr ? UV_WRITABLE : UV_READABLE);
  }
  return false;
}

/// Converses over `size` bytes of plain text in the server's buffer, behind what came before.
void Connection::take_plain_text(std::size_t size) noexcept {
  char* const bytes = server_.receive_.get();
  if (size == 0) {  // part of a record, or a handshake that has just ended
    if (flush() == Flush::kFailed) return;
    settle(input_ == nullptr ? nullptr : input_->bytes.get(), input_ == nullptr ? 0 : input_->size);
    return;
  }
  if (input_ == nullptr) {
    const std::size_t used = converse(bytes, size, *server_.reader_);
    if (closed_ || last_answer_) server_.reader_->reset();
    if (!closed_) settle(bytes + used, size - used);
    return;
  }
  const std::size_t wanted = input_->size + size;
  if (wanted > input_->capacity && !reserve_input(std::max(input_->capacity * 2, wanted))) {
    shed();
    return;
  }
  std::memcpy(input_->bytes.get() + input_->size, bytes, size);
  input_->size = wanted;
  const std::size_t used = converse(input_->bytes.get(), wanted, *input_->reader);
  if (!closed_) settle(input_->bytes.get() + used, wanted - used);
}

/// What the caller has shown. A reload may have changed who vouches for whom: then it is looked at anew.
const core::gate::ShownCertificate* Connection::certificate(
    const std::shared_ptr<const CallerTrust>& trust) noexcept {
  if (trust == nullptr || !tls_->open()) return nullptr;
  if (shown_ != nullptr && shown_->by == trust) return shown_->certificate.get();
  try {
    shown_ = std::make_unique<Shown>();
    shown_->certificate = trust->look_at(tls_->get(), tls_->verified());
    shown_->by = trust;
    held_.set(own_bytes());
    return shown_->certificate.get();
  } catch (const std::bad_alloc&) {
    shown_.reset();
    held_.set(own_bytes());
    return nullptr;  // it is as good as none
  }
}

/// Says that nothing more comes (close_notify), when the socket takes it at once and nothing waits in
/// front of it: whoever reads to the end then knows that nothing was cut off.
void Connection::say_goodbye() noexcept {
  if (!tls_->open() || output_ != nullptr) return;
  server_.sealed_out_.clear();
  tls_->close(server_.sealed_out_);
  const std::string_view bytes = server_.sealed_out_.view();
  static_cast<void>(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  server_.sealed_out_.clear();
}

}  // namespace proxy::net
