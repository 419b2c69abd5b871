#include "proxy/state/graph_client.h"

#include <simdjson.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "core/text/percent.h"
#include "proxy/curl.h"

namespace proxy::state {
namespace {

namespace approvals = core::approvals;
using approvals::AccountCase;
using approvals::CallOutcome;

constexpr long kTimeoutMs = 20'000;
constexpr std::size_t kAnswerBytesMax = 1 << 20;
constexpr std::size_t kTokenBytesMax = 16 << 10;
constexpr std::int64_t kTokenSlackS = 60, kTokenDefaultS = 300;
constexpr const char* kForm = "application/x-www-form-urlencoded";
constexpr const char* kJson = "application/json";

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return static_cast<const std::atomic<bool>*>(user)->load(std::memory_order_relaxed) ? 1 : 0;
}

void append_form(std::string& form, std::string_view name, std::string_view value) {
  if (!form.empty()) form += "&";
  form.append(name).append("=");
  core::text::append_percent_encoded(form, value);
}

}  // namespace

GraphClient::Answer GraphClient::call(const char* method, const std::string& url, const std::string& body,
                                      const char* type, bool bears) {
  Answer answer;
  const CurlHandle curl(curl_easy_init());
  if (curl == nullptr) return answer;
  CurlFields fields;
  add_field(fields, std::string("Content-type: ") + type);
  std::string bearer = "Authorization: Bearer ";
  if (bears) {
    bearer.append(token_.view());
    add_field(fields, bearer);
  }
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, fields.get());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, kTimeoutMs);
  CurlBody body_of{answer.body, kAnswerBytesMax};
  body_of.receive(curl.get());
  curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&stop_));
  if (!options_.ca.empty()) curl_easy_setopt(curl.get(), CURLOPT_CAINFO, options_.ca.c_str());
  const CURLcode code = curl_easy_perform(curl.get());
  core::wipe(bearer);
  if (code != CURLE_OK) {
    answer.why = curl_easy_strerror(code);
    return answer;
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  answer.why = std::to_string(status);
  if (const std::string word = approvals::error_code(answer.body); !word.empty()) answer.why += " " + word;
  return answer;
}

/// Client credentials (protocol.md c.2).
bool GraphClient::have_token(std::int64_t now_s, std::string& why) {
  if (!token_.empty() && now_s < token_until_s_) return true;
  token_ = {};
  std::string form;
  append_form(form, "grant_type", "client_credentials");
  append_form(form, "client_id", options_.client_id);
  append_form(form, "client_secret", options_.client_secret.view());
  append_form(form, "scope", options_.url + "/.default");
  Answer answer = call("POST", options_.authority + "/" + options_.tenant + "/oauth2/v2.0/token", form, kForm, false);
  core::wipe(form);
  why = "token: " + answer.why;
  if (answer.status != 200) return false;
  simdjson::dom::parser parser;
  simdjson::dom::element read;
  std::string_view token;
  std::int64_t lifetime_s = kTokenDefaultS;
  const bool good = parser.parse(answer.body).get(read) == simdjson::SUCCESS &&
                    read["access_token"].get(token) == simdjson::SUCCESS && !token.empty() &&
                    token.size() <= kTokenBytesMax && std::all_of(token.begin(), token.end(), [](char c) {
                      return c > ' ' && c < '\x7f';
                    });
  if (good) {
    if (read["expires_in"].get(lifetime_s) != simdjson::SUCCESS) lifetime_s = kTokenDefaultS;
    token_ = core::Secret(token);
    token_until_s_ = now_s + std::max<std::int64_t>(lifetime_s - kTokenSlackS, 0);
  } else {
    why = "token: the answer has none";
  }
  core::wipe(answer.body);
  return good;
}

GraphClient::Created GraphClient::judge(AccountCase is, const Answer& answer) {
  Created created{approvals::outcome_of(is, answer.status, answer.body), answer.why};
  if (answer.status == 401) token_ = {};  // the next try has another
  if (created.outcome == CallOutcome::kDone) {
    created.why = is == AccountCase::kInvited        ? "invited"
                  : answer.status / 100 == 2         ? "created"
                                                     : "there already";
  }
  return created;
}

GraphClient::Created GraphClient::create(std::string_view kept, std::int64_t now_s) {
  std::string why;
  const std::optional<approvals::Account> account = approvals::account_of(kept, options_.terms, why);
  if (!account) return {CallOutcome::kRefused, why};
  if (!have_token(now_s, why)) return {CallOutcome::kRetry, why};
  const bool invited = account->is == AccountCase::kInvited;
  const Answer answer =
      call("POST", options_.url + (invited ? "/v1.0/invitations" : "/v1.0/users"), account->body, kJson, true);
  Created created = judge(account->is, answer);
  if (created.outcome != CallOutcome::kDone || !invited || account->attributes.empty()) return created;
  const std::string id = approvals::invited_id(answer.body);
  if (id.empty()) return {CallOutcome::kDone, "invited, without an id to add attributes to"};
  const Answer patched = call("PATCH", options_.url + "/v1.0/users/" + id, account->attributes, kJson, true);
  const CallOutcome outcome = judge(AccountCase::kInvited, patched).outcome;
  if (outcome == CallOutcome::kRetry) return {outcome, "attributes: " + patched.why};  // to invite twice is harmless
  if (outcome == CallOutcome::kRefused) created.why = "invited, attributes refused: " + patched.why;
  return created;
}

}  // namespace proxy::state
