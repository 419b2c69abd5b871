#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/config/state.h"
#include "core/config/written.h"

/// What is told to others after an answer: events, where they are delivered to, and the audit log.
namespace core::config {

/// How a value leaves the process in an event.
enum class Treatment : std::uint8_t {
  kPlain,
  kHash,   // HMAC-SHA-256 under `pseudonyms`: the same value is the same text, nobody can turn it back
  kToken,  // AES-SIV under `pseudonyms`: the same, and whoever has the key can turn it back
};

/// When an event is in the outbox: some time behind the answer, or before it, which then waits.
enum class EventCommit : std::uint8_t { kBehindAnswer, kBeforeAnswer };

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
  EventCommit commit = EventCommit::kBehindAnswer;
  WhenAway when_away = WhenAway::kClosed;  // kBeforeAnswer, and the outbox cannot have it; not kLocal
};

/// One of `sinks`: exactly one of `webhook`, `file`, `redis` and `kafka` is written.
struct Sink {
  enum class Mode : std::uint8_t { kStructured, kBinary };
  enum class Mechanism : std::uint8_t { kPlain, kScramSha256, kScramSha512 };
  Text name;
  Text webhook;  // a URL of http or https
  Text file;     // relative to the file that names it, made absolute or relative to the working directory
  Text redis;    // a URL of redis or rediss
  Text stream;   // the key of its stream
  std::int64_t maxlen = 1'000'000;      // about so many entries the stream keeps
  std::vector<Text> kafka;              // brokers, "host:port"
  Text topic;
  bool tls = true;                      // kafka
  Text username, password;              // redis, kafka; empty: none
  Mechanism mechanism = Mechanism::kScramSha512;  // kafka, with `username`
  Mode mode = Mode::kStructured;        // webhook, kafka
  std::vector<Text> secrets;            // webhook: each signs; empty: requests are not signed
  Text ca;                              // not for a file: a PEM file; empty: the system's authorities
  milliseconds timeout{10'000};         // the same: of one attempt
  std::int64_t concurrency = 4;         // the same: events under way at once; the loader writes 256 for redis and kafka
  std::vector<std::pair<Text, Text>> headers;  // webhook
  std::int64_t attempts = 20;           // of one event; then it is a dead letter
  milliseconds backoff{1'000};          // behind the first; doubled by each further one
  milliseconds backoff_max{600'000};
};

/// `outbox`: events that are on their way.
struct Outbox {
  std::int64_t events = 1'000'000;   // that may wait for one sink
  std::int64_t ring_bytes = 1 << 20; // of events of one worker that are not in the outbox yet
  milliseconds lease{10'000};        // where machines share the state: how long one that delivers may be silent
  Mark lease_mark;                   // of its key; line 0: not written
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
