// Approvals over a store: what rules are told, and that nothing is lost or doubled between them.
#include "proxy/state/approvals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "proxy/state/blocking.h"
#include "stores.h"
#include "waiting.h"

namespace proxy::state {
namespace {

namespace approvals = core::approvals;
using forward::WorkflowAnswer;
using forward::WorkflowQuestion;

constexpr std::int64_t kNow = 1'800'000'000;
const std::string kKey(32, 'k');

std::shared_ptr<const core::rules::Workflow> workflow(bool requests, std::int64_t keep_s = 1'000'000'000) {
  auto made = std::make_shared<core::rules::Workflow>();
  made->name = "guests";
  made->approval = {requests, keep_s, 50, "m_requested", "m_pending", "m_denied"};
  made->wants_claims = requests;
  return made;
}

class ApprovalsOnAStore : public ::testing::Test {
 protected:
  void TearDown() override { store_->close(); }

  std::string told(bool requests, const std::string& email, const std::string& body = R"({"email":"x"})",
                   std::int64_t now_s = kNow) {
    WorkflowQuestion question{workflow(requests), "signup", {email}, body, {{"city", core::claims::Kind::kString, "Lund"}},
                              now_s, 12'000};
    std::promise<std::string> answer;
    approvals_.ask(std::move(question), [&answer](WorkflowAnswer given) {
      answer.set_value(given.outcome != WorkflowAnswer::Outcome::kDecision ? "none"
                       : given.decision.kind == core::rules::VerdictKind::kContinue ? "continue"
                                                                                     : given.decision.message);
    });
    return answer.get_future().get();
  }
  Approvals::Page list() {
    return wait_for<Approvals::Page>([&](auto done) { approvals_.list("guests", "", 100, std::move(done)); },
                                     {Failure::kTimeout, {}, {}});
  }
  Approvals::Decided decide(const std::string& id, approvals::State wanted) {
    return wait_for<Approvals::Decided>(
        [&](auto done) { approvals_.decide("guests", id, wanted, "anna", "known", std::move(done)); },
        {Failure::kTimeout, {}, false});
  }
  std::string only_id() {
    const Approvals::Page page = list();
    EXPECT_EQ(page.items.size(), 1u);
    return page.items.empty() ? "" : page.items[0].id;
  }
  std::vector<std::string> announced() {
    std::vector<std::string> all;
    for (const Entry& entry : Waiting(*store_).stream("told")) all.push_back(entry.value);
    return all;
  }

  struct Announcer final : ApprovalAnnouncer {
    void announce(const ApprovalChange& change, Batch& batch) override {
      batch.appends.push_back({"told", std::string(change.id), std::string(change.what)});
    }
    void committed() noexcept override { commits.fetch_add(1); }
    std::atomic<int> commits{0};
  };

  std::unique_ptr<Store> store_ = open_or_null({});
  Announcer announcer_;
  Approvals approvals_{*store_, {kKey}, &announcer_};
};

TEST_F(ApprovalsOnAStore, GoFromTheRequestToTheNextSignUp) {
  EXPECT_EQ(told(false, "ines@posteo.example"), "continue");
  EXPECT_TRUE(list().items.empty()) << "who only looks stores nothing";
  EXPECT_EQ(told(true, "ines@posteo.example"), "m_requested");
  EXPECT_EQ(told(true, "ines@posteo.example"), "m_requested") << "the caller's retry";
  EXPECT_EQ(told(true, "ines@posteo.example", R"({"email":"y"})"), "m_pending");
  EXPECT_EQ(told(false, "ines@posteo.example"), "m_pending");
  EXPECT_EQ(told(false, "other@posteo.example"), "continue");
  const std::string id = only_id();
  EXPECT_EQ(id.size(), Approvals::kIdChars);
  EXPECT_TRUE(decide(id, approvals::State::kApproved).changed);
  EXPECT_FALSE(decide(id, approvals::State::kApproved).changed);
  EXPECT_EQ(decide(id, approvals::State::kDenied).refusal, approvals::Refusal::kDecided);
  EXPECT_EQ(told(true, "ines@posteo.example"), "continue");
  EXPECT_EQ(told(false, "ines@posteo.example"), "continue");
  EXPECT_THAT(announced(), ::testing::ElementsAre("requested", "approved"));
  EXPECT_EQ(decide("0123", approvals::State::kDenied).refusal, approvals::Refusal::kNotThere);
}

TEST_F(ApprovalsOnAStore, TellWhoWasDenied) {
  EXPECT_EQ(told(true, "a@b.example"), "m_requested");
  EXPECT_TRUE(decide(only_id(), approvals::State::kDenied).changed);
  EXPECT_EQ(told(true, "a@b.example"), "m_denied");
  EXPECT_EQ(told(false, "a@b.example"), "m_denied");
}

TEST_F(ApprovalsOnAStore, KeepClaimsSealedUntilTheirTimeIsOver) {
  told(true, "a@b.example", R"({"email":"a@b.example"})");
  Approvals::Found found = list().items.at(0);
  EXPECT_EQ(approvals_.claims_of("guests", found), R"({"request":{"email":"a@b.example"},"set":{"city":"Lund"}})");
  const Approvals others(*store_, {std::string(32, 'o')}, nullptr);
  EXPECT_EQ(others.claims_of("guests", found), std::nullopt);
  EXPECT_EQ(Waiting(*store_).scan("approvals/guests").at(0).record.value.find("a@b"), std::string::npos);
  decide(found.id, approvals::State::kApproved);
  // Nothing is due yet; then everything is.
  approvals_.pass_time(list().items.at(0).record->decided_s + 49);
  ASSERT_EQ(Waiting(*store_).scan("approvals.due").size(), 1u);
  approvals_.pass_time(list().items.at(0).record->decided_s + 50);
  while (!Waiting(*store_).scan("approvals.due").empty()) std::this_thread::yield();
  found = list().items.at(0);
  EXPECT_EQ(approvals_.claims_of("guests", found), std::nullopt);
  EXPECT_EQ(found.record->trail.back().what, "erased");
  EXPECT_EQ(found.record->state, approvals::State::kApproved);
  EXPECT_EQ(approvals_.figures().erased.load(), 1u);
}

TEST_F(ApprovalsOnAStore, ExpireAndMayBeAskedForAgain) {
  EXPECT_EQ(told(true, "a@b.example"), "m_requested");
  approvals_.pass_time(kNow + 1'000'000'000);
  while (approvals_.figures().expired.load() == 0) std::this_thread::yield();
  EXPECT_EQ(list().items.at(0).record->state, approvals::State::kExpired);
  EXPECT_EQ(told(false, "a@b.example", "{}", kNow + 1'000'000'001), "continue");
  EXPECT_EQ(told(true, "a@b.example", "{}", kNow + 1'000'000'001), "m_requested");
  EXPECT_THAT(announced(), ::testing::ElementsAre("requested", "expired", "requested"));
}

TEST_F(ApprovalsOnAStore, AreNotSharedByThoseWithoutAnAddress) {
  WorkflowQuestion question{workflow(true), "signup", {std::nullopt}, "{}", {}, kNow, 0};
  WorkflowAnswer::Outcome outcome = WorkflowAnswer::Outcome::kAway;
  approvals_.ask(std::move(question), [&outcome](const WorkflowAnswer& answer) { outcome = answer.outcome; });
  EXPECT_EQ(outcome, WorkflowAnswer::Outcome::kUnresolved);
}

TEST_F(ApprovalsOnAStore, AreStoredOnceHoweverManyAskAtOnce) {
  std::atomic<int> requested = 0, pending = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 20; ++i) {
        const std::string body = "{\"n\":" + std::to_string(thread) + "}";  // each person from four browsers
        const std::string answer = told(true, std::to_string(i) + "@b.example", body);
        ++(answer == "m_requested" ? requested : pending);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(requested.load(), 20);
  EXPECT_EQ(pending.load(), 60);
  EXPECT_EQ(list().items.size(), 20u);
  EXPECT_EQ(announced().size(), 20u);
}

TEST_F(ApprovalsOnAStore, SayWhenTheStateIsAway) {
  store_->close();
  EXPECT_EQ(told(true, "a@b.example"), "none");
  EXPECT_EQ(list().failure, Failure::kEnding);
  EXPECT_EQ(decide("0123", approvals::State::kDenied).failure, Failure::kEnding);
}

}  // namespace
}  // namespace proxy::state
