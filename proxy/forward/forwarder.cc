#include "proxy/forward/forwarder.h"

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <utility>

#include "core/decisions/encoded.h"
#include "proxy/forward/forwarder_call.h"
#include "proxy/forward/translate.h"
#include "proxy/forward/workflow_landing.h"
#include "proxy/log.h"

namespace proxy::forward {
namespace {

namespace gate = core::gate;

constexpr std::size_t kOutBytesMax = 64 << 20;
constexpr std::size_t kKeptBytes = 8 << 10;  // of a buffer that is used again

}  // namespace

std::string_view Pending::text() const noexcept {
  return std::string_view(body).substr(0, body.size() - core::claims::kReadPadding);
}

void Pending::renew() noexcept {
  if (body.capacity() > kKeptBytes) std::string().swap(body);
  body.clear();
  claims.clear();
  received.clear();
  serving.reset();
  connector = nullptr;
  id = 0;
  ticket = {};
  trace = {};
  asked = {};
  backend_us = 0;
  held = 0;
  crowd = nullptr;
  leads = close = false;
}

Forwarder::Forwarder(uv_loop_t& loop, Shared& shared, Ledger& ledger, const Options& options)
    : loop_(loop),
      shared_(shared),
      ledger_(ledger),
      options_(options),
      mailbox_(*shared.mailboxes[options.worker]),
      tracing_(options.seed),
      out_(kOutBytesMax) {
  deadlines_.open(loop_);
  spare_.reserve(kSpareMax);
  mailbox_.open(loop_, [this](std::vector<Delivery>& deliveries) {
    for (const Delivery& delivery : deliveries) {
      if (delivery.call != Delivery::kNoCall) {
        found(delivery.call, delivery.pending, delivery.landing);
      } else {
        deliver(delivery);
      }
    }
  });
}

Forwarder::~Forwarder() { close(); }

void Forwarder::close() noexcept {
  if (closed_) return;
  closed_ = true;
  mailbox_.close();
  deadlines_.close();
  for (const auto& pending : slots_) {
    if (pending != nullptr) deadlines_.clear(pending->due);
  }
  slots_.clear();
  free_slots_.clear();
  spare_.clear();
  calls_.clear();
  free_calls_.clear();
  note_pending();
}

std::unique_ptr<Pending> Forwarder::take_pending() {
  if (spare_.empty()) {
    return std::make_unique<Pending>(*this, deadlines_.all(), [](void* owner) {
      Pending& due = *static_cast<Pending*>(owner);
      due.forwarder.resume(due, gate::Fallback::kDeadline);
    });
  }
  std::unique_ptr<Pending> pending = std::move(spare_.back());
  spare_.pop_back();
  return pending;
}

void Forwarder::give_back(std::unique_ptr<Pending> pending) noexcept {
  pending->renew();  // now, not when it is used again: it holds an edition
  if (!closed_ && spare_.size() < kSpareMax) spare_.push_back(std::move(pending));
}

/// It waits from now on. Room was made before.
Pending& Forwarder::admit(std::unique_ptr<Pending> pending) noexcept {
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  pending->id = (next_number_++ << kSlotBits) | slot;
  slots_[slot] = std::move(pending);
  ++*slots_[slot]->crowd;
  server_->memory().change(net::Memory::For::kWaiting, 0, slots_[slot]->held);
  note_pending();
  return *slots_[slot];
}

/// It waits no more: its id, which a landing may still be on its way to, finds nobody.
std::unique_ptr<Pending> Forwarder::dismiss(Pending& pending) noexcept {
  const auto slot = static_cast<std::uint32_t>(pending.id);
  deadlines_.clear(pending.due);
  std::unique_ptr<Pending> gone = std::move(slots_[slot]);
  free_slots_.push_back(slot);
  --*gone->crowd;
  server_->memory().change(net::Memory::For::kWaiting, gone->held, 0);
  note_pending();
  return gone;
}

Pending* Forwarder::find(std::uint64_t id) noexcept {
  const auto slot = static_cast<std::uint32_t>(id);
  if (slot >= slots_.size() || slots_[slot] == nullptr || slots_[slot]->id != id) return nullptr;
  return slots_[slot].get();
}

std::uint32_t Forwarder::take_call() {
  if (free_calls_.empty()) {
    if (free_calls_.capacity() <= calls_.size()) {
      const std::size_t room = 2 * calls_.size() + 16;
      mailbox_.make_room(free_slots_.capacity() + room);
      free_calls_.reserve(room);
    }
    calls_.push_back(std::make_unique<Call>());
    free_calls_.push_back(static_cast<std::uint32_t>(calls_.size() - 1));
  }
  const std::uint32_t number = free_calls_.back();
  free_calls_.pop_back();
  return number;
}

void Forwarder::give_back(std::uint32_t call) noexcept {
  calls_[call]->serving.reset();
  free_calls_.push_back(call);
}

void Forwarder::attach(net::Server& server, upstream::Asker& asker) noexcept {
  server_ = &server;
  asker_ = &asker;
}

void Forwarder::use_backends(std::vector<std::string> names) { backends_ = std::move(names); }

void Forwarder::use_connectors(Serving& serving) {
  const auto& connectors = serving.gate.snapshot().connectors;
  std::vector<std::size_t*> waiting;
  for (const gate::Connector& connector : connectors) waiting.push_back(&crowds_[connector.name]);
  serving.waiting = std::move(waiting);
  // Nobody begins to wait under an older edition, so a count of 0 that is not in this one is nobody's.
  std::erase_if(crowds_, [&](const auto& crowd) {
    return crowd.second == 0 && std::none_of(connectors.begin(), connectors.end(), [&](const auto& connector) {
      return connector.name == crowd.first;
    });
  });
}

void Forwarder::note_pending() noexcept {
  mailbox_.waiting.store(slots_.size() - free_slots_.size(), std::memory_order_release);
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
  if (closed_ || asker_ == nullptr) return false;
  if (slots_.size() - free_slots_.size() >= options_.pending_max) return false;
  std::size_t& crowd = *serving->waiting[report.connector->index];
  if (crowd >= report.connector->pending_max) {
    why = gate::Fallback::kConnectorPending;
    return false;
  }
  const std::string_view body = serving->gate.body_read(report.connector, exchange.request);
  const std::size_t body_bytes = body.size() + core::claims::kReadPadding;
  const std::size_t held = net::Memory::kWaitingBytes + body_bytes;
  if (!server_->memory().fits(net::Memory::For::kWaiting, held)) {
    why = gate::Fallback::kOverload;
    return false;
  }
  const auto deadline = static_cast<std::uint64_t>(report.connector->deadline.count());
  const std::uint64_t deadline_ms = exchange.began_ms + deadline;
  if (deadline_ms <= now_ms()) {
    why = gate::Fallback::kDeadline;
    return false;
  }
  Pending* waits = nullptr;
  try {
    if (free_slots_.empty()) {
      // First, so that no slot is ever without its place among the free ones.
      if (free_slots_.capacity() <= slots_.size()) {
        const std::size_t room = 2 * slots_.size() + 16;
        // A landing that found none would leave whoever waits to their deadline.
        mailbox_.make_room(room + free_calls_.capacity());
        free_slots_.reserve(room);
      }
      slots_.emplace_back();
      free_slots_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
    }
    std::unique_ptr<Pending> pending = take_pending();
    pending->serving = serving;
    pending->connector = report.connector;
    pending->crowd = &crowd;
    pending->body.reserve(body_bytes);
    pending->body.assign(body).append(core::claims::kReadPadding, '\0');
    serving->gate.keep_claims(body, pending->text(), pending->claims);
    pending->after = core::http::after_answer_to(exchange.request, exchange.close);
    pending->close = exchange.close;
    pending->peer = exchange.peer;
    pending->trace = tracing_.begin(exchange.request);
    pending->began_ns = began_ns;
    pending->now_s = serving->gate.time();
    pending->wire_bytes = exchange.request.wire_bytes;
    pending->asked = serving->gate.at_hand().asked();
    pending->ticket = exchange.wait();
    if (pending->ticket.generation == 0) {
      give_back(std::move(pending));
      return false;
    }
    pending->held = held;
    waits = &admit(std::move(pending));
    deadlines_.set(waits->due, deadline_ms);
    wait_for_landing(*waits);
    return true;
  } catch (const std::bad_alloc&) {
    if (waits != nullptr) give_back(dismiss(*waits));
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
void Forwarder::wait_for_landing(Pending& pending) {
  telemetry::Counters& counters = *pending.serving->counters;
  const Waiter waiter{&mailbox_, pending.id, pending.asked.rule};
  pending.leads = shared_.flights.join(pending.asked.flight(), waiter);
  if (pending.asked.ask->workflow == nullptr) counters.count_asked(*pending.connector, !pending.leads);
  if (!pending.leads) return;
  ask(pending.serving, *pending.connector, pending.asked, pending.text(), pending.trace);
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
    const auto landing = std::make_shared<Landing>();
    landing->decision = found.decision;
    landing->from_cache = true;
    tell(asked, landing, true);
    return;
  }
  if (asked.ask->workflow != nullptr) {
    return ask_workflow(connector, asked, evaluation, body, serving->gate.time());
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
  const std::uint32_t mine = take_call();
  Call& call = *calls_[mine];
  try {
    call.serving = serving;
    call.connector = &connector;
    call.asked = asked;
    const core::mapping::NotAsked not_asked =
        make_question(snapshot, connector, asked.ask->backend, evaluation, body, question_,
                      call.kept);
    if (not_asked != core::mapping::NotAsked::kNone) {
      serving->counters->count_not_asked(asked.ask->backend, not_asked);
      give_back(mine);
      return land_unresolved(asked, gate::Fallback::kBackend, true);
    }
    if (!server_->memory().fits(net::Memory::For::kBackends, question_.body.size())) {
      give_back(mine);
      return land_unresolved(asked, gate::Fallback::kOverload, true);
    }
    call.number = number;
    if (look_up(mine, trace)) return;
    ask_backend(mine, trace);
  } catch (...) {
    give_back(mine);
    throw;
  }
}

/// Asks whoever has the state. What it answers does not come back this way: it lands on the thread that
/// has it, in the mailboxes of those who wait.
void Forwarder::ask_workflow(const gate::Connector& connector, const gate::Asked& asked,
                             core::rules::Evaluation& evaluation, std::string_view body,
                             std::int64_t now_s) {
  if (options_.workflows == nullptr) return land_unresolved(asked, gate::Fallback::kState, true);
  auto question = make_workflow_question(asked, connector, evaluation, body, now_s);
  if (!question) return land_unresolved(asked, gate::Fallback::kMemory, true);
  WorkflowFlight flight;
  flight.shared = &shared_;
  flight.flight = asked.flight();
  flight.body_key = asked.body_key;
  flight.by_body = asked.by_body;
  flight.window_ms = question->retry_ms;
  flight.when_away = asked.ask->workflow->when_away;
  options_.workflows->ask(*std::move(question), [flight](const WorkflowAnswer& answer) {
    flight.land(answer, cache_now_ms());
  });
}

void Forwarder::on_outcome(std::uint32_t number, upstream::Outcome&& outcome) noexcept {
  if (closed_) return;
  const Call& call = *calls_[number];
  try {
    const std::shared_ptr<Landing> landing = take_landing();
    settle(call, outcome, *landing);
    if (tell(call.asked, landing, false)) landing_.reset();  // other threads have it
  } catch (const std::bad_alloc&) {
    land_unresolved(call.asked, gate::Fallback::kMemory, false);
  }
  give_back(number);
}

/// As new. The last one's memory when nobody has that any more; only this thread has ever had it.
std::shared_ptr<Landing> Forwarder::take_landing() {
  if (landing_ == nullptr || landing_.use_count() != 1) {
    landing_ = std::make_shared<Landing>();
    return landing_;
  }
  std::string kept = std::move(landing_->decision);
  *landing_ = Landing();
  if (kept.capacity() <= kKeptBytes) landing_->decision = std::move(kept);
  landing_->decision.clear();
  return landing_;
}

/// What an outcome decides, kept for those who come later.
void Forwarder::settle(const Call& call, const upstream::Outcome& outcome, Landing& landing) {
  const gate::Asked& asked = call.asked;
  const std::uint64_t now = cache_now_ms();
  const auto window = static_cast<std::uint64_t>(call.connector->retry_window.count());
  core::decisions::Cache& cache = shared_.cache;
  landing.backend_us = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(outcome.duration_us, std::numeric_limits<std::uint32_t>::max()));
  const bool answered = outcome.failure == upstream::Failure::kNone;
  core::mapping::Answer& answer = answer_;
  if (answered) {
    read_reply(call.serving->gate.snapshot(), asked.ask->backend, outcome, call.kept, options_.worker,
               reply_room_, answer);
    call.serving->counters->count_reply(asked.ask->backend, answer);
    if (const std::string line = remarks_.line(asked.ask->backend_name, answer, now); !line.empty()) {
      log::warn("backend {}: {}", asked.ask->backend_name, line);
    }
  }
  if (answered && answer.resolved()) {
    const core::decisions::Decision& decision = answer.decision;
    core::decisions::encode(decision, landing.decision);
    const core::decisions::Lifetime& lifetime =
        asked.ask->lifetimes[static_cast<std::size_t>(decision.kind)];
    SecondLevel* const level = options_.second_level;
    if (asked.by_claims) {
      cache.put(asked.claims_key, landing.decision, lifetime, now);
      if (level != nullptr && lifetime.fresh_ms != 0) level->keep(asked.claims_key, landing.decision, lifetime);
    }
    // What is kept for less than the window, or not at all, is kept for the caller's retry.
    if (asked.by_body && !(asked.by_claims && lifetime.fresh_ms >= window)) {
      landing.keep_body_ms = window;
      cache.put(asked.body_key, landing.decision, {window, 0, 0}, now);
      if (level != nullptr) level->keep(asked.body_key, landing.decision, {window, 0, 0});
    }
  } else {
    landing.why = outcome.failure == upstream::Failure::kEnding   ? gate::Fallback::kEnding
                  : outcome.failure == upstream::Failure::kMemory ? gate::Fallback::kOverload
                                                                  : gate::Fallback::kBackend;
    remember_unresolved(asked, asked.by_body && outcome.sent ? window : 0, now);
  }
}

/// `window_ms`, unless it is 0: the backend has seen this sign-up, and the caller's retry does not show it again.
void Forwarder::remember_unresolved(const gate::Asked& asked, std::uint64_t window_ms, std::uint64_t now) noexcept {
  const std::uint64_t claims_ms = asked.by_claims ? asked.ask->unresolved_ms : 0;
  for (const auto& [key, for_ms] : {std::pair{&asked.claims_key, claims_ms}, std::pair{&asked.body_key, window_ms}}) {
    if (for_ms == 0) continue;
    shared_.cache.put_unresolved(*key, for_ms, now);
    if (options_.second_level != nullptr) options_.second_level->keep_unresolved(*key, for_ms);
  }
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

/// Tells everybody who waits. `from_inside`: a request is being answered, so nobody is resumed from
/// here.
bool Forwarder::tell(const gate::Asked& asked, const std::shared_ptr<const Landing>& landing,
                     bool from_inside) noexcept {
  bool elsewhere = false;
  for (const Waiter& waiter : shared_.flights.land(asked.flight())) {
    const Delivery delivery{waiter.pending, waiter.rule, landing};
    elsewhere = elsewhere || waiter.where != &mailbox_;
    if (waiter.where == &mailbox_ && !from_inside) {
      deliver(delivery);
    } else {
      waiter.where->post(delivery);
    }
  }
  return elsewhere;
}

void Forwarder::deliver(const Delivery& delivery) noexcept {
  Pending* const found = find(delivery.pending);
  if (found == nullptr) return;  // its deadline has passed
  Pending& pending = *found;
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
                                landing.from_cache   ? gate::Source::kCache
                                : landing.from_state ? gate::Source::kState
                                : pending.leads    ? gate::Source::kBackend
                                                   : gate::Source::kJoined,
                                delivery.landing, !pending.leads});
  } catch (const std::bad_alloc&) {
    give_up = gate::Fallback::kMemory;
  }
  resume(pending, give_up);
}

/// Evaluates the request again with what it has; answers it, or has it wait for the next ask rule.
void Forwarder::resume(Pending& pending, gate::Fallback give_up) noexcept {
  given_.clear();
  try {
    for (const Pending::Received& received : pending.received) {
      given_.push_back(
          {received.rule, received.source, received.landing->decision, received.landing->why,
           received.landing->counted ? &*received.landing->counted : nullptr, received.joined});
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
  gate::Report report = gate.answer_kept(*pending.connector, pending.claims, pending.text(), after,
                                         ledger_.date(), out_, known);
  if (report.asks) {
    pending.asked = gate.at_hand().asked();
    try {
      return wait_for_landing(pending);
    } catch (const std::bad_alloc&) {
      return resume(pending, gate::Fallback::kMemory);
    }
  }
  if (report.limits != 0) take_back(gate.at_hand().counted());
  std::unique_ptr<Pending> done = dismiss(pending);
  const bool waits = ledger_.settled(*done, report, out_, {after, close, !server_->waits(done->ticket)});
  // The connection's next request may be evaluated, and begin to wait, inside this.
  if (!waits) server_->complete(done->ticket, out_.view(), close);
  if (report.refresh != gate::Known::kNoRule) refresh(report, done->text(), done->serving);
  give_back(std::move(done));
}

/// What limits that machines share have counted and does not come to pass.
void Forwarder::take_back(std::span<const gate::CountedAt> counted) noexcept {
  if (options_.workflows == nullptr) return;
  for (const gate::CountedAt& at : counted) {
    if (at.shared_stamp != 0) options_.workflows->take_back(at);
  }
}

}  // namespace proxy::forward
