// How a connection comes to its end: with its last answer, by a deadline, because its memory is wanted for
// others, or because the server drains. Whoever can be told something is.
#include <sys/socket.h>

#include <cerrno>

#include "proxy/net/connection.h"
#include "proxy/net/server.h"

namespace proxy::net {

/// The last answer is out.
void Connection::finish() noexcept {
  if (!linger_) {
    close();
    return;
  }
  // A close with unread bytes would reset the connection and take the answer with it (RFC 9112,
  // 9.6): say that nothing more comes, and read what is still on its way for a bounded time.
  release_input();
  if (tls_ != nullptr) say_goodbye();
  ::shutdown(fd_, SHUT_WR);
  enter(Phase::kLinger);
  watch(UV_READABLE);
}

void Connection::discard() noexcept {
  const ssize_t got = ::recv(fd_, server_.receive_.get(), Server::kReceiveBytes, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) close();
}

void Connection::on_deadline() noexcept {
  switch (phase_) {
    case Phase::kHead:
    case Phase::kBody:
      bump(server_.counters_.timed_out);
      server_.out_.clear();
      server_.handler_.timed_out(peer_, server_.out_);
      last_answer_ = linger_ = true;
      if (flush() != Flush::kFailed) settle(nullptr, 0);
      return;
    case Phase::kHandshake:
    case Phase::kWriting:
      bump(server_.counters_.timed_out);
      close();
      return;
    case Phase::kIdle:
    case Phase::kLinger: close(); return;
    case Phase::kWaiting: return;  // whoever has the ticket sees to the time
  }
}

void Connection::shed() noexcept {
  if (input_ == nullptr) return shed(nullptr, nullptr, 0);
  shed(input_->reader.get(), input_->bytes.get(), input_->size);
}

/// `reader` has begun to read a message in `bytes`; null when none is begun.
void Connection::shed(core::http::RequestReader* reader, char* bytes, std::size_t size) noexcept {
  if (closed_) return;
  Server& server = server_;
  bump(server.counters_.shed);
  unfinished_ = false;
  // Behind an answer that is not out, or in front of one that is to come, nothing can be said.
  if (output_ != nullptr || waiting_ || last_answer_ || (tls_ != nullptr && !tls_->open())) {
    close();
    return;
  }
  server.out_.clear();
  server.handler_.on_batch(uv_hrtime());
  if (reader != nullptr && reader->in_body()) {
    // The bytes may have moved since the head was read.
    const auto state = reader->advance(bytes, size);
    if (state == core::http::RequestReader::State::kMore) {
      const core::http::Request& request = reader->request();
      server.handler_.shed({request, caller_of(request), true, server.out_, active_ms_, this});
    }
  }
  if (server.out_.empty()) server.handler_.overload(server.out_);
  send_at_once();
  last_answer_ = linger_ = true;
  finish();
  if (!closed_) release_session();
}

/// What the server's buffer has, as far as the socket takes it.
void Connection::send_at_once() noexcept {
  std::string_view bytes = server_.out_.view();
  if (tls_ != nullptr) {
    if (!tls_->open() || !tls_->write(bytes, server_.sealed_out_)) return;
    bytes = server_.sealed_out_.view();
  }
  static_cast<void>(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  server_.out_.clear();
  server_.sealed_out_.clear();
}

void Connection::on_drain() noexcept {
  // A request may have arrived in the same turn; it is answered, and that answer is the last.
  const bool fronted = proxy_header_ != nullptr;
  on_readable();
  if (fronted && !closed_ && proxy_header_ == nullptr) on_readable();  // and what came behind it
  const bool begun = phase_ == Phase::kHandshake && tls_ != nullptr;  // a request is to follow
  if (!closed_ && (phase_ == Phase::kIdle || phase_ == Phase::kHandshake) && !begun) close();
}

}  // namespace proxy::net
