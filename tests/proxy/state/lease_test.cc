#include "proxy/state/lease.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace proxy::state {
namespace {

constexpr std::uint64_t kLength = 9000;

/// Records whose questions wait until the test has them done, or has them go wrong.
class ScriptedStore final : public Store {
 public:
  enum class How { kDone, kLost, kDoneUnheard };  // kLost: never arrived; kDoneUnheard: done, and the answer lost

  void commit(Batch batch, Done done) override {
    asked_.push_back([this, batch = std::move(batch), done = std::move(done)](How how) {
      Failure failure = Failure::kNone;
      for (const Write& write : batch.writes) {
        if (how == How::kLost) break;
        Record& record = records[write.key];
        if (write.expected != record.version) {
          failure = Failure::kConflict;
        } else {
          record = {write.value, ++versions_};
          ++written;
        }
      }
      done(how == How::kDone ? failure : Failure::kTimeout);
    });
  }
  void read(std::string, std::string key, ReadDone done) override {
    asked_.push_back([this, key = std::move(key), done = std::move(done)](How how) {
      if (how == How::kDone) {
        done(Failure::kNone, records[key]);
      } else {
        done(Failure::kTimeout, {});
      }
    });
  }
  void scan(std::string, std::string, std::size_t, ScanDone) override {}
  void read_stream(std::string, std::uint64_t, std::size_t, StreamDone) override {}
  void trim(std::string, std::uint64_t, std::vector<std::uint64_t>, Done) override {}
  void measure(std::string, MeasureDone) override {}
  void close() noexcept override {}

  std::size_t asked() const { return asked_.size(); }
  void next(How how = How::kDone) {
    const auto one = std::move(asked_.front());
    asked_.pop_front();
    one(how);
  }

  std::map<std::string, Record> records;
  int written = 0;

 private:
  std::deque<std::function<void(How)>> asked_;
  std::uint64_t versions_ = 100;
};
using How = ScriptedStore::How;

class LeaseTest : public ::testing::Test {
 protected:
  std::unique_ptr<Lease> lease(const std::string& holder, std::uint64_t length_ms = kLength) {
    return std::make_unique<Lease>(store_, "crm", holder, length_ms, [this] { ++woken_; });
  }
  /// Lets it ask until it has nothing to ask at this time; all of it is answered, as `how` says.
  void settle(Lease& of, std::uint64_t now_ms, How how = How::kDone) {
    of.step(now_ms);
    while (store_.asked() != 0) {
      store_.next(how);
      of.step(now_ms);
    }
  }
  /// Steps it every 100 ms from `from_ms` on; when it had it for the first time, 0 when never.
  std::uint64_t first_held(Lease& of, std::uint64_t from_ms, std::uint64_t to_ms) {
    for (std::uint64_t now_ms = from_ms; now_ms <= to_ms; now_ms += 100) {
      settle(of, now_ms);
      if (of.held(now_ms)) return now_ms;
    }
    return 0;
  }

  ScriptedStore store_;
  int woken_ = 0;
};

TEST_F(LeaseTest, IsTakenAtOnceWhereThereIsNone) {
  const auto one = lease("one");
  EXPECT_FALSE(one->held(1000));
  settle(*one, 1000);
  EXPECT_TRUE(one->held(1000));
  EXPECT_TRUE(one->held(6999)) << "for two thirds";
  EXPECT_FALSE(one->held(7000));
  EXPECT_GT(woken_, 0);
}

TEST_F(LeaseTest, IsCountedFromWhenItWasAskedFor) {
  const auto one = lease("one");
  one->step(1000);
  store_.next();     // the read
  one->step(1500);   // asks for the write
  store_.next();
  one->step(5000);   // hears of it late
  EXPECT_TRUE(one->held(5000));
  EXPECT_TRUE(one->held(7499));
  EXPECT_FALSE(one->held(7500));
}

TEST_F(LeaseTest, AnAnswerThatComesTooLateIsNoLease) {
  const auto one = lease("one");
  one->step(1000);
  store_.next();
  one->step(1000);
  store_.next();
  one->step(7000);
  EXPECT_FALSE(one->held(7000));
}

TEST_F(LeaseTest, IsRenewedEveryThirdAndOnlyThen) {
  const auto one = lease("one");
  settle(*one, 1000);
  for (std::uint64_t third = 1; third < 100; ++third) {
    const int before = store_.written;
    EXPECT_EQ(one->due_ms(), 1000 + third * kLength / 3);
    settle(*one, 1000 + third * kLength / 3 - 1);
    EXPECT_EQ(store_.written, before);
    settle(*one, 1000 + third * kLength / 3);
    EXPECT_EQ(store_.written, before + 1);
    EXPECT_TRUE(one->held(1000 + third * kLength / 3 + 2 * kLength / 3 - 1));
  }
}

TEST_F(LeaseTest, NobodyElseTakesItWhileItIsRenewed) {
  const auto one = lease("one"), other = lease("other");
  for (std::uint64_t now_ms = 1000; now_ms < 100'000; now_ms += 250) {
    settle(*one, now_ms);
    settle(*other, now_ms);
    EXPECT_TRUE(one->held(now_ms)) << now_ms;
    EXPECT_FALSE(other->held(now_ms)) << now_ms;
  }
}

TEST_F(LeaseTest, IsTakenWhenItsHolderIsSilentForItsWholeLength) {
  const auto one = lease("one"), other = lease("other");
  settle(*one, 1000);
  settle(*other, 2000);  // sees this version first
  EXPECT_EQ(first_held(*other, 2100, 30'000), 2000 + kLength);
  settle(*one, 11'000);
  EXPECT_FALSE(one->held(11'000)) << "it finds another's";
  EXPECT_EQ(first_held(*one, 11'100, 15'000), 0U);
}

TEST_F(LeaseTest, SilentForHowLongItsHolderSays) {
  const auto one = lease("one", kLength), hasty = lease("hasty", kLength / 3);
  settle(*one, 1000);
  settle(*hasty, 1000);
  EXPECT_EQ(first_held(*hasty, 1100, 30'000), 1000 + kLength);
}

TEST_F(LeaseTest, ARenewalAtTheLastMomentKeepsIt) {
  const auto one = lease("one"), other = lease("other");
  settle(*one, 1000);
  settle(*other, 1000);
  other->step(1000 + kLength);
  store_.next();                // finds it unchanged
  one->step(1000 + kLength);    // asks for the renewal, before
  other->step(1000 + kLength);  // the other asks to take it
  ASSERT_EQ(store_.asked(), 2U);
  store_.next();
  store_.next();
  settle(*one, 1000 + kLength);
  settle(*other, 1000 + kLength);
  EXPECT_TRUE(one->held(1000 + kLength));
  EXPECT_FALSE(other->held(1000 + kLength));
}

TEST_F(LeaseTest, OfTwoThatWantItOneHasIt) {
  const auto one = lease("one"), other = lease("other");
  one->step(1000);
  other->step(1000);
  store_.next();
  store_.next();
  one->step(1000);
  other->step(1000);  // both ask for a write where there is none
  store_.next();
  store_.next();
  settle(*one, 1000);
  settle(*other, 1000);
  EXPECT_TRUE(one->held(1000));
  EXPECT_FALSE(other->held(1000));
}

TEST_F(LeaseTest, IsHeldNoLongerWhenRenewalsGoUnanswered) {
  const auto one = lease("one");
  settle(*one, 1000);
  for (std::uint64_t now_ms = 1100; now_ms < 7000; now_ms += 100) {
    settle(*one, now_ms, How::kLost);
    EXPECT_TRUE(one->held(now_ms)) << now_ms;
  }
  settle(*one, 7000, How::kLost);
  EXPECT_FALSE(one->held(7000));
  EXPECT_NE(first_held(*one, 7100, 9000), 0U) << "nobody has taken it meanwhile";
}

TEST_F(LeaseTest, ARenewalWhoseAnswerWasLostCountsWhenItIsRead) {
  const auto one = lease("one");
  settle(*one, 1000);
  one->step(4000);
  store_.next(How::kDoneUnheard);
  for (std::uint64_t now_ms = 4000; now_ms < 6000; now_ms += 100) settle(*one, now_ms);
  EXPECT_TRUE(one->held(9999));
  EXPECT_EQ(one->due_ms(), 7000U);
  EXPECT_EQ(store_.written, 2) << "it was not written twice";
}

TEST_F(LeaseTest, GivenBackItIsTakenAtOnce) {
  const auto one = lease("one"), other = lease("other");
  settle(*one, 1000);
  settle(*other, 1000);
  one->release();
  EXPECT_FALSE(one->held(1000));
  EXPECT_FALSE(one->released());
  settle(*one, 1100);
  EXPECT_TRUE(one->released());
  EXPECT_LE(first_held(*other, 1200, 30'000), 1300U + Lease::kPollMsMax);
  settle(*one, 40'000);
  EXPECT_FALSE(one->held(40'000)) << "it wants it no more";
}

TEST_F(LeaseTest, GivingBackTakesNothingFromAnother) {
  const auto one = lease("one"), other = lease("other");
  settle(*one, 1000);
  settle(*other, 1000);
  settle(*other, 1000 + kLength);
  ASSERT_TRUE(other->held(1000 + kLength));
  one->release();
  settle(*one, 1100 + kLength);
  EXPECT_TRUE(one->released());
  settle(*other, 1200 + kLength);
  EXPECT_TRUE(other->held(1200 + kLength));
}

TEST_F(LeaseTest, WhoeverHasNotGotItHasNothingToGiveBack) {
  const auto one = lease("one"), other = lease("other");
  settle(*one, 1000);
  other->step(1000);
  other->release();
  EXPECT_TRUE(other->released()) << "the store need not answer";
  settle(*other, 60'000);
  EXPECT_FALSE(other->held(60'000));
}

TEST_F(LeaseTest, GivenBackWhileAWriteIsUnderWay) {
  const auto one = lease("one"), other = lease("other");
  one->step(1000);
  store_.next();
  one->step(1000);
  one->release();
  settle(*one, 1000);
  EXPECT_TRUE(one->released());
  settle(*other, 1000);
  EXPECT_TRUE(other->held(1000));
}

TEST_F(LeaseTest, OneThatTheStoreHasLostIsWaitedFor) {
  const auto one = lease("one"), other = lease("other");
  settle(*one, 1000);
  settle(*other, 1000);
  store_.records.clear();
  settle(*other, 1250);
  EXPECT_FALSE(other->held(1250)) << "its holder does not know yet";
  settle(*one, 4000);
  EXPECT_TRUE(one->held(4000));
  EXPECT_EQ(first_held(*other, 4100, 6900), 0U);
}

TEST_F(LeaseTest, MayGoWhileItIsAnswered) {
  auto one = lease("one");
  one->step(1000);
  one.reset();
  store_.next();
  EXPECT_EQ(woken_, 0);
}

}  // namespace
}  // namespace proxy::state
