#include "proxy/commands/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "proxy/net/unique_fd.h"

namespace proxy::commands {

core::Result<std::string, FileSource::Failure> FileSource::read_file(const std::string& path) {
  const net::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return Failure{std::strerror(errno)};
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return Failure{std::strerror(errno)};
  if (S_ISDIR(status.st_mode)) return Failure{"it is a directory"};
  std::string contents;
  contents.resize(static_cast<std::size_t>(status.st_size) + 1);
  std::size_t size = 0;
  for (;;) {
    const ssize_t got = ::read(fd.get(), contents.data() + size, contents.size() - size);
    if (got < 0) {
      if (errno == EINTR) continue;
      return Failure{std::strerror(errno)};
    }
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (size == contents.size()) contents.resize(contents.size() * 2);  // it grew, or has no size
  }
  contents.resize(size);
  return contents;
}

std::optional<std::string> FileSource::environment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

}  // namespace proxy::commands
