#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/net/unique_fd.h"

namespace proxy::process {

/// Tells the service manager how the process is: datagrams to the socket that it has named in
/// NOTIFY_SOCKET (sd_notify(3), "Type=notify" of a systemd unit). Written here because it is one
/// sendto(): libsystemd would be a library in a process that holds secrets, for that alone.
/// Thread: one at a time.
class Notifier {
 public:
  /// Says nothing to nobody.
  Notifier() = default;
  /// `socket` as NOTIFY_SOCKET has it: the path of a Unix socket, or '@' and an abstract name.
  /// Anything else, empty included, is nobody.
  explicit Notifier(std::string_view socket);

  bool on() const noexcept { return fd_.get() >= 0; }
  /// Sends lines such as "READY=1\nSTATUS=...". False when they could not be handed over within
  /// kPatience; true also when nobody listens.
  bool send(std::string_view lines) const noexcept;

  static constexpr std::chrono::milliseconds kPatience{1'000};

 private:
  net::UniqueFd fd_;  // connected
};

/// How often the service manager wants a sign of life, from WATCHDOG_USEC and WATCHDOG_PID
/// (sd_watchdog_enabled(3)); either may be null. None when it wants none from process `pid`, or the
/// texts are no numbers.
std::optional<std::chrono::microseconds> watchdog_period(const char* usec, const char* watched_pid,
                                                         std::int64_t pid) noexcept;

}  // namespace proxy::process
