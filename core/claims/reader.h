#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/claims/claims.h"
#include "core/claims/json_string.h"
#include "core/claims/json_value.h"
#include "core/claims/seen_names.h"

/// The parts of reading a body that flat claims (read.cc) and events (read_event.cc) share. Internal
/// to core/claims.
namespace core::claims {

/// True when `size` bytes are the same. Reads at least 16 bytes at both.
inline bool same_bytes(const char* text, const char* spelling, std::size_t size) noexcept {
#if defined(__SSE2__)
  const auto differing = [=](std::size_t from) noexcept {
    const __m128i same =
        _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text + from)),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(spelling + from)));
    return static_cast<unsigned>(_mm_movemask_epi8(same)) ^ 0xFFFFU;
  };
  if (size <= 16) return (differing(0) & ((1U << size) - 1)) == 0;
  for (std::size_t from = 0; from + 16 < size; from += 16) {
    if (differing(from) != 0) return false;
  }
  return differing(size - 16) == 0;  // over what was compared already, up to the last byte
#else
  return std::memcmp(text, spelling, size) == 0;
#endif
}

/// UTF-16 and UTF-32: see read.cc.
bool looks_wide(std::string_view body) noexcept;

/// One reading. Lives as long as the call.
class Reader {
 public:
  Reader(std::string_view body, const NameTable& names, const ReadLimits& limits, Arena& arena,
         Claims& claims) noexcept
      : begin_(body.data()),
        end_(body.data() + body.size()),
        names_(names),
        limits_(limits),
        arena_(arena),
        claims_(claims),
        seen_(limits.seed) {}

  /// Forgets the spellings that were learned with other names: after a reload an id may be another
  /// claim's.
  static void expect(const NameTable& names, Claims& claims) noexcept {
    if (claims.learned_from_ == names.fingerprint()) [[likely]]
      return;
    for (Claims::Place& place : claims.places_) {
      place.spelling_size = 0;
      place.follower = place.event_follower = kStep;
    }
    claims.learned_from_ = names.fingerprint();
  }

  ReadOutcome run() noexcept { return outcome(read_body()); }

  /// What run() and read_event() answer when `accepted` is false.
  ReadOutcome outcome(bool accepted) const noexcept {
    if (accepted) return {};
    if (refusal_.error == ReadError::kSyntax && looks_wide({begin_, size_to(end_)})) {
      return {ReadError::kUtf8, 0};
    }
    // A colon or comma that was matched together with what follows it may lie over the end.
    return {refusal_.error, size_to(std::min(refusal_.at, end_))};
  }

 protected:
  std::size_t size_to(const char* at) const noexcept {
    return static_cast<std::size_t>(at - begin_);
  }
  static std::string_view between(const char* from, const char* to) noexcept {
    return {from, static_cast<std::size_t>(to - from)};
  }
  bool refuse(ReadError error, const char* at) noexcept {
    refusal_ = {error, at};
    return false;
  }
  const char* stop(ReadError error, const char* at) noexcept {
    refusal_ = {error, at};
    return nullptr;
  }

  /// A member read up to its value.
  struct Member {
    std::string_view name;
    NameId id = kNoName;
    NameId place = kNoName;       // its claim's, or a stranger's; kNoName when it has none
    const char* value = nullptr;  // its first byte
  };
  Member refused(ReadError error, const char* at) noexcept {
    refusal_ = {error, at};
    return {};
  }

  // The rarer ways are kept out of line: inlined, they take the registers of the common one.
  bool read_body() noexcept;
  [[gnu::noinline]] bool read_not_object(const char* at) noexcept;
  const char* read_members(const char* at) noexcept;
  Member guessed_member(const char* text, NameId guess) const noexcept;
  [[gnu::noinline]] Member read_name(const char* quote) noexcept;
  Member scan_name(const char* quote, KeyWords& words) noexcept;
  [[gnu::noinline]] const char* read_special_string(const Member& member,
                                                    const char* special) noexcept;
  [[gnu::noinline]] const char* read_other_value(const Member& member) noexcept;
  static bool learn(Claims::Place& place, std::string_view name) noexcept;
  NameId place_of_stranger(std::string_view name) noexcept;
  bool is_new(std::string_view name, const KeyWords& words, const char* quote) noexcept;
  void keep(const Member& member, Kind kind, std::string_view value) noexcept;

  const char* begin_;
  const char* end_;
  const NameTable& names_;
  const ReadLimits& limits_;
  Arena& arena_;
  Claims& claims_;
  Refusal refusal_;
  SeenNames seen_;
};

/// The member `guess` when the bytes at `text` spell it as the last body did; else a null value.
inline Reader::Member Reader::guessed_member(const char* text, NameId guess) const noexcept {
  const Claims::Place& place = claims_.places_[guess];
  const std::size_t size = place.spelling_size;
  const char* const value = text + size;
  if (size == 0 || value > end_ || !same_bytes(text, place.spelling.data(), size)) return {};
  const NameId id = guess < claims_.size() ? guess : kNoName;
  return {between(text, value - 2), id, guess, skip_white(value, end_)};
}

/// Notes a name that no rule mentions, which is at the quotation mark `quote`; false when it is
/// refused.
inline bool Reader::is_new(std::string_view name, const KeyWords& words,
                           const char* quote) noexcept {
  const SeenNames::Added added = seen_.add(name, words);
  if (added == SeenNames::Added::kNew) [[likely]]
    return true;
  return refuse(
      added == SeenNames::Added::kDuplicate ? ReadError::kDuplicate : ReadError::kTooLarge, quote);
}

/// Keeps a value whose name is known.
inline void Reader::keep(const Member& member, Kind kind, std::string_view value) noexcept {
  if (member.id == kNoName) return;
  Claim& claim = claims_[member.id];
  claim.kind = kind;
  claim.name = member.name;
  claim.value = value;
}

}  // namespace core::claims
