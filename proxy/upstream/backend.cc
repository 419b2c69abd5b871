#include "proxy/upstream/backend.h"

#include <algorithm>
#include <utility>

#include "proxy/log.h"
#include "proxy/net/server.h"
#include "proxy/upstream/switchboard.h"
#include "proxy/upstream/token_source.h"

namespace proxy::upstream {

using net::bump;

namespace {

/// The same place, spoken to in the same way: its connections can be kept.
bool same_endpoint(const EndpointOptions& one, const EndpointOptions& other) {
  return one.name == other.name && one.host == other.host && one.port == other.port &&
         one.tls == other.tls && one.server_name == other.server_name;
}

const std::string& identity(const std::shared_ptr<const net::TlsContext>& context) {
  static const std::string kNone;
  return context == nullptr ? kNone : context->identity();
}

}  // namespace

Backend::Backend(Switchboard& board, std::shared_ptr<const BackendList> edition, std::size_t index)
    : board_(board),
      counters_(board.counters.backend((*edition)[index].name)),
      breaker_((*edition)[index].breaker),
      budget_((*edition)[index].retry_budget),
      breaker_deadline_(board.deadlines(), this,
                        [](void* backend) { static_cast<Backend*>(backend)->show_breaker(); }) {
  take_options(std::move(edition), index);
}

Backend::~Backend() { board_.clear(breaker_deadline_); }

void Backend::adopt(std::shared_ptr<const BackendList> edition, std::size_t index) {
  breaker_.adopt((*edition)[index].breaker);
  budget_.set_share((*edition)[index].retry_budget);
  board_.clear(breaker_deadline_);
  show_breaker();
  take_options(std::move(edition), index);
}

void Backend::take_options(std::shared_ptr<const BackendList> edition, std::size_t index) {
  const BackendOptions* const before = options_;
  const std::shared_ptr<const BackendList> held = std::exchange(edition_, std::move(edition));
  options_ = &(*edition_)[index];
  const bool same_tls = before != nullptr && identity(before->tls) == identity(options_->tls);

  std::vector<std::unique_ptr<Endpoint>> old;
  old.swap(endpoints_);
  for (const EndpointOptions& wanted : options_->endpoints) {
    const auto kept = std::find_if(old.begin(), old.end(), [&](const auto& one) {
      return one != nullptr && same_endpoint(one->options(), wanted) && (same_tls || !wanted.tls);
    });
    endpoints_.push_back(kept == old.end() ? nullptr : std::move(*kept));
    if (endpoints_.back() != nullptr) endpoints_.back()->adopt(wanted);
  }
  for (auto& gone : old) {
    if (gone == nullptr) continue;
    gone->retire();
    retired_.push_back(std::move(gone));
  }
  // Behind those that are gone: one of them may have the same name, and so the same gauges.
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if (endpoints_[i] != nullptr) continue;
    endpoints_[i] = std::make_unique<Endpoint>(board_, *this, options_->endpoints[i]);
  }
  candidates_.resize(endpoints_.size());

  std::unique_ptr<TokenSource> old_token = std::move(token_);
  if (!options_->oauth) {
    if (old_token != nullptr) old_token->release_waiting();
    return;
  }
  if (old_token != nullptr && old_token->same_as(*options_->oauth)) {
    token_ = std::move(old_token);
    token_->adopt(*options_->oauth);
    return;
  }
  token_ = std::make_unique<TokenSource>(board_, *this);
  if (old_token != nullptr) old_token->hand_waiting_to(*token_);
}

void Backend::retire() noexcept {
  gone_ = true;
  for (auto& endpoint : endpoints_) endpoint->retire();
  board_.note_unused();
}

bool Backend::unused() const noexcept {
  const auto is_unused = [](const auto& endpoint) { return endpoint->unused(); };
  return in_flight_ == 0 && calls == 0 && queue_.empty() &&
         std::all_of(endpoints_.begin(), endpoints_.end(), is_unused) &&
         std::all_of(retired_.begin(), retired_.end(), is_unused);
}

void Backend::sweep() noexcept {
  std::erase_if(retired_, [](const auto& endpoint) { return endpoint->unused(); });
  if (token_ != nullptr) token_->sweep();
}

bool Backend::take_place() noexcept {
  if (in_flight_ >= options_->in_flight_max) return false;
  ++in_flight_;
  bump(counters_.in_flight);
  return true;
}

void Backend::give_place() noexcept {
  --in_flight_;
  drop(counters_.in_flight);
  // Whoever serves the queue looks again. At the end nobody is asked to be told that it is the end.
  if (serving_ || board_.aborted()) return;
  serving_ = true;
  while (!queue_.empty() && take_place()) {
    Call& first = *queue_.first();
    dequeue(first);
    first.on_turn();
  }
  serving_ = false;
}

bool Backend::enqueue(Call& call) noexcept {
  if (queue_.size() >= options_->queue_max) return false;
  queue_.push(call);
  bump(counters_.queued);
  return true;
}

void Backend::dequeue(Call& call) noexcept {
  queue_.remove(call);
  drop(counters_.queued);
}

bool Backend::admit() noexcept {
  const bool admitted = breaker_.admit(board_.now_ms());
  show_breaker();
  return admitted;
}

bool Backend::may_admit() noexcept { return breaker_.would_admit(board_.now_ms()); }

BreakerState Backend::breaker_state() noexcept { return breaker_.state(board_.now_ms()); }

void Backend::show_breaker() noexcept {
  const auto state = static_cast<std::uint64_t>(breaker_.state(board_.now_ms()));
  const std::uint64_t shown = counters_.breaker_state.load(std::memory_order_relaxed);
  if (static_cast<BreakerState>(state) == BreakerState::kOpen && !board_.ending()) {
    // Also when it is shown already: a reload may have put the time off.
    if (!breaker_deadline_.set()) board_.set(breaker_deadline_, breaker_.half_open_ms());
  }
  if (shown == state) return;
  show(counters_.breaker_state, state);
  log::warn("backend {}: the breaker is {}", options_->name,
               name(static_cast<BreakerState>(state)));
}

void Backend::on_try_succeeded(Breaker::Spell of) noexcept {
  breaker_.success(of, board_.now_ms());
  show_breaker();
}

void Backend::on_try_failed(Breaker::Spell of) noexcept {
  const bool opened = breaker_.failure(of, board_.now_ms());
  show_breaker();
  if (!opened) return;
  bump(counters_.breaker_opened);
  // Those who wait for a place would be told so when they get it.
  while (!queue_.empty()) queue_.first()->give_up(Failure::kBreakerOpen);
}

Endpoint* Backend::choose(const Endpoint* avoided) noexcept {
  if (endpoints_.size() == 1) {
    Endpoint& only = *endpoints_.front();
    return only.options().weight > 0 && !only.ejected() ? &only : nullptr;
  }
  const std::uint64_t now_ms = board_.now_ms();
  std::size_t avoid = endpoints_.size();
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    candidates_[i] = endpoints_[i]->candidate(now_ms);
    if (endpoints_[i].get() == avoided) avoid = i;
  }
  const std::size_t chosen = upstream::choose(candidates_, avoid, board_.random);
  return chosen < endpoints_.size() ? endpoints_[chosen].get() : nullptr;
}

bool Backend::can_spare(const Endpoint& one) const noexcept {
  return std::any_of(endpoints_.begin(), endpoints_.end(), [&](const auto& other) {
    return other.get() != &one && !other->ejected() && other->options().weight > 0;
  });
}

const std::shared_ptr<const net::TlsContext>& Backend::tls() const noexcept {
  return options_->tls;
}

void Backend::stop_checks() noexcept {
  for (auto& endpoint : endpoints_) endpoint->stop_checks();
  if (token_ != nullptr) token_->stop();
}

void Backend::close_idle(CloseReason reason) noexcept {
  for (auto& endpoint : endpoints_) endpoint->close_idle(reason);
  if (token_ != nullptr) token_->backend().close_idle(reason);
}

void Backend::close_all(CloseReason reason) noexcept {
  for (auto& endpoint : endpoints_) endpoint->close_all(reason);
  for (auto& endpoint : retired_) endpoint->close_all(reason);
  if (token_ != nullptr) token_->backend().close_all(reason);
}

std::size_t Backend::open_connections() const noexcept {
  std::size_t open = 0;
  for (const auto& endpoint : endpoints_) open += endpoint->open_connections();
  for (const auto& endpoint : retired_) open += endpoint->open_connections();
  if (token_ != nullptr) open += token_->backend().open_connections();
  return open;
}

}  // namespace proxy::upstream
