#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "tools/load/objective.h"
#include "tools/load/people.h"
#include "tools/load/rate_search.h"
#include "tools/load/schedule.h"
#include "tools/load/target.h"
#include "tools/load/tls.h"
#include "tools/load/traffic.h"

namespace load {

/// What the command line of a run says, checked and completed.
struct Arguments {
  Url url;
  std::string allowed_host;
  std::optional<Schedule> schedule;  // nothing: closed loop
  Spacing spacing = Spacing::kConstant;
  std::optional<Objective> objective;  // of --find-rate
  RateSearch::Limits search;
  std::uint64_t probe_ns = 10 * kNsPerSecond;
  std::uint64_t seed = 1;
  unsigned threads = 1;
  unsigned connections = 64;
  unsigned pipeline = 1;
  std::uint64_t max_requests = 0;
  std::uint64_t backlog_max = 100'000;
  bool keep_alive = true;
  std::uint64_t duration_ns = 10 * kNsPerSecond;
  std::uint64_t timeout_ns = 5 * kNsPerSecond;
  unsigned retries = 1;
  std::uint64_t warmup_ns = 0;
  std::uint64_t drain_ns = 0;
  std::uint64_t interval_ns = 0;
  std::uint64_t spin_ns = 0;
  Mix mix;
  PeopleOptions people;
  std::string requests_file;
  std::string authorization;  // value of the header field; a secret
  std::string more_fields;    // complete lines
  TlsOptions tls;
  std::vector<pid_t> server;
  double max_error_rate = 0;
  std::string json_path, html_path;
  bool quiet = false;
  std::string load_text;  // the load in words
  std::string command;    // the options without secrets
};

/// What is to be done when parsing did not give arguments: the text goes to standard output for
/// code 0 (help, version) and to standard error otherwise.
struct EarlyExit {
  int code = 2;
  std::string text;
};

/// Reads the command line of a run; reads the files it names. A password given as --user is
/// overwritten in `argv`, which is what the process list shows.
core::Result<Arguments, EarlyExit> parse_arguments(int argc, char** argv);

}  // namespace load
