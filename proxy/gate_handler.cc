#include "proxy/gate_handler.h"

#include <uv.h>

#include <algorithm>
#include <ctime>
#include <exception>
#include <limits>
#include <string>

#include "core/http/response.h"
#include "proxy/log.h"

namespace proxy {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::uint64_t kNsPerMs = 1'000'000;

std::int64_t wall_clock_ns() noexcept {
  std::timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

std::uint32_t saturated(std::uint64_t value) noexcept {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

GateHandler::GateHandler(Edition edition, std::size_t worker, std::size_t body_bytes_max,
                         telemetry::Metrics& metrics, telemetry::AccessLog& log, double log_sample)
    : worker_(worker),
      body_bytes_max_(body_bytes_max),
      metrics_(metrics),
      log_(log),
      ring_(log.enabled() && log_sample > 0 ? &log.ring(worker) : nullptr),
      sample_(log_sample) {
  serve(edition);
  read_clock(uv_hrtime());
}

GateHandler::~GateHandler() = default;

void GateHandler::serve(const Edition& edition) {
  serving_ = std::make_shared<forward::Serving>(edition.snapshot, edition.generation, worker_,
                                                body_bytes_max_, metrics_);
  serving_->gate.adopt_lists(edition.lists);
  omitted_.begin(edition.snapshot->connectors.size());
  trust_ = edition.trust;
  keys_ = edition.keys;
  if (tokens_ != nullptr) {
    tokens_->adopt(keys_);
    tokens_->forget();
  }
  log_client_subject_ = edition.log_client_subject;
  if (forwarder_ != nullptr) use_forwarder(*forwarder_, *shared_);
}

void GateHandler::use_forwarder(forward::Forwarder& forwarder, forward::Shared& shared) {
  forwarder_ = &forwarder;
  shared_ = &shared;
  serving_->gate.use_cache(&shared.cache, shared.seed);
  serving_->gate.use_counters(&shared.counters);
  if (forwarder.shares_limits()) {
    serving_->gate.share_limits((std::uint64_t{worker_} << 48) ^ (std::uint64_t{serving_->generation} << 32));
  }
  std::vector<std::string> names;
  for (const core::gate::Backend& backend : serving_->gate.snapshot().backends) {
    names.push_back(backend.name);
  }
  forwarder.use_backends(std::move(names));
  forwarder.use_connectors(*serving_);
}

void GateHandler::verify_tokens(const core::callers::TokenVerifier::Options& options,
                                std::function<void()> want_keys) {
  tokens_ = std::make_unique<core::callers::TokenVerifier>(options);
  tokens_->adopt(keys_);
  want_keys_ = std::move(want_keys);
}

void GateHandler::capture_into(capture::Capture* capture, std::size_t worker) {
  capture_ = capture;
  capture_ring_ = capture == nullptr || capture->share() <= 0 ? nullptr : &capture->ring(worker);
  choose_captured();
}

void GateHandler::choose_captured() {
  captured_.clear();
  if (capture_ring_ == nullptr) return;
  for (const core::gate::Connector& connector : serving_->gate.snapshot().connectors) {
    captured_.push_back(capture_->wants(connector.name));
  }
}

/// Hands a request that got a verdict to the capture, when its turn has come.
void GateHandler::capture(const forward::Serving& serving, const core::gate::Report& report,
                          std::string_view body) noexcept {
  if (capture_ring_ == nullptr || report.outcome > core::gate::Outcome::kFault) return;
  // One-time codes and passwords are carried and nothing else.
  if (core::dialects::moment(report.step) == core::dialects::Moment::kApart) return;
  // One that has waited may be of a configuration that is no longer in force.
  const bool wanted = &serving == serving_.get() ? captured_[report.connector->index]
                                                 : capture_->wants(report.connector->name);
  if (!wanted) return;
  captured_share_ += capture_->share();
  if (captured_share_ < 1) return;
  captured_share_ -= 1;
  capture::Record record;
  record.time_us = (static_cast<std::int64_t>(batch_ns_) + wall_offset_ns_) / 1000;
  record.generation = serving.generation;
  record.rule = report.rule;
  record.connector = static_cast<std::uint16_t>(report.connector->index);
  record.step = static_cast<std::uint8_t>(report.step);
  record.outcome = static_cast<std::uint8_t>(report.outcome);
  capture_ring_->push(record, body);
  if (capture_ring_->wants_writer()) capture_->wake();
}

void GateHandler::adopt(Edition edition) {
  if (edition.snapshot.get() == &serving_->gate.snapshot()) {  // only lists or keys have changed
    serving_->gate.adopt_lists(std::move(edition.lists));
    keys_ = std::move(edition.keys);
    if (tokens_ != nullptr) tokens_->adopt(keys_);
    return;
  }
  serve(edition);  // requests that wait keep the one they began with
  choose_captured();
}

void GateHandler::read_clock(std::uint64_t now_ns) noexcept {
  batch_ns_ = now_ns;
  const auto mono = static_cast<std::int64_t>(now_ns);
  if ((mono + wall_offset_ns_) / kNsPerSecond == second_) return;
  // Once a second: a clock that was set is followed within that time.
  wall_offset_ns_ = wall_clock_ns() - mono;
  second_ = (mono + wall_offset_ns_) / kNsPerSecond;
  core::http::format_http_date(second_, date_);
}

void GateHandler::on_batch(std::uint64_t now_ns) noexcept {
  read_clock(now_ns);
  serving_->gate.set_now(now_ns / kNsPerMs);
  serving_->gate.use_time(second_);
}

std::string_view GateHandler::date() noexcept {
  read_clock(uv_hrtime());
  return written_date();
}

void GateHandler::note(const core::gate::Report& report, std::uint32_t generation,
                       const net::PeerAddress& peer, std::size_t bytes_in, std::size_t bytes_out,
                       const Times& times) noexcept {
  if (ring_ == nullptr) return;
  sampled_ += sample_;
  if (sampled_ < 1) return;
  sampled_ -= 1;
  telemetry::AccessRecord record;
  record.time_us = (static_cast<std::int64_t>(times.began_ns) + wall_offset_ns_) / 1000;
  record.duration_us = saturated(times.duration_ns / 1000);
  record.bytes_in = saturated(bytes_in);
  record.bytes_out = saturated(bytes_out);
  record.generation = generation;
  record.rule = report.rule;
  if (report.connector != nullptr) {
    record.connector = static_cast<std::uint16_t>(report.connector->index);
  }
  record.status = static_cast<std::uint16_t>(report.status);
  record.step = static_cast<std::uint8_t>(report.step);
  record.outcome = static_cast<std::uint8_t>(report.outcome);
  record.source = static_cast<std::uint8_t>(report.source);
  record.backend_us = times.backend_us;
  record.peer = peer;
  record.tags = report.tags;
  if (report.shadow.differs) {
    record.shadow = static_cast<std::uint8_t>(1 + static_cast<int>(report.shadow.kind));
    record.shadow_rule = report.shadow.rule;
  }
  ring_->push(record);
  if (ring_->wants_writer()) log_.wake();
}

void GateHandler::count(const forward::Serving& serving, const core::gate::Report& report,
                        std::uint64_t duration_ns) noexcept {
  serving.counters->count(report, duration_ns);
  for (const std::uint32_t rule : serving.gate.evaluation().shadowed()) {
    if (report.outcome <= core::gate::Outcome::kFault) serving.counters->count_shadow(report, rule);
  }
  if (report.tags != 0) serving.counters->count_tags(report, report.tags);
  if (report.limits != 0) serving.counters->count_limits(serving.gate.at_hand().counted());
  if (report.shadow.ran) serving.counters->count_shadow_rules(report);
  if (report.omitted != 0) [[unlikely]] log_omitted(report);
}

/// Claims were left out of an answer (protocol.md e.3): the caller would not say so.
void GateHandler::log_omitted(const core::gate::Report& report) noexcept {
  try {
    const std::string line = omitted_.line(report.connector->index, report.connector->name,
                                           report.omitted, batch_ns_ / kNsPerMs);
    if (!line.empty()) log::warn("{}", line);
  } catch (const std::exception&) {  // no memory for a line
  }
}

/// The rules have come to an ask rule. True: the request waits. False: it was answered.
bool GateHandler::forward(const net::Exchange& exchange, core::gate::Report& report) noexcept {
  core::gate::Known known;
  known.give_up = core::gate::Fallback::kEnding;
  if (forwarder_ != nullptr &&
      forwarder_->begin(exchange, report, serving_, batch_ns_, known.give_up)) {
    return true;
  }
  report = serving_->gate.answer_body(
      *report.connector, serving_->gate.body_read(report.connector, exchange.request),
      core::http::after_answer_to(exchange.request, exchange.close), written_date(), exchange.out,
      nullptr, known);
  return false;
}

core::gate::Caller GateHandler::caller_of(const net::Exchange& exchange) const noexcept {
  return {&exchange.peer, trust_ == nullptr ? nullptr : exchange.certificate(trust_), second_,
          tokens_.get()};
}

/// For how long the caller is barred still.
std::uint64_t GateHandler::barred_ms(const net::Exchange& exchange) noexcept {
  return attempts_ == nullptr ? 0 : attempts_->barred_ms(exchange.peer, batch_ns_ / kNsPerMs);
}

core::gate::Report GateHandler::refuse_barred(const net::Exchange& exchange,
                                              std::uint64_t barred_ms) noexcept {
  return serving_->gate.refuse_barred(exchange.request, written_date(), exchange.close, barred_ms,
                                      exchange.out);
}

/// Counts a token that is no good as a guess, unless it is we who lack its key; says in the log why.
void GateHandler::token_refused(const net::Exchange& exchange,
                                const core::gate::Report& report) noexcept {
  const std::uint64_t now_ms = batch_ns_ / kNsPerMs;
  refusals_.token(now_ms, exchange.peer, report.connector->name, tokens_->fault());
  if (tokens_->blames_caller()) {
    if (attempts_ != nullptr && !exchange.peer.is_loopback()) attempts_->failed(exchange.peer, now_ms);
  } else if (tokens_->fault() == core::callers::TokenFault::kUnknownKey && want_keys_) {
    want_keys_();
  }
}

/// Counts wrong credentials, and says in the log which certificate or token was refused.
void GateHandler::caller_refused(const net::Exchange& exchange, const core::gate::Report& report,
                                 const core::gate::Caller& caller) noexcept {
  using Fault = core::gate::CallerFault;
  const std::uint64_t now_ms = batch_ns_ / kNsPerMs;
  switch (report.fault) {
    case Fault::kNone:
    case Fault::kAddress: return;
    case Fault::kCredentials: {
      // Who shows nothing does not guess: probes of load balancers do it all day.
      const bool guessed = exchange.request.has(core::http::Known::kAuthorization) ||
                           report.connector->callers.challenge().empty();
      if (guessed && attempts_ != nullptr && !exchange.peer.is_loopback()) {
        attempts_->failed(exchange.peer, now_ms);
      }
      return;
    }
    case Fault::kToken: return token_refused(exchange, report);
    case Fault::kNoCertificate:
    case Fault::kCertificateExpired:
    case Fault::kCertificate:
      refusals_.request(now_ms, exchange.peer, report.connector->name, report.fault,
                        caller.certificate, log_client_subject_);
      return;
  }
}

void GateHandler::certificate_refused(const net::PeerAddress& peer, std::string_view why) noexcept {
  refusals_.handshake(uv_hrtime() / kNsPerMs, peer, why);
}

net::Handler::Progress GateHandler::answer(const net::Exchange& exchange) noexcept {
  const std::size_t before = exchange.out.size();
  const std::uint64_t barred = barred_ms(exchange);
  const core::gate::Caller caller = caller_of(exchange);
  core::gate::Report report =
      barred != 0 ? refuse_barred(exchange, barred)
                  : serving_->gate.answer(exchange.request, written_date(), exchange.close,
                                          exchange.out, caller);
  if (report.fault != core::gate::CallerFault::kNone) [[unlikely]] {
    caller_refused(exchange, report, caller);
  }
  if (report.asks && forward(exchange, report)) [[unlikely]] {
    batch_ns_ = uv_hrtime();
    return Progress::kPending;
  }
  const std::size_t written = exchange.out.size() - before;
  bool waits = false;
  if (emitter_ != nullptr || witness_ != nullptr) [[unlikely]] waits = tell_at_once(report, exchange, before);
  const std::uint64_t now_ns = uv_hrtime();
  const std::uint64_t duration_ns = now_ns - batch_ns_;
  count(*serving_, report, duration_ns);
  note(report, serving_->generation, exchange.peer, exchange.request.wire_bytes, written, {batch_ns_, duration_ns});
  if (capture_ring_ != nullptr) {
    capture(*serving_, report, serving_->gate.body_read(report.connector, exchange.request));
  }
  batch_ns_ = now_ns;  // the next request of this read waited for this one, not for its own work
  if (report.refresh != core::gate::Known::kNoRule && forwarder_ != nullptr) [[unlikely]] {
    forwarder_->refresh(report, serving_->gate.body_read(report.connector, exchange.request),
                        serving_);
  }
  return waits ? Progress::kPending : Progress::kAnswered;
}

bool GateHandler::settled(const forward::Pending& pending, core::gate::Report& report,
                          core::http::OutBuffer& out, const forward::Told& told) noexcept {
  const std::size_t bytes_out = out.size();
  const bool gone = told.gone;
  bool waits = false;
  // One that is gone was told nothing; its retry gets the same verdict, and that is told.
  if (!gone && (emitter_ != nullptr || witness_ != nullptr)) {
    waits = tell_later(report, pending, out, told.after, told.close);
  }
  const std::uint64_t duration_ns = uv_hrtime() - pending.began_ns;
  count(*pending.serving, report, duration_ns);
  if (gone) pending.serving->counters->count_gone(*pending.connector);
  note(report, pending.serving->generation, pending.peer, pending.wire_bytes, gone ? 0 : bytes_out,
       {pending.began_ns, duration_ns, pending.backend_us});
  if (!gone) capture(*pending.serving, report, pending.text());
  return waits;
}

bool GateHandler::refuse_early(const net::Exchange& exchange) noexcept {
  const std::size_t before = exchange.out.size();
  core::gate::Report report;
  if (const std::uint64_t barred = barred_ms(exchange); barred != 0) {
    report = refuse_barred(exchange, barred);
  } else {
    const core::gate::Caller caller = caller_of(exchange);
    if (!serving_->gate.refuse_early(exchange.request, written_date(), exchange.out, report, caller)) {
      return false;
    }
    caller_refused(exchange, report, caller);
  }
  serving_->counters->count(report, 0);
  note(report, serving_->generation, exchange.peer, exchange.request.head_bytes,
       exchange.out.size() - before, {batch_ns_, 0});
  return true;
}

void GateHandler::refuse(const core::http::Refusal& refusal, const net::PeerAddress& peer,
                         core::http::OutBuffer& out) noexcept {
  core::http::ErrorAnswer error;
  error.status = refusal.status;
  error.message = refusal.reason;
  error.offset = refusal.offset;
  const std::size_t before = out.size();
  static_cast<void>(core::http::write_error(out, error, written_date()));
  serving_->counters->count_refused(refusal.status);
  core::gate::Report report;
  report.outcome = core::gate::Outcome::kBadRequest;
  report.status = refusal.status;
  note(report, serving_->generation, peer, refusal.offset, out.size() - before, {batch_ns_, 0});
}

void GateHandler::shed(const net::Exchange& exchange) noexcept {
  const std::size_t before = exchange.out.size();
  const core::gate::Report report = serving_->gate.shed(exchange.request, written_date(),
                                                        exchange.out, caller_of(exchange));
  serving_->counters->count(report, 0);
  note(report, serving_->generation, exchange.peer, exchange.request.head_bytes,
       exchange.out.size() - before, {batch_ns_, 0});
}

void GateHandler::overload(core::http::OutBuffer& out) noexcept {
  core::http::ErrorAnswer error;
  error.status = 503;
  error.message = "too busy";
  error.retry_after_s = 1;
  static_cast<void>(core::http::write_error(out, error, written_date()));
}

void GateHandler::timed_out(const net::PeerAddress& peer, core::http::OutBuffer& out) noexcept {
  read_clock(uv_hrtime());
  core::http::ErrorAnswer error;
  error.status = 408;
  error.message = "the request did not arrive in time";
  const std::size_t before = out.size();
  static_cast<void>(core::http::write_error(out, error, written_date()));
  serving_->counters->count_refused(error.status);
  core::gate::Report report;
  report.outcome = core::gate::Outcome::kBadRequest;
  report.status = error.status;
  note(report, serving_->generation, peer, 0, out.size() - before, {batch_ns_, 0});
}

}  // namespace proxy
