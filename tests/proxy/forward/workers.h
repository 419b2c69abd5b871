#pragma once

#include <gtest/gtest.h>
#include <uv.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/config/load.h"
#include "core/gate/compile.h"
#include "proxy/worker.h"
#include "tests/core/config/memory_source.h"
#include "tests/proxy/net/running_server.h"

namespace proxy::forward {

/// A backend that answers as it is told to: for each question, when and what.
struct Script {
  struct Plan {
    std::uint64_t delay_ms = 0;
    upstream::Outcome outcome;
    bool never = false;  // not before the call's own deadline
    bool held = false;   // not before `released`
  };
  /// 200 and what the connector contract calls a continue with a city.
  static upstream::Outcome continues() {
    upstream::Outcome outcome;
    outcome.status = 200;
    outcome.sent = true;
    outcome.fields = {{"Content-Type", "application/json"}};
    outcome.body = R"({"version":"1.0.0","action":"Continue","city":"Lund"})";
    outcome.duration_us = 1'234;
    return outcome;
  }
  static upstream::Outcome fails(bool sent = true) {
    upstream::Outcome outcome;
    outcome.failure = sent ? upstream::Failure::kClosed : upstream::Failure::kConnect;
    outcome.sent = sent;
    return outcome;
  }

  std::mutex mutex;
  std::function<Plan()> plan = [] { return Plan{0, continues(), false}; };
  std::atomic<int> asked{0};
  std::atomic<bool> released{false};
  std::vector<upstream::Trace> traces;

  void set(std::function<Plan()> fresh) {
    const std::lock_guard lock(mutex);
    plan = std::move(fresh);
  }
  void set(std::uint64_t delay_ms, upstream::Outcome outcome) {
    set([=] { return Plan{delay_ms, outcome, false}; });
  }
};

class ScriptedAsker final : public upstream::Asker {
 public:
  ScriptedAsker(uv_loop_t& loop, Script& script) : loop_(loop), script_(script) {}
  ~ScriptedAsker() override = default;

  CallId ask(std::size_t, core::mapping::Question&&, std::uint64_t deadline_ms, const upstream::Trace& trace,
             Done&& done) override {
    Script::Plan plan;
    {
      const std::lock_guard lock(script_.mutex);
      plan = script_.plan();
      script_.traces.push_back(trace);
    }
    ++script_.asked;
    auto call = std::make_unique<Call>();
    call->done = std::move(done);
    call->outcome = std::move(plan.outcome);
    if (plan.held) call->held_until = &script_.released;
    std::uint64_t wait_ms = plan.delay_ms;
    if (plan.never) {
      wait_ms = deadline_ms - uv_now(&loop_);
      call->outcome = {};
      call->outcome.failure = upstream::Failure::kTimeout;
      call->outcome.sent = true;
    }
    call->timer = net::open_uv<uv_timer_t>(
        call.get(), [&](uv_timer_t* timer) { return uv_timer_init(&loop_, timer); });
    uv_timer_start(
        call->timer.get(),
        [](uv_timer_t* timer) {
          if (timer->data == nullptr) return;
          auto& due = *static_cast<Call*>(timer->data);
          if (due.held_until != nullptr && !*due.held_until) {
            uv_timer_start(timer, timer->timer_cb, 2, 0);
            return;
          }
          auto done_now = std::move(due.done);
          done_now(std::move(due.outcome));
        },
        wait_ms, 0);
    calls_.push_back(std::move(call));
    return calls_.size();
  }
  void forget(CallId) noexcept override {}

 private:
  struct Call {
    net::UvHandle<uv_timer_t> timer;
    Done done;
    upstream::Outcome outcome;
    const std::atomic<bool>* held_until = nullptr;
  };
  uv_loop_t& loop_;
  Script& script_;
  std::vector<std::unique_ptr<Call>> calls_;
};

/// Workers on threads of their own behind ports of loopback, with scripted backends.
class Workers {
 public:
  struct Settings {
    std::string rules = "      - { name: a, ask: crm }\n";
    std::string connector = {};  // more of it
    std::size_t workers = 1;
    std::size_t pending_max = 4096;
    net::Memory::Bounds memory = {};
    std::string more = {};  // connectors
    std::size_t cache_bytes = 4 << 20;
    std::uint64_t drain_ms = 10'000;
    /// Makes what asks the backend, in place of the script.
    std::function<std::unique_ptr<upstream::Asker>(uv_loop_t&)> open_asker = nullptr;
    SecondLevel* second_level = nullptr;
  };
  explicit Workers(const Settings& settings)
      : shared_(settings.cache_bytes, {1, 2}, settings.workers) {
    log_ = std::move(telemetry::AccessLog::open("off", settings.workers)).value();
    edition_ = {compile(settings), 1, nullptr};
    edition_.lists = edition_.snapshot->lists;
    for (std::size_t i = 0; i < settings.workers; ++i) {
      Worker::Options options;
      options.index = i;
      options.shared = &shared_;
      options.pending_max = settings.pending_max;
      options.second_level = settings.second_level;
      options.limits.memory = settings.memory;
      options.seed = i;
      options.drain_timeout_ms = settings.drain_ms;
      options.open_asker = settings.open_asker;
      if (options.open_asker == nullptr) options.open_asker = [this](uv_loop_t& loop) {
        return std::make_unique<ScriptedAsker>(loop, script);
      };
      workers_.push_back(std::make_unique<Worker>(std::move(options), edition_, metrics_, *log_));
      core::config::ListenerAddress address;
      address.host = "127.0.0.1";
      auto socket = net::open_listener(address);
      EXPECT_TRUE(socket.ok());
      ports_.push_back(socket.value().port);
      EXPECT_TRUE(workers_.back()->listen(std::move(socket).value()));
      workers_.back()->start();
    }
  }
  ~Workers() {
    for (const auto& worker : workers_) worker->drain();
    for (const auto& worker : workers_) worker->join();
  }

  void reload(const Settings& settings) {
    edition_.snapshot = compile(settings);
    edition_.lists = edition_.snapshot->lists;
    ++edition_.generation;
    for (const auto& worker : workers_) worker->adopt(edition_);
  }

  std::uint16_t port(std::size_t worker = 0) const { return ports_[worker]; }
  std::size_t count() const { return workers_.size(); }
  Worker& worker(std::size_t number = 0) { return *workers_[number]; }
  Shared& shared() { return shared_; }
  std::string metrics() const { return metrics_.render(); }

  static std::string request(const std::string& body, const std::string& fields = "") {
    return "POST /signup HTTP/1.1\r\nHost: h.example\r\nContent-Type: application/json\r\n" +
           fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  static std::string person(int number) {
    return R"({"step":"PostAttributeCollection","email":"p)" + std::to_string(number) +
           R"(@mail.example"})";
  }

  /// Waits, with an end, until `holds`.
  template <typename Holds>
  static bool wait_for(Holds holds) {
    for (int looks = 0; looks < 2'000; ++looks) {
      if (holds()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

  Script script;

 private:
  std::shared_ptr<const core::gate::Snapshot> compile(const Settings& settings) {
    core::config::MemorySource source;
    source.files["c.yaml"] =
        "listeners: [ { address: 127.0.0.1:0 } ]\n"
        "messages: { later: { en: \"Later.\", sv: \"Senare.\" } }\n"
        "backends:\n"
        "  crm: { endpoints: [ \"http://127.0.0.1:1\" ], speaks: connector }\n"
        "connectors:\n"
        "  signup:\n"
        "    path: /signup\n"
        "    dialect: b2c-userflow\n"
        "    otherwise: { block: later }\n" +
        settings.connector + "    rules:\n" + settings.rules + settings.more;
    core::config::Diagnostics diagnostics;
    const core::config::Config config = core::config::load("c.yaml", source, diagnostics);
    auto snapshot = core::gate::compile(config, {settings.workers, 7}, source, diagnostics);
    EXPECT_NE(snapshot, nullptr) << diagnostics.render();
    return snapshot;
  }

  telemetry::Metrics metrics_;
  std::unique_ptr<telemetry::AccessLog> log_;
  Shared shared_;
  Edition edition_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::uint16_t> ports_;
};

}  // namespace proxy::forward
