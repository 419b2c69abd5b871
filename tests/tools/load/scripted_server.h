#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tools/load/target.h"

namespace load {

/// A server on a loopback port of its own that answers as a test tells it, in one thread.
class ScriptedServer {
 public:
  struct Reply {
    std::string bytes;   // empty: no answer
    bool close = false;  // afterwards
  };
  /// Called for each complete request with its number over all connections, from 0.
  using Script = std::function<Reply(std::string_view request, std::size_t number)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 128), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    std::memcpy(&address_.storage, &address, sizeof address);
    address_.size = size;
    stop_ = eventfd(0, EFD_CLOEXEC);
    thread_ = std::thread([this] { serve(); });
  }

  ~ScriptedServer() {
    const std::uint64_t one = 1;
    EXPECT_EQ(write(stop_, &one, sizeof one), static_cast<ssize_t>(sizeof one));
    thread_.join();
    for (const Client& client : clients_) close(client.fd);
    close(listener_);
    close(stop_);
  }

  const Address& address() const { return address_; }

 private:
  struct Client {
    int fd;
    std::string bytes;
  };

  void serve() {
    while (true) {
      std::vector<pollfd> waits = {{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const Client& client : clients_) waits.push_back({client.fd, POLLIN, 0});
      poll(waits.data(), waits.size(), -1);
      if (waits[0].revents != 0) return;
      for (std::size_t i = waits.size(); i-- > 2;) {
        if (waits[i].revents != 0 && !read_from(clients_[i - 2])) {
          close(clients_[i - 2].fd);
          clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(i - 2));
        }
      }
      if (waits[1].revents != 0) {
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) clients_.push_back({fd, {}});
      }
    }
  }

  /// False when the connection is to be closed.
  bool read_from(Client& client) {
    char piece[64 * 1024];
    const ssize_t got = recv(client.fd, piece, sizeof piece, 0);
    if (got <= 0) return false;
    client.bytes.append(piece, static_cast<std::size_t>(got));
    while (true) {
      const std::size_t head = client.bytes.find("\r\n\r\n");
      if (head == std::string::npos) return true;
      const std::size_t field = client.bytes.find("Content-Length: ");
      const std::size_t length = std::strtoul(client.bytes.c_str() + field + 16, nullptr, 10);
      const std::size_t size = head + 4 + length;
      if (client.bytes.size() < size) return true;
      const Reply reply = script_(std::string_view(client.bytes).substr(0, size), requests_++);
      client.bytes.erase(0, size);
      if (!reply.bytes.empty()) {
        send(client.fd, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
      }
      if (reply.close) return false;
    }
  }

  Script script_;
  int listener_ = -1;
  int stop_ = -1;
  Address address_;
  std::vector<Client> clients_;
  std::size_t requests_ = 0;
  std::thread thread_;
};

/// A complete response.
inline std::string response(int status, std::string_view body, std::string_view fields = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + std::string(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

inline std::string continuing() {
  return response(200, R"({"version":"1.0.0","action":"Continue"})");
}

}  // namespace load
