#include "proxy/lists/journal_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/lists/entry.h"
#include "core/lists/journal.h"
#include "proxy/lists/files.h"

namespace proxy::lists {
namespace {

using core::lists::Step;

constexpr mode_t kMode = 0600;  // the values are people's addresses, as they are
constexpr std::size_t kArenaBytes = 128 << 10;
constexpr std::size_t kStepsSpare = 1000;  // superseded steps that are not worth a new file

std::string because(const std::string& what, int error) {
  return what + ": " + std::strerror(error);
}

}  // namespace

JournalFile::Opened JournalFile::open(std::string path, core::lists::Match match) {
  *this = {};
  path_ = std::move(path);
  match_ = match;
  fd_ = net::UniqueFd(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, kMode));
  if (!fd_.valid()) return {because("cannot open " + path_, errno), {}};
  auto read = read_list_file(path_);
  if (!read) return {"cannot read " + path_ + ": " + read.error().why, {}};
  const std::string_view contents = read.value().contents;
  core::Arena arena(kArenaBytes);
  std::size_t left_out = 0;
  const core::lists::JournalRead journal =
      core::lists::read_journal(contents, [&](const Step& step) {
        arena.reset();
        const core::lists::Entry entry = core::lists::read_entry(step.value, match, arena);
        if (entry.wrong != nullptr || entry.value.empty()) {
          ++left_out;  // the list had another `match` then
          return;
        }
        Step normal = step;
        normal.value = entry.value;
        changes_.apply(normal);
      });
  if (journal.damaged) {
    return {path_ + " is damaged at byte " + std::to_string(journal.sound_bytes) +
                ": bring it back from a copy, or move it away to do without its changes",
            {}};
  }
  Opened opened;
  size_ = journal.sound_bytes;
  steps_ = journal.steps;
  if (journal.torn) {
    opened.remark = path_ + " ends in a change that was cut off; it is dropped";
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) {
      return {because("cannot repair " + path_, errno), {}};
    }
  }
  if (size_ == 0) {
    if (!write_all(fd_.get(), core::lists::kJournalMagic)) {
      return {because("cannot write " + path_, errno), {}};
    }
    size_ = core::lists::kJournalMagic.size();
  }
  if (left_out != 0) {
    opened.remark += (opened.remark.empty() ? "" : "; ") + path_ + ": " + std::to_string(left_out) +
                     " changes left out, their values do not fit the list's match";
  }
  return opened;
}

std::string JournalFile::append(const std::vector<Step>& steps) {
  std::string bytes;
  for (const Step& step : steps) core::lists::append_step(bytes, step);
  if (!write_all(fd_.get(), bytes) || ::fdatasync(fd_.get()) != 0) {
    const int why = errno;
    // Whatever part of it is there must not come before what is appended next.
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) fd_.reset();
    return because("cannot write " + path_, why);
  }
  size_ += bytes.size();
  steps_ += steps.size();
  for (const Step& step : steps) changes_.apply(step);
  if (steps_ > 2 * changes_.size() + kStepsSpare) static_cast<void>(compact());
  return {};
}

/// A journal of what is in force, in place of how it came about. When it fails the old one goes on.
std::string JournalFile::compact() {
  std::string bytes(core::lists::kJournalMagic);
  changes_.each([&](std::string_view value, const core::lists::Changes::Change& change) {
    core::lists::append_step(bytes, {change.kind, change.since_s, change.expires_s, value});
  });
  if (std::string why = write_atomically(path_, {bytes}, kMode); !why.empty()) return why;
  net::UniqueFd fresh(::open(path_.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
  if (!fresh.valid()) {
    fd_.reset();  // the old file has no name any more: what was appended there would be lost
    return because("cannot open " + path_, errno);
  }
  fd_ = std::move(fresh);
  size_ = bytes.size();
  steps_ = changes_.size();
  return {};
}

}  // namespace proxy::lists
