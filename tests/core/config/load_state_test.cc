// `state` in a Redis, and what rules and decisions may want of it.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/config/load.h"
#include "core/config/scalars.h"
#include "core/config/schema.h"
#include "core/config/secrets.h"
#include "tests/core/config/memory_source.h"

namespace core::config {
namespace {

constexpr std::string_view kHead =
    "listeners: [ { address: 127.0.0.1:8080 } ]\n"
    "messages: { no: { en: No. } }\n";
constexpr std::string_view kConnector = "connectors: { a: { path: /a, dialect: b2c-userflow, auth: anonymous } }\n";

class LoadState : public ::testing::Test {
 protected:
  Config load(std::string_view text) {
    source_.files["claimgate.yaml"] = std::string(kHead).append(text);
    source_.variables["KEY"] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    source_.variables["PASSWORD"] = "open-sesame";
    diagnostics_ = Diagnostics();
    return config::load("claimgate.yaml", source_, diagnostics_);
  }
  std::string said() const { return diagnostics_.render(); }

  MemorySource source_;
  Diagnostics diagnostics_;
};

TEST(RedisUrl, HasAHostAndPerhapsAPortAndADatabase) {
  const auto whole = parse_redis_url("rediss://Redis.internal:6380/3");
  ASSERT_TRUE(whole.ok());
  EXPECT_TRUE(whole.value().tls);
  EXPECT_EQ(whole.value().host, "redis.internal");
  EXPECT_EQ(whole.value().port, 6380);
  EXPECT_EQ(whole.value().database, 3);
  for (const std::string_view plain : {"redis://[::1]", "redis://[::1]/", "redis://[::1]/0", "redis://[::1]:6379"}) {
    SCOPED_TRACE(plain);
    const auto place = parse_redis_url(plain);
    ASSERT_TRUE(place.ok());
    EXPECT_FALSE(place.value().tls);
    EXPECT_EQ(place.value().host, "::1");
    EXPECT_EQ(place.value().port, 6379);
    EXPECT_EQ(place.value().database, 0);
  }
}

TEST(RedisUrl, PointsAtTheByteItRefuses) {
  struct Case {
    std::string_view text, message;
    std::size_t offset;
  };
  constexpr Case kCases[] = {
      {"https://redis.internal", "expected a URL of rediss or redis", 0},
      {"rediss://:secret@redis.internal", "a URL with user information", 9},
      {"rediss://redis internal", "no name of a host", 14},
      {"rediss://", "the host is missing", 9},
      {"redis://redis:70000", "expected a port from 1 to 65535", 14},
      {"redis://redis/zero", "expected the number of a database", 14},
      {"redis://redis/0/1", "expected the number of a database", 14},
      {"redis://redis?db=1", "expected the number of a database", 13},
      {"redis://redis/-1", "expected the number of a database", 14},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto place = parse_redis_url(c.text);
    ASSERT_FALSE(place.ok());
    EXPECT_EQ(place.error().message, c.message);
    EXPECT_EQ(place.error().offset, c.offset);
  }
}

TEST_F(LoadState, ReadsARedisWithItsDefaults) {
  const Config config = load(std::string(kConnector) +
                             "state: { redis: rediss://redis.internal, key: \"${env:KEY}\" }\n");
  EXPECT_EQ(said(), "");
  EXPECT_EQ(config.state.kind, State::Kind::kRedis);
  EXPECT_EQ(config.state.redis.prefix, "claimgate");
  EXPECT_EQ(config.state.redis.timeout.count(), 500);
  EXPECT_FALSE(config.decision_cache_redis);
  EXPECT_EQ(config.decision_cache_redis_wait.count(), 50);
  const schema::Key& timeout = *schema::kState.find("timeout");
  EXPECT_EQ(parse_duration(timeout.fallback).value(), config.state.redis.timeout);
  EXPECT_EQ(schema::kState.find("prefix")->fallback, config.state.redis.prefix);
  EXPECT_EQ(parse_duration(schema::kDecisionCache.find("redis_wait")->fallback).value(),
            config.decision_cache_redis_wait);
}

TEST_F(LoadState, ReadsEveryKeyOfARedisAndWipesItsSecrets) {
  Config config = load(std::string(kConnector) +
                       "state:\n"
                       "  redis: rediss://redis.internal:6380/2\n"
                       "  username: claimgate\n"
                       "  password: \"${env:PASSWORD}\"\n"
                       "  ca: ca.pem\n"
                       "  certificate: us.pem\n"
                       "  certificate_key: us.key\n"
                       "  prefix: sign-up:test\n"
                       "  timeout: 250ms\n"
                       "  queue: 1000\n"
                       "  key: \"${env:KEY}\"\n"
                       "decision_cache: { redis: true, redis_wait: 20ms }\n"
                       "velocity: { here: { key: [email], window: 1h, at_most: 5, shared: false } }\n");
  EXPECT_FALSE(diagnostics_.has_errors()) << said();
  const State::Redis& redis = config.state.redis;
  EXPECT_TRUE(redis.tls);
  EXPECT_EQ(redis.host, "redis.internal");
  EXPECT_EQ(redis.port, 6380);
  EXPECT_EQ(redis.database, 2);
  EXPECT_EQ(redis.username.value, "claimgate");
  EXPECT_EQ(redis.password.value, "open-sesame");
  EXPECT_EQ(redis.ca.value, "ca.pem");
  EXPECT_EQ(redis.certificate.value, "us.pem");
  EXPECT_EQ(redis.certificate_key.value, "us.key");
  EXPECT_EQ(redis.prefix, "sign-up:test");
  EXPECT_EQ(redis.timeout.count(), 250);
  EXPECT_EQ(config.state.queue, 1000);
  EXPECT_TRUE(config.decision_cache_redis);
  EXPECT_EQ(config.decision_cache_redis_wait.count(), 20);
  EXPECT_FALSE(is_shared(config.velocity[0], config.state));
  config.velocity[0].shared.reset();
  EXPECT_TRUE(is_shared(config.velocity[0], config.state)) << "where there is a Redis it is shared";
  wipe_secrets(config, true);
  EXPECT_TRUE(config.state.redis.password.value.empty());
  EXPECT_TRUE(config.state.keys[0].value.empty());
}

TEST_F(LoadState, RefusesWhatDoesNotGoTogether) {
  struct Case {
    std::string_view text, place, words;
  };
  constexpr Case kCases[] = {
      {"state: { redis: rediss://r, sqlite: s.db, key: \"${env:KEY}\" }\n", ":4:", "exactly one of: sqlite, redis"},
      {"state: { redis: rediss://r }\n", ":4:10: error:", "needs a key"},
      {"state: { redis: https://r, key: \"${env:KEY}\" }\n", ":4:17: error:", "write rediss://redis.internal:6379/0"},
      {"state: { redis: rediss://u:p@r, key: \"${env:KEY}\" }\n", "error: a URL with user information", "write username:"},
      {"state: { sqlite: s.db, prefix: a }\n", ":4:24: error: only `redis` has this", "leave it out"},
      {"state: { redis: redis://localhost, synchronous: full, key: \"${env:KEY}\" }\n", ":4:36: error:",
       "appendfsync always"},
      {"state: { redis: redis://localhost, ca: a.pem, key: \"${env:KEY}\" }\n", ":4:36: error: without TLS",
       "write redis: rediss://"},
      {"state: { redis: rediss://r, certificate_key: a.pem, key: \"${env:KEY}\" }\n", ":4:29: error:",
       "a key without its certificate"},
      {"state: { redis: rediss://r, username: u, key: \"${env:KEY}\" }\n", ":4:29: error:", "a user without a password"},
      {"state: { redis: rediss://r, prefix: \"a{b\", key: \"${env:KEY}\" }\n", ":4:37: error:", "write prefix: claimgate"},
      {"state: { sqlite: s.db }\ndecision_cache: { redis: true }\n", ":5:19: error:", "write state: { redis:"},
      {"state: { sqlite: s.db }\noutbox: { lease: 5s }\n", ":5:11: error: machines take turns",
       "write state: { redis:"},
      {"velocity: { v: { key: [email.domain], window: 1h, at_most: 5, shared: true } }\n", ":4:63: error:",
       "write state: { redis:"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    load(std::string(kConnector) + std::string(c.text));
    EXPECT_TRUE(diagnostics_.has_errors());
    EXPECT_NE(said().find(c.place), std::string::npos) << said();
    EXPECT_NE(said().find(c.words), std::string::npos) << said();
  }
}

TEST_F(LoadState, EventsOfSeveralMachinesWaitInARedis) {
  const std::string text = std::string(kConnector) + "state: { redis: redis://localhost, key: \"${env:KEY}\" }\n"
                           "sinks: { crm: { webhook: \"https://crm.internal/hook\" } }\n";
  EXPECT_EQ(load(text).outbox.lease.count(), 10'000);
  EXPECT_FALSE(diagnostics_.has_errors()) << said();
  EXPECT_EQ(load(text + "outbox: { lease: 5s }\n").outbox.lease.count(), 5'000);
  EXPECT_FALSE(diagnostics_.has_errors()) << said();
}

TEST_F(LoadState, NeverPrintsAPasswordInAUrl) {
  load(std::string(kConnector) + "state: { redis: \"rediss://:open-sesame@r\", key: \"${env:KEY}\" }\n");
  EXPECT_EQ(said().find("open-sesame"), std::string::npos) << said();
}

TEST_F(LoadState, WarnsOfPasswordsThatGoOverTheNetworkInTheClear) {
  load(std::string(kConnector) + "state: { redis: redis://redis.internal, password: secret, key: \"${env:KEY}\" }\n");
  EXPECT_FALSE(diagnostics_.has_errors()) << said();
  EXPECT_NE(said().find(":4:17: warning: passwords and what is kept go over the network in the clear"),
            std::string::npos)
      << said();
  EXPECT_NE(said().find("a secret is written in the file"), std::string::npos) << said();
  load(std::string(kConnector) + "state: { redis: redis://127.0.0.1, key: \"${env:KEY}\" }\n");
  EXPECT_EQ(said(), "");
}

TEST_F(LoadState, SaysWhoMayBeLetThroughWhenItIsAway) {
  const auto rule = [](std::string_view rest) {
    return "state: { redis: redis://127.0.0.1, key: \"${env:KEY}\" }\n"
           "velocity: { v: { key: [email.domain], window: 1h, at_most: 5 } }\n"
           "approvals: { g: { key: [email.canonical], messages: { pending: no, denied: no } } }\n"
           "connectors:\n"
           "  a: { path: /a, dialect: b2c-userflow, auth: anonymous, rules: [ { name: n, " +
           std::string(rest) + " } ] }\n";
  };
  for (const auto& [word, away] : {std::pair{"closed", WhenAway::kClosed}, std::pair{"open", WhenAway::kOpen},
                                   std::pair{"local", WhenAway::kLocal}}) {
    const Config config = load(rule(std::string("limit: v, block: no, when_away: ") + word));
    EXPECT_EQ(said(), "");
    EXPECT_EQ(config.connectors[0].rules[0].when_away, away);
  }
  load(rule("approval: g, when_away: local"));
  EXPECT_NE(said().find("only a limit is counted on this machine as well"), std::string::npos) << said();
  load(rule("block: no, when_away: open"));
  EXPECT_NE(said().find("only a rule with `approval`, `invitation` or `limit` has this"), std::string::npos) << said();
}

}  // namespace
}  // namespace core::config
