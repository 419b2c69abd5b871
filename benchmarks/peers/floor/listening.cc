#include "benchmarks/peers/floor/listening.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace peers {

int listen_on_loopback(std::uint16_t port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (listener < 0 ||
      bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, SOMAXCONN) != 0) {
    std::perror("cannot listen on 127.0.0.1");
    std::exit(1);
  }
  return listener;
}

int accept_next(int listener) noexcept {
  const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  const int on = 1;
  if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

std::uint16_t port_or_exit(const char* text, const char* usage) {
  const std::string_view digits = text == nullptr ? "" : text;
  std::uint16_t port = 0;
  const auto [stop, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (ec != std::errc{} || stop != digits.data() + digits.size() || port == 0) {
    std::fprintf(stderr, "usage: %s\n", usage);
    std::exit(2);
  }
  return port;
}

}  // namespace peers
