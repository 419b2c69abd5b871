#include "core/events/render.h"

#include <gtest/gtest.h>

namespace core::events {
namespace {

TEST(RenderApproval, NamesTheApprovalItsIdAndTheChangeAndNobody) {
  Plan plan;
  plan.name = "review_wanted";
  plan.type = "com.example.review.wanted";
  CloudEvent event;
  event.subject = "of the event before";
  render_approval(plan, "guests", "0f3a", "account_created", event);
  EXPECT_EQ(event.name, "review_wanted");
  EXPECT_EQ(event.type, "com.example.review.wanted");
  EXPECT_EQ(event.source, "/claimgate/approvals/guests");
  EXPECT_EQ(event.subject, "");
  EXPECT_EQ(event.partition_key, "0f3a");
  EXPECT_EQ(event.data, R"({"approval":"guests","id":"0f3a","change":"account_created"})");
  plan.source = "https://id.example.com/guests";
  render_approval(plan, "guests", "0f3a", "denied", event);
  EXPECT_EQ(event.source, "https://id.example.com/guests");
}

}  // namespace
}  // namespace core::events
