#include "tools/load/fingerprint.h"

#include <openssl/crypto.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace load {
namespace {

std::string cpu_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string compiler_name() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

std::string build_name() {
  std::string name = CLAIMGATE_LOAD_BUILD;
  const std::string sanitizers = CLAIMGATE_LOAD_SANITIZE;
  if (!sanitizers.empty()) name += " with sanitizers " + sanitizers;
  if (name != "Release" && name != "RelWithDebInfo") name += " (not for measuring)";
  return name;
}

}  // namespace

Fingerprint take_fingerprint() {
  Fingerprint print;
  print.cpu = cpu_name();
  utsname name{};
  if (uname(&name) == 0) {
    print.kernel = std::string(name.sysname) + " " + name.release + " " + name.machine;
  }
  print.compiler = compiler_name();
  print.build = build_name();
  print.version = CLAIMGATE_LOAD_VERSION;
  print.openssl = OpenSSL_version(OPENSSL_VERSION);
  print.cores = static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  print.cores_allowed = print.cores;
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    print.cores_allowed = static_cast<unsigned>(CPU_COUNT(&allowed));
  }
  std::ifstream governor("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  std::getline(governor, print.governor);
  return print;
}

}  // namespace load
