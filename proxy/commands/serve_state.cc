#include "proxy/commands/serve_state.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "core/approvals/sealed.h"
#include "proxy/commands/configuration.h"
#include "proxy/log.h"
#include "proxy/state/metrics.h"
#include "proxy/state/redis_scripts.h"
#include "proxy/state/redis_store.h"
#include "proxy/state/sqlite_store.h"
#include "proxy/state/workflows.h"

namespace proxy::commands {
namespace {

using core::config::State;

constexpr std::uint64_t kPassTimeMs = 5'000;
constexpr std::uint64_t kSilenceMsMin = 1'000;

/// Follows from the last of the keys: the one that is there still when another is put in front of it.
core::decisions::Seed seed_of(const core::config::Text& key) {
  const core::Secret derived = core::approvals::derived_key(core::Secret(key.value), "claimgate keys of counters");
  core::decisions::Seed seed;
  std::memcpy(&seed.low, derived.view().data(), sizeof seed.low);
  std::memcpy(&seed.high, derived.view().data() + sizeof seed.low, sizeof seed.high);
  return seed;
}

redis::Options link_options(const State& of, std::shared_ptr<const net::TlsContext> tls) {
  redis::Options options;
  options.host = of.redis.host;
  options.port = of.redis.port;
  options.database = static_cast<unsigned>(of.redis.database);
  options.username = of.redis.username.value;
  options.password = core::Secret(of.redis.password.value);
  options.tls = std::move(tls);
  options.silence_ms = std::max(kSilenceMsMin, static_cast<std::uint64_t>(of.redis.timeout.count()));
  // Behind the store's own: limits and decisions are asked beside it.
  options.queue_max = 2 * static_cast<std::size_t>(of.queue);
  options.queue_bytes_max = state::kLinkBytesMax;
  options.scripts = state::redis_scripts::all();
  for (const redis::Script* script : state::RedisCounters::scripts()) options.scripts.push_back(script);
  return options;
}

}  // namespace

std::string ServeState::open(const core::config::Config& config, std::shared_ptr<const net::TlsContext> tls,
                             state::ApprovalAnnouncer& announcer) {
  const State& of = config.state;
  kind_ = of.kind;
  seed_ = {random_seed(), random_seed()};
  if (of.kind == State::Kind::kNone) return {};
  if (of.kind == State::Kind::kRedis) {
    open_redis(config, std::move(tls));
  } else if (std::string why = open_sqlite(of); !why.empty()) {
    return why;
  }
  std::vector<std::string> keys;
  for (const core::config::Text& key : of.keys) keys.push_back(key.value);
  approvals_ = std::make_unique<state::Approvals>(*store_, keys, &announcer);
  for (std::string& key : keys) core::wipe(key);
  open_accounts(config);
  invitations_ = std::make_unique<state::Invitations>(*store_);
  if (of.kind == State::Kind::kMemory) log::info("state: in memory, gone with this process");
  return {};
}

/// The server may be away: what needs it is answered as `when_away` says, and it is tried again and again.
void ServeState::open_redis(const core::config::Config& config, std::shared_ptr<const net::TlsContext> tls) {
  const State& of = config.state;
  seed_ = seed_of(of.keys.back());
  redis::Options options = link_options(of, std::move(tls));
  log::info("state: {}, keys begin with {{{}}}:", options.name(), of.redis.prefix);
  link_ = std::make_shared<redis::Link>(std::move(options), random_seed());
  state::RedisStoreOptions kept;
  kept.prefix = of.redis.prefix;
  kept.timeout_ms = static_cast<std::uint64_t>(of.redis.timeout.count());
  kept.queue_max = static_cast<std::size_t>(of.queue);
  store_ = state::make_redis_store(link_, kept);
  counters_ = std::make_unique<state::RedisCounters>(link_, kept.prefix, kept.timeout_ms);
  if (!config.decision_cache_redis) return;
  state::RedisDecisionsOptions& wanted = decisions_wanted_.emplace();
  wanted.prefix = kept.prefix;
  wanted.wait_ms = static_cast<std::uint64_t>(config.decision_cache_redis_wait.count());
  wanted.timeout_ms = kept.timeout_ms;
  for (const core::config::Text& key : of.keys) wanted.keys.push_back(key.value);
}

void ServeState::use_shared(forward::Shared& shared) {
  if (counters_ != nullptr) limits_ = std::make_unique<state::Limits>(*counters_, shared.counters);
  if (approvals_ != nullptr) {
    workflows_ = std::make_unique<state::Workflows>(*approvals_, *invitations_, limits_.get());
  }
  if (!decisions_wanted_) return;
  decisions_ = std::make_unique<state::RedisDecisions>(link_, *store_, shared, *std::move(decisions_wanted_));
  decisions_wanted_.reset();
  decisions_->start();
}

std::string ServeState::open_sqlite(const State& of) {
  state::SqliteOptions options;
  options.path = of.sqlite.value;
  options.synchronous =
      of.synchronous == State::Synchronous::kFull ? state::Synchronous::kFull : state::Synchronous::kNormal;
  options.queue_max = static_cast<std::size_t>(of.queue);
  auto store = state::open_sqlite(std::move(options));
  if (!store) return "state: " + store.error();
  store_ = std::move(store).value();
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
  state::add_metrics(metrics, *store_, kind_ == State::Kind::kMemory   ? "memory"
                                       : kind_ == State::Kind::kSqlite ? "sqlite"
                                                                       : "redis");
  state::add_metrics(metrics, *approvals_);
  state::add_metrics(metrics, *invitations_);
  if (link_ != nullptr) state::add_metrics(metrics, *link_);
  if (limits_ != nullptr) state::add_metrics(metrics, *limits_);
  if (decisions_ != nullptr) state::add_metrics(metrics, *decisions_);
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
  if (link_ != nullptr) link_->close();  // what limits and decisions have asked is answered
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
    const State::Redis& redis = of.redis;
    return std::tuple(of.kind, of.sqlite.value, of.synchronous, of.queue, redis.url.value, redis.username.value,
                      redis.password.value, redis.ca.value, redis.certificate.value, redis.certificate_key.value,
                      redis.prefix, redis.timeout);
  };
  const auto same = [](const core::config::Text& one, const core::config::Text& other) {
    return one.value == other.value;
  };
  return written(old) != written(fresh) ||
         !std::equal(old.keys.begin(), old.keys.end(), fresh.keys.begin(), fresh.keys.end(), same);
}

}  // namespace proxy::commands
