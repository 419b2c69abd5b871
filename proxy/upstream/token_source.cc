#include "proxy/upstream/token_source.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <new>

#include "core/secret.h"
#include "proxy/log.h"
#include "proxy/net/server.h"
#include "proxy/upstream/backend.h"
#include "proxy/upstream/credentials.h"
#include "proxy/upstream/switchboard.h"

namespace proxy::upstream {

using net::bump;

namespace {

constexpr std::uint64_t kBackoffMs = 1'000;
constexpr std::uint64_t kBackoffMsMax = 30'000;
constexpr std::uint64_t kSpareMs = 5'000;  // a token is not used in its last seconds: clocks and ways differ

std::shared_ptr<const BackendList> token_server(const std::string& owner,
                                                const OauthOptions& options) {
  BackendOptions backend;
  backend.name = owner + " token";
  backend.endpoints = {options.endpoint};
  backend.tls = options.tls;
  if (!options.secret_in_body) {
    backend.credentials = basic_credentials(form_encoded(options.client_id),
                                            form_encoded(options.client_secret));
  }
  backend.timeout_ms = TokenSource::kTryMs;
  backend.connect_timeout_ms = TokenSource::kTryMs / 2;
  backend.idempotent = true;  // a token more does no harm
  backend.in_flight_max = backend.connections_max = 1;
  backend.response_bytes_max = 64 << 10;
  auto list = std::make_shared<BackendList>();
  list->push_back(std::move(backend));
  return list;
}

core::mapping::Question question_of(const OauthOptions& options) {
  core::mapping::Question question;
  question.method = "POST";
  question.target = options.target;
  question.fields = "Content-Type: application/x-www-form-urlencoded\r\n";
  question.has_body = true;
  question.body = "grant_type=client_credentials";
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    question.body.append("&").append(name).append("=").append(form_encoded(value));
  };
  add("scope", options.scope);
  add("audience", options.audience);
  if (options.secret_in_body) {
    add("client_id", options.client_id);
    add("client_secret", options.client_secret);
  }
  return question;
}

/// b64token (RFC 6750, 2.1).
bool fit_for_bearer(std::string_view token) noexcept {
  return !token.empty() && token.size() <= TokenSource::kTokenBytesMax &&
         std::all_of(token.begin(), token.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("-._~+/=").find(c) != std::string_view::npos;
         });
}

bool is_bearer(std::string_view type) noexcept {
  constexpr std::string_view kTokenType = "bearer";
  return type.size() == kTokenType.size() &&
         std::equal(type.begin(), type.end(), kTokenType.begin(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

/// An error code of the server's (RFC 6749, 5.2), if it is one: letters and underscores.
std::string error_code(simdjson::dom::element document) {
  std::string_view code;
  if (document["error"].get_string().get(code) != simdjson::SUCCESS || code.size() > 40) return {};
  const bool fit = std::all_of(code.begin(), code.end(),
                               [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return fit ? " (" + std::string(code) + ")" : "";
}

/// How long the token is good: `expires_in`, in seconds. Some servers write the number as a string.
std::uint64_t lifetime_of(simdjson::dom::element document) {
  constexpr double kMost = 1e8;  // seconds: three years
  double seconds = 0;
  std::string_view text;
  if (document["expires_in"].get_string().get(text) == simdjson::SUCCESS) {
    const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (ec != std::errc{} || stop != text.data() + text.size()) return TokenSource::kLifetimeMs;
  } else if (document["expires_in"].get_double().get(seconds) != simdjson::SUCCESS) {
    return TokenSource::kLifetimeMs;
  }
  if (!std::isfinite(seconds)) return TokenSource::kLifetimeMs;
  return static_cast<std::uint64_t>(std::clamp(seconds, 0.0, kMost) * 1000);
}

}  // namespace

TokenSource::TokenSource(Switchboard& board, const Backend& owner)
    : board_(board),
      owner_(owner.options().name),
      counters_(board.counters.backend(owner_)),
      options_(*owner.options().oauth),
      backend_(std::make_unique<Backend>(board, token_server(owner_, options_), 0)),
      refresh_deadline_(
          board.deadlines(), this, [](void* source) { static_cast<TokenSource*>(source)->on_refresh_due(); }) {}

TokenSource::~TokenSource() {
  stop();
  core::wipe(token_);
  board_.retire(std::move(backend_));
}

bool TokenSource::same_as(const OauthOptions& options) const {
  const auto tls = [](const OauthOptions& of) {
    return of.tls == nullptr ? std::string() : of.tls->identity();
  };
  return options.endpoint.name == options_.endpoint.name && options.target == options_.target &&
         tls(options) == tls(options_) && options.client_id == options_.client_id &&
         options.client_secret == options_.client_secret && options.scope == options_.scope &&
         options.audience == options_.audience && options.secret_in_body == options_.secret_in_body;
}

bool TokenSource::valid() const noexcept {
  return !token_.empty() && board_.now_ms() < valid_until_ms_;
}

TokenSource::Answer TokenSource::want(Call& call) noexcept {
  used_ = true;
  if (valid()) {
    if (board_.now_ms() >= refresh_ms_) fetch();  // nobody used it when that was due
    return Answer::kReady;
  }
  fetch();
  if (fetch_id_ == 0) return Answer::kNone;
  waiting_.push(call);
  return Answer::kWait;
}

TokenSource::Answer TokenSource::refused(std::uint64_t number, Call& call) noexcept {
  if (number == number_ && valid_until_ms_ != 0) {  // else its successor is on the way
    const std::uint64_t now_ms = board_.now_ms();
    if (refused_ms_ != 0 && now_ms - refused_ms_ < kRefusedMs) return Answer::kNone;
    refused_ms_ = now_ms;
    valid_until_ms_ = 0;
  }
  return want(call);
}

void TokenSource::on_refresh_due() noexcept {
  if (used_) fetch();  // nobody asks for a token that nobody uses
}

void TokenSource::fetch() noexcept {
  if (fetch_id_ != 0 || board_.ending() || board_.now_ms() < not_before_ms_) return;
  try {
    fetch_id_ = board_.ask(backend_.get(), nullptr, question_of(options_),
                           board_.now_ms() + kFetchMs, {},
                           [this](Outcome&& outcome) { on_fetched(outcome); });
  } catch (const std::bad_alloc&) {
    fetch_id_ = 0;
  }
}

bool TokenSource::take(const Outcome& outcome, std::string& why) {
  if (outcome.failure != Failure::kNone) {
    why = name(outcome.failure);
    return false;
  }
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  const bool json = parser.parse(outcome.body.data(), outcome.body.size()).get(document) == simdjson::SUCCESS;
  if (outcome.status != 200) {
    why = "status " + std::to_string(outcome.status) + (json ? error_code(document) : "");
    return false;
  }
  std::string_view token, type;
  if (!json || document["access_token"].get_string().get(token) != simdjson::SUCCESS ||
      document["token_type"].get_string().get(type) != simdjson::SUCCESS) {
    why = "the answer holds no access_token and token_type";
    return false;
  }
  if (!is_bearer(type) || !fit_for_bearer(token)) {
    why = "the token is no bearer token";
    return false;
  }
  const std::uint64_t lifetime_ms = lifetime_of(document);
  core::wipe(token_);
  token_ = token;
  ++number_;
  used_ = false;
  const std::uint64_t now_ms = board_.now_ms();
  valid_until_ms_ = now_ms + lifetime_ms - std::min(kSpareMs, lifetime_ms / 10);
  const std::uint64_t early_ms = std::min(options_.refresh_early_ms, lifetime_ms / 2);
  refresh_ms_ = now_ms + lifetime_ms - early_ms;
  if (lifetime_ms != 0) {
    board_.set(refresh_deadline_, refresh_ms_);
  } else {
    board_.clear(refresh_deadline_);
    log::warn("backend {}: expires_in of the token is 0 or below: it is not kept", owner_);
  }
  return true;
}

void TokenSource::on_fetched(const Outcome& outcome) noexcept {
  fetch_id_ = 0;
  if (outcome.failure == Failure::kEnding) {
    while (!waiting_.empty()) {
      Call& first = *waiting_.first();
      waiting_.remove(first);
      first.on_token(false);
    }
    return;
  }
  std::string why;
  bool taken = false;
  try {
    taken = take(outcome, why);
  } catch (const std::bad_alloc&) {
    why = "out of memory";
  }
  if (taken) {
    failures_ = 0;
    bump(counters_.tokens);
  } else {
    const std::uint64_t wait_ms = std::min(kBackoffMs << std::min(failures_, 5U), kBackoffMsMax);
    ++failures_;
    not_before_ms_ = board_.now_ms() + wait_ms;
    board_.set(refresh_deadline_, not_before_ms_);
    bump(counters_.token_failures);
    log::warn("backend {}: no token: {}", owner_, why);
  }
  const bool granted = taken || valid();
  if (granted && !waiting_.empty()) used_ = true;
  while (!waiting_.empty()) {
    Call& first = *waiting_.first();
    waiting_.remove(first);
    first.on_token(granted);
  }
}

void TokenSource::release_waiting() noexcept {
  while (!waiting_.empty()) {
    Call& first = *waiting_.first();
    waiting_.remove(first);
    first.on_token(true);
  }
}

void TokenSource::hand_waiting_to(TokenSource& other) noexcept {
  for (std::size_t left = waiting_.size(); left > 0; --left) {
    Call& first = *waiting_.first();
    waiting_.remove(first);
    switch (other.want(first)) {
      case Answer::kReady: first.on_token(true); break;
      case Answer::kNone: first.on_token(false); break;
      case Answer::kWait: break;
    }
  }
}

void TokenSource::stop() noexcept {
  board_.clear(refresh_deadline_);
  if (fetch_id_ != 0 && waiting_.empty()) {
    board_.forget(fetch_id_);
    fetch_id_ = 0;
  }
}

void TokenSource::sweep() noexcept { backend_->sweep(); }

}  // namespace proxy::upstream
