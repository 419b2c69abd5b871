#include "tools/load/arguments.h"

#include <sched.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace load {
namespace {

constexpr const char* kDescription =
    "claimgate-load: sign-up traffic as Azure AD B2C sends it, at rates that do not wait for "
    "answers.\n  claimgate-load URL [options]                     run\n  claimgate-load compare "
    "A.json B.json [...]       is the difference more than noise?\n";

/// What CLI11 stores before it is checked.
struct Raw {
  std::string url, path, rate, schedule, ramp, find_rate, find_from, find_to, precision;
  std::string duration, timeout, warmup, drain, interval, spin, probe;
  std::string block, validation_error, malformed, known, duplicates, max_error_rate;
  std::string padding, user, user_env, user_file, blocked_file, blocked_pattern, locales, domains;
  std::string seed = "1";
  std::vector<std::string> fields;
  std::string server;
  bool poisson = false, fast = false, no_keep_alive = false;
};

/// The first mistake wins; the ones after it are mostly its consequences.
class Checker {
 public:
  template <typename T>
  void take(const char* option, const std::string& text,
            core::Result<T, UsageError> (*parse)(std::string_view), T& to) {
    if (text.empty() || !error_.empty()) return;
    const auto parsed = parse(text);
    if (parsed) {
      to = parsed.value();
    } else {
      refuse(std::string(option) + ": " + parsed.error().message);
    }
  }
  void refuse(const std::string& error) {
    if (error_.empty()) error_ = error;
  }
  const std::string& error() const noexcept { return error_; }

 private:
  std::string error_;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

/// The lines of a file without comments and blanks.
std::optional<std::vector<std::string>> read_lines(const std::string& path) {
  std::ifstream in(path);
  if (!in) return std::nullopt;
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  }
  return lines;
}

bool has_line_break(const std::string& text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos;
}

void declare_load(CLI::App& app, Raw& raw, Arguments& to) {
  const char* group = "Load (open loop unless --as-fast-as-possible)";
  app.add_option("--rate", raw.rate, "requests a second: 1000, 2.5k")->group(group);
  app.add_flag("--poisson", raw.poisson, "random arrivals instead of evenly spaced ones")
      ->group(group);
  app.add_option("--schedule", raw.schedule, "steps and ramps: 1000x10s,2000x10s,2000..500x30s")
      ->group(group);
  app.add_option("--ramp", raw.ramp, "one ramp: 100..5000x60s")->group(group);
  app.add_flag("--as-fast-as-possible", raw.fast,
               "closed loop: each connection asks again once answered")
      ->group(group);
  app.add_option("--duration", raw.duration, "at most this long (default 10s, or the schedule)")
      ->group(group);
  app.add_option("--max-requests", to.max_requests, "at most this many requests")->group(group);
  app.add_option("--warmup", raw.warmup, "leave the beginning out of the figures")->group(group);
  app.add_option("--threads", to.threads, "threads, each with its own loop (default 1)")
      ->check(CLI::Range(1, 256))
      ->group(group);
  app.add_option("--connections", to.connections, "connections over all threads (default 64)")
      ->check(CLI::Range(1, 100'000))
      ->group(group);
  app.add_option("--pipeline", to.pipeline, "requests out per connection (default 1)")
      ->check(CLI::Range(1, 1024))
      ->group(group);
  app.add_flag("--no-keep-alive", raw.no_keep_alive, "a new connection for each request")
      ->group(group);
  app.add_option("--backlog", to.backlog_max,
                 "requests that may wait for a connection (default 100000)")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{10'000'000}))
      ->group(group);
  app.add_option("--timeout", raw.timeout, "for each attempt (default 5s, as B2C)")->group(group);
  app.add_option("--retries", to.retries, "identical attempts after a time-out (default 1, as B2C)")
      ->check(CLI::Range(0, 10))
      ->group(group);
  app.add_option("--drain", raw.drain, "wait this long for what is out at the end")->group(group);
  app.add_option(
         "--spin", raw.spin,
         "stay awake this long before a send time (default: 60us if a core is to spare, else 0us)")
      ->group(group);

  const char* search = "Search for the highest rate";
  app.add_option("--find-rate", raw.find_rate, "objective: \"p99<10ms,errors<0.1%\"")
      ->group(search);
  app.add_option("--find-from", raw.find_from, "first rate (default 100)")->group(search);
  app.add_option("--find-to", raw.find_to, "never above this rate (default 1m)")->group(search);
  app.add_option("--find-precision", raw.precision, "stop at this relative gap (default 5%)")
      ->group(search);
  app.add_option("--find-probe", raw.probe,
                 "length of a probe (default 10s); confirmations take twice as long")
      ->group(search);
  app.add_option("--find-confirmations", to.search.confirmations,
                 "times the result must hold again (default 2)")
      ->check(CLI::Range(0, 20))
      ->group(search);
}

void declare_requests(CLI::App& app, Raw& raw, Arguments& to) {
  const char* group = "Requests";
  app.add_option("--path", raw.path, "path and query (default: those of the URL)")->group(group);
  app.add_option("--requests", to.requests_file,
                 "fixed bodies: lines of {\"body\":..., "
                 "\"expect\":{\"status\":200,\"action\":\"Continue\"}}")
      ->group(group);
  app.add_option("--step", to.people.step,
                 "PostAttributeCollection, PostFederationSignup or PreTokenIssuance")
      ->group(group);
  app.add_option("--seed", raw.seed,
                 "same seed, same people and same random arrivals (a number, or \"random\")")
      ->group(group);
  app.add_option("--block", raw.block, "share of people from blocked domains (default 10%)")
      ->group(group);
  app.add_option("--validation-error", raw.validation_error,
                 "share of invalid postal codes (default 10%)")
      ->group(group);
  app.add_option("--malformed", raw.malformed,
                 "share of broken requests, which must get 4xx (default 0)")
      ->group(group);
  app.add_option("--duplicates", raw.duplicates, "share of requests sent twice (default 0)")
      ->group(group);
  app.add_option("--known", raw.known, "share of people seen before: cache hits (default 0)")
      ->group(group);
  app.add_option("--known-people", to.mix.known_people, "how many people are known (default 1000)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
      ->group(group);
  app.add_option("--blocked-domains", raw.blocked_file,
                 "file of domains the server blocks, one a line")
      ->group(group);
  app.add_option("--blocked-pattern", raw.blocked_pattern,
                 "or their pattern (default blocked{n}.example)")
      ->group(group);
  app.add_option("--blocked-count", to.people.blocked_count, "{n} is below this (default 1000)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
      ->group(group);
  app.add_option("--domains", raw.domains, "domains of everybody else, comma-separated")
      ->group(group);
  app.add_option("--postal-code", to.people.postal_code,
                 "a valid one: # is a digit, @ a letter (default #####)")
      ->group(group);
  app.add_option("--invalid-postal-code", to.people.invalid_postal_code,
                 "an invalid one (default @@-#)")
      ->group(group);
  app.add_option("--locales", raw.locales,
                 "comma-separated (default en-US,sv-SE,de-DE,fr-FR,pt-BR)")
      ->group(group);
  app.add_option("--padding", raw.padding, "bytes of further attributes per body: 4000, 0..8000")
      ->group(group);
  app.add_option("--header", raw.fields, "a further header field, \"Name: value\"")->group(group);

  const char* who = "Who asks";
  app.add_option("--user", raw.user,
                 "name:password of HTTP Basic (hidden from the process list once read)")
      ->group(who);
  app.add_option("--user-env", raw.user_env, "the environment variable that holds name:password")
      ->group(who);
  app.add_option("--user-file", raw.user_file, "the file that holds name:password")->group(who);
  app.add_flag("--insecure", to.tls.insecure, "do not verify the server's certificate")->group(who);
  app.add_option("--ca", to.tls.ca, "PEM file of authorities to trust")
      ->check(CLI::ExistingFile)
      ->group(who);
  app.add_option("--cert", to.tls.certificate, "PEM file of a client certificate")
      ->check(CLI::ExistingFile)
      ->group(who);
  app.add_option("--key", to.tls.key, "PEM file of its key")->check(CLI::ExistingFile)->group(who);
  app.add_flag("--resume", to.tls.resume, "resume TLS sessions on new connections")->group(who);
  app.add_option("--i-may-load-this-host", to.allowed_host,
                 "the host of the URL, when it is not this machine")
      ->group(who);

  const char* report = "Report";
  app.add_option("--json", to.json_path, "write the report as JSON (- for standard output)")
      ->group(report);
  app.add_option("--html", to.html_path, "write the report as one HTML page")->group(report);
  app.add_option("--server-pid", raw.server,
                 "measure the CPU time of these processes and their children")
      ->group(report);
  app.add_option("--interval", raw.interval,
                 "length of the samples over time (default 1s, shorter for short runs)")
      ->group(report);
  app.add_option("--max-error-rate", raw.max_error_rate,
                 "exit with 1 above this share of errors and wrong answers (default 0)")
      ->group(report);
  app.add_flag("--quiet", to.quiet, "no progress line, no text report")->group(report);
}

void check_load(Checker& checker, const Raw& raw, Arguments& to) {
  const int ways = !raw.rate.empty() + !raw.schedule.empty() + !raw.ramp.empty() + raw.fast +
                   !raw.find_rate.empty();
  if (ways != 1) {
    checker.refuse(
        "say how fast: one of --rate, --schedule, --ramp, --find-rate or "
        "--as-fast-as-possible");
  }
  to.spacing = raw.poisson ? Spacing::kPoisson : Spacing::kConstant;
  const std::string spaced = raw.poisson ? "Poisson, " : "constant, ";
  checker.take("--duration", raw.duration, parse_duration_ns, to.duration_ns);
  if (to.duration_ns == 0) checker.refuse("--duration: must be above 0");
  if (!raw.rate.empty()) {
    double rate = 1;
    checker.take("--rate", raw.rate, parse_rate, rate);
    to.schedule = Schedule::constant(rate, to.duration_ns);
    to.load_text =
        spaced + raw.rate + "/s for " + format_duration(static_cast<double>(to.duration_ns));
  } else if (const std::string& plan = raw.schedule.empty() ? raw.ramp : raw.schedule;
             !plan.empty()) {
    auto parsed = Schedule::parse(plan);
    if (parsed) {
      if (raw.duration.empty()) to.duration_ns = parsed.value().duration_ns();
      to.schedule = std::move(parsed).value();
    } else {
      checker.refuse((raw.schedule.empty() ? "--ramp: " : "--schedule: ") + parsed.error().message);
    }
    to.load_text = spaced + plan;
  } else if (!raw.find_rate.empty()) {
    auto objective = Objective::parse(raw.find_rate);
    if (objective) {
      to.objective = std::move(objective).value();
    } else {
      checker.refuse("--find-rate: " + objective.error().message);
    }
    checker.take("--find-from", raw.find_from, parse_rate, to.search.from);
    checker.take("--find-to", raw.find_to, parse_rate, to.search.to);
    checker.take("--find-precision", raw.precision, parse_share, to.search.precision);
    checker.take("--find-probe", raw.probe, parse_duration_ns, to.probe_ns);
    if (to.search.precision < 0.001) checker.refuse("--find-precision: at least 0.1%");
    if (to.probe_ns == 0) checker.refuse("--find-probe: must be above 0");
    to.load_text = spaced + "search for the highest rate";
  } else {
    if (raw.poisson) checker.refuse("--poisson needs a rate");
    to.load_text = "closed loop, as fast as possible";
  }
  checker.take("--warmup", raw.warmup, parse_duration_ns, to.warmup_ns);
  checker.take("--timeout", raw.timeout, parse_duration_ns, to.timeout_ns);
  if (to.timeout_ns == 0) checker.refuse("--timeout: must be above 0");
  to.drain_ns = to.timeout_ns * (to.retries + 1) + kNsPerSecond;
  checker.take("--drain", raw.drain, parse_duration_ns, to.drain_ns);
  // An objective judges a probe of its own length.
  const std::uint64_t length_ns = to.objective ? to.probe_ns : to.duration_ns;
  if (to.warmup_ns >= length_ns) checker.refuse("--warmup is not shorter than the run");
  to.interval_ns = std::clamp<std::uint64_t>((length_ns - std::min(length_ns, to.warmup_ns)) / 20,
                                             50 * kNsPerMs, kNsPerSecond);
  checker.take("--interval", raw.interval, parse_duration_ns, to.interval_ns);
  if (to.interval_ns < kNsPerMs) checker.refuse("--interval: at least 1ms");
  to.keep_alive = !raw.no_keep_alive;
  if (raw.no_keep_alive && to.pipeline > 1)
    checker.refuse("--pipeline needs kept-alive connections");

  cpu_set_t allowed;
  const bool known = sched_getaffinity(0, sizeof allowed, &allowed) == 0;
  to.spin_ns = known && static_cast<unsigned>(CPU_COUNT(&allowed)) > to.threads ? 60'000 : 0;
  checker.take("--spin", raw.spin, parse_duration_ns, to.spin_ns);
}

void check_requests(Checker& checker, const Raw& raw, Arguments& to) {
  checker.take("--block", raw.block, parse_share, to.mix.block);
  checker.take("--validation-error", raw.validation_error, parse_share, to.mix.validation_error);
  checker.take("--malformed", raw.malformed, parse_share, to.mix.malformed);
  checker.take("--duplicates", raw.duplicates, parse_share, to.mix.duplicates);
  checker.take("--known", raw.known, parse_share, to.mix.known);
  checker.take("--padding", raw.padding, parse_byte_range, to.people.padding);
  checker.take("--max-error-rate", raw.max_error_rate, parse_share, to.max_error_rate);
  if (to.mix.block + to.mix.validation_error > 1) {
    checker.refuse("--block and --validation-error add up to more than 1");
  }
  if (raw.seed == "random") {
    std::ifstream("/dev/urandom", std::ios::binary)
        .read(reinterpret_cast<char*>(&to.seed), sizeof to.seed);
    to.seed >>= 16;  // short enough to be typed again
  } else {
    char* end = nullptr;
    to.seed = std::strtoull(raw.seed.c_str(), &end, 10);
    if (raw.seed.empty() || *end != '\0') checker.refuse("--seed: a number or \"random\"");
  }
  to.people.seed = to.seed;
  if (!raw.locales.empty()) to.people.locales = split(raw.locales);
  if (!raw.domains.empty()) to.people.domains = split(raw.domains);
  if (!raw.blocked_pattern.empty()) to.people.blocked_domains = split(raw.blocked_pattern);
  if (!raw.blocked_file.empty()) {
    auto lines = read_lines(raw.blocked_file);
    if (!lines || lines->empty()) {
      checker.refuse("--blocked-domains: no domain in " + raw.blocked_file);
    } else {
      to.people.blocked_domains = std::move(*lines);
    }
  }
  if (to.people.domains.empty()) checker.refuse("--domains: none given");
  for (const std::string& field : raw.fields) {
    if (has_line_break(field) || field.find(':') == std::string::npos || field[0] == ':') {
      checker.refuse("--header: expected \"Name: value\"");
    }
    to.more_fields += field + "\r\n";
  }
}

void check_user(Checker& checker, const Raw& raw, Arguments& to) {
  std::string user = raw.user;
  if (!raw.user.empty() + !raw.user_env.empty() + !raw.user_file.empty() > 1) {
    checker.refuse("one of --user, --user-env and --user-file is enough");
  }
  if (!raw.user_env.empty()) {
    const char* value = std::getenv(raw.user_env.c_str());
    if (value == nullptr) return checker.refuse("--user-env: " + raw.user_env + " is not set");
    user = value;
  } else if (!raw.user_file.empty()) {
    std::ifstream in(raw.user_file);
    if (!std::getline(in, user)) return checker.refuse("--user-file: cannot read " + raw.user_file);
    if (!user.empty() && user.back() == '\r') user.pop_back();
  }
  if (user.empty()) return;
  if (user.find(':') == std::string::npos) return checker.refuse("the user must be name:password");
  to.authorization = basic_authorization(user);
}

void check_server(Checker& checker, const Raw& raw, Arguments& to) {
  for (const std::string& text : split(raw.server)) {
    char* end = nullptr;
    const long pid = std::strtol(text.c_str(), &end, 10);
    if (*end != '\0' || pid <= 0 || pid > 4'194'304) {
      checker.refuse("--server-pid: \"" + text + "\" is not a process");
    }
    to.server.push_back(static_cast<pid_t>(pid));
  }
}

/// The options as given, without the secret ones, and the password out of the process list.
std::string describe_and_hide(int argc, char** argv) {
  std::string command;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--user" && i + 1 < argc) {
      ++i;
      std::memset(argv[i], 'x', std::strlen(argv[i]));
      command += " --user ...";
    } else if (option.starts_with("--user=")) {
      std::memset(argv[i] + 7, 'x', std::strlen(argv[i] + 7));
      command += " --user=...";
    } else if (option == "--header" && i + 1 < argc) {
      ++i;
      command += " --header ...";
    } else if (option.starts_with("--header=")) {
      command += " --header=...";
    } else if (const std::size_t query = option.find('?');
               query != std::string_view::npos && !option.starts_with("--find")) {
      command += " " + std::string(option.substr(0, query)) + "?...";  // may hold a key
    } else {
      command += " " + std::string(option);
    }
  }
  return command.empty() ? command : command.substr(1);
}

}  // namespace

core::Result<Arguments, EarlyExit> parse_arguments(int argc, char** argv) {
  Arguments to;
  Raw raw;
  CLI::App app(kDescription);
  app.set_version_flag("--version", std::string("claimgate-load " CLAIMGATE_LOAD_VERSION));
  app.add_option("url", raw.url, "http://127.0.0.1:8080/b2c/before-create")->required();
  declare_load(app, raw, to);
  declare_requests(app, raw, to);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // how CLI11 says --help, too
    std::ostringstream out;
    std::ostringstream err;
    const int code = app.exit(error, out, err);
    return EarlyExit{code == 0 ? 0 : 2, code == 0 ? out.str() : err.str()};
  }
  to.command = describe_and_hide(argc, argv);
  Checker checker;
  checker.take("URL", raw.url, parse_url, to.url);
  if (!raw.path.empty()) {
    if (raw.path[0] != '/' || raw.path.find_first_of(" \t\r\n") != std::string::npos) {
      checker.refuse("--path: must begin with / and hold no blank");
    }
    to.url.path = raw.path;
  }
  check_load(checker, raw, to);
  check_requests(checker, raw, to);
  check_user(checker, raw, to);
  check_server(checker, raw, to);
  if (!to.url.tls && (to.tls.insecure || !to.tls.ca.empty() || !to.tls.certificate.empty())) {
    checker.refuse("--insecure, --ca and --cert need an https:// URL");
  }
  if (!checker.error().empty()) return EarlyExit{2, checker.error() + "\n"};
  return to;
}

}  // namespace load
