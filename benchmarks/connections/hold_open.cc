// Holds many keep-alive connections open: each made one request and then says nothing. For
// benchmarks/idle, which asks the server's process what they cost.
//
//   hold_open --work-unit DIRECTORY --port N --connections N
//
// Prints {"open":N,"wanted":N,"answered":N,"why":"..."} once all of them have their answer or no
// more can be opened, then waits until its standard input ends. Connections come from 127.0.0.1,
// 127.0.0.2 and so on, because one address has only some 28,000 ports for one server.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "benchmarks/load/work_unit.h"

namespace {

constexpr std::size_t kPerAddress = 20'000;
constexpr std::size_t kAnswerBytesMax = 16 << 10;
constexpr std::size_t kBatch = 500;  // requests under way at once: below any backlog

struct Options {
  std::string work_unit;
  std::uint16_t port = 0;
  std::size_t connections = 0;
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
    bool ok = false;
    if (name == "--work-unit") ok = !(options.work_unit = argv[i + 1]).empty();
    if (name == "--port") ok = read_number(argv[i + 1], options.port);
    if (name == "--connections") ok = read_number(argv[i + 1], options.connections);
    if (!ok) return false;
  }
  return argc % 2 == 1 && !options.work_unit.empty() && options.port != 0 &&
         options.connections != 0;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// A connection from the `index`-th source address; -1 with errno set.
int open_connection(std::size_t index, std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<std::uint32_t>(index / kPerAddress));
  // The port is chosen by connect(), when the other end is known: a port may serve several.
  const int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
      connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    const int why = errno;
    close(fd);
    errno = why;
    return -1;
  }
  return fd;
}

/// Waits for one complete answer. False when the server closed or said something else.
bool receive_answer(int fd) {
  std::array<char, kAnswerBytesMax> bytes;
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = recv(fd, bytes.data() + size, bytes.size() - size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    size += static_cast<std::size_t>(got);
    load::AnswerHead head;
    const auto state = load::read_answer_head({bytes.data(), size}, head);
    if (state == load::HeadState::kNotUnderstood) return false;
    if (state == load::HeadState::kComplete && size >= head.head_bytes + head.body_bytes) {
      return head.status != 503;
    }
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse_options(argc, argv, options)) {
    std::fprintf(stderr, "usage: hold_open --work-unit DIRECTORY --port N --connections N\n");
    return 2;
  }
  std::string why;
  const auto unit = load::WorkUnit::load(options.work_unit, why);
  if (!unit) {
    std::fprintf(stderr, "%s\n", why.c_str());
    return 2;
  }
  raise_descriptor_limit();

  std::vector<int> held;
  held.reserve(options.connections);
  std::size_t answered = 0;
  while (held.size() < options.connections && why.empty()) {
    const std::size_t first = held.size();
    while (held.size() < options.connections && held.size() < first + kBatch) {
      const int fd = open_connection(held.size(), options.port);
      if (fd < 0) {
        why = std::strerror(errno);
        break;
      }
      held.push_back(fd);
      const std::string_view request = unit->requests[held.size() % unit->requests.size()];
      if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) why = "send failed";
    }
    for (std::size_t i = first; i < held.size(); ++i) answered += receive_answer(held[i]) ? 1 : 0;
  }
  std::printf("{\"open\":%zu,\"wanted\":%zu,\"answered\":%zu,\"why\":\"%s\"}\n", held.size(),
              options.connections, answered, why.c_str());
  std::fflush(stdout);
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  // Connections the server has closed meanwhile would have been measured as held.
  std::size_t closed = 0;
  for (const int fd : held) {
    if (recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0) ++closed;
  }
  std::printf("{\"closed\":%zu}\n", closed);
}
