#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <uv.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "core/http/response.h"
#include "proxy/net/address.h"
#include "proxy/net/server.h"

namespace proxy::net {

inline constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

/// Answers every request with its body, and everything else as the real handlers do.
class EchoHandler final : public Handler {
 public:
  std::atomic<int> answered{0};
  std::string refused_path;  // refused early, with 404
  std::function<void(const core::http::Request&)> on_answer;  // before each, on the server's thread

  void on_batch(std::uint64_t) noexcept override {}
  bool refuse_early(const Exchange& exchange) noexcept override {
    if (refused_path.empty() || exchange.request.path != refused_path) return false;  // CONNECT has none
    error(404, exchange.out);
    return true;
  }
  Progress answer(const Exchange& exchange) noexcept override {
    ++answered;
    if (on_answer) on_answer(exchange.request);
    core::http::Response response;
    response.body = exchange.request.body;
    response.after = core::http::after_answer_to(exchange.request, exchange.close);
    response.head_only = exchange.request.method == core::http::Method::kHead;
    EXPECT_TRUE(core::http::write_response(exchange.out, response, kDate));
    return Progress::kAnswered;
  }
  void refuse(const core::http::Refusal& refusal, const PeerAddress&,
              core::http::OutBuffer& out) noexcept override {
    error(refusal.status, out);
  }
  void overload(core::http::OutBuffer& out) noexcept override { error(503, out); }
  void timed_out(const PeerAddress&, core::http::OutBuffer& out) noexcept override { error(408, out); }

 private:
  static void error(int status, core::http::OutBuffer& out) noexcept {
    core::http::ErrorAnswer answer;
    answer.status = status;
    answer.message = "no";
    EXPECT_TRUE(core::http::write_error(out, answer, kDate));
  }
};

/// A server on a thread of its own, on port 0 of loopback.
class RunningServer {
 public:
  explicit RunningServer(ServerLimits limits = {}, std::string refused_path = "",
                         std::function<void(const core::http::Request&)> on_answer = nullptr) {
    handler_.refused_path = std::move(refused_path);
    handler_.on_answer = std::move(on_answer);
    core::config::ListenerAddress address;
    address.host = "127.0.0.1";
    auto socket = open_listener(address);
    EXPECT_TRUE(socket.ok());
    port_ = socket.value().port;
    uv_loop_init(&loop_);
    uv_async_init(&loop_, &wake_, [](uv_async_t* wake) { static_cast<RunningServer*>(wake->data)->on_wake(); });
    wake_.data = this;
    server_ = std::make_unique<Server>(loop_, limits, handler_);
    EXPECT_TRUE(server_->listen(std::move(socket).value()));
    thread_ = std::thread([this] { uv_run(&loop_, UV_RUN_DEFAULT); });
  }
  ~RunningServer() {
    ask(kStop);
    thread_.join();
    EXPECT_EQ(uv_loop_close(&loop_), 0) << "a handle was left open";
  }
  void drain() { ask(kDrain); }

  std::uint16_t port() const { return port_; }
  const ServerCounters& counters() const { return server_->counters(); }
  EchoHandler& handler() { return handler_; }

 private:
  enum Request { kNothing, kDrain, kStop };
  void ask(Request request) {
    request_ = request;
    uv_async_send(&wake_);
  }
  void on_wake() {
    if (request_ == kDrain) server_->drain();
    if (request_ != kStop) return;
    server_->abort();
    server_.reset();
    uv_close(reinterpret_cast<uv_handle_t*>(&wake_), nullptr);
  }

  EchoHandler handler_;
  uv_loop_t loop_;
  uv_async_t wake_;
  std::atomic<Request> request_{kNothing};
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// A blocking client. Every wait ends after kPatience at the latest: a server that hangs fails a
/// test instead of stopping it.
class Client {
 public:
  static constexpr int kPatienceMs = 20'000;

  explicit Client(std::uint16_t port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer != 0) {
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  /// False when the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// As many bytes as the socket takes without waiting.
  std::size_t send_some(std::string_view bytes) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  void finish_sending() { ::shutdown(fd_.get(), SHUT_WR); }

  /// Reads until `count` whole answers are there, or the server closes.
  std::string read_answers(std::size_t count) {
    while (whole_answers() < count && read_more()) {}
    return read_;
  }
  /// Reads until the server closes; false in the end when it did not.
  bool read_to_end() {
    while (read_more()) {}
    return ended_;
  }
  const std::string& received() const { return read_; }

  /// The statuses of the answers read so far, in order: "200 200 400".
  std::string statuses() const {
    std::string all;
    for_each_answer([&](std::string_view answer) {
      if (!all.empty()) all += ' ';
      all += answer.substr(9, 3);
    });
    return all;
  }

 private:
  template <typename Do>
  std::size_t for_each_answer(Do act) const {
    std::size_t at = 0, count = 0;
    while (at < read_.size()) {
      const std::size_t end = read_.find("\r\n\r\n", at);
      if (end == std::string::npos) break;
      std::size_t body = 0;
      const std::size_t length = read_.find("Content-Length: ", at);
      if (length != std::string::npos && length < end && !head_only_) {
        body = std::stoul(read_.substr(length + 16, 20));
      }
      if (end + 4 + body > read_.size()) break;
      act(std::string_view(read_).substr(at, end + 4 + body - at));
      at = end + 4 + body;
      ++count;
    }
    return count;
  }
  std::size_t whole_answers() const {
    return for_each_answer([](std::string_view) {});
  }
  bool read_more() {
    pollfd waiting{fd_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, kPatienceMs) != 1) return false;
    char bytes[65536];
    const ssize_t got = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    if (got <= 0) {
      ended_ = true;
      return false;
    }
    read_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  UniqueFd fd_;
  std::string read_;
  bool ended_ = false;

 public:
  bool head_only_ = false;  // the answers are to HEAD
};

}  // namespace proxy::net
