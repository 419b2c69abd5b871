#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "proxy/net/tls_session.h"

namespace proxy::upstream {

/// One connection as a script sees it: blocking, plain or TLS.
class Peer {
 public:
  Peer(int fd, SSL_CTX* context, std::size_t number) : fd_(fd), number_(number) {
    if (context == nullptr) return;
    ssl_.reset(SSL_new(context));
    SSL_set_fd(ssl_.get(), fd);
    if (SSL_accept(ssl_.get()) != 1) broken_ = true;
  }

  /// The next whole request; nothing at the end of the connection.
  std::optional<std::string> request() {
    while (!broken_) {
      const std::size_t head = bytes_.find("\r\n\r\n");
      if (head != std::string::npos) {
        const std::size_t field = bytes_.find("Content-Length: ");
        const std::size_t length = field < head ? std::stoul(bytes_.substr(field + 16, 12)) : 0;
        if (bytes_.size() >= head + 4 + length) {
          std::string request = bytes_.substr(0, head + 4 + length);
          bytes_.erase(0, request.size());
          return request;
        }
      }
      if (!read_more()) break;
    }
    return std::nullopt;
  }
  /// Waits until something or nothing more comes.
  bool read_more() {
    char piece[16384];
    const ssize_t got = ssl_ != nullptr ? SSL_read(ssl_.get(), piece, sizeof piece)
                                        : ::recv(fd_, piece, sizeof piece, 0);
    if (got <= 0) broken_ = true;
    if (got > 0) bytes_.append(piece, static_cast<std::size_t>(got));
    return got > 0;
  }
  void send(std::string_view bytes) {
    while (!bytes.empty() && !broken_) {
      const ssize_t put =
          ssl_ != nullptr ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                          : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) {
        broken_ = true;
        return;
      }
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  /// Until the other side has ended.
  void wait_for_end() {
    while (read_more()) bytes_.clear();
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }
  /// Over TLS: says that nothing more comes.
  void say_goodbye() { SSL_shutdown(ssl_.get()); }
  /// The connection ends with a reset and not with an end.
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    broken_ = true;
  }
  bool broken() const { return broken_; }
  bool resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_.get()) == 1; }
  SSL* ssl() { return ssl_.get(); }
  std::size_t number() const { return number_; }  // of the connection, from 0

 private:
  int fd_;
  std::size_t number_;
  std::unique_ptr<SSL, net::FreeOpenSsl> ssl_;
  std::string bytes_;
  bool broken_ = false;
};

/// A gate that a script waits at until the test opens it.
class Event {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    happened_ = true;
    changed_.notify_all();  // inside: whoever has waited may end the event
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return happened_; });
  }
  bool happened() {
    const std::lock_guard lock(mutex_);
    return happened_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool happened_ = false;
};

/// Sets an event at the end of a scope, so that no script waits for a test that has failed.
class SetAtEnd {
 public:
  explicit SetAtEnd(Event& event) : event_(event) {}
  ~SetAtEnd() { event_.set(); }
  SetAtEnd(const SetAtEnd&) = delete;
  SetAtEnd& operator=(const SetAtEnd&) = delete;

 private:
  Event& event_;
};

/// A backend on a loopback port of its own: one thread for each connection, which does as the script
/// says and closes at its end.
class ScriptedBackend {
 public:
  using Script = std::function<void(Peer&)>;

  explicit ScriptedBackend(Script script, SSL_CTX* tls = nullptr, const char* host = "127.0.0.1",
                           std::uint16_t port = 0)
      : script_(std::move(script)), tls_(tls) {
    const bool v6 = std::string_view(host).find(':') != std::string_view::npos;
    listener_ = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_storage address{};
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    auto& v6_address = reinterpret_cast<sockaddr_in6&>(address);
    socklen_t size = sizeof(sockaddr_in);
    if (v6) {
      v6_address.sin6_family = AF_INET6;
      v6_address.sin6_port = htons(port);
      inet_pton(AF_INET6, host, &v6_address.sin6_addr);
      size = sizeof(sockaddr_in6);
    } else {
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      inet_pton(AF_INET, host, &v4.sin_addr);
    }
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 128), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(v6 ? v6_address.sin6_port : v4.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }

  ~ScriptedBackend() {
    ::shutdown(listener_, SHUT_RDWR);  // wakes accept()
    thread_.join();
    ::close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const Client& client : clients_) {
        if (client.fd >= 0) ::shutdown(client.fd, SHUT_RDWR);
      }
    }
    for (Client& client : clients_) client.thread.join();
  }

  std::uint16_t port() const { return port_; }
  std::size_t accepted() const { return accepted_; }

  /// Answers every request alike.
  static Script answering(std::string answer) {
    return [answer = std::move(answer)](Peer& peer) {
      while (peer.request()) peer.send(answer);
    };
  }

 private:
  struct Client {
    int fd;
    std::thread thread;
  };

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::size_t number = accepted_++;
      const std::lock_guard lock(mutex_);
      clients_.push_back({fd, {}});
      Client& client = clients_.back();
      client.thread = std::thread([this, &client, fd, number] {
        {
          Peer peer(fd, tls_, number);
          script_(peer);
        }
        const std::lock_guard inner(mutex_);
        ::close(fd);
        client.fd = -1;
      });
    }
  }

  Script script_;
  SSL_CTX* tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> accepted_{0};
  std::mutex mutex_;
  std::list<Client> clients_;
  std::thread thread_;
};

/// "/ask" of "POST /ask HTTP/1.1".
inline std::string path_of(const std::string& request) {
  const std::size_t begin = request.find(' ') + 1;
  return request.substr(begin, request.find(' ', begin) - begin);
}

/// A whole answer.
inline std::string answer(int status, std::string_view body, std::string_view fields = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + std::string(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace proxy::upstream
