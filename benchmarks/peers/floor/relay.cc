// The floor of forwarding: a blind byte relay on epoll. Each client's connection has a backend's of
// its own, opened with it and kept; whatever one side sends goes to the other. Two reads and two
// writes a request, no byte looked at. It is right only where messages fit the sockets' buffers:
// a short write ends both connections.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "benchmarks/peers/floor/listening.h"

namespace {

constexpr int kEventsMax = 256;
constexpr const char* kUsage = "relay PORT BACKEND_PORT";

/// One side of a pair. Each knows the other; the one that sees the end deletes both.
struct Side {
  explicit Side(int socket) : fd(socket) {}
  ~Side() { close(fd); }
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  int fd;
  Side* other = nullptr;
  bool ended = false;  // deleted once the events at hand are done: they may name it
};

/// A connection to 127.0.0.1:port; -1 when there is none.
int connect_to_loopback(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (fd >= 0) close(fd);
    return -1;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

class Relay {
 public:
  Relay(int listener, std::uint16_t backend_port)
      : listener_(listener), backend_port_(backend_port), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch(listener_, nullptr);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, kEventsMax> events;
    while (true) {
      const int count = epoll_wait(epoll_, events.data(), kEventsMax, -1);
      for (int i = 0; i < count; ++i) {
        auto* side = static_cast<Side*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (side == nullptr) {
          accept_all();
        } else if (!side->ended && !pass_on(*side)) {
          side->ended = side->other->ended = true;
          ended_[ended_count_++] = side;
        }
      }
      while (ended_count_ > 0) {
        Side* side = ended_[--ended_count_];
        delete side->other;
        delete side;
      }
    }
  }

 private:
  void watch(int fd, Side* side) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = side;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void accept_all() {
    for (int fd; (fd = peers::accept_next(listener_)) >= 0;) {
      auto client = std::make_unique<Side>(fd);
      const int backend_fd = connect_to_loopback(backend_port_);
      if (backend_fd < 0) continue;
      auto backend = std::make_unique<Side>(backend_fd);
      client->other = backend.get();
      backend->other = client.get();
      watch(fd, client.release());
      watch(backend_fd, backend.release());
    }
  }

  bool pass_on(const Side& from) {
    const ssize_t got = recv(from.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    return got > 0 && send(from.other->fd, buffer_.data(), static_cast<std::size_t>(got),
                           MSG_NOSIGNAL | MSG_DONTWAIT) == got;
  }

  int listener_;
  std::uint16_t backend_port_;
  int epoll_;
  std::array<char, 64 << 10> buffer_;
  std::array<Side*, kEventsMax> ended_{};  // one of each pair that ended in this turn
  std::size_t ended_count_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint16_t port = peers::port_or_exit(argc == 3 ? argv[1] : nullptr, kUsage);
  const std::uint16_t backend_port = peers::port_or_exit(argv[2], kUsage);
  const auto relay = std::make_unique<Relay>(peers::listen_on_loopback(port), backend_port);
  relay->run();
}
