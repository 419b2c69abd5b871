#include "proxy/process/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace proxy::process {
namespace {

/// A service manager's socket, at `name` as NOTIFY_SOCKET would have it.
class Manager {
 public:
  explicit Manager(const std::string& name) : name_(name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() +
                                             (name[0] == '@' ? 0 : 1));
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bound_ = ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0;
  }
  ~Manager() {
    ::close(fd_);
    if (name_[0] == '/') ::unlink(name_.c_str());
  }
  bool bound() const { return bound_; }
  /// The next datagram; empty when there is none.
  std::string read() {
    char bytes[512];
    const ssize_t size = ::recv(fd_, bytes, sizeof bytes, 0);
    return size < 0 ? "" : std::string(bytes, static_cast<std::size_t>(size));
  }

 private:
  const std::string name_;
  int fd_ = -1;
  bool bound_ = false;
};

TEST(Notifier, SendsItsLinesToTheSocketThatIsNamed) {
  const std::string number = std::to_string(::getpid());
  for (const std::string& name :
       {testing::TempDir() + "notify-" + number, "@claimgate-notify-" + number}) {
    SCOPED_TRACE(name);
    Manager manager(name);
    ASSERT_TRUE(manager.bound());
    const Notifier notifier(name);
    ASSERT_TRUE(notifier.on());
    EXPECT_TRUE(notifier.send("READY=1\nSTATUS=serving"));
    EXPECT_TRUE(notifier.send("STOPPING=1"));
    EXPECT_EQ(manager.read(), "READY=1\nSTATUS=serving");  // one datagram each
    EXPECT_EQ(manager.read(), "STOPPING=1");
    EXPECT_EQ(manager.read(), "");
  }
}

TEST(Notifier, IsOffWhenNobodyIsNamedOrListens) {
  const std::string too_long = "/" + std::string(sizeof(sockaddr_un::sun_path), 'a');
  for (const std::string& name :
       {std::string(), std::string("/"), std::string("@"), std::string("relative"),
        std::string("vsock:2:1234"), std::string("/nowhere/at/all"), too_long}) {
    SCOPED_TRACE(name);
    const Notifier notifier(name);
    EXPECT_FALSE(notifier.on());
    EXPECT_TRUE(notifier.send("READY=1"));
  }
}

TEST(Notifier, SaysSoWhenTheManagerIsGone) {
  const std::string name = "@claimgate-gone-" + std::to_string(::getpid());
  Notifier notifier;
  {
    Manager manager(name);
    ASSERT_TRUE(manager.bound());
    notifier = Notifier(name);
  }
  EXPECT_TRUE(notifier.on());
  EXPECT_FALSE(notifier.send("READY=1"));
}

TEST(WatchdogPeriod, IsTheManagersForThisProcessAlone) {
  using std::chrono::microseconds;
  EXPECT_EQ(watchdog_period("30000000", nullptr, 7), microseconds(30'000'000));
  EXPECT_EQ(watchdog_period("30000000", "7", 7), microseconds(30'000'000));
  EXPECT_EQ(watchdog_period("30000000", "8", 7), std::nullopt);
  EXPECT_EQ(watchdog_period(nullptr, "7", 7), std::nullopt);
  for (const char* const bad : {"", "0", "-5", "30s", "99999999999999999999"}) {
    EXPECT_EQ(watchdog_period(bad, nullptr, 7), std::nullopt) << bad;
  }
  EXPECT_EQ(watchdog_period("5", "seven", 7), std::nullopt);
}

}  // namespace
}  // namespace proxy::process
