#pragma once

#include <string>

namespace load {

/// Where and with what a result was measured: results of different machines do not compare.
struct Fingerprint {
  std::string cpu;             // "AMD EPYC 7763 64-Core Processor"
  std::string kernel;          // "Linux 6.1.0-18-amd64 x86_64"
  std::string compiler;        // of claimgate-load
  std::string build;           // build type; with a warning when it is no release build
  std::string version;         // of claimgate-load
  std::string openssl;         // at run time
  unsigned cores = 0;          // online
  unsigned cores_allowed = 0;  // to this process (taskset, cgroup cpuset)
  std::string governor;        // of the first core's frequency; empty when the machine does not say

  bool same_machine(const Fingerprint& other) const {
    return cpu == other.cpu && kernel == other.kernel && cores == other.cores;
  }
};

Fingerprint take_fingerprint();

}  // namespace load
