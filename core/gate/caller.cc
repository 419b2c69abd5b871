#include "core/gate/caller.h"

#include <cstdint>
#include <cstring>

#include "core/text/text.h"

namespace core::gate {
namespace {

/// Nonzero when the texts differ. Looks at every byte of `presented`, eight at a time, whatever it
/// finds.
std::uint64_t difference(std::string_view presented, std::string_view expected) noexcept {
  std::uint64_t different = presented.size() == expected.size() ? 0 : 1;
  const std::string_view against = different != 0 ? presented : expected;
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= presented.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t a = 0, b = 0;
    std::memcpy(&a, presented.data() + at, sizeof a);
    std::memcpy(&b, against.data() + at, sizeof b);
    different |= a ^ b;
  }
  for (; at < presented.size(); ++at) {
    different |= static_cast<unsigned char>(presented[at] ^ against[at]);
  }
  return different;
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const auto byte = [&](std::size_t at) -> unsigned {
      return at < left ? static_cast<unsigned char>(bytes[i + at]) : 0u;
    };
    const unsigned group = byte(0) << 16 | byte(1) << 8 | byte(2);
    text += kAlphabet[group >> 18 & 63];
    text += kAlphabet[group >> 12 & 63];
    text += left > 1 ? kAlphabet[group >> 6 & 63] : '=';
    text += left > 2 ? kAlphabet[group & 63] : '=';
  }
  return text;
}

void CallerCheck::accept_basic(std::string_view username, std::string_view password) {
  encoded_.push_back(base64(std::string(username) + ":" + std::string(password)));
}

bool bears(std::string_view authorization, std::string_view token) noexcept {
  constexpr std::string_view kScheme = "Bearer ";
  if (authorization.size() <= kScheme.size() ||
      !text::equals_ignore_case_ascii(authorization.substr(0, kScheme.size()), kScheme)) {
    return false;
  }
  std::string_view presented = authorization.substr(kScheme.size());
  while (presented.starts_with(' ')) presented.remove_prefix(1);
  return difference(presented, token) == 0;
}

bool CallerCheck::admits(std::string_view authorization) const noexcept {
  if (anonymous_) return true;
  constexpr std::string_view kScheme = "Basic ";
  if (authorization.size() <= kScheme.size()) return false;
  const std::string_view scheme = authorization.substr(0, kScheme.size());
  if (scheme != kScheme && !text::equals_ignore_case_ascii(scheme, kScheme)) return false;
  std::string_view presented = authorization.substr(kScheme.size());
  while (presented.starts_with(' ')) presented.remove_prefix(1);
  bool admitted = false;
  for (const std::string& expected : encoded_) {
    admitted |= difference(presented, expected) == 0;
  }
  return admitted;
}

}  // namespace core::gate
