#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>

#include "tests/core/claims/body.h"
#include "tests/replaced_new.h"

namespace {

// What the reading thread took from the heap.
thread_local std::size_t allocations = 0;

}  // namespace

void* tests::take(std::size_t size) noexcept {
  ++allocations;
  return take_from_malloc(size);
}

namespace {

using namespace core::claims;
using claims_test::Body;
using claims_test::kSignUp;
using claims_test::Worker;

std::string nested(std::size_t levels, const char* open, const char* close, const char* inner) {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) text += open;
  text += inner;
  for (std::size_t i = 0; i < levels; ++i) text += close;
  return text;
}

/// `count` members `prefix<number>suffix`, all different.
std::string members(std::size_t count, const std::string& prefix = "",
                    const std::string& suffix = "") {
  std::string text = "{";
  for (std::size_t i = 0; i < count; ++i) {
    text += (i == 0 ? "\"" : ",\"") + prefix + std::to_string(100000 + i) + suffix + "\":1";
  }
  return text + "}";
}

TEST(ReadLimits, CountTheBodyAsLevelOne) {
  for (const std::size_t depth_max : {1U, 2U, 3U, 32U, 63U, 64U, 65U, 512U, 1024U}) {
    Worker worker;
    worker.limits.depth_max = depth_max;
    for (const char* name : {"city", "unknown"}) {
      const std::string head = std::string("{\"") + name + "\":";
      for (const auto& [open, close] : {std::pair{"[", "]"}, std::pair{"{\"a\":", "}"}}) {
        const std::string inner = "1";
        EXPECT_EQ(worker.read(head + nested(depth_max - 1, open, close, "1") + "}"),
                  (ReadOutcome{}));
        EXPECT_EQ(worker.read(head + nested(depth_max, open, close, "1") + "}"),
                  (ReadOutcome{ReadError::kDepth,
                               head.size() + (depth_max - 1) * std::string(open).size()}));
      }
    }
    EXPECT_EQ(worker.read(nested(depth_max, "[", "]", "")).error, ReadError::kNotAnObject);
    EXPECT_EQ(worker.read(nested(depth_max + 1, "[", "]", "")),
              (ReadOutcome{ReadError::kDepth, depth_max}));
  }
}

TEST(ReadLimits, AllowNoBodyAtDepthZero) {
  Worker worker;
  worker.limits.depth_max = 0;
  EXPECT_EQ(worker.read(" {}"), (ReadOutcome{ReadError::kDepth, 1}));
  EXPECT_EQ(worker.read("[]"), (ReadOutcome{ReadError::kDepth, 0}));
}

TEST(ReadLimits, BoundTheDepthThatIsConfigured) {
  Worker worker;
  worker.limits.depth_max = 1'000'000;
  EXPECT_EQ(worker.read("{\"a\":" + nested(1023, "[", "]", "") + "}"), (ReadOutcome{}));
  EXPECT_EQ(worker.read("{\"a\":" + nested(200'000, "[", "]", "") + "}"),
            (ReadOutcome{ReadError::kDepth, 5 + 1023}));
}

TEST(ReadLimits, KeepObjectsAndArraysApartAtEveryDepth) {
  Worker worker;
  worker.limits.depth_max = 300;
  std::string opened;
  std::string closed;
  for (std::size_t level = 0; level < 250; ++level) {
    const bool object = level % 3 == 0 || level % 7 == 0;
    opened += object ? "{\"k\":" : "[";
    closed.insert(0, object ? "}" : "]");
    const std::string good = "{\"a\":" + opened + "0" + closed + ",\"city\":\"x\"}";
    ASSERT_EQ(worker.read(good), (ReadOutcome{})) << level;
    ASSERT_EQ(worker[kCity].value, "x");
    std::string bad = closed;
    bad[0] = bad[0] == '}' ? ']' : '}';
    ASSERT_EQ(worker.read("{\"a\":" + opened + "0" + bad + "}"),
              (ReadOutcome{ReadError::kSyntax, 5 + opened.size() + 1}));
  }
}

TEST(ReadLimits, CountMembersOfTheBodyOnly) {
  Worker worker;
  worker.limits.members_max = 3;
  EXPECT_EQ(worker.read(R"({"a":{"1":1,"2":2,"3":3,"4":4},"email":2,"c":3})"), (ReadOutcome{}));
  EXPECT_EQ(worker.read(R"({"a":1,"email":2,"c":3,"d":4})"),
            (ReadOutcome{ReadError::kMembers, 23}));
  worker.limits.members_max = 0;
  EXPECT_EQ(worker.read("{}"), (ReadOutcome{}));
  EXPECT_EQ(worker.read(R"({"a":1})"), (ReadOutcome{ReadError::kMembers, 1}));
}

TEST(ReadLimits, RefuseOneMemberMoreThanTheDefault) {
  Worker worker;
  EXPECT_EQ(worker.read(members(16384)), (ReadOutcome{}));
  const std::string one_more = members(16385);
  EXPECT_EQ(worker.read(one_more), (ReadOutcome{ReadError::kMembers, one_more.rfind("\"116384")}));
}

TEST(Duplicates, AreFoundAmongAnyNumberOfNames) {
  Worker worker;
  // With a prefix and suffix of eight bytes all names look alike to the quick comparison.
  for (const auto& [prefix, suffix] : {std::pair{std::string(), std::string()},
                                       std::pair{std::string(8, 'p'), std::string(8, 's')}}) {
    for (const std::size_t count :
         {1U, 2U, 7U, 63U, 64U, 65U, 66U, 255U, 256U, 257U, 5000U, 16383U}) {
      const std::string body = members(count, prefix, suffix);
      ASSERT_EQ(worker.read(body), (ReadOutcome{})) << count;
      for (const std::size_t again : {std::size_t{0}, count / 2, count - 1}) {
        const std::string name = prefix + std::to_string(100000 + again) + suffix;
        const std::string twice = body.substr(0, body.size() - 1) + ",\"" + name + "\":1}";
        ASSERT_EQ(worker.read(twice), (ReadOutcome{ReadError::kDuplicate, body.size()}))
            << count << " and again " << again;
      }
    }
  }
}

TEST(Duplicates, AreFoundWithAnySeed) {
  Worker worker;
  const std::string body = members(300);
  const std::string twice = body.substr(0, body.size() - 1) + ",\"100007\":1}";
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    worker.limits.seed = seed;
    EXPECT_EQ(worker.read(body), (ReadOutcome{}));
    EXPECT_EQ(worker.read(twice), (ReadOutcome{ReadError::kDuplicate, body.size()}));
  }
}

TEST(Duplicates, AreComparedUnescapedAmongManyNames) {
  Worker worker;
  const std::string body = members(100);
  const std::string head = body.substr(0, body.size() - 1);
  EXPECT_EQ(worker.read(head + R"(,"10\u003000\u0037":1})"),
            (ReadOutcome{ReadError::kDuplicate, body.size()}));
  EXPECT_EQ(worker.read(head + R"(,"10\u003000\u0037\u0000":1})"), (ReadOutcome{}));
}

TEST(Duplicates, FoldTheSpellingsOfAKnownExtensionOnly) {
  Worker worker({"extension_tier"});
  const std::string app = "extension_9c2f41d07be84a6c8f35d1e2a07b64c3_";
  EXPECT_EQ(worker.read("{\"extension_tier\":1,\"" + app + "TIER\":2}"),
            (ReadOutcome{ReadError::kDuplicate, 20}));
  EXPECT_EQ(worker.read("{\"" + app + "Tier\":1,\"" + app + "tier\":2}").error,
            ReadError::kDuplicate);
  EXPECT_EQ(worker.read(R"({"extension_other":1,"extension_Other":2})"), (ReadOutcome{}));
  EXPECT_EQ(worker.read(R"({"tier":1,"extension_tier":2})"), (ReadOutcome{}));
}

TEST(Duplicates, InNestedObjectsAreLeftToTheirReader) {
  Worker worker;
  EXPECT_EQ(worker.read(R"({"identities":[{"issuer":"a","issuer":"b"}]})"), (ReadOutcome{}));
}

TEST(ReadAllocations, AreNoneUpTo64UnknownMembers) {
  Worker worker({"extension_loyaltyTier"});
  const std::string plain = members(64, "unknown");
  const std::string wide =
      plain.substr(0, plain.size() - 1) + R"(,"email":"\u0061","city":{"a":[1]}})";
  const Body bodies[] = {Body(kSignUp), Body(plain), Body(wide), Body("{"), Body("[1]")};
  const std::size_t before = allocations;
  for (int turn = 0; turn < 3; ++turn) {
    for (const Body& body : bodies) worker.read(body);
  }
  EXPECT_EQ(allocations, before);
}

TEST(ReadAllocations, GrowWithTheMembersBeyond) {
  Worker worker;
  const Body body(members(1000));
  const std::size_t before = allocations;
  ASSERT_EQ(worker.read(body), (ReadOutcome{}));
  EXPECT_GT(allocations, before);
  EXPECT_LT(allocations, before + 10);
}

}  // namespace
