#include "core/approvals/sealed.h"

#include <gtest/gtest.h>

namespace core::approvals {
namespace {

const Secret kOld(std::string(32, 'a')), kNew(std::string(32, 'b'));
constexpr SealNonce kNonce = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

std::string sealed(const Secret& key, std::string_view record = "r", std::string_view text = "claims") {
  return seal(key, kNonce, record, text).value_or("");
}

TEST(Sealed, IsOpenedByItsKeyForItsRecordAlone) {
  const std::string closed = sealed(kOld);
  EXPECT_EQ(closed.find("claims"), std::string::npos);
  EXPECT_EQ(open_sealed({kOld}, "r", closed), "claims");
  EXPECT_EQ(open_sealed({kNew, kOld}, "r", closed), "claims") << "after a rotation";
  EXPECT_EQ(open_sealed({kNew}, "r", closed), std::nullopt);
  EXPECT_EQ(open_sealed({kOld}, "s", closed), std::nullopt);
  EXPECT_EQ(open_sealed({}, "r", closed), std::nullopt);
  EXPECT_EQ(open_sealed({kOld}, "r", sealed(kOld, "r", "")), "");
}

TEST(Sealed, NoticesEveryBitThatIsNotAsItWas) {
  const std::string closed = sealed(kOld);
  for (std::size_t i = 0; i < closed.size() * 8; ++i) {
    std::string other = closed;
    other[i / 8] = static_cast<char>(other[i / 8] ^ (1 << i % 8));
    EXPECT_EQ(open_sealed({kOld}, "r", other), std::nullopt) << i;
  }
  for (std::size_t size = 0; size < closed.size(); ++size) {
    EXPECT_EQ(open_sealed({kOld}, "r", std::string_view(closed).substr(0, size)), std::nullopt) << size;
  }
}

TEST(Sealed, RefusesAKeyOfAnotherSize) {
  EXPECT_EQ(seal(Secret("short"), kNonce, "r", "claims"), std::nullopt);
}

TEST(DerivedKey, IsOnlyThatPurposesAndThatKeys) {
  const Secret derived = derived_key(kNew, "decisions");
  EXPECT_EQ(derived.view().size(), kSealKeyBytes);
  EXPECT_EQ(derived.view(), derived_key(kNew, "decisions").view());
  EXPECT_NE(derived.view(), derived_key(kNew, "counters").view());
  EXPECT_NE(derived.view(), derived_key(kOld, "decisions").view());
  EXPECT_NE(derived.view(), kNew.view());
}

TEST(Digest, IsOfFramedParts) {
  EXPECT_EQ(digest({{"a"}, {"b"}}).size(), 64u);
  EXPECT_EQ(digest({{"a"}, {"b"}}, 16), digest({{"a"}, {"b"}}).substr(0, 32));
  EXPECT_NE(digest({{"a"}, {"b"}}), digest({{"ab"}, {""}}));
  EXPECT_NE(digest({{""}}), digest({std::nullopt}));
  EXPECT_EQ(digest({{"a"}}), digest({{"a"}}));
}

}  // namespace
}  // namespace core::approvals
