#include "core/gate/at_hand.h"

namespace core::gate {
namespace {

constexpr std::string_view kSourceNames[kSourceCount] = {"rules",  "cache",   "stale",
                                                         "joined", "state",   "backend", "otherwise"};
constexpr std::string_view kFallbackNames[kFallbackCount] = {
    "none", "memory", "backend", "remembered", "deadline", "pending", "ending",
    "overload", "connector_pending", "state"};

using State = rules::Decisions::State;
using decisions::Cache;

}  // namespace

std::string_view name(Source source) noexcept {
  return kSourceNames[static_cast<std::size_t>(source)];
}

std::string_view name(Fallback fallback) noexcept {
  return kFallbackNames[static_cast<std::size_t>(fallback)];
}

void AtHand::begin(const AtHandTerms& terms) noexcept {
  body_ = terms.body;
  known_ = terms.known;
  token_step_ = terms.token_step;
  creates_ = terms.creates;
  retry_ms_ = terms.retry_ms;
  waiting_ms_ = terms.waiting_ms;
  counted_size_ = 0;
  has_shared_ = false;
  body_hashed_ = false;
  refresh_rule_ = Known::kNoRule;
  source_ = Source::kRules;
  fallback_ = Fallback::kNone;
  hits_ = stale_hits_ = 0;
}

AtHand::Answer AtHand::give_up(Fallback why) noexcept {
  fallback_ = why;
  return {State::kUnresolved, {}};
}

/// What the cache has under `key`. kAsk: nothing that counts. `stale` says that what was told, or
/// was not told because it is stale, is past its time.
AtHand::Answer AtHand::remembered(const decisions::Key& key, rules::Evaluation& evaluation,
                                  bool stale_too, bool& stale) noexcept {
  const Cache::Found found = cache_->find(key, now_ms_, evaluation.arena());
  switch (found.state) {
    case Cache::State::kMissing:
      break;
    case Cache::State::kUnresolved:
      return {State::kUnresolved, {}};
    case Cache::State::kFresh:
      ++hits_;
      note(Source::kCache);
      return {State::kDecision, found.decision};
    case Cache::State::kStale:
      stale = found.refresh;
      if (!stale_too) break;
      ++stale_hits_;
      note(Source::kStale);
      return {State::kDecision, found.decision};
  }
  return {State::kAsk, {}};
}

AtHand::Answer AtHand::decide(std::uint32_t rule, const rules::Ask& ask,
                              rules::Evaluation& evaluation) noexcept {
  const Given* failed = nullptr;
  for (const Given& given : known_.given) {
    if (given.rule != rule) continue;
    if (given.decision.empty()) {
      failed = &given;
      break;
    }
    note(given.source);
    return {State::kDecision, given.decision};
  }
  const bool may_keep = cache_ != nullptr && (!token_step_ || (ask.keyed && ask.at_token_step));
  asked_ = {&ask, rule, may_keep && ask.keyed, may_keep && retry_ms_ != 0 && ask.remembers_retry, {}, {}, {}};
  if (ask.keyed && !rules::claims_key(ask, seed_, evaluation, asked_.claims_key)) {
    return give_up(Fallback::kMemory);
  }
  const bool last = failed != nullptr || known_.give_up != Fallback::kNone;
  bool wants_refresh = false;
  if (asked_.by_claims) {
    const bool stale_too = last || !(ask.wait_for_fresh || known_.refresh == rule);
    const Answer answer = remembered(asked_.claims_key, evaluation, stale_too, wants_refresh);
    if (answer.state == State::kDecision) {
      if (wants_refresh && !last) refresh_rule_ = rule;
      return answer;
    }
    if (answer.state == State::kUnresolved && !last) return give_up(Fallback::kRemembered);
  }
  if (asked_.by_body || !ask.keyed) asked_.body_key = rules::body_key(ask, seed_, body_hash_, body_);
  if (asked_.by_body && known_.refresh != rule) {
    const Answer answer = remembered(asked_.body_key, evaluation, true, wants_refresh);
    if (answer.state == State::kDecision) return answer;
    if (answer.state == State::kUnresolved && !last) return give_up(Fallback::kRemembered);
  }
  if (evaluation.arena().exhausted()) return give_up(Fallback::kMemory);
  if (failed != nullptr) return give_up(failed->why);
  if (last) return give_up(known_.give_up);
  return {State::kAsk, {}};
}

/// The hash of the body, once a request.
const decisions::Key& AtHand::body_hashed() noexcept {
  if (!body_hashed_) {
    decisions::KeyHash hash(seed_);
    body_hash_.add(hash, body_);
    body_key_ = hash.finish();
    body_hashed_ = true;
  }
  return body_key_;
}

/// How the request is counted at `limit`, whose counter is in `at`.
velocity::Question AtHand::question_of(const rules::Limit& limit, CountedAt& at, bool shared) noexcept {
  // What is evaluated again, because it has waited, is the same request. Where machines share the limit it
  // was given how it was counted.
  const bool again = !shared && (!known_.given.empty() || known_.give_up != Fallback::kNone ||
                                 known_.refresh != Known::kNoRule);
  velocity::Question question;
  question.counter = at.counter;
  question.window_ms = limit.window_ms;
  question.at_most = limit.at_most;
  question.counts_when_over = !limit.accounts;
  question.only_look = limit.accounts && !creates_;
  if (!question.only_look) {
    question.repeat_ms = retry_ms_ != 0 || shared ? retry_ms_ : waiting_ms_;
    question.look_for_repeat = retry_ms_ != 0 || again;
    if (question.repeat_ms != 0) {
      at.request = rules::request_key(limit, body_hashed(), salt_);
      question.request = at.request;
    }
  }
  return question;
}

/// The request at a limit that machines share: what it was given. False: it has to be counted on this machine.
bool AtHand::limit_apart(std::uint32_t rule, const rules::Ask& ask, const velocity::Question& question,
                         CountedAt& at) noexcept {
  for (const Given& given : known_.given) {
    if (given.rule != rule) continue;
    note(given.source);
    if (given.counted == nullptr) {
      fallback_ = given.why;
      at.what.state = State::kUnresolved;
      return true;
    }
    const CountedApart& apart = *given.counted;
    const bool repeated = given.joined || apart.counted.repeated;
    if (at.accounts && !given.joined) {
      at.stamp = apart.counted.stamp;
      at.shared_stamp = apart.stamp;
    }
    at.what = {State::kDecision, apart.counted.over,
               !apart.unknown && !question.only_look && (!apart.counted.over || question.counts_when_over), repeated,
               apart.counted.before, apart.unknown};
    return true;
  }
  if (known_.give_up != Fallback::kNone) {
    const config::WhenAway away = ask.workflow->when_away;
    if (away == config::WhenAway::kLocal) return false;
    if (away == config::WhenAway::kClosed) {
      fallback_ = known_.give_up;
      at.what.state = State::kUnresolved;
    }
    at.what.unknown = away == config::WhenAway::kOpen;
    return true;
  }
  if (known_.refresh != Known::kNoRule) return true;  // it was counted when it was answered
  asked_ = {&ask, rule, false, false, {}, {}, question};
  asked_.body_key = at.request;
  if (question.repeat_ms == 0) {  // nobody's retry: it is not joined either
    asked_.body_key.low += ++next_number_;
    asked_.body_key.high ^= at.counter.low;
  }
  at.what.state = State::kAsk;
  return true;
}

AtHand::Limited AtHand::limit(std::uint32_t rule, const rules::Limit& limit, const rules::Ask* ask,
                              rules::Evaluation& evaluation) noexcept {
  for (std::size_t i = 0; i < counted_size_; ++i) {
    if (counted_[i].limit == limit.number) return counted_[i].what;
  }
  if (counters_ == nullptr || counted_size_ == kLimitsMax) return {};
  CountedAt& at = counted_[counted_size_];
  if (!rules::counter_key(limit, seed_, evaluation, at.counter)) return {};
  at.request = {};
  const bool shared = ask != nullptr && shares_;
  const velocity::Question question = question_of(limit, at, shared);
  at.limit = limit.number;
  at.accounts = limit.accounts;
  at.stamp = at.shared_stamp = 0;
  at.what = {};
  if (shared && limit_apart(rule, *ask, question, at)) [[unlikely]] {
    if (at.what.state == State::kDecision && known_.refresh == Known::kNoRule) {
      ++counted_size_;
      has_shared_ = true;
    }
    return at.what;
  }
  const velocity::Counted counted = counters_->count(question, now_ms_);
  at.stamp = limit.accounts ? counted.stamp : 0;
  at.what = {State::kDecision, counted.over, !question.only_look && (!counted.over || !limit.accounts),
             counted.repeated, counted.before};
  ++counted_size_;
  return at.what;
}

void AtHand::conclude(bool lets_through) noexcept {
  if (lets_through) {
    for (std::size_t i = 0; has_shared_ && i < counted_size_; ++i) counted_[i].shared_stamp = 0;
    return;
  }
  for (std::size_t i = 0; i < counted_size_; ++i) {
    const CountedAt& at = counted_[i];
    if (at.stamp != 0) counters_->take_back(at.counter, at.request, at.stamp);
  }
}

}  // namespace core::gate
