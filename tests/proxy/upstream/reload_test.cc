// Other editions of the configuration, and the two ways to the end.
#include <gtest/gtest.h>

#include "tests/proxy/upstream/asking.h"
#include "tests/proxy/upstream/certificates.h"

namespace proxy::upstream {
namespace {

void adopt(Asking& asking, BackendList edition) {
  asking.client().adopt(std::make_shared<const BackendList>(std::move(edition)));
}

/// A backend whose answers wait for `go_on` when they are asked for with "/slow".
class SlowBackend {
 public:
  ScriptedBackend backend{[this](Peer& peer) {
    while (const auto request = peer.request()) {
      if (path_of(*request) == "/slow") {
        asked.set();
        go_on.wait();
      }
      peer.send(answer(200, path_of(*request)));
    }
  }};
  Event asked, go_on;

  ~SlowBackend() { go_on.set(); }
};

TEST(Reload, WhoeverHasNotChangedKeepsConnectionsAndCounts) {
  ScriptedBackend backend([](Peer& peer) {
    while (const auto request = peer.request()) {
      const std::size_t at = request->find("X-Key: ");
      peer.send(answer(200, at == std::string::npos ? "none" : request->substr(at + 7, 1)));
    }
  });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.credentials = "X-Key: a\r\n";
  Asking asking(options);
  EXPECT_EQ(asking.ask().body, "a");
  options.credentials = "X-Key: b\r\n";
  options.endpoints[0].weight = 1;
  options.retries = 5;
  adopt(asking, {patient({endpoint_at(closed_port())}, "erp"), options});
  EXPECT_EQ(asking.ask(question(), 1).body, "b") << "numbers are those of the new edition";
  EXPECT_EQ(backend.accepted(), 1U);
  EXPECT_EQ(asking.figures().tries, 2U);
}

TEST(Reload, KeptConnectionsTakeTheNewLimits) {
  ScriptedBackend backend(ScriptedBackend::answering(
      "HTTP/1.1 200 OK\r\nX: " + std::string(200, 'h') + "\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" +
      std::string(100, 'x') + "\r\n0\r\n\r\n"));
  BackendOptions options = patient({endpoint_at(backend.port())});
  Asking asking(options);
  EXPECT_EQ(asking.ask().body.size(), 100U);
  options.response_bytes_max = 99;
  adopt(asking, {options});
  EXPECT_EQ(asking.ask().failure, Failure::kTooLarge);
  options.response_bytes_max = 100;
  adopt(asking, {options});
  EXPECT_EQ(asking.ask().body.size(), 100U);
  options.header_bytes_max = 200;
  adopt(asking, {options});
  EXPECT_EQ(asking.ask().failure, Failure::kTooLarge);
  EXPECT_EQ(backend.accepted(), 2U) << "one connection until the first limit, one until the second";
}

TEST(Reload, AnEndpointThatIsGoneEndsBehindItsAnswers) {
  SlowBackend old;
  ScriptedBackend other(ScriptedBackend::answering(answer(200, "other")));
  BackendOptions options = patient({endpoint_at(old.backend.port())});
  Asking asking(options);
  EXPECT_EQ(asking.ask(question("/fast")).body, "/fast");
  asking.begin(question("/slow"));
  ASSERT_TRUE(asking.wait_for(old.asked));
  options.endpoints = {endpoint_at(other.port())};
  adopt(asking, {options});
  EXPECT_EQ(asking.ask().body, "other");
  old.go_on.set();
  ASSERT_TRUE(asking.wait_for(3));
  EXPECT_EQ(asking.outcomes()[2].body, "/slow");
  ASSERT_TRUE(asking.wait([&] { return asking.figures().endpoints[0].open == 0; }));
  EXPECT_EQ(asking.closed(CloseReason::kEnding, 0) + asking.closed(CloseReason::kAddress, 0), 1U);
  EXPECT_EQ(asking.figures().endpoints[0].available, 0U);
  EXPECT_EQ(asking.figures().endpoints[1].available, 1U);
}

TEST(Reload, ABackendThatIsGoneEndsBehindItsAnswers) {
  SlowBackend old;
  ScriptedBackend other(ScriptedBackend::answering(answer(200, "other")));
  BackendOptions options = patient({endpoint_at(old.backend.port())});
  options.in_flight_max = 1;
  Asking asking(options);
  asking.begin(question("/slow"));
  asking.begin(question("/queued"));
  ASSERT_TRUE(asking.wait_for(old.asked));
  adopt(asking, {patient({endpoint_at(other.port())}, "erp")});
  EXPECT_EQ(asking.ask().body, "other");
  old.go_on.set();
  ASSERT_TRUE(asking.wait_for(3));
  EXPECT_EQ(std::string(asking.outcomes()[1].body).append(asking.outcomes()[2].body), "/slow/queued");
  ASSERT_TRUE(asking.wait([&] { return asking.figures().endpoints[0].open == 0; }));
  EXPECT_EQ(asking.figures().in_flight, 0U);
}

TEST(Reload, GaugesCountWhatIsOldAndWhatIsNewTogether) {
  SlowBackend slow;
  BackendOptions options = patient({endpoint_at(slow.backend.port())});
  Asking asking(options);
  asking.begin(question("/slow"));
  ASSERT_TRUE(asking.wait_for(slow.asked));
  adopt(asking, {});
  EXPECT_EQ(asking.figures().endpoints[0].available, 0U);
  adopt(asking, {options});  // it is back, and its old self still waits for an answer
  EXPECT_EQ(asking.ask(question("/fast")).body, "/fast");
  const auto figures_are = [&](std::uint64_t in_flight, std::uint64_t open) {
    const Figures::Backend figures = asking.figures();
    const Figures::Endpoint& endpoint = figures.endpoints[0];
    EXPECT_EQ(figures.in_flight, in_flight);
    EXPECT_EQ(endpoint.in_flight, in_flight);
    EXPECT_EQ(endpoint.open, open);
    EXPECT_EQ(endpoint.available, 1U);
  };
  figures_are(1, 2);
  slow.go_on.set();
  ASSERT_TRUE(asking.wait_for(2));
  ASSERT_TRUE(asking.wait([&] { return asking.closed(CloseReason::kEnding) == 1; }));
  asking.turn();
  figures_are(0, 1);
}

TEST(Reload, OtherTlsSettingsWantOtherConnections) {
  const Authority authority, callers;
  const auto server = server_context(authority.issue("DNS:crm.test"));
  ScriptedBackend backend(ScriptedBackend::answering(answer(200, "yes")), server->get());
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.endpoints[0].tls = true;
  options.endpoints[0].server_name = "crm.test";
  options.tls = client_context(authority.pem());
  Asking asking(options);
  EXPECT_EQ(asking.ask().body, "yes");
  options.tls = client_context(authority.pem());  // read again, the same
  adopt(asking, {options});
  EXPECT_EQ(asking.ask().body, "yes");
  EXPECT_EQ(backend.accepted(), 1U);
  options.tls = client_context(authority.pem(), callers.issue("DNS:claimgate"));
  adopt(asking, {options});
  EXPECT_EQ(asking.closed(CloseReason::kAddress), 1U) << "what was idle closes at once";
  EXPECT_EQ(asking.ask().body, "yes");
  EXPECT_EQ(backend.accepted(), 2U);
  EXPECT_EQ(asking.figures().endpoints[0].available, 1U);
  EXPECT_EQ(asking.figures().endpoints[0].open, 1U);
}

TEST(Reload, ShorterTimesCountAtOnce) {
  std::atomic<std::size_t> checks{0};
  ScriptedBackend backend([&](Peer& peer) {
    while (const auto request = peer.request()) {
      if (path_of(*request) == "/health") ++checks;
      peer.send(answer(200, "x"));
    }
  });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.idle_ms = 3'600'000;
  options.health.path = "/health";
  options.health.interval_ms = 3'600'000;
  options.health.timeout_ms = 20'000;
  Asking asking(options);
  EXPECT_EQ(asking.ask().body, "x");
  options.health.interval_ms = 10;
  adopt(asking, {options});
  EXPECT_TRUE(asking.wait([&] { return checks >= 2; })) << "not in an hour";
  options.idle_ms = 1;
  options.health.path.clear();
  adopt(asking, {options});
  EXPECT_TRUE(asking.wait([&] { return asking.closed(CloseReason::kIdle) > 0; }));
}

TEST(Drain, UnusedConnectionsCloseAndQuestionsUnderWayAreAnswered) {
  SlowBackend slow;
  Asking asking(patient({endpoint_at(slow.backend.port())}));
  asking.begin(question("/slow"));
  ASSERT_TRUE(asking.wait_for(slow.asked));
  EXPECT_EQ(asking.ask(question("/fast")).body, "/fast");
  asking.client().drain();
  EXPECT_EQ(asking.closed(CloseReason::kEnding), 1U);
  EXPECT_FALSE(asking.client().drained());
  const Outcome late = asking.ask();
  EXPECT_EQ(late.failure, Failure::kEnding);
  EXPECT_FALSE(late.sent);
  asking.client().drain();  // once is enough, twice does no harm
  slow.go_on.set();
  ASSERT_TRUE(asking.wait_for(3));
  EXPECT_EQ(asking.outcomes()[2].body, "/slow");
  ASSERT_TRUE(asking.wait([&] { return asking.client().drained(); }));
  EXPECT_EQ(asking.closed(CloseReason::kEnding), 2U);
  EXPECT_EQ(asking.figures().endpoints[0].open, 0U);
}

TEST(Drain, QueuedQuestionsGetTheirTurn) {
  SlowBackend slow;
  BackendOptions options = patient({endpoint_at(slow.backend.port())});
  options.in_flight_max = 1;
  Asking asking(options);
  asking.begin(question("/slow"));
  asking.begin(question("/queued"));
  ASSERT_TRUE(asking.wait_for(slow.asked));
  asking.client().drain();
  slow.go_on.set();
  ASSERT_TRUE(asking.wait_for(2));
  EXPECT_EQ(asking.outcomes()[1].body, "/queued");
  ASSERT_TRUE(asking.wait([&] { return asking.client().drained(); }));
}

TEST(Drain, HealthChecksStop) {
  std::atomic<int> checks{0};
  ScriptedBackend backend([&](Peer& peer) {
    while (peer.request()) {
      ++checks;
      peer.send(answer(200, ""));
    }
  });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.health.path = "/health";
  options.health.interval_ms = 1;
  Asking asking(options);
  ASSERT_TRUE(asking.wait([&] { return checks >= 3; }));
  asking.client().drain();
  ASSERT_TRUE(asking.wait([&] { return asking.client().drained(); }));
  const std::uint64_t begun = asking.figures().endpoints[0].health_checks;
  asking.ask();  // refused; some turns pass
  EXPECT_EQ(asking.figures().endpoints[0].health_checks, begun);
}

TEST(Abort, EveryCallIsToldAtOnceAndNobodyIsAskedAnyMore) {
  SlowBackend slow;
  BackendOptions options = patient({endpoint_at(slow.backend.port())});
  options.in_flight_max = 1;
  options.retries = 5;
  options.retry_budget = 1;
  options.idempotent = true;
  Asking asking(options);
  asking.begin(question("/slow"));
  ASSERT_TRUE(asking.wait_for(slow.asked));
  for (int i = 0; i < 3; ++i) asking.begin(question("/queued"));
  asking.client().abort();
  ASSERT_EQ(asking.outcomes().size(), 4U) << "told from inside";
  for (const Outcome& outcome : asking.outcomes()) EXPECT_EQ(outcome.failure, Failure::kEnding);
  EXPECT_TRUE(asking.outcomes()[0].sent);
  const Figures::Backend figures = asking.figures();
  EXPECT_EQ(figures.tries, 1U) << "those in the queue are not sent off for it";
  EXPECT_EQ(figures.endpoints[0].open, 0U);
  EXPECT_EQ(figures.in_flight, 0U);
  EXPECT_EQ(figures.queued, 0U);
  EXPECT_TRUE(asking.client().drained());
}

TEST(Abort, EndsADrainThatTakesTooLong) {
  SlowBackend slow;
  Asking asking(patient({endpoint_at(slow.backend.port())}));
  asking.begin(question("/slow"));
  ASSERT_TRUE(asking.wait_for(slow.asked));
  asking.client().drain();
  asking.client().abort();
  ASSERT_EQ(asking.outcomes().size(), 1U);
  EXPECT_EQ(asking.outcomes()[0].failure, Failure::kEnding);
}

/// Whoever is told may do anything: the client is in order when it tells.
TEST(Abort, MayComeFromWhoeverIsTold) {
  SlowBackend slow;
  Asking asking(patient({endpoint_at(slow.backend.port())}));
  std::vector<Failure> told;
  const auto ask = [&](std::string path, Asker::Done done) {
    asking.client().ask(0, question(std::move(path)), uv_now(&asking.loop()) + Asking::kPatienceMs, {}, std::move(done));
  };
  ask("/slow", [&](Outcome&& outcome) { told.push_back(outcome.failure); });
  ask("/fast", [&](Outcome&& outcome) {
    told.push_back(outcome.failure);
    adopt(asking, {});
    asking.client().drain();
    asking.client().abort();
    ask("/late", [&](Outcome&&) { FAIL() << "nobody is told behind the end"; });
  });
  ASSERT_TRUE(asking.wait([&] { return told.size() == 2; }));
  EXPECT_EQ(told[0], Failure::kNone);
  EXPECT_EQ(told[1], Failure::kEnding);
}

}  // namespace
}  // namespace proxy::upstream
