// What reading an answer asks of the heap. This file replaces operator new for the whole test program.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/core/mapping/bench.h"
#include "tests/replaced_new.h"

namespace {
thread_local std::size_t allocations = 0;
}

void* tests::take(std::size_t size) noexcept {
  ++allocations;
  return take_from_malloc(size);
}

namespace core::mapping {
namespace {

const std::vector<http::Header> kJson = {{"Content-Type", "application/json"}};

struct Read {
  test::Mapped backend;
  ReplyRoom room;
  Answer answer;
  Kept kept;

  explicit Read(std::string_view yaml) : backend(yaml) { EXPECT_TRUE(backend.good()) << backend.errors(); }
  /// The allocations that it takes.
  std::size_t read(int status, std::string_view body) {
    const std::size_t before = allocations;
    backend.mapping().read({status, kJson, body}, kept, 0, room, answer);
    return allocations - before;
  }
};

constexpr std::string_view kRows =
    "response:\n"
    "  - { when: { status: 200 }, continue: { extension_loyaltyTier: \"{/customer/tier}\", city: \"{/city}\" } }\n"
    "  - { when: { status: 409 }, block: not_open }\n"
    "  - { when: { status: 422 }, validation_error: { text: \"{/why}\", message: later } }\n";
constexpr std::string_view kLong = R"({"customer":{"tier":"one that is longer than a string keeps in itself"},"city":"Lund"})";
constexpr std::string_view kShort = R"({"customer":{"tier":"gold"}})";

TEST(ReadAnswer, TakesNothingFromTheHeapWhenThereWasOneLikeItBefore) {
  Read rows{kRows};
  EXPECT_GT(rows.read(200, kLong), 0u);
  EXPECT_EQ(rows.read(200, kLong), 0u);
  EXPECT_EQ(test::told(rows.answer), "continue extension_loyaltyTier=one that is longer than a string keeps in itself city=Lund");
  EXPECT_EQ(rows.read(200, kShort), 0u);

  Read contract{"speaks: connector\n"};
  constexpr std::string_view kContinue =
      R"({"version":"1.0.0","action":"Continue","extension_loyaltyTier":"one that is longer than a string keeps"})";
  contract.read(200, kContinue);
  EXPECT_EQ(contract.read(200, kContinue), 0u);
}

TEST(ReadAnswer, LeavesNothingOfTheOneBefore) {
  Read rows{kRows};
  rows.read(200, kLong);
  rows.read(200, kShort);
  EXPECT_EQ(test::told(rows.answer), "continue extension_loyaltyTier=gold");
  rows.read(409, "{}");
  EXPECT_EQ(test::told(rows.answer), "block message=not_open");
  EXPECT_EQ(rows.answer.row, 1u);
  rows.read(422, R"({"why":"Not this one."})");
  EXPECT_EQ(rows.answer.decision.kind, rules::VerdictKind::kValidationError);
  EXPECT_EQ(rows.answer.decision.text, "Not this one.");
  EXPECT_EQ(rows.answer.decision.message, "");
  EXPECT_TRUE(rows.answer.decision.claims.empty());
  rows.read(500, "{}");
  EXPECT_EQ(test::told(rows.answer), "unresolved no_row");
  EXPECT_EQ(rows.answer.row, Answer::kNoRow);
  rows.read(200, kShort);
  EXPECT_EQ(test::told(rows.answer), "continue extension_loyaltyTier=gold");
}

TEST(ReadAnswer, KeepsNoMoreThanALittleOfALargeOne) {
  Read rows{kRows};
  rows.read(200, R"({"city":")" + std::string(100'000, 'x') + R"("})");
  EXPECT_GT(rows.answer.decision.bytes(), 100'000u);
  rows.read(200, kShort);
  EXPECT_LT(rows.answer.decision.bytes(), Answer::kKeptBytes);
}

}  // namespace
}  // namespace core::mapping
