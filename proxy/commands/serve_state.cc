#include "proxy/commands/serve_state.h"

#include <algorithm>
#include <ctime>
#include <map>
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

std::string ServeState::open(const core::config::Config& config, state::ApprovalAnnouncer& announcer) {
  const State& of = config.state;
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
  approvals_ = std::make_unique<state::Approvals>(*store_, keys, &announcer);
  for (std::string& key : keys) core::wipe(key);
  open_accounts(config);
  invitations_ = std::make_unique<state::Invitations>(*store_);
  workflows_ = std::make_unique<state::Workflows>(*approvals_, *invitations_);
  if (of.kind == State::Kind::kMemory) log::info("state: in memory, gone with this process");
  return {};
}

void ServeState::open_accounts(const core::config::Config& config) {
  std::map<std::string, state::GraphOptions, std::less<>> graphs;
  for (const core::config::Approval& approval : config.approvals) {
    if (!approval.graph) continue;
    const core::config::Graph& written = *approval.graph;
    state::GraphOptions options;
    options.tenant = written.tenant.value;
    options.client_id = written.client_id.value;
    options.client_secret = core::Secret(written.client_secret.value);
    options.authority = written.authority.value;
    options.url = written.url.value;
    options.ca = written.ca.value;
    options.terms = {written.domain.value, written.redirect_url.value, written.send_invitation};
    graphs.emplace(approval.name.value, std::move(options));
  }
  if (graphs.empty()) return;
  accounts_ = std::make_unique<state::Accounts>(*approvals_, *store_, std::move(graphs));
  approvals_->use_accounts([this](std::string_view name) { return accounts_->wants(name); },
                           [this] { accounts_->wake(); });
}

void ServeState::add_metrics(telemetry::Metrics& metrics) const {
  if (store_ == nullptr) return;
  state::add_metrics(metrics, *store_, kind_ == State::Kind::kMemory ? "memory" : "sqlite");
  state::add_metrics(metrics, *approvals_);
  state::add_metrics(metrics, *invitations_);
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
  if (accounts_ != nullptr) accounts_->stop();
  if (store_ != nullptr) store_->close();
}

bool graphs_differ(const core::config::Config& old, const core::config::Config& fresh) {
  const auto written = [](const core::config::Config& of) {
    std::vector<std::string> texts;
    for (const core::config::Approval& approval : of.approvals) {
      if (!approval.graph) continue;
      const core::config::Graph& graph = *approval.graph;
      for (const core::config::Text* text :
           {&approval.name, &graph.tenant, &graph.domain, &graph.client_id, &graph.client_secret,
            &graph.redirect_url, &graph.authority, &graph.url, &graph.ca}) {
        texts.push_back(text->value);
      }
      texts.emplace_back(graph.send_invitation ? "1" : "0");
    }
    return texts;
  };
  return written(old) != written(fresh);
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
