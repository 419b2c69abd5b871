#include "benchmarks/peers/floor/title_case.h"

#include <cstdint>
#include <cstdio>

namespace peers {
namespace {

/// The second byte of a Latin-1 letter (after 0xC3: U+00C0 to U+00FF) in the case wanted. 0x97 and
/// 0xB7 are the signs of multiplication and division; 0x9F and 0xBF have no partner in Latin-1.
std::uint8_t latin1_in_case(std::uint8_t second, bool capital) noexcept {
  if (capital && second >= 0xA0 && second <= 0xBE && second != 0xB7) second -= 0x20;
  if (!capital && second >= 0x80 && second <= 0x9E && second != 0x97) second += 0x20;
  return second;
}

}  // namespace

void append_title_case(std::string_view text, std::string& out) {
  bool word_begins = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    const std::uint8_t small = byte | 0x20;
    if (small >= 'a' && small <= 'z') {
      out += static_cast<char>(word_begins ? small & ~0x20 : small);
      word_begins = false;
    } else if (byte == 0xC3 && i + 1 < text.size()) {
      out += text[i++];
      out += static_cast<char>(latin1_in_case(static_cast<std::uint8_t>(text[i]), word_begins));
      word_begins = false;
    } else if (byte < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", unsigned{byte});
      out += escaped;
      word_begins = true;
    } else {
      if (byte == '"' || byte == '\\') out += '\\';
      out += text[i];
      word_begins = byte < 0x80 && (byte < '0' || byte > '9');
    }
  }
}

}  // namespace peers
