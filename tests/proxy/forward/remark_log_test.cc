#include "proxy/forward/remark_log.h"

#include <gtest/gtest.h>

namespace proxy::forward {
namespace {

using core::mapping::Answer;
using core::mapping::Remark;

constexpr std::uint64_t kNow = 1'000'000;

Answer answer_with(std::initializer_list<Remark> remarks) {
  Answer answer;
  for (const Remark remark : remarks) answer.remarks.add(remark);
  return answer;
}

TEST(RemarkLog, SaysNothingAboutAnAnswerThatIsRight) {
  RemarkLog log;
  EXPECT_EQ(log.line("hook", Answer{}, kNow), "");
}

TEST(RemarkLog, NamesEachRemarkOnceAndThenCounts) {
  RemarkLog log;
  const Answer allow = answer_with({Remark::kAllow});
  const Answer both = answer_with({Remark::kAllow, Remark::kNoVersion});
  const std::string first = log.line("hook", allow, kNow);
  EXPECT_NE(first.find("(allow)"), std::string::npos) << first;
  EXPECT_EQ(log.line("hook", allow, kNow + 1), "");
  // Another one is news, and only that one.
  EXPECT_EQ(log.line("hook", both, kNow + 2), "the member version is missing (no_version)");
  const std::string later = log.line("hook", allow, kNow + RemarkLog::kAgainMs);
  EXPECT_NE(later.find("(allow, 3 answers)"), std::string::npos) << later;
  EXPECT_EQ(log.line("hook", allow, kNow + RemarkLog::kAgainMs + 1), "");
}

TEST(RemarkLog, KeepsBackendsApart) {
  RemarkLog log;
  const Answer allow = answer_with({Remark::kAllow});
  EXPECT_NE(log.line("one", allow, kNow), "");
  EXPECT_NE(log.line("other", allow, kNow), "");
}

TEST(RemarkLog, TellsOfAnAnswerThatNoRuleCanRepair) {
  RemarkLog log;
  Answer answer;
  answer.why = core::mapping::Unresolved::kContract;
  EXPECT_NE(log.line("hook", answer, kNow), "");
  EXPECT_EQ(log.line("hook", answer, kNow + 1), "");
  answer.why = core::mapping::Unresolved::kNoRow;
  EXPECT_EQ(log.line("legacy", answer, kNow), "") << "a row's own word";
}

}  // namespace
}  // namespace proxy::forward
