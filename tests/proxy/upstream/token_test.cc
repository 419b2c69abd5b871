// OAuth 2.0 tokens of a backend: fetched once, renewed early, given up when they are refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>

#include "tests/proxy/upstream/asking.h"

namespace proxy::upstream {
namespace {

/// A token server whose tokens are t0, t1, ..., and a backend that answers with the token it was shown.
class Tokens {
 public:
  explicit Tokens(std::string members) : members_(std::move(members)) {}

  BackendOptions options() const {
    BackendOptions options = patient({endpoint_at(backend_.port())});
    options.oauth.emplace();
    options.oauth->endpoint = endpoint_at(server_.port());
    options.oauth->target = "/token";
    options.oauth->client_id = "me";
    options.oauth->client_secret = "s3cret";
    return options;
  }
  std::size_t given() const { return given_; }
  void answer_with(std::string members) {
    const std::lock_guard lock(mutex_);
    members_ = std::move(members);
  }
  void refuse(std::string token) {
    const std::lock_guard lock(mutex_);
    refused_ = std::move(token);
  }

 private:
  std::mutex mutex_;
  std::string members_;  // behind the token's own
  std::string refused_;
  std::atomic<std::size_t> given_{0};
  ScriptedBackend server_{[this](Peer& peer) {
    while (peer.request()) {
      const std::lock_guard lock(mutex_);
      const std::string token = "t" + std::to_string(given_++);
      peer.send(answer(200, R"({"token_type":"Bearer","access_token":")" + token + "\"" + members_ + "}"));
    }
  }};
  ScriptedBackend backend_{[this](Peer& peer) {
    while (const auto request = peer.request()) {
      constexpr std::string_view kField = "Authorization: Bearer ";
      const std::size_t at = request->find(kField) + kField.size();
      const std::string token = request->substr(at, request->find('\r', at) - at);
      const std::lock_guard lock(mutex_);
      peer.send(answer(token == refused_ ? 401 : 200, token));
    }
  }};
};

/// Turns the loop for so long.
void pass(Asking& asking, std::uint64_t ms) {
  const std::uint64_t end_ns = uv_hrtime() + ms * 1'000'000;
  EXPECT_TRUE(asking.wait([&] { return uv_hrtime() >= end_ns; }));
}

TEST(Token, IsFetchedOnceForAllWhoWait) {
  Tokens tokens(R"(,"expires_in":3600)");
  Asking asking(tokens.options());
  for (int i = 0; i < 5; ++i) asking.begin();
  ASSERT_TRUE(asking.wait_for(5));
  for (const Outcome& outcome : asking.outcomes()) EXPECT_EQ(outcome.body, "t0");
  EXPECT_EQ(asking.ask().body, "t0");
  EXPECT_EQ(tokens.given(), 1U);
}

TEST(Token, IsRenewedEarlyWhileItIsUsed) {
  Tokens tokens(R"(,"expires_in":2)");
  BackendOptions options = tokens.options();
  options.oauth->refresh_early_ms = 1'900;  // half the time at most: after a second
  Asking asking(options);
  EXPECT_EQ(asking.ask().body, "t0");
  EXPECT_EQ(asking.ask().body, "t0");  // it is used
  ASSERT_TRUE(asking.wait([&] { return asking.figures().tokens == 2; }));
  EXPECT_EQ(asking.ask().body, "t1");
}

TEST(Token, OneThatNobodyUsedIsRenewedBehindTheNextQuestion) {
  Tokens tokens(R"(,"expires_in":2)");
  BackendOptions options = tokens.options();
  options.oauth->refresh_early_ms = 1'900;  // half the time at most: after a second
  Asking asking(options);
  EXPECT_EQ(asking.ask().body, "t0");
  ASSERT_TRUE(asking.wait([&] { return asking.figures().tokens == 2; }));
  pass(asking, 1'050);  // nobody has used the second when it was to be renewed
  const Outcome outcome = asking.ask();
  if (outcome.duration_us < 100'000) {  // else this machine took its time, and it has ended meanwhile
    EXPECT_EQ(outcome.body, "t1") << "still good, and nobody waits";
  }
  ASSERT_TRUE(asking.wait([&] { return asking.figures().tokens == 3; }));
  EXPECT_EQ(asking.ask().body, "t2");
}

TEST(Token, OneThatHasEndedAlreadyIsForThoseWhoWaitAndNotKept) {
  for (const char* const ended : {"0", "-5", "\"0\"", "\"-1\""}) {
    SCOPED_TRACE(ended);
    Tokens tokens(std::string(",\"expires_in\":") + ended);
    Asking asking(tokens.options());
    asking.begin();
    asking.begin();
    ASSERT_TRUE(asking.wait_for(2));
    EXPECT_EQ(asking.outcomes()[0].body, "t0");
    EXPECT_EQ(asking.outcomes()[1].body, "t0");
    EXPECT_EQ(asking.ask().body, "t1");
    EXPECT_EQ(tokens.given(), 2U);
  }
}

TEST(Token, WithoutALifetimeItIsKeptForAWhile) {
  for (const char* const members : {"", R"(,"expires_in":null)", R"(,"expires_in":"soon")",
                                    R"(,"expires_in":"3600")", R"(,"expires_in":1e300)"}) {
    SCOPED_TRACE(members);
    Tokens tokens(members);
    Asking asking(tokens.options());
    EXPECT_EQ(asking.ask().body, "t0");
    EXPECT_EQ(asking.ask().body, "t0");
    EXPECT_EQ(tokens.given(), 1U);
  }
}

TEST(Token, ARefusedOneIsRenewedOnce) {
  Tokens tokens(R"(,"expires_in":3600)");
  tokens.refuse("t0");
  Asking asking(tokens.options());
  EXPECT_EQ(asking.ask().body, "t1");
  tokens.refuse("t1");
  EXPECT_EQ(asking.ask().status, 401) << "not again within ten seconds";
  EXPECT_EQ(tokens.given(), 2U);
}

}  // namespace
}  // namespace proxy::upstream
