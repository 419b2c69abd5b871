// Where answers of workflows go: to everybody who waits, whichever thread has them.
#include "proxy/forward/workflow_landing.h"

#include <gtest/gtest.h>
#include <uv.h>

#include <thread>

#include "core/decisions/encoded.h"
#include "proxy/forward/mailbox.h"

namespace proxy::forward {
namespace {

using core::config::WhenAway;
using Outcome = WorkflowAnswer::Outcome;

constexpr core::decisions::Key kFlight{1, 2}, kBody{3, 4};

class Landings : public ::testing::Test {
 protected:
  void SetUp() override {
    uv_loop_init(&loop_);
    // A mailbox alone keeps no loop running.
    uv_timer_init(&loop_, &awake_);
    uv_timer_start(&awake_, [](uv_timer_t*) {}, 60'000, 0);
    ASSERT_TRUE(mailbox().open(loop_, [this](std::vector<Delivery>& deliveries) {
      for (Delivery& delivery : deliveries) delivered_.push_back(std::move(delivery));
    }));
  }
  void TearDown() override {
    mailbox().close();
    uv_close(reinterpret_cast<uv_handle_t*>(&awake_), nullptr);
    while (uv_loop_close(&loop_) == UV_EBUSY) uv_run(&loop_, UV_RUN_ONCE);
  }
  Mailbox& mailbox() { return *shared_.mailboxes[0]; }

  /// Lands `answer` from another thread for two who wait.
  void land(const WorkflowAnswer& answer, WhenAway when_away, bool by_body = false) {
    EXPECT_TRUE(shared_.flights.join(kFlight, Waiter{&mailbox(), 11, 0}));
    EXPECT_FALSE(shared_.flights.join(kFlight, Waiter{&mailbox(), 22, 5}));
    WorkflowFlight flight{&shared_, kFlight, kBody, by_body, 12'000, when_away};
    std::thread([&] { flight.land(answer, 1000); }).join();
    while (delivered_.size() < 2) uv_run(&loop_, UV_RUN_ONCE);
    EXPECT_EQ(delivered_[0].pending, 11u);
    EXPECT_EQ(delivered_[1].pending, 22u);
    EXPECT_EQ(delivered_[1].rule, 5u);
    EXPECT_EQ(delivered_[0].landing, delivered_[1].landing);
    EXPECT_TRUE(landing().from_state);
    EXPECT_EQ(shared_.flights.count(), 0u);
  }
  const Landing& landing() const { return *delivered_[0].landing; }
  bool remembered() {
    core::Arena arena(4096);
    return shared_.cache.peek(kBody, 1000, arena).state == core::decisions::Cache::State::kFresh;
  }

  uv_loop_t loop_;
  uv_timer_t awake_;
  Shared shared_{1 << 20, {5, 6}, 1};
  std::vector<Delivery> delivered_;
};

WorkflowAnswer blocking() {
  WorkflowAnswer answer{Outcome::kDecision, {}};
  answer.decision.kind = core::rules::VerdictKind::kBlock;
  answer.decision.message = "in_review";
  return answer;
}

TEST_F(Landings, ReachEverybodyWhoWaits) {
  land(blocking(), WhenAway::kClosed);
  EXPECT_EQ(core::decisions::DecisionView(landing().decision).message(), "in_review");
  EXPECT_FALSE(remembered());
}

TEST_F(Landings, AreRememberedForTheCallersRetryWhereTheRuleSaysSo) {
  land(blocking(), WhenAway::kClosed, true);
  EXPECT_EQ(landing().keep_body_ms, 12'000u);
  EXPECT_TRUE(remembered());
}

TEST_F(Landings, GoOnWhenTheStateIsAwayAndTheRuleIsOpen) {
  land({Outcome::kAway, {}}, WhenAway::kOpen, true);
  ASSERT_FALSE(landing().decision.empty());
  EXPECT_EQ(core::decisions::DecisionView(landing().decision).kind(), core::rules::VerdictKind::kContinue);
  EXPECT_FALSE(remembered()) << "with the state there again it is asked";
}

TEST_F(Landings, AreUnresolvedWhenTheStateIsAwayAndTheRuleIsClosed) {
  land({Outcome::kAway, {}}, WhenAway::kClosed);
  EXPECT_TRUE(landing().decision.empty());
  EXPECT_EQ(landing().why, core::gate::Fallback::kState);
}

TEST_F(Landings, AreUnresolvedWhereTheRequestLacksSomethingHoweverOpenTheRule) {
  land({Outcome::kUnresolved, {}}, WhenAway::kOpen);
  EXPECT_TRUE(landing().decision.empty());
}

}  // namespace
}  // namespace proxy::forward
