#include "proxy/process/notify.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstring>

namespace proxy::process {
namespace {

std::optional<std::int64_t> number(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

}  // namespace

Notifier::Notifier(std::string_view socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool abstract = socket.starts_with('@');
  if (socket.size() < 2 || (!abstract && !socket.starts_with('/')) ||
      socket.size() >= sizeof address.sun_path) {
    return;
  }
  std::memcpy(address.sun_path, socket.data(), socket.size());
  if (abstract) address.sun_path[0] = '\0';  // unix(7): the name is all bytes behind it
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size() + (abstract ? 0 : 1));
  net::UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return;
  const timeval patience{.tv_sec = kPatience.count() / 1'000, .tv_usec = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return;
  fd_ = std::move(fd);
}

bool Notifier::send(std::string_view lines) const noexcept {
  if (!on()) return true;
  const ssize_t sent = ::send(fd_.get(), lines.data(), lines.size(), MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(lines.size());
}

std::optional<std::chrono::microseconds> watchdog_period(const char* usec, const char* watched_pid,
                                                         std::int64_t pid) noexcept {
  if (usec == nullptr) return std::nullopt;
  if (watched_pid != nullptr && number(watched_pid) != pid) return std::nullopt;
  const auto period = number(usec);
  if (!period) return std::nullopt;
  return std::chrono::microseconds(*period);
}

}  // namespace proxy::process
