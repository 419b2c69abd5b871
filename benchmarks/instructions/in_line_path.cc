// Runs the in-line path of one worker under callgrind, one step after the other, so that the user
// instructions of a request can be counted: benchmarks/instructions/measure reads the dumps.
//
//   in_line_path WORK_UNIT LOG_FILE [PASSES [DIALECT]]
//
// With b2b-signup or b2c-policy the same requests come from such a caller; with ext-id the same people come
// as events of Microsoft Entra.
//
// Each step first runs over all requests uncounted, which grows buffers and teaches the claims
// reader its caller's spelling, then PASSES times counted; then callgrind writes a dump named after
// the step. The last step notes each request for the access log; a dump called "log" follows once
// its writer thread has formatted and written those lines, so that the work of the second thread is
// known too. Nothing is random: the hash seed is fixed and the requests are files.
#include <sys/stat.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "benchmarks/in_line/events.h"
#include "benchmarks/in_line/path.h"

namespace {

using in_line::Lane;
using in_line::Step;
using in_line::Wire;

constexpr std::size_t kWarmUps = 2;

std::size_t lines_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::size_t lines = 0;
  for (std::istreambuf_iterator<char> at(file), end; at != end; ++at) lines += *at == '\n' ? 1 : 0;
  return lines;
}

/// Until the access log's writer has caught up. False when it never does.
bool wait_for_lines(const std::string& path, std::size_t wanted) {
  for (int looks = 0; looks < 600; ++looks) {
    if (lines_of(path) >= wanted) return true;
    ::usleep(50'000);
  }
  return false;
}

std::size_t pass(Lane& lane, Step step, const std::vector<Wire>& wires) {
  std::size_t sum = 0;
  for (const Wire& wire : wires) sum += lane.run(step, wire);
  return sum;
}

/// The whole path over every request, each answer compared with what the work unit expects.
bool answers_are_right(Lane& lane, const in_line::Requests& requests, in_line::AnswerIsRight is_right) {
  for (std::size_t i = 0; i < requests.all().size(); ++i) {
    static_cast<void>(lane.run(Step::kHandler, requests.all()[i]));
    const std::string_view answer = lane.answer();
    load::AnswerHead head;
    if (load::read_answer_head(answer, head) != load::HeadState::kComplete ||
        !is_right(head.status, answer.substr(head.head_bytes), requests.unit().expected[i])) {
      std::fprintf(stderr, "request %zu: wrong answer:\n%.*s\n", i, static_cast<int>(answer.size()),
                   answer.data());
      return false;
    }
  }
  return true;
}

/// A step over all requests: warmed up, counted, dumped under its name.
std::size_t count(Lane& lane, Step step, const char* name, const std::vector<Wire>& wires,
                  std::size_t passes) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < kWarmUps; ++i) sum += pass(lane, step, wires);
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
  for (std::size_t i = 0; i < passes; ++i) sum += pass(lane, step, wires);
  CALLGRIND_DUMP_STATS_AT(name);
  CALLGRIND_STOP_INSTRUMENTATION;
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: in_line_path WORK_UNIT LOG_FILE [PASSES [DIALECT]]\n");
    return 2;
  }
  const std::string directory = argv[1];
  const std::string log_file = argv[2];
  const auto passes = static_cast<std::size_t>(argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 2);
  std::string why;
  auto unit = load::WorkUnit::load(directory, why);
  if (!unit) {
    std::fprintf(stderr, "%s\n", why.c_str());
    return 1;
  }
  const std::string_view dialect = argc > 4 ? argv[4] : "b2c-userflow";
  const in_line::AnswerIsRight is_right = in_line::answers_of(dialect);
  if (is_right == nullptr) {
    std::fprintf(stderr, "unknown dialect %s\n", argv[4]);
    return 2;
  }
  std::string configuration = directory + "/claimgate.yaml";
  std::optional<std::string> text;
  if (argc > 4) {
    std::ifstream file(configuration, std::ios::binary);
    text.emplace(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    constexpr std::string_view kFlow = "b2c-userflow";
    // A workforce tenant has an URL for each step (protocol.md c.1).
    const std::string here =
        dialect == "b2b-signup" ? "b2b-signup\n    step: PostAttributeCollection" : std::string(dialect);
    text->replace(text->find(kFlow), kFlow.size(), here);
  }
  if (dialect == "ext-id") unit = in_line::as_events(*unit);
  const in_line::Requests requests(std::move(*unit));
  const std::vector<Wire>& wires = requests.all();
  const auto house =
      in_line::House::open(configuration, text, 1, log_file, why);
  if (house == nullptr) {
    std::fprintf(stderr, "%s\n", why.c_str());
    return 1;
  }
  Lane lane(*house, 0);
  if (!answers_are_right(lane, requests, is_right)) return 1;
  // The log's writer has a thread of its own: whenever the counting begins, everything noted so far
  // must be behind it, and whatever is counted of it must be done when the counting ends.
  std::size_t lines = wires.size();
  bool written = wait_for_lines(log_file, lines);

  std::size_t sum = 0;  // printed, so that no work can be left out
  sum += count(lane, Step::kRead, "read", wires, passes);
  sum += count(lane, Step::kClaims, "claims", wires, passes);
  sum += count(lane, Step::kRules, "rules", wires, passes);
  sum += count(lane, Step::kAnswer, "answer", wires, passes);
  sum += count(lane, Step::kAdmission, "admission", wires, passes);

  for (std::size_t i = 0; i < kWarmUps; ++i) sum += pass(lane, Step::kHandler, wires);
  lines += kWarmUps * wires.size();
  written = written && wait_for_lines(log_file, lines);
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
  for (std::size_t i = 0; i < passes; ++i) sum += pass(lane, Step::kHandler, wires);
  CALLGRIND_DUMP_STATS_AT("handler");
  lines += passes * wires.size();
  written = written && wait_for_lines(log_file, lines);
  CALLGRIND_DUMP_STATS_AT("log");
  CALLGRIND_STOP_INSTRUMENTATION;
  if (!written || house->log().dropped() != 0) {
    std::fprintf(stderr, "the access log lost lines\n");
    return 1;
  }
  std::printf("{\"requests\":%zu,\"passes\":%zu,\"sum\":%zu}\n", wires.size(), passes, sum);
}
