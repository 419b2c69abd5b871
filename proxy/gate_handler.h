#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "core/callers/attempts.h"
#include "core/callers/token_verifier.h"
#include "core/gate/gate.h"
#include "core/http/http_date.h"
#include "proxy/forward/forwarder.h"
#include "proxy/forward/serving.h"
#include "proxy/audit/audit_log.h"
#include "proxy/capture/capture.h"
#include "proxy/events/emitter.h"
#include "proxy/events/held_answers.h"
#include "proxy/net/caller_trust.h"
#include "proxy/net/handler.h"
#include "proxy/refusal_log.h"
#include "proxy/telemetry/access_log.h"
#include "proxy/telemetry/metrics.h"
#include "proxy/telemetry/omitted_log.h"
#include "proxy/upstream/options.h"

namespace proxy {

/// A configuration that is in force, and its number: reloads count up from 1.
struct Edition {
  std::shared_ptr<const core::gate::Snapshot> snapshot;
  std::uint32_t generation = 1;
  std::shared_ptr<const core::lists::Table> lists = {};  // of the snapshot, as they are now
  std::shared_ptr<const upstream::BackendList> backends = {};
  std::shared_ptr<const net::CallerTrust> trust = {};  // null: nobody's certificate is looked at
  bool log_client_subject = false;
  std::shared_ptr<const core::callers::KeyTable> keys = {};  // of callers' tokens; null: none
};

/// Answers the connectors' requests of one worker: the gate decides and writes the answer, and what
/// became of the request is counted and noted for the access log. What a backend has to settle goes
/// to the forwarder. Thread: the worker's.
class GateHandler final : public net::Handler, public forward::Ledger {
 public:
  GateHandler(Edition edition, std::size_t worker, std::size_t body_bytes_max,
              telemetry::Metrics& metrics, telemetry::AccessLog& log, double log_sample);
  ~GateHandler() override;

  /// Decisions are remembered in `shared`, and what is not settled goes to `forwarder`; without it
  /// that is answered `otherwise`. Before the first request; both outlive the handler.
  void use_forwarder(forward::Forwarder& forwarder, forward::Shared& shared);

  /// Requests are sampled into `capture` from now on; null, as at first: none.
  void capture_into(capture::Capture* capture, std::size_t worker);

  /// Events and verdicts go there from now on; null, as at first: nowhere. Both outlive the handler.
  /// `held`, which may be null, keeps answers that wait for their events; it outlives the handler, too.
  void tell(events::Emitter* emitter, audit::AuditLog::Witness* witness, events::HeldAnswers* held) noexcept {
    emitter_ = emitter;
    witness_ = witness;
    held_ = held;
  }

  /// Wrong credentials are counted in `attempts` from now on; it outlives the handler.
  void count_failures(core::callers::Attempts& attempts) noexcept { attempts_ = &attempts; }

  /// Callers' tokens are verified from now on, with the keys of the edition. `want_keys` is called when one
  /// names a key that is not there.
  void verify_tokens(const core::callers::TokenVerifier::Options& options,
                     std::function<void()> want_keys);
  /// Any thread. Null before verify_tokens().
  const core::callers::TokenVerifier::Counters* token_counters() const noexcept {
    return tokens_ == nullptr ? nullptr : &tokens_->counters();
  }

  /// Takes up another configuration, between two batches.
  void adopt(Edition edition);

  void on_batch(std::uint64_t now_ns) noexcept override;
  bool refuse_early(const net::Exchange& exchange) noexcept override;
  void shed(const net::Exchange& exchange) noexcept override;
  Progress answer(const net::Exchange& exchange) noexcept override;
  void refuse(const core::http::Refusal& refusal, const net::PeerAddress& peer,
              core::http::OutBuffer& out) noexcept override;
  void overload(core::http::OutBuffer& out) noexcept override;
  void timed_out(const net::PeerAddress& peer, core::http::OutBuffer& out) noexcept override;
  void certificate_refused(const net::PeerAddress& peer, std::string_view why) noexcept override;

  std::string_view date() noexcept override;
  bool settled(const forward::Pending& pending, core::gate::Report& report, core::http::OutBuffer& out,
               const forward::Told& told) noexcept override;

 private:
  struct Times {
    std::uint64_t began_ns, duration_ns;
    std::uint32_t backend_us = 0;
  };
  core::gate::Caller caller_of(const net::Exchange& exchange) const noexcept;
  std::uint64_t barred_ms(const net::Exchange& exchange) noexcept;
  core::gate::Report refuse_barred(const net::Exchange& exchange, std::uint64_t barred_ms) noexcept;
  void token_refused(const net::Exchange& exchange, const core::gate::Report& report) noexcept;
  void caller_refused(const net::Exchange& exchange, const core::gate::Report& report,
                      const core::gate::Caller& caller) noexcept;
  void read_clock(std::uint64_t now_ns) noexcept;
  std::string_view written_date() const noexcept { return {date_, sizeof date_}; }
  void serve(const Edition& edition);
  bool forward(const net::Exchange& exchange, core::gate::Report& report) noexcept;
  void count(const forward::Serving& serving, const core::gate::Report& report,
             std::uint64_t duration_ns) noexcept;
  void note(const core::gate::Report& report, std::uint32_t generation,
            const net::PeerAddress& peer, std::size_t bytes_in, std::size_t bytes_out,
            const Times& times) noexcept;

  [[gnu::noinline, gnu::cold]] void log_omitted(const core::gate::Report& report) noexcept;
  /// Where an answer stands, and what it needs to wait; see gate_handler_telling.cc.
  struct Written {
    core::http::OutBuffer& out;
    std::size_t begin;
    core::http::After after;
    bool close;
    std::uint64_t deadline_ms;
    std::uint64_t began_ns;
  };
  template <typename TakeTicket>
  bool tell_of(forward::Serving& serving, core::gate::Report& report, const Written& written,
               TakeTicket ticket) noexcept;
  template <typename TakeTicket>
  bool hold(forward::Serving& serving, core::gate::Report& report, const Written& written,
            const events::Emitter::Commits& commits, std::uint64_t number, TakeTicket ticket) noexcept;
  bool tell_at_once(core::gate::Report& report, const net::Exchange& exchange, std::size_t begin) noexcept;
  bool tell_later(core::gate::Report& report, const forward::Pending& pending, core::http::OutBuffer& out,
                  core::http::After after, bool close) noexcept;
  void choose_captured();
  void capture(const forward::Serving& serving, const core::gate::Report& report,
               std::string_view body) noexcept;

  const std::size_t worker_;
  const std::size_t body_bytes_max_;
  telemetry::Metrics& metrics_;
  std::shared_ptr<forward::Serving> serving_;
  forward::Forwarder* forwarder_ = nullptr;
  forward::Shared* shared_ = nullptr;
  core::callers::Attempts* attempts_ = nullptr;  // null: failures are not counted
  std::shared_ptr<const net::CallerTrust> trust_;
  std::shared_ptr<const core::callers::KeyTable> keys_;
  std::unique_ptr<core::callers::TokenVerifier> tokens_;  // null: tokens are not accepted
  std::function<void()> want_keys_;
  bool log_client_subject_ = false;
  RefusalLog refusals_;
  telemetry::OmittedLog omitted_;
  telemetry::AccessLog& log_;
  telemetry::AccessRing* ring_;  // null: no access log
  double sample_;
  double sampled_ = 0;  // a line is due when it reaches 1
  events::Emitter* emitter_ = nullptr;              // null: events go nowhere
  audit::AuditLog::Witness* witness_ = nullptr;     // null: no audit log
  events::HeldAnswers* held_ = nullptr;             // null: no answer waits for events
  capture::Capture* capture_ = nullptr;
  capture::Ring* capture_ring_ = nullptr;  // null: no capture
  std::vector<bool> captured_;             // by connector
  double captured_share_ = 0;              // a request is due when it reaches 1
  std::uint64_t batch_ns_ = 0;    // monotonic; when the request at hand was read
  std::int64_t wall_offset_ns_ = 0;
  std::int64_t second_ = -1;
  char date_[core::http::kHttpDateBytes];
};

}  // namespace proxy
