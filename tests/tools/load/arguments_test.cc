#include "tools/load/arguments.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace load {
namespace {

/// A command line in memory of its own, because parsing overwrites a password in it.
class CommandLine {
 public:
  explicit CommandLine(std::vector<std::string> words) : words_(std::move(words)) {
    words_.insert(words_.begin(), "claimgate-load");
    for (std::string& word : words_) pointers_.push_back(word.data());
  }
  core::Result<Arguments, EarlyExit> parse() {
    return parse_arguments(static_cast<int>(pointers_.size()), pointers_.data());
  }
  const std::string& word(std::size_t index) const { return words_[index + 1]; }

 private:
  std::vector<std::string> words_;
  std::vector<char*> pointers_;
};

constexpr const char* kUrl = "http://127.0.0.1:8080/signup";

TEST(Arguments, HaveTheTimeoutsOfTheCaller) {
  const auto parsed = CommandLine({kUrl, "--rate", "100"}).parse();
  ASSERT_TRUE(parsed.ok()) << parsed.error().text;
  const Arguments& arguments = parsed.value();
  EXPECT_EQ(arguments.timeout_ns, 5 * kNsPerSecond);
  EXPECT_EQ(arguments.retries, 1U);
  EXPECT_EQ(arguments.drain_ns, 11 * kNsPerSecond);
  EXPECT_EQ(arguments.duration_ns, 10 * kNsPerSecond);
  EXPECT_EQ(arguments.interval_ns, kNsPerSecond / 2);
  EXPECT_EQ(arguments.pipeline, 1U);
  ASSERT_TRUE(arguments.schedule.has_value());
  EXPECT_DOUBLE_EQ(arguments.schedule->requests(), 1000);
}

TEST(Arguments, TakeEveryWayToSayHowFast) {
  EXPECT_FALSE(CommandLine({kUrl, "--as-fast-as-possible"}).parse().value().schedule.has_value());
  EXPECT_EQ(CommandLine({kUrl, "--schedule", "10x1s,20x2s"}).parse().value().duration_ns,
            3 * kNsPerSecond);
  EXPECT_EQ(CommandLine({kUrl, "--ramp", "10..20x4s"}).parse().value().duration_ns,
            4 * kNsPerSecond);
  EXPECT_EQ(CommandLine({kUrl, "--find-rate", "p99<10ms"}).parse().value().objective->text(),
            "p99<10ms");
  EXPECT_EQ(CommandLine({kUrl, "--rate", "5", "--poisson"}).parse().value().spacing,
            Spacing::kPoisson);
}

TEST(Arguments, RefuseMistakesWithCode2) {
  const std::vector<std::vector<std::string>> kCases = {
      {},
      {kUrl},
      {kUrl, "--rate", "5", "--as-fast-as-possible"},
      {kUrl, "--rate", "0"},
      {kUrl, "--rate", "5", "--duration", "5"},
      {kUrl, "--rate", "5", "--duration", "0s"},
      {kUrl, "--rate", "5", "--timeout", "0s"},
      {kUrl, "--rate", "5", "--warmup", "10s"},
      {kUrl, "--rate", "5", "--unknown"},
      {kUrl, "--rate", "5", "--threads", "0"},
      {kUrl, "--rate", "5", "--block", "0.6", "--validation-error", "0.6"},
      {kUrl, "--rate", "5", "--known", "2"},
      {kUrl, "--rate", "5", "--user", "nameonly"},
      {kUrl, "--rate", "5", "--user-env", "CLAIMGATE_LOAD_TEST_UNSET"},
      {kUrl, "--rate", "5", "--user-file", "/nonexistent"},
      {kUrl, "--rate", "5", "--header", "no colon"},
      {kUrl, "--rate", "5", "--header", "A: b\r\nC: d"},
      {kUrl, "--rate", "5", "--insecure"},
      {kUrl, "--rate", "5", "--server-pid", "1x"},
      {kUrl, "--rate", "5", "--seed", "x"},
      {kUrl, "--rate", "5", "--path", "nope"},
      {kUrl, "--rate", "5", "--no-keep-alive", "--pipeline", "2"},
      {kUrl, "--rate", "5", "--blocked-domains", "/nonexistent"},
      {kUrl, "--schedule", "10"},
      {kUrl, "--find-rate", "fast"},
      {kUrl, "--as-fast-as-possible", "--poisson"},
      {"127.0.0.1:80", "--rate", "5"}};
  for (const auto& words : kCases) {
    std::string text;
    for (const std::string& word : words) text += word + " ";
    SCOPED_TRACE(text);
    const auto parsed = CommandLine(words).parse();
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().code, 2);
    EXPECT_FALSE(parsed.error().text.empty());
  }
}

TEST(Arguments, ShowHelpWithCode0) {
  const auto parsed = CommandLine({"--help"}).parse();
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, 0);
  EXPECT_NE(parsed.error().text.find("--find-rate"), std::string::npos);
}

TEST(Arguments, TakeSecretsOutOfTheProcessListAndTheReport) {
  for (const bool joined : {false, true}) {
    CommandLine line(joined
                         ? std::vector<std::string>{kUrl, "--rate", "5", "--user=b2c:s3cret"}
                         : std::vector<std::string>{kUrl, "--rate", "5", "--user", "b2c:s3cret"});
    const auto parsed = line.parse();
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed.value().authorization, "Basic YjJjOnMzY3JldA==");
    EXPECT_EQ(parsed.value().command.find("s3cret"), std::string::npos);
    EXPECT_EQ(line.word(joined ? 3 : 4).find("s3cret"), std::string::npos);
  }
  const auto parsed =
      CommandLine({"http://127.0.0.1/x?code=k3y", "--rate", "5", "--header", "X-Key: t0ken"})
          .parse();
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value().command.find("k3y"), std::string::npos);
  EXPECT_EQ(parsed.value().command.find("t0ken"), std::string::npos);
  EXPECT_EQ(parsed.value().more_fields, "X-Key: t0ken\r\n");
}

}  // namespace
}  // namespace load
