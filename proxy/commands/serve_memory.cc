#include "proxy/commands/serve_memory.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "core/callers/token_verifier.h"
#include "proxy/commands/serve_settings.h"
#include "proxy/log.h"
#include "proxy/net/memory_plan.h"
#include "proxy/state/redis_store.h"
#include "proxy/state/workflows.h"

namespace proxy::commands {
namespace {

namespace config = core::config;

/// What is resident differs a little from start to start.
constexpr std::size_t kSlackMib = 4;

/// What each backend may hold at once, and the largest answer of one.
void add_backends(const std::vector<config::Backend>& backends, net::MemoryNeeds& needs) {
  for (const config::Backend& backend : backends) {
    const auto body = static_cast<std::size_t>(backend.limits.response_bytes);
    const auto head = static_cast<std::size_t>(backend.limits.header_bytes);
    needs.in_flight += static_cast<std::size_t>(backend.limits.in_flight);
    needs.response_bytes = std::max(needs.response_bytes, body);
    needs.answer_bytes = std::max(needs.answer_bytes, body + head);
  }
}

/// What is asked of the state and not answered yet. The change that a question becomes is as large as the question;
/// on its way to a Redis it is a command.
void add_state(const config::Config& written, net::MemoryNeeds& needs) {
  const bool redis = written.state.kind == config::State::Kind::kRedis;
  if (!written.approvals.empty()) needs.question_bytes = (redis ? 1 : 2) * state::Workflows::kBytesMax;
  if (redis) needs.link_bytes = state::kLinkBytesMax + 2 * state::kRedisPageBytes;
}

net::MemoryNeeds needs_of(const Configuration& configuration, bool has_state, std::size_t program_bytes,
                          std::size_t connections) {
  const config::Config& written = configuration.config;
  net::MemoryNeeds needs;
  needs.limits = written.limits;
  needs.workers = configuration.workers;
  needs.connections = connections;
  for (const config::Listener& listener : written.listeners) {
    needs.tls = needs.tls || listener.tls.has_value();
    needs.fronted = needs.fronted || listener.proxy_protocol != config::ProxyProtocol::kOff;
  }
  needs.asks = !configuration.snapshot->backends.empty() || has_state;
  add_backends(written.backends, needs);
  needs.program_bytes = net::resident_bytes();
  needs.reload_bytes = needs.program_bytes - std::min(needs.program_bytes, program_bytes);
  needs.decision_bytes = static_cast<std::size_t>(written.decision_cache_bytes);
  if (!written.token_authorities.empty()) {
    needs.token_bytes = core::callers::TokenVerifier::bytes(token_options(written.limits));
  }
  if (!configuration.snapshot->limits.empty()) {
    needs.counter_bytes = static_cast<std::size_t>(written.limits.velocity);
  }
  add_state(written, needs);
  return needs;
}

void refuse(const Configuration& configuration, std::size_t least_bytes) {
  const config::Mark& at = configuration.config.limits.memory_mark;
  const std::string path(configuration.diagnostics.path(at.file));
  std::fprintf(stderr, "%s:%u:%u: error: too little for the other limits: write memory: %zuMiB, "
               "or less for limits.body_bytes, limits.velocity or decision_cache.bytes\n",
               path.c_str(), at.line, at.column, (least_bytes >> 20) + kSlackMib);
}

}  // namespace

std::optional<std::size_t> plan_memory(const Configuration& configuration, bool has_state,
                                       std::size_t program_bytes, net::ServerLimits& limits) {
  const net::MemoryPlan plan =
      net::plan_memory(needs_of(configuration, has_state, program_bytes, limits.connections_max));
  if (!plan.fits()) {
    refuse(configuration, plan.least);
  } else {
    log::info("memory: at most {} MiB", plan.bytes >> 20);
  }
  for (const std::string& line : plan.lines) log::info("memory: {}", line);
  if (!plan.fits()) return std::nullopt;
  limits.memory = plan.worker;
  return plan.bytes;
}

}  // namespace proxy::commands
