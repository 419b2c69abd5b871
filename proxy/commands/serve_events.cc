#include "proxy/commands/serve_events.h"

#include <chrono>
#include <utility>

namespace proxy::commands {
namespace {

using telemetry::Metrics;
using Series = Metrics::Series;

double now_ms() {
  using namespace std::chrono;
  return static_cast<double>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

}  // namespace

std::string Told::open(const core::config::Config& config, std::size_t workers, state::Store* store,
                       Metrics& metrics) {
  if (!config.sinks.empty()) {
    if (store == nullptr) return "outbox: there is no state to keep events in";
    auto outbox = events::Outbox::open(config, workers, *store);
    if (!outbox) return outbox.error();
    outbox_ = std::move(outbox).value();
    approval_events_.use(outbox_.get());
    add_outbox_metrics(metrics);
  }
  if (!config.audit.directory.value.empty()) {
    auto audit = audit::AuditLog::open(config, workers);
    if (!audit) return "audit: " + audit.error();
    audit_ = std::move(audit).value();
    add_audit_metrics(metrics);
  }
  return {};
}

void Told::introduce(std::uint32_t generation, const core::gate::Snapshot& snapshot) {
  approval_events_.use(snapshot);
  if (outbox_ != nullptr) outbox_->names().introduce(generation, snapshot);
  if (audit_ != nullptr) audit_->names().introduce(generation, snapshot);
}

void Told::reopen() noexcept {
  if (outbox_ != nullptr) outbox_->reopen();
}

void Told::close() noexcept {
  approval_events_.use(nullptr);
  outbox_.reset();
  audit_.reset();
}

events::Emitter* Told::emitter(std::size_t worker) noexcept {
  return outbox_ == nullptr ? nullptr : &outbox_->emitter(worker);
}

audit::AuditLog::Witness* Told::witness(std::size_t worker) noexcept {
  return audit_ == nullptr ? nullptr : &audit_->witness(worker);
}

void Told::add_outbox_metrics(Metrics& metrics) {
  events::Outbox& outbox = *outbox_;
  metrics.add_labelled("claimgate_events_emitted", "Events that were committed to the outbox, by name.", false,
                       "event", [&outbox] {
                         std::vector<Series> series;
                         for (const auto& [name, count] : outbox.emitted()) {
                           series.push_back({name, static_cast<double>(count)});
                         }
                         return series;
                       });
  metrics.add_labelled("claimgate_events_dropped", "Events that were not committed to the outbox, by why.", false,
                       "reason", [&outbox] {
                         const events::Outbox::Figures& figures = outbox.figures();
                         return std::vector<Series>{
                             {"ring", static_cast<double>(outbox.dropped_in_rings())},
                             {"too_large", static_cast<double>(outbox.too_large())},
                             {"full", static_cast<double>(figures.full.load())},
                             {"forgotten", static_cast<double>(figures.forgotten.load())}};
                       });
  metrics.add_counter("claimgate_events_commit_failures", "Commits of events that the state refused.",
                      [&outbox] { return outbox.figures().failures.load(); });
  metrics.add_labelled("claimgate_events_answers", "Answers that waited for their events, by how they went out.", false,
                       "outcome", [&outbox] {
                         const events::HeldAnswers::Figures& held = outbox.held();
                         return std::vector<Series>{{"committed", static_cast<double>(held.committed.load())},
                                                    {"open", static_cast<double>(held.open.load())},
                                                    {"closed", static_cast<double>(held.closed.load())}};
                       });
  metrics.add_gauge("claimgate_events_answers_waiting", "Answers that wait for their events now.",
                    [&outbox] { return static_cast<double>(outbox.held().waiting.load()); });
  const auto add = [&](std::string name, std::string help, bool gauge, auto value) {
    metrics.add_labelled(std::move(name), std::move(help), gauge, "sink", [&outbox, value] {
      std::vector<Series> series;
      for (const auto& courier : outbox.couriers()) {
        series.push_back({courier->name(), value(courier->figures())});
      }
      return series;
    });
  };
  using Figures = events::Courier::Figures;
  add("claimgate_events_delivered", "Events that a sink has taken.", false,
      [](const Figures& of) { return static_cast<double>(of.delivered.load()); });
  add("claimgate_events_retried", "Attempts that failed and were to be repeated.", false,
      [](const Figures& of) { return static_cast<double>(of.retried.load() + of.away.load()); });
  add("claimgate_events_dead", "Events that became dead letters.", false,
      [](const Figures& of) { return static_cast<double>(of.dead.load()); });
  add("claimgate_events_waiting", "Events in the outbox, as far as it was read.", true,
      [](const Figures& of) { return static_cast<double>(of.waiting.load()); });
  add("claimgate_events_delivers", "1 when it is this machine that delivers to a sink.", true,
      [](const Figures& of) { return of.delivers.load() ? 1.0 : 0.0; });
  add("claimgate_events_lag_seconds", "The age of the oldest event that a sink has not taken.", true,
      [](const Figures& of) {
        const std::int64_t oldest_ms = of.oldest_ms.load();
        return oldest_ms == 0 ? 0.0 : (now_ms() - static_cast<double>(oldest_ms)) / 1000;
      });
}

void Told::add_audit_metrics(Metrics& metrics) {
  metrics.add_counter("claimgate_audit_written", "Verdicts in the audit log.",
                      [this] { return audit_->written(); });
  metrics.add_counter("claimgate_audit_lost", "Verdicts that are not in it.", [this] { return audit_->lost(); });
  metrics.add_counter("claimgate_audit_write_errors", "Failed writes of it.",
                      [this] { return audit_->write_errors(); });
}

std::string told_settings(const core::config::Config& config) {
  std::string text;
  const auto add = [&text](const std::string& part) { text.append(part).push_back('\0'); };
  const auto number = [&](std::int64_t part) { add(std::to_string(part)); };
  for (const core::config::Sink& sink : config.sinks) {
    for (const auto* one : {&sink.name, &sink.webhook, &sink.file, &sink.ca, &sink.redis, &sink.stream, &sink.topic,
                            &sink.username, &sink.password}) {
      add(one->value);
    }
    for (const auto& broker : sink.kafka) add(broker.value);
    for (const auto& secret : sink.secrets) add(secret.value);
    for (const auto& [name, value] : sink.headers) add(name.value + ":" + value.value);
    for (const std::int64_t one :
         {static_cast<std::int64_t>(sink.mode), std::int64_t{sink.timeout.count()}, sink.concurrency,
          sink.maxlen, std::int64_t{sink.tls}, static_cast<std::int64_t>(sink.mechanism),
          sink.attempts, std::int64_t{sink.backoff.count()}, std::int64_t{sink.backoff_max.count()}}) {
      number(one);
    }
  }
  add("outbox");
  number(config.outbox.events);
  number(config.outbox.ring_bytes);
  number(config.outbox.lease.count());
  add("pseudonyms");
  for (const auto& key : config.pseudonyms.keys) add(key.value);
  add("audit");
  add(config.audit.directory.value);
  number(config.audit.keep.count());
  return text;
}

}  // namespace proxy::commands
