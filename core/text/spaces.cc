#include <cstring>

#include "core/text/bytes16.h"
#include "core/text/code_points.h"
#include "core/text/text.h"

namespace core::text {
namespace {

/// The bytes of the white space that begins at `at`, 0 when there is none.
std::size_t white_at(const char* at, const char* end) noexcept {
  const auto lead = static_cast<unsigned char>(*at);
  if (lead < 0x80) return is_white_space(lead) ? 1 : 0;
  // The leads of all White_Space beyond ASCII: U+0085, U+00A0; U+1680; U+2000 to U+205F; U+3000.
  if (lead != 0xC2 && lead != 0xE1 && lead != 0xE2 && lead != 0xE3) return 0;
  const CodePoint point = decode(at, end);
  return point.value != kNoCodePoint && is_white_space(point.value) ? point.size : 0;
}

/// The bytes of the white space that ends at `end` > `begin`, 0 when there is none.
std::size_t white_before(const char* begin, const char* end) noexcept {
  if (static_cast<unsigned char>(end[-1]) < 0x80)
    return is_white_space(static_cast<unsigned char>(end[-1])) ? 1 : 0;
  for (std::ptrdiff_t size = 2; size <= 3 && size <= end - begin; ++size) {
    if (white_at(end - size, end) == static_cast<std::size_t>(size)) {
      return static_cast<std::size_t>(size);
    }
  }
  return 0;
}

std::string_view trimmed(std::string_view text) noexcept {
  const char* begin = text.data();
  const char* end = begin + text.size();
  while (begin != end) {
    const std::size_t size = white_at(begin, end);
    if (size == 0) break;
    begin += size;
  }
  while (begin != end) {
    const std::size_t size = white_before(begin, end);
    if (size == 0) break;
    end -= size;
  }
  return {begin, static_cast<std::size_t>(end - begin)};
}

/// The first white space of `text`, which is trimmed, that is not one U+0020 alone; its end when
/// there is none.
const char* find_run(const char* at, const char* end) noexcept {
  while (at != end) {
    if (end - at >= 16) {
      const Bytes16 bytes = Bytes16::load(at);
      if ((bytes.within(0, 0x20) | bytes).top_bits() == 0) {
        at += 16;
        continue;
      }
    }
    for (const char* const stop = end - at >= 16 ? at + 16 : end; at < stop;) {
      const std::size_t size = white_at(at, end);
      if (size == 0) {
        ++at;
        continue;
      }
      if (*at != ' ' || white_at(at + 1, end) != 0) return at;  // a letter follows: it is trimmed
      ++at;
    }
  }
  return end;
}

}  // namespace

std::string_view trim(std::string_view text, Arena&) noexcept { return trimmed(text); }

std::string_view collapse_spaces(std::string_view text, Arena& arena) noexcept {
  const std::string_view inner = trimmed(text);
  const char* const end = inner.data() + inner.size();
  const char* at = find_run(inner.data(), end);
  if (at == end) return inner;

  char* const begin = arena.allocate(inner.size());
  if (begin == nullptr) return {};
  char* to = begin;
  const char* copied = inner.data();
  while (true) {
    const auto size = static_cast<std::size_t>(at - copied);
    std::memcpy(to, copied, size);
    to += size;
    if (at == end) break;
    *to++ = ' ';
    for (std::size_t white = white_at(at, end); white != 0; white = white_at(at, end)) at += white;
    copied = at;
    at = find_run(at, end);
  }
  const auto size = static_cast<std::size_t>(to - begin);
  arena.give_back(inner.size() - size);
  return {begin, size};
}

}  // namespace core::text
