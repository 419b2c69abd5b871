#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/arena.h"
#include "core/claims/name_table.h"

namespace core::claims {

enum class Kind : std::uint8_t { kAbsent, kString, kNumber, kBoolean, kNull, kArray, kObject };

/// One claim of a request. The views point into the body, or into the request's arena where the
/// JSON had escapes: good until the next request.
struct Claim {
  Kind kind = Kind::kAbsent;
  std::string_view name;   // as it arrived, unescaped: answers repeat the caller's spelling
  std::string_view value;  // a string unescaped; anything else as its JSON text
};

/// The claims of one request that the configuration knows, by NameId. Made once a worker and
/// filled again for each request; filling it never allocates.
class Claims {
 public:
  explicit Claims(std::size_t names)
      : names_(names), places_(names + kStrangersMax), touched_((names + 63) / 64) {}

  const Claim& operator[](NameId id) const noexcept { return places_[id].claim; }
  Claim& operator[](NameId id) noexcept {
    touched_[id / 64U] |= std::uint64_t{1} << (id % 64U);
    return places_[id].claim;
  }
  std::size_t size() const noexcept { return names_; }
  /// Calls `each(id, claim)` for the claims that are there, in the order of their ids. Costs like clear().
  template <typename Each>
  void for_each(Each&& each) const {
    for (std::size_t word = 0; word < touched_.size(); ++word) {
      for (std::uint64_t bits = touched_[word]; bits != 0; bits &= bits - 1) {
        const auto id = static_cast<NameId>(word * 64 + static_cast<unsigned>(std::countr_zero(bits)));
        const Claim& claim = places_[id].claim;
        if (claim.kind != Kind::kAbsent) each(id, claim);
      }
    }
  }

  /// Forgets the request: every claim is absent. Costs by the claims that were written to, not by
  /// the names a configuration knows (4096 of them would be 450 KiB).
  void clear() noexcept {
    for (std::size_t word = 0; word < touched_.size(); ++word) {
      for (std::uint64_t bits = touched_[word]; bits != 0; bits &= bits - 1) {
        const auto id = word * 64 + static_cast<unsigned>(std::countr_zero(bits));
        places_[id].claim.kind = Kind::kAbsent;
      }
      touched_[word] = 0;
    }
  }

 private:
  friend class Reader;
  friend class EventReader;

  /// A claim, and how the caller writes it. An identity service spells its members the same way and
  /// in the same order every time, leaving out those without a value, so the reader compares the
  /// next bytes with what came last time before it scans a name and looks it up. Only a guess: it
  /// changes the time that a body takes, never what is read.
  struct Place {
    static constexpr std::size_t kSpellingMax = 80;  // a custom attribute's name has 43 and its own

    Claim claim;
    NameId follower = kStep;                    // the place of the member that came behind it last
    NameId event_follower = kStep;              // the same among the attributes of events
    std::uint16_t spelling_size = 0;            // 0: not seen yet, or nothing that can be compared
    std::array<char, kSpellingMax> spelling{};  // the name as in the body, with its `":` behind
  };
  /// Names that no rule mentions are expected too: places behind those of the names, whose claims
  /// are never written. An identity service sends a handful of them; what is beyond is looked up.
  static constexpr std::size_t kStrangersMax = 16;

  std::size_t names_;
  std::vector<Place> places_;           // names_ by NameId, then the strangers
  std::vector<std::uint64_t> touched_;  // a bit for each claim handed out to be written
  std::uint64_t learned_from_ = 0;      // fingerprint() of the names that the places belong to
  std::size_t next_stranger_ = 0;       // the one whose place is given away next
};

/// Why a body is refused. Each has one sentence in describe() and is answered with 400.
enum class ReadError : std::uint8_t {
  kNone,
  kEmpty,        // no body, or only white space
  kNotAnObject,  // the body is JSON but no object
  kSyntax,       // not JSON (RFC 8259): also a number such as 01 or 1., a bare word, text after the
                 // object
  kControlCharacter,  // a byte below 0x20 in a string
  kEscape,            // an escape that RFC 8259 section 7 does not know
  kSurrogate,         // \ud800 to \udfff that is no pair: it has no UTF-8 form, so it is refused
  kUtf8,              // not UTF-8 (RFC 3629): also UTF-16, overlong forms and encoded surrogates
  kDepth,             // nested deeper than the limit
  kDuplicate,  // a top-level member that came before, escapes and spelling of extensions resolved
  kMembers,    // more top-level members than the limit
  kTooLarge,   // the arena cannot hold the unescaped text
  kNotAnEvent,    // read_event(): no `type` and `data` of an event
  kUnknownEvent,  // read_event(): a `type` that no endpoint is called with (protocol.md d.11)
};

/// What a caller may read in the 400 answer; never contains any of the body.
std::string_view describe(ReadError error) noexcept;

struct ReadLimits {
  /// No configuration may ask for more levels than this: they are kept as bits on the stack.
  static constexpr std::size_t kDepthMost = 1024;

  std::size_t depth_max = 32;       // protocol.md a.10; the body's own object is level 1
  std::size_t members_max = 16384;  // top-level members
  /// Keys the hash that finds duplicates in bodies of more than 64 unknown members. A worker hands
  /// in a random one, so that nobody can choose names that collide; with a seed that is known, such
  /// a body of 16,384 members is still answered in a fraction of a second, only slower.
  std::uint64_t seed = 0x9E3779B97F4A7C15;
};

/// `offset` counts bytes from the start of the body, byte order mark included: the byte that cannot
/// stand there, the backslash of a refused escape, the first byte of a refused UTF-8 sequence, the
/// opening bracket one level too deep, the opening quotation mark of a refused member's name or of
/// a string that the arena cannot hold, or the body's size when it ended too early.
struct ReadOutcome {
  ReadError error = ReadError::kNone;
  std::size_t offset = 0;
};

/// Bytes that must be readable behind the body (their value does not matter): strings are scanned
/// 16 bytes at a time.
inline constexpr std::size_t kReadPadding = 32;

/// Reads a JSON object into `claims` (cleared first) in one pass, checking all of it: what a rule
/// does not know is validated like the rest, because a backend may read it. Names are looked up in
/// `names`, unescaped. A UTF-8 byte order mark is skipped (protocol.md 0.4). Numbers of any size
/// are accepted by RFC 8259's grammar and kept as text. A string may hold U+0000 (as \u0000), so a
/// value may hold a zero byte. `null` is present, of Kind::kNull.
///
/// A top-level member may come once: a known name in any of its spellings, an unknown one (also an
/// unknown extension) by its exact unescaped bytes. Members inside nested objects are validated but
/// not compared with each other: whoever reads into a nested value looks for duplicates there.
///
/// `claims` must have been made for at least names.size() names. On an error `claims` is left in an
/// unspecified state. Never allocates unless the body has over 64 top-level members. Thread: any,
/// with its own `claims` and `arena`.
ReadOutcome read(std::string_view body, const NameTable& names, const ReadLimits& limits,
                 Arena& arena, Claims& claims);

/// Unescapes the inside of a valid JSON string (no quotes) into `arena`; the input itself when it
/// has no escape. Null data() when the arena is full.
std::string_view unescape(std::string_view inside, Arena& arena) noexcept;

}  // namespace core::claims
