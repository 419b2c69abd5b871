#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "core/lists/live.h"

// The journal of a list's live changes, as bytes
//
// A line that names the format, then one record for each step, only ever appended to:
//
//     u32 length of what follows the checksum   u32 check of the length   u64 checksum
//     u8 kind   i64 at, s   i64 expires, s      the value
//
// The process may be killed, and the machine fail, at any byte of an append. What it leaves is a
// record that is not there to its end, or (some file systems) zeros where it should be: that is
// torn, nobody was told it was kept, and it is dropped. A record that is wrong while more follows
// is damage of another kind: what follows it may be lost as well, so the journal is refused. The
// length has a check of its own because a wrong one would make the rest look torn.
namespace core::lists {

inline constexpr std::string_view kJournalMagic = "claimgate list journal 1\n";

/// Appends the bytes of a record.
void append_step(std::string& to, const Step& step);

struct JournalRead {
  std::size_t sound_bytes = 0;  // up to here everything is as it was written
  std::size_t steps = 0;
  bool torn = false;     // behind sound_bytes is the beginning of a record that was never finished
  bool damaged = false;  // behind sound_bytes is something else
};

/// Calls `visit` for each step of a journal's contents, in order. Empty contents are a journal
/// without steps. The views given to `visit` lie in `bytes`. Any bytes may come.
JournalRead read_journal(std::string_view bytes, const std::function<void(const Step&)>& visit);

}  // namespace core::lists
