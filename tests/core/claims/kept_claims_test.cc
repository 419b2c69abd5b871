#include "core/claims/kept_claims.h"

#include <gtest/gtest.h>

#include "core/arena.h"
#include "tests/core/claims/body.h"

namespace core::claims {
namespace {

struct Reading {
  NameTable names;
  NameId tier = names.intern("extension_Tier");
  NameId other = names.intern("jobTitle");
  Arena arena{1 << 16};
  Claims claims{names.size()};
};

TEST(KeptClaims, AreThoseThatWereReadWhenBodyAndArenaAreGone) {
  Reading reading;
  KeptClaims kept;
  std::string copy;
  {
    const claims_test::Body body(R"({"email":"a\u0040b","extension_tier":"gold","unknown":1,"jobTitle":null})");
    ASSERT_EQ(read(body.view(), reading.names, {}, reading.arena, reading.claims).error, ReadError::kNone);
    copy.assign(body.view()).append(kReadPadding, '\0');
    kept.keep(reading.claims, body.view(), std::string_view(copy).substr(0, body.view().size()));
  }
  reading.arena.reset();
  const claims_test::Body next(R"({"email":"somebody \u0065lse and longer","city":"Lund","extension_tier":"no"})");
  ASSERT_EQ(read(next.view(), reading.names, {}, reading.arena, reading.claims).error, ReadError::kNone);

  kept.restore(reading.claims);
  EXPECT_EQ(reading.claims[kEmail].value, "a@b");
  EXPECT_EQ(reading.claims[kEmail].kind, Kind::kString);
  EXPECT_EQ(reading.claims[reading.tier].value, "gold");
  EXPECT_EQ(reading.claims[reading.tier].name, "extension_tier") << "as the caller writes it";
  EXPECT_GE(reading.claims[reading.tier].value.data(), copy.data()) << "in the copy";
  EXPECT_LT(reading.claims[reading.tier].value.data(), copy.data() + copy.size());
  EXPECT_EQ(reading.claims[reading.other].kind, Kind::kNull);
  std::size_t there = 0;
  reading.claims.for_each([&](NameId, const Claim&) { ++there; });
  EXPECT_EQ(there, 3u) << "nothing of the other request";
}

TEST(KeptClaims, ForgetWhatTheyKept) {
  Reading reading;
  KeptClaims kept;
  const claims_test::Body body(R"({"email":"a"})");
  ASSERT_EQ(read(body.view(), reading.names, {}, reading.arena, reading.claims).error, ReadError::kNone);
  kept.keep(reading.claims, body.view(), body.view());
  kept.clear();
  kept.restore(reading.claims);
  EXPECT_EQ(reading.claims[kEmail].kind, Kind::kAbsent);
}

}  // namespace
}  // namespace core::claims
