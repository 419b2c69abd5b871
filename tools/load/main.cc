#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>

#include "tools/load/compare.h"
#include "tools/load/session.h"

namespace {

// A signal handler can reach nothing else.
std::atomic<bool> stop_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

/// The first signal ends the run and prints the report; the second ends the program.
void on_signal(int signal) noexcept {
  stop_asked.store(true);
  std::signal(signal, SIG_DFL);
}

/// A connection is a descriptor, and 1,024 is the usual limit where 500,000 would be allowed.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int load_main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "compare") == 0) {
    return load::compare_main(argc - 1, argv + 1);
  }
  const auto arguments = load::parse_arguments(argc, argv);
  if (!arguments) {
    const load::EarlyExit& exit = arguments.error();
    std::fprintf(exit.code == 0 ? stdout : stderr, "%s", exit.text.c_str());
    return exit.code;
  }
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  raise_descriptor_limit();
  const auto report = load::measure(arguments.value(), stop_asked);
  if (!report) {
    std::fprintf(stderr, "claimgate-load: %s", report.error().text.c_str());
    return report.error().code;
  }
  if (const std::string fault = load::write_reports(report.value(), arguments.value());
      !fault.empty()) {
    std::fprintf(stderr, "claimgate-load: %s\n", fault.c_str());
    return 2;
  }
  return load::exit_code(report.value(), arguments.value());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return load_main(argc, argv);
  } catch (const std::exception& error) {  // out of memory, descriptors or threads at start-up
    std::fprintf(stderr, "claimgate-load: %s\n", error.what());
    return 2;
  }
}
