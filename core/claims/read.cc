// Reading a request's claims: the one pass over its body.
//
// A body is about 780 bytes of strings, and nearly everything the product does with it is to find
// them. simdjson, the obvious choice, works in two passes: an index of all structural characters,
// then a walk over the index. Its On-Demand walk does not look into values that are skipped and
// does not know of duplicates, so a proxy that vouches for the whole body needs a walk of its own
// on top. Here one pass does all of it: strings are scanned 16 bytes at a time and kept as views
// when they have no escape, and escapes and UTF-8 are looked at only where they occur.
//
// Looking the names up was half of the time, so most of them are not looked up: an identity service
// writes the same members in the same order for every person, so the next name is first compared,
// quotation mark and colon included, with what came at this place last time. Only a name that
// differs is scanned, hashed and found in the table. Names that no rule mentions are remembered
// alike, a few of them: an attribute nobody asks about comes with every person.
//
// Measured with benchmarks/micro/claims_bench.cc (Debian 12, GCC 12, x86-64-v2, a processor with
// AVX-512, bodies of 758 bytes): 0.18 us and 3,400 instructions. simdjson 3.0 On-Demand with the
// same work done, except for duplicates: 0.39 to 0.44 us, 5,000 instructions; only walking over all
// members, nothing looked up: 0.19 us with its AVX-512 kernel, 0.25 us with AVX2; DOM 0.32 us.
#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "core/claims/claims.h"
#include "core/claims/reader.h"

namespace core::claims {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

/// UTF-16 and UTF-32 by their byte order marks, or by where the zero bytes of ASCII text are: an
/// operator is told of the encoding and not of a syntax error at byte 1.
bool looks_wide(std::string_view body) noexcept {
  if (body.starts_with("\xFE\xFF") || body.starts_with("\xFF\xFE")) return true;
  if (body.size() < 4) return false;
  const bool zero[4] = {body[0] == 0, body[1] == 0, body[2] == 0, body[3] == 0};
  const bool little = !zero[0] && zero[1] && zero[3];
  const bool big = zero[0] && zero[2] && !zero[3];
  const bool marked_utf32 = body.starts_with(std::string_view("\0\0\xFE\xFF", 4));
  return little || big || marked_utf32;
}

bool Reader::read_body() noexcept {
  const char* at = begin_;
  if (between(begin_, end_).starts_with(kByteOrderMark)) at += kByteOrderMark.size();
  at = skip_white(at, end_);
  if (at == end_) return refuse(ReadError::kEmpty, at);
  if (*at != '{') return read_not_object(at);
  if (limits_.depth_max == 0) return refuse(ReadError::kDepth, at);
  at = skip_white(at + 1, end_);
  if (peek(at, end_) != '}') at = read_members(at);
  if (at == nullptr) return false;
  at = skip_white(at + 1, end_);
  return at == end_ || refuse(ReadError::kSyntax, at);
}

/// Tells JSON of another kind from what is no JSON at all.
bool Reader::read_not_object(const char* at) noexcept {
  const char* behind = scan_value(at, end_, 0, limits_.depth_max, refusal_);
  if (behind == nullptr) return false;
  behind = skip_white(behind, end_);
  return behind == end_ ? refuse(ReadError::kNotAnObject, at) : refuse(ReadError::kSyntax, behind);
}

/// The closing bracket of the body's object, whose first member is at `at`; null when refused.
const char* Reader::read_members(const char* at) noexcept {
  std::size_t left = limits_.members_max;
  NameId before = kNoName;  // the place of the last member that has one
  NameId guess = kStep;
  for (;; --left) {
    if (peek(at, end_) != '"') return stop(ReadError::kSyntax, at);
    if (left == 0) return stop(ReadError::kMembers, at);

    Member member = guessed_member(at + 1, guess);
    if (member.value != nullptr) [[likely]] {
      if (member.id != kNoName) [[likely]] {
        if (claims_.places_[guess].claim.kind != Kind::kAbsent) {
          return stop(ReadError::kDuplicate, at);
        }
      } else if (!is_new(member.name, key_words_padded(member.name), at)) {
        return nullptr;
      }
    } else {
      member = read_name(at);
      if (member.value == nullptr) return nullptr;
      if (before != kNoName && member.place != kNoName) {
        claims_.places_[before].follower = member.place;
      }
    }
    if (member.place != kNoName) {
      before = member.place;
      guess = claims_.places_[before].follower;
    }

    if (peek(member.value, end_) == '"') [[likely]] {
      const char* const text = member.value + 1;
      const char* close = find_special(text, end_);
      if (close < end_ && *close == '"') [[likely]] {
        keep(member, Kind::kString, between(text, close));
      } else {
        close = read_special_string(member, close);
        if (close == nullptr) return nullptr;
      }
      if (string_follows(close, ',')) [[likely]] {
        at = close + 2;
        continue;
      }
      at = close + 1;
    } else {
      at = read_other_value(member);
      if (at == nullptr) return nullptr;
    }

    at = skip_white(at, end_);
    const unsigned char after = peek(at, end_);
    if (after == '}') return at;
    if (after != ',') return stop(ReadError::kSyntax, at);
    at = skip_white(at + 1, end_);
  }
}

/// Remembers how `name` is spelled in the body, where it is followed by `":`. False when it is too
/// long for that.
bool Reader::learn(Claims::Place& place, std::string_view name) noexcept {
  const std::size_t size = name.size() + 2;
  if (size > Claims::Place::kSpellingMax) return false;
  std::memcpy(place.spelling.data(), name.data(), size);
  place.spelling_size = static_cast<std::uint16_t>(size);
  return true;
}

/// The place where a name that no rule mentions is remembered from now on, if it was not yet;
/// kNoName when it is too long. In the body it is followed by `":`.
NameId Reader::place_of_stranger(std::string_view name) noexcept {
  const std::size_t size = name.size() + 2;
  const std::size_t first = claims_.size();
  for (std::size_t i = 0; i < Claims::kStrangersMax; ++i) {
    const Claims::Place& place = claims_.places_[first + i];
    if (place.spelling_size == size && std::memcmp(place.spelling.data(), name.data(), size) == 0) {
      return static_cast<NameId>(first + i);
    }
  }
  const std::size_t place = first + claims_.next_stranger_;
  if (!learn(claims_.places_[place], name)) return kNoName;
  claims_.next_stranger_ = (claims_.next_stranger_ + 1) % Claims::kStrangersMax;
  return static_cast<NameId>(place);
}

/// The member whose name's quotation mark is at `quote`, up to its value; a null value when it is
/// refused.
Reader::Member Reader::read_name(const char* quote) noexcept {
  KeyWords words;
  const Member member = scan_name(quote, words);
  if (member.value == nullptr) return member;
  if (member.id != kNoName) {
    if (std::as_const(claims_)[member.id].kind != Kind::kAbsent) {
      return refused(ReadError::kDuplicate, quote);
    }
  } else if (!is_new(member.name, words, quote)) {
    return {};
  }
  return member;
}

/// The same without a look at what came before. `words` become those of the name.
Reader::Member Reader::scan_name(const char* quote, KeyWords& words) noexcept {
  const ScannedString key = scan_string(quote + 1, end_, refusal_);
  if (key.close == nullptr) return {};
  std::string_view name = between(quote + 1, key.close);
  if (!key.escaped) {
    words = key_words_padded(name);
  } else {
    name = unescape(name, arena_);
    if (name.data() == nullptr) return refused(ReadError::kTooLarge, quote);
    words = key_words(name);
  }

  const NameId id = names_.find(name, words);
  NameId place = id;
  if (key.close + 1 < end_ && key.close[1] == ':') {
    // An escaped name is not in the body as it is compared.
    if (id == kNoName) {
      if (!key.escaped) place = place_of_stranger(name);
    } else if (!key.escaped) {
      static_cast<void>(learn(claims_.places_[id], name));
    }
    return {name, id, place, skip_white(key.close + 2, end_)};
  }
  const char* const colon = skip_white(key.close + 1, end_);
  if (peek(colon, end_) != ':') return refused(ReadError::kSyntax, colon);
  return {name, id, place, skip_white(colon + 1, end_)};
}

/// Keeps the string value whose first byte that is not plain is at `special`. Answers its closing
/// quotation mark; null when it is refused.
const char* Reader::read_special_string(const Member& member, const char* special) noexcept {
  const ScannedString string = scan_special(special, end_, refusal_);
  if (string.close == nullptr) return nullptr;
  std::string_view value = between(member.value + 1, string.close);
  if (string.escaped && member.id != kNoName) {
    value = unescape(value, arena_);
    if (value.data() == nullptr) return stop(ReadError::kTooLarge, member.value);
  }
  keep(member, Kind::kString, value);
  return string.close;
}

/// Keeps a value that is no string. Answers the byte behind it; null when it is refused.
const char* Reader::read_other_value(const Member& member) noexcept {
  const char* const behind = scan_value(member.value, end_, 1, limits_.depth_max, refusal_);
  if (behind == nullptr) return nullptr;
  const char c = *member.value;
  const Kind kind = c == '{'               ? Kind::kObject
                    : c == '['             ? Kind::kArray
                    : c == 'n'             ? Kind::kNull
                    : c == 't' || c == 'f' ? Kind::kBoolean
                                           : Kind::kNumber;
  keep(member, kind, between(member.value, behind));
  return behind;
}

ReadOutcome read(std::string_view body, const NameTable& names, const ReadLimits& limits,
                 Arena& arena, Claims& claims) {
  assert(claims.size() >= names.size());
  claims.clear();
  Reader::expect(names, claims);
  return Reader(body, names, limits, arena, claims).run();
}

std::string_view describe(ReadError error) noexcept {
  switch (error) {
    case ReadError::kNone:
      return "The body was read.";
    case ReadError::kEmpty:
      return "The body is empty; a JSON object is expected.";
    case ReadError::kNotAnObject:
      return "The body is JSON but not an object.";
    case ReadError::kSyntax:
      return "The body is not valid JSON.";
    case ReadError::kControlCharacter:
      return "A string in the body has a bare control character.";
    case ReadError::kEscape:
      return "A string in the body has an escape that JSON does not know.";
    case ReadError::kSurrogate:
      return "A string in the body has half of a surrogate pair.";
    case ReadError::kUtf8:
      return "The body is not valid UTF-8.";
    case ReadError::kDepth:
      return "The body is nested too deeply.";
    case ReadError::kDuplicate:
      return "The body has a member twice.";
    case ReadError::kMembers:
      return "The body has too many members.";
    case ReadError::kTooLarge:
      return "The text of the body is too large.";
    case ReadError::kNotAnEvent:
      return "The body is no event of Microsoft Entra: it needs the members type and data.";
    case ReadError::kUnknownEvent:
      return "The body is an event that this connector is not called with.";
  }
  return "The body was refused.";
}

}  // namespace core::claims
