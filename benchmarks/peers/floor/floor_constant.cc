// F0, the floor of system calls: epoll, one read, one write of a constant. It parses nothing, so a
// read is taken for one request; it is right only for a client that has one request under way.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "benchmarks/peers/floor/listening.h"

namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
    "Content-Length: 39\r\n\r\n"
    R"({"version":"1.0.0","action":"Continue"})";
static_assert(kAnswer.size() - kAnswer.find("\r\n\r\n") - 4 == 39);

constexpr int kEventsMax = 256;

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

int main(int, char** argv) {
  const int listener =
      peers::listen_on_loopback(peers::port_or_exit(argv[1], "floor_constant PORT"));
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener);
  static std::array<char, 64 << 10> buffer;
  std::array<epoll_event, kEventsMax> events;
  while (true) {
    const int count = epoll_wait(epoll, events.data(), kEventsMax, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        for (int accepted; (accepted = peers::accept_next(listener)) >= 0;) watch(epoll, accepted);
      } else if (recv(fd, buffer.data(), buffer.size(), 0) <= 0 ||
                 send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) < 0) {
        close(fd);
      }
    }
  }
}
