#include "core/lists/live.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace core::lists {
namespace {

constexpr std::uint64_t kLiveSeed = 7;
using Kind = Step::Kind;

std::shared_ptr<const List> source(const std::string& text, Match match) {
  return std::make_shared<const List>(List::parse(text, match, kLiveSeed));
}

TEST(Live, SaysWhatTheLastChangeOfAValueSays) {
  const auto list = source("a@x.example\nb@x.example\n", Match::kEmail);
  Changes changes;
  const auto now = [&] { return Live(list, changes.over(*list, 99)); };
  EXPECT_TRUE(now().contains("a@x.example"));
  EXPECT_EQ(now().size(), 2u);

  changes.apply({Kind::kRemove, 1, 0, "a@x.example"});
  changes.apply({Kind::kAdd, 1, 0, "c@x.example"});
  EXPECT_FALSE(now().contains("a@x.example"));
  EXPECT_TRUE(now().contains("b@x.example"));
  EXPECT_TRUE(now().contains("c@x.example"));
  EXPECT_EQ(now().size(), 2u);

  changes.apply({Kind::kAdd, 2, 0, "a@x.example"});
  changes.apply({Kind::kRemove, 2, 0, "c@x.example"});
  EXPECT_TRUE(now().contains("a@x.example"));
  EXPECT_FALSE(now().contains("c@x.example"));
  EXPECT_EQ(now().size(), 2u);

  changes.apply({Kind::kForget, 3, 0, "a@x.example"});
  changes.apply({Kind::kForget, 3, 0, "c@x.example"});
  EXPECT_EQ(changes.size(), 0u);
  EXPECT_EQ(changes.over(*list, 99), nullptr);
}

TEST(Live, TakesOutADomainsOwnEntryAndNoOther) {
  const auto list = source("example.com\nmail.example.com\npartner.example\n", Match::kDomain);
  Changes changes;
  changes.apply({Kind::kRemove, 1, 0, "example.com"});
  changes.apply({Kind::kAdd, 1, 0, "new.example"});
  const Live live(list, changes.over(*list, 99));
  struct Case {
    const char* domain;
    bool contained;
  };
  constexpr Case kCases[] = {
      {"example.com", false},       {"www.example.com", false}, {"mail.example.com", true},
      {"a.mail.example.com", true}, {"partner.example", true},  {"a.new.example", true},
      {"new.example", true},        {"example", false},
  };
  for (const Case& c : kCases) EXPECT_EQ(live.contains(c.domain), c.contained) << c.domain;
  EXPECT_EQ(live.size(), 3u);
}

TEST(Changes, ExpireAtTheirSecondAndNotBefore) {
  Changes changes;
  changes.apply({Kind::kAdd, 1, 100, "a"});
  changes.apply({Kind::kAdd, 1, 200, "b"});
  changes.apply({Kind::kAdd, 1, 0, "c"});
  changes.apply({Kind::kRemove, 1, 100, "d"});  // a removal never expires
  EXPECT_EQ(changes.next_expiry_s(), 100);
  EXPECT_FALSE(changes.expire(99));
  EXPECT_TRUE(changes.expire(100));
  EXPECT_EQ(changes.find("a"), nullptr);
  ASSERT_NE(changes.find("b"), nullptr);
  EXPECT_EQ(changes.find("b")->expires_s, 200);
  EXPECT_EQ(changes.added(), 2u);
  EXPECT_EQ(changes.size(), 3u);
  changes.apply({Kind::kAdd, 2, 0, "b"});  // for good now
  EXPECT_EQ(changes.next_expiry_s(), std::nullopt);
  EXPECT_FALSE(changes.expire(1000));
  EXPECT_NE(changes.find("b"), nullptr);
}

using Model = std::map<std::string, Changes::Change, std::less<>>;

/// A step on a few hundred values, so that most come again and pieces fill, split and empty.
struct RandomSteps {
  std::mt19937_64 random{11};
  std::string value;
  Step next(std::int64_t now_s) {
    value = "v" + std::to_string(random() % 1200);
    const auto kind = static_cast<Kind>(1 + random() % 3);
    return {kind, now_s, random() % 4 == 0 ? now_s + static_cast<std::int64_t>(random() % 50) : 0, value};
  }
};

void apply(Model& model, const Step& step) {
  if (step.kind == Kind::kForget) {
    model.erase(std::string(step.value));
  } else {
    model[std::string(step.value)] = {step.kind, step.at_s, step.kind == Kind::kAdd ? step.expires_s : 0};
  }
}

void expect_same(const Changes& changes, const Model& model) {
  ASSERT_EQ(changes.size(), model.size());
  std::size_t added = 0;
  std::optional<std::int64_t> first_expiry_s;
  auto wanted = model.begin();
  changes.each([&](std::string_view value, const Changes::Change& change) {
    ASSERT_EQ(value, wanted->first);
    EXPECT_EQ(change.kind, wanted->second.kind);
    EXPECT_EQ(change.since_s, wanted->second.since_s);
    EXPECT_EQ(change.expires_s, wanted->second.expires_s);
    EXPECT_EQ(changes.find(value), &change);
    added += change.kind == Kind::kAdd;
    if (change.expires_s != 0) first_expiry_s = std::min(first_expiry_s.value_or(change.expires_s), change.expires_s);
    ++wanted;
  });
  EXPECT_EQ(changes.added(), added);
  EXPECT_EQ(changes.next_expiry_s(), first_expiry_s);
  EXPECT_EQ(changes.find("w"), nullptr);
  EXPECT_EQ(changes.find(""), nullptr);
}

TEST(Changes, AreWhatAMapOfThemWouldBe) {
  Changes changes;
  Model model;
  RandomSteps steps;
  for (std::int64_t now_s = 1; now_s <= 40; ++now_s) {
    for (int i = 0; i < 500; ++i) {
      const Step step = steps.next(now_s);
      changes.apply(step);
      apply(model, step);
    }
    const bool expired = changes.expire(now_s);
    const std::size_t gone = std::erase_if(model, [&](const auto& change) {
      return change.second.expires_s != 0 && change.second.expires_s <= now_s;
    });
    EXPECT_EQ(expired, gone > 0);
    ASSERT_NO_FATAL_FAILURE(expect_same(changes, model)) << now_s;
  }
  std::vector<std::string> values;
  for (const auto& [value, change] : model) values.push_back(value);
  for (const std::string& value : values) changes.apply({Kind::kForget, 99, 0, value});
  expect_same(changes, {});
}

TEST(Changes, ACopyStaysAsItWasAndCanGoItsOwnWay) {
  Changes changes;
  Model model;
  RandomSteps steps;
  const auto step = [&](Changes& changed, Model& kept) {
    const Step next = steps.next(100);
    changed.apply(next);
    apply(kept, next);
  };
  for (int i = 0; i < 3000; ++i) step(changes, model);
  Changes copy = changes.share();
  EXPECT_EQ(copy.version(), changes.version());
  const Model before = model;
  for (int i = 0; i < 3000; ++i) step(changes, model);
  EXPECT_NE(copy.version(), changes.version());
  expect_same(copy, before);
  expect_same(changes, model);
  Changes second = copy.share();
  Model other = before;
  EXPECT_TRUE(copy.expire(1000));
  std::erase_if(other, [](const auto& change) { return change.second.expires_s != 0; });
  EXPECT_NE(copy.version(), second.version());
  for (int i = 0; i < 500; ++i) step(copy, other);
  expect_same(copy, other);
  expect_same(second, before);
  expect_same(changes, model);
}

}  // namespace
}  // namespace core::lists
