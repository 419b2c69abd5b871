// Invitation codes over each kind of store: redeemed as often as they say, by whom they are for, and by nobody twice.
#include "proxy/state/invitations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <future>
#include <set>
#include <thread>

#include "proxy/state/blocking.h"
#include "stores.h"
#include "waiting.h"

namespace proxy::state {
namespace {

using core::config::InvitationRefusal;
using forward::WorkflowAnswer;
using forward::WorkflowQuestion;

constexpr std::int64_t kDay = 86'400;

/// Each refusal has a message of its name; `elsewhere` blocks.
std::shared_ptr<const core::rules::Workflow> workflow(const std::string& name) {
  auto made = std::make_shared<core::rules::Workflow>();
  made->asks = core::config::Asks::kInvitation;
  made->name = name;
  auto& invitation = made->invitation.emplace();
  for (std::size_t i = 0; i < core::config::kInvitationRefusalCount; ++i) {
    invitation.told[i].message = core::config::kInvitationRefusals[i];
  }
  invitation.told[static_cast<std::size_t>(InvitationRefusal::kElsewhere)].blocks = true;
  invitation.forget_s = 30 * kDay;
  return made;
}

std::string words_of(const WorkflowAnswer& answer) {
  if (answer.outcome == WorkflowAnswer::Outcome::kAway) return "away";
  if (answer.outcome == WorkflowAnswer::Outcome::kUnresolved) return "unresolved";
  switch (answer.decision.kind) {
    case core::rules::VerdictKind::kContinue: return "continue";
    case core::rules::VerdictKind::kBlock: return "block " + answer.decision.message;
    case core::rules::VerdictKind::kValidationError: return answer.decision.message;
  }
  return "";
}

class InvitationsOnAStore : public ::testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override {
    store_ = GetParam().open(scratch_);
    if (store_ == nullptr) GTEST_SKIP() << "not to be had here";
    invitations_ = std::make_unique<Invitations>(*store_);
  }
  void TearDown() override {
    if (store_ != nullptr) store_->close();
  }

  /// Real time: stores forget by their own clock.
  static Invitations::Making making(std::uint32_t uses = 1) {
    Invitations::Making making;
    making.name = "partners";
    making.forget_s = 30 * kDay;
    making.as.created_s = std::time(nullptr);
    making.as.expires_s = making.as.created_s + 30 * kDay;
    making.as.uses = uses;
    making.as.by = "anna";
    return making;
  }
  std::vector<Invitations::Code> create(const Invitations::Making& making) {
    const auto made = wait_for<Invitations::Made>(
        [&](auto done) { invitations_->create(making, std::move(done)); }, {Failure::kTimeout, {}});
    EXPECT_EQ(made.failure, Failure::kNone);
    return made.codes;
  }
  Invitations::Code one(const Invitations::Making& making) { return create(making).at(0); }

  static WorkflowQuestion question(const std::optional<std::string>& code, const std::optional<std::string>& email,
                                   std::int64_t now_s, const std::string& name = "partners") {
    WorkflowQuestion question;
    question.workflow = workflow(name);
    question.connector = "signup";
    std::optional<std::string> domain;
    if (email) domain = email->substr(email->find('@') + 1);
    question.key = {code, email, domain, email};
    question.now_s = now_s;
    return question;
  }
  static std::string ask(Invitations& of, WorkflowQuestion question) {
    std::promise<std::string> answer;
    of.ask(std::move(question), [&answer](const WorkflowAnswer& given) { answer.set_value(words_of(given)); });
    return answer.get_future().get();
  }
  std::string told(const std::optional<std::string>& code, const std::optional<std::string>& email,
                   std::int64_t later_s = 0) {
    return ask(*invitations_, question(code, email, std::time(nullptr) + later_s));
  }
  core::invitations::Invitation find(const std::string& id) {
    const auto found = wait_for<Invitations::Found>(
        [&](auto done) { invitations_->find("partners", id, std::move(done)); }, {Failure::kTimeout, {}, {}});
    EXPECT_TRUE(found.record);
    return found.record.value_or(core::invitations::Invitation());
  }
  Invitations::Revoked revoke(const std::string& id, std::int64_t forget_s = 30 * kDay) {
    return wait_for<Invitations::Revoked>(
        [&](auto done) {
          invitations_->revoke({"partners", id, "bert", "it was seen", std::time(nullptr), forget_s}, std::move(done));
        },
        {Failure::kTimeout, false, false});
  }
  std::uint64_t outcomes(std::size_t which) const { return invitations_->figures().outcomes[which].load(); }

  Scratch scratch_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Invitations> invitations_;
};

INSTANTIATE_TEST_SUITE_P(Each, InvitationsOnAStore, ::testing::ValuesIn(store_kinds()),
                         [](const auto& one) { return one.param.name; });

TEST_P(InvitationsOnAStore, LetOnePersonInHoweverOftenTheyCome) {
  const Invitations::Code code = one(making());
  EXPECT_EQ(told(code.code, "a@acme.example"), "continue");
  EXPECT_EQ(told(code.code, "a@acme.example"), "continue") << "the caller's retry, or the form once more";
  EXPECT_EQ(told(code.code, "b@acme.example"), "used_up");
  std::string typed = code.code;
  std::replace(typed.begin(), typed.end(), '-', ' ');
  EXPECT_EQ(told(typed, "a@acme.example", kDay), "continue");
  EXPECT_EQ(find(code.id).redeemed.size(), 1u);
  EXPECT_EQ(find(code.id).by, "anna");
  using core::invitations::Outcome;
  EXPECT_EQ(outcomes(static_cast<std::size_t>(Outcome::kRedeemed)), 1u);
  EXPECT_EQ(outcomes(static_cast<std::size_t>(Outcome::kAgain)), 2u);
  EXPECT_EQ(outcomes(static_cast<std::size_t>(Outcome::kUsedUp)), 1u);
}

TEST_P(InvitationsOnAStore, SayWhatIsWrongWithACode) {
  EXPECT_EQ(told(std::nullopt, "a@acme.example"), "missing");
  EXPECT_EQ(told(" ", "a@acme.example"), "missing");
  EXPECT_EQ(told("open sesame", "a@acme.example"), "unknown");
  EXPECT_EQ(told("7K3M-9QXD-0H2T-VWPA", "a@acme.example"), "unknown");
  const Invitations::Code code = one(making());
  EXPECT_EQ(told(code.code, "a@acme.example", 30 * kDay), "expired");
  EXPECT_EQ(told(code.code, std::nullopt), "unresolved") << "those without an address would be one person";
  EXPECT_EQ(ask(*invitations_, question(code.code, "a@acme.example", std::time(nullptr), "others")), "unknown")
      << "a code is of one invitation";
  EXPECT_TRUE(find(code.id).redeemed.empty());
  EXPECT_EQ(outcomes(Invitations::Figures::kMissing), 2u);
}

TEST_P(InvitationsOnAStore, AreForAnAddressOrADomain) {
  Invitations::Making for_ines = making(3);
  for_ines.address = "ines@posteo.example";
  const Invitations::Code hers = one(for_ines);
  EXPECT_EQ(told(hers.code, "otto@posteo.example"), "block elsewhere");
  EXPECT_EQ(told(hers.code, "ines@posteo.example"), "continue");
  Invitations::Making for_acme = making(3);
  for_acme.as.domain = "acme.example";
  const Invitations::Code theirs = one(for_acme);
  EXPECT_EQ(told(theirs.code, "a@notacme.example"), "block elsewhere");
  EXPECT_EQ(told(theirs.code, "a@mail.acme.example"), "continue");
  EXPECT_EQ(told(theirs.code, "b@acme.example"), "continue");
}

TEST_P(InvitationsOnAStore, AreRevokedOnce) {
  const Invitations::Code code = one(making(2));
  EXPECT_EQ(told(code.code, "a@acme.example"), "continue");
  EXPECT_TRUE(revoke(code.id).changed);
  EXPECT_FALSE(revoke(code.id).changed);
  EXPECT_EQ(told(code.code, "b@acme.example"), "unknown");
  EXPECT_EQ(find(code.id).revoked_by, "bert");
  EXPECT_FALSE(revoke("0123").there);
  EXPECT_EQ(invitations_->figures().revoked.load(), 1u);
}

TEST_P(InvitationsOnAStore, AreForgottenWhenTheirTimeIsOver) {
  Invitations::Making old = making();
  old.as.created_s -= 40 * kDay;
  old.as.expires_s = old.as.created_s + kDay;
  const Invitations::Code code = one(old);
  EXPECT_EQ(told(code.code, "a@acme.example"), "unknown") << "expired 39 days ago, kept for 30";
  EXPECT_TRUE(Waiting(*store_).scan("invitations/partners").empty());
  const Invitations::Code other = one(making());
  EXPECT_TRUE(revoke(other.id, 0).changed);
  EXPECT_FALSE(revoke(other.id, 0).there);
}

TEST_P(InvitationsOnAStore, AreListedWithoutCodesOrPeople) {
  Invitations::Making many = making();
  many.count = 25;
  many.address = "ines@posteo.example";
  const std::vector<Invitations::Code> codes = create(many);
  std::set<std::string> made, listed;
  for (const Invitations::Code& code : codes) made.insert(code.id);
  ASSERT_EQ(made.size(), 25u);
  EXPECT_EQ(told(codes[0].code, "ines@posteo.example"), "continue");
  std::string after;
  do {
    const auto page = wait_for<Invitations::Page>(
        [&](auto done) { invitations_->list("partners", after, 10, std::move(done)); }, {Failure::kTimeout, {}, {}});
    for (const Invitations::Found& item : page.items) listed.insert(item.id);
    after = page.next;
  } while (!after.empty());
  EXPECT_EQ(listed, made);
  for (const Row& row : Waiting(*store_).scan("invitations/partners")) {
    EXPECT_THAT(row.record.value, ::testing::Not(::testing::HasSubstr("ines")));
    for (const Invitations::Code& code : codes) {
      EXPECT_EQ((row.key + row.record.value).find(code.code), std::string::npos);
      EXPECT_EQ((row.key + row.record.value).find(*core::invitations::normal_code(code.code)), std::string::npos);
    }
  }
}

TEST_P(InvitationsOnAStore, LetInExactlyAsManyAsTheySayHoweverManyComeAtOnce) {
  constexpr int kThreads = 4, kEach = 20;
  constexpr std::uint32_t kUses = 30;
  const Invitations::Code code = one(making(kUses));
  std::atomic<int> in = 0, out = 0, neither = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      // All at once, and each comes twice: the answers are waited for behind the last question.
      std::vector<std::promise<std::string>> answers(2 * kEach);
      for (int i = 0; i < 2 * kEach; ++i) {
        const std::string who = std::to_string(thread) + "-" + std::to_string(i / 2) + "@acme.example";
        invitations_->ask(question(code.code, who, std::time(nullptr)), [&, i](const WorkflowAnswer& given) {
          answers[static_cast<std::size_t>(i)].set_value(words_of(given));
        });
      }
      for (int i = 0; i < kEach; ++i) {
        const std::string first = answers[static_cast<std::size_t>(2 * i)].get_future().get();
        const std::string second = answers[static_cast<std::size_t>(2 * i + 1)].get_future().get();
        ++(first == "continue" && second == "continue" ? in : first == "used_up" && second == "used_up" ? out : neither);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(in.load(), static_cast<int>(kUses));
  EXPECT_EQ(out.load(), kThreads * kEach - static_cast<int>(kUses));
  EXPECT_EQ(neither.load(), 0);
  EXPECT_EQ(find(code.id).redeemed.size(), kUses);
}

/// Two processes that have one store know nothing of each other's turns: the store's versions decide.
TEST_P(InvitationsOnAStore, LetInExactlyOneOfTwoProcesses) {
  Invitations other(*store_);
  int in_all = 0;
  for (const Invitations::Code& code : create([] {
         Invitations::Making many = making();
         many.count = 20;
         return many;
       }())) {
    std::promise<std::string> here, there;
    const std::int64_t now_s = std::time(nullptr);
    invitations_->ask(question(code.code, "a@acme.example", now_s),
                      [&here](const WorkflowAnswer& given) { here.set_value(words_of(given)); });
    other.ask(question(code.code, "b@acme.example", now_s),
              [&there](const WorkflowAnswer& given) { there.set_value(words_of(given)); });
    const std::string answers[] = {here.get_future().get(), there.get_future().get()};
    const auto in = std::count(std::begin(answers), std::end(answers), "continue");
    EXPECT_EQ(in, 1) << answers[0] << " " << answers[1];
    EXPECT_EQ(find(code.id).redeemed.size(), 1u);
    in_all += static_cast<int>(in);
  }
  EXPECT_EQ(in_all, 20);
}

TEST_P(InvitationsOnAStore, OutliveTheStoreWhereItOutlivesItsEnd) {
  if (!GetParam().outlives) return;
  const Invitations::Code code = one(making());
  EXPECT_EQ(told(code.code, "a@acme.example"), "continue");
  store_->close();
  invitations_.reset();
  store_ = GetParam().open(scratch_);
  ASSERT_NE(store_, nullptr);
  invitations_ = std::make_unique<Invitations>(*store_);
  EXPECT_EQ(told(code.code, "b@acme.example"), "used_up");
  EXPECT_EQ(told(code.code, "a@acme.example"), "continue");
}

TEST_P(InvitationsOnAStore, SayWhenTheStateIsAwayOrARecordIsNotTheirs) {
  const Invitations::Code code = one(making());
  ASSERT_EQ(Waiting(*store_).write("invitations/partners", code.id, "something else", kAnyVersion), Failure::kNone);
  EXPECT_EQ(told(code.code, "a@acme.example"), "unknown");
  EXPECT_EQ(invitations_->figures().unreadable.load(), 1u);
  EXPECT_EQ(revoke(code.id).failure, Failure::kCorrupt);
  store_->close();
  EXPECT_EQ(told(code.code, "a@acme.example"), "away");
  EXPECT_EQ(revoke(code.id).failure, Failure::kEnding);
  const auto made = wait_for<Invitations::Made>(
      [&](auto done) { invitations_->create(making(), std::move(done)); }, {Failure::kTimeout, {}});
  EXPECT_EQ(made.failure, Failure::kEnding);
  EXPECT_TRUE(made.codes.empty()) << "a code that is not kept is shown to nobody";
}

}  // namespace
}  // namespace proxy::state
