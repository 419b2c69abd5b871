// F0, the floor of system calls: epoll, one read, one write of a constant. It parses nothing, so a
// read is taken for one request; it is right only for a client that has one request under way.
// Also the backend of benchmarks/forwarding: there the constant is what a customer system says.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "benchmarks/peers/floor/listening.h"

namespace {

constexpr std::string_view kBody = R"({"version":"1.0.0","action":"Continue"})";
constexpr const char* kUsage = "floor_constant PORT [BODY]";

std::string answer_with(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

constexpr int kEventsMax = 256;

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

int main(int argc, char** argv) {
  const int listener = peers::listen_on_loopback(peers::port_or_exit(argv[1], kUsage));
  const std::string answer = answer_with(argc > 2 ? argv[2] : kBody);
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
                 send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) {
        close(fd);
      }
    }
  }
}
