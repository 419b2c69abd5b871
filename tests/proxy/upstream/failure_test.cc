#include <gtest/gtest.h>

#include <semaphore>

#include "tests/proxy/upstream/asking.h"
#include "tests/proxy/upstream/deaf_port.h"

namespace proxy::upstream {
namespace {

/// Answers once with exactly these bytes and ends the connection.
Outcome outcome_of(const std::string& bytes, bool reset = false, std::size_t body_max = 1 << 20) {
  ScriptedBackend backend([&](Peer& peer) {
    if (!peer.request()) return;
    peer.send(bytes);
    if (reset) peer.reset();
  });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.response_bytes_max = body_max;
  options.header_bytes_max = 4096;
  Asking asking(options);
  const Outcome outcome = asking.ask();
  EXPECT_EQ(asking.figures().in_flight, 0U);
  EXPECT_TRUE(asking.wait([&] { return asking.figures().endpoints[0].open == 0; }));
  if (outcome.failure != Failure::kNone) {
    EXPECT_EQ(asking.failed(outcome.failure), 1U);
  }
  return outcome;
}

TEST(Failure, NobodyListens) {
  Asking asking(patient({endpoint_at(closed_port())}));
  const Outcome outcome = asking.ask();
  EXPECT_EQ(outcome.failure, Failure::kConnect);
  EXPECT_FALSE(outcome.sent);
  EXPECT_EQ(outcome.tries, 1U);
  EXPECT_EQ(asking.closed(CloseReason::kConnect), 1U);
}

TEST(Failure, ItNeverTakesTheConnection) {
  const DeafPort deaf;
  BackendOptions options = patient({endpoint_at(deaf.port())});
  options.connect_timeout_ms = 50;
  Asking asking(options);
  const Outcome outcome = asking.ask();
  EXPECT_EQ(outcome.failure, Failure::kConnectTimeout);
  EXPECT_FALSE(outcome.sent);
  const Outcome earlier = asking.ask(question(), 0, 10);
  EXPECT_EQ(earlier.failure, Failure::kConnectTimeout) << "the deadline came first";
}

TEST(Failure, ItTakesTheQuestionAndNeverAnswers) {
  ScriptedBackend backend([](Peer& peer) { peer.wait_for_end(); });
  BackendOptions options = patient({endpoint_at(backend.port())});
  options.timeout_ms = 50;
  Asking asking(options);
  const Outcome outcome = asking.ask();
  EXPECT_EQ(outcome.failure, Failure::kTimeout);
  EXPECT_TRUE(outcome.sent);
  EXPECT_EQ(asking.closed(CloseReason::kTimeout), 1U);
  EXPECT_GE(outcome.duration_us, 49'000U);
}

TEST(Failure, ItStopsInTheMiddleOfHeadOrBody) {
  for (const char* const bytes :
       {"HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}) {
    ScriptedBackend backend([&](Peer& peer) {
      if (peer.request()) peer.send(bytes);
      peer.wait_for_end();
    });
    BackendOptions options = patient({endpoint_at(backend.port())});
    options.timeout_ms = 50;
    Asking asking(options);
    EXPECT_EQ(asking.ask().failure, Failure::kTimeout) << bytes;
  }
}

TEST(Failure, EveryCutAnswerIsNone) {
  const std::string whole = answer(200, "0123456789", "X: y\r\n");
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    SCOPED_TRACE(cut);
    const Outcome outcome = outcome_of(whole.substr(0, cut));
    EXPECT_EQ(outcome.failure, Failure::kClosed);
    EXPECT_TRUE(outcome.body.empty());
    EXPECT_TRUE(outcome.sent);
  }
  EXPECT_EQ(outcome_of(whole).body, "0123456789");
}

TEST(Failure, EveryCutChunkedAnswerIsNone) {
  const std::string whole =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n1\r\ne\r\n0\r\n\r\n";
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    SCOPED_TRACE(cut);
    EXPECT_EQ(outcome_of(whole.substr(0, cut)).failure, Failure::kClosed);
  }
  EXPECT_EQ(outcome_of(whole).body, "abcde");
}

TEST(Failure, AnAnswerInPiecesIsTheSameAnswer) {
  const std::string whole = answer(200, "0123456789", "X: y\r\n");
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    Event first_read;
    ScriptedBackend backend([&](Peer& peer) {
      while (peer.request()) {
        peer.send(whole.substr(0, cut));
        first_read.wait();
        peer.send(whole.substr(cut));
      }
    });
    Asking asking(patient({endpoint_at(backend.port())}));
    asking.begin();
    for (int i = 0; i < 20; ++i) asking.turn();
    first_read.set();
    ASSERT_TRUE(asking.wait_for(1));
    EXPECT_EQ(asking.outcomes()[0].body, "0123456789");
  }
}

TEST(Failure, AResetIsAClosedConnection) {
  EXPECT_EQ(outcome_of("", true).failure, Failure::kClosed);
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\n", true).failure, Failure::kClosed);
  // Without a length it would look whole.
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nX: y\r\n\r\nto the", true).failure, Failure::kClosed);
}

TEST(Failure, WhatIsNoHttpIsRefused) {
  for (const std::string& bytes :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n\r\n"), std::string("\0\1\2\3 garbage\r\n\r\n", 15),
        std::string("HTTP/2.0 200 OK\r\n\r\n"), std::string("HTTP/1.1 2x0 OK\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")}) {
    SCOPED_TRACE(bytes);
    EXPECT_EQ(outcome_of(bytes).failure, Failure::kProtocol);
  }
}

TEST(Failure, WhatIsTooLargeIsRefusedBeforeItIsRead) {
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\nabc").failure,
            Failure::kTooLarge);
  EXPECT_EQ(outcome_of(answer(200, std::string(101, 'x')), false, 100).failure, Failure::kTooLarge);
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x'), false, 100).failure,
            Failure::kTooLarge);
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nX: " + std::string(5000, 'x') + "\r\n\r\n").failure,
            Failure::kTooLarge);
}

TEST(Failure, AnAnswerThatNoMemoryIsLeftForIsGivenUp) {
  ScriptedBackend backend([](Peer& peer) {
    while (peer.request()) peer.send(answer(200, std::string(peer.number() % 2 == 0 ? 100'000 : 1'000, 'x')));
  });
  net::Memory memory({.backends = 64 << 10});
  const auto held = [&] { return memory.held(net::Memory::For::kBackends); };
  {
    BackendOptions options = patient({endpoint_at(backend.port())});
    options.breaker.failures = 1;
    Asking asking(BackendList{options}, ::getaddrinfo, &memory);
    EXPECT_EQ(asking.ask().failure, Failure::kMemory);
    EXPECT_LT(held(), 64U << 10);
    // It was not the backend's fault: its breaker is closed, and the next one is asked and answered.
    const Outcome small = asking.ask();
    EXPECT_EQ(small.failure, Failure::kNone);
    EXPECT_EQ(small.body.size(), 1'000U);
    EXPECT_EQ(asking.figures().failures[static_cast<std::size_t>(Failure::kMemory)], 1U);
    EXPECT_LT(held(), 8U << 10) << "what was told is nobody's any more";
  }
  EXPECT_EQ(held(), 0U);
}

TEST(Failure, AnAnswerMayLastAsLongAsItsConnection) {
  const Outcome outcome = outcome_of("HTTP/1.1 200 OK\r\nX: y\r\n\r\nto the end");
  EXPECT_EQ(outcome.failure, Failure::kNone);
  EXPECT_EQ(outcome.body, "to the end");
}

TEST(Failure, AnyStatusIsAnAnswer) {
  for (const int status : {201, 301, 400, 404, 500, 503}) {
    const Outcome outcome = outcome_of(answer(status, "b"));
    EXPECT_EQ(outcome.failure, Failure::kNone);
    EXPECT_EQ(outcome.status, status);
    EXPECT_EQ(outcome.tries, 1U);
  }
}

TEST(Failure, TheNameHasNoAddress) {
  BackendOptions options = patient({endpoint_at(80, "nobody.invalid")});  // RFC 2606
  Asking asking(options);
  const Outcome outcome = asking.ask();
  EXPECT_EQ(outcome.failure, Failure::kResolve);
  EXPECT_FALSE(outcome.sent);
  EXPECT_EQ(asking.ask().failure, Failure::kResolve) << "and at once, until it is looked up again";
  EXPECT_GE(asking.figures().endpoints[0].resolve_failures, 1U);
}

TEST(Failure, ALookUpUnderWayDoesNotDelayTheEnd) {
  static std::binary_semaphore begun{0}, go_on{0}, over{0};
  {
    Asking asking({patient({endpoint_at(80, "slow.invalid")})},
                  [](const char*, const char*, const addrinfo*, addrinfo**) {
                    begun.release();
                    go_on.acquire();
                    over.release();
                    return EAI_AGAIN;
                  });
    begun.acquire();
    asking.begin();
  }  // expects a closed loop after one turn
  go_on.release();
  over.acquire();
}

TEST(Failure, ANameIsLookedUpAndItsAddressesTried) {
  // "localhost" is ::1 as well as 127.0.0.1 on most machines, and only one of them answers.
  ScriptedBackend backend(ScriptedBackend::answering(answer(200, "here")));
  Asking asking(patient({endpoint_at(backend.port(), "localhost")}));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(asking.ask().body, "here");
  EXPECT_EQ(asking.figures().endpoints[0].resolutions, 1U);
  EXPECT_EQ(backend.accepted(), 1U);
}

TEST(Failure, AnOldNameIsLookedUpAgainInTheBackground) {
  ScriptedBackend backend(ScriptedBackend::answering(answer(200, "here")));
  BackendOptions options = patient({endpoint_at(backend.port(), "localhost")});
  options.dns_ttl_ms = 20;
  Asking asking(options);
  EXPECT_EQ(asking.ask().body, "here");
  ASSERT_TRUE(asking.wait([&] { return asking.figures().endpoints[0].resolutions >= 2; }));
  EXPECT_EQ(asking.ask().body, "here");
  EXPECT_EQ(backend.accepted(), 1U) << "the address is the same: the connection stays";
  // And again for as long as it is asked, although the connection is kept.
  ASSERT_TRUE(asking.wait([&] {
    asking.ask();
    return asking.figures().endpoints[0].resolutions >= 5;
  }));
  EXPECT_EQ(asking.figures().endpoints[0].opened, 1U);
}

TEST(Failure, IPv6IsAnAddressLikeAnother) {
  const int probe = ::socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 loopback{};
  loopback.sin6_family = AF_INET6;
  loopback.sin6_addr = in6addr_loopback;
  const bool has_v6 =
      probe >= 0 && ::bind(probe, reinterpret_cast<sockaddr*>(&loopback), sizeof loopback) == 0;
  ::close(probe);
  if (!has_v6) GTEST_SKIP() << "no IPv6 here";
  ScriptedBackend backend(
      [](Peer& peer) {
        while (const auto request = peer.request()) {
          peer.send(answer(200, request->substr(request->find("Host: "), 11)));
        }
      },
      nullptr, "::1");
  Asking asking(patient({endpoint_at(backend.port(), "::1")}));
  EXPECT_EQ(asking.ask().body, "Host: [::1]");
}

TEST(Failure, EveryFailureHasAName) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kFailureCount; ++i) {
    names.push_back(name(static_cast<Failure>(i)));
    EXPECT_FALSE(names.back().empty());
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(names[i], names[j]);
  }
}

}  // namespace
}  // namespace proxy::upstream
