#include "proxy/net/memory_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proxy::net {
namespace {

using testing::HasSubstr;

constexpr std::size_t kMiB = 1 << 20;

MemoryNeeds usual() {
  MemoryNeeds needs;
  needs.workers = 2;
  needs.connections = 16384;
  needs.program_bytes = 20 * kMiB;
  needs.reload_bytes = 5 * kMiB;
  needs.decision_bytes = 64 * kMiB;
  return needs;
}

TEST(MemoryPlan, AddsUpWhatTheOtherLimitsAllow) {
  const MemoryPlan plan = plan_memory(usual());
  EXPECT_EQ(plan.worker.connections, 16384 * Memory::kConnectionBytes);
  EXPECT_EQ(plan.worker.messages, 128u * ((16 << 10) + (256 << 10)));
  EXPECT_EQ(plan.worker.waiting, 0u) << "nobody asks";
  EXPECT_EQ(plan.worker.backends, 0u);
  const std::size_t buffers = 2 * (3 * kMiB + 4 * (512 << 10));
  EXPECT_EQ(plan.bytes, (20 + 5 + 16 + 64) * kMiB + buffers + 2 * plan.worker.sum() / 4 * 5);
  EXPECT_TRUE(plan.fits());
  EXPECT_LT(plan.least, plan.bytes);
}

TEST(MemoryPlan, CountsSessionsHandshakesAndRequestsThatWaitWhereThereAreAny) {
  MemoryNeeds needs = usual();
  needs.tls = needs.asks = true;
  needs.in_flight = 2 * 256;
  needs.response_bytes = 1 * kMiB;
  needs.answer_bytes = needs.response_bytes + (32 << 10);
  const MemoryPlan plan = plan_memory(needs);
  EXPECT_EQ(plan.worker.connections, 16384 * (Memory::kConnectionBytes + Memory::kSessionBytes) +
                                         1024 * (Memory::kHandshakeBytes - Memory::kSessionBytes));
  EXPECT_EQ(plan.worker.waiting, 4096u * (4 << 10));
  EXPECT_EQ(plan.worker.backends, 512u * (8 << 10) + 16 * (kMiB + (32 << 10)));
  EXPECT_EQ(plan.lines.size(), 8u);
  EXPECT_THAT(plan.lines[2], HasSubstr("(3.0 MiB + 4 x (256 KiB body_bytes + 256 KiB) + 1.0 MiB + 16 x 1.0 MiB response_bytes)"));
  EXPECT_THAT(plan.lines[6], HasSubstr("2 workers x (512 in_flight x 8 KiB + 16 x 1.1 MiB header_bytes and response_bytes)"));
  EXPECT_THAT(plan.lines[3], HasSubstr("2 workers x (16384 connections x 16 KiB + 1024 tls_handshakes x 33 KiB)"));
}

TEST(MemoryPlan, CountsWhatVerifiesTokensWhereTheyAreShown) {
  MemoryNeeds needs = usual();
  const MemoryPlan without = plan_memory(needs);
  needs.token_bytes = 164 << 10;
  const MemoryPlan plan = plan_memory(needs);
  EXPECT_EQ(plan.bytes, without.bytes + 2 * (164 << 10)) << "each worker's, and nothing is lost between blocks";
  EXPECT_EQ(plan.lines.size(), without.lines.size() + 1);
  EXPECT_THAT(plan.lines[3], HasSubstr("2 workers x (1024 tokens_remembered, and what reads 8 KiB token_bytes)"));
}

TEST(MemoryPlan, CountsWhatIsOnItsWayToTheState) {
  MemoryNeeds needs = usual();
  const MemoryPlan without = plan_memory(needs);
  needs.question_bytes = 32 * kMiB;
  needs.link_bytes = 50 * kMiB;
  const MemoryPlan plan = plan_memory(needs);
  EXPECT_EQ(plan.bytes, without.bytes + 82 * kMiB) << "once, not for each worker";
  EXPECT_EQ(plan.least, without.least + 82 * kMiB);
  EXPECT_EQ(plan.lines.size(), without.lines.size() + 2);
  EXPECT_THAT(plan.lines[2], HasSubstr("32.0 MiB state: what approvals are asked"));
  EXPECT_THAT(plan.lines[3], HasSubstr("50.0 MiB state: commands on their way to Redis"));
}

TEST(MemoryPlan, DividesWhatIsWrittenInTheSameProportions) {
  const MemoryPlan all = plan_memory(usual());
  MemoryNeeds needs = usual();
  const std::size_t moving = 2 * all.worker.sum() / 4 * 5;
  needs.limits.memory = static_cast<std::int64_t>(all.bytes - moving / 2);
  const MemoryPlan half = plan_memory(needs);
  EXPECT_TRUE(half.fits());
  EXPECT_NEAR(static_cast<double>(half.worker.messages), static_cast<double>(all.worker.messages) / 2, 1024);
  EXPECT_NEAR(static_cast<double>(half.worker.connections),
              static_cast<double>(all.worker.connections) / 2, 1024);
  EXPECT_EQ(half.bytes, all.bytes - moving / 2);
  EXPECT_THAT(half.lines.back(), HasSubstr("50 %"));
}

TEST(MemoryPlan, SaysTheLeastThatIsEnough) {
  MemoryNeeds needs = usual();
  needs.limits.memory = 16 * kMiB;
  const MemoryPlan little = plan_memory(needs);
  EXPECT_FALSE(little.fits());
  needs.limits.memory = static_cast<std::int64_t>(little.least + 1);
  const MemoryPlan least = plan_memory(needs);
  EXPECT_TRUE(least.fits());
  EXPECT_GE(least.worker.messages, 4u * ((16 << 10) + (256 << 10)) - 1024);
  EXPECT_GE(least.worker.connections, 64 * Memory::kConnectionBytes);
}

TEST(Memory, KeepsThePurposesApart) {
  Memory memory({.connections = 100, .messages = 200, .waiting = 300});
  EXPECT_TRUE(memory.fits(Memory::For::kConnections, 100));
  EXPECT_FALSE(memory.fits(Memory::For::kConnections, 101));
  {
    Held held(memory, Memory::For::kMessages);
    held.set(150);
    EXPECT_FALSE(memory.fits(Memory::For::kMessages, 51));
    EXPECT_TRUE(memory.fits(Memory::For::kMessages, 50));
    EXPECT_TRUE(memory.fits(Memory::For::kWaiting, 300));
    held.set(40);
    EXPECT_EQ(memory.held(Memory::For::kMessages), 40u);
  }
  EXPECT_EQ(memory.held(Memory::For::kMessages), 0u);
}

TEST(Memory, HasRoomForAnythingWithoutABound) {
  Memory memory(Memory::Bounds{});
  EXPECT_TRUE(memory.fits(Memory::For::kMessages, std::size_t{1} << 60U));
}

}  // namespace
}  // namespace proxy::net
