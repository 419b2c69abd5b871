#include "proxy/forward/forwarder.h"

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <utility>

#include "core/decisions/encoded.h"
#include "proxy/forward/translate.h"
#include "proxy/log.h"

namespace proxy::forward {
namespace {

namespace gate = core::gate;

constexpr std::size_t kOutBytesMax = 64 << 20;

/// The clock that decisions are kept by: the same in all workers.
std::uint64_t cache_now_ms() noexcept { return uv_hrtime() / 1'000'000; }

}  // namespace

struct Forwarder::Call {
  std::shared_ptr<Serving> serving;
  const gate::Connector* connector;
  gate::Asked asked;
  core::mapping::Kept kept;
};

std::string_view Pending::claims() const noexcept {
  return std::string_view(body).substr(0, body.size() - core::claims::kReadPadding);
}

void Pending::renew() noexcept {
  constexpr std::size_t kKeptBytes = 8 << 10;
  std::string kept = std::move(body);
  std::vector<Received> received_room = std::move(received);
  *this = Pending();
  if (kept.capacity() <= kKeptBytes) body = std::move(kept);
  body.clear();
  received_room.clear();
  received = std::move(received_room);
}

Forwarder::Forwarder(uv_loop_t& loop, Shared& shared, Ledger& ledger, const Options& options)
    : loop_(loop),
      shared_(shared),
      ledger_(ledger),
      options_(options),
      mailbox_(*shared.mailboxes[options.worker]),
      tracing_(options.seed),
      out_(kOutBytesMax) {
  timer_ = net::open_uv<uv_timer_t>(
      this, [&](uv_timer_t* timer) { return uv_timer_init(&loop_, timer); });
  spare_.reserve(kSpareMax);
  mailbox_.open(loop_, [this](std::vector<Delivery>& deliveries) {
    for (const Delivery& delivery : deliveries) deliver(delivery);
  });
}

Forwarder::~Forwarder() { close(); }

void Forwarder::close() noexcept {
  if (closed_) return;
  closed_ = true;
  mailbox_.close();
  timer_.reset();
  pending_.clear();
  spare_.clear();
  note_pending();
}

std::unique_ptr<Pending> Forwarder::take_pending() {
  if (spare_.empty()) return std::make_unique<Pending>();
  std::unique_ptr<Pending> pending = std::move(spare_.back());
  spare_.pop_back();
  return pending;
}

void Forwarder::give_back(std::unique_ptr<Pending> pending) noexcept {
  pending->renew();  // now, not when it is used again: it holds an edition
  if (!closed_ && spare_.size() < kSpareMax) spare_.push_back(std::move(pending));
}

void Forwarder::attach(net::Server& server, upstream::Asker& asker) noexcept {
  server_ = &server;
  asker_ = &asker;
}

void Forwarder::use_backends(std::vector<std::string> names) { backends_ = std::move(names); }

void Forwarder::note_pending() noexcept {
  mailbox_.waiting.store(pending_.size(), std::memory_order_release);
}

bool Forwarder::idle() const noexcept {
  return std::all_of(shared_.mailboxes.begin(), shared_.mailboxes.end(), [](const auto& mailbox) {
    return mailbox->waiting.load(std::memory_order_acquire) == 0;
  });
}

bool Forwarder::begin(const net::Exchange& exchange, const gate::Report& report,
                      const std::shared_ptr<Serving>& serving, std::uint64_t began_ns,
                      gate::Fallback& why) noexcept {
  why = gate::Fallback::kPending;
  if (closed_ || asker_ == nullptr || pending_.size() >= options_.pending_max) return false;
  const auto deadline = static_cast<std::uint64_t>(report.connector->deadline.count());
  const std::uint64_t deadline_ms = exchange.began_ms + deadline;
  if (deadline_ms <= now_ms()) {
    why = gate::Fallback::kDeadline;
    return false;
  }
  try {
    std::unique_ptr<Pending> pending = take_pending();
    pending->serving = serving;
    pending->connector = report.connector;
    const std::string_view body = serving->gate.body_read(report.connector, exchange.request);
    pending->body.reserve(body.size() + core::claims::kReadPadding);
    pending->body.assign(body).append(core::claims::kReadPadding, '\0');
    pending->after = core::http::after_answer_to(exchange.request, exchange.close);
    pending->close = exchange.close;
    pending->peer = exchange.peer;
    pending->trace = tracing_.begin(exchange.request);
    pending->began_ns = began_ns;
    pending->deadline_ms = deadline_ms;
    pending->now_s = serving->gate.time();
    pending->wire_bytes = exchange.request.wire_bytes;
    pending->asked = serving->gate.at_hand().asked();
    const std::uint64_t id = next_id_++;
    Pending& waiting = *pending;
    pending_.emplace(id, std::move(pending));
    waiting.ticket = exchange.wait();
    if (waiting.ticket.generation == 0) {
      pending_.erase(id);
      return false;
    }
    note_pending();
    watch_deadline(deadline_ms, id);
    wait_for_landing(id, waiting);
    return true;
  } catch (const std::bad_alloc&) {
    pending_.erase(next_id_ - 1);
    note_pending();
    why = gate::Fallback::kMemory;
    return false;
  }
}

void Forwarder::refresh(const gate::Report& report, std::string_view body,
                        const std::shared_ptr<Serving>& serving) noexcept {
  if (closed_ || asker_ == nullptr) return;
  try {
    // The same claims again, up to the rule, so that the question is made from what it sees.
    gate::Known known;
    known.refresh = report.refresh;
    out_.clear();
    const gate::Report again =
        serving->gate.answer_body(*report.connector, body, core::http::After::kKeepOpen,
                                  ledger_.date(), out_, nullptr, known);
    if (!again.asks || static_cast<std::uint32_t>(again.rule) != report.refresh) return;
    const gate::Asked asked = serving->gate.at_hand().asked();
    if (shared_.flights.join(asked.flight(), std::nullopt)) {
      ask(serving, *report.connector, asked, body, tracing_.begin());
    }
  } catch (const std::bad_alloc&) {  // it stays stale for a while
  }
}

/// The gate's evaluation has just stopped for `pending`.
void Forwarder::wait_for_landing(std::uint64_t id, Pending& pending) {
  telemetry::Counters& counters = *pending.serving->counters;
  const Waiter waiter{&mailbox_, id, pending.asked.rule};
  pending.leads = shared_.flights.join(pending.asked.flight(), waiter);
  counters.count_asked(*pending.connector, !pending.leads);
  if (!pending.leads) return;
  ask(pending.serving, *pending.connector, pending.asked, pending.claims(),
      pending.trace);
  pending.trace = {};  // a second question of the same request has a number of its own
}

/// Asks the backend, for whoever waits for this flight. Never calls anybody back from inside.
void Forwarder::ask(const std::shared_ptr<Serving>& serving, const gate::Connector& connector,
                    const gate::Asked& asked, std::string_view body,
                    const upstream::Trace& trace) noexcept {
  try {
    try_to_ask(serving, connector, asked, body, trace);
  } catch (const std::bad_alloc&) {
    land_unresolved(asked, gate::Fallback::kMemory, true);
  }
}

void Forwarder::try_to_ask(const std::shared_ptr<Serving>& serving,
                           const gate::Connector& connector, const gate::Asked& asked,
                           std::string_view body, const upstream::Trace& trace) {
  core::rules::Evaluation& evaluation = serving->gate.asking();
  // The flight before this one may have landed after the rules looked into the cache.
  for (const auto& [kept, key] :
       {std::pair{asked.by_claims, &asked.claims_key}, std::pair{asked.by_body, &asked.body_key}}) {
    if (!kept) continue;
    const auto found = shared_.cache.peek(*key, cache_now_ms(), evaluation.arena());
    if (found.state != core::decisions::Cache::State::kFresh) continue;
    Landing landing;
    landing.decision = found.decision;
    landing.from_cache = true;
    return land(asked, std::move(landing), true);
  }
  const core::gate::Snapshot& snapshot = serving->gate.snapshot();
  std::size_t number = asked.ask->backend;
  if (number >= backends_.size() || backends_[number] != asked.ask->backend_name) {
    number = static_cast<std::size_t>(
        std::find(backends_.begin(), backends_.end(), asked.ask->backend_name) - backends_.begin());
  }
  if (number == backends_.size()) {
    return land_unresolved(asked, gate::Fallback::kEnding, true);
  }
  core::mapping::Question question;
  Call call{serving, &connector, asked, {}};
  const core::mapping::NotAsked not_asked =
      make_question(snapshot, connector, asked.ask->backend, evaluation, body, question,
                    call.kept);
  if (not_asked != core::mapping::NotAsked::kNone) {
    serving->counters->count_not_asked(asked.ask->backend, not_asked);
    return land_unresolved(asked, gate::Fallback::kBackend, true);
  }
  // An answer behind the connector's deadline is still worth having: it fills the cache.
  const std::uint64_t whole_ms =
      std::max<std::uint64_t>(static_cast<std::uint64_t>(connector.deadline.count()),
                              snapshot.backends[asked.ask->backend].whole_ms);
  asker_->ask(number, std::move(question), now_ms() + whole_ms, trace,
              [this, call = std::move(call)](upstream::Outcome&& outcome) {
                on_outcome(call, std::move(outcome));
              });
}

void Forwarder::on_outcome(const Call& call, upstream::Outcome&& outcome) noexcept {
  if (closed_) return;
  try {
    land(call.asked, landing_of(call, outcome), false);
  } catch (const std::bad_alloc&) {
    land_unresolved(call.asked, gate::Fallback::kMemory, false);
  }
}

/// What an outcome decides, kept for those who come later.
Landing Forwarder::landing_of(const Call& call, const upstream::Outcome& outcome) {
  const gate::Asked& asked = call.asked;
  const std::uint64_t now = cache_now_ms();
  const auto window = static_cast<std::uint64_t>(call.connector->retry_window.count());
  core::decisions::Cache& cache = shared_.cache;
  Landing landing;
  landing.backend_us = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(outcome.duration_us, std::numeric_limits<std::uint32_t>::max()));
  const bool answered = outcome.failure == upstream::Failure::kNone;
  core::mapping::Answer answer;
  if (answered) {
    answer = read_reply(call.serving->gate.snapshot(), asked.ask->backend, outcome, call.kept,
                        options_.worker, reply_room_);
    call.serving->counters->count_reply(asked.ask->backend, answer);
    if (const std::string line = remarks_.line(asked.ask->backend_name, answer, now); !line.empty()) {
      spdlog::warn("backend {}: {}", asked.ask->backend_name, line);
    }
  }
  if (answered && answer.resolved()) {
    const core::decisions::Decision& decision = answer.decision;
    landing.decision = core::decisions::encode(decision);
    const core::decisions::Lifetime& lifetime =
        asked.ask->lifetimes[static_cast<std::size_t>(decision.kind)];
    if (asked.by_claims) cache.put(asked.claims_key, landing.decision, lifetime, now);
    // What is kept for less than the window, or not at all, is kept for the caller's retry.
    if (asked.by_body && !(asked.by_claims && lifetime.fresh_ms >= window)) {
      landing.keep_body_ms = window;
      cache.put(asked.body_key, landing.decision, {window, 0, 0}, now);
    }
  } else {
    landing.why = outcome.failure == upstream::Failure::kEnding ? gate::Fallback::kEnding
                                                                : gate::Fallback::kBackend;
    if (asked.by_claims) cache.put_unresolved(asked.claims_key, asked.ask->unresolved_ms, now);
    // The backend has seen this sign-up: the caller's retry does not show it again.
    if (asked.by_body && outcome.sent) cache.put_unresolved(asked.body_key, window, now);
  }
  return landing;
}

/// Tells everybody who waits. `from_inside`: a request is being answered, so nobody is resumed from
/// here.
void Forwarder::land(const gate::Asked& asked, Landing landing, bool from_inside) {
  tell(asked, std::make_shared<const Landing>(std::move(landing)), from_inside);
}

void Forwarder::land_unresolved(const gate::Asked& asked, gate::Fallback why,
                                bool from_inside) noexcept {
  // Borrowed for ever: this is told where there may be no memory.
  static const auto kLandings = [] {
    std::array<Landing, gate::kFallbackCount> landings;
    for (std::size_t i = 0; i < landings.size(); ++i) {
      landings[i].why = static_cast<gate::Fallback>(i);
    }
    return landings;
  }();
  const Landing& landing = kLandings[static_cast<std::size_t>(why)];
  tell(asked, std::shared_ptr<const Landing>(std::shared_ptr<void>(), &landing), from_inside);
}

void Forwarder::tell(const gate::Asked& asked, const std::shared_ptr<const Landing>& landing,
                     bool from_inside) noexcept {
  for (const Waiter& waiter : shared_.flights.land(asked.flight())) {
    const Delivery delivery{waiter.pending, waiter.rule, landing};
    if (waiter.where == &mailbox_ && !from_inside) {
      deliver(delivery);
    } else {
      waiter.where->post(delivery);
    }
  }
}

void Forwarder::deliver(const Delivery& delivery) noexcept {
  const auto found = pending_.find(delivery.pending);
  if (found == pending_.end()) return;  // its deadline has passed
  Pending& pending = *found->second;
  if (pending.asked.rule != delivery.rule) return;
  const Landing& landing = *delivery.landing;
  // Whoever joined has a body of its own, and a caller that may retry it.
  if (!pending.leads && pending.asked.by_body && landing.keep_body_ms != 0) {
    shared_.cache.put(pending.asked.body_key, landing.decision, {landing.keep_body_ms, 0, 0},
                      cache_now_ms());
  }
  pending.backend_us += landing.backend_us;
  gate::Fallback give_up = gate::Fallback::kNone;
  try {
    pending.received.push_back({delivery.rule,
                                landing.from_cache ? gate::Source::kCache
                                : pending.leads    ? gate::Source::kBackend
                                                   : gate::Source::kJoined,
                                delivery.landing});
  } catch (const std::bad_alloc&) {
    give_up = gate::Fallback::kMemory;
  }
  resume(delivery.pending, give_up);
}

/// Evaluates the request again with what it has; answers it, or has it wait for the next ask rule.
void Forwarder::resume(std::uint64_t id, gate::Fallback give_up) noexcept {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  Pending& pending = *found->second;
  given_.clear();
  try {
    for (const Pending::Received& received : pending.received) {
      given_.push_back(
          {received.rule, received.source, received.landing->decision, received.landing->why});
    }
  } catch (const std::bad_alloc&) {
    give_up = gate::Fallback::kMemory;
  }
  gate::Known known;
  known.given = given_;
  known.give_up = give_up;
  const bool close = pending.close || server_->draining();
  const core::http::After after = close ? core::http::After::kClose : pending.after;
  gate::Gate& gate = pending.serving->gate;
  gate.set_now(cache_now_ms());
  gate.use_time(pending.now_s);
  out_.clear();
  const gate::Report report = gate.answer_body(*pending.connector, pending.claims(), after,
                                               ledger_.date(), out_, nullptr, known);
  if (report.asks) {
    pending.asked = gate.at_hand().asked();
    try {
      return wait_for_landing(id, pending);
    } catch (const std::bad_alloc&) {
      return resume(id, gate::Fallback::kMemory);
    }
  }
  std::unique_ptr<Pending> done = std::move(found->second);
  pending_.erase(found);
  note_pending();
  ledger_.settled(*done, report, out_.size(), !server_->waits(done->ticket));
  // The connection's next request may be evaluated, and begin to wait, inside this.
  server_->complete(done->ticket, out_.view(), close);
  if (report.refresh != gate::Known::kNoRule) refresh(report, done->claims(), done->serving);
  give_back(std::move(done));
}

/// Throws std::bad_alloc before anything has changed.
void Forwarder::watch_deadline(std::uint64_t at_ms, std::uint64_t id) {
  due_.push_back({at_ms, id});
  std::push_heap(due_.begin(), due_.end(), std::greater<>());
  if (timer_at_ms_ != 0 && timer_at_ms_ <= at_ms) return;
  timer_at_ms_ = at_ms;
  const std::uint64_t now = now_ms();
  uv_timer_start(
      timer_.get(),
      [](uv_timer_t* timer) {
        if (timer->data != nullptr) static_cast<Forwarder*>(timer->data)->on_timer();
      },
      at_ms > now ? at_ms - now : 0, 0);
}

void Forwarder::on_timer() noexcept {
  timer_at_ms_ = 0;
  const std::uint64_t now = now_ms();
  while (!due_.empty()) {
    const Due first = due_.front();
    const bool waits = pending_.contains(first.pending);
    if (waits && first.at_ms > now) break;
    std::pop_heap(due_.begin(), due_.end(), std::greater<>());
    due_.pop_back();
    if (waits) resume(first.pending, gate::Fallback::kDeadline);
  }
  if (due_.empty() || timer_at_ms_ != 0) return;
  const Due first = due_.front();
  std::pop_heap(due_.begin(), due_.end(), std::greater<>());
  due_.pop_back();
  watch_deadline(first.at_ms, first.pending);
}

}  // namespace proxy::forward
