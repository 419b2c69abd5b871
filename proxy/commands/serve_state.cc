#include "proxy/commands/serve_state.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "proxy/log.h"
#include "proxy/state/metrics.h"
#include "proxy/state/sqlite_store.h"

namespace proxy::commands {
namespace {

using core::config::State;

}  // namespace

std::unique_ptr<state::Store> open_state(const State& of, std::string& why) {
  if (of.kind == State::Kind::kNone) return nullptr;
  state::SqliteOptions options;
  options.path = of.sqlite.value;
  options.synchronous =
      of.synchronous == State::Synchronous::kFull ? state::Synchronous::kFull : state::Synchronous::kNormal;
  options.queue_max = static_cast<std::size_t>(of.queue);
  auto store = state::open_sqlite(std::move(options));
  if (!store) {
    why = "state: " + store.error();
    return nullptr;
  }
  if (of.kind == State::Kind::kMemory) log::info("state: in memory, gone with this process");
  return std::move(store).value();
}

void add_state_metrics(telemetry::Metrics& metrics, const State& of, const state::Store& store) {
  state::add_metrics(metrics, store, of.kind == State::Kind::kMemory ? "memory" : "sqlite");
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
