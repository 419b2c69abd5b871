#include "proxy/events/approval_events.h"

#include <gtest/gtest.h>

#include "proxy/events/courier.h"

namespace proxy::events {
namespace {

core::gate::Snapshot snapshot_with(std::initializer_list<std::pair<std::size_t, std::uint32_t>> on) {
  core::gate::Snapshot snapshot;
  core::events::Plan wanted, decided;
  wanted.name = wanted.type = "wanted";
  wanted.sinks = {"crm", "bus"};
  decided.name = decided.type = "decided";
  decided.sinks = {"crm"};
  snapshot.events = {wanted, decided};
  snapshot.approvals = {"guests"};
  snapshot.approval_events.emplace_back();
  for (const auto& [change, event] : on) snapshot.approval_events[0][change].push_back(event);
  return snapshot;
}

std::vector<state::Append> announced(ApprovalEvents& events, std::string_view name, std::string_view what) {
  state::Batch batch;
  events.announce({name, "0f3a", what, 1'764'000'000}, batch);
  return batch.appends;
}

core::events::CloudEvent only_event(const state::Append& append) {
  std::string_view value = append.value;
  auto event = core::events::read_stored(value);
  EXPECT_TRUE(event && value.empty());
  return event.value_or(core::events::CloudEvent());
}

TEST(ApprovalEvents, StandInTheBatchForEachSinkWithOneId) {
  ApprovalEvents events;
  events.use(snapshot_with({{0, 0}}));
  const auto appends = announced(events, "guests", "requested");
  ASSERT_EQ(appends.size(), 2U);
  EXPECT_EQ(appends[0].stream, waiting_stream("crm"));
  EXPECT_EQ(appends[1].stream, waiting_stream("bus"));
  EXPECT_EQ(appends[0].key, kUncounted);
  const auto event = only_event(appends[0]);
  EXPECT_EQ(event.id, only_event(appends[1]).id);
  EXPECT_EQ(event.type, "wanted");
  EXPECT_EQ(event.time, "2025-11-24T16:00:00.000Z");
  EXPECT_NE(event.id, only_event(announced(events, "guests", "requested")[0]).id);
}

TEST(ApprovalEvents, FollowTheConfigurationThatIsInForce) {
  ApprovalEvents events;
  EXPECT_TRUE(announced(events, "guests", "approved").empty()) << "before there is one";
  events.use(snapshot_with({{1, 1}, {4, 1}}));
  EXPECT_EQ(announced(events, "guests", "approved").size(), 1U);
  EXPECT_EQ(announced(events, "guests", "account created").size(), 1U) << "as a trail has it";
  EXPECT_TRUE(announced(events, "guests", "denied").empty());
  EXPECT_TRUE(announced(events, "guests", "something new").empty());
  EXPECT_TRUE(announced(events, "others", "approved").empty());
  events.use(snapshot_with({}));
  EXPECT_TRUE(announced(events, "guests", "approved").empty());
  events.committed();  // without an outbox there is nobody to tell
}

}  // namespace
}  // namespace proxy::events
