#include "proxy/admin/velocity_requests.h"

#include <uv.h>

#include <tuple>
#include <utility>

#include "proxy/admin/claims_given.h"
#include "proxy/admin/state_requests.h"
#include "proxy/admin/writing.h"
#include "proxy/state/blocking.h"

namespace proxy::admin {
namespace {

namespace gate = core::gate;
namespace http = core::http;
namespace rules = core::rules;

constexpr std::string_view kMachinesCounter = "the machines' counter";

void append_limit(std::string& to, const rules::Limit& limit) {
  to += "\"limit\":";
  append_json(to, limit.name);
  to.append(",\"counts\":\"").append(limit.accounts ? "accounts" : "attempts").append("\"");
  if (limit.shared) to += ",\"shared\":true";
  append_member(to, "at_most", limit.at_most);
  append_member(to, "window_ms", limit.window_ms);
}

/// What the Redis has counted, of all machines.
std::pair<state::Failure, core::velocity::Look> look_at(state::RedisCounters& machines, const core::velocity::Key& key,
                                                        std::uint64_t window_ms) {
  using Looked = std::pair<state::Failure, core::velocity::Look>;
  return state::wait_for<Looked>(
      [&](auto done) {
        machines.look(key, window_ms, [done](state::Failure failure, core::velocity::Look look) {
          done({failure, look});
        });
      },
      {state::Failure::kTimeout, {}});
}

}  // namespace

std::optional<Reply> VelocityRequests::refuse(const http::Request& request) const {
  if (std::optional<Reply> stranger = access_.refuse(request, "/velocity")) return stranger;
  switch (request.method) {
    case http::Method::kGet:
    case http::Method::kHead:
    case http::Method::kDelete: return std::nullopt;
    default: break;
  }
  Reply reply = error(405, "this is read by GET and reset by DELETE");
  reply.allow = "GET, HEAD, DELETE";
  return reply;
}

Reply VelocityRequests::answer(const http::Request& request) {
  if (std::optional<Reply> refused = refuse(request)) return std::move(*refused);
  const bool resets = request.method == http::Method::kDelete;
  if (request.query.empty() && !resets) return overview();
  return look_or_reset(request.query, resets);
}

Reply VelocityRequests::overview() const {
  const std::shared_ptr<const gate::Snapshot> snapshot = now_();
  const core::velocity::Figures figures = shared_.counters.figures();
  std::string json = "{\"bytes_max\":" + std::to_string(shared_.counters.bytes_max());
  append_member(json, "bytes", figures.bytes);
  append_member(json, "counters", figures.counters);
  append_member(json, "evictions", figures.evictions);
  append_member(json, "forgotten_retries", figures.forgotten_repeats);
  json += ",\"limits\":[";
  for (const rules::Limit& limit : snapshot->limits) {
    json += limit.number == 0 ? "{" : ",{";
    append_limit(json, limit);
    json += "}";
  }
  return {200, json + "]}\n"};
}

/// The reply when the Redis does not do it.
std::optional<Reply> VelocityRequests::reset_shared(const core::velocity::Key& key, bool& was_there) {
  using Erased = std::pair<state::Failure, bool>;
  const auto [failure, erased] = state::wait_for<Erased>(
      [&](auto done) {
        machines_->erase(key, [done](state::Failure why, bool there) { done({why, there}); });
      },
      {state::Failure::kTimeout, false});
  if (failure != state::Failure::kNone) return unavailable(failure, kMachinesCounter);
  was_there = was_there || erased;
  return std::nullopt;
}

/// ?limit=NAME and the claims that its key names.
Reply VelocityRequests::look_or_reset(std::string_view query, bool resets) {
  const auto given = parameters(query);
  if (!given) return error(400, "a parameter is not percent-encoded");
  const std::shared_ptr<const gate::Snapshot> snapshot = now_();
  std::string name, claims = "{";
  for (const auto& [parameter, value] : *given) {
    if (parameter == "limit") {
      name = value;
    } else if (snapshot->names.find(parameter) == core::claims::kNoName) {
      return error(400, "a parameter is no claim that the configuration names");
    } else {
      append_claim(claims, parameter, value);
    }
  }
  claims += "}";
  const rules::Limit* limit = nullptr;
  for (const rules::Limit& one : snapshot->limits) {
    if (one.name == name) limit = &one;
  }
  if (limit == nullptr) {
    return name.empty() ? error(400, "expected ?limit= and the claims of its key")
                        : error(404, "there is no limit of that name; GET /velocity names them");
  }
  ClaimsGiven read(*snapshot);
  if (!read.read(std::move(claims))) return error(400, "a claim is given twice, or is too large");
  const auto key = read.key(*limit, shared_.seed);
  if (!key) return error(400, "the claims give the limit's key no value, or are too large");
  const bool shared = limit->shared && machines_ != nullptr;
  if (resets) {
    bool was_there = shared_.counters.erase(*key);
    if (shared) {
      if (auto refused = reset_shared(*key, was_there)) return std::move(*refused);
    }
    return {200, was_there ? "{\"reset\":1}\n" : "{\"reset\":0}\n"};
  }
  core::velocity::Look look;
  if (shared) {
    state::Failure failure = state::Failure::kNone;
    std::tie(failure, look) = look_at(*machines_, *key, limit->window_ms);
    if (failure != state::Failure::kNone) return unavailable(failure, kMachinesCounter);
  } else {
    look = shared_.counters.look(*key, limit->window_ms, forward::cache_now_ms());
  }
  std::string json = "{";
  append_limit(json, *limit);
  append_member(json, "count", look.count);
  json.append(",\"reached\":").append(look.count >= limit->at_most ? "true" : "false");
  if (look.found) append_member(json, "oldest_leaves_ms", look.oldest_leaves_ms);
  return {200, json + "}\n"};
}

}  // namespace proxy::admin
