#include "tools/load/run.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>

#include "tests/tools/load/scripted_server.h"

// Whole runs against a scripted server. What is asserted are counts that follow from the script;
// time-outs are long where an answer is expected and only as short as they may be where none comes.
namespace load {
namespace {

using Reply = ScriptedServer::Reply;

class RunTest : public ::testing::Test {
 protected:
  RunTest() {
    traffic_.mix.block = 0;
    traffic_.mix.validation_error = 0;
    traffic_.head.path = "/signup";
    traffic_.head.host = "127.0.0.1";
    options_.plan.connections = 1;
    options_.plan.timeout_ns = 60 * kNsPerSecond;
    options_.plan.drain_ns = 120 * kNsPerSecond;
    options_.plan.duration_ns = 60 * kNsPerSecond;
    options_.plan.max_requests = 50;
  }

  /// A closed loop, unless there is a schedule.
  Report run_against(const ScriptedServer& server) {
    options_.plan.address = server.address();
    options_.plan.host = "127.0.0.1";
    options_.plan.traffic = &traffic_;
    RunOutcome outcome = run(options_, stop_);
    EXPECT_EQ(outcome.failure, "");
    const Tally& tally = outcome.report.measured.tally;
    EXPECT_EQ(tally.offered, tally.sent + tally.not_sent());
    EXPECT_EQ(tally.sent, tally.answered + tally.failed() + tally.abandoned);
    EXPECT_EQ(tally.answered, tally.right + tally.wrong_answers());
    EXPECT_EQ(tally.answered, outcome.report.measured.service.count());
    std::uint64_t answered = 0;
    for (const Interval& interval : outcome.report.intervals) answered += interval.counts.answered;
    EXPECT_EQ(answered, tally.answered);
    return std::move(outcome.report);
  }

  /// All requests are due in the first millisecond.
  void all_at_once(std::uint64_t count) {
    schedule_ = Schedule::constant(static_cast<double>(count) * 1000, kNsPerMs);
    options_.plan.schedule = &schedule_;
    options_.plan.max_requests = 0;
  }

  TrafficPlan traffic_;
  Schedule schedule_;
  RunOptions options_;
  std::atomic<bool> stop_{false};
};

TEST_F(RunTest, CountsRightAnswersInAClosedLoop) {
  ScriptedServer server([](std::string_view, std::size_t) { return Reply{continuing(), false}; });
  const Report report = run_against(server);
  EXPECT_EQ(report.measured.tally.right, 50U);
  EXPECT_EQ(report.measured.tally.sent, 50U);
  EXPECT_EQ(report.measured.transport.opened, 1U);
  EXPECT_EQ(report.error_share(), 0);
  EXPECT_TRUE(report.closed_loop);
}

TEST_F(RunTest, SharesTheRequestsBetweenThreadsAndSendsNoneTwice) {
  std::mutex mutex;
  std::map<std::string, int> seen;
  ScriptedServer server([&](std::string_view request, std::size_t) {
    const std::lock_guard lock(mutex);
    ++seen[std::string(request)];
    return Reply{continuing(), false};
  });
  options_.plan.threads = 3;
  options_.plan.connections = 7;
  options_.plan.pipeline = 4;
  options_.plan.max_requests = 100;
  const Report report = run_against(server);
  EXPECT_EQ(report.measured.tally.right, 100U);
  EXPECT_EQ(report.measured.transport.opened, 7U);
  EXPECT_EQ(seen.size(), 100U);
}

TEST_F(RunTest, SendsEveryArrivalOfAnOpenLoop) {
  ScriptedServer server([](std::string_view, std::size_t) { return Reply{continuing(), false}; });
  options_.plan.connections = 2;
  options_.plan.threads = 2;
  all_at_once(200);
  const Report report = run_against(server);
  EXPECT_EQ(report.measured.tally.offered, 200U);
  EXPECT_EQ(report.measured.tally.right, 200U);
  EXPECT_EQ(report.measured.response.count(), 200U);
  EXPECT_EQ(report.measured.lag.count(), 200U);
  // Latency counts from the intended time, which is never later than the sending.
  EXPECT_GE(report.measured.response.max_ns(), report.measured.service.max_ns());
  EXPECT_GE(report.measured.response.mean_ns(), report.measured.service.mean_ns());
}

TEST_F(RunTest, TellsWrongAnswersByWhatIsWrong) {
  ScriptedServer server([](std::string_view, std::size_t number) {
    switch (number % 5) {
      case 0:
        return Reply{response(500, R"({"action":"Continue"})"), false};
      case 1:
        return Reply{response(200, "not JSON"), false};
      case 2:
        return Reply{response(200, R"({"action":"ShowBlockPage"})"), false};
      default:
        return Reply{continuing(), false};
    }
  });
  const Report report = run_against(server);
  const Tally& tally = report.measured.tally;
  EXPECT_EQ(tally.right, 20U);
  EXPECT_EQ(tally.wrong[static_cast<std::size_t>(AnswerFault::kStatus)], 10U);
  EXPECT_EQ(tally.wrong[static_cast<std::size_t>(AnswerFault::kBody)], 10U);
  EXPECT_EQ(tally.wrong[static_cast<std::size_t>(AnswerFault::kAction)], 10U);
  EXPECT_EQ(tally.status_classes[5], 10U);
  EXPECT_DOUBLE_EQ(report.error_share(), 0.6);
  EXPECT_EQ(report.measured.examples.size(), 3U);  // one of each kind
}

TEST_F(RunTest, KnowsWhichVerdictItProvoked) {
  traffic_.mix = {.block = 0.3, .validation_error = 0.3, .malformed = 0.2};
  ScriptedServer server([](std::string_view request, std::size_t) {
    const bool wellformed = request.starts_with("POST") && request.ends_with("}") &&
                            request.find("\r\n\r\n{\"step\"") != std::string_view::npos &&
                            request.find("application/json") != std::string_view::npos &&
                            request.find("\xc3\x28") == std::string_view::npos;
    if (!wellformed) return Reply{response(400, "{}"), false};
    const std::size_t code = request.find("\"postalCode\":\"") + 14;
    if (request[code] > '9') {
      return Reply{response(400, R"({"status":400,"action":"ValidationError"})"), false};
    }
    std::string email(request.substr(request.find("@"), 30));
    for (char& c : email) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (email.starts_with("@blocked"))
      return Reply{response(200, R"({"action":"ShowBlockPage"})"), false};
    return Reply{continuing(), false};
  });
  options_.plan.max_requests = 500;
  const Report report = run_against(server);
  EXPECT_EQ(report.measured.tally.right, 500U)
      << (report.measured.examples.empty() ? "" : report.measured.examples[0]);
  EXPECT_GT(report.measured.tally.kinds[static_cast<std::size_t>(RequestKind::kMalformed)], 50U);
}

TEST_F(RunTest, RepeatsARequestThatTimedOutOnceWithTheSameBytes) {
  std::mutex mutex;
  std::map<std::string, int> seen;
  // Only a second attempt is answered.
  ScriptedServer server([&](std::string_view request, std::size_t) {
    const std::lock_guard lock(mutex);
    return ++seen[std::string(request)] == 2 ? Reply{continuing(), false} : Reply{};
  });
  options_.plan.max_requests = 3;
  options_.plan.connections = 3;
  options_.plan.timeout_ns = 1500 * kNsPerMs;
  const Report report = run_against(server);
  EXPECT_EQ(report.measured.tally.right, 3U);
  EXPECT_EQ(report.measured.tally.sent, 3U);
  EXPECT_EQ(report.measured.tally.attempts_timed_out, 3U);
  EXPECT_EQ(report.measured.tally.retries, 3U);
  EXPECT_EQ(report.measured.tally.failed(), 0U);
  EXPECT_EQ(seen.size(), 3U);
  EXPECT_GE(report.measured.response.min_ns(),
            options_.plan.timeout_ns);  // the wait is not forgotten
}

TEST_F(RunTest, GivesUpAfterTheLastAttempt) {
  std::atomic<int> attempts{0};
  ScriptedServer server([&](std::string_view, std::size_t) {
    ++attempts;
    return Reply{};
  });
  options_.plan.max_requests = 2;
  options_.plan.connections = 2;
  options_.plan.retries = 2;
  options_.plan.timeout_ns = 50 * kNsPerMs;
  const Report report = run_against(server);
  EXPECT_EQ(report.measured.tally.errors[static_cast<std::size_t>(ErrorKind::kTimeout)], 2U);
  EXPECT_EQ(report.measured.tally.attempts_timed_out, 6U);
  EXPECT_EQ(report.measured.tally.retries, 4U);
  EXPECT_EQ(report.measured.tally.answered, 0U);
  EXPECT_LE(attempts, 6);
  EXPECT_DOUBLE_EQ(report.error_share(), 1);
}

TEST_F(RunTest, CountsWhatItCouldNotSend) {
  ScriptedServer server([](std::string_view, std::size_t) { return Reply{}; });
  options_.plan.backlog_max = 3;
  options_.plan.retries = 0;
  options_.plan.timeout_ns = 100 * kNsPerMs;
  all_at_once(10);
  const Report report = run_against(server);
  // One goes out, three wait; the other six find no room. Those that waited time out in turn.
  EXPECT_EQ(report.measured.tally.offered, 10U);
  EXPECT_EQ(report.measured.tally.sent, 4U);
  EXPECT_EQ(report.measured.tally.not_sent_full, 6U);
  EXPECT_EQ(report.measured.tally.queued, 3U);
  EXPECT_EQ(report.measured.tally.failed(), 4U);
  EXPECT_FALSE(report.warnings().empty());
}

TEST_F(RunTest, CountsWhatStillWaitsWhenTheDrainIsOver) {
  ScriptedServer server([](std::string_view, std::size_t) { return Reply{}; });
  options_.plan.drain_ns = 100 * kNsPerMs;
  all_at_once(10);
  const Report report = run_against(server);
  EXPECT_EQ(report.measured.tally.offered, 10U);
  EXPECT_EQ(report.measured.tally.abandoned, 1U);
  EXPECT_EQ(report.measured.tally.not_sent_end, 9U);
}

TEST_F(RunTest, SendsAgainWhatALeavingConnectionLeftUnanswered) {
  // Every third request finds its connection closed without a byte.
  ScriptedServer server([](std::string_view, std::size_t number) {
    return number % 3 == 2 ? Reply{"", true} : Reply{continuing(), false};
  });
  const Report report = run_against(server);
  EXPECT_EQ(report.measured.tally.right, 50U);
  EXPECT_EQ(report.measured.tally.failed(), 0U);
  // Two answers a connection, then one request that moves on: 24 times in 50 answers.
  EXPECT_EQ(report.measured.tally.resent, 24U);
  EXPECT_EQ(report.measured.transport.opened, 25U);
}

TEST_F(RunTest, FailsARequestWhoseFreshConnectionIsReset) {
  ScriptedServer server([](std::string_view, std::size_t) { return Reply{"", true}; });
  options_.plan.max_requests = 4;
  const Report report = run_against(server);
  EXPECT_EQ(report.measured.tally.errors[static_cast<std::size_t>(ErrorKind::kReset)], 4U);
  EXPECT_EQ(report.measured.tally.resent, 0U);
}

TEST_F(RunTest, FailsARequestWhoseAnswerBreaksOff) {
  ScriptedServer server([](std::string_view, std::size_t number) {
    return number % 2 == 0 ? Reply{continuing(), false} : Reply{continuing().substr(0, 30), true};
  });
  options_.plan.max_requests = 10;
  const Report report = run_against(server);
  EXPECT_EQ(report.measured.tally.right, 5U);
  EXPECT_EQ(report.measured.tally.errors[static_cast<std::size_t>(ErrorKind::kReset)], 5U);
}

TEST_F(RunTest, FailsARequestWhoseAnswerIsNotHttp) {
  ScriptedServer server([](std::string_view, std::size_t) { return Reply{"hello\r\n", false}; });
  options_.plan.max_requests = 4;
  const Report report = run_against(server);
  EXPECT_EQ(report.measured.tally.errors[static_cast<std::size_t>(ErrorKind::kMalformed)], 4U);
}

TEST_F(RunTest, NoticesBytesThatNobodyAskedFor) {
  ScriptedServer server([](std::string_view, std::size_t number) {
    return Reply{number == 0 ? continuing() + continuing() : continuing(), false};
  });
  options_.plan.max_requests = 5;
  const Report report = run_against(server);
  EXPECT_EQ(report.measured.tally.right, 5U);
  EXPECT_EQ(report.measured.transport.unsolicited, 1U);
  EXPECT_GT(report.error_share(), 0);
}

TEST_F(RunTest, FollowsConnectionClose) {
  ScriptedServer server([](std::string_view, std::size_t) {
    return Reply{response(200, R"({"action":"Continue"})", "Connection: close\r\n"), true};
  });
  options_.plan.max_requests = 7;
  const Report report = run_against(server);
  EXPECT_EQ(report.measured.tally.right, 7U);
  EXPECT_EQ(report.measured.transport.opened, 7U);
  EXPECT_EQ(report.measured.tally.resent, 0U);
}

TEST_F(RunTest, OpensAConnectionForEachRequestWhenAsked) {
  std::atomic<int> closing{0};
  ScriptedServer server([&](std::string_view request, std::size_t) {
    closing += request.find("\r\nConnection: close\r\n") != std::string_view::npos;
    return Reply{continuing(), true};
  });
  options_.plan.keep_alive = false;
  traffic_.head.keep_alive = false;
  options_.plan.max_requests = 6;
  const Report report = run_against(server);
  EXPECT_EQ(report.measured.tally.right, 6U);
  EXPECT_EQ(closing, 6);
  EXPECT_EQ(report.measured.transport.opened,
            7U);  // and the one that tried whether anybody is there
}

TEST_F(RunTest, ReadsAChunkedAnswerAndOneUpToTheEnd) {
  ScriptedServer server([](std::string_view, std::size_t number) {
    return number % 2 == 0
               ? Reply{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "9\r\n{\"action\"\r\nC\r\n:\"Continue\"}\r\n0\r\n\r\n", false}
               : Reply{"HTTP/1.1 200 OK\r\n\r\n{\"action\":\"Continue\"}", true};
  });
  const Report report = run_against(server);
  EXPECT_EQ(report.measured.tally.right, 50U)
      << (report.measured.examples.empty() ? "" : report.measured.examples[0]);
}

TEST_F(RunTest, LeavesTheWarmUpOutOfTheFigures) {
  ScriptedServer server([](std::string_view, std::size_t) { return Reply{continuing(), false}; });
  schedule_ = Schedule::constant(1000, 100 * kNsPerMs);
  options_.plan.schedule = &schedule_;
  options_.plan.max_requests = 0;
  options_.plan.warmup_ns = 40 * kNsPerMs;
  options_.plan.address = server.address();
  options_.plan.traffic = &traffic_;
  const RunOutcome outcome = run(options_, stop_);
  EXPECT_EQ(outcome.report.measured.warmup.offered, 40U);
  EXPECT_EQ(outcome.report.measured.tally.offered, 60U);
  EXPECT_EQ(outcome.report.measured.response.count(), 60U);
}

TEST_F(RunTest, CountsByPhaseOfTheSchedule) {
  ScriptedServer server([](std::string_view, std::size_t) { return Reply{continuing(), false}; });
  schedule_ = Schedule::parse("1000x20ms,3000x20ms,500x20ms").value();
  options_.plan.schedule = &schedule_;
  options_.plan.max_requests = 0;
  const Report report = run_against(server);
  ASSERT_EQ(report.measured.phases.size(), 3U);
  EXPECT_EQ(report.measured.phases[0].answered, 20U);
  EXPECT_EQ(report.measured.phases[1].answered, 60U);
  EXPECT_EQ(report.measured.phases[2].answered, 10U);
}

TEST_F(RunTest, StopsWhenToldAndStillReports) {
  ScriptedServer server([this](std::string_view, std::size_t number) {
    if (number == 20) stop_ = true;
    return Reply{continuing(), false};
  });
  options_.plan.max_requests = 0;
  const Report report = run_against(server);
  EXPECT_TRUE(report.stopped);
  EXPECT_GE(report.measured.tally.answered, 20U);
}

TEST_F(RunTest, SaysWhenNobodyListens) {
  Address nobody;
  {
    const ScriptedServer server([](std::string_view, std::size_t) { return Reply{}; });
    nobody = server.address();
  }
  options_.plan.address = nobody;
  options_.plan.traffic = &traffic_;
  for (const bool keep_alive : {true, false}) {
    options_.plan.keep_alive = keep_alive;
    const RunOutcome outcome = run(options_, stop_);
    EXPECT_NE(outcome.failure.find("Connection refused"), std::string::npos) << outcome.failure;
  }
}

}  // namespace
}  // namespace load
