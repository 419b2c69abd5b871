// The load of the comparison: N keep-alive connections, each sends its next request as soon as the
// last one is answered, and every answer is checked. A closed loop finds the capacity and the CPU
// price of a server; it says little about latency at a given rate (that is claimgate-load's job).
//
// It must be cheaper than what it measures. One recv and one send a request; an answer that is byte
// for byte the one checked before for the same request is not parsed again.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/load/latency.h"
#include "benchmarks/load/work_unit.h"

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr const char* kUsage =
    "closed_loop --work-unit DIRECTORY --port N [--connections 64] [--seconds 4] [--count N]\n"
    "  Sends for --seconds, or --count requests if that is given and comes first. Prints JSON.\n"
    "  Exit codes: 0 done (wrong answers are counted, not an error), 1 no server, 2 arguments.";
constexpr auto kLastAnswersWait = 3s;  // for requests under way when the time is up
constexpr std::size_t kAnswerBytesMax = 16 << 10;

struct Options {
  std::string work_unit;
  std::uint16_t port = 0;
  std::size_t connections = 64;
  double seconds = 4;
  std::uint64_t count = UINT64_MAX;
};

template <typename Number>
bool read_number(const char* text, Number& number) {
  const char* const end = text + std::strlen(text);
  const auto [stop, ec] = std::from_chars(text, end, number);
  return ec == std::errc{} && stop == end && number > 0;
}

bool parse_options(int argc, char** argv, Options& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const char* const value = argv[i + 1];
    bool ok = false;
    if (name == "--work-unit") ok = !(options.work_unit = value).empty();
    if (name == "--port") ok = read_number(value, options.port);
    if (name == "--connections") ok = read_number(value, options.connections);
    if (name == "--seconds") ok = read_number(value, options.seconds);
    if (name == "--count") ok = read_number(value, options.count);
    if (!ok) return false;
  }
  return argc % 2 == 1 && !options.work_unit.empty() && options.port != 0;
}

struct Connection {
  int fd = -1;
  std::size_t request = 0;  // index into the work unit, of the one under way
  Clock::time_point sent_at;
  std::size_t received = 0;
  std::array<char, kAnswerBytesMax> answer;
};

/// The answer last checked for a request, and how it did.
struct Checked {
  std::string answer;
  bool right = false;
};

class ClosedLoop {
 public:
  ClosedLoop(const load::WorkUnit& unit, const Options& options)
      : unit_(unit), options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    checked_.resize(unit.requests.size());
  }

  /// False when the server cannot be reached at all.
  bool run() {
    connections_.resize(options_.connections);
    for (auto& connection : connections_) {
      connection = std::make_unique<Connection>();
      if (!open(*connection)) return false;
    }
    began_ = Clock::now();
    const auto length = std::chrono::duration<double>(options_.seconds);
    deadline_ = began_ + std::chrono::duration_cast<Clock::duration>(length);
    now_ = began_;
    for (auto& connection : connections_) send_next(*connection);
    while (under_way_ > 0 && now_ < deadline_ + kLastAnswersWait) turn();
    return true;
  }

  void print() const {
    const double seconds = std::chrono::duration<double>(last_answer_ - began_).count();
    const auto us = [this](double share) {
      return static_cast<double>(latencies_.percentile_ns(share)) / 1e3;
    };
    std::printf(
        "{\"requests\":%llu,\"seconds\":%.6f,\"requests_per_second\":%.1f,\"wrong\":%llu,"
        "\"unanswered\":%llu,\"reconnects\":%llu,\"connections\":%zu,"
        "\"latency_us\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f},"
        "\"first_wrong_request\":%lld}\n",
        static_cast<unsigned long long>(latencies_.count()), seconds,
        seconds > 0 ? static_cast<double>(latencies_.count()) / seconds : 0.0,
        static_cast<unsigned long long>(wrong_), static_cast<unsigned long long>(unanswered_),
        static_cast<unsigned long long>(reconnects_), options_.connections, us(0.5), us(0.9),
        us(0.99), us(0.999), static_cast<double>(latencies_.max_ns()) / 1e3, first_wrong_);
  }

 private:
  bool open(Connection& connection) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      if (fd >= 0) close(fd);
      return false;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    connection.fd = fd;
    return true;
  }

  void turn() {
    std::array<epoll_event, 256> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
    now_ = Clock::now();
    for (int i = 0; i < count; ++i) {
      receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
  }

  void send_next(Connection& connection) {
    if (now_ >= deadline_ || sent_ >= options_.count) return;
    connection.request = sent_++ % unit_.requests.size();
    connection.received = 0;
    const std::string_view request = unit_.requests[connection.request];
    connection.sent_at = Clock::now();
    ++under_way_;
    // A blocking socket: a request is far smaller than the send buffer, which is empty here.
    const ssize_t sent = send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request.size())) lose(connection);
  }

  void receive(Connection& connection) {
    const ssize_t got = recv(connection.fd, connection.answer.data() + connection.received,
                             kAnswerBytesMax - connection.received, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return lose(connection);
    connection.received += static_cast<std::size_t>(got);
    const std::string_view answer(connection.answer.data(), connection.received);
    Checked& checked = checked_[connection.request];
    if (answer == checked.answer) return complete(connection, checked.right, true);

    load::AnswerHead head;
    const load::HeadState state = load::read_answer_head(answer, head);
    const std::size_t size = head.head_bytes + head.body_bytes;
    if (state == load::HeadState::kNotUnderstood || size > kAnswerBytesMax) {
      return lose(connection);
    }
    if (state == load::HeadState::kIncomplete || answer.size() < size) return;
    checked.right =
        answer.size() == size &&  // more bytes than the answer has: nobody asked for them
        load::answer_is_right(head.status, answer.substr(head.head_bytes),
                              unit_.expected[connection.request]);
    if (head.keeps_alive) checked.answer = answer;
    complete(connection, checked.right, head.keeps_alive);
  }

  void complete(Connection& connection, bool right, bool keeps_alive) {
    last_answer_ = Clock::now();
    latencies_.add(static_cast<std::uint64_t>((last_answer_ - connection.sent_at).count()));
    --under_way_;
    if (!right) {
      ++wrong_;
      if (first_wrong_ < 0) first_wrong_ = static_cast<long long>(connection.request);
    }
    if (!keeps_alive && !reopen(connection)) return;
    send_next(connection);
  }

  /// The connection ended, or said something that is no answer.
  void lose(Connection& connection) {
    const bool was_waiting = connection.sent_at != Clock::time_point{};
    if (was_waiting && under_way_ > 0) {
      --under_way_;
      ++unanswered_;
    }
    if (reopen(connection)) send_next(connection);
  }

  bool reopen(Connection& connection) {
    close(connection.fd);
    connection.sent_at = {};
    ++reconnects_;
    return now_ < deadline_ && open(connection);
  }

  const load::WorkUnit& unit_;
  const Options& options_;
  int epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Checked> checked_;  // by request
  load::Latencies latencies_;
  Clock::time_point began_, deadline_, last_answer_, now_;
  std::uint64_t sent_ = 0, under_way_ = 0, wrong_ = 0, unanswered_ = 0, reconnects_ = 0;
  long long first_wrong_ = -1;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse_options(argc, argv, options)) {
    std::fprintf(stderr, "usage: %s\n", kUsage);
    return 2;
  }
  std::string why;
  const auto unit = load::WorkUnit::load(options.work_unit, why);
  if (!unit) {
    std::fprintf(stderr, "%s\n", why.c_str());
    return 2;
  }
  const auto loop = std::make_unique<ClosedLoop>(*unit, options);
  if (!loop->run()) {
    std::fprintf(stderr, "nobody listens on 127.0.0.1:%u\n", unsigned{options.port});
    return 1;
  }
  loop->print();
}
