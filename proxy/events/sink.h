#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/config/events.h"
#include "core/events/cloud_event.h"
#include "core/result.h"

namespace proxy::events {

/// What became of one attempt to deliver an event.
struct Outcome {
  enum class Result : std::uint8_t {
    kDelivered,
    kFailed,   // may be tried again
    kRefused,  // will never be taken: it is a dead letter at once
    kAway,     // the sink can take nothing for `wait_ms`; not an attempt of this event
  };
  Result result = Result::kDelivered;
  std::uint64_t wait_ms = 0;  // kFailed: not before; kAway: nothing at all before
  std::string why;            // for a person, without anything of the event; empty: delivered
};

/// Where a courier brings events to. Thread: the courier's, but for wake().
class Sink {
 public:
  using Ticket = std::uint64_t;
  using Settled = std::function<void(Ticket, Outcome)>;
  virtual ~Sink() = default;

  /// True when events are taken all in one order: the courier then offers the next one without waiting
  /// for the last, and a failure is one of everything that was offered and not settled.
  virtual bool ordered() const noexcept = 0;
  /// How many further events it takes now.
  virtual std::size_t room() const noexcept = 0;
  /// Takes an event; it is settled by work().
  virtual void offer(Ticket ticket, const core::events::CloudEvent& event) = 0;
  /// Works for as long as there is something to do, and waits at most `wait_ms` for more.
  virtual void work(std::uint64_t wait_ms, const Settled& settled) = 0;
  /// Any thread: work() returns.
  virtual void wake() noexcept = 0;
  /// Opens again what was moved away (SIGHUP).
  virtual void reopen() {}
};

/// The error says why, for a person.
core::Result<std::unique_ptr<Sink>, std::string> open_webhook(const core::config::Sink& settings);
core::Result<std::unique_ptr<Sink>, std::string> open_file_sink(const core::config::Sink& settings);
core::Result<std::unique_ptr<Sink>, std::string> open_redis_sink(const core::config::Sink& settings);
core::Result<std::unique_ptr<Sink>, std::string> open_kafka_sink(const core::config::Sink& settings);
/// Whichever `settings` describe.
core::Result<std::unique_ptr<Sink>, std::string> open_sink(const core::config::Sink& settings);


/// Reads what the file of `settings.ca` holds, PEM; nothing when none is written: the system's authorities
/// are believed. Empty, or why it cannot be read.
std::string read_authorities(const core::config::Sink& settings, std::string& authorities);

}  // namespace proxy::events
