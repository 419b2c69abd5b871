#include "core/lists/live.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace core::lists {
namespace {

constexpr std::uint64_t kSeed = 7;
using Kind = Step::Kind;

std::shared_ptr<const List> source(const std::string& text, Match match) {
  return std::make_shared<const List>(List::parse(text, match, kSeed));
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

}  // namespace
}  // namespace core::lists
