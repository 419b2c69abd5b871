#include "proxy/net/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace proxy::net {
namespace {

/// Looked up once: OpenSSL 3 asks its providers at every implicit look-up.
const EVP_CIPHER* ticket_cipher() noexcept {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  return cipher;
}

}  // namespace

TicketKeys::~TicketKeys() {
  for (Key& key : keys_) OPENSSL_cleanse(&key, sizeof key);
}

std::size_t TicketKeys::held() noexcept {
  const std::lock_guard lock(mutex_);
  return keys_.size();
}

/// Forgets keys that no good ticket is sealed with, and makes one when the newest is too old. Only
/// under the lock.
bool TicketKeys::renew(std::uint64_t now_s) {
  // A key seals for half of a lifetime; the last ticket it sealed is good for a whole one.
  while (!keys_.empty() && now_s - keys_.back().made_s > lifetime_s_ + lifetime_s_ / 2) {
    OPENSSL_cleanse(&keys_.back(), sizeof(Key));
    keys_.pop_back();
  }
  if (!keys_.empty() && now_s - keys_.front().made_s <= lifetime_s_ / 2) return true;
  Key fresh;
  fresh.made_s = now_s;
  const bool random = RAND_bytes(fresh.name.data(), static_cast<int>(fresh.name.size())) == 1 &&
                      RAND_priv_bytes(fresh.cipher.data(), static_cast<int>(fresh.cipher.size())) == 1 &&
                      RAND_priv_bytes(fresh.mac.data(), static_cast<int>(fresh.mac.size())) == 1;
  if (random) keys_.push_front(fresh);
  OPENSSL_cleanse(&fresh, sizeof fresh);
  return random;
}

int TicketKeys::prepare(std::uint64_t now_s, unsigned char name[16], unsigned char* iv,
                        EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool seal) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    if (!renew(now_s)) return -1;
    auto key = keys_.begin();
    if (!seal) {
      key = std::find_if(keys_.begin(), keys_.end(), [name](const Key& one) {
        return std::memcmp(one.name.data(), name, one.name.size()) == 0;
      });
      if (key == keys_.end()) return 0;
    } else {
      std::memcpy(name, key->name.data(), key->name.size());
      if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(ticket_cipher())) != 1) return -1;
    }
    static char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac.data(), key->mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    if (EVP_MAC_CTX_set_params(mac, parameters) != 1) return -1;
    const int ready = seal ? EVP_EncryptInit_ex(cipher, ticket_cipher(), nullptr, key->cipher.data(), iv)
                           : EVP_DecryptInit_ex(cipher, ticket_cipher(), nullptr, key->cipher.data(), iv);
    if (ready != 1) return -1;
    return seal || key == keys_.begin() ? 1 : 2;
  } catch (const std::bad_alloc&) {
    return -1;
  }
}

}  // namespace proxy::net
