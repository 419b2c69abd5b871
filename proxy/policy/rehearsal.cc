#include "proxy/policy/rehearsal.h"

#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "core/bridge/bodies.h"
#include "core/claims/claims.h"
#include "core/gate/policy.h"
#include "core/gate/told_events.h"
#include "core/http/http_date.h"

namespace proxy::policy {
namespace {

namespace gate = core::gate;
using core::config::ToldVerdict;

constexpr std::size_t kOutBytesMax = 64 << 20;
constexpr std::size_t kCounterBytes = 8 << 20;
constexpr std::string_view kMessageMember = "userMessage";

std::optional<ToldVerdict> verdict_of(gate::Outcome outcome) {
  switch (outcome) {
    case gate::Outcome::kContinue:
      return ToldVerdict::kContinue;
    case gate::Outcome::kBlock:
      return ToldVerdict::kBlock;
    case gate::Outcome::kValidationError:
      return ToldVerdict::kValidationError;
    case gate::Outcome::kFault:
      return ToldVerdict::kFault;
    case gate::Outcome::kBadBody:
      return ToldVerdict::kRefused;
    default:
      return std::nullopt;
  }
}

/// The members of an answer in the dialect of user flows (protocol.md a.6): those of the contract
/// and, of Continue, the claims.
void read_flow_answer(simdjson::dom::object members, Told& told) {
  for (const auto [key, value] : members) {
    if (key == kMessageMember) {
      std::string_view text;
      if (value.get(text) == simdjson::SUCCESS) told.message = text;
    } else if (told.verdict == ToldVerdict::kContinue && key != "version" && key != "action") {
      told.claims.emplace_back(key, simdjson::minify(value));
    }
  }
}

/// The same of an answer to an event (d.5 to d.7): its only action.
void read_event_answer(simdjson::dom::object members, Told& told) {
  simdjson::dom::object action;
  if (members.at_pointer("/data/actions/0").get(action) != simdjson::SUCCESS) return;
  for (const auto [key, value] : action) {
    if (std::string_view text; key == "message" && value.get(text) == simdjson::SUCCESS) {
      told.message = text;
    } else if (key == "inputs" || key == "attributes" || key == "claims") {
      simdjson::dom::object claims;
      if (value.get(claims) != simdjson::SUCCESS) continue;
      for (const auto [name, claim] : claims) told.claims.emplace_back(name, simdjson::minify(claim));
    }
  }
}

void read_answer(std::string_view response, bool event, Told& told) {
  const std::size_t head = response.find("\r\n\r\n");
  if (head == std::string_view::npos) return;
  simdjson::dom::parser parser;
  simdjson::dom::object members;
  const simdjson::padded_string body(response.substr(head + 4));
  if (parser.parse(body).get(members) != simdjson::SUCCESS) return;
  event ? read_event_answer(members, told) : read_flow_answer(members, told);
}

}  // namespace

std::string_view name(ToldVerdict verdict) noexcept {
  switch (verdict) {
    case ToldVerdict::kContinue:
      return "continue";
    case ToldVerdict::kBlock:
      return "block";
    case ToldVerdict::kValidationError:
      return "validation_error";
    case ToldVerdict::kFault:
      return "fault";
    case ToldVerdict::kRefused:
      return "refused";
  }
  return "";
}

std::string canonical_json(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  const simdjson::padded_string padded(text);
  if (parser.parse(padded).get(value) != simdjson::SUCCESS) return std::string(text);
  return simdjson::minify(value);
}

Rehearsal::Rehearsal(std::shared_ptr<const gate::Snapshot> snapshot,
                     std::shared_ptr<const core::lists::Table> lists)
    : gate_(std::move(snapshot), 0, kBodyBytesMax), out_(kOutBytesMax) {
  gate_.adopt_lists(std::move(lists));
  forget_counts();
}

void Rehearsal::forget_counts() {
  if (gate_.snapshot().limits.empty()) return;
  counters_ = std::make_unique<core::velocity::Counters>(kCounterBytes);
  gate_.use_counters(counters_.get());
}

const gate::Connector* Rehearsal::find(std::string_view name) const noexcept {
  for (const gate::Connector& connector : gate_.snapshot().connectors) {
    if (connector.name == name) return &connector;
  }
  return nullptr;
}

Told Rehearsal::ask(const gate::Connector& connector, std::string_view body, std::int64_t now_ms,
                    core::rules::Tracer* tracer, const StandIns* stand_ins) {
  const bool event = connector.terms.dialect == core::config::DialectName::kExtId;
  std::optional<core::bridge::Body> wrapped;  // claims that stand alone, as tests have them
  if (event && !core::bridge::is_event(body)) {
    wrapped = core::bridge::event_request(body, core::bridge::step_in(body));
    if (wrapped) body = wrapped->json;
  }
  padded_.assign(body);
  padded_.append(core::claims::kReadPadding, '\0');
  char date[core::http::kHttpDateBytes];
  core::http::format_http_date(now_ms / 1000, date);
  out_.clear();
  gate_.use_time(now_ms / 1000);
  gate_.set_now(static_cast<std::uint64_t>(std::max<std::int64_t>(now_ms, 0)));
  Told told;
  std::vector<gate::Given> given;
  gate::Known known;
  for (;;) {
    known.given = given;
    told.report = gate_.answer_body(connector, std::string_view(padded_).substr(0, body.size()),
                                    core::http::After::kKeepOpen, {date, sizeof date}, out_, tracer,
                                    known);
    if (!told.report.asks) break;
    const gate::Asked asked = gate_.at_hand().asked();
    const auto stand_in = stand_ins == nullptr ? decltype(stand_ins->decisions.end()){}
                                               : stand_ins->decisions.find(asked.ask->backend_name);
    if (stand_ins != nullptr && stand_in != stand_ins->decisions.end()) {
      given.push_back({asked.rule, gate::Source::kBackend, stand_in->second, gate::Fallback::kBackend});
      continue;
    }
    told.asked = asked.ask->backend_name;
    if (asked.rule != gate::Gate::kCarries) {
      told.asking = connector.program.rules()[asked.rule].name;
    }
    known.give_up = gate::Fallback::kBackend;
  }
  told.verdict = verdict_of(told.report.outcome);
  const auto& rules = connector.program.rules();
  if (told.report.rule >= 0) {
    told.rule = rules[static_cast<std::size_t>(told.report.rule)].name;
  } else if (told.report.rule == core::rules::Verdict::kOtherwise) {
    told.rule = gate::kOtherwiseRule;
  }
  if (told.report.outcome <= gate::Outcome::kFault) {
    for (const std::uint32_t rule : gate_.evaluation().shadowed()) {
      told.shadowed.push_back(rules[rule].name);
    }
    const std::vector<std::string>& tags = connector.program.tags();
    for (std::size_t i = 0; i < tags.size(); ++i) {
      if ((told.report.tags >> i & 1U) != 0) told.tags.push_back(tags[i]);
    }
  }
  gate::each_event(told.report, gate_.evaluation(), [&](std::uint32_t number, std::int32_t) {
    told.events.push_back(snapshot().events[number].name);
  });
  read_answer(out_.view(), event, told);
  return told;
}

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace proxy::policy
