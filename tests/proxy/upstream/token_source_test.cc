// OAuth 2.0 client credentials, through the client: a token server and a backend, both scripted.
#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "proxy/upstream/credentials.h"
#include "proxy/upstream/token_source.h"
#include "tests/proxy/upstream/asking.h"

namespace proxy::upstream {
namespace {

void adopt_tokens(Asking& asking, BackendList edition) {
  asking.client().adopt(std::make_shared<const BackendList>(std::move(edition)));
}

/// What a token server says: tokens "t1", "t2" ... that live for `seconds`.
std::string token(std::size_t number, const std::string& seconds = "3600") {
  return answer(200, "{\"access_token\":\"t" + std::to_string(number) +
                         "\",\"token_type\":\"Bearer\",\"expires_in\":" + seconds + "}");
}

/// The field's value in a request as it was sent; "" when it is not there.
std::string field_of(const std::string& request, const std::string& name) {
  const std::size_t at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos || at > request.find("\r\n\r\n")) return "";
  const std::size_t begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

std::string body_of(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

/// A token server that answers its nth request, from 1, with what `say` makes of the number.
class TokenServer {
 public:
  using Say = std::function<std::string(std::size_t number)>;
  explicit TokenServer(Say say = [](std::size_t number) { return token(number); })
      : say_(std::move(say)), server_([this](Peer& peer) { serve(peer); }) {}

  std::uint16_t port() const { return server_.port(); }
  std::size_t fetched() {
    const std::lock_guard lock(mutex_);
    return requests_.size();
  }
  std::string request(std::size_t index) {
    const std::lock_guard lock(mutex_);
    return requests_.at(index);
  }

 private:
  void serve(Peer& peer) {
    while (auto request = peer.request()) {
      std::size_t number = 0;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(std::move(*request));
        number = requests_.size();
      }
      peer.send(say_(number));
    }
  }

  std::mutex mutex_;
  std::vector<std::string> requests_;
  Say say_;
  ScriptedBackend server_;
};

/// A backend that answers with the credentials that it was shown.
ScriptedBackend::Script echoing() {
  return [](Peer& peer) {
    while (const auto request = peer.request()) {
      peer.send(answer(200, field_of(*request, "Authorization")));
    }
  };
}

/// A token server that answers only when it may, and a backend.
struct HeldTokens {
  Event go_on;
  TokenServer tokens{[this](std::size_t number) {
    go_on.wait();
    return token(number);
  }};
  ScriptedBackend backend{echoing()};
  const SetAtEnd at_end{go_on};
};

OauthOptions oauth_at(std::uint16_t port) {
  OauthOptions oauth;
  oauth.endpoint = endpoint_at(port);
  oauth.target = "/oauth2/token";
  oauth.client_id = "claimgate";
  oauth.client_secret = "s3cret";
  return oauth;
}

BackendOptions with_tokens(std::uint16_t backend, std::uint16_t token_server) {
  BackendOptions options = patient({endpoint_at(backend)});
  options.oauth = oauth_at(token_server);
  return options;
}

TEST(TokenSource, FetchesOneTokenAndKeepsIt) {
  TokenServer tokens;
  ScriptedBackend backend(echoing());
  Asking asking(with_tokens(backend.port(), tokens.port()));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(asking.ask().body, "Bearer t1");
  EXPECT_EQ(tokens.fetched(), 1U);
  EXPECT_EQ(asking.figures().tokens, 1U);
  EXPECT_EQ(asking.figures().token_failures, 0U);
  EXPECT_EQ(asking.figures().tries, 20U) << "the token server's requests are not the backend's";
}

TEST(TokenSource, AsksAsTheRfcHasIt) {
  TokenServer tokens;
  ScriptedBackend backend(echoing());
  BackendOptions options = with_tokens(backend.port(), tokens.port());
  options.oauth->target = "/t/token?p=b2c_1";
  options.oauth->client_id = "me:and&you";
  options.oauth->client_secret = "a b+c%\xc3\xa9";
  options.oauth->scope = "api://crm/.default read";
  options.oauth->audience = "https://crm.test/&x=y";
  {
    Asking asking(options);
    EXPECT_EQ(asking.ask().body, "Bearer t1");
  }
  const std::string request = tokens.request(0);
  EXPECT_TRUE(request.starts_with("POST /t/token?p=b2c_1 HTTP/1.1\r\n")) << request;
  EXPECT_EQ(field_of(request, "Content-Type"), "application/x-www-form-urlencoded");
  // RFC 6749, 2.3.1: form-encoded before they become Basic credentials.
  EXPECT_EQ("Authorization: " + field_of(request, "Authorization") + "\r\n",
            basic_credentials("me%3Aand%26you", "a+b%2Bc%25%C3%A9"));
  EXPECT_EQ(body_of(request),
            "grant_type=client_credentials&scope=api%3A%2F%2Fcrm%2F.default+read"
            "&audience=https%3A%2F%2Fcrm.test%2F%26x%3Dy");
  EXPECT_EQ(field_of(request, "traceparent"), "") << "no person's trace leads there";

  options.oauth->secret_in_body = true;
  {
    Asking asking(options);
    EXPECT_EQ(asking.ask().body, "Bearer t2");
  }
  EXPECT_EQ(field_of(tokens.request(1), "Authorization"), "");
  EXPECT_TRUE(body_of(tokens.request(1))
                  .ends_with("&client_id=me%3Aand%26you&client_secret=a+b%2Bc%25%C3%A9"));
}

TEST(TokenSource, AllWhoWaitShareOneFetch) {
  HeldTokens held;
  Asking asking(with_tokens(held.backend.port(), held.tokens.port()));
  for (int i = 0; i < 20; ++i) asking.begin();
  ASSERT_TRUE(asking.wait([&] { return held.tokens.fetched() == 1; }));
  for (int i = 0; i < 20; ++i) asking.begin();
  asking.turn();
  EXPECT_EQ(held.backend.accepted(), 0U) << "nobody is asked without a token";
  held.go_on.set();
  ASSERT_TRUE(asking.wait_for(40));
  for (const Outcome& outcome : asking.outcomes()) EXPECT_EQ(outcome.body, "Bearer t1");
  EXPECT_EQ(held.tokens.fetched(), 1U);
}

TEST(TokenSource, RenewsATokenInUseWithoutMakingAnybodyWait) {
  // Lives 2 s, is renewed after 1 s, used up to 1.8 s. A machine that stops for the time between is
  // given other chances.
  bool told_with_the_old_one = false;
  for (int chance = 0; chance < 5 && !told_with_the_old_one; ++chance) {
    Event go_on;
    TokenServer tokens([&](std::size_t number) {
      if (number == 2) go_on.wait();
      return token(number, number == 1 ? "2" : "3600");
    });
    ScriptedBackend backend(echoing());
    const SetAtEnd at_end(go_on);
    BackendOptions options = with_tokens(backend.port(), tokens.port());
    options.oauth->refresh_early_ms = 1'500;  // half of its life at most
    Asking asking(options);
    EXPECT_EQ(asking.ask().body, "Bearer t1");
    EXPECT_EQ(tokens.fetched(), 1U);
    ASSERT_TRUE(asking.wait([&] { return tokens.fetched() == 2; })) << "nobody had to ask";
    told_with_the_old_one = asking.ask(question(), 0, 500).body == "Bearer t1";
    go_on.set();
    ASSERT_TRUE(asking.wait([&] { return asking.figures().tokens == 2; }));
    EXPECT_EQ(asking.ask().body, "Bearer t2");
    EXPECT_EQ(tokens.fetched(), 2U);
  }
  EXPECT_TRUE(told_with_the_old_one);
}

TEST(TokenSource, ATokenThatNobodyUsesIsNotRenewedAndOneThatIsOverNotUsed) {
  TokenServer tokens([](std::size_t number) { return token(number, "0.2"); });
  ScriptedBackend backend(echoing());
  Asking asking(with_tokens(backend.port(), tokens.port()));
  const Outcome first = asking.ask();
  EXPECT_EQ(first.body, "Bearer t1");
  // It was used, so there is a second; that one is not.
  ASSERT_TRUE(asking.wait([&] { return asking.figures().tokens == 2; }));
  const std::uint64_t end_ns = uv_hrtime() + 400'000'000;  // twice its life
  ASSERT_TRUE(asking.wait([&] { return uv_hrtime() >= end_ns; }));
  EXPECT_EQ(tokens.fetched(), 2U);
  EXPECT_EQ(asking.ask().body, "Bearer t3");
}

TEST(TokenSource, TakesOddButUsableAnswers) {
  const char* const kUsable[] = {
      R"({"access_token":"t","token_type":"bearer"})",
      R"({"token_type":"BEARER","expires_in":"3600","access_token":"t","scope":null})",
      R"({"access_token":"t","token_type":"Bearer","expires_in":1e300})",
      R"({"access_token":"t","token_type":"Bearer","expires_in":null})",
      R"({"access_token":"t","token_type":"Bearer","expires_in":"soon"})",
  };
  for (const char* const body : kUsable) {
    TokenServer tokens([&](std::size_t) { return answer(200, body); });
    ScriptedBackend backend(echoing());
    Asking asking(with_tokens(backend.port(), tokens.port()));
    EXPECT_EQ(asking.ask().body, "Bearer t") << body;
    EXPECT_EQ(asking.ask().body, "Bearer t") << body;
    EXPECT_EQ(tokens.fetched(), 1U) << body;
  }
}

TEST(TokenSource, WhatIsNoTokenIsNotSentToTheBackend) {
  const std::string kRefused[] = {
      answer(400, R"({"error":"invalid_client"})"),
      answer(401, R"({"error":"invalid_client"})", "WWW-Authenticate: Basic\r\n"),
      answer(302, "", "Location: http://127.0.0.1:1/\r\n"),
      answer(201, R"({"access_token":"t","token_type":"Bearer"})"),
      answer(500, ""),
      answer(200, ""),
      answer(200, "<html></html>"),
      answer(200, "[]"),
      answer(200, "{}"),
      answer(200, R"({"access_token":"t","token_type":"Bearer")"),
      answer(200, R"({"access_token":"t"})"),
      answer(200, R"({"access_token":7,"token_type":"Bearer"})"),
      answer(200, R"({"access_token":"","token_type":"Bearer"})"),
      answer(200, R"({"access_token":"t","token_type":"mac"})"),
      answer(200, R"({"access_token":"t t","token_type":"Bearer"})"),
      answer(200, R"({"access_token":"t\r\nX-Admin: 1","token_type":"Bearer"})"),
      answer(200, R"({"access_token":")" + std::string(TokenSource::kTokenBytesMax + 1, 't') +
                      R"(","token_type":"Bearer"})"),
      answer(200, std::string(65 << 10, ' ') + R"({"access_token":"t","token_type":"Bearer"})"),
      "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
  };
  for (const std::string& refused : kRefused) {
    SCOPED_TRACE(refused.substr(0, 200));
    TokenServer tokens([&](std::size_t) { return refused; });
    ScriptedBackend backend(echoing());
    Asking asking(with_tokens(backend.port(), tokens.port()));
    const Outcome outcome = asking.ask();
    EXPECT_EQ(outcome.failure, Failure::kCredentials);
    EXPECT_FALSE(outcome.sent);
    EXPECT_EQ(outcome.tries, 0U);
    EXPECT_EQ(asking.figures().token_failures, 1U);
    EXPECT_EQ(asking.figures().tokens, 0U);
    EXPECT_EQ(backend.accepted(), 0U);
  }
}

TEST(TokenSource, AfterARefusalNobodyAsksForAWhileAndThenTheTokenComesByItself) {
  TokenServer tokens([](std::size_t number) {
    return number == 1 ? answer(503, "") : token(number);
  });
  ScriptedBackend backend(echoing());
  Asking asking(with_tokens(backend.port(), tokens.port()));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(asking.ask().failure, Failure::kCredentials);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(asking.ask().failure, Failure::kCredentials);
  if (std::chrono::steady_clock::now() - began < std::chrono::milliseconds(900)) {
    EXPECT_EQ(tokens.fetched(), 1U) << "51 questions in a moment";
  }
  ASSERT_TRUE(asking.wait([&] { return asking.figures().tokens == 1; }));
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(990));
  EXPECT_EQ(tokens.fetched(), 2U);
  EXPECT_EQ(asking.ask().body, "Bearer t2");
}

TEST(TokenSource, AServerThatHangsCostsNobodyMoreThanTheirDeadline) {
  HeldTokens held;
  Asking asking(with_tokens(held.backend.port(), held.tokens.port()));
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = asking.ask(question(), 0, 30);
    EXPECT_EQ(outcome.failure, Failure::kCredentials);
    EXPECT_FALSE(outcome.sent);
    EXPECT_EQ(outcome.tries, 0U);
  }
  EXPECT_LE(held.tokens.fetched(), 1U);
  held.go_on.set();
  EXPECT_EQ(asking.ask().body, "Bearer t1") << "what came late is not lost";
  EXPECT_EQ(held.tokens.fetched(), 1U);
}

TEST(TokenSource, AServerThatIsNotThereIsAFailureOfCredentials) {
  ScriptedBackend backend(echoing());
  Asking asking(with_tokens(backend.port(), closed_port()));
  EXPECT_EQ(asking.ask().failure, Failure::kCredentials);
  EXPECT_EQ(asking.figures().token_failures, 1U);
  EXPECT_EQ(asking.figures().breakers[static_cast<std::size_t>(BreakerState::kClosed)], 1U)
      << "the backend's breaker counts the backend";
  EXPECT_EQ(backend.accepted(), 0U);
}

TEST(TokenSource, ATokenThatTheBackendRefusesIsRenewedOnceForAll) {
  TokenServer tokens;
  std::atomic<std::size_t> refused{0};
  ScriptedBackend backend([&](Peer& peer) {
    while (const auto request = peer.request()) {
      const bool old = field_of(*request, "Authorization") == "Bearer t1";
      if (old) ++refused;
      peer.send(old ? answer(401, "") : answer(200, field_of(*request, "Authorization")));
    }
  });
  Asking asking(with_tokens(backend.port(), tokens.port()));
  for (int i = 0; i < 10; ++i) asking.begin();
  ASSERT_TRUE(asking.wait_for(10));
  for (const Outcome& outcome : asking.outcomes()) {
    EXPECT_EQ(outcome.status, 200);
    EXPECT_EQ(outcome.body, "Bearer t2");
  }
  EXPECT_EQ(tokens.fetched(), 2U);
  EXPECT_GE(refused, 1U);
  EXPECT_EQ(asking.figures().in_flight, 0U);
}

TEST(TokenSource, ABackendThatRefusesEveryTokenCausesNoStorm) {
  TokenServer tokens;
  std::atomic<std::size_t> asked{0};
  ScriptedBackend backend([&](Peer& peer) {
    while (peer.request()) {
      ++asked;
      peer.send(answer(401, "no"));
    }
  });
  Asking asking(with_tokens(backend.port(), tokens.port()));
  for (int i = 0; i < 20; ++i) {
    const Outcome outcome = asking.ask();
    EXPECT_EQ(outcome.failure, Failure::kNone);
    EXPECT_EQ(outcome.status, 401) << "an answer like another";
  }
  EXPECT_EQ(tokens.fetched(), 2U);
  EXPECT_EQ(asked, 21U) << "one question was asked twice";
}

TEST(TokenSource, A401WithoutTokensIsAnAnswer) {
  ScriptedBackend backend(ScriptedBackend::answering(answer(401, "no")));
  Asking asking(patient({endpoint_at(backend.port())}));
  const Outcome outcome = asking.ask();
  EXPECT_EQ(outcome.status, 401);
  EXPECT_EQ(outcome.tries, 1U);
}

TEST(TokenSource, AReloadKeepsTheTokenUnlessItIsAnothers) {
  TokenServer tokens;
  ScriptedBackend backend(echoing());
  BackendOptions options = with_tokens(backend.port(), tokens.port());
  Asking asking(options);
  EXPECT_EQ(asking.ask().body, "Bearer t1");
  options.timeout_ms = 19'000;
  options.oauth->refresh_early_ms = 1;
  adopt_tokens(asking, {options});
  EXPECT_EQ(asking.ask().body, "Bearer t1");
  options.oauth->client_secret = "another";
  adopt_tokens(asking, {options});
  EXPECT_EQ(asking.ask().body, "Bearer t2");
  options.oauth.reset();
  options.credentials = "Authorization: Basic abc\r\n";
  adopt_tokens(asking, {options});
  EXPECT_EQ(asking.ask().body, "Basic abc");
  EXPECT_EQ(tokens.fetched(), 2U);
}

TEST(TokenSource, WhoeverWaitsDuringAReloadGoesOnByTheNewEdition) {
  for (const bool still_oauth : {true, false}) {
    Event go_on;
    TokenServer old([&](std::size_t number) {
      go_on.wait();
      return token(number);
    });
    TokenServer other([](std::size_t) { return token(9); });
    ScriptedBackend backend(echoing());
    const SetAtEnd at_end(go_on);
    BackendOptions options = with_tokens(backend.port(), old.port());
    {
      Asking asking(options);
      for (int i = 0; i < 5; ++i) asking.begin();
      ASSERT_TRUE(asking.wait([&] { return old.fetched() == 1; }));
      if (still_oauth) {
        options.oauth = oauth_at(other.port());
      } else {
        options.oauth.reset();
      }
      adopt_tokens(asking, {options});
      EXPECT_TRUE(asking.wait_for(5));
      for (const Outcome& outcome : asking.outcomes()) {
        EXPECT_EQ(outcome.failure, Failure::kNone);
        EXPECT_EQ(outcome.body, still_oauth ? "Bearer t9" : "");
      }
    }
    go_on.set();
  }
}

TEST(TokenSource, TheEndDoesNotWaitForATokenServer) {
  HeldTokens held;
  {
    Asking asking(with_tokens(held.backend.port(), held.tokens.port()));
    asking.begin();
    ASSERT_TRUE(asking.wait([&] { return held.tokens.fetched() == 1; }));
    asking.client().abort();
    ASSERT_EQ(asking.outcomes().size(), 1U);
    EXPECT_EQ(asking.outcomes()[0].failure, Failure::kEnding);
  }
  held.go_on.set();
}

TEST(TokenSource, ADrainWaitsForTheTokenOfAQuestionUnderWay) {
  HeldTokens held;
  {
    Asking asking(with_tokens(held.backend.port(), held.tokens.port()));
    asking.begin();
    ASSERT_TRUE(asking.wait([&] { return held.tokens.fetched() == 1; }));
    asking.client().drain();
    EXPECT_FALSE(asking.client().drained());
    held.go_on.set();
    EXPECT_TRUE(asking.wait_for(1));
    EXPECT_EQ(asking.outcomes().front().body, "Bearer t1");
    EXPECT_TRUE(asking.wait([&] { return asking.client().drained(); }));
  }
}

}  // namespace
}  // namespace proxy::upstream
