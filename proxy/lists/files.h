#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace proxy::lists {

struct FileError {
  std::string why;
};

/// What tells one state of a file from the next without reading it.
struct FileState {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified_ns = 0;

  static FileState of(const struct stat& status) noexcept;
  friend bool operator==(const FileState&, const FileState&) = default;
};
/// Nothing when the file cannot be looked at.
core::Result<FileState, FileError> look_at(const std::string& path);

/// A file's contents, which do not change while `owner` lives.
struct FileBytes {
  std::string_view contents;  // at a multiple of 64 bytes
  std::shared_ptr<const void> owner;
  FileState state;
  bool mapped = false;
};

/// Reads or maps a file. Mapped is a compiled list that nobody may write (no write permission in
/// its mode, as `claimgate list build` leaves it): its pages are shared with every process that
/// maps it, and a new list takes its place by another file under its name. Anything else is copied
/// first: a mapped file that is overwritten in place changes the answers without being verified,
/// and one that is cut off ends the process (SIGBUS). Any thread.
core::Result<FileBytes, FileError> read_list_file(const std::string& path);

/// Writes `pieces` as the file `path`, which is either the old file or the whole new one at any
/// moment, also after a power failure: a temporary file beside it, fsync, rename, fsync of the
/// directory. Empty when it is done, else why not. Any thread.
std::string write_atomically(const std::string& path,
                             std::initializer_list<std::string_view> pieces, mode_t mode);

/// write(2) until all is written; false with errno otherwise.
bool write_all(int fd, std::string_view bytes) noexcept;

}  // namespace proxy::lists
