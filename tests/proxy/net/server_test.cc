#include "proxy/net/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "tests/core/http/raw_cases.h"
#include "tests/proxy/net/running_server.h"

namespace proxy::net {
namespace {

using testing::HasSubstr;

std::string post(std::string_view body) {
  return "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

/// Sends a raw case and checks what comes back: the expected status first, and nothing after a
/// refusal but the end of the connection.
void replay(const test::RawCase& c, std::uint16_t port, bool byte_by_byte) {
  SCOPED_TRACE(c.name + (byte_by_byte ? " (byte by byte)" : ""));
  Client client(port);
  client.head_only_ = c.bytes.starts_with("HEAD");
  if (byte_by_byte) {
    for (const char& byte : c.bytes) {
      if (!client.send({&byte, 1})) break;
    }
  } else {
    client.send(c.bytes);
  }
  client.finish_sending();
  EXPECT_TRUE(client.read_to_end()) << "the connection stays open";
  const std::string statuses = client.statuses();
  if (c.status != 0) {
    EXPECT_EQ(statuses, std::to_string(c.status));
    EXPECT_THAT(client.received(), HasSubstr("Connection: close\r\n"));
  } else {
    const std::string first = statuses.substr(statuses.starts_with("100") ? 4 : 0, 3);
    EXPECT_EQ(first, "200");
    if (!client.head_only_) {
      EXPECT_THAT(client.received(), HasSubstr("\r\n\r\n" + c.body));
    }
  }
}

// hardening.md, section 1: the same table the reader is tested with, through real sockets.
TEST(Server, AnswersEveryRawCaseAsTheReaderDoes) {
  RunningServer server;
  std::size_t replayed = 0;
  for (const test::RawCase& c : test::raw_cases()) {
    replay(c, server.port(), false);
    ++replayed;
    if (c.bytes.size() <= 400) replay(c, server.port(), true);
    if (HasFailure()) break;
  }
  EXPECT_GE(replayed, 300u);
}

TEST(Server, AnswersPipelinedRequestsInOrderAndTogether) {
  RunningServer server;
  std::string requests, expected;
  for (int i = 0; i < 500; ++i) requests += post("body " + std::to_string(i));
  Client client(server.port());
  ASSERT_TRUE(client.send(requests));
  const std::string answers = client.read_answers(500);
  std::size_t at = 0;
  for (int i = 0; i < 500; ++i) {
    at = answers.find("\r\n\r\nbody " + std::to_string(i), at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

/// A server whose loop stops inside the first request, but for those of "/first", until it may go on. So
/// more can arrive before its next turn.
class HeldServer {
 public:
  /// `watched` is the path whose place among those that were seen is asked for.
  explicit HeldServer(std::string watched)
      : server_({}, "", [this, watched = std::move(watched)](const core::http::Request& request) {
          if (request.path == "/first") return;
          const unsigned number = ++seen_;
          if (number == 1) {
            begun_.set_value();
            go_on_.get_future().wait();
          }
          if (request.path == watched) watched_at_ = number;
        }) {}
  RunningServer* operator->() { return &server_; }
  void wait_until_held() { begun_.get_future().wait(); }
  void go_on() { go_on_.set_value(); }
  unsigned seen() const { return seen_; }
  unsigned watched_at() const { return watched_at_; }

 private:
  std::promise<void> begun_, go_on_;
  std::atomic<unsigned> seen_{0}, watched_at_{0};
  RunningServer server_;
};

// hardening.md, section 2, 10: a budget of messages per loop turn.
TEST(Server, AnswersOthersBetweenTheRequestsOfOneWhoPipelines) {
  HeldServer server("/other");
  Client greedy(server->port()), other(server->port());
  const std::string rest = " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";
  other.send("POST /first" + rest);  // it is accepted
  other.read_answers(1);
  constexpr unsigned kMany = 15 * Server::kMessagesPerTurn;
  std::string requests;
  for (unsigned i = 0; i < kMany; ++i) requests += "POST /p" + rest;
  ASSERT_LT(requests.size(), Server::kReceiveBytes) << "one read may have all of them";
  greedy.send(requests);
  server.wait_until_held();
  other.send("POST /other" + rest);
  server.go_on();
  other.read_answers(2);
  greedy.read_answers(kMany);
  EXPECT_EQ(server.seen(), kMany + 1);
  EXPECT_LE(server.watched_at(), 3 * Server::kMessagesPerTurn);
}

// hardening.md, section 2, 10: and of bytes.
TEST(Server, AnswersSmallRequestsBeforeLargeOnesThatCameTogether) {
  HeldServer server("/small");
  constexpr std::size_t kMany = 20;
  const auto message = [](const std::string& path, std::size_t size) {
    return "POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
           std::string(size, 'x');
  };
  Client busy(server->port()), small(server->port());
  std::vector<std::unique_ptr<Client>> large;
  for (std::size_t i = 0; i < kMany; ++i) {
    large.push_back(std::make_unique<Client>(server->port()));
    large.back()->send(message("/first", 0));  // it is accepted
    large.back()->read_answers(1);
  }
  small.send(message("/first", 0));
  small.read_answers(1);
  busy.send(message("/busy", 0));
  server.wait_until_held();
  for (const auto& client : large) ASSERT_TRUE(client->send(message("/large", 60'000)));
  small.send(message("/small", 10));
  server.go_on();
  small.read_answers(2);
  for (const auto& client : large) {
    client->read_answers(2);
    EXPECT_EQ(client->statuses(), "200 200");
  }
  EXPECT_EQ(server.seen(), kMany + 2);
  EXPECT_LE(server.watched_at(), 3u) << "behind the one that keeps the server busy, and one that is large";
}

TEST(Server, NobodyOvertakesThoseWhoWaitForATurn) {
  std::atomic<unsigned> seen{0}, other_at{0};
  RunningServer server({}, "", [&](const core::http::Request& request) {
    const unsigned number = ++seen;
    if (request.path == "/other") other_at = number;
  });
  const auto message = [](const std::string& path) {
    return "POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x');
  };
  constexpr unsigned kMany = 30;
  Client greedy(server.port()), other(server.port());
  std::thread sending([&] {
    for (unsigned i = 0; i < kMany; ++i) EXPECT_TRUE(greedy.send(message("/greedy")));
  });
  EXPECT_TRUE(other.send(message("/other")));
  std::thread reading([&] { greedy.read_answers(kMany); });
  other.read_answers(1);
  reading.join();
  sending.join();
  EXPECT_EQ(seen.load(), kMany + 1);
  EXPECT_GT(other_at.load(), 0u);
}

TEST(Server, LosesNothingOfWhatWaitsForItsTurn) {
  RunningServer server;
  constexpr int kMany = 20 * static_cast<int>(Server::kMessagesPerTurn);
  std::string requests;
  for (int i = 0; i < kMany; ++i) requests += post("body " + std::to_string(i));
  requests += "GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n";
  // What is read at once, and what is read while some of it waits for its turn.
  Client whole(server.port()), pieces(server.port());
  ASSERT_TRUE(whole.send(requests));
  for (std::size_t at = 0; at < requests.size(); at += 5000) {
    ASSERT_TRUE(pieces.send(std::string_view(requests).substr(at, 5000)));
  }
  for (Client* client : {&whole, &pieces}) {
    EXPECT_TRUE(client->read_to_end());
    std::size_t at = 0;
    for (int i = 0; i < kMany; ++i) {
      at = client->received().find("\r\n\r\nbody " + std::to_string(i), at);
      ASSERT_NE(at, std::string::npos) << i;
    }
    EXPECT_TRUE(client->statuses().ends_with("200 400"));
  }
}

TEST(Server, LetsGoOfWhatWaitsForItsTurnWhenItDrains) {
  RunningServer server;
  std::string requests;
  for (unsigned i = 0; i < 50 * Server::kMessagesPerTurn; ++i) requests += post("x");
  Client client(server.port());
  ASSERT_TRUE(client.send(requests));
  client.read_answers(1);
  server.drain();
  EXPECT_TRUE(client.read_to_end());
  EXPECT_TRUE(client.received().find("Connection: close\r\n") != std::string::npos ||
              client.statuses().size() == 50 * Server::kMessagesPerTurn * 4 - 1);
}

TEST(Server, AnswersWhatWasCompleteBeforeItRefusesWhatFollows) {
  RunningServer server;
  Client client(server.port());
  client.send(post("a") + post("b") + "GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n" + post("c"));
  EXPECT_TRUE(client.read_to_end());
  EXPECT_EQ(client.statuses(), "200 200 400");
}

TEST(Server, StopsReadingFromAClientThatTakesNoAnswers) {
  ServerLimits limits;
  limits.write_timeout_ms = 60'000;  // a slow machine is not what is tested
  RunningServer server(limits);
  Client client(server.port(), 256 << 10);
  const std::string one = post(std::string(60'000, 'x'));
  std::size_t sent_requests = 0, unsent = 0;
  // Until the sockets' buffers are full in both directions and stay so.
  for (int quiet = 0; quiet < 50 && sent_requests < 2000;) {
    const std::string_view rest = std::string_view(one).substr(unsent);
    const std::size_t sent = client.send_some(rest);
    if (sent == 0) {
      ++quiet;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      continue;
    }
    quiet = 0;
    unsent = (unsent + sent) % one.size();
    if (unsent == 0) ++sent_requests;
  }
  ASSERT_LT(sent_requests, 2000u) << "nothing ever pushed back";
  // What it was sent is answered once it reads.
  if (unsent != 0) {
    std::thread rest([&] { client.send(std::string_view(one).substr(unsent)); });
    client.read_answers(sent_requests + 1);
    rest.join();
    ++sent_requests;
  }
  client.read_answers(sent_requests);
  EXPECT_EQ(server.handler().answered.load(), static_cast<int>(sent_requests));
}

TEST(Server, TurnsAwayWhatItHasNoRoomFor) {
  ServerLimits limits;
  limits.connections_max = 2;
  RunningServer server(limits);
  // Two connections in the middle of a request: nothing idle can make room.
  Client first(server.port()), second(server.port());
  first.send("POST /p HT");
  second.send("POST /p HT");
  while (server.counters().open.load() < 2) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  Client third(server.port());
  EXPECT_TRUE(third.read_to_end());
  EXPECT_EQ(third.statuses(), "503");
  first.send("TP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_THAT(first.read_answers(1), HasSubstr("200 OK"));
  EXPECT_EQ(server.counters().turned_away.load(), 1u);
}

TEST(Server, ClosesTheOldestIdleConnectionToMakeRoom) {
  ServerLimits limits;
  limits.connections_max = 2;
  RunningServer server(limits);
  Client first(server.port());
  first.send(post("1"));
  first.read_answers(1);
  Client second(server.port());
  second.send(post("2"));
  second.read_answers(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(150));  // idle at all begins at 100 ms
  Client third(server.port());
  third.send(post("3"));
  EXPECT_THAT(third.read_answers(1), HasSubstr("200 OK"));
  EXPECT_TRUE(first.read_to_end());
  second.send(post("4"));
  EXPECT_THAT(second.read_answers(2), HasSubstr("\r\n\r\n4"));
  EXPECT_EQ(server.counters().evicted.load(), 1u);
}

TEST(Server, ThrowsOutHeadsBodiesAndIdlersAtTheirDeadlines) {
  ServerLimits limits;
  limits.head_timeout_ms = limits.body_timeout_ms = limits.idle_timeout_ms = 200;
  RunningServer server(limits);
  Client head(server.port()), body(server.port()), idle(server.port());
  head.send("POST /p HTTP/1.1\r\nHo");
  body.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_TRUE(idle.read_to_end());
  EXPECT_EQ(idle.received(), "");
  EXPECT_TRUE(head.read_to_end());
  EXPECT_EQ(head.statuses(), "408");
  EXPECT_TRUE(body.read_to_end());
  EXPECT_EQ(body.statuses(), "408");
}

TEST(Server, CountsTheHeadDeadlineFromItsFirstByteWhateverTrickles) {
  ServerLimits limits;
  limits.head_timeout_ms = 300;
  RunningServer server(limits);
  Client client(server.port());
  const std::string head = "POST /p HTTP/1.1\r\nHost: h\r\nX: " + std::string(10'000, 'x');
  std::size_t sent = 0;
  while (sent < head.size() && client.send({&head[sent], 1})) {
    ++sent;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_LT(sent, head.size()) << "a byte now and then kept it alive";
}

TEST(Server, AsksForTheBodyOnlyWhenItWantsIt) {
  RunningServer server({}, "/refused");
  Client wanted(server.port());
  wanted.send("POST /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(wanted.read_answers(1), "HTTP/1.1 100 Continue\r\n\r\n");
  wanted.send("ok");
  EXPECT_THAT(wanted.read_answers(2), HasSubstr("\r\n\r\nok"));
  Client refused(server.port());
  refused.send("POST /refused HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 200\r\n\r\n");
  EXPECT_EQ(refused.read_answers(1).substr(0, 12), "HTTP/1.1 404");
  // What follows is the body of a refused request, whatever it looks like.
  refused.send(post("smuggled"));
  EXPECT_TRUE(refused.read_to_end());
  EXPECT_EQ(refused.statuses(), "404");
}

TEST(Server, EndsAfterTheLastRequestAConnectionMayMake) {
  ServerLimits limits;
  limits.requests_per_connection_max = 2;
  RunningServer server(limits);
  Client client(server.port());
  client.send(post("1") + post("2") + post("3"));
  EXPECT_TRUE(client.read_to_end());
  EXPECT_EQ(client.statuses(), "200 200");
  EXPECT_THAT(client.received(), HasSubstr("Connection: close"));
}

TEST(Server, FinishesWhatIsUnderWayWhenItDrains) {
  RunningServer server;
  Client idle(server.port()), busy(server.port());
  busy.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nha");
  while (server.counters().open.load() < 2) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  server.drain();
  EXPECT_TRUE(idle.read_to_end());
  busy.send("lf");
  EXPECT_TRUE(busy.read_to_end());
  EXPECT_EQ(busy.statuses(), "200");
  EXPECT_THAT(busy.received(), HasSubstr("half"));
}

TEST(Server, AnswersAHalfClosedClient) {
  RunningServer server;
  Client client(server.port());
  client.send(post("bye"));
  client.finish_sending();
  EXPECT_TRUE(client.read_to_end());
  EXPECT_EQ(client.statuses(), "200");
}

TEST(Connection, IsSmallWhileIdle) {
  EXPECT_LE(sizeof(Connection), 320u);
}

}  // namespace
}  // namespace proxy::net
