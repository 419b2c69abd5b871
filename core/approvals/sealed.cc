#include "core/approvals/sealed.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <memory>
#include <span>

#include "core/text/hex.h"

namespace core::approvals {
namespace {

// A sealed text: a byte for the form, four that say which key, the nonce, what is encrypted, the tag.
constexpr char kForm = 1;
constexpr std::size_t kKeyMarkBytes = 4;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kHeadBytes = 1 + kKeyMarkBytes + kSealNonceBytes;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) noexcept {
  return reinterpret_cast<unsigned char*>(text.data());
}
int size_of(std::string_view text) noexcept { return static_cast<int>(text.size()); }

std::array<unsigned char, 32> sha256(std::string_view text) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

/// What tells keys apart, and nothing about them.
std::string mark_of(const Secret& key) {
  std::string named("claimgate seal key ");
  named.append(key.view());
  const auto digest = sha256(named);
  wipe(named);
  return {reinterpret_cast<const char*>(digest.data()), kKeyMarkBytes};
}

std::optional<std::string> open_with(const Secret& key, std::string_view record, std::string_view sealed) {
  const std::string_view nonce = sealed.substr(1 + kKeyMarkBytes, kSealNonceBytes);
  const std::string_view hidden = sealed.substr(kHeadBytes, sealed.size() - kHeadBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string text(hidden.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int written = 0, last = 0;
  unsigned char none[kTagBytes];
  const bool good =
      cipher != nullptr &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key.view()), bytes_of(nonce)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &written, bytes_of(record), size_of(record)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), bytes_of(text), &written, bytes_of(hidden), size_of(hidden)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), none, &last) == 1;
  if (good) return text;
  wipe(text);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> seal(const Secret& key, const SealNonce& nonce, std::string_view record,
                                std::string_view text) {
  if (key.view().size() != kSealKeyBytes) return std::nullopt;
  std::string sealed(1, kForm);
  sealed += mark_of(key);
  sealed.append(reinterpret_cast<const char*>(nonce.data()), nonce.size());
  sealed.resize(kHeadBytes + text.size() + kTagBytes);
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int written = 0, last = 0;
  unsigned char* const to = bytes_of(sealed) + kHeadBytes;
  const bool good =
      cipher != nullptr &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key.view()), nonce.data()) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &written, bytes_of(record), size_of(record)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), to, &written, bytes_of(text), size_of(text)) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), to + text.size(), &last) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, to + text.size()) == 1;
  if (good) return sealed;
  return std::nullopt;
}

std::optional<std::string> open_sealed(const std::vector<Secret>& keys, std::string_view record,
                                       std::string_view sealed) {
  if (sealed.size() < kHeadBytes + kTagBytes || sealed[0] != kForm) return std::nullopt;
  const std::string_view mark = sealed.substr(1, kKeyMarkBytes);
  for (const Secret& key : keys) {
    if (key.view().size() != kSealKeyBytes || mark_of(key) != mark) continue;
    if (auto text = open_with(key, record, sealed)) return text;
  }
  return std::nullopt;
}

Secret derived_key(const Secret& key, std::string_view purpose) {
  std::array<unsigned char, 32> bytes{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.view().data(), static_cast<int>(key.view().size()), bytes_of(purpose), purpose.size(),
       bytes.data(), &size);
  Secret derived(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  explicit_bzero(bytes.data(), bytes.size());
  return derived;
}

std::string digest(const std::vector<std::optional<std::string>>& parts, std::size_t bytes) {
  std::string framed;
  for (const std::optional<std::string>& part : parts) {
    framed.append(part ? std::to_string(part->size()) : "-").append(":");
    if (part) framed.append(*part);
  }
  const auto whole = sha256(framed);
  wipe(framed);
  std::string hex;
  text::append_hex(hex, std::span(whole).first(std::min(bytes, whole.size())));
  return hex;
}

}  // namespace core::approvals
