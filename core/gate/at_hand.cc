#include "core/gate/at_hand.h"

namespace core::gate {
namespace {

constexpr std::string_view kSourceNames[kSourceCount] = {"rules",  "cache",   "stale",
                                                         "joined", "state",   "backend", "otherwise"};
constexpr std::string_view kFallbackNames[kFallbackCount] = {
    "none", "memory", "backend", "remembered", "deadline", "pending", "ending",
    "overload", "state"};

using State = rules::Decisions::State;
using decisions::Cache;

}  // namespace

std::string_view name(Source source) noexcept {
  return kSourceNames[static_cast<std::size_t>(source)];
}

std::string_view name(Fallback fallback) noexcept {
  return kFallbackNames[static_cast<std::size_t>(fallback)];
}

void AtHand::begin(std::string_view body, const Known& known, bool token_step,
                   bool retries) noexcept {
  body_ = body;
  known_ = known;
  token_step_ = token_step;
  retries_ = retries;
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
  asked_ = {&ask, rule, may_keep && ask.keyed, may_keep && retries_ && ask.remembers_retry, {}, {}};
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

}  // namespace core::gate
