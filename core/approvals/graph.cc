#include "core/approvals/graph.h"

#include <simdjson.h>

#include <algorithm>
#include <map>

#include "core/text/json.h"

namespace core::approvals {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;
using text::json_quoted;

/// Members of a request that are no attributes of an account.
constexpr std::string_view kNotAttributes[] = {"email",     "identities", "ui_locales", "uiLocales", "step",
                                               "client_id", "clientId",   "objectId",   "mail",      "userType",
                                               "accountEnabled", "userPrincipalName", "lastName"};

/// Issuers that the approvals page names, with and without ".com" (c.2).
bool is_known_issuer(std::string_view issuer) {
  if (issuer.ends_with(".com")) issuer.remove_suffix(4);
  return issuer == "google" || issuer == "facebook" || issuer == "mail";
}

bool is_attribute(std::string_view name) {
  return std::find(std::begin(kNotAttributes), std::end(kNotAttributes), name) == std::end(kNotAttributes);
}

std::string text_in(const object& from, std::string_view name) {
  std::string_view text;
  return from[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

/// The attributes of the account by name, as JSON text: those of the request, and what rules have set since.
std::map<std::string, std::string> attributes_of(const object& request, const object& set) {
  std::map<std::string, std::string> attributes;
  for (const object& from : {request, set}) {
    for (const auto& [name, value] : from) {
      if (is_attribute(name) && !value.is_null()) attributes[std::string(name)] = simdjson::minify(value);
      // `lastName` after federation is `surname` everywhere else (c.1).
      if (name == "lastName") attributes.emplace("surname", simdjson::minify(value));
    }
  }
  return attributes;
}

void append_members(std::string& json, const std::map<std::string, std::string>& attributes) {
  for (const auto& [name, value] : attributes) {
    if (json.back() != '{') json += ",";
    json.append(json_quoted(name)).append(":").append(value);
  }
}

/// "ines_posteo.net#EXT@woodgrove.onmicrosoft.com"
std::string principal_name(std::string email, const std::string& domain) {
  std::replace(email.begin(), email.end(), '@', '_');
  return email + "#EXT@" + domain;
}

}  // namespace

std::optional<Account> account_of(std::string_view kept, const GraphTerms& terms, std::string& why) {
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(kept);
  element whole;
  object request, set;
  if (parser.parse(padded).get(whole) != simdjson::SUCCESS || whole["request"].get(request) != simdjson::SUCCESS ||
      whole["set"].get(set) != simdjson::SUCCESS) {
    why = "what was kept is no request";
    return std::nullopt;
  }
  const std::string email = text_in(request, "email");
  if (email.empty() || email.find('@') == std::string::npos) {
    why = "the request has no e-mail address";
    return std::nullopt;
  }
  const std::map<std::string, std::string> attributes = attributes_of(request, set);
  Account account;
  simdjson::dom::array identities;
  if (request["identities"].get(identities) != simdjson::SUCCESS || identities.size() == 0) {
    account.is = AccountCase::kInvited;
    account.body = "{\"invitedUserEmailAddress\":" + json_quoted(email) +
                   ",\"inviteRedirectUrl\":" + json_quoted(terms.redirect_url) +
                   ",\"sendInvitationMessage\":" + (terms.send_invitation ? "true" : "false") + "}";
    if (!attributes.empty()) {
      account.attributes = "{";
      append_members(account.attributes, attributes);
      account.attributes += "}";
    }
    return account;
  }
  object identity;
  if (identities.at(0).get(identity) != simdjson::SUCCESS || !is_known_issuer(text_in(identity, "issuer"))) {
    why = "the identity is of none of google.com, facebook.com and mail";
    return std::nullopt;
  }
  account.body = "{\"userPrincipalName\":" + json_quoted(principal_name(email, terms.domain)) +
                 ",\"accountEnabled\":true,\"mail\":" + json_quoted(email) +
                 ",\"userType\":\"Guest\",\"identities\":" + simdjson::minify(identities);
  append_members(account.body, attributes);
  account.body += "}";
  return account;
}

CallOutcome outcome_of(AccountCase is, int status, std::string_view body) {
  if (status >= 200 && status < 300) return CallOutcome::kDone;
  // An account that an earlier try has made, whose answer was lost.
  if (is == AccountCase::kFederated && (status == 400 || status == 409) &&
      (body.find("ObjectConflict") != std::string_view::npos ||
       body.find("ConflictingObjects") != std::string_view::npos ||
       body.find("already exists") != std::string_view::npos)) {
    return CallOutcome::kDone;
  }
  if (status == 0 || status == 401 || status == 408 || status == 429 || status >= 500) return CallOutcome::kRetry;
  return CallOutcome::kRefused;
}

std::string invited_id(std::string_view body) {
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(body);
  element whole;
  std::string_view id;
  if (parser.parse(padded).get(whole) != simdjson::SUCCESS ||
      whole.at_pointer("/invitedUser/id").get(id) != simdjson::SUCCESS) {
    return {};
  }
  const bool plain = !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
  return plain ? std::string(id) : std::string();
}

std::string error_code(std::string_view body) {
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(body);
  element whole;
  std::string_view code;
  if (parser.parse(padded).get(whole) != simdjson::SUCCESS ||
      (whole.at_pointer("/error/code").get(code) != simdjson::SUCCESS &&
       whole["error"].get(code) != simdjson::SUCCESS)) {
    return {};
  }
  std::string word(code.substr(0, 64));
  const auto strange = [](char c) {
    return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
  };
  return std::any_of(word.begin(), word.end(), strange) ? std::string() : word;
}

std::int64_t backoff_s(std::uint32_t attempt) noexcept {
  constexpr std::int64_t kFirst = 5, kMost = 3600;
  std::int64_t wait = kFirst;
  for (std::uint32_t i = 1; i < attempt && wait < kMost; ++i) wait *= 2;
  return std::min(wait, kMost);
}

}  // namespace core::approvals
