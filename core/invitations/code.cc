#include "core/invitations/code.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace core::invitations {
namespace {

constexpr std::string_view kSigns = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kGroup = 4;
constexpr std::size_t kTypedBytesMax = 64;
constexpr std::size_t kMarkBytes = 16;
static_assert(kHashChars == 2 * kMarkBytes);

std::string hex(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 15U];
  }
  return text;
}

/// The sign that `c` stands for; 0 when it is none.
char sign_of(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (c == 'O') return '0';
  if (c == 'I' || c == 'L') return '1';
  return kSigns.find(c) != std::string_view::npos ? c : '\0';
}

/// The bytes of a blank or dash at the beginning of `text`: also those that word processors make of
/// them (U+00A0, U+2010 to U+2015).
std::size_t separator(std::string_view text) {
  if (text[0] == ' ' || text[0] == '-' || text[0] == '_' || text[0] == '\t') return 1;
  if (text.starts_with("\xC2\xA0")) return 2;
  if (text.size() > 2 && text.starts_with("\xE2\x80") && text[2] >= '\x90' && text[2] <= '\x95') return 3;
  return 0;
}

}  // namespace

std::string code_of(std::span<const std::uint8_t, kCodeRandomBytes> random) {
  std::string code;
  std::uint32_t bits = 0;
  unsigned count = 0;
  std::size_t signs = 0;
  for (const std::uint8_t byte : random) {
    bits = bits << 8U | byte;
    for (count += 8; count >= 5; count -= 5) {
      if (signs != 0 && signs % kGroup == 0) code += '-';
      code += kSigns[bits >> (count - 5) & 31U];
      ++signs;
    }
  }
  return code;
}

std::optional<std::string> normal_code(std::string_view typed) {
  if (typed.size() > kTypedBytesMax) return std::nullopt;
  std::string normal;
  while (!typed.empty()) {
    if (const std::size_t size = separator(typed); size != 0) {
      typed.remove_prefix(size);
      continue;
    }
    const char sign = sign_of(typed[0]);
    if (sign == '\0') return std::nullopt;
    normal += sign;
    typed.remove_prefix(1);
  }
  if (normal.size() != kCodeSigns) return std::nullopt;
  return normal;
}

std::string code_hash(std::string_view normal) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(normal.data(), normal.size(), digest, &size, EVP_sha256(), nullptr);
  return hex(digest, kMarkBytes);
}

std::string code_mark(std::string_view normal, std::string_view kind, std::string_view of) {
  std::string message(kind);
  message += '\0';
  message += of;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), normal.data(), static_cast<int>(normal.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest, &size);
  return hex(digest, kMarkBytes);
}

}  // namespace core::invitations
