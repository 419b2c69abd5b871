#include "tools/load/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace load {

bool Connection::open(int epoll, std::uint64_t token, const Address& address, SSL_CTX* context,
                      const std::string& host, bool verify_host, SSL_SESSION* session) {
  close();
  fault_.clear();
  handshake_failed_ = false;
  fd_ = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) {
    fault_ = std::string("socket: ") + std::strerror(errno);
    return false;
  }
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  refused_ = 0;
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address.storage), address.size) < 0 &&
      errno != EINPROGRESS) {
    refused_ = errno;  // epoll reports EPOLLHUP for such a socket, so advance() will be called
  }
  if (context != nullptr) {
    ssl_.reset(SSL_new(context));
    if (!ssl_ || SSL_set_fd(ssl_.get(), fd_) != 1) {
      fault_ = "TLS: " + last_tls_error();
      handshake_failed_ = true;
      close();
      return false;
    }
    SSL_set_connect_state(ssl_.get());
    unsigned char literal[sizeof(in6_addr)];
    const bool is_address = inet_pton(AF_INET, host.c_str(), literal) == 1 ||
                            inet_pton(AF_INET6, host.c_str(), literal) == 1;
    if (is_address) {
      if (verify_host) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str());
    } else {
      SSL_set_tlsext_host_name(ssl_.get(), host.c_str());  // never an address (RFC 6066, 3)
      if (verify_host) SSL_set1_host(ssl_.get(), host.c_str());
    }
    if (session != nullptr) SSL_set_session(ssl_.get(), session);
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = token;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd_, &event) < 0) {
    fault_ = std::string("epoll: ") + std::strerror(errno);
    close();
    return false;
  }
  state_ = State::kConnecting;
  reader.start();
  answers = 0;
  return true;
}

void Connection::close() noexcept {
  if (fd_ >= 0) {
    // No close_notify: the worker closes only when nothing more is expected, and a defective or
    // stopped server would not take it anyway. Said to be sent all the same, because OpenSSL does
    // not resume the session of a connection that broke off. ::close also leaves epoll.
    if (ssl_ != nullptr && state_ == State::kReady) {
      SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
    ssl_.reset();
    ::close(fd_);
  }
  fd_ = -1;
  state_ = State::kClosed;
  out_.clear();
  out_sent_ = 0;
}

Connection::Io Connection::fail(std::string fault) {
  fault_ = std::move(fault);
  return Io::kFailed;
}

Connection::Io Connection::advance() {
  if (state_ == State::kConnecting) {
    int error = refused_;
    socklen_t size = sizeof error;
    if (error == 0) getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(std::string("connect: ") + std::strerror(error));
    sockaddr_storage peer;
    socklen_t peer_size = sizeof peer;
    if (getpeername(fd_, reinterpret_cast<sockaddr*>(&peer), &peer_size) < 0) {
      return errno == ENOTCONN ? Io::kWouldBlock : fail(std::strerror(errno));
    }
    state_ = ssl_ != nullptr ? State::kHandshaking : State::kReady;
  }
  if (state_ == State::kHandshaking) {
    ERR_clear_error();
    const int rc = SSL_do_handshake(ssl_.get());
    if (rc != 1) {
      const int why = SSL_get_error(ssl_.get(), rc);
      if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return Io::kWouldBlock;
      handshake_failed_ = true;
      return fail("TLS: " + last_tls_error());
    }
    state_ = State::kReady;
  }
  return state_ == State::kReady ? Io::kMoved : Io::kFailed;
}

Connection::Io Connection::flush(std::uint64_t& sent) {
  while (out_sent_ < out_.size()) {
    const char* from = out_.data() + out_sent_;
    const std::size_t size = out_.size() - out_sent_;
    std::size_t moved = 0;
    if (ssl_ != nullptr) {
      ERR_clear_error();
      const int rc =
          SSL_write(ssl_.get(), from, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
      if (rc <= 0) {
        const int why = SSL_get_error(ssl_.get(), rc);
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return Io::kWouldBlock;
        return fail("write: the connection is gone");
      }
      moved = static_cast<std::size_t>(rc);
    } else {
      const ssize_t rc = send(fd_, from, size, MSG_NOSIGNAL);
      if (rc < 0) {
        if (errno == EAGAIN) return Io::kWouldBlock;
        if (errno == EINTR) continue;
        return fail(std::string("write: ") + std::strerror(errno));
      }
      moved = static_cast<std::size_t>(rc);
    }
    out_sent_ += moved;
    sent += moved;
  }
  out_.clear();
  out_sent_ = 0;
  return Io::kMoved;
}

Connection::Io Connection::read(char* to, std::size_t size, std::size_t& got) {
  got = 0;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    errno = 0;
    const int rc = SSL_read(ssl_.get(), to, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
    if (rc > 0) {
      got = static_cast<std::size_t>(rc);
      return Io::kMoved;
    }
    switch (SSL_get_error(ssl_.get(), rc)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
        return Io::kWouldBlock;
      case SSL_ERROR_ZERO_RETURN:
        return Io::kEnded;
      case SSL_ERROR_SSL: {
        const std::string reason = last_tls_error();
        // A close without close_notify: how most HTTP servers end a connection.
        if (reason == "unexpected eof while reading") return Io::kEnded;
        return fail("TLS: " + reason);
      }
      default:
        return errno == 0 ? Io::kEnded : fail(std::string("read: ") + std::strerror(errno));
    }
  }
  while (true) {
    const ssize_t rc = recv(fd_, to, size, 0);
    if (rc > 0) {
      got = static_cast<std::size_t>(rc);
      return Io::kMoved;
    }
    if (rc == 0) return Io::kEnded;
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return Io::kWouldBlock;
    return fail(std::string("read: ") + std::strerror(errno));
  }
}

}  // namespace load
