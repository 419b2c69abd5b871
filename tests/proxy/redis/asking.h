#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/redis/link.h"
#include "redis_server.h"

/// A link asked by a test, which waits for each answer.
namespace proxy::redis {

struct Answer {
  Failure failure = Failure::kEnding;
  Reply reply;
};

inline constexpr std::uint64_t kLongMs = 20'000;

inline std::future<Answer> begin(Link& link, Command command, std::uint64_t within_ms = kLongMs) {
  auto promise = std::make_shared<std::promise<Answer>>();
  std::future<Answer> answer = promise->get_future();
  const bool posted = link.post([promise, command = std::move(command), within_ms](Client& client) {
    client.ask(command, uv_now(client.loop()) + within_ms, [promise](Failure failure, Reply& reply) {
      promise->set_value({failure, std::move(reply)});
    });
  });
  if (!posted) promise->set_value({});
  return answer;
}

inline Answer ask(Link& link, Command command, std::uint64_t within_ms = kLongMs) {
  return begin(link, std::move(command), within_ms).get();
}

/// True once `condition` holds; false when it does not within a long time.
inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

inline Options options_for(std::uint16_t port) {
  Options options;
  options.port = port;
  options.backoff_ms = 10;
  options.backoff_ms_max = 50;
  options.connect_timeout_ms = 5'000;
  options.silence_ms = 10'000;
  return options;
}

/// A server that says what the test wants. Each connection gets `talk` on a thread of its own.
class FakeServer {
 public:
  using Talk = std::function<void(int fd)>;
  explicit FakeServer(Talk talk) : talk_(std::move(talk)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    ::listen(listener_, 16);
    thread_ = std::thread([this] { run(); });
  }
  ~FakeServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::uint16_t port() const { return port_; }

  /// Everything up to the greeting's PING; false when the connection ends before.
  static bool read_greeting(int fd) { return read_until(fd, "PING\r\n"); }
  static bool read_until(int fd, const std::string& end) {
    std::string got;
    char buffer[4096];
    while (got.size() < end.size() || got.compare(got.size() - end.size(), end.size(), end) != 0) {
      const ssize_t size = ::recv(fd, buffer, sizeof buffer, 0);
      if (size <= 0) return false;
      got.append(buffer, static_cast<std::size_t>(size));
    }
    return true;
  }
  static bool say(int fd, std::string_view text) {
    return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }

 private:
  void run() {
    std::vector<std::thread> talks;
    std::vector<int> sockets;
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) break;
      sockets.push_back(fd);
      talks.emplace_back([this, fd] {
        talk_(fd);
        ::shutdown(fd, SHUT_RDWR);
      });
    }
    for (const int fd : sockets) ::shutdown(fd, SHUT_RDWR);
    for (std::thread& talk : talks) talk.join();
    for (const int fd : sockets) ::close(fd);
  }

  Talk talk_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace proxy::redis
