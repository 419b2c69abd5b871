#include "core/decisions/encoded.h"

#include <gtest/gtest.h>

namespace core::decisions {
namespace {

TEST(Encoded, KeepsAContinueWithItsClaims) {
  Decision decision;
  decision.claims = {{"extension_tier", claims::Kind::kString, "gold\n\"1\""},
                     {"extension_points", claims::Kind::kNumber, "42"},
                     {"extension_member", claims::Kind::kBoolean, "true"},
                     {"city", claims::Kind::kString, ""}};
  const Decision back = DecisionView(encode(decision)).decode();
  EXPECT_EQ(back.kind, rules::VerdictKind::kContinue);
  ASSERT_EQ(back.claims.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(back.claims[i].name, decision.claims[i].name);
    EXPECT_EQ(back.claims[i].kind, decision.claims[i].kind);
    EXPECT_EQ(back.claims[i].value, decision.claims[i].value);
  }
  EXPECT_TRUE(back.message.empty());
  EXPECT_TRUE(back.text.empty());
}

TEST(Encoded, KeepsWhatIsToldToThePerson) {
  Decision named;
  named.kind = rules::VerdictKind::kBlock;
  named.message = "not_open";
  const std::string by_name = encode(named);
  EXPECT_EQ(DecisionView(by_name).kind(), rules::VerdictKind::kBlock);
  EXPECT_EQ(DecisionView(by_name).message(), "not_open");
  EXPECT_EQ(DecisionView(by_name).text(), "");
  Decision worded;
  worded.kind = rules::VerdictKind::kValidationError;
  worded.text = "Ogiltigt v\xc3\xa4rde";
  const std::string in_words = encode(worded);
  EXPECT_EQ(DecisionView(in_words).kind(), rules::VerdictKind::kValidationError);
  EXPECT_EQ(DecisionView(in_words).message(), "");
  EXPECT_EQ(DecisionView(in_words).text(), worded.text);
  EXPECT_EQ(DecisionView(in_words).claim_count(), 0u);
}

TEST(Encoded, KeepsWhatAValidationErrorSaysOfClaimsAndNothingOfABlock) {
  Decision decision;
  decision.text = "Look again.";
  decision.claims = {{"city", claims::Kind::kString, "Not there."}};
  decision.kind = rules::VerdictKind::kValidationError;
  const Decision back = DecisionView(encode(decision)).decode();
  ASSERT_EQ(back.claims.size(), 1u);
  EXPECT_EQ(back.claims[0].name, "city");
  EXPECT_EQ(back.claims[0].value, "Not there.");
  EXPECT_EQ(back.text, decision.text);
  decision.kind = rules::VerdictKind::kBlock;
  EXPECT_EQ(DecisionView(encode(decision)).claim_count(), 0u);
}

TEST(Encoded, StopsWhenToldTo) {
  Decision decision;
  decision.claims = {{"a", claims::Kind::kString, "1"}, {"b", claims::Kind::kString, "2"}};
  const std::string bytes = encode(decision);
  int seen = 0;
  DecisionView(bytes).for_each_claim([&](const DecisionView::Claim&) { return ++seen < 1; });
  EXPECT_EQ(seen, 1);
}

TEST(Encoded, IsWholeOnlyAsItWasMade) {
  Decision decision;
  decision.kind = rules::VerdictKind::kValidationError;
  decision.text = "Look again.";
  decision.claims = {{"city", claims::Kind::kString, "Not there."}, {"b", claims::Kind::kNumber, "1"}};
  const std::string bytes = encode(decision);
  EXPECT_TRUE(is_whole(bytes));
  EXPECT_TRUE(is_whole(encode(Decision())));
  EXPECT_FALSE(is_whole(bytes + "x"));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut(bytes, 0, size);
    EXPECT_FALSE(is_whole(cut)) << size;
  }
  std::string counted = bytes;
  counted[2] = '\x7f';  // claims
  EXPECT_FALSE(is_whole(counted));
  std::string sized = bytes;
  sized[6] = '\x7f';  // of what is said
  EXPECT_FALSE(is_whole(sized));
  for (const std::size_t kind : {0u, 1u, 21u}) {  // of the verdict, of what is said, of the first claim
    std::string unknown = bytes;
    unknown[kind] = '\x09';
    EXPECT_FALSE(is_whole(unknown)) << kind;
  }
}

}  // namespace
}  // namespace core::decisions
