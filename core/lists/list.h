#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/arena.h"
#include "core/lists/set.h"

namespace core::lists {

/// How entries and values are brought into one form, and what counts as being in the list.
enum class Match : std::uint8_t {
  kExact,   // the same bytes
  kEmail,   // text::normalise_email() of both
  kDomain,  // text::normalise_domain() of both; an entry also matches every domain below it
  kNetwork,  // IP networks (network.h); an entry matches every address and network in it
};

/// A line of a list file that was left out, or accepted with a remark.
struct BadLine {
  std::size_t line;     // from 1; 0 when it is about the whole list
  std::string message;  // says what is wrong and what to write; never quotes the line
};

/// A named set of values, immutable. See set.h for how it is laid out and what it costs.
/// Thread: any.
class List {
 public:
  /// Reads entries, one a line: UTF-8, a byte order mark allowed; LF or CRLF; white space around
  /// an entry removed; empty lines and lines that begin with '#' skipped. For kDomain a leading
  /// "@", "." or "*." is dropped. A line that is no such value is left out and reported in
  /// `bad_lines` (the first kBadLinesMax of them; `bad_count` counts all). `seed` is random: it
  /// keys the fingerprints (set.h). A list that does not fit into memory is not complete(). Takes
  /// 0.06 s for a million addresses; throws std::bad_alloc if there is not even the memory for the
  /// messages.
  static List parse(std::string_view contents, Match match, std::uint64_t seed);
  /// The same for values that stand in the configuration itself: BadLine::line is the value's
  /// place, from 1; '#' has no meaning, and an empty value is reported.
  static List of(const std::vector<std::string>& values, Match match, std::uint64_t seed);

  /// The same for values that are in normal form already, and not looked at.
  static List of_normal(const std::vector<std::string_view>& values, Match match,
                        std::uint64_t seed);

  /// True when `value` is in the list. `value` is in the list's own form already (normalise()).
  /// Never allocates. Looks at no more bytes than the longest entry has, whatever comes.
  bool contains(std::string_view value) const noexcept { return contains(value, nullptr); }
  /// The same, as if the entries in `without` were not among its own.
  bool contains(std::string_view value, const Set* without) const noexcept;
  /// True when `entry` itself, in normal form, is an entry: no domain above it counts.
  bool has_entry(std::string_view entry) const noexcept { return set_.contains(entry); }

  /// `value` in the form contains() expects.
  static std::string_view normalise(Match match, std::string_view value, Arena& arena) noexcept;

  /// False when there was no memory for the list: it is empty then, its one bad line (with line 0)
  /// says so, and whoever loads it must not take it for the list that was meant.
  [[nodiscard]] bool complete() const noexcept { return complete_; }
  Match match() const noexcept { return match_; }
  std::size_t size() const noexcept { return set_.size(); }                   // distinct entries
  std::size_t bytes() const noexcept { return sizeof(List) + set_.bytes(); }  // memory held
  const std::vector<BadLine>& bad_lines() const noexcept { return bad_lines_; }
  std::size_t bad_count() const noexcept { return bad_count_; }

  /// What a list is made of; see compiled.h.
  struct Parts {
    Set set;
    std::uint64_t seed = 0;
    std::size_t shortest = static_cast<std::size_t>(-1);
    std::size_t longest = 0;
    std::uint64_t label_counts = 0;
    Match match = Match::kExact;
    std::size_t bad_count = 0;
  };
  static List from(Parts parts);
  const Set& set() const noexcept { return set_; }
  std::uint64_t seed() const noexcept { return seed_; }
  std::size_t shortest() const noexcept { return shortest_; }
  std::size_t longest() const noexcept { return longest_; }
  std::uint64_t label_counts() const noexcept { return label_counts_; }

  /// The place of its current contents in a Table (live.h), for a list that only stands for it in
  /// compiled rules; kNoSlot for one that is meant itself.
  std::uint32_t slot() const noexcept { return slot_; }
  static List stand_in(Match match, std::uint32_t slot);
  static constexpr std::uint32_t kNoSlot = static_cast<std::uint32_t>(-1);

  static constexpr std::size_t kBadLinesMax = 20;
  static constexpr std::size_t kEntryBytesMax = 1024;  // of a line, without white space around it

 private:
  List() = default;
  template <typename Source>
  static List build(Source source, Match match, std::uint64_t seed);
  bool contains_domain(std::string_view domain, const Set* without) const noexcept;
  bool contains_network(std::string_view network, const Set* without) const noexcept;
  bool holds(std::string_view entry, const Set* without) const noexcept {
    return set_.contains(entry) && (without == nullptr || !without->contains(entry));
  }
  void keep_in_mind(std::string_view entry) noexcept;

  Set set_;
  std::uint64_t seed_ = 0;
  // What no look-up is needed for: the lengths of the entries in bytes and, of a list of domains,
  // which numbers of labels occur (bit n: n labels; bit 63: 63 or more), of a list of networks which
  // lengths of prefixes (length_bit()).
  std::size_t shortest_ = static_cast<std::size_t>(-1);
  std::size_t longest_ = 0;
  std::uint64_t label_counts_ = 0;
  std::uint32_t slot_ = kNoSlot;
  Match match_ = Match::kExact;
  bool complete_ = true;
  std::size_t bad_count_ = 0;
  std::vector<BadLine> bad_lines_;
};

}  // namespace core::lists
