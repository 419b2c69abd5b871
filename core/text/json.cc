#include "core/text/json.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "core/text/bytes16.h"

namespace core::text {
namespace {

/// The escape of one ASCII character, written as eight bytes of which `size` count.
struct Escape {
  char text[8];
  std::uint32_t size;
};

constexpr std::array<Escape, 128> make_escapes() {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::array<Escape, 128> escapes{};
  for (unsigned c = 0; c < 128; ++c) {
    escapes[c] = {{'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15], 0, 0}, 6};
  }
  constexpr char kShort[][2] = {{'"', '"'},  {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'},
                                {'\n', 'n'}, {'\r', 'r'},  {'\t', 't'}};
  for (const auto& [c, letter] : kShort) {
    escapes[static_cast<unsigned char>(c)] = {{'\\', letter, 0, 0, 0, 0, 0, 0}, 2};
  }
  return escapes;
}
constexpr std::array<Escape, 128> kEscapes = make_escapes();

/// Bit i: byte i is escaped or may begin U+2028 or U+2029 (E2 80 A8, E2 80 A9). Characters that
/// differ in one bit share a comparison.
std::uint32_t find_special(Bytes16 bytes) noexcept {
  const Bytes16 pairs = (bytes | Bytes16::all(0x04)).equal('&') |  // '"' is '&' without that bit
                        (bytes | Bytes16::all(0x02)).equal('>');   // '<' is '>' without that bit
  return (pairs | bytes.within(0, 0x1F) | bytes.equal('\\') | bytes.equal(0x7F) | bytes.equal(0xE2))
      .top_bits();
}

}  // namespace

char* write_json_escaped(char* to, std::string_view text) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const auto left = static_cast<std::size_t>(end - at);
    const std::size_t size = left < 16 ? left : 16;
    const Bytes16 bytes = size == 16 ? Bytes16::load(at) : Bytes16::load_part(at, size);
    // All sixteen go out whatever they are: what is not wanted is overwritten, and `to` has room.
    bytes.store(to);
    const std::uint32_t special = find_special(bytes) & ((1U << size) - 1);
    if (special == 0) {
      at += size;
      to += size;
      continue;
    }
    const int plain = std::countr_zero(special);
    at += plain;
    to += plain;
    const auto byte = static_cast<unsigned char>(*at);
    if (byte < 0x80) {
      const Escape& escape = kEscapes[byte];
      std::memcpy(to, escape.text, 8);
      to += escape.size;
      ++at;
    } else if (end - at >= 3 && at[1] == '\x80' && (at[2] == '\xA8' || at[2] == '\xA9')) {
      std::memcpy(to, at[2] == '\xA8' ? "\\u2028" : "\\u2029", 6);
      to += 6;
      at += 3;
    } else {
      *to++ = *at++;
    }
  }
  return to;
}

std::string json_quoted(std::string_view text) {
  std::string out;
  append_json_quoted(out, text);
  return out;
}

void append_json_quoted(std::string& to, std::string_view text) {
  constexpr std::size_t kScanSlack = 16;  // write_json_escaped() may write past its end
  const std::size_t begin = to.size();
  to.resize(begin + json_escaped_max(text.size()) + kScanSlack + 2);
  to[begin] = '"';
  char* const end = write_json_escaped(to.data() + begin + 1, text);
  *end = '"';
  to.resize(static_cast<std::size_t>(end + 1 - to.data()));
}

}  // namespace core::text
