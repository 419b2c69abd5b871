// F1: all of the work unit by hand on epoll. One recv, one send, a shared epoll_wait; one receive
// buffer for all connections; every answer that one read produced goes out together.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>

#include "benchmarks/peers/floor/conversation.h"
#include "benchmarks/peers/floor/listening.h"

namespace {

constexpr const char* kUsage = "floor_epoll PORT WORK_UNIT_DIRECTORY";
constexpr int kEventsMax = 256;
constexpr std::size_t kReadBytes = 64 << 10;

struct Connection {
  Connection(int accepted, peers::SignUp& sign_up) : fd(accepted), conversation(sign_up) {}
  ~Connection() { close(fd); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd;
  peers::Conversation conversation;
  std::string unsent;  // waits for EPOLLOUT; until then nothing more is read
  bool ends = false;   // closed once `unsent` is gone
};

class Server {
 public:
  Server(int listener, peers::SignUp& sign_up)
      : listener_(listener), epoll_(epoll_create1(EPOLL_CLOEXEC)), sign_up_(sign_up) {
    watch(EPOLL_CTL_ADD, listener_, EPOLLIN, nullptr);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, kEventsMax> events;
    while (true) {
      const int count = epoll_wait(epoll_, events.data(), kEventsMax, -1);
      for (int i = 0; i < count; ++i) {
        auto* connection = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (connection == nullptr) {
          accept_all();
        } else if (!(connection->unsent.empty() ? read(*connection) : write(*connection))) {
          delete connection;  // made in accept_all(); the close takes it out of the epoll set
        }
      }
    }
  }

 private:
  void watch(int change, int fd, std::uint32_t what, Connection* connection) const {
    epoll_event event{};
    event.events = what;
    event.data.ptr = connection;
    epoll_ctl(epoll_, change, fd, &event);
  }

  void accept_all() {
    for (int fd; (fd = peers::accept_next(listener_)) >= 0;) {
      auto connection = std::make_unique<Connection>(fd, sign_up_);
      watch(EPOLL_CTL_ADD, fd, EPOLLIN, connection.release());
    }
  }

  bool read(Connection& connection) {
    const ssize_t got = recv(connection.fd, buffer_.data(), kReadBytes, 0);
    if (got <= 0) return false;
    out_.clear();
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    connection.ends = !connection.conversation.take(bytes, out_);
    if (out_.empty()) return !connection.ends;
    const ssize_t sent = send(connection.fd, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(out_.size())) return !connection.ends;
    if (sent < 0 && errno != EAGAIN) return false;
    connection.unsent.assign(out_, sent < 0 ? 0 : static_cast<std::size_t>(sent));
    watch(EPOLL_CTL_MOD, connection.fd, EPOLLOUT, &connection);
    return true;
  }

  bool write(Connection& connection) {
    std::string& unsent = connection.unsent;
    const ssize_t sent = send(connection.fd, unsent.data(), unsent.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    unsent.erase(0, static_cast<std::size_t>(sent));
    if (!unsent.empty()) return true;
    watch(EPOLL_CTL_MOD, connection.fd, EPOLLIN, &connection);
    return !connection.ends;
  }

  int listener_;
  int epoll_;
  peers::SignUp& sign_up_;
  std::array<char, kReadBytes + simdjson::SIMDJSON_PADDING> buffer_{};
  std::string out_;  // the answers of one read
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint16_t port = peers::port_or_exit(argc == 3 ? argv[1] : nullptr, kUsage);
  auto sign_up = peers::SignUp::load(argv[2]);
  if (!sign_up) {
    std::fprintf(stderr, "no work unit in %s: run benchmarks/work_unit/generate\n", argv[2]);
    return 1;
  }
  const auto server = std::make_unique<Server>(peers::listen_on_loopback(port), *sign_up);
  server->run();
}
