#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/config/written.h"

/// What is told to others after an answer: events, where they are delivered to, and the audit log.
namespace core::config {

/// How a value leaves the process in an event.
enum class Treatment : std::uint8_t {
  kPlain,
  kHash,   // HMAC-SHA-256 under `pseudonyms`: the same value is the same text, nobody can turn it back
  kToken,  // AES-SIV under `pseudonyms`: the same, and whoever has the key can turn it back
};

/// One of `events`.
struct EventType {
  Text name;
  Text type;
  Text source;      // empty: the connector's
  Text subject;     // a claim or derived value, which is always hashed; empty: none
  Text dataschema;  // empty: none
  std::vector<std::pair<Text, Treatment>> claims;  // claims or derived values
  std::vector<Text> key;    // the same: events with equal values keep their order; empty: no order
  std::vector<Text> sinks;  // names, at least one
};

/// One of `sinks`: exactly one of `webhook` and `file` is written.
struct Sink {
  enum class Mode : std::uint8_t { kStructured, kBinary };
  Text name;
  Text webhook;  // a URL of http or https
  Text file;     // relative to the file that names it, made absolute or relative to the working directory
  Mode mode = Mode::kStructured;        // webhook, as what follows up to `headers`
  std::vector<Text> secrets;            // each signs; empty: requests are not signed
  Text ca;                              // a PEM file; empty: the system's authorities
  milliseconds timeout{10'000};         // of one request
  std::int64_t concurrency = 4;         // requests under way at once
  std::vector<std::pair<Text, Text>> headers;
  std::int64_t attempts = 20;           // of one event; then it is a dead letter
  milliseconds backoff{1'000};          // behind the first; doubled by each further one
  milliseconds backoff_max{600'000};
};

/// `outbox`: events that are on their way.
struct Outbox {
  std::int64_t events = 1'000'000;   // that may wait for one sink
  std::int64_t ring_bytes = 1 << 20; // of events of one worker that are not in the outbox yet
  Mark mark;
};

/// `pseudonyms`: what hashes and tokens are made with.
struct Pseudonyms {
  std::vector<Text> keys;  // the first makes them; the others only turn tokens back
  Mark mark;
};

/// `audit`: a line for every verdict.
struct Audit {
  Text directory;            // empty: off
  std::vector<Text> person;  // claims or derived values whose hash says who it was; empty: nothing does
  milliseconds keep{0};      // how long files are kept; 0: for ever
  Mark mark;
};

}  // namespace core::config
