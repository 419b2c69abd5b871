#include "proxy/gate_handler.h"

#include <uv.h>

#include <algorithm>
#include <ctime>
#include <limits>

#include "core/http/response.h"

namespace proxy {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

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
    : gate_(edition.snapshot, worker, body_bytes_max),
      generation_(edition.generation),
      metrics_(metrics),
      counters_(metrics.open(edition.snapshot)),
      log_(log),
      ring_(log.enabled() && log_sample > 0 ? &log.ring(worker) : nullptr),
      sample_(log_sample) {
  gate_.adopt_lists(std::move(edition.lists));
  read_clock(uv_hrtime());
}

GateHandler::~GateHandler() { metrics_.close(counters_); }

void GateHandler::capture_into(capture::Capture* capture, std::size_t worker) {
  capture_ = capture;
  capture_ring_ = capture == nullptr || capture->share() <= 0 ? nullptr : &capture->ring(worker);
  choose_captured();
}

void GateHandler::choose_captured() {
  captured_.clear();
  if (capture_ring_ == nullptr) return;
  for (const core::gate::Connector& connector : gate_.snapshot().connectors) {
    captured_.push_back(capture_->wants(connector.name));
  }
}

/// Hands a request that got a verdict to the capture, when its turn has come.
void GateHandler::capture(const core::gate::Report& report, std::string_view body) noexcept {
  if (report.outcome > core::gate::Outcome::kFault || !captured_[report.connector->index]) return;
  captured_share_ += capture_->share();
  if (captured_share_ < 1) return;
  captured_share_ -= 1;
  capture::Record record;
  record.time_us = (static_cast<std::int64_t>(batch_ns_) + wall_offset_ns_) / 1000;
  record.generation = generation_;
  record.rule = report.rule;
  record.connector = static_cast<std::uint16_t>(report.connector->index);
  record.step = static_cast<std::uint8_t>(report.step);
  record.outcome = static_cast<std::uint8_t>(report.outcome);
  capture_ring_->push(record, body);
  if (capture_ring_->wants_writer()) capture_->wake();
}

void GateHandler::adopt(Edition edition) {
  if (edition.snapshot.get() == &gate_.snapshot()) {  // only lists have changed
    gate_.adopt_lists(std::move(edition.lists));
    return;
  }
  gate_.adopt(edition.snapshot);
  gate_.adopt_lists(std::move(edition.lists));
  generation_ = edition.generation;
  choose_captured();
  telemetry::Counters* const old = counters_;
  counters_ = metrics_.open(std::move(edition.snapshot));
  metrics_.close(old);
}

void GateHandler::read_clock(std::uint64_t now_ns) noexcept {
  batch_ns_ = now_ns;
  const auto mono = static_cast<std::int64_t>(now_ns);
  if ((mono + wall_offset_ns_) / kNsPerSecond == second_) return;
  // Once a second: a clock that was set is followed within that time.
  wall_offset_ns_ = wall_clock_ns() - mono;
  second_ = (mono + wall_offset_ns_) / kNsPerSecond;
  core::http::format_http_date(second_, date_);
  gate_.use_time(second_);
}

void GateHandler::on_batch(std::uint64_t now_ns) noexcept { read_clock(now_ns); }

void GateHandler::note(const core::gate::Report& report, const net::PeerAddress& peer,
                       std::size_t bytes_in, std::size_t bytes_out,
                       std::uint64_t duration_ns) noexcept {
  if (ring_ == nullptr) return;
  sampled_ += sample_;
  if (sampled_ < 1) return;
  sampled_ -= 1;
  telemetry::AccessRecord record;
  record.time_us = (static_cast<std::int64_t>(batch_ns_) + wall_offset_ns_) / 1000;
  record.duration_us = saturated(duration_ns / 1000);
  record.bytes_in = saturated(bytes_in);
  record.bytes_out = saturated(bytes_out);
  record.generation = generation_;
  record.rule = report.rule;
  if (report.connector != nullptr) {
    record.connector = static_cast<std::uint16_t>(report.connector->index);
  }
  record.status = static_cast<std::uint16_t>(report.status);
  record.step = static_cast<std::uint8_t>(report.step);
  record.outcome = static_cast<std::uint8_t>(report.outcome);
  record.peer = peer;
  record.tags = report.outcome <= core::gate::Outcome::kFault ? gate_.evaluation().tags() : 0;
  if (report.shadow.differs) {
    record.shadow = static_cast<std::uint8_t>(1 + static_cast<int>(report.shadow.kind));
    record.shadow_rule = report.shadow.rule;
  }
  ring_->push(record);
  if (ring_->wants_writer()) log_.wake();
}

void GateHandler::answer(const net::Exchange& exchange) noexcept {
  const std::size_t before = exchange.out.size();
  const core::gate::Report report =
      gate_.answer(exchange.request, date(), exchange.close, exchange.out);
  const std::uint64_t now_ns = uv_hrtime();
  const std::uint64_t duration_ns = now_ns - batch_ns_;
  counters_->count(report, duration_ns);
  for (const std::uint32_t rule : gate_.evaluation().shadowed()) {
    if (report.outcome <= core::gate::Outcome::kFault) counters_->count_shadow(report, rule);
  }
  if (const std::uint64_t tags = gate_.evaluation().tags(); tags != 0) {
    if (report.outcome <= core::gate::Outcome::kFault) counters_->count_tags(report, tags);
  }
  if (report.shadow.ran) counters_->count_shadow_rules(report);
  note(report, exchange.peer, exchange.request.wire_bytes, exchange.out.size() - before,
       duration_ns);
  if (capture_ring_ != nullptr) capture(report, exchange.request.body);
  batch_ns_ = now_ns;  // the next request of this read waited for this one, not for its own work
}

bool GateHandler::refuse_early(const net::Exchange& exchange) noexcept {
  const std::size_t before = exchange.out.size();
  core::gate::Report report;
  if (!gate_.refuse_early(exchange.request, date(), exchange.out, report)) return false;
  counters_->count(report, 0);
  note(report, exchange.peer, exchange.request.head_bytes, exchange.out.size() - before, 0);
  return true;
}

void GateHandler::refuse(const core::http::Refusal& refusal, const net::PeerAddress& peer,
                         core::http::OutBuffer& out) noexcept {
  core::http::ErrorAnswer error;
  error.status = refusal.status;
  error.message = refusal.reason;
  error.offset = refusal.offset;
  const std::size_t before = out.size();
  static_cast<void>(core::http::write_error(out, error, date()));
  counters_->count_refused(refusal.status);
  core::gate::Report report;
  report.outcome = core::gate::Outcome::kBadRequest;
  report.status = refusal.status;
  note(report, peer, refusal.offset, out.size() - before, 0);
}

void GateHandler::overload(core::http::OutBuffer& out) noexcept {
  core::http::ErrorAnswer error;
  error.status = 503;
  error.message = "too many connections";
  error.retry_after_s = 1;
  static_cast<void>(core::http::write_error(out, error, date()));
}

void GateHandler::timed_out(const net::PeerAddress& peer, core::http::OutBuffer& out) noexcept {
  read_clock(uv_hrtime());
  core::http::ErrorAnswer error;
  error.status = 408;
  error.message = "the request did not arrive in time";
  const std::size_t before = out.size();
  static_cast<void>(core::http::write_error(out, error, date()));
  counters_->count_refused(error.status);
  core::gate::Report report;
  report.outcome = core::gate::Outcome::kBadRequest;
  report.status = error.status;
  note(report, peer, 0, out.size() - before, 0);
}

}  // namespace proxy
