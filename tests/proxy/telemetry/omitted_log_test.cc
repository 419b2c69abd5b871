#include "proxy/telemetry/omitted_log.h"

#include <gtest/gtest.h>

#include <string>

namespace proxy::telemetry {
namespace {

constexpr const char* kWhy =
    ": the caller would refuse or ignore what is too long, of another type, or no attribute of the request;"
    " claimgate explain shows what is told";

TEST(OmittedLog, SpeaksWhenItHappensFirstAndThenOnceInTenMinutesWithHowOften) {
  OmittedLog log;
  log.begin(2);
  EXPECT_EQ(log.line(0, "a", 1, 5), std::string("connector \"a\": 1 claim was left out of an answer") + kWhy);
  EXPECT_EQ(log.line(0, "a", 2, 6), "");
  EXPECT_EQ(log.line(0, "a", 3, 5 + OmittedLog::kAgainMs - 1), "");
  // Another connector has its own time.
  EXPECT_EQ(log.line(1, "b", 2, 7), std::string("connector \"b\": 2 claims were left out of an answer") + kWhy);
  EXPECT_EQ(log.line(0, "a", 1, 5 + OmittedLog::kAgainMs),
            std::string("connector \"a\": 6 claims were left out of 3 answers") + kWhy);
  EXPECT_EQ(log.line(0, "a", 1, 6 + OmittedLog::kAgainMs), "");
}

TEST(OmittedLog, IsSilentAboutNothingAndAboutConnectorsThatAreGone) {
  OmittedLog log;
  EXPECT_EQ(log.line(0, "a", 1, 5), "");
  log.begin(1);
  EXPECT_EQ(log.line(0, "a", 0, 5), "");
  EXPECT_EQ(log.line(1, "b", 1, 5), "");
  EXPECT_NE(log.line(0, "a", 1, 5), "");
  log.begin(1);
  EXPECT_NE(log.line(0, "a", 1, 6), "") << "a new configuration begins anew";
}

}  // namespace
}  // namespace proxy::telemetry
