#include <bit>

#include "core/text/bytes16.h"
#include "core/text/code_points.h"
#include "core/text/text.h"

namespace core::text {
namespace {

Bytes16 lowered(Bytes16 bytes) noexcept {
  return bytes | (bytes.within('A', 'Z') & Bytes16::all(0x20));
}

}  // namespace

void lower_ascii(const char* from, char* to, std::size_t size) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= size; i += 16) lowered(Bytes16::load(from + i)).store(to + i);
  if (i < size) lowered(Bytes16::load_part(from + i, size - i)).store_part(to + i, size - i);
}

bool is_ascii(std::string_view text) noexcept {
  const char* const from = text.data();
  const std::size_t size = text.size();
  std::size_t i = 0;
  for (; i + 64 <= size; i += 64) {
    const Bytes16 any = Bytes16::load(from + i) | Bytes16::load(from + i + 16) |
                        Bytes16::load(from + i + 32) | Bytes16::load(from + i + 48);
    if (any.top_bits() != 0) return false;
  }
  for (; i + 16 <= size; i += 16) {
    if (Bytes16::load(from + i).top_bits() != 0) return false;
  }
  return i == size || Bytes16::load_part(from + i, size - i).top_bits() == 0;
}

bool equals_ignore_case_ascii(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  const std::size_t size = a.size();
  std::size_t i = 0;
  const auto differ = [](Bytes16 x, Bytes16 y) {
    return (lowered(x) ^ lowered(y)).equal(0).top_bits() != 0xFFFF;
  };
  for (; i + 16 <= size; i += 16) {
    if (differ(Bytes16::load(a.data() + i), Bytes16::load(b.data() + i))) return false;
  }
  return i == size || !differ(Bytes16::load_part(a.data() + i, size - i),
                              Bytes16::load_part(b.data() + i, size - i));
}

std::size_t count_code_points(std::string_view text) noexcept {
  const std::size_t size = text.size();
  std::size_t continuing = 0;  // bytes 10xxxxxx: all but the first of a code point
  std::size_t i = 0;
  const auto count = [](Bytes16 bytes) {
    return static_cast<std::size_t>(std::popcount(bytes.within(0x80, 0xBF).top_bits()));
  };
  for (; i + 16 <= size; i += 16) continuing += count(Bytes16::load(text.data() + i));
  if (i < size) continuing += count(Bytes16::load_part(text.data() + i, size - i));
  return size - continuing;
}

std::size_t find_invalid_utf8(std::string_view text) noexcept {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* at = begin;
  while (at != end) {
    while (end - at >= 16) {
      const std::uint32_t foreign = Bytes16::load(at).top_bits();
      if (foreign != 0) {
        at += std::countr_zero(foreign);
        break;
      }
      at += 16;
    }
    // Few bytes of ASCII are not worth the next sixteen: stay here while other letters come.
    while (at != end) {
      if (static_cast<unsigned char>(*at) < 0x80) {
        ++at;
        if (end - at >= 16) break;
        continue;
      }
      const CodePoint point = decode(at, end);
      if (point.value == kNoCodePoint) return static_cast<std::size_t>(at - begin);
      at += point.size;
    }
  }
  return text.size();
}

}  // namespace core::text
