#include "proxy/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace proxy::net {
namespace {

ListenError failed(const core::config::ListenerAddress& address, const char* what) {
  return ListenError{address.text.value + ": " + what + ": " + std::strerror(errno)};
}

core::Result<ListenSocket, ListenError> open_unix(const core::config::ListenerAddress& address,
                                                  int backlog) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.host.size() >= sizeof name.sun_path) {
    return ListenError{address.text.value + ": the path is longer than " +
                       std::to_string(sizeof name.sun_path - 1) + " bytes"};
  }
  std::memcpy(name.sun_path, address.host.data(), address.host.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return failed(address, "socket");
  const auto* generic = reinterpret_cast<const sockaddr*>(&name);
  if (::bind(fd.get(), generic, sizeof name) != 0) {
    if (errno != EADDRINUSE) return failed(address, "bind");
    // A file that nobody answers on is left over from a process that was killed.
    struct stat status{};
    if (::stat(name.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) {
      return ListenError{address.text.value + ": the file exists and is no socket"};
    }
    UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (probe.valid() && ::connect(probe.get(), generic, sizeof name) == 0) {
      return ListenError{address.text.value + ": another process listens there"};
    }
    ::unlink(name.sun_path);
    if (::bind(fd.get(), generic, sizeof name) != 0) return failed(address, "bind");
  }
  ::chmod(name.sun_path, 0660);
  if (::listen(fd.get(), backlog) != 0) return failed(address, "listen");
  return ListenSocket{std::move(fd), "unix:" + address.host, 0, address.host};
}

}  // namespace

core::Result<ListenSocket, ListenError> open_listener(const core::config::ListenerAddress& address,
                                                      int backlog) {
  if (address.kind == core::config::ListenerAddress::Kind::kUnix) return open_unix(address, backlog);
  sockaddr_storage storage{};
  socklen_t size = 0;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (::inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    size = sizeof *v4;
  } else if (::inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    size = sizeof *v6;
  } else {
    return ListenError{address.text.value + ": no IPv4 or IPv6 address"};
  }
  UniqueFd fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return failed(address, "socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    return failed(address, "SO_REUSEPORT");
  }
  // Accepted sockets inherit it: answers go out at once, without a system call a connection.
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (storage.ss_family == AF_INET6) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
    return failed(address, "bind");
  }
  if (::listen(fd.get(), backlog) != 0) return failed(address, "listen");
  socklen_t bound = sizeof storage;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &bound);
  ListenSocket listener;
  const bool is_v6 = storage.ss_family == AF_INET6;
  listener.port = ntohs(is_v6 ? v6->sin6_port : v4->sin_port);
  listener.url = "http://" + (is_v6 ? "[" + address.host + "]" : address.host) + ":" +
                 std::to_string(listener.port);
  listener.fd = std::move(fd);
  return listener;
}

core::Result<ListenSocket, ListenError> share_listener(const ListenSocket& listener) {
  UniqueFd fd(::fcntl(listener.fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!fd.valid()) return ListenError{listener.url + ": dup: " + std::strerror(errno)};
  return ListenSocket{std::move(fd), listener.url, listener.port, {}};
}

PeerAddress PeerAddress::from(const sockaddr_storage& address) noexcept {
  PeerAddress peer;
  if (address.ss_family == AF_INET) {
    peer.family = Family::kIpv4;
    std::memcpy(peer.bytes, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, 4);
  } else if (address.ss_family == AF_INET6) {
    peer.family = Family::kIpv6;
    std::memcpy(peer.bytes, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, 16);
  }
  return peer;
}

std::size_t PeerAddress::format(char* to) const noexcept {
  if (family == Family::kUnix) {
    std::memcpy(to, "unix", 4);
    return 4;
  }
  if (family == Family::kIpv4) {
    // inet_ntop() goes through sprintf(): 1,500 instructions for what is done once a log line.
    char* at = to;
    for (int i = 0; i < 4; ++i) {
      if (i != 0) *at++ = '.';
      at = std::to_chars(at, at + 3, bytes[i]).ptr;
    }
    return static_cast<std::size_t>(at - to);
  }
  char text[INET6_ADDRSTRLEN];
  if (::inet_ntop(AF_INET6, bytes, text, sizeof text) == nullptr) return 0;
  const std::size_t size = std::strlen(text);
  std::memcpy(to, text, size);
  return size;
}

}  // namespace proxy::net
