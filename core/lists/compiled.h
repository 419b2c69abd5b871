#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/lists/list.h"
#include "core/result.h"

// The compiled form of a list
//
// A header of two cache lines, then the buckets of its Set as they are in memory, so that loading
// is mapping and verifying. Numbers are the machine's; a mark says in which byte order.
//
//     0  magic, 8 bytes            40  buckets              80  lines that were left out
//     8  byte order mark, u32      48  shortest entry       88  a probe of the hash
//    12  version, u32              56  longest entry        96  checksum of the buckets
//    16  match, u32                64  label counts        104  zero, 16 bytes
//    20  bytes of the header, u32  72  built, s since 1970 120  checksum of bytes 0 to 119
//    24  seed                      (numbers without a size are u64)
//    32  entries
//
// The probe is the mark of a fixed text under the seed: should the hash of a later release differ
// and somebody forget the version, the file is refused instead of never matching.
//
// The seed is chosen at random by whoever builds the file, and stands in it. Who can read the file
// can therefore look for texts that are taken for entries (2^64 / 5.6 trials for one, set.h), and
// can ask it about addresses he guesses, as with any file of hashes: it is a secret like the list
// it was made of. What it costs an attacker to find one false hit is worth less than what a blocked
// address costs to replace; a seed kept elsewhere would be one more secret to hand around.
namespace core::lists {

/// Like that of PNG: a byte that is no UTF-8, and a line end that text transfers would spoil.
inline constexpr std::string_view kCompiledMagic =
    "\x89"
    "CGLIST\n";
inline constexpr std::uint32_t kCompiledVersion = 1;
inline constexpr std::size_t kCompiledHeaderBytes = 128;

/// True when `contents` is, or began as, a compiled list.
inline bool is_compiled(std::string_view contents) noexcept {
  return !contents.empty() && contents.starts_with(kCompiledMagic.substr(0, contents.size()));
}

/// The header of `list`; behind it belong the bytes of list.set().bucket_bytes().
std::string compiled_header(const List& list, std::int64_t built_at_s);

struct Compiled {
  List list;
  std::int64_t built_at_s = 0;
};

/// Why a file is refused: what is wrong with it, and what to do.
struct CompiledError {
  std::string message;
};

/// The list in `contents`, which `owner` keeps as they are for as long as it lives; they begin at a
/// multiple of 64 bytes or are copied. Everything is verified first: 10,000,000 entries take 10 ms.
/// Throws std::bad_alloc. Thread: any.
Result<Compiled, CompiledError> open_compiled(std::string_view contents,
                                              std::shared_ptr<const void> owner);

/// "exact", "email", "domain" or "network".
std::string_view name(Match match) noexcept;

/// The list in a file's contents, compiled or text (list.h), which is recognised by its first
/// bytes. `seed` keys a text's; a compiled list must have been built for `match`.
Result<List, CompiledError> read_list(std::string_view contents, std::shared_ptr<const void> owner,
                                      Match match, std::uint64_t seed);

}  // namespace core::lists
