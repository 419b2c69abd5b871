#include <gtest/gtest.h>

#include "tests/core/config/rendered_case.h"

namespace core::config {
namespace {

TEST(LoadRefusesAFileThat, HasWrongSinks) {
  constexpr RenderedCase kCases[] = {
      {"two kinds of sinks at once, and keys of another kind",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
state: memory
sinks:
  a: { file: a.jsonl, redis: redis://localhost }
  b: { file: b.jsonl, timeout: 5s, topic: t }
  c: { redis: redis://localhost, secret: "${env:WORD}", topic: t }
)~",
       R"~(claimgate.yaml:5:23: error: "redis" cannot stand beside "file"
    5 |   a: { file: a.jsonl, redis: redis://localhost }
      |                       ^~~~~ exactly one of: webhook, file, redis, kafka
claimgate.yaml:6:23: error: only a sink with webhook or redis or kafka has it
    6 |   b: { file: b.jsonl, timeout: 5s, topic: t }
      |                       ^~~~~~~ leave it out
claimgate.yaml:6:36: error: only a sink with kafka has it
    6 |   b: { file: b.jsonl, timeout: 5s, topic: t }
      |                                    ^~~~~ leave it out
claimgate.yaml:7:34: error: only a sink with webhook has it
    7 |   c: { redis: redis://localhost, secret: "${env:WORD}", topic: t }
      |                                  ^~~~~~ leave it out
claimgate.yaml:7:42: error: a secret is whsec_ and base64 of 24 to 64 bytes (Standard Webhooks)
    7 |   c: { redis: redis://localhost, secret: "${env:WORD}", topic: t }
      |                                          ^~~~~~~~~~~~~ as from: echo whsec_$(openssl rand -base64 32)
claimgate.yaml:7:57: error: only a sink with kafka has it
    7 |   c: { redis: redis://localhost, secret: "${env:WORD}", topic: t }
      |                                                         ^~~~~ leave it out
)~"},
      {"wrong places of a Redis",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
state: memory
sinks:
  a: { redis: "redis://me:secret@localhost" }
  b: { redis: redis://localhost/x }
  c: { redis: redis://localhost, ca: ca.pem }
)~",
       R"~(claimgate.yaml:5:24: error: a URL with user information
    5 |   a: { redis: "redis://me:secret@localhost" }
      |                        ^~~~~~~~~~~~~~~~~~~ write username: and password: beside it
claimgate.yaml:6:33: error: expected the number of a database
    6 |   b: { redis: redis://localhost/x }
      |                                 ^ write rediss://redis.internal:6379/0
claimgate.yaml:7:34: error: redis:// is without TLS
    7 |   c: { redis: redis://localhost, ca: ca.pem }
      |                                  ^~ write rediss://, or leave it out
)~"},
      {"sinks on other machines without TLS",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
state: memory
sinks:
  a: { webhook: "http://crm.internal/hooks?of=claimgate" }
  b: { webhook: http://127.0.0.1:9000/hooks }
  c: { webhook: https://crm.internal/hooks }
  d: { redis: redis://redis.internal }
)~",
       R"~(claimgate.yaml:5:17: warning: what events tell of people goes over the network in the clear
    5 |   a: { webhook: "http://crm.internal/hooks?of=claimgate" }
      |                 ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ write https://
claimgate.yaml:8:15: warning: what events tell of people goes over the network in the clear
    8 |   d: { redis: redis://redis.internal }
      |               ^~~~~~~~~~~~~~~~~~~~~~ write rediss://
)~"},
      {"wrong places of a Kafka",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
state: memory
sinks:
  a: { kafka: [kafka-1] , topic: t }
  b: { kafka: ["k:9092"] }
  c: { kafka: ["k:9092"], topic: a b, username: u }
  d: { kafka: ["k:9092"], topic: t, tls: false, username: u, password: "${env:WORD}" }
)~",
       R"~(claimgate.yaml:5:15: error: a broker is host:port
    5 |   a: { kafka: [kafka-1] , topic: t }
      |               ^ write kafka: [kafka-1.internal:9093]
claimgate.yaml:6:8: error: the key "topic" is missing
    6 |   b: { kafka: ["k:9092"] }
      |        ^~~~~ write topic: signups
claimgate.yaml:7:8: error: a user has a name and a password
    7 |   c: { kafka: ["k:9092"], topic: a b, username: u }
      |        ^~~~~ write username: and password:
claimgate.yaml:7:34: error: a topic has 1 to 249 letters, digits, points, hyphens and underscores
    7 |   c: { kafka: ["k:9092"], topic: a b, username: u }
      |                                  ^~~ write topic: signups
claimgate.yaml:8:8: warning: the password goes over the network without TLS
    8 |   d: { kafka: ["k:9092"], topic: t, tls: false, username: u, password: "${env:WORD}" }
      |        ^~~~~ write tls: true
)~"},
  };
  for (const RenderedCase& c : kCases) expect_rendered(c);
}

TEST(LoadRefusesAFileThat, HasWrongEvents) {
  constexpr RenderedCase kCases[] = {
      {"what nobody waits for, and sinks that are not there",
       R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
state: memory
sinks: { crm: { file: a.jsonl } }
events:
  a: { type: t, sinks: [crn], when_away: open }
  b: { type: t, sinks: [crm], commit: sometime }
)~",
       R"~(claimgate.yaml:6:25: error: unknown sink "crn"
    6 |   a: { type: t, sinks: [crn], when_away: open }
      |                         ^~~ did you mean "crm"?
claimgate.yaml:6:31: error: no answer waits for this event
    6 |   a: { type: t, sinks: [crn], when_away: open }
      |                               ^~~~~~~~~ write commit: before_answer, or leave it out
claimgate.yaml:7:39: error: unknown commit "sometime"
    7 |   b: { type: t, sinks: [crm], commit: sometime }
      |                                       ^~~~~~~~ one of: behind_answer, before_answer
)~"},
  };
  for (const RenderedCase& c : kCases) expect_rendered(c);
}

TEST(LoadSinks, ReadsThoseOfBuses) {
  MemorySource source;
  source.variables["WORD"] = "sesame";
  source.files["claimgate.yaml"] = R"~(listeners: [ { address: 127.0.0.1:8080 } ]
connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }
state: memory
sinks:
  a: { redis: "rediss://r:1/2", stream: s, maxlen: 5, username: u, password: "${env:WORD}", timeout: 2s }
  b: { kafka: ["k:1", "l:2"], topic: t, username: u, password: "${env:WORD}", mechanism: PLAIN, mode: binary, concurrency: 7 }
  c: { redis: redis://localhost }
)~";
  Diagnostics diagnostics;
  const auto config = load("claimgate.yaml", source, diagnostics);
  ASSERT_EQ(diagnostics.render(), "");
  ASSERT_EQ(config.sinks.size(), 3U);
  const Sink& redis = config.sinks[0];
  EXPECT_EQ(redis.stream.value, "s");
  EXPECT_EQ(redis.maxlen, 5);
  EXPECT_EQ(redis.password.value, "sesame");
  EXPECT_EQ(redis.timeout.count(), 2000);
  EXPECT_EQ(redis.concurrency, 256);
  const Sink& kafka = config.sinks[1];
  ASSERT_EQ(kafka.kafka.size(), 2U);
  EXPECT_EQ(kafka.kafka[1].value, "l:2");
  EXPECT_TRUE(kafka.tls);
  EXPECT_EQ(kafka.mechanism, Sink::Mechanism::kPlain);
  EXPECT_EQ(kafka.mode, Sink::Mode::kBinary);
  EXPECT_EQ(kafka.concurrency, 7);
  EXPECT_EQ(config.sinks[2].stream.value, "claimgate:events");
}

}  // namespace
}  // namespace core::config
