#pragma once

#include <gtest/gtest.h>
#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/upstream/client.h"
#include "tests/proxy/upstream/scripted_backend.h"

namespace proxy::upstream {

inline EndpointOptions endpoint_at(std::uint16_t port, std::string host = "127.0.0.1") {
  EndpointOptions endpoint;
  endpoint.authority = authority_of(host, port, false);
  endpoint.name = "http://" + endpoint.authority;
  endpoint.server_name = host;
  endpoint.host = std::move(host);
  endpoint.port = port;
  return endpoint;
}

/// A backend with time enough that no test depends on the machine's speed.
inline BackendOptions patient(std::vector<EndpointOptions> endpoints, std::string name = "crm") {
  BackendOptions backend;
  backend.name = std::move(name);
  backend.endpoints = std::move(endpoints);
  backend.timeout_ms = backend.connect_timeout_ms = 20'000;
  backend.idle_ms = backend.dns_ttl_ms = 60'000;
  backend.retries = 0;
  backend.breaker.failures = 1'000'000;
  backend.breaker.requests = 1'000'000;
  backend.health.fall = 1'000'000;
  return backend;
}

inline core::mapping::Question question(std::string target = "/ask", std::string body = "{}") {
  core::mapping::Question asked;
  asked.method = "POST";
  asked.target = std::move(target);
  asked.fields = "Content-Type: application/json\r\n";
  asked.body = std::move(body);
  asked.has_body = true;
  return asked;
}

/// A client on the test's own thread and loop. Waiting turns the loop and ends after kPatienceMs at the
/// latest. In the end nothing may be left open.
class Asking {
 public:
  static constexpr std::uint64_t kPatienceMs = 30'000;

  explicit Asking(BackendList backends, Resolver resolver = ::getaddrinfo, net::Memory* memory = nullptr) {
    EXPECT_EQ(uv_loop_init(&loop_), 0);
    uv_timer_init(&loop_, &watchdog_);
    watchdog_.data = this;
    client_ = std::make_unique<Client>(
        loop_, std::make_shared<const BackendList>(std::move(backends)), 42, memory, resolver);
  }
  explicit Asking(BackendOptions backend) : Asking(BackendList{std::move(backend)}) {}
  ~Asking() {
    client_->abort();
    client_.reset();
    uv_close(reinterpret_cast<uv_handle_t*>(&watchdog_), nullptr);
    // Everything is gone after a turn.
    EXPECT_EQ(uv_run(&loop_, UV_RUN_NOWAIT), 0);
    EXPECT_EQ(uv_loop_close(&loop_), 0) << "a handle was left open";
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  /// Asks, and leaves the outcome at the end of outcomes().
  Asker::CallId begin(core::mapping::Question asked = question(), std::size_t backend = 0,
                      std::uint64_t within_ms = kPatienceMs) {
    uv_update_time(&loop_);
    return client_->ask(backend, std::move(asked), uv_now(&loop_) + within_ms, trace_,
                        [this](Outcome&& outcome) { outcomes_.push_back(std::move(outcome)); });
  }
  /// Asks and waits.
  Outcome ask(core::mapping::Question asked = question(), std::size_t backend = 0,
              std::uint64_t within_ms = kPatienceMs) {
    const std::size_t before = outcomes_.size();
    begin(std::move(asked), backend, within_ms);
    EXPECT_TRUE(wait([&] { return outcomes_.size() > before; }));
    return outcomes_.size() > before ? outcomes_.back() : Outcome{};
  }
  bool wait(const std::function<bool()>& until, uv_run_mode mode = UV_RUN_ONCE) {
    // The watch also ends each wait of the loop: what is waited for may have come before it.
    const std::uint64_t end_ns = uv_hrtime() + kPatienceMs * 1'000'000;
    uv_timer_start(&watchdog_, [](uv_timer_t*) {}, 5, 5);
    while (!until() && uv_hrtime() < end_ns) {
      uv_run(&loop_, mode);
      if (mode == UV_RUN_NOWAIT) std::this_thread::yield();
    }
    uv_timer_stop(&watchdog_);
    return until();
  }
  bool wait_for(std::size_t count) {
    return wait([&] { return outcomes_.size() >= count; });
  }
  /// Something that the loop does not see: turns it until then.
  bool wait_for(Event& event) {
    return wait([&] { return event.happened(); }, UV_RUN_NOWAIT);
  }
  /// Turns of the loop that wait for nothing.
  void turn() { uv_run(&loop_, UV_RUN_NOWAIT); }

  Figures::Backend figures(std::size_t backend = 0) const {
    const Counters* const all[] = {&client_->counters()};
    Figures figures = Figures::sum(all);
    return backend < figures.backends.size() ? figures.backends[backend] : Figures::Backend{};
  }
  std::uint64_t closed(CloseReason reason, std::size_t endpoint = 0) const {
    return figures().endpoints.at(endpoint).closed[static_cast<std::size_t>(reason)];
  }
  std::uint64_t failed(Failure failure) const {
    return figures().failures[static_cast<std::size_t>(failure)];
  }

  Client& client() { return *client_; }
  uv_loop_t& loop() { return loop_; }
  std::vector<Outcome>& outcomes() { return outcomes_; }
  Trace& trace() { return trace_; }

 private:
  uv_loop_t loop_;
  uv_timer_t watchdog_;
  std::unique_ptr<Client> client_;
  std::vector<Outcome> outcomes_;
  Trace trace_;
};

/// A loopback port on which nobody listens.
inline std::uint16_t closed_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

}  // namespace proxy::upstream
