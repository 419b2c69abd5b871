#include "proxy/redis/wire.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

namespace proxy::redis {

using net::TlsSession;

Wire::Wire(uv_loop_t& loop, const Options& options, upstream::Addresses& addresses,
           net::SslSessionPtr& session, Owner& owner)
    : loop_(loop),
      options_(options),
      addresses_(addresses),
      session_(session),
      owner_(owner),
      received_(new char[kReceiveBytes]),
      plain_text_(options.tls == nullptr ? nullptr : new char[kReceiveBytes]),
      out_(2 * options.queue_bytes_max + (1 << 20)) {}

void Wire::close() noexcept {
  if (state_ == State::kOpen && tls_ != nullptr && unsent() == 0 && !broken_) {
    out_.clear();
    sent_ = 0;
    tls_->close(out_);  // one attempt to say that nothing more comes
    push();
  }
  state_ = State::kClosed;
  poll_.reset();
  fd_.reset();
}

void Wire::end(std::string_view why) noexcept {
  if (state_ == State::kClosed) return;
  broken_ = true;
  close();
  owner_.on_end(why);
}

void Wire::blame_address() noexcept {
  if (at_ < order_size_) addresses_.failed(order_[at_], uv_now(&loop_));
}

void Wire::watch(int events) noexcept {
  if (poll_ == nullptr || watched_ == events) return;
  watched_ = events;
  uv_poll_start(poll_.get(), events, on_poll);
}

void Wire::on_poll(uv_poll_t* poll, int status, int events) noexcept {
  if (poll->data != nullptr) static_cast<Wire*>(poll->data)->on_events(status, events);
}

bool Wire::connect() noexcept {
  order_size_ = addresses_.next(order_, uv_now(&loop_));
  return connect_next();
}

/// Begins with the address at hand or the next one that can be begun with.
bool Wire::connect_next() noexcept {
  for (; at_ < order_size_; ++at_) {
    const upstream::Address& address = order_[at_];
    poll_.reset();
    watched_ = 0;
    fd_ = net::UniqueFd(
        ::socket(address.socket.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd_.valid()) {
      const int on = 1;
      ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (::connect(fd_.get(), &address.socket.any, address.size) == 0 || errno == EINPROGRESS) {
        poll_ = net::open_uv<uv_poll_t>(
            this, [&](uv_poll_t* poll) { return uv_poll_init(&loop_, poll, fd_.get()); });
        if (poll_ != nullptr) {
          state_ = State::kConnecting;
          watch(UV_WRITABLE);
          return true;
        }
      }
    }
    blame_address();
  }
  return false;
}

void Wire::on_connected() noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    blame_address();
    ++at_;
    if (!connect_next()) end(error == ECONNREFUSED ? "connection refused" : "it cannot be reached");
    return;
  }
  addresses_.worked(order_[at_]);
  watch(UV_READABLE);
  if (options_.tls == nullptr) {
    state_ = State::kOpen;
    owner_.on_open();
    return;
  }
  tls_ = TlsSession::client(options_.tls,
                            options_.server_name.empty() ? options_.host : options_.server_name,
                            session_.get());
  if (tls_ == nullptr) return end("TLS: out of memory");
  state_ = State::kHandshaking;
  shake_hands({});
}

void Wire::shake_hands(std::string_view received) noexcept {
  tls_->receive(received);
  const TlsSession::Step step = tls_->handshake(out_);
  const bool sent = push();
  if (step == TlsSession::Step::kMore && sent) return;
  if (step != TlsSession::Step::kDone || !sent) {
    return end(tls_->fault().empty() ? "TLS: the peer is gone" : "TLS: " + tls_->fault());
  }
  state_ = State::kOpen;
  owner_.on_open();
  if (state_ == State::kOpen) receive_cipher_text({});  // what came behind the handshake
}

void Wire::write(std::string_view bytes) noexcept {
  if (state_ != State::kOpen || broken_) return;
  const bool taken = tls_ != nullptr ? tls_->write(bytes, out_) : out_.append(bytes);
  if (!taken || !push()) {
    broken_ = true;
    ::shutdown(fd_.get(), SHUT_RDWR);  // the loop reports its end
  }
}

/// Sends what is there. False when the socket is broken.
bool Wire::push() noexcept {
  while (unsent() > 0) {
    const ssize_t put = ::send(fd_.get(), out_.view().data() + sent_, unsent(), MSG_NOSIGNAL);
    if (put < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return false;
      watch(UV_READABLE | UV_WRITABLE);
      return true;
    }
    sent_ += static_cast<std::size_t>(put);
  }
  out_.clear();
  sent_ = 0;
  watch(UV_READABLE);
  return true;
}

void Wire::on_events(int status, int events) noexcept {
  if (state_ == State::kConnecting) return on_connected();
  if (status >= 0 && (events & UV_WRITABLE) != 0 && !broken_ && !push()) broken_ = true;
  if (status < 0 || (events & UV_READABLE) != 0) receive();
  if (status < 0 && state_ != State::kClosed) end("the connection broke off");
}

void Wire::receive() noexcept {
  const ssize_t got = ::recv(fd_.get(), received_.get(), kReceiveBytes, 0);
  if (got <= 0) {
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    return end(got == 0 ? "it closed the connection" : "the connection broke off");
  }
  const std::string_view bytes(received_.get(), static_cast<std::size_t>(got));
  if (state_ == State::kHandshaking) return shake_hands(bytes);
  if (tls_ != nullptr) return receive_cipher_text(bytes);
  owner_.on_bytes(bytes);
}

void Wire::receive_cipher_text(std::string_view received) noexcept {
  if (!received.empty()) tls_->receive(received);
  for (;;) {
    const TlsSession::Read read = tls_->read(plain_text_.get(), kReceiveBytes, out_);
    if (read.step == TlsSession::Step::kDone) {
      owner_.on_bytes({plain_text_.get(), read.size});
      if (state_ == State::kClosed) return;
      continue;
    }
    if (net::SslSessionPtr ticket = tls_->take_session()) session_ = std::move(ticket);
    if (read.step == TlsSession::Step::kEnded) return end("it closed the connection");
    if (read.step == TlsSession::Step::kFailed) return end("TLS: " + tls_->fault());
    if (!push()) end("the connection broke off");
    return;
  }
}

}  // namespace proxy::redis
