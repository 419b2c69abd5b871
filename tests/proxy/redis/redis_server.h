#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// A real Redis or Valkey of the test's own, on a free port of loopback and in a directory of its own.
namespace proxy::redis {

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

class RedisServer {
 public:
  /// The program, or empty when none is installed.
  static std::string program() {
    for (const char* path : {"/usr/bin/redis-server", "/usr/bin/valkey-server"}) {
      if (::access(path, X_OK) == 0) return path;
    }
    return {};
  }

  /// Lines of its configuration besides port, directory and persistence to a log with every write.
  explicit RedisServer(std::vector<std::string> lines = {}, bool tls = false)
      : lines_(std::move(lines)), tls_(tls) {
    std::string name = (std::filesystem::temp_directory_path() / "claimgate-redis-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) directory_ = name;
    for (int attempt = 0; attempt < 5 && !running_; ++attempt) {  // the port may be gone meanwhile
      port_ = free_port();
      start();
    }
  }
  ~RedisServer() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  std::uint16_t port() const { return port_; }
  bool running() const { return running_; }
  const std::string& directory() const { return directory_; }
  /// Writes a file beside its data, before start().
  std::string file(const std::string& name, const std::string& contents) {
    std::ofstream(directory_ + "/" + name) << contents;
    return directory_ + "/" + name;
  }

  void start() {
    std::ofstream configuration(directory_ + "/redis.conf");
    configuration << (tls_ ? "port 0\ntls-port " : "port ") << port_ << "\nbind 127.0.0.1\ndir " << directory_
                  << "\nappendonly yes\nappendfsync no\nsave \"\"\nloglevel warning\nlogfile \"\"\n";
    for (const std::string& line : lines_) configuration << line << "\n";
    configuration.close();
    const std::string path = program(), file = directory_ + "/redis.conf", log = directory_ + "/log";
    child_ = ::fork();
    if (child_ == 0) {
      const int out = ::open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
      ::dup2(out, 1);
      ::dup2(out, 2);
      ::execl(path.c_str(), path.c_str(), file.c_str(), nullptr);
      ::_exit(127);
    }
    // Until it listens, or has ended because the port was taken.
    for (int i = 0; i < 3000; ++i) {
      if (::waitpid(child_, nullptr, WNOHANG) == child_) {
        child_ = -1;
        return;
      }
      if (listens()) {
        running_ = true;
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  void kill() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    child_ = -1;
    running_ = false;
  }
  void stop() const { ::kill(child_, SIGSTOP); }
  void go_on() const { ::kill(child_, SIGCONT); }

 private:
  bool listens() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port_);
    const bool open = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return open;
  }

  std::vector<std::string> lines_;
  bool tls_;
  std::string directory_;
  std::uint16_t port_ = 0;
  pid_t child_ = -1;
  bool running_ = false;
};

}  // namespace proxy::redis
