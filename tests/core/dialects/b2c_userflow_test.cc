#include "core/dialects/b2c_userflow.h"

#include <gtest/gtest.h>

namespace core::dialects::b2c_userflow {
namespace {

Step step_named(std::string_view text) {
  claims::NameTable names;
  claims::Claims claims(names.size());
  claims[claims::kStep] = {claims::Kind::kString, "step", text};
  return step_of(claims);
}

// protocol.md a.2
TEST(Step, IsMatchedExactlyThenWithoutCase) {
  EXPECT_EQ(step_named("PostFederationSignup"), Step::kPostFederationSignup);
  EXPECT_EQ(step_named("PostAttributeCollection"), Step::kPostAttributeCollection);
  EXPECT_EQ(step_named("PreTokenIssuance"), Step::kPreTokenIssuance);
  EXPECT_EQ(step_named("PreTokenApplicationClaims"), Step::kPreTokenIssuance);
  EXPECT_EQ(step_named("postfederationSIGNUP"), Step::kPostFederationSignup);
  EXPECT_EQ(step_named("PostFederationSignup "), Step::kUnknown);
  EXPECT_EQ(step_named(""), Step::kUnknown);
  claims::NameTable names;
  claims::Claims claims(names.size());
  EXPECT_EQ(step_of(claims), Step::kUnknown) << "no step at all";
  claims[claims::kStep] = {claims::Kind::kNumber, "step", "1"};
  EXPECT_EQ(step_of(claims), Step::kUnknown);
}

TEST(ValueMax, FollowsTheTableOfTheDirectory) {
  EXPECT_EQ(value_max(claims::kGivenName, "givenName"), 64u);
  EXPECT_EQ(value_max(claims::kStreetAddress, "streetAddress"), 1024u);
  EXPECT_EQ(value_max(claims::kPostalCode, "postalCode"), 40u);
  EXPECT_EQ(value_max(claims::kDisplayName, "displayName"), 256u);
  EXPECT_EQ(value_max(99, "extension_x"), 250u);
}

TEST(WriteMessage, SaysNothingWhenTheBufferIsFull) {
  http::OutBuffer out(16);
  EXPECT_FALSE(write_message(out, rules::VerdictKind::kBlock, {"x"}));
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace core::dialects::b2c_userflow
