#include "proxy/admin/decision_requests.h"

#include <simdjson.h>

#include <utility>
#include <vector>

#include "core/config/scalars.h"
#include "core/decisions/encoded.h"
#include "proxy/decided_claims.h"
#include "proxy/admin/claims_given.h"
#include "proxy/admin/writing.h"
#include "proxy/state/blocking.h"

namespace proxy::admin {
namespace {

namespace decisions = core::decisions;
namespace gate = core::gate;
namespace http = core::http;
namespace rules = core::rules;

/// One rule whose decisions are kept.
struct Keeps {
  const gate::Connector* connector;
  const rules::Rule* rule;
  const rules::Ask* ask;
};

/// Those of the connector and rule that are named; all when the name is empty.
std::vector<Keeps> keeping(const gate::Snapshot& snapshot, std::string_view connector,
                           std::string_view rule) {
  std::vector<Keeps> all;
  for (const gate::Connector& candidate : snapshot.connectors) {
    if (!connector.empty() && candidate.name != connector) continue;
    for (const rules::Rule& one : candidate.program.rules()) {
      if (one.action != rules::Rule::Action::kAsk) continue;
      const rules::Ask& ask = candidate.program.asks()[one.ask];
      if (ask.keyed && (rule.empty() || one.name == rule)) all.push_back({&candidate, &one, &ask});
    }
  }
  return all;
}

void append_decision(std::string& to, std::string_view encoded) {
  const decisions::Decision decision = decisions::DecisionView(encoded).decode();
  if (decision.kind == rules::VerdictKind::kContinue) {
    to += "{\"continue\":{";
    bool first = true;
    for (const decisions::DecidedClaim& claim : decision.claims) {
      if (!first) to += ",";
      first = false;
      append_json(to, claim.name);
      to += ":";
      if (claim.kind == core::claims::Kind::kString) {
        append_json(to, claim.value);
      } else {
        to += claim.value;
      }
    }
    to += "}}";
    return;
  }
  to += decision.kind == rules::VerdictKind::kBlock ? "{\"block\":" : "{\"validation_error\":";
  if (!decision.message.empty()) {
    append_json(to, decision.message);
  } else {
    to += "{\"text\":";
    append_json(to, decision.text);
    to += "}";
  }
  to += "}";
}

void append_found(std::string& to, const decisions::Cache::Found& found) {
  using State = decisions::Cache::State;
  constexpr std::string_view kStates[] = {"missing", "fresh", "stale", "unresolved"};
  to.append("\"state\":\"").append(kStates[static_cast<std::size_t>(found.state)]).append("\"");
  if (found.state != State::kFresh && found.state != State::kStale) return;
  append_member(to, "fresh_ms", found.left_ms);
  to += ",\"decision\":";
  append_decision(to, found.decision);
}

/// {"continue":{...}}, {"block":"message"} or {"validation_error":"message"}. Empty, or what is
/// wrong.
std::string read_decision(const gate::Snapshot& snapshot, const simdjson::dom::element& element,
                          decisions::Decision& decision) {
  constexpr const char* kWanted =
      "decision: expected {\"continue\":{...}}, {\"block\":\"message\"} or "
      "{\"validation_error\":\"message\"}";
  simdjson::dom::object object;
  if (element.get(object) != simdjson::SUCCESS || object.size() != 1) return kWanted;
  const auto member = *object.begin();
  if (member.key == "continue") {
    simdjson::dom::object claims;
    if (member.value.get(claims) != simdjson::SUCCESS) return kWanted;
    if (!add_claims(claims, decision)) return "decision: a claim is a text, a number, true or false";
    return {};
  }
  decision.kind =
      member.key == "block" ? rules::VerdictKind::kBlock : rules::VerdictKind::kValidationError;
  std::string_view message;
  if ((member.key != "block" && member.key != "validation_error") ||
      member.value.get(message) != simdjson::SUCCESS) {
    return kWanted;
  }
  if (!snapshot.message_numbers.contains(message)) return "decision: there is no such message";
  decision.message = message;
  return {};
}

}  // namespace

std::optional<Reply> DecisionRequests::refuse(const http::Request& request) const {
  if (std::optional<Reply> stranger = access_.refuse(request, "/decisions")) return stranger;
  switch (request.method) {
    case http::Method::kGet:
    case http::Method::kHead:
    case http::Method::kDelete:
      return std::nullopt;
    case http::Method::kPost:
      if (is_json(request.known(http::Known::kContentType))) return std::nullopt;
      return error(415, "the content type must be application/json");
    default:
      break;
  }
  Reply reply = error(405, "this is read by GET, forgotten by DELETE and filled by POST");
  reply.allow = "GET, HEAD, DELETE, POST";
  return reply;
}

Reply DecisionRequests::answer(const http::Request& request) {
  if (std::optional<Reply> refused = refuse(request)) return std::move(*refused);
  if (request.method == http::Method::kPost) return preload(request.body);
  const bool deletes = request.method == http::Method::kDelete;
  if (request.query.empty() && !deletes) return overview();
  return look_or_delete(request.query, deletes);
}

Reply DecisionRequests::overview() const {
  const std::shared_ptr<const gate::Snapshot> snapshot = now_();
  const decisions::CacheFigures figures = shared_.cache.figures();
  std::string json = "{\"bytes_max\":" + std::to_string(shared_.cache.bytes_max());
  append_member(json, "bytes", figures.bytes);
  append_member(json, "entries", figures.entries);
  append_member(json, "hits", figures.hits);
  append_member(json, "stale_hits", figures.stale_hits);
  append_member(json, "misses", figures.misses);
  append_member(json, "insertions", figures.insertions);
  append_member(json, "evictions", figures.evictions);
  append_member(json, "expirations", figures.expirations);
  append_member(json, "questions_under_way", shared_.flights.count());
  json += ",\"rules\":[";
  bool first = true;
  for (const Keeps& keeps : keeping(*snapshot, {}, {})) {
    json += first ? "{\"connector\":" : ",{\"connector\":";
    first = false;
    append_json(json, keeps.connector->name);
    json += ",\"rule\":";
    append_json(json, keeps.rule->name);
    json += ",\"backend\":";
    append_json(json, keeps.ask->backend_name);
    json += "}";
  }
  return {200, json + "]}\n"};
}

/// ?key=HEX, or ?connector=NAME&rule=NAME and the claims that the rule's key names.
Reply DecisionRequests::look_or_delete(std::string_view query, bool deletes) {
  const auto parameters_given = parameters(query);
  if (!parameters_given) return error(400, "a parameter is not percent-encoded");
  const std::shared_ptr<const gate::Snapshot> snapshot = now_();
  std::string connector, rule, claims = "{";
  std::optional<std::string> key_text;
  bool all = false;
  for (const auto& [name, value] : *parameters_given) {
    if (name == "connector") {
      connector = value;
    } else if (name == "rule") {
      rule = value;
    } else if (name == "key") {
      key_text = value;
    } else if (name == "all") {
      all = value == "true";
    } else if (snapshot->names.find(name) == core::claims::kNoName) {
      return error(400, "a parameter is no claim that the configuration names");
    } else {
      append_claim(claims, name, value);
    }
  }
  claims += "}";
  if (deletes && all) return forget_all();
  core::Arena arena(ClaimsGiven::kArenaBytes);
  if (key_text) {
    const std::optional<decisions::Key> key = decisions::key_of_text(*key_text);
    if (!key) return error(400, "a key is 32 hexadecimal digits");
    if (deletes) return forget({*key});
    std::string json = "{";
    append_found(json, shared_.cache.peek(*key, forward::cache_now_ms(), arena));
    return {200, json + "}\n"};
  }
  if (connector.empty()) {
    return error(400, "expected ?key=, or ?connector= and the claims of the rule's key");
  }
  const std::vector<Keeps> rules_kept = keeping(*snapshot, connector, rule);
  if (rules_kept.empty()) {
    return error(404, "no rule of that name keeps decisions; GET /decisions names them");
  }
  ClaimsGiven given(*snapshot);
  if (!given.read(std::move(claims))) return error(400, "a claim is given twice, or is too large");
  std::string json = "{\"decisions\":[";
  std::vector<decisions::Key> doomed;
  for (const Keeps& keeps : rules_kept) {
    const std::optional<decisions::Key> key = given.key(*keeps.ask, shared_.seed);
    if (!key) return error(400, "the claims are too large");
    if (deletes) {
      doomed.push_back(*key);
      continue;
    }
    json += json.back() == '[' ? "{\"rule\":" : ",{\"rule\":";
    append_json(json, keeps.rule->name);
    json += ",\"key\":\"" + decisions::to_text(*key) + "\",";
    arena.reset();
    append_found(json, shared_.cache.peek(*key, forward::cache_now_ms(), arena));
    json += "}";
  }
  if (deletes) return forget(doomed);
  return {200, json + "]}\n"};
}

/// What `here` were forgotten of on this machine the others forget as well, through `elsewhere`.
Reply DecisionRequests::forgotten(std::size_t here, const std::function<void(state::RedisDecisions::Done)>& elsewhere) {
  const std::string json = "{\"deleted\":" + std::to_string(here) + "}\n";
  if (machines_ == nullptr) return {200, json};
  const state::Failure failure = state::wait_for<state::Failure>(elsewhere, state::Failure::kTimeout);
  if (failure == state::Failure::kNone) return {200, json};
  return error(503, "forgotten here, and perhaps not by the other machines: the state is not to be had (" +
                        std::string(state::name(failure)) + ")");
}

Reply DecisionRequests::forget(const std::vector<decisions::Key>& keys) {
  // As many as rules keep decisions of: few. The others are told of so many at once, and no more.
  if (machines_ != nullptr && keys.size() > state::RedisDecisions::kForgottenMax) {
    return error(400, "too many rules at once: say ?rule=");
  }
  std::size_t deleted = 0;
  for (const decisions::Key& key : keys) deleted += shared_.cache.erase(key) ? 1 : 0;
  return forgotten(deleted, [&](state::RedisDecisions::Done done) { machines_->forget(keys, std::move(done)); });
}

Reply DecisionRequests::forget_all() {
  const std::uint64_t entries = shared_.cache.figures().entries;
  shared_.cache.clear();
  return forgotten(entries, [&](state::RedisDecisions::Done done) { machines_->forget_all(std::move(done)); });
}

/// {"decisions":[{"connector":"...","rule":"...","claims":{...},"decision":{...},"ttl":"10m"}]}.
/// All of them, or none when one is wrong.
Reply DecisionRequests::preload(std::string_view body) {
  const std::shared_ptr<const gate::Snapshot> snapshot = now_();
  simdjson::dom::parser parser;
  simdjson::dom::array items;
  simdjson::dom::element document;
  if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS ||
      document["decisions"].get(items) != simdjson::SUCCESS) {
    return error(400,
                 "expected {\"decisions\":[{\"connector\":\"...\",\"rule\":\"...\","
                 "\"claims\":{...},\"decision\":{...},\"ttl\":\"10m\"}]}");
  }
  struct Put {
    decisions::Key key;
    std::string decision;
    decisions::Lifetime lifetime;
  };
  std::vector<Put> puts;
  ClaimsGiven claims(*snapshot);
  for (const simdjson::dom::element item : items) {
    const std::string place = "decisions[" + std::to_string(puts.size()) + "]: ";
    std::string_view connector, rule, ttl;
    simdjson::dom::object claims_given;
    simdjson::dom::element decision_given;
    if (item["connector"].get(connector) != simdjson::SUCCESS ||
        item["rule"].get(rule) != simdjson::SUCCESS ||
        item["claims"].get(claims_given) != simdjson::SUCCESS ||
        item["decision"].get(decision_given) != simdjson::SUCCESS) {
      return error(400, place + "expected connector, rule, claims and decision");
    }
    const std::vector<Keeps> keeps = keeping(*snapshot, connector, rule);
    if (connector.empty() || rule.empty() || keeps.empty()) {
      return error(404, place + "no such rule keeps decisions; GET /decisions names them");
    }
    if (!claims.read(simdjson::minify(claims_given))) return error(400, place + "unusable claims");
    decisions::Decision decision;
    const std::string wrong = read_decision(*snapshot, decision_given, decision);
    if (!wrong.empty()) return error(400, place + wrong);
    decisions::Lifetime lifetime = keeps[0].ask->lifetimes[static_cast<std::size_t>(decision.kind)];
    if (item["ttl"].get(ttl) == simdjson::SUCCESS) {
      const auto time = core::config::parse_duration(ttl);
      if (!time || time.value().count() <= 0) return error(400, place + "ttl: as in \"10m\"");
      lifetime.fresh_ms = static_cast<std::uint64_t>(time.value().count());
      lifetime.jitter = 0;
    }
    if (lifetime.fresh_ms == 0)
      return error(400, place + "the rule keeps no such verdict: say ttl");
    const auto key = claims.key(*keeps[0].ask, shared_.seed);
    if (!key) return error(400, place + "the claims are too large");
    puts.push_back({*key, decisions::encode(decision), lifetime});
  }
  std::size_t kept = 0;
  for (const Put& put : puts) {
    kept += shared_.cache.put(put.key, put.decision, put.lifetime, forward::cache_now_ms()) ? 1 : 0;
    if (machines_ != nullptr) machines_->keep(put.key, put.decision, put.lifetime);
  }
  return {200, "{\"kept\":" + std::to_string(kept) + "}\n"};
}

}  // namespace proxy::admin
