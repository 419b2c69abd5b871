// The client with a real server: asking, and what happens when the server goes away, sleeps or lies.
#include "proxy/redis/client.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "asking.h"
#include "tests/proxy/upstream/certificates.h"

namespace proxy::redis {
namespace {

#define NEED_REDIS() \
  if (RedisServer::program().empty()) GTEST_SKIP() << "no redis-server: tools/install --for test"

bool connects(Link& link) {
  return eventually([&] { return link.connected(); });
}

TEST(RedisClient, AsksAndAnswers) {
  NEED_REDIS();
  RedisServer server;
  Link link(options_for(server.port()), 1);
  EXPECT_TRUE(ask(link, {"SET", "k", "v"}).reply.is_text("OK"));  // before it is connected, perhaps
  EXPECT_TRUE(ask(link, {"GET", "k"}).reply.is_text("v"));
  const Answer wrong = ask(link, {"INCR", "k"});
  EXPECT_EQ(wrong.failure, Failure::kRefused);
  EXPECT_EQ(wrong.reply.error_word(), "ERR");
  EXPECT_EQ(link.counters().failures[static_cast<std::size_t>(Failure::kRefused)].load(), 1u);
  EXPECT_EQ(link.counters().connections.load(), 1u);
  EXPECT_EQ(link.counters().in_flight.load(), 0u);
}

TEST(RedisClient, AnswersInOrderHoweverManyAreAsked) {
  NEED_REDIS();
  RedisServer server;
  Link link(options_for(server.port()), 1);
  std::vector<std::future<Answer>> answers;
  const std::string large(100'000, 'x');
  for (int i = 0; i < 2000; ++i) {
    answers.push_back(begin(link, {"ECHO", std::to_string(i) + (i % 100 == 0 ? large : "")}));
  }
  for (int i = 0; i < 2000; ++i) {
    EXPECT_EQ(answers[static_cast<std::size_t>(i)].get().reply.text, std::to_string(i) + (i % 100 == 0 ? large : ""));
  }
}

TEST(RedisClient, RunsScriptsThatTheServerKnowsAndThoseThatItHasForgotten) {
  NEED_REDIS();
  RedisServer server;
  const Script script("return redis.call('INCRBY', KEYS[1], ARGV[1])");
  Options options = options_for(server.port());
  options.scripts = {&script};
  Link link(std::move(options), 1);
  const std::string_view keys[] = {"n"}, arguments[] = {"5"};
  EXPECT_EQ(ask(link, Command::run(script, keys, arguments)).reply.integer, 5);
  EXPECT_EQ(link.counters().scripts_sent.load(), 0u);
  ASSERT_EQ(ask(link, {"SCRIPT", "FLUSH"}).failure, Failure::kNone);
  EXPECT_EQ(ask(link, Command::run(script, keys, arguments)).reply.integer, 10);
  EXPECT_EQ(link.counters().scripts_sent.load(), 1u);
  EXPECT_EQ(ask(link, Command::run(script, keys, arguments)).reply.integer, 15);
  EXPECT_EQ(link.counters().scripts_sent.load(), 1u);
}

TEST(RedisClient, SelectsADatabaseAndShowsAPassword) {
  NEED_REDIS();
  RedisServer server({"requirepass s3cret"});
  Options options = options_for(server.port());
  options.password = core::Secret("s3cret");
  options.database = 3;
  Link link(std::move(options), 1);
  ASSERT_EQ(ask(link, {"SET", "k", "in three"}).failure, Failure::kNone);
  ASSERT_EQ(ask(link, {"SELECT", "0"}).failure, Failure::kNone);
  EXPECT_EQ(ask(link, {"GET", "k"}).reply.kind, Reply::Kind::kNil);
}

TEST(RedisClient, ShowsWhichUserItIsOfAnAcl) {
  NEED_REDIS();
  RedisServer server({"user default off", "user gate on >pass ~{claimgate}:* +@all -@dangerous -script"});
  Options options = options_for(server.port());
  options.username = "gate";
  options.password = core::Secret("pass");
  const Script script("return redis.call('INCR', KEYS[1])");
  options.scripts = {&script};
  Link link(std::move(options), 1);
  EXPECT_TRUE(ask(link, {"SET", "{claimgate}:k", "v"}).reply.is_text("OK"));
  EXPECT_EQ(ask(link, {"SET", "other", "v"}).reply.error_word(), "NOPERM");
  // It may not load scripts, and sends them as text.
  const std::string_view keys[] = {"{claimgate}:n"};
  EXPECT_EQ(ask(link, Command::run(script, keys, {})).reply.integer, 1);
}

TEST(RedisClient, WithAWrongPasswordAnswersAtOnceAndTriesOn) {
  NEED_REDIS();
  RedisServer server({"requirepass right"});
  for (const char* password : {"wrong", ""}) {
    Options options = options_for(server.port());
    options.password = core::Secret(password);
    Link link(std::move(options), 1);
    ASSERT_TRUE(eventually([&] { return link.counters().connect_failures.load() >= 2; }));
    EXPECT_TRUE(eventually([&] { return ask(link, {"GET", "k"}).failure == Failure::kUnavailable; }));
    EXPECT_FALSE(link.connected());
  }
}

TEST(RedisClient, SpeaksTlsAndLooksAtTheCertificate) {
  NEED_REDIS();
  const upstream::Authority authority;
  const upstream::Authority::Pair pair = authority.issue("DNS:redis.test,IP:127.0.0.1");
  std::string name = (std::filesystem::temp_directory_path() / "claimgate-tls-XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  std::ofstream(name + "/crt") << pair.certificate;
  std::ofstream(name + "/key") << pair.key;
  std::ofstream(name + "/ca") << authority.pem();
  {
    RedisServer server({"tls-cert-file " + name + "/crt", "tls-key-file " + name + "/key",
                        "tls-ca-cert-file " + name + "/ca", "tls-auth-clients no"},
                       true);
    ASSERT_TRUE(server.running());
    const auto context = [](std::string authorities) {
      net::TlsContext::Client client;
      client.authorities = std::move(authorities);
      client.system_authorities = false;
      return net::TlsContext::for_client(client).value();
    };
    Options options = options_for(server.port());
    options.tls = context(authority.pem());
    Options named = options, stranger = options;
    named.server_name = "other.test";
    stranger.tls = context(upstream::Authority().pem());
    Link link(options, 1);
    const std::string large(3'000'000, 'x');
    EXPECT_TRUE(ask(link, {"SET", "k", large}).reply.is_text("OK"));
    EXPECT_EQ(ask(link, {"GET", "k"}).reply.text, large);
    server.kill();
    server.start();
    EXPECT_TRUE(eventually([&] { return ask(link, {"PING"}).failure == Failure::kNone; }));
    for (const Options& wrong : {named, stranger}) {
      Link refused(wrong, 1);
      EXPECT_TRUE(eventually([&] { return refused.counters().connect_failures.load() >= 2; }));
      EXPECT_EQ(refused.counters().connections.load(), 0u);
    }
  }
  std::filesystem::remove_all(name);
}

TEST(RedisClient, ComesBackAfterTheServerWasKilledAndStartedAgain) {
  NEED_REDIS();
  RedisServer server;
  Link link(options_for(server.port()), 1);
  ASSERT_TRUE(connects(link));
  ASSERT_EQ(ask(link, {"SET", "k", "kept"}).failure, Failure::kNone);
  for (int i = 0; i < 3; ++i) {
    server.kill();
    ASSERT_TRUE(eventually([&] { return !link.connected(); }));
    EXPECT_TRUE(eventually([&] { return ask(link, {"GET", "k"}).failure == Failure::kUnavailable; }));
    server.start();
    ASSERT_TRUE(connects(link));
    EXPECT_TRUE(ask(link, {"GET", "k"}).reply.is_text("kept"));
  }
  EXPECT_GE(link.counters().connections.load(), 4u);
}

TEST(RedisClient, WaitsForNobodyLongerThanItsDeadlineAndLeavesASilentServer) {
  NEED_REDIS();
  RedisServer server;
  Options options = options_for(server.port());
  options.silence_ms = 300;
  options.connect_timeout_ms = 200;
  Link link(std::move(options), 1);
  ASSERT_TRUE(connects(link));
  ASSERT_EQ(ask(link, {"SET", "k", "v"}).failure, Failure::kNone);
  server.stop();
  EXPECT_EQ(ask(link, {"GET", "k"}, 20).failure, Failure::kTimeout);
  // The connection goes, and as no other can be had nobody waits any more.
  EXPECT_TRUE(eventually([&] { return ask(link, {"GET", "k"}, 50).failure == Failure::kUnavailable; }));
  server.go_on();
  EXPECT_TRUE(eventually([&] { return ask(link, {"GET", "k"}, 50).failure == Failure::kNone; }));
  EXPECT_TRUE(ask(link, {"GET", "k"}).reply.is_text("v"));
}

TEST(RedisClient, ASlowAnswerIsNobodyElsesAnswer) {
  NEED_REDIS();
  RedisServer server;
  Link link(options_for(server.port()), 1);
  ASSERT_TRUE(connects(link));
  // BLPOP keeps this connection's answers back for as long as it waits.
  auto slow = begin(link, {"BLPOP", "nothing", "0.3"}, 20);
  auto late = begin(link, {"ECHO", "late"}, 30);
  auto patient = begin(link, {"ECHO", "patient"});
  EXPECT_EQ(slow.get().failure, Failure::kTimeout);
  EXPECT_EQ(late.get().failure, Failure::kTimeout);
  EXPECT_TRUE(patient.get().reply.is_text("patient"));
  EXPECT_EQ(link.counters().late.load(), 2u);
  EXPECT_EQ(link.counters().connections.load(), 1u);  // slow is not silent
}

TEST(RedisClient, RefusesWhatIsMoreThanItsQueueHolds) {
  NEED_REDIS();
  RedisServer server;
  Options options = options_for(server.port());
  options.queue_max = 10;
  options.queue_bytes_max = 100'000;
  Link link(std::move(options), 1);
  ASSERT_TRUE(connects(link));
  EXPECT_EQ(ask(link, {"SET", "k", std::string(100'001, 'x')}).failure, Failure::kBusy);
  server.stop();
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 11; ++i) answers.push_back(begin(link, {"PING"}));
  EXPECT_EQ(answers.back().get().failure, Failure::kBusy);
  answers.pop_back();
  server.go_on();
  for (auto& answer : answers) EXPECT_EQ(answer.get().failure, Failure::kNone);
  EXPECT_EQ(ask(link, {"PING"}).failure, Failure::kNone);
}

TEST(RedisClient, LeavesAServerThatSpeaksSomethingElse) {
  for (const char* garbage : {"HTTP/1.1 400 Bad Request\r\n\r\n", "\x15\x03\x01", "*999999999\r\n", ""}) {
    FakeServer server([&](int fd) {
      if (FakeServer::read_greeting(fd)) FakeServer::say(fd, garbage);
    });
    Link link(options_for(server.port()), 1);
    EXPECT_TRUE(eventually([&] { return link.counters().connect_failures.load() >= 2; })) << garbage;
    EXPECT_EQ(ask(link, {"GET", "k"}, 5'000).failure, Failure::kUnavailable);
  }
}

TEST(RedisClient, LeavesAServerThatSaysWhatNobodyAsked) {
  std::atomic<int> connections = 0;
  FakeServer server([&](int fd) {
    if (!FakeServer::read_greeting(fd) || !FakeServer::say(fd, "+OK\r\n+PONG\r\n")) return;
    if (++connections == 1) FakeServer::say(fd, "+SURPRISE\r\n");
    FakeServer::read_until(fd, "never");
  });
  Link link(options_for(server.port()), 1);
  EXPECT_TRUE(eventually([&] { return connections.load() >= 2; }));
}

TEST(RedisClient, AnAnswerThatBreaksOffAtAnyByteIsNone) {
  constexpr std::string_view kAnswer = "*2\r\n$5\r\nhello\r\n:42\r\n";
  for (std::size_t cut = 0; cut <= kAnswer.size(); ++cut) {
    FakeServer server([&](int fd) {
      if (!FakeServer::read_greeting(fd) || !FakeServer::say(fd, "+OK\r\n+PONG\r\n")) return;
      if (FakeServer::read_until(fd, "ASKED\r\n")) FakeServer::say(fd, kAnswer.substr(0, cut));
    });
    Link link(options_for(server.port()), 1);
    const Answer answer = ask(link, {"ASKED"});
    if (cut < kAnswer.size()) {
      EXPECT_EQ(answer.failure, Failure::kLost) << cut;
    } else {
      ASSERT_EQ(answer.failure, Failure::kNone);
      EXPECT_EQ(answer.reply.items.at(1).integer, 42);
    }
  }
}

TEST(RedisClient, LeavesAReplicaBecauseAnotherMayBeBehindTheName) {
  std::atomic<int> connections = 0;
  FakeServer server([&](int fd) {
    const bool replica = ++connections == 1;
    if (!FakeServer::read_greeting(fd) || !FakeServer::say(fd, "+OK\r\n+PONG\r\n")) return;
    while (FakeServer::read_until(fd, "ASKED\r\n")) {
      FakeServer::say(fd, replica ? "-READONLY You can't write against a read only replica.\r\n" : "+OK\r\n");
    }
  });
  Link link(options_for(server.port()), 1);
  EXPECT_EQ(ask(link, {"ASKED"}).failure, Failure::kRefused);
  EXPECT_TRUE(eventually([&] { return ask(link, {"ASKED"}).failure == Failure::kNone; }));
}

TEST(RedisClient, AnswersEverybodyWhenItEnds) {
  NEED_REDIS();
  RedisServer server;
  auto link = std::make_unique<Link>(options_for(server.port()), 1);
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 100; ++i) answers.push_back(begin(*link, {"PING"}, 2'000));
  link->close();
  for (auto& answer : answers) EXPECT_EQ(answer.get().failure, Failure::kNone);
  EXPECT_EQ(ask(*link, {"PING"}).failure, Failure::kEnding);
  auto nowhere = std::make_unique<Link>(options_for(free_port()), 1);
  auto answer = begin(*nowhere, {"PING"}, 100);
  nowhere->close();
  EXPECT_NE(answer.get().failure, Failure::kNone);
}

}  // namespace
}  // namespace proxy::redis
