#include "proxy/state/workflows.h"

#include <gtest/gtest.h>

#include <deque>

namespace proxy::state {
namespace {

using forward::WorkflowAnswer;
using forward::WorkflowQuestion;
using Outcome = WorkflowAnswer::Outcome;

/// Keeps reads until it is told to answer them: there is nothing.
class SlowStore final : public Store {
 public:
  void commit(Batch, Done done) override { done(Failure::kNone); }
  void read(std::string, std::string, ReadDone done) override { reads_.push_back(std::move(done)); }
  void scan(std::string, std::string, std::size_t, ScanDone) override {}
  void read_stream(std::string, std::uint64_t, std::size_t, StreamDone) override {}
  void trim(std::string, std::uint64_t, std::vector<std::uint64_t>, Done) override {}
  void measure(std::string, MeasureDone) override {}
  void close() noexcept override {}

  void answer_one() {
    const ReadDone done = std::move(reads_.front());
    reads_.pop_front();
    done(Failure::kNone, {});
  }
  std::size_t asked() const { return reads_.size(); }

 private:
  std::deque<ReadDone> reads_;
};

class WorkflowsTest : public ::testing::Test {
 protected:
  WorkflowQuestion question(std::size_t body_bytes) {
    auto workflow = std::make_shared<core::rules::Workflow>();
    workflow->name = "guests";
    workflow->approval = {true, 1'000'000, 50, "m_requested", "m_pending", "m_denied"};
    workflow->wants_claims = true;
    return {workflow, "signup", {std::to_string(++people_) + "@posteo.example"}, std::string(body_bytes, 'x'), {}, 1'800'000'000, 12'000};
  }
  void ask(std::size_t body_bytes) {
    workflows_.ask(question(body_bytes), [this](WorkflowAnswer answer) { told_.push_back(answer.outcome); });
  }

  SlowStore store_;
  Approvals approvals_{store_, {std::string(32, 'k')}, nullptr};
  Invitations invitations_{store_};
  Workflows workflows_{approvals_, invitations_};
  std::vector<Outcome> told_;
  int people_ = 0;
};

TEST_F(WorkflowsTest, HoldSoManyBytesOfQuestionsAndNoMore) {
  constexpr std::size_t kQuarter = Workflows::kBytesMax / 4 - 4096;
  for (int i = 0; i < 4; ++i) ask(kQuarter);
  EXPECT_EQ(store_.asked(), 4U);
  EXPECT_TRUE(told_.empty());
  ask(kQuarter);
  ASSERT_EQ(told_.size(), 1U) << "at once";
  EXPECT_EQ(told_.back(), Outcome::kAway);
  EXPECT_EQ(store_.asked(), 4U);
  ask(100);
  EXPECT_EQ(told_.size(), 1U) << "a small one finds room";
  store_.answer_one();
  EXPECT_EQ(told_.back(), Outcome::kDecision);
  ask(kQuarter);
  EXPECT_EQ(told_.size(), 2U) << "there is room again";
  while (store_.asked() != 0) store_.answer_one();
  for (int i = 0; i < 4; ++i) ask(kQuarter);
  EXPECT_EQ(store_.asked(), 4U) << "nothing is counted that is not there any more";
  while (store_.asked() != 0) store_.answer_one();
}

TEST_F(WorkflowsTest, ManySmallOnesCountAsWell) {
  for (std::size_t i = 0; i < Workflows::kBytesMax / 1024; ++i) ask(0);
  EXPECT_FALSE(told_.empty());
  EXPECT_EQ(told_.back(), Outcome::kAway);
  while (store_.asked() != 0) store_.answer_one();
}

}  // namespace
}  // namespace proxy::state
