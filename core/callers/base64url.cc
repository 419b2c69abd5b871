#include "core/callers/base64url.h"

#include <array>
#include <cstdint>

namespace core::callers {
namespace {

constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

}  // namespace

std::optional<std::size_t> decode_base64url(std::string_view text, char* to) noexcept {
  const std::size_t rest = text.size() % 4;
  if (rest == 1) return std::nullopt;
  const auto value = [&](std::size_t at) -> std::uint32_t {
    return kValues[static_cast<unsigned char>(text[at])];
  };
  char* const begin = to;
  std::uint32_t seen = 0;  // a bit above the six is set once one value is kNone
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    const std::uint32_t a = value(i), b = value(i + 1), c = value(i + 2), d = value(i + 3);
    seen |= a | b | c | d;
    const std::uint32_t group = a << 18 | b << 12 | c << 6 | d;
    *to++ = static_cast<char>(group >> 16);
    *to++ = static_cast<char>(group >> 8);
    *to++ = static_cast<char>(group);
  }
  std::uint32_t left = 0;  // bits that stand for nothing
  if (rest != 0) {
    const std::uint32_t a = value(i), b = value(i + 1), c = rest == 3 ? value(i + 2) : 0;
    seen |= a | b | c;
    const std::uint32_t group = a << 18 | b << 12 | c << 6;
    *to++ = static_cast<char>(group >> 16);
    if (rest == 3) *to++ = static_cast<char>(group >> 8);
    left = rest == 3 ? group & 0xff : group & 0xffff;
  }
  if ((seen & ~std::uint32_t{0x3f}) != 0 || left != 0) return std::nullopt;
  return static_cast<std::size_t>(to - begin);
}

}  // namespace core::callers
