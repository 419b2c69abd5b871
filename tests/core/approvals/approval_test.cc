#include "core/approvals/approval.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

namespace core::approvals {
namespace {

constexpr std::int64_t kNow = 1'800'000'000, kDay = 86'400;

Request asked(std::string_view digest, std::int64_t now_s = kNow) {
  return {"request-approval", digest, "sealed", now_s, 30 * kDay, 7 * kDay, 12};
}

Approval pending() {
  Approval approval;
  bool changed = false;
  request(approval, asked("one"), changed);
  return approval;
}

/// protocol.md c.2, row by row.
TEST(Approvals, TellWhatTheTableOfStatesSays) {
  struct Row {
    State state;
    Told checked, requested;
  };
  constexpr Row kRows[] = {{State::kNone, Told::kContinue, Told::kRequested},
                           {State::kPending, Told::kPending, Told::kPending},
                           {State::kDenied, Told::kDenied, Told::kDenied},
                           {State::kApproved, Told::kContinue, Told::kContinue},
                           {State::kExpired, Told::kContinue, Told::kRequested}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(name(row.state));
    Approval approval;
    bool changed = false;
    if (row.state != State::kNone) approval = pending();
    std::int64_t now_s = kNow + 60;
    if (row.state == State::kExpired) now_s = kNow + 30 * kDay;
    if (row.state == State::kApproved || row.state == State::kDenied) {
      ASSERT_EQ(decide(approval, row.state, "anna", "known", now_s, changed), Refusal::kNone);
    }
    EXPECT_EQ(state_at(approval, now_s), row.state);
    EXPECT_EQ(check(approval, now_s), row.checked);
    EXPECT_EQ(request(approval, asked("two", now_s), changed), row.requested);
    EXPECT_EQ(changed, row.requested == Told::kRequested) << "nothing is stored twice";
  }
}

TEST(Approvals, AreTheSameForTheCallersRetry) {
  Approval approval = pending();
  const std::string record = to_record(approval);
  bool changed = true;
  EXPECT_EQ(request(approval, asked("one", kNow + 11), changed), Told::kRequested);
  EXPECT_FALSE(changed);
  EXPECT_EQ(request(approval, asked("one", kNow + 12), changed), Told::kPending) << "no retry any more";
  EXPECT_EQ(request(approval, asked("two", kNow + 1), changed), Told::kPending) << "another request";
  EXPECT_EQ(to_record(approval), record);
}

TEST(Approvals, AreDecidedOnceAndADenialMayBeTakenBack) {
  Approval approval;
  bool changed = false;
  EXPECT_EQ(decide(approval, State::kApproved, "anna", "", kNow, changed), Refusal::kNotThere);
  approval = pending();
  EXPECT_EQ(decide(approval, State::kApproved, "anna", "", kNow + 30 * kDay, changed), Refusal::kNotThere) << "expired";
  EXPECT_EQ(decide(approval, State::kDenied, "anna", "not\nknown", kNow + 1, changed), Refusal::kNone);
  EXPECT_TRUE(changed);
  EXPECT_EQ(approval.trail.back().why, "not known");
  EXPECT_EQ(decide(approval, State::kDenied, "bert", "", kNow + 2, changed), Refusal::kNone);
  EXPECT_FALSE(changed) << "asked again";
  EXPECT_EQ(decide(approval, State::kApproved, "bert", "known after all", kNow + 3, changed), Refusal::kNone);
  EXPECT_TRUE(changed);
  EXPECT_EQ(decide(approval, State::kDenied, "anna", "", kNow + 4, changed), Refusal::kDecided);
  EXPECT_FALSE(changed);
  ASSERT_EQ(approval.trail.size(), 3u);
  EXPECT_EQ(approval.trail[1].who, "anna");
  EXPECT_EQ(approval.trail[2].what, "approved");
  EXPECT_EQ(approval.decided_s, kNow + 3);
}

TEST(Approvals, ForgetTheClaimsAndKeepTheTrail) {
  Approval approval = pending();
  EXPECT_TRUE(erase_claims(approval, kNow + 5));
  EXPECT_FALSE(erase_claims(approval, kNow + 6));
  EXPECT_TRUE(approval.claims.empty());
  EXPECT_EQ(approval.trail.back().what, "erased");
  for (int i = 0; i < 100; ++i) note(approval, {kNow, std::to_string(i), "x", ""});
  ASSERT_EQ(approval.trail.size(), Approval::kTrailMax);
  EXPECT_EQ(approval.trail.front().what, "requested");
  EXPECT_EQ(approval.trail.back().what, "99");
}

TEST(Approvals, ChangeAsTimeGoesBy) {
  Approval approval = pending();
  EXPECT_EQ(next_due_s(approval), kNow + 30 * kDay);
  EXPECT_FALSE(pass_time(approval, kNow + 30 * kDay - 1));
  EXPECT_TRUE(pass_time(approval, kNow + 31 * kDay));
  EXPECT_EQ(approval.state, State::kExpired);
  EXPECT_EQ(approval.trail.back().at_s, kNow + 30 * kDay);
  EXPECT_EQ(next_due_s(approval), kNow + 37 * kDay);
  EXPECT_TRUE(pass_time(approval, kNow + 37 * kDay));
  EXPECT_TRUE(approval.claims.empty());
  EXPECT_EQ(next_due_s(approval), 0);

  approval = pending();
  bool changed = false;
  decide(approval, State::kApproved, "anna", "", kNow + 9, changed);
  EXPECT_EQ(next_due_s(approval), kNow + 9 + 7 * kDay);
  EXPECT_TRUE(pass_time(approval, kNow + 9 + 7 * kDay));
  EXPECT_FALSE(pass_time(approval, kNow + 900 * kDay));
  EXPECT_EQ(approval.state, State::kApproved);
}

TEST(Approvals, KeepTheirClaimsUntilThereIsAnAccount) {
  Approval approval = pending();
  bool changed = false;
  decide(approval, State::kApproved, "anna", "", kNow + 1, changed);
  want_account(approval);
  EXPECT_EQ(next_due_s(approval), 0);
  EXPECT_FALSE(pass_time(approval, kNow + 900 * kDay));
  EXPECT_EQ(of_record(to_record(approval))->account, AccountState::kWanted);
  end_account(approval, true, "created", kNow + 2);
  EXPECT_EQ(approval.trail.back().what, "account created");
  EXPECT_EQ(next_due_s(approval), kNow + 1 + 7 * kDay);
}

TEST(Approvals, AreReadAsTheyWereWritten) {
  Approval approval = pending();
  approval.claims = std::string("\0:3:\xff", 5);
  bool changed = false;
  decide(approval, State::kDenied, "anna: \"x\"", "12:no", kNow + 1, changed);
  const std::string record = to_record(approval);
  const auto read = of_record(record);
  ASSERT_TRUE(read);
  EXPECT_EQ(to_record(*read), record);
  EXPECT_EQ(read->claims, approval.claims);
  EXPECT_EQ(read->trail.back().who, "anna: \"x\"");
}

TEST(Approvals, NoticeARecordThatWasCut) {
  const std::string record = to_record(pending());
  std::size_t read = 0;
  for (std::size_t size = 0; size < record.size(); ++size) {
    const std::unique_ptr<char[]> exact(new char[size]);
    std::memcpy(exact.get(), record.data(), size);
    read += of_record({exact.get(), size}) ? 1 : 0;
  }
  EXPECT_EQ(read, 1u) << "but in front of the trail";
  for (const char* wrong : {"", "2:1x", "1:2", "1:1,4:none", "99999999999999999999:1", "1:15:other"}) {
    EXPECT_FALSE(of_record(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace core::approvals
