// What is told to others of an answer: events, and the line of the audit log; and answers that wait until
// their events are in the outbox.
#include "proxy/gate_handler.h"

namespace proxy {
namespace {

std::uint64_t deadline_of(const core::gate::Report& report) noexcept {
  return report.connector == nullptr ? 0 : static_cast<std::uint64_t>(report.connector->deadline.count());
}

}  // namespace

/// Behind an answer that told a verdict, which stands in `written.out` from `written.begin` on.
/// True when it waits: it was taken out, and goes to the ticket that `ticket` gives.
template <typename TakeTicket>
bool GateHandler::tell_of(forward::Serving& serving, core::gate::Report& report, const Written& written,
                          TakeTicket ticket) noexcept {
  // One-time codes and passwords are carried and nothing else.
  if (core::dialects::moment(report.step) == core::dialects::Moment::kApart) return false;
  const std::int64_t time_us = (static_cast<std::int64_t>(written.began_ns) + wall_offset_ns_) / 1000;
  const core::gate::Snapshot& snapshot = serving.gate.snapshot();
  core::rules::Evaluation& evaluation = serving.gate.asking();
  bool waits = false;
  if (emitter_ != nullptr && report.connector != nullptr && report.connector->emits) {
    const std::uint64_t number = report.connector->commits && held_ != nullptr ? held_->next() : 0;
    const events::Emitter::Commits commits =
        emitter_->emit(report, snapshot, evaluation, serving.generation, time_us, number);
    if (commits.events != 0) waits = hold(serving, report, written, commits, number, ticket);
  }
  if (witness_ != nullptr) witness_->note(report, snapshot, evaluation, serving.generation, time_us);
  return waits;
}

/// Has an answer wait for its events. False when it cannot: what is told at once is in its place.
template <typename TakeTicket>
bool GateHandler::hold(forward::Serving& serving, core::gate::Report& report, const Written& written,
                       const events::Emitter::Commits& commits, std::uint64_t number,
                       TakeTicket ticket) noexcept {
  core::http::OutBuffer& out = written.out;
  const std::size_t end = out.size();
  core::gate::Report otherwise = report;
  if (commits.closed) serving.gate.answer_otherwise(otherwise, written.after, written_date(), out);
  const std::string_view both = out.view().substr(written.begin);
  const std::size_t size = end - written.begin;
  if (number != 0 && !commits.lost && held_->keep(both.substr(0, size), both.substr(size), written.deadline_ms)) {
    const net::Ticket taken = ticket();
    if (taken.generation != 0) {
      held_->hold({taken, written.close, written.deadline_ms, commits.events});
      out.truncate(written.begin);
      return true;
    }
  }
  if (held_ != nullptr) held_->count_unheld(commits.closed);
  if (!commits.closed) return false;
  report = otherwise;
  out.cut(written.begin, end);
  return false;
}

bool GateHandler::tell_at_once(core::gate::Report& report, const net::Exchange& exchange,
                               std::size_t begin) noexcept {
  const Written written{exchange.out, begin, core::http::after_answer_to(exchange.request, exchange.close),
                        exchange.close, exchange.began_ms + deadline_of(report), batch_ns_};
  return tell_of(*serving_, report, written, [&] { return exchange.wait(); });
}

bool GateHandler::tell_later(core::gate::Report& report, const forward::Pending& pending,
                             core::http::OutBuffer& out, core::http::After after, bool close) noexcept {
  const Written written{out, 0, after, close, pending.due.due_ms(), pending.began_ns};
  return tell_of(*pending.serving, report, written, [&] { return pending.ticket; });
}

}  // namespace proxy
