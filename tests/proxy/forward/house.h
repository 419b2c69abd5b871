#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/upstream/client.h"
#include "tests/proxy/forward/workers.h"
#include "tests/proxy/upstream/asking.h"

namespace proxy::forward {

/// True on threads of workers that have asked a backend: what a test replaces for the whole program can tell
/// them from its own.
inline thread_local bool on_worker = false;

inline constexpr std::string_view kLund = R"({"version":"1.0.0","action":"Continue","city":"Lund"})";
inline constexpr std::string_view kLater =
    R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":"Later."})";

/// The real client, which marks the thread that it is used on.
class MarkingAsker final : public upstream::Asker {
 public:
  MarkingAsker(uv_loop_t& loop, std::uint16_t port)
      : client_(loop, backends(port), 42) {}
  ~MarkingAsker() override { client_.abort(); }
  CallId ask(std::size_t backend, core::mapping::Question&& question, std::uint64_t deadline_ms,
             const upstream::Trace& trace, Done&& done) override {
    on_worker = true;
    return client_.ask(backend, std::move(question), deadline_ms, trace, std::move(done));
  }
  void forget(CallId call) noexcept override { client_.forget(call); }

 private:
  static std::shared_ptr<const upstream::BackendList> backends(std::uint16_t port) {
    return std::make_shared<const upstream::BackendList>(
        upstream::BackendList{upstream::patient({upstream::endpoint_at(port)})});
  }
  upstream::Client client_;
};

/// Workers with the real client, and a backend that knows one answer.
class House {
 public:
  /// The backend keeps its connections, or ends each with its answer.
  explicit House(bool keeps, std::size_t workers = 1)
      : backend_([keeps](upstream::Peer& peer) {
          const std::string fields = std::string("Content-Type: application/json\r\n") +
                                     (keeps ? "" : "Connection: close\r\n");
          while (peer.request()) {
            peer.send(upstream::answer(200, kLund, fields));
            if (!keeps) return;
          }
        }),
        workers_(settings(backend_.port(), workers)) {
    for (std::size_t worker = 0; worker < workers; ++worker) {
      net::Client client(workers_.port(worker));
      EXPECT_TRUE(client.send(next()));
      EXPECT_NE(client.read_answers(1).find(kLund), std::string::npos);
    }
  }

  /// The request of somebody new.
  std::string next() { return Workers::request(Workers::person(number_++)); }
  Workers& workers() { return workers_; }

  /// Nothing is left of what has been asked, and all goes on as if nothing had been.
  void expect_whole() {
    EXPECT_TRUE(Workers::wait_for([&] { return workers_.shared().flights.count() == 0; }));
    for (std::size_t worker = 0; worker < workers_.count(); ++worker) {
      net::Client client(workers_.port(worker));
      EXPECT_TRUE(client.send(next()));
      EXPECT_NE(client.read_answers(1).find(kLund), std::string::npos);
      const net::Memory& memory = workers_.worker(worker).memory();
      EXPECT_TRUE(Workers::wait_for([&] { return memory.held(net::Memory::For::kWaiting) == 0; }));
    }
    // Everybody was told at once: nobody was forgotten until the deadline.
    EXPECT_EQ(workers_.metrics().find("reason=\"deadline\"} 1"), std::string::npos) << workers_.metrics();
  }

 private:
  static Workers::Settings settings(std::uint16_t port, std::size_t workers) {
    Workers::Settings settings;
    settings.workers = workers;
    settings.rules = "      - { name: a, ask: crm, cache: { key: [ email.canonical ], ttl: { continue: 1m } } }\n";
    settings.open_asker = [port](uv_loop_t& loop) { return std::make_unique<MarkingAsker>(loop, port); };
    return settings;
  }
  int number_ = 0;
  upstream::ScriptedBackend backend_;
  Workers workers_;
};

/// One whole answer: the backend's, or the connector's `otherwise`.
inline void expect_answer(const net::Client& client) {
  EXPECT_EQ(client.statuses(), "200") << client.received();
  const bool known = client.received().ends_with(kLund) || client.received().ends_with(kLater);
  EXPECT_TRUE(known) << client.received();
}

}  // namespace proxy::forward
