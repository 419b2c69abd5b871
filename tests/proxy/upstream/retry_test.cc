#include <gtest/gtest.h>

#include "tests/proxy/upstream/asking.h"

namespace proxy::upstream {
namespace {

TEST(Retry, AFailedConnectIsTriedElsewhere) {
  ScriptedBackend backend(ScriptedBackend::answering(answer(200, "yes")));
  BackendOptions options = patient({endpoint_at(closed_port()), endpoint_at(backend.port())});
  options.retries = 1;
  options.retry_budget = 1;
  Asking asking(options);
  for (int i = 0; i < 30; ++i) {
    const Outcome outcome = asking.ask();
    EXPECT_EQ(outcome.failure, Failure::kNone);
    EXPECT_LE(outcome.tries, 2U);
  }
  const Figures::Backend figures = asking.figures();
  EXPECT_GT(figures.retries, 0U);
  EXPECT_EQ(figures.tries, 30 + figures.retries);
  EXPECT_EQ(figures.try_failures[static_cast<std::size_t>(Failure::kConnect)], figures.retries);
}

TEST(Retry, WhatWasSentIsNotSentAgain) {
  std::atomic<int> asked{0};
  ScriptedBackend backend([&](Peer& peer) {
    if (peer.request()) ++asked;
  });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.retries = 5;
  options.retry_budget = 1;
  Asking asking(options);
  for (int i = 1; i <= 10; ++i) {
    const Outcome outcome = asking.ask();
    EXPECT_EQ(outcome.failure, Failure::kClosed);
    EXPECT_TRUE(outcome.sent);
    EXPECT_EQ(outcome.tries, 1U);
    EXPECT_EQ(asked, i);
  }
}

TEST(Retry, AKeptConnectionThatBreaksCountsAsSent) {
  std::atomic<int> asked{0};
  ScriptedBackend backend([&](Peer& peer) {
    if (!peer.request()) return;
    peer.send(answer(200, "first"));
    if (peer.request()) ++asked;  // and no answer
  });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.retries = 5;
  options.retry_budget = 1;
  Asking asking(options);
  EXPECT_EQ(asking.ask().body, "first");
  const Outcome outcome = asking.ask();
  EXPECT_EQ(outcome.failure, Failure::kClosed);
  EXPECT_TRUE(outcome.sent);
  EXPECT_EQ(asked, 1);
}

TEST(Retry, AnIdempotentBackendIsAskedAgain) {
  ScriptedBackend backend([](Peer& peer) {
    if (peer.request() && peer.number() >= 2) peer.send(answer(200, "third time"));
  });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.idempotent = true;
  options.retries = 3;
  options.retry_budget = 1;
  Asking asking(options);
  // The budget holds one token to begin with and gets one with the call: two further tries.
  const Outcome outcome = asking.ask();
  EXPECT_EQ(outcome.body, "third time");
  EXPECT_EQ(outcome.tries, 3U);
}

TEST(Retry, TheBudgetBoundsThem) {
  BackendOptions options = patient({endpoint_at(closed_port())});
  options.retries = 3;
  options.retry_budget = 0.1;
  Asking asking(options);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(asking.ask().failure, Failure::kConnect);
  const Figures::Backend figures = asking.figures();
  EXPECT_GE(figures.retries, 10U);
  EXPECT_LE(figures.retries, 11U);  // 10 % of the calls, and the first
  EXPECT_EQ(figures.tries, 100 + figures.retries);
  EXPECT_GT(figures.budget_spent, 0U);
}

TEST(Retry, NoneIsMadeWithoutRetriesOrBudget) {
  for (const bool budget : {false, true}) {
    BackendOptions options = patient({endpoint_at(closed_port())});
    options.retries = budget ? 0 : 3;
    options.retry_budget = budget ? 1 : 0;
    Asking asking(options);
    EXPECT_EQ(asking.ask().tries, 1U);
    EXPECT_EQ(asking.figures().retries, 0U);
  }
}

TEST(Retry, TheDeadlineIsForAllTries) {
  ScriptedBackend backend([](Peer& peer) { peer.wait_for_end(); });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.idempotent = true;
  options.retries = 1'000'000;
  options.retry_budget = 1;
  options.timeout_ms = 10;
  Asking asking(options);
  const Outcome outcome = asking.ask(question(), 0, 60);
  EXPECT_EQ(outcome.failure, Failure::kTimeout);
  EXPECT_LE(outcome.tries, 7U);
  EXPECT_EQ(asking.figures().in_flight, asking.figures().endpoints[0].in_flight);
}

TEST(Hedge, TheSecondAnswerWinsAndTheFirstConnectionIsClosed) {
  ScriptedBackend slow([](Peer& peer) { peer.wait_for_end(); });
  ScriptedBackend fast(ScriptedBackend::answering(answer(200, "fast")));
  BackendOptions options = patient({endpoint_at(slow.port()), endpoint_at(fast.port())});
  options.idempotent = true;
  options.hedge_after_ms = 10;
  options.retry_budget = 1;
  Asking asking(options);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(asking.ask().body, "fast");
  const Figures::Backend figures = asking.figures();
  EXPECT_GT(figures.hedges_won, 0U);
  // On a busy machine the fast one is asked first now and then and takes longer than hedge_after: then
  // the slow one is the second, and loses.
  EXPECT_LE(figures.hedges_won, figures.hedges);
  EXPECT_EQ(asking.closed(CloseReason::kAbandoned), figures.hedges);
  EXPECT_EQ(asking.figures().endpoints[0].in_flight, 0U);
  EXPECT_EQ(figures.in_flight, 0U);
}

TEST(Hedge, TheFirstAnswerMayStillWin) {
  Event hedged;
  ScriptedBackend backend([&](Peer& peer) {
    if (!peer.request()) return;
    if (peer.number() == 0) {
      hedged.wait();
      peer.send(answer(200, "first"));
    } else {
      hedged.set();
    }
    peer.wait_for_end();
  });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.idempotent = true;
  options.hedge_after_ms = 10;
  options.retry_budget = 1;
  Asking asking(options);
  const Outcome outcome = asking.ask();
  EXPECT_EQ(outcome.body, "first");
  EXPECT_EQ(outcome.tries, 2U);
  EXPECT_EQ(asking.figures().hedges_won, 0U);
}

TEST(Hedge, IsForIdempotentBackendsAndWithinTheBudget) {
  for (const bool idempotent : {false, true}) {
    Event go_on;
    ScriptedBackend backend([&](Peer& peer) {
      if (peer.request()) {
        go_on.wait();
        peer.send(answer(200, "x"));
      }
    });
    BackendOptions options = patient({endpoint_at(backend.port())});
    options.idempotent = idempotent;
    options.hedge_after_ms = 5;
    options.retry_budget = idempotent ? 0 : 1;
    Asking asking(options);
    asking.begin();
    if (idempotent) {
      ASSERT_TRUE(asking.wait([&] { return asking.figures().budget_spent == 1; }));
    } else {
      asking.ask(question(), 0, 30);  // longer than hedge_after
    }
    EXPECT_EQ(asking.figures().hedges, 0U);
    go_on.set();
    ASSERT_TRUE(asking.wait_for(idempotent ? 1 : 2));
  }
}

TEST(Hedge, OneThatCannotBeMadeTakesNothingFromTheBudget) {
  Event go_on;
  ScriptedBackend backend([&](Peer& peer) {
    if (!peer.request()) return;
    go_on.wait();
    peer.send(answer(200, "x"));
  });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.idempotent = true;
  options.hedge_after_ms = 150;
  options.retry_budget = 1;
  Asking asking(options);
  asking.begin();
  ASSERT_TRUE(asking.wait([&] { return asking.figures().endpoints[0].in_flight == 1; }));
  options.endpoints[0].weight = 0;  // whoever asks from now on finds nowhere to go
  asking.client().adopt(std::make_shared<const BackendList>(BackendList{options}));
  const std::uint64_t end_ns = uv_hrtime() + 250'000'000;
  ASSERT_TRUE(asking.wait([&] { return uv_hrtime() > end_ns; }));
  EXPECT_EQ(asking.figures().hedges, 0U);
  EXPECT_EQ(asking.figures().tries, 1U);
  options.endpoints[0].weight = 100;
  asking.client().adopt(std::make_shared<const BackendList>(BackendList{options}));
  // One token to begin with and one of the second question: both are there for hedges.
  asking.begin();
  ASSERT_TRUE(asking.wait([&] { return asking.figures().hedges == 1; }));
  asking.begin();
  ASSERT_TRUE(asking.wait([&] { return asking.figures().hedges == 2; }));
  EXPECT_EQ(asking.figures().budget_spent, 0U);
  go_on.set();
  ASSERT_TRUE(asking.wait_for(3));
}

TEST(Breaker, AnAnswerFromBeforeDoesNotCloseIt) {
  Event go_on;
  std::atomic<std::size_t> asked{0};
  ScriptedBackend backend([&](Peer& peer) {
    const auto request = peer.request();
    if (!request) return;
    ++asked;
    if (path_of(*request) != "/slow") return;
    go_on.wait();
    peer.send(answer(200, "late"));
  });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.breaker.failures = 1;
  options.breaker.open_ms = 20;
  Asking asking(options);
  const auto in = [&](BreakerState state) {
    return asking.figures().breakers[static_cast<std::size_t>(state)] == 1;
  };
  asking.begin(question("/slow"));
  ASSERT_TRUE(asking.wait([&] { return asked == 1; }));
  EXPECT_EQ(asking.ask().failure, Failure::kClosed);
  ASSERT_TRUE(asking.wait([&] { return in(BreakerState::kHalfOpen); }));
  go_on.set();
  ASSERT_TRUE(asking.wait_for(2));
  EXPECT_EQ(asking.outcomes().back().body, "late");
  EXPECT_TRUE(in(BreakerState::kHalfOpen)) << "asked before it opened, it says nothing of now";
}

TEST(Breaker, OpensAndTellsAtOnceAndClosesAgain) {
  std::atomic<bool> healthy{false};
  ScriptedBackend backend([&](Peer& peer) {
    while (peer.request()) {
      if (!healthy) return;
      peer.send(answer(200, "well"));
    }
  });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.breaker.failures = 3;
  options.breaker.open_ms = 50;
  Asking asking(options);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(asking.ask().failure, Failure::kClosed);
  const std::size_t accepted = backend.accepted();
  EXPECT_EQ(asking.figures().breakers[static_cast<std::size_t>(BreakerState::kOpen)], 1U);
  healthy = true;
  const Outcome outcome = asking.ask();
  if (outcome.failure == Failure::kBreakerOpen) {  // else this machine took its time
    EXPECT_FALSE(outcome.sent);
    EXPECT_EQ(outcome.tries, 0U);
    EXPECT_EQ(backend.accepted(), accepted);
  }
  Outcome again;
  do {
    again = asking.ask();
  } while (again.failure == Failure::kBreakerOpen);
  EXPECT_EQ(again.body, "well");
  EXPECT_EQ(asking.figures().breakers[static_cast<std::size_t>(BreakerState::kClosed)], 1U);
  EXPECT_EQ(asking.figures().breaker_opened, 1U);
}

TEST(Breaker, ShowsThatItsTimeIsOverThoughNobodyAsks) {
  ScriptedBackend backend([](Peer& peer) { peer.request(); });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.breaker.failures = 1;
  options.breaker.open_ms = 20;
  Asking asking(options);
  EXPECT_EQ(asking.ask().failure, Failure::kClosed);
  const auto shown = [&](BreakerState state) {
    return asking.figures().breakers[static_cast<std::size_t>(state)] == 1;
  };
  EXPECT_TRUE(asking.wait([&] { return shown(BreakerState::kHalfOpen); }));
}

TEST(Breaker, AnswersTheQueueWhenItOpens) {
  Event go_on;
  ScriptedBackend backend([&](Peer& peer) {
    if (peer.request()) go_on.wait();
  });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.in_flight_max = 1;
  options.breaker.failures = 1;
  Asking asking(options);
  for (int i = 0; i < 5; ++i) asking.begin();
  go_on.set();
  ASSERT_TRUE(asking.wait_for(5));
  EXPECT_EQ(asking.failed(Failure::kClosed), 1U);
  EXPECT_EQ(asking.failed(Failure::kBreakerOpen), 4U);
  EXPECT_EQ(backend.accepted(), 1U);
}

}  // namespace
}  // namespace proxy::upstream
