#include "proxy/lists/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/lists/compiled.h"
#include "proxy/lists/pages.h"
#include "proxy/net/unique_fd.h"

namespace proxy::lists {
namespace {

constexpr std::size_t kHugePage = 2 << 20;

FileError failed() { return {std::strerror(errno)}; }

void unmap(const void* bytes, std::size_t size) noexcept {
  give_back(bytes, size);
  ::munmap(const_cast<void*>(bytes), size);
}

/// Anonymous memory and its owner; null when there is none. Large pages where the kernel has them:
/// a look-up in a list of 128 MB falls into another 4 KiB page every time.
std::shared_ptr<char> anonymous(std::size_t size) {
  void* const at =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return nullptr;
  if (size >= kHugePage) ::madvise(at, size, MADV_HUGEPAGE);
  return {static_cast<char*>(at), [size](char* bytes) { unmap(bytes, size); }};
}

core::Result<FileBytes, FileError> map(int fd, const FileState& state) {
  const std::size_t size = state.size;
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (at == MAP_FAILED) return failed();
  ::madvise(at, size, MADV_WILLNEED);  // verifying reads all of it, and so no worker is the first
  std::shared_ptr<const void> owner(static_cast<const void*>(at),
                                    [size](const void* bytes) { unmap(bytes, size); });
  return FileBytes{{static_cast<const char*>(at), size}, std::move(owner), state, true};
}

core::Result<FileBytes, FileError> copy(int fd, const FileState& state) {
  std::size_t capacity = state.size + 1;  // the byte behind the end shows that there is none
  std::shared_ptr<char> bytes = anonymous(capacity);
  std::size_t size = 0;
  while (bytes != nullptr) {
    const ssize_t got = ::read(fd, bytes.get() + size, capacity - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed();
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (size < capacity) continue;
    // It grew, or it is a pipe and has no size.
    const std::size_t larger_capacity = capacity * 2 + (1 << 16);
    std::shared_ptr<char> larger = anonymous(larger_capacity);
    if (larger != nullptr) std::memcpy(larger.get(), bytes.get(), size);
    bytes = std::move(larger);
    capacity = larger_capacity;
  }
  if (bytes == nullptr) return failed();
  const std::string_view contents(bytes.get(), size);
  return FileBytes{contents, std::move(bytes), state, false};
}

}  // namespace

FileState FileState::of(const struct stat& status) noexcept {
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          status.st_mtim.tv_sec * kNsPerSecond + status.st_mtim.tv_nsec};
}

core::Result<FileState, FileError> look_at(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return failed();
  return FileState::of(status);
}

core::Result<FileBytes, FileError> read_list_file(const std::string& path) {
  const net::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return failed();
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return failed();
  if (S_ISDIR(status.st_mode)) return FileError{"it is a directory"};
  const FileState state = FileState::of(status);
  constexpr mode_t kAnyWrite = S_IWUSR | S_IWGRP | S_IWOTH;
  if (S_ISREG(status.st_mode) && (status.st_mode & kAnyWrite) == 0 && status.st_size > 0) {
    char begin[core::lists::kCompiledMagic.size()] = {};
    const ssize_t got = ::pread(fd.get(), begin, sizeof begin, 0);
    if (got == static_cast<ssize_t>(sizeof begin) &&
        core::lists::is_compiled({begin, sizeof begin})) {
      return map(fd.get(), state);
    }
  }
  return copy(fd.get(), state);
}

bool write_all(int fd, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string write_atomically(const std::string& path,
                             std::initializer_list<std::string_view> pieces, mode_t mode) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  std::string temporary = path + ".XXXXXX";
  const net::UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.valid()) return "cannot write beside " + path + ": " + std::strerror(errno);
  bool written = true;
  for (const std::string_view piece : pieces) written = written && write_all(fd.get(), piece);
  written = written && ::fchmod(fd.get(), mode) == 0 && ::fsync(fd.get()) == 0 &&
            ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) {
    const int why = errno;
    ::unlink(temporary.c_str());
    return "cannot write " + path + ": " + std::strerror(why);
  }
  // The file is in its place; only a power failure in this moment could still undo the rename.
  const net::UniqueFd above(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (above.valid()) ::fsync(above.get());
  return {};
}

}  // namespace proxy::lists
