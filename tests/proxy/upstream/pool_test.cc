#include <gtest/gtest.h>

#include "tests/proxy/upstream/asking.h"

namespace proxy::upstream {
namespace {

TEST(Pool, KeepsOneConnectionForQuestionsThatFollowEachOther) {
  ScriptedBackend backend(ScriptedBackend::answering(answer(200, "yes")));
  Asking asking(patient({endpoint_at(backend.port())}));
  for (int i = 0; i < 20; ++i) {
    const Outcome outcome = asking.ask();
    EXPECT_EQ(outcome.failure, Failure::kNone);
    EXPECT_EQ(outcome.status, 200);
    EXPECT_EQ(outcome.body, "yes");
    EXPECT_TRUE(outcome.sent);
    EXPECT_EQ(outcome.tries, 1U);
  }
  EXPECT_EQ(backend.accepted(), 1U);
  EXPECT_EQ(asking.figures().endpoints[0].opened, 1U);
  EXPECT_EQ(asking.figures().answers[2], 20U);
  EXPECT_EQ(asking.figures().in_flight, 0U);
  EXPECT_EQ(asking.figures().endpoints[0].in_flight, 0U);
}

TEST(Pool, NeverAsksTwoQuestionsAtOnceOnOneConnection) {
  Event first_asked, go_on;
  ScriptedBackend backend([&](Peer& peer) {
    while (const auto request = peer.request()) {
      if (peer.number() == 0 && !first_asked.happened()) {
        first_asked.set();
        go_on.wait();
      }
      peer.send(answer(200, request->substr(0, request->find(" HTTP"))));
    }
  });
  Asking asking(patient({endpoint_at(backend.port())}));
  asking.begin(question("/one"));
  asking.begin(question("/two"));
  ASSERT_TRUE(asking.wait_for(1));
  go_on.set();
  ASSERT_TRUE(asking.wait_for(2));
  EXPECT_EQ(backend.accepted(), 2U);
  EXPECT_NE(asking.outcomes()[0].body, asking.outcomes()[1].body);
}

TEST(Pool, UsesTheConnectionThatWasUsedLast) {
  std::atomic<std::size_t> last{99};
  Event both;
  std::atomic<int> waiting{0};
  ScriptedBackend backend([&](Peer& peer) {
    while (peer.request()) {
      last = peer.number();
      if (++waiting == 2) both.set();
      both.wait();
      peer.send(answer(200, std::to_string(peer.number())));
    }
  });
  Asking asking(patient({endpoint_at(backend.port())}));
  asking.begin();
  asking.begin();
  ASSERT_TRUE(asking.wait_for(2));
  const std::string used_last(asking.outcomes()[1].body);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(asking.ask().body, used_last);
  EXPECT_EQ(backend.accepted(), 2U);
}

TEST(Pool, OpensNoMoreThanItsBoundAndServesTheRestInTurn) {
  ScriptedBackend backend([](Peer& peer) {
    while (const auto request = peer.request()) {
      peer.send(answer(200, path_of(*request)));
    }
  });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.connections_max = 2;
  Asking asking(options);
  for (int i = 0; i < 50; ++i) asking.begin(question("/" + std::to_string(i)));
  ASSERT_TRUE(asking.wait_for(50));
  for (const Outcome& outcome : asking.outcomes()) EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(backend.accepted(), 2U);
}

TEST(Pool, QueuesBeyondTheCallsUnderWayAndRefusesBeyondTheQueue) {
  Event go_on;
  ScriptedBackend backend([&](Peer& peer) {
    while (const auto request = peer.request()) {
      go_on.wait();
      peer.send(answer(200, path_of(*request)));
    }
  });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.in_flight_max = 1;
  options.queue_max = 2;
  Asking asking(options);
  for (int i = 0; i < 4; ++i) asking.begin(question("/" + std::to_string(i)));
  EXPECT_TRUE(asking.outcomes().empty()) << "nobody is told from inside ask()";
  ASSERT_TRUE(asking.wait_for(1));
  EXPECT_EQ(asking.figures().queued, 2U);
  EXPECT_EQ(asking.outcomes()[0].failure, Failure::kQueueFull);
  EXPECT_FALSE(asking.outcomes()[0].sent);
  EXPECT_EQ(asking.outcomes()[0].tries, 0U);
  go_on.set();
  ASSERT_TRUE(asking.wait_for(4));
  std::string told;
  for (std::size_t i = 1; i < 4; ++i) told += asking.outcomes()[i].body;
  EXPECT_EQ(told, "/0/1/2");
  EXPECT_EQ(asking.failed(Failure::kQueueFull), 1U);
  EXPECT_EQ(asking.figures().queued, 0U);
}

TEST(Pool, AQuestionLeavesTheQueueAtItsDeadline) {
  Event go_on;
  ScriptedBackend backend([&](Peer& peer) {
    while (peer.request()) {
      go_on.wait();
      peer.send(answer(200, "late"));
    }
  });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.in_flight_max = 1;
  Asking asking(options);
  asking.begin(question("/first"));
  const Outcome outcome = asking.ask(question("/second"), 0, 20);
  EXPECT_EQ(outcome.failure, Failure::kTimeout);
  EXPECT_FALSE(outcome.sent);
  EXPECT_EQ(asking.figures().queued, 0U);
  go_on.set();
  ASSERT_TRUE(asking.wait_for(2));
  EXPECT_EQ(asking.outcomes()[1].body, "late");
}

TEST(Pool, ClosesConnectionsThatNobodyUses) {
  ScriptedBackend backend(ScriptedBackend::answering(answer(200, "yes")));
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.idle_ms = 20;
  Asking asking(options);
  asking.ask();
  ASSERT_TRUE(asking.wait([&] { return asking.closed(CloseReason::kIdle) == 1; }));
  EXPECT_EQ(asking.figures().endpoints[0].open, 0U);
  EXPECT_EQ(asking.ask().status, 200);
  EXPECT_EQ(backend.accepted(), 2U);
}

TEST(Pool, DropsAConnectionThatTheBackendHasClosed) {
  ScriptedBackend backend([](Peer& peer) {
    if (peer.request()) peer.send(answer(200, "once"));
  });
  Asking asking(patient({endpoint_at(backend.port())}));
  for (std::uint64_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(asking.ask().body, "once");
    ASSERT_TRUE(asking.wait([&] { return asking.closed(CloseReason::kPeer) == i; }));
  }
  EXPECT_EQ(backend.accepted(), 3U);
}

TEST(Pool, DropsAConnectionThatSaysItCloses) {
  ScriptedBackend backend([](Peer& peer) {
    while (peer.request()) peer.send(answer(200, "x", "Connection: close\r\n"));
  });
  Asking asking(patient({endpoint_at(backend.port())}));
  EXPECT_EQ(asking.ask().body, "x");
  EXPECT_EQ(asking.ask().body, "x");
  EXPECT_EQ(backend.accepted(), 2U);
  EXPECT_EQ(asking.closed(CloseReason::kAnswered), 2U);
}

// Answer queue poisoning (hardening.md): nobody gets another's answer.
TEST(Pool, BytesBehindAnAnswerBelongToNobody) {
  ScriptedBackend backend([](Peer& peer) {
    while (const auto request = peer.request()) {
      peer.send(answer(200, request->substr(6, 1)) + answer(200, "poison"));
    }
  });
  Asking asking(patient({endpoint_at(backend.port())}));
  for (const char* name : {"/a", "/b", "/c", "/d"}) EXPECT_EQ(asking.ask(question(name)).body, name + 1);
  EXPECT_EQ(backend.accepted(), 4U);
  EXPECT_EQ(asking.closed(CloseReason::kUnsolicited), 4U);
}

TEST(Pool, BytesOnAnIdleConnectionCloseIt) {
  ScriptedBackend backend([](Peer& peer) {
    while (const auto request = peer.request()) {
      peer.send(answer(200, request->substr(6, 1)));
      peer.send(answer(200, "poison"));
      peer.wait_for_end();
    }
  });
  Asking asking(patient({endpoint_at(backend.port())}));
  std::uint64_t dropped = 0;
  for (const char* name : {"/a", "/b", "/c"}) {
    EXPECT_EQ(asking.ask(question(name)).body, name + 1);
    ++dropped;
    ASSERT_TRUE(asking.wait([&] { return asking.closed(CloseReason::kUnsolicited) == dropped; }));
  }
}

TEST(Pool, AnEndpointThatPoisonedOnceIsLookedAtBeforeEachReuse) {
  Event poisoned;
  ScriptedBackend backend([&](Peer& peer) {
    while (const auto request = peer.request()) {
      peer.send(answer(200, request->substr(6, 1)) + (peer.number() == 0 ? "poison" : ""));
      if (peer.number() == 1) {
        peer.send(answer(200, "poison"));
        poisoned.set();
      }
    }
  });
  Asking asking(patient({endpoint_at(backend.port())}));
  EXPECT_EQ(asking.ask(question("/a")).body, "a");  // and the poison with it
  EXPECT_EQ(asking.ask(question("/b")).body, "b");
  poisoned.wait();
  // The loop has not turned since: only a look at the socket can tell.
  EXPECT_EQ(asking.ask(question("/c")).body, "c");
  EXPECT_EQ(backend.accepted(), 3U);
}

TEST(Pool, AnEarlyAnswerEndsTheConnectionWithTheRequestHalfSent) {
  Event told;
  ScriptedBackend backend([&](Peer& peer) {
    peer.read_more();
    peer.send(answer(413, "too much"));
    told.wait();
  });
  Asking asking(patient({endpoint_at(backend.port())}));
  const Outcome outcome = asking.ask(question("/a", std::string(32 << 20, 'x')));
  told.set();
  EXPECT_EQ(outcome.status, 413);
  EXPECT_EQ(outcome.body, "too much");
  EXPECT_EQ(asking.figures().endpoints[0].open, 0U);
}

TEST(Pool, SendsALargeRequestInPieces) {
  ScriptedBackend backend([](Peer& peer) {
    while (const auto request = peer.request()) {
      peer.send(answer(200, std::to_string(request->size() - request->find("\r\n\r\n") - 4)));
    }
  });
  Asking asking(patient({endpoint_at(backend.port())}));
  EXPECT_EQ(asking.ask(question("/a", std::string(16 << 20, 'x'))).body, std::to_string(16 << 20));
  EXPECT_EQ(asking.ask(question("/a", "abc")).body, "3");
  EXPECT_EQ(backend.accepted(), 1U);
}

TEST(Pool, ForgottenQuestionsKeepTheirConnection) {
  Event asked, go_on;
  ScriptedBackend backend([&](Peer& peer) {
    while (const auto request = peer.request()) {
      if (request->starts_with("POST /slow")) {
        asked.set();
        go_on.wait();
      }
      peer.send(answer(200, request->substr(5, 4)));
    }
  });
  Asking asking(patient({endpoint_at(backend.port())}));
  const Asker::CallId id = asking.begin(question("/slow"));
  ASSERT_TRUE(asking.wait_for(asked));
  asking.client().forget(id);
  asking.client().forget(id);  // once is enough, twice does no harm
  go_on.set();
  ASSERT_TRUE(asking.wait([&] { return asking.figures().late == 1; }));
  EXPECT_EQ(asking.ask(question("/fast")).body, "/fas");
  EXPECT_EQ(asking.outcomes().size(), 1U) << "done is not called for what was forgotten";
  EXPECT_EQ(backend.accepted(), 1U);
}

TEST(Pool, ALateAnswerIsCountedAndItsConnectionKept) {
  Event asked, go_on;
  ScriptedBackend backend([&](Peer& peer) {
    while (peer.request()) {
      asked.set();
      go_on.wait();
      peer.send(answer(200, "late"));
    }
  });
  Asking asking(patient({endpoint_at(backend.port())}));
  const Outcome outcome = asking.ask(question(), 0, 30);
  EXPECT_EQ(outcome.failure, Failure::kTimeout);
  go_on.set();
  if (outcome.sent) {
    ASSERT_TRUE(asking.wait([&] { return asking.figures().late == 1; }));
    EXPECT_EQ(asking.ask().body, "late");
    EXPECT_EQ(backend.accepted(), 1U);
  }
  EXPECT_EQ(asking.figures().in_flight, 0U);
}

}  // namespace
}  // namespace proxy::upstream
