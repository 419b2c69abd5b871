#include "proxy/commands/serve_state.h"

#include <algorithm>
#include <ctime>
#include <tuple>
#include <utility>
#include <vector>

#include "proxy/log.h"
#include "proxy/state/metrics.h"
#include "proxy/state/sqlite_store.h"
#include "proxy/state/workflows.h"

namespace proxy::commands {
namespace {

using core::config::State;

constexpr std::uint64_t kPassTimeMs = 5'000;

}  // namespace

std::string ServeState::open(const State& of) {
  kind_ = of.kind;
  if (of.kind == State::Kind::kNone) return {};
  state::SqliteOptions options;
  options.path = of.sqlite.value;
  options.synchronous =
      of.synchronous == State::Synchronous::kFull ? state::Synchronous::kFull : state::Synchronous::kNormal;
  options.queue_max = static_cast<std::size_t>(of.queue);
  auto store = state::open_sqlite(std::move(options));
  if (!store) return "state: " + store.error();
  store_ = std::move(store).value();
  std::vector<std::string> keys;
  for (const core::config::Text& key : of.keys) keys.push_back(key.value);
  approvals_ = std::make_unique<state::Approvals>(*store_, keys, nullptr);
  for (std::string& key : keys) core::wipe(key);
  workflows_ = std::make_unique<state::Workflows>(*approvals_);
  if (of.kind == State::Kind::kMemory) log::info("state: in memory, gone with this process");
  return {};
}

void ServeState::add_metrics(telemetry::Metrics& metrics) const {
  if (store_ == nullptr) return;
  state::add_metrics(metrics, *store_, kind_ == State::Kind::kMemory ? "memory" : "sqlite");
  state::add_metrics(metrics, *approvals_);
}

void ServeState::start(uv_loop_t& loop) {
  if (store_ == nullptr) return;
  timer_ = net::open_uv<uv_timer_t>(this, [&](uv_timer_t* timer) { return uv_timer_init(&loop, timer); });
  if (timer_ == nullptr) return;
  uv_timer_start(
      timer_.get(),
      [](uv_timer_t* timer) {
        if (timer->data != nullptr) static_cast<ServeState*>(timer->data)->pass_time();
      },
      kPassTimeMs, kPassTimeMs);
}

void ServeState::pass_time() { approvals_->pass_time(std::time(nullptr)); }

void ServeState::close() noexcept {
  timer_.reset();
  if (store_ != nullptr) store_->close();
}

bool state_differs(const State& old, const State& fresh) {
  const auto written = [](const State& of) {
    return std::tuple(of.kind, of.sqlite.value, of.synchronous, of.queue);
  };
  const auto same = [](const core::config::Text& one, const core::config::Text& other) {
    return one.value == other.value;
  };
  return written(old) != written(fresh) ||
         !std::equal(old.keys.begin(), old.keys.end(), fresh.keys.begin(), fresh.keys.end(), same);
}

}  // namespace proxy::commands
