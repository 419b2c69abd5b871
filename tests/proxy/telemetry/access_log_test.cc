#include "proxy/telemetry/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/core/gate/house.h"

namespace proxy::telemetry {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream all;
  all << file.rdbuf();
  return all.str();
}

TEST(AccessRing, KeepsOrderAndCountsWhatItCannotHold) {
  auto ring = std::make_unique<AccessRing>();
  AccessRecord record;
  for (std::size_t i = 0; i < AccessRing::kRecords + 5; ++i) {
    record.bytes_in = static_cast<std::uint32_t>(i);
    EXPECT_EQ(ring->push(record), i < AccessRing::kRecords);
  }
  EXPECT_EQ(ring->dropped(), 5u);
  std::uint32_t next = 0;
  EXPECT_EQ(ring->drain([&](const AccessRecord& taken) { EXPECT_EQ(taken.bytes_in, next++); }),
            AccessRing::kRecords);
  EXPECT_TRUE(ring->push(record));
}

TEST(AccessLog, WritesOneJsonLineARequestWithNamesOfItsGeneration) {
  const std::string path = testing::TempDir() + "access_log_test.log";
  std::remove(path.c_str());
  core::gate::House old(core::gate::with_rules("      - { name: \"old \\\"rule\\\"\", block: plain }\n"));
  core::gate::House fresh(core::gate::with_rules("      - { name: fresh, block: plain }\n"));
  ASSERT_NE(old.snapshot, nullptr) << old.diagnostics.render();
  {
    auto log = AccessLog::open(path, 2);
    ASSERT_TRUE(log.ok());
    log.value()->introduce(1, *old.snapshot);
    log.value()->introduce(2, *fresh.snapshot);
    AccessRecord record;
    record.time_us = 1'700'000'000'000'042;
    record.duration_us = 7;
    record.bytes_in = 1010;
    record.bytes_out = 200;
    record.generation = 1;
    record.rule = 0;
    record.connector = 0;
    record.status = 200;
    record.step = static_cast<std::uint8_t>(core::dialects::Step::kPostAttributeCollection);
    record.outcome = static_cast<std::uint8_t>(core::gate::Outcome::kBlock);
    log.value()->ring(0).push(record);
    record.generation = 2;
    log.value()->ring(1).push(record);
    record.connector = AccessRecord::kNoConnector;
    record.outcome = static_cast<std::uint8_t>(core::gate::Outcome::kNotFound);
    record.status = 404;
    log.value()->ring(1).push(record);
  }
  EXPECT_EQ(contents(path),
            R"({"time":"2023-11-14T22:13:20.000042Z","worker":0,"remote":"unix","connector":"signup","step":"PostAttributeCollection","rule":"old \"rule\"","verdict":"block","status":200,"duration_us":7,"bytes_in":1010,"bytes_out":200})" "\n"
            R"({"time":"2023-11-14T22:13:20.000042Z","worker":1,"remote":"unix","connector":"signup","step":"PostAttributeCollection","rule":"fresh","verdict":"block","status":200,"duration_us":7,"bytes_in":1010,"bytes_out":200})" "\n"
            R"({"time":"2023-11-14T22:13:20.000042Z","worker":1,"remote":"unix","verdict":"not_found","status":404,"duration_us":7,"bytes_in":1010,"bytes_out":200})" "\n");
}

TEST(AccessLog, SaysWhyAFileCannotBeOpened) {
  const auto log = AccessLog::open("/nonexistent/access.log", 1);
  ASSERT_FALSE(log.ok());
  EXPECT_THAT(log.error().why, testing::HasSubstr("No such file"));
}

}  // namespace
}  // namespace proxy::telemetry
