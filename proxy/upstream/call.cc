#include "proxy/upstream/call.h"

#include <uv.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "proxy/net/server.h"
#include "proxy/upstream/backend.h"
#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/switchboard.h"
#include "proxy/upstream/token_source.h"

namespace proxy::upstream {

using net::bump;

namespace {

constexpr std::size_t kKeptBytes = 8 << 10;  // of a question, when nobody asks it any more

/// May another try fare better? Whether it may be made is another matter.
bool worth_another_try(Failure failure) noexcept {
  switch (failure) {
    case Failure::kResolve:
    case Failure::kConnect:
    case Failure::kConnectTimeout:
    case Failure::kTls:
    case Failure::kTimeout:
    case Failure::kClosed:
    case Failure::kProtocol: return true;
    default: return false;
  }
}

}  // namespace

void CallList::push(Call& call) noexcept {
  call.previous_ = last_;
  call.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &call;
  last_ = &call;
  ++size_;
}

void CallList::remove(Call& call) noexcept {
  (call.previous_ != nullptr ? call.previous_->next_ : first_) = call.next_;
  (call.next_ != nullptr ? call.next_->previous_ : last_) = call.previous_;
  call.previous_ = call.next_ = nullptr;
  --size_;
}

Call::Call(Switchboard& board)
    : board_(board),
      deadline_(board.deadlines(), this, [](void* owner) { static_cast<Call*>(owner)->on_due(); }),
      held_(board.memory, net::Memory::For::kBackends) {
  slots_[0].call = slots_[1].call = this;
}

std::string_view Call::bearer() const noexcept {
  const TokenSource* const token = pinned_ == nullptr ? backend_->token() : nullptr;
  return token == nullptr ? std::string_view() : token->token();
}

std::uint64_t Call::try_timeout_ms() const noexcept {
  return pinned_ != nullptr ? pinned_timeout_ms_ : backend_->options().timeout_ms;
}

// --- the way in

void Call::begin(Backend& backend, Endpoint* pinned, core::mapping::Question&& question,
                 std::uint64_t deadline_ms, const Trace& trace, Asker::Done&& done) noexcept {
  backend_ = &backend;
  pinned_ = pinned;
  avoided_ = nullptr;
  std::swap(question_, question);  // the asker may use the last one's memory for its next
  held_.set(question_.body.capacity() + question_.target.capacity() + question_.fields.capacity());
  trace_ = trace;
  done_ = std::move(done);
  deadline_ms_ = deadline_ms;
  asked_us_ = uv_hrtime() / 1000;
  pinned_timeout_ms_ = backend.options().health.timeout_ms;
  hedge_ms_ = 0;
  token_number_ = 0;
  tries_ = 0;
  retries_left_ = backend.options().retries;
  phase_ = Phase::kTrying;
  wanted_ = true;
  sent_ = holds_place_ = token_renewed_ = false;
  ++backend.calls;
  if (pinned_ == nullptr) {
    bump(backend.counters().calls);
    backend.budget().on_call();
  }
}

void Call::start() noexcept {
  if (pinned_ != nullptr) {
    Failure why = Failure::kNoEndpoint;
    if (!launch(slots_[0], why)) give_up(why);
    return;
  }
  if (!backend_->may_admit()) {
    give_up(Failure::kBreakerOpen);
    return;
  }
  if (TokenSource* const token = backend_->token()) {
    switch (token->want(*this)) {
      case TokenSource::Answer::kReady: break;
      case TokenSource::Answer::kWait:
        phase_ = Phase::kToken;
        schedule();
        return;
      case TokenSource::Answer::kNone: give_up(Failure::kCredentials); return;
    }
  }
  admit();
}

void Call::on_token(bool granted) noexcept {
  phase_ = Phase::kTrying;  // it stands in no list
  if (!granted) {
    give_up(Failure::kCredentials);
  } else if (holds_place_) {
    on_turn();  // it had asked before, and the backend wants another token
  } else {
    admit();
  }
}

void Call::admit() noexcept {
  if (backend_->take_place()) {
    on_turn();
  } else if (backend_->enqueue(*this)) {
    phase_ = Phase::kQueued;
    schedule();
  } else {
    give_up(Failure::kQueueFull);
  }
}

void Call::on_turn() noexcept {
  phase_ = Phase::kTrying;
  holds_place_ = true;
  Failure why = Failure::kNoEndpoint;
  if (!launch(slots_[0], why)) give_up(why);
}

void Call::give_up(Failure failure) noexcept {
  Outcome outcome;
  outcome.failure = failure;
  tell(std::move(outcome));
  finish();
}

// --- tries

/// Begins a try. False when none can be made now, and `why`. It may have ended when this returns, and
/// the call with it.
bool Call::launch(Try& slot, Failure& why) noexcept {
  if (pinned_ == nullptr && !backend_->admit()) {
    why = Failure::kBreakerOpen;
    return false;
  }
  Endpoint* const endpoint = pinned_ != nullptr ? pinned_ : backend_->choose(avoided_);
  if (endpoint == nullptr) {
    if (pinned_ == nullptr) backend_->withdraw(backend_->spell());
    why = Failure::kNoEndpoint;
    return false;
  }
  slot.endpoint = endpoint;
  slot.connection = nullptr;
  slot.began_ms = board_.now_ms();
  slot.spell = backend_->spell();
  slot.sent = false;
  slot.state = Try::State::kNone;
  phase_ = Phase::kTrying;
  ++tries_;
  ++endpoint->in_flight;
  bump(endpoint->counters().in_flight);
  if (pinned_ == nullptr) {
    bump(backend_->counters().tries);
    bump(endpoint->counters().tries);
    if (TokenSource* const token = backend_->token()) token_number_ = token->number();
    if (tries_ == 1 && backend_->options().hedge_after_ms && backend_->options().idempotent) {
      hedge_ms_ = slot.began_ms + *backend_->options().hedge_after_ms;
    }
  }
  schedule();
  endpoint->acquire(slot);
  return true;
}

/// The try is over: it is nobody's any more. What it was is in the result.
Call::Ended Call::take_down(Try& slot) noexcept {
  const Ended ended{slot.endpoint, slot.spell, slot.sent};
  sent_ = sent_ || slot.sent;
  --ended.endpoint->in_flight;
  drop(ended.endpoint->counters().in_flight);
  slot.endpoint = nullptr;
  slot.connection = nullptr;
  slot.state = Try::State::kNone;
  if (ended.endpoint->retired()) board_.note_unused();
  return ended;
}

/// Ends a try from our side.
void Call::cut(Try& slot, CloseReason reason) noexcept {
  if (slot.state == Try::State::kWaiting) slot.endpoint->leave(slot);
  if (slot.connection != nullptr) slot.connection->close(reason);
}

void Call::abandon(Try& slot) noexcept {
  if (slot.endpoint == nullptr) return;
  cut(slot, CloseReason::kAbandoned);
  const Ended ended = take_down(slot);
  if (pinned_ == nullptr) backend_->withdraw(ended.spell);
}

void Call::on_answer(Try& slot, Outcome&& answer) noexcept {
  const bool hedge = &slot == &slots_[1];
  const Ended ended = take_down(slot);
  if (pinned_ == nullptr) {
    const int status = answer.status;
    bump(backend_->counters().answers[static_cast<std::size_t>(
        status >= 100 && status < 600 ? status / 100 : 0)]);
    ended.endpoint->on_success();
    // A gateway's way of saying that there is nobody behind it. 500 is not: SOAP 1.1 wants it for every
    // fault, and a backend that finds a request wrong is not down.
    if (status == 502 || status == 503 || status == 504) {
      backend_->on_try_failed(ended.spell);
    } else {
      backend_->on_try_succeeded(ended.spell);
    }
    if (!wanted_) bump(backend_->counters().late);
    if (hedge) bump(backend_->counters().hedges_won);
  }
  for (Try& other : slots_) abandon(other);
  if (answer.status == 401 && try_with_another_token()) return;
  tell(std::move(answer));
  finish();
}

void Call::on_failure(Try& slot, Failure failure) noexcept {
  const Ended ended = take_down(slot);
  if (pinned_ == nullptr) {
    bump(backend_->counters().try_failures[static_cast<std::size_t>(failure)]);
    switch (failure) {
      case Failure::kEnding:
      case Failure::kMemory:
      case Failure::kTooLarge: backend_->withdraw(ended.spell); break;  // it did answer
      case Failure::kResolve:
      case Failure::kConnect:
      case Failure::kConnectTimeout:
      case Failure::kTls: backend_->on_try_failed(ended.spell); break;  // the endpoint knows: once, not for each try
      default:
        ended.endpoint->on_failure();
        backend_->on_try_failed(ended.spell);
    }
  }
  avoided_ = ended.endpoint;
  if (slots_[0].endpoint != nullptr || slots_[1].endpoint != nullptr) {
    schedule();  // the other one may still bring the answer
    return;
  }
  if (retry(failure)) return;
  give_up(failure);
}

bool Call::retry(Failure failure) noexcept {
  if (pinned_ != nullptr || !wanted_ || retries_left_ == 0 || board_.aborted()) return false;
  const BackendOptions& options = backend_->options();
  if (!worth_another_try(failure) || (sent_ && !options.idempotent)) return false;
  if (board_.now_ms() >= deadline_ms_ || !backend_->may_admit()) return false;
  if (!backend_->budget().take()) {
    bump(backend_->counters().budget_spent);
    return false;
  }
  Failure why = Failure::kNone;
  Backend& backend = *backend_;  // the try, and the call with it, may have ended when launch() returns
  --retries_left_;
  if (!launch(slots_[0], why)) {
    backend.budget().give_back();
    return false;
  }
  bump(backend.counters().retries);
  return true;
}

/// A 401 says that the backend has not acted (RFC 9110, 15.5.2), so the question may be asked again
/// with another token, once, whether it is idempotent or not.
bool Call::try_with_another_token() noexcept {
  TokenSource* const token = pinned_ == nullptr ? backend_->token() : nullptr;
  if (token == nullptr || token_renewed_ || !wanted_ || board_.now_ms() >= deadline_ms_) return false;
  token_renewed_ = true;
  switch (token->refused(token_number_, *this)) {
    case TokenSource::Answer::kReady: {
      Failure why = Failure::kNone;
      return launch(slots_[0], why);
    }
    case TokenSource::Answer::kWait:
      phase_ = Phase::kToken;
      schedule();
      return true;
    case TokenSource::Answer::kNone: break;
  }
  return false;
}

void Call::hedge() noexcept {
  hedge_ms_ = 0;
  if (slots_[1].endpoint != nullptr || slots_[0].endpoint == nullptr) return;
  if (backend_->breaker_state() != BreakerState::kClosed) return;
  if (!backend_->budget().take()) {
    bump(backend_->counters().budget_spent);
    return;
  }
  avoided_ = slots_[0].endpoint;
  Failure why = Failure::kNone;
  Backend& backend = *backend_;  // see retry()
  if (launch(slots_[1], why)) {
    bump(backend.counters().hedges);
  } else {
    backend.budget().give_back();
  }
}

// --- time

/// Sets the one deadline to whatever comes first.
void Call::schedule() noexcept {
  std::uint64_t due_ms = wanted_ ? deadline_ms_ : UINT64_MAX;
  for (const Try& slot : slots_) {
    if (slot.endpoint != nullptr) due_ms = std::min(due_ms, slot.began_ms + try_timeout_ms());
  }
  if (hedge_ms_ != 0 && wanted_) due_ms = std::min(due_ms, hedge_ms_);
  if (due_ms == UINT64_MAX) {
    board_.clear(deadline_);
  } else {
    board_.set(deadline_, due_ms);
  }
}

void Call::on_due() noexcept {
  const std::uint64_t now_ms = board_.now_ms();
  if (wanted_ && now_ms >= deadline_ms_) {
    on_deadline();
    return;
  }
  for (Try& slot : slots_) {
    if (slot.endpoint == nullptr || now_ms < slot.began_ms + try_timeout_ms()) continue;
    const Failure failure =
        slot.connection == nullptr ? slot.endpoint->waiting_for() : Failure::kTimeout;
    cut(slot, CloseReason::kTimeout);
    on_failure(slot, failure);  // looks after the rest, and may be the end of the call
    return;
  }
  if (wanted_ && hedge_ms_ != 0 && now_ms >= hedge_ms_) {
    hedge();
    if (phase_ == Phase::kFree) return;
  }
  schedule();
}

/// The asker's time is over. A try that was asked goes on until its own is, so that its connection can
/// be kept; one that waits for a connection has nothing to wait for.
void Call::on_deadline() noexcept {
  Outcome outcome;
  outcome.failure = Failure::kTimeout;
  const Phase phase = phase_;
  if (phase == Phase::kToken) outcome.failure = Failure::kCredentials;
  for (Try& slot : slots_) {
    if (slot.endpoint == nullptr || slot.connection != nullptr) continue;
    outcome.failure = slot.endpoint->waiting_for();
    cut(slot, CloseReason::kTimeout);
    const Ended ended = take_down(slot);
    if (pinned_ == nullptr) {
      bump(backend_->counters().try_failures[static_cast<std::size_t>(outcome.failure)]);
      backend_->on_try_failed(ended.spell);
    }
  }
  for (const Try& slot : slots_) {
    if (slot.endpoint != nullptr) outcome.failure = Failure::kTimeout;
  }
  tell(std::move(outcome));
  drop_unless_trying();
}

void Call::forget() noexcept {
  if (!wanted_) return;
  wanted_ = false;
  done_ = nullptr;
  for (Try& slot : slots_) {
    if (slot.endpoint != nullptr && slot.connection == nullptr) abandon(slot);
  }
  drop_unless_trying();
}

/// Nobody waits any more: the call lasts as long as a try of it that was asked.
void Call::drop_unless_trying() noexcept {
  if (slots_[0].endpoint != nullptr || slots_[1].endpoint != nullptr) {
    schedule();
    return;
  }
  finish();
}

// --- the way out

void Call::tell(Outcome&& outcome) noexcept {
  if (!wanted_) return;
  wanted_ = false;
  for (const Try& slot : slots_) sent_ = sent_ || (slot.endpoint != nullptr && slot.sent);
  outcome.sent = sent_;
  outcome.tries = tries_;
  outcome.duration_us = uv_hrtime() / 1000 - asked_us_;
  if (pinned_ == nullptr) {
    BackendCounters& counters = backend_->counters();
    if (outcome.failure == Failure::kNone) {
      const std::uint64_t us = outcome.duration_us;
      const auto bucket = static_cast<std::size_t>(std::bit_width(us == 0 ? 0 : us - 1));
      bump(counters.buckets[std::min(bucket, BackendCounters::kBuckets - 1)]);
      bump(counters.duration_us, us);
    } else {
      bump(counters.failures[static_cast<std::size_t>(outcome.failure)]);
    }
  }
  board_.tell(id_, std::move(done_), std::move(outcome));
  done_ = nullptr;
}

void Call::finish() noexcept {
  board_.clear(deadline_);
  if (phase_ == Phase::kQueued) backend_->dequeue(*this);
  if (phase_ == Phase::kToken && backend_->token() != nullptr) backend_->token()->leave(*this);
  phase_ = Phase::kFree;
  if (question_.body.capacity() > kKeptBytes) {
    held_.set(held_.bytes() - question_.body.capacity());
    question_.body = std::string();
  }
  Backend& backend = *backend_;
  const bool held = std::exchange(holds_place_, false);
  if (--backend.calls == 0 && backend.retired()) board_.note_unused();
  board_.give_back(*this);  // it may be taken for another question from here on
  if (held) backend.give_place();
}

/// The end has come, or its backend is going: nothing of it goes on.
void Call::end() noexcept {
  for (Try& slot : slots_) abandon(slot);
  give_up(Failure::kEnding);
}

}  // namespace proxy::upstream
