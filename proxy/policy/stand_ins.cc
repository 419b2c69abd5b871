#include "proxy/policy/stand_ins.h"

#include <simdjson.h>

#include <algorithm>
#include <optional>

#include "core/config/diagnostics.h"
#include "core/decisions/encoded.h"
#include "proxy/decided_claims.h"
#include "proxy/state/invitations.h"

namespace proxy::policy {
namespace {

namespace decisions = core::decisions;
namespace config = core::config;

constexpr std::string_view kMask = "****";

std::string read_claims(std::string_view json, decisions::Decision& decision) {
  simdjson::dom::parser parser;
  simdjson::dom::object claims;
  const std::string owned(json);
  if (parser.parse(owned).get(claims) != simdjson::SUCCESS)
    return "expected a JSON object of claims";
  if (!add_claims(claims, decision)) return "a claim is a text, a number, true or false";
  return {};
}

/// What an invitation tells when it finds what `word` says: "used_up". Nothing for another word, or where it is no
/// invitation.
std::optional<decisions::Decision> invitation_refusal(const core::rules::Workflow::Invitation* invitation,
                                                      std::string_view word) {
  const auto& words = config::kInvitationRefusals;
  const auto found = std::find(words.begin(), words.end(), word);
  if (invitation == nullptr || found == words.end()) return std::nullopt;
  return state::refusal_of(*invitation, static_cast<config::InvitationRefusal>(found - words.begin()));
}

void replace_all(std::string& text, std::string_view secret) {
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), kMask);
    at += kMask.size();
  }
}

/// The parts of a text between its places for values.
void hide(std::string& text, const config::Text& written) {
  constexpr std::size_t kShortest = 3;  // shorter ones would blot out half of everything
  if (!written.secret) return;
  for (std::string_view left = written.value; !left.empty();) {
    const std::string_view literal = left.substr(0, left.find('{'));
    if (literal.size() >= kShortest) replace_all(text, literal);
    left.remove_prefix(literal.size());
    const std::size_t close = left.find('}');
    if (close == std::string_view::npos) break;
    left.remove_prefix(close + 1);
  }
}

void hide(std::string& text, const std::vector<std::pair<config::Text, config::Text>>& pairs) {
  for (const auto& [name, value] : pairs) hide(text, value);
}

void hide(std::string& text, const config::JsonTree& tree) {
  hide(text, tree.text);
  hide(text, tree.constant.text);
  for (const auto& [name, value] : tree.members) hide(text, value);
  for (const config::JsonTree& item : tree.items) hide(text, item);
}

}  // namespace

std::string StandIns::add(std::string_view argument, const core::gate::Snapshot& snapshot) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string_view::npos) return "expected NAME=VERDICT, as in crm=continue";
  return add(argument.substr(0, equals), argument.substr(equals + 1), snapshot);
}

std::string StandIns::add(std::string_view backend, std::string_view verdict,
                          const core::gate::Snapshot& snapshot) {
  const std::string name(backend);
  std::vector<std::string_view> known;
  const core::rules::Workflow::Invitation* invitation = nullptr;
  for (const core::gate::Backend& one : snapshot.backends) known.push_back(one.name);
  for (const core::gate::Connector& connector : snapshot.connectors) {
    for (const core::rules::Ask& ask : connector.program.asks()) {
      if (ask.workflow == nullptr || ask.workflow->asks == config::Asks::kLimit) continue;
      known.push_back(ask.backend_name);
      if (ask.backend_name == name && ask.workflow->invitation) invitation = &*ask.workflow->invitation;
    }
  }
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    return "no backend \"" + name + "\": " + config::suggest(name, known);
  }
  const std::string_view kind = verdict.substr(0, verdict.find(':'));
  const std::string_view rest =
      kind.size() == verdict.size() ? std::string_view{} : verdict.substr(kind.size() + 1);
  if (std::optional<decisions::Decision> refused = invitation_refusal(invitation, verdict)) {
    decisions[name] = core::decisions::encode(*refused);
    return {};
  }
  decisions::Decision decision;
  std::string wrong;
  if (kind == "continue") {
    if (!rest.empty()) wrong = read_claims(rest, decision);
  } else if (kind == "block" || kind == "validation_error") {
    decision.kind = kind == "block" ? core::rules::VerdictKind::kBlock
                                    : core::rules::VerdictKind::kValidationError;
    decision.message = rest;
    if (!snapshot.message_numbers.contains(rest)) {
      wrong = "no message \"" + std::string(rest) + "\"";
    }
  } else if (kind == "unresolved" && rest.empty()) {
    decisions[name] = {};
    return {};
  } else {
    wrong = "expected continue, block:MESSAGE, validation_error:MESSAGE or unresolved";
  }
  if (wrong.empty()) decisions[name] = core::decisions::encode(decision);
  return wrong;
}

std::string without_secrets(std::string text, const config::Backend& backend) {
  const config::BackendRequest& request = backend.request;
  hide(text, request.path);
  hide(text, request.text);
  hide(text, request.query);
  hide(text, request.headers);
  hide(text, request.form);
  hide(text, request.json);
  return text;
}

}  // namespace proxy::policy
