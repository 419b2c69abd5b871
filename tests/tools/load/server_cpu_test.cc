#include "tools/load/server_cpu.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace load {
namespace {

TEST(ParseStat, FindsTheTimesBehindAnyName) {
  constexpr std::string_view kRest = " S 1 2 3 4 5 6 7 8 9 10 1234 567 11 12";
  for (const std::string_view name : {"1 (nginx)", "1 (a b)", "1 (x) S 1 2)", "1 ()"}) {
    SCOPED_TRACE(name);
    const auto parsed = parse_stat(std::string(name) + std::string(kRest), 100);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->user_us, 12'340'000U);
    EXPECT_EQ(parsed->system_us, 5'670'000U);
  }
}

TEST(ParseStat, RefusesEveryPrefixThatLacksTheTimes) {
  const std::string whole = "1 (x) S 1 2 3 4 5 6 7 8 9 10 7 8";
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    EXPECT_FALSE(parse_stat(std::string_view(whole).substr(0, size), 100).has_value()) << size;
  }
  EXPECT_FALSE(parse_stat(whole, 0).has_value());
}

TEST(ParseSchedstat, TakesTheFirstNumber) {
  EXPECT_EQ(parse_schedstat("123456789 42 7\n"), 123'456'789U);
  EXPECT_FALSE(parse_schedstat("").has_value());
  EXPECT_FALSE(parse_schedstat("x").has_value());
}

TEST(ServerCpu, ReadsThisProcessAndNoDeadOne) {
  const auto read = ServerCpu({getpid()}).read();
  ASSERT_TRUE(read.has_value());
  EXPECT_FALSE(ServerCpu({4'194'305}).read().has_value());  // above PID_MAX_LIMIT
  EXPECT_FALSE(ServerCpu({}).watching());
}

TEST(CpuBetween, PrefersTheSchedulersCountAndNeverGoesBelowZero) {
  const CpuUsed exact = cpu_between({100, 200, 5'000}, {300, 500, 905'000});
  EXPECT_EQ(exact.user_us, 200);
  EXPECT_EQ(exact.system_us, 300);
  EXPECT_EQ(exact.total_us, 900);
  EXPECT_EQ(cpu_between({100, 200, 0}, {300, 500, 0}).total_us, 500);
  EXPECT_EQ(cpu_between({300, 500, 9}, {100, 200, 5}).total_us, 0);
}

}  // namespace
}  // namespace load
