#include "core/events/pseudonyms.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <cstring>

#include "core/text/base64.h"
#include "core/text/hex.h"

namespace core::events {
namespace {

constexpr std::string_view kTokenPrefix = "tok_";
constexpr std::string_view kTokenLabel = "claimgate token 1";
constexpr std::size_t kBlockBytes = 64;   // of SHA-256
constexpr std::size_t kSivKeyBytes = 64;  // AES-256-SIV has two keys in it
constexpr std::size_t kTagBytes = 16;

struct FreeEvp {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  void operator()(EVP_MD* digest) const noexcept { EVP_MD_free(digest); }
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_CIPHER* cipher) const noexcept { EVP_CIPHER_free(cipher); }
};

}  // namespace

/// Both digests of HMAC begin with a block made of the key alone: they are kept behind it, and each
/// hash goes on from copies, which halves its work.
struct Pseudonyms::Key {
  std::unique_ptr<EVP_MD, FreeEvp> sha256;
  std::unique_ptr<EVP_MD_CTX, FreeEvp> inner, outer, scratch;
  std::unique_ptr<EVP_CIPHER, FreeEvp> siv;
  std::unique_ptr<EVP_CIPHER_CTX, FreeEvp> cipher;
  std::array<unsigned char, kSivKeyBytes> siv_key{};

  ~Key() { explicit_bzero(siv_key.data(), siv_key.size()); }

  bool open(std::string_view key) {
    sha256.reset(EVP_MD_fetch(nullptr, "SHA256", nullptr));
    siv.reset(EVP_CIPHER_fetch(nullptr, "AES-256-SIV", nullptr));
    inner.reset(EVP_MD_CTX_new());
    outer.reset(EVP_MD_CTX_new());
    scratch.reset(EVP_MD_CTX_new());
    cipher.reset(EVP_CIPHER_CTX_new());
    if (!sha256 || !siv || !inner || !outer || !scratch || !cipher) return false;
    std::array<unsigned char, kBlockBytes> block{};
    if (key.size() > kBlockBytes) {
      SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), block.data());
    } else if (!key.empty()) {
      std::memcpy(block.data(), key.data(), key.size());
    }
    for (unsigned char& byte : block) byte ^= 0x36;
    EVP_DigestInit_ex2(inner.get(), sha256.get(), nullptr);
    EVP_DigestUpdate(inner.get(), block.data(), block.size());
    for (unsigned char& byte : block) byte ^= 0x36 ^ 0x5c;
    EVP_DigestInit_ex2(outer.get(), sha256.get(), nullptr);
    EVP_DigestUpdate(outer.get(), block.data(), block.size());
    explicit_bzero(block.data(), block.size());
    unsigned size = 0;
    return HMAC(EVP_sha512(), key.data(), static_cast<int>(key.size()),
                reinterpret_cast<const unsigned char*>(kTokenLabel.data()), kTokenLabel.size(),
                siv_key.data(), &size) != nullptr &&
           size == kSivKeyBytes;
  }

  void hash(std::string_view value, std::array<std::uint8_t, 32>& out) const {
    EVP_MD_CTX_copy_ex(scratch.get(), inner.get());
    EVP_DigestUpdate(scratch.get(), value.data(), value.size());
    EVP_DigestFinal_ex(scratch.get(), out.data(), nullptr);
    EVP_MD_CTX_copy_ex(scratch.get(), outer.get());
    EVP_DigestUpdate(scratch.get(), out.data(), out.size());
    EVP_DigestFinal_ex(scratch.get(), out.data(), nullptr);
  }

  /// The synthetic initialisation vector, then as many bytes as `value` has.
  std::string seal(std::string_view value) const {
    std::string sealed(kTagBytes + value.size(), '\0');
    auto* const to = reinterpret_cast<unsigned char*>(sealed.data());
    int size = 0, rest = 0;
    EVP_CIPHER_CTX* const context = cipher.get();
    EVP_CIPHER_CTX_reset(context);
    const bool good =
        EVP_EncryptInit_ex2(context, siv.get(), siv_key.data(), nullptr, nullptr) == 1 &&
        EVP_EncryptUpdate(context, to + kTagBytes, &size,
                          reinterpret_cast<const unsigned char*>(value.data()),
                          static_cast<int>(value.size())) == 1 &&
        EVP_EncryptFinal_ex(context, to + kTagBytes + size, &rest) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, to) == 1;
    if (!good) sealed.clear();
    return sealed;
  }

  std::optional<std::string> open_sealed(std::string_view sealed) const {
    if (sealed.size() <= kTagBytes) return std::nullopt;
    std::string value(sealed.size() - kTagBytes, '\0');
    std::array<unsigned char, kTagBytes> tag;
    std::memcpy(tag.data(), sealed.data(), kTagBytes);
    int size = 0;
    EVP_CIPHER_CTX* const context = cipher.get();
    EVP_CIPHER_CTX_reset(context);
    const bool good =
        EVP_DecryptInit_ex2(context, siv.get(), siv_key.data(), nullptr, nullptr) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
        EVP_DecryptUpdate(context, reinterpret_cast<unsigned char*>(value.data()), &size,
                          reinterpret_cast<const unsigned char*>(sealed.data()) + kTagBytes,
                          static_cast<int>(value.size())) == 1;
    if (!good) return std::nullopt;
    return value;
  }
};

Pseudonyms::Pseudonyms(const std::vector<std::string>& keys) {
  for (const std::string& text : keys) {
    auto key = std::make_unique<Key>();
    if (key->open(text)) keys_.push_back(std::move(key));
  }
}
Pseudonyms::~Pseudonyms() = default;
Pseudonyms::Pseudonyms(Pseudonyms&&) noexcept = default;

void Pseudonyms::append_hash(std::string& to, std::string_view value) const {
  if (keys_.empty()) return;
  std::array<std::uint8_t, 32> digest;
  keys_.front()->hash(value, digest);
  text::append_hex(to, digest);
}

std::string Pseudonyms::hash(std::string_view value) const {
  std::string text;
  append_hash(text, value);
  return text;
}

void Pseudonyms::append_token(std::string& to, std::string_view value) const {
  if (keys_.empty()) return;
  // AES-SIV has nothing to encrypt in an empty text; a zero byte, which no claim begins with, is it.
  const std::string sealed = keys_.front()->seal(value.empty() ? std::string_view("\0", 1) : value);
  if (sealed.empty()) return;
  to += kTokenPrefix;
  to += text::encode_base64url(sealed);
}

std::string Pseudonyms::token(std::string_view value) const {
  std::string text;
  append_token(text, value);
  return text;
}

std::optional<std::string> Pseudonyms::reveal(std::string_view token) const {
  if (!token.starts_with(kTokenPrefix)) return std::nullopt;
  const auto sealed = text::decode_base64url(token.substr(kTokenPrefix.size()));
  if (!sealed) return std::nullopt;
  for (const auto& key : keys_) {
    std::optional<std::string> value = key->open_sealed(*sealed);
    if (!value) continue;
    if (*value == std::string_view("\0", 1)) value->clear();
    return value;
  }
  return std::nullopt;
}

}  // namespace core::events
