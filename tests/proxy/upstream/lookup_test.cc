// Names through the client, with a resolver of the tests' own: several addresses, dead ones, ones that
// change, and look-ups that fail, hang or find nothing.
#include <gtest/gtest.h>

#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/proxy/upstream/asking.h"
#include "tests/proxy/upstream/deaf_port.h"

namespace proxy::upstream {
namespace {

/// What the resolver says next. One for the process, because a Resolver is a plain function: each test
/// begins with reset().
class Names {
 public:
  struct Answer {
    int status = 0;
    std::vector<std::string> addresses;
    Event* hold = nullptr;  // it comes when this is set
  };
  /// The first answer, and those behind it when they are others.
  void reset(Answer first, std::optional<Answer> then = {}) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(first);
    then_ = std::move(then);
    asked_.clear();
  }
  void say(Answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  static int resolve(const char* host, const char*, const addrinfo*, addrinfo** found) {
    Answer answer;
    {
      const std::lock_guard lock(the().mutex_);
      the().asked_.emplace_back(host);
      answer = the().answer_;
      if (the().then_) the().answer_ = *std::exchange(the().then_, std::nullopt);
    }
    if (answer.hold != nullptr) answer.hold->wait();
    *found = nullptr;
    addrinfo** at = found;
    for (const std::string& address : answer.addresses) {
      // A list that freeaddrinfo() takes, of one element each.
      addrinfo hints{};
      hints.ai_flags = AI_NUMERICHOST;
      hints.ai_socktype = SOCK_STREAM;
      EXPECT_EQ(::getaddrinfo(address.c_str(), nullptr, &hints, at), 0) << address;
      at = &(*at)->ai_next;
    }
    return answer.status;
  }
  static Names& the() {
    static Names* const names = new Names;  // a look-up's thread may outlive everything else
    return *names;
  }

 private:
  std::mutex mutex_;
  Answer answer_;
  std::optional<Answer> then_;
  std::vector<std::string> asked_;
};

BackendOptions named(std::uint16_t port) { return patient({endpoint_at(port, "crm.test")}); }

ScriptedBackend::Script saying(std::string text, bool closes = false) {
  return [text = std::move(text), closes](Peer& peer) {
    while (peer.request()) {
      peer.send(answer(200, text, closes ? "Connection: close\r\n" : ""));
      if (closes) return;
    }
  };
}

/// Asks until this is the answer.
bool comes_to(Asking& asking, std::string_view body) {
  const std::uint64_t end_ns = uv_hrtime() + Asking::kPatienceMs * 1'000'000;
  while (uv_hrtime() < end_ns) {
    if (asking.ask().body == body) return true;
  }
  return false;
}

TEST(LookUp, AsksForTheNameAndNothingElse) {
  ScriptedBackend backend(saying("here"));
  Names::the().reset({0, {"127.0.0.1"}});
  Asking asking({named(backend.port())}, &Names::resolve);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(asking.ask().body, "here");
  EXPECT_EQ(Names::the().asked(), std::vector<std::string>{"crm.test"});
}

TEST(LookUp, OfSeveralAddressesADeadOneIsPassedOver) {
  ScriptedBackend backend(saying("here", true), nullptr, "127.0.0.3");
  Names::the().reset({0, {"127.0.0.2", "127.0.0.3"}});  // nobody listens at the first
  Asking asking({named(backend.port())}, &Names::resolve);
  for (int i = 0; i < 6; ++i) {
    const Outcome outcome = asking.ask();
    EXPECT_EQ(outcome.body, "here");
    EXPECT_EQ(outcome.tries, 1U) << "it is one try that tries addresses";
  }
  EXPECT_EQ(backend.accepted(), 6U);
  EXPECT_EQ(asking.closed(CloseReason::kConnect), 0U);
  EXPECT_EQ(asking.figures().try_failures[static_cast<std::size_t>(Failure::kConnect)], 0U);
}

TEST(LookUp, OneThatHangsCostsItsShareOfTheConnectTimeout) {
  const DeafPort deaf("127.0.0.2");
  ScriptedBackend backend(saying("here", true), nullptr, "127.0.0.3", deaf.port());
  Names::the().reset({0, {"127.0.0.2", "127.0.0.3"}});
  BackendOptions options = named(deaf.port());
  options.connect_timeout_ms = 400;
  Asking asking({options}, &Names::resolve);
  const std::uint64_t began_ns = uv_hrtime();
  const Outcome outcome = asking.ask();
  EXPECT_EQ(outcome.body, "here");
  EXPECT_GE(uv_hrtime() - began_ns, 190'000'000U);
  // And then it comes last, for a while; else every second would begin with it.
  int at_once = 0;
  for (int i = 0; i < 6; ++i) {
    const std::uint64_t before_ns = uv_hrtime();
    EXPECT_EQ(asking.ask().body, "here");
    if (uv_hrtime() - before_ns < 190'000'000) ++at_once;
  }
  EXPECT_GE(at_once, 4);
}

TEST(LookUp, WithoutALivingAddressTheConnectFails) {
  const std::uint16_t port = closed_port();
  Names::the().reset({0, {"127.0.0.2", "127.0.0.3"}});
  Asking asking({named(port)}, &Names::resolve);
  const Outcome outcome = asking.ask();
  EXPECT_EQ(outcome.failure, Failure::kConnect);
  EXPECT_FALSE(outcome.sent);
}

TEST(LookUp, ABackendThatMovesIsFollowed) {
  ScriptedBackend old(saying("old"), nullptr, "127.0.0.2");
  ScriptedBackend other(saying("new"), nullptr, "127.0.0.3", old.port());
  Names::the().reset({0, {"127.0.0.2"}});
  BackendOptions options = named(old.port());
  options.dns_ttl_ms = 20;
  Asking asking({options}, &Names::resolve);
  EXPECT_EQ(asking.ask().body, "old");
  Names::the().say({0, {"127.0.0.3"}});
  ASSERT_TRUE(comes_to(asking, "new"));
  EXPECT_EQ(asking.closed(CloseReason::kAddress), 1U) << "the connection to where it was";
  EXPECT_EQ(old.accepted(), 1U);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(asking.ask().body, "new");
  EXPECT_EQ(asking.failed(Failure::kConnect), 0U);
}

TEST(LookUp, AConnectionInUseMayEndItsAnswerWhenTheAddressGoes) {
  Event asked, go_on;
  ScriptedBackend old(
      [&](Peer& peer) {
        if (!peer.request()) return;
        asked.set();
        go_on.wait();
        peer.send(answer(200, "old"));
        peer.wait_for_end();
      },
      nullptr, "127.0.0.2");
  const SetAtEnd at_end(go_on);
  Names::the().reset({0, {"127.0.0.2"}}, Names::Answer{0, {"127.0.0.3"}});
  BackendOptions options = named(old.port());
  options.dns_ttl_ms = 20;
  Asking asking({options}, &Names::resolve);
  asking.begin();
  ASSERT_TRUE(asking.wait_for(asked));
  ASSERT_TRUE(asking.wait([&] { return asking.figures().endpoints[0].resolutions == 2; }));
  go_on.set();
  ASSERT_TRUE(asking.wait_for(1));
  EXPECT_EQ(asking.outcomes()[0].body, "old");
  ASSERT_TRUE(asking.wait([&] { return asking.closed(CloseReason::kAddress) == 1; }));
}

TEST(LookUp, WhenItFailsLaterTheLastAddressesStay) {
  ScriptedBackend backend(saying("here", true));
  Names::the().reset({0, {"127.0.0.1"}});
  BackendOptions options = named(backend.port());
  options.dns_ttl_ms = 20;
  Asking asking({options}, &Names::resolve);
  EXPECT_EQ(asking.ask().body, "here");
  for (const int status : {EAI_AGAIN, 0}) {  // the last: an answer without an address
    Names::the().say({status, {}});
    const std::uint64_t failures = asking.figures().endpoints[0].resolve_failures;
    EXPECT_EQ(asking.ask().body, "here");  // one that is used is looked up
    if (status != 0) {
      ASSERT_TRUE(asking.wait(
          [&] { return asking.figures().endpoints[0].resolve_failures > failures; }));
    }
    EXPECT_EQ(asking.ask().body, "here");
  }
  EXPECT_EQ(asking.figures().endpoints[0].available, 1U);
}

TEST(LookUp, WithoutAnAddressItFailsAtOnceAndIsTriedAgain) {
  ScriptedBackend backend(saying("here"));
  Names::the().reset({EAI_NONAME, {}});
  Asking asking({named(backend.port())}, &Names::resolve);
  EXPECT_EQ(asking.ask().failure, Failure::kResolve);
  const std::uint64_t began_ns = uv_hrtime();
  for (int i = 0; i < 50; ++i) {
    const Outcome outcome = asking.ask();
    EXPECT_EQ(outcome.failure, Failure::kResolve);
    EXPECT_FALSE(outcome.sent);
  }
  if (uv_hrtime() - began_ns < 900'000'000) {
    EXPECT_EQ(Names::the().asked().size(), 1U);
  }
  Names::the().say({0, {"127.0.0.1"}});
  // Looked up again after a second, though nobody asks.
  ASSERT_TRUE(asking.wait([&] { return Names::the().asked().size() >= 2; }));
  ASSERT_TRUE(comes_to(asking, "here"));
}

TEST(LookUp, AnAnswerWithoutAnAddressIsNoAnswer) {
  Names::the().reset({0, {}});
  Asking asking({named(80)}, &Names::resolve);
  EXPECT_EQ(asking.ask().failure, Failure::kResolve);
  EXPECT_EQ(asking.figures().endpoints[0].resolve_failures, 1U);
}

TEST(LookUp, OneIsUnderWayHoweverManyAskAndAllAreAnswered) {
  ScriptedBackend backend(saying("here"));
  Event hold;
  const SetAtEnd at_end(hold);
  Names::the().reset({0, {"127.0.0.1"}, &hold});
  Asking asking({named(backend.port())}, &Names::resolve);
  for (int i = 0; i < 20; ++i) asking.begin();
  ASSERT_TRUE(asking.wait([&] { return Names::the().asked().size() == 1; }));
  asking.turn();
  EXPECT_TRUE(asking.outcomes().empty());
  hold.set();
  ASSERT_TRUE(asking.wait_for(20));
  for (const Outcome& outcome : asking.outcomes()) EXPECT_EQ(outcome.body, "here");
  EXPECT_EQ(Names::the().asked().size(), 1U);
}

TEST(LookUp, OneThatHangsIsAFailureAfterTheConnectTimeoutAndWelcomeLater) {
  ScriptedBackend backend(saying("here"));
  Event hold;
  const SetAtEnd at_end(hold);
  Names::the().reset({0, {"127.0.0.1"}, &hold});
  BackendOptions options = named(backend.port());
  options.connect_timeout_ms = 30;
  Asking asking({options}, &Names::resolve);
  const std::uint64_t began_ns = uv_hrtime();
  EXPECT_EQ(asking.ask().failure, Failure::kResolve);
  EXPECT_EQ(asking.ask().failure, Failure::kResolve);
  EXPECT_LT(uv_hrtime() - began_ns, Asking::kPatienceMs * 1'000'000) << "before the deadline";
  EXPECT_EQ(Names::the().asked().size(), 1U) << "no thread for each question";
  hold.set();
  ASSERT_TRUE(comes_to(asking, "here"));
  EXPECT_EQ(Names::the().asked().size(), 1U);
}

TEST(LookUp, EndpointsOfOneNameAreLookedUpEachForItself) {
  ScriptedBackend first(saying("1")), second(saying("2"));
  Names::the().reset({0, {"127.0.0.1"}});
  BackendOptions options =
      patient({endpoint_at(first.port(), "crm.test"), endpoint_at(second.port(), "crm.test")});
  Asking asking({options}, &Names::resolve);
  ASSERT_TRUE(comes_to(asking, "1"));
  ASSERT_TRUE(comes_to(asking, "2"));
  EXPECT_EQ(Names::the().asked().size(), 2U);
}

}  // namespace
}  // namespace proxy::upstream
