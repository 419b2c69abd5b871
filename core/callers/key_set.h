#pragma once

#include <openssl/evp.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/callers/token.h"
#include "core/result.h"

namespace core::callers {

/// What is needed of an OpenID provider's metadata (OpenID Connect Discovery 1.0, 3).
struct Discovery {
  std::string issuer;
  std::string keys_url;  // `jwks_uri`
};
/// Reads a discovery document; an error is for the program's log and holds nothing of the document.
Result<Discovery, std::string> read_discovery(std::string_view json);

/// The keys of an authority, for one version of its tokens. Immutable; any thread.
class KeySet {
 public:
  static constexpr std::size_t kKeysMax = 128;
  static constexpr std::size_t kModulusBitsMin = 2048;
  static constexpr std::size_t kModulusBitsMax = 8192;  // verifying takes time by its square
  static constexpr std::size_t kDocumentBytesMax = 256 << 10;

  /// Reads a JWK Set (RFC 7517, 5): its RSA keys for signatures with a `kid`. Left out are others, those that are
  /// small or made for another algorithm, and those whose `issuer` is not `issuer` once `tenant` stands for
  /// {tenantid} (protocol.md d.2, step 8). An error is for the program's log: no such set, or no key in it.
  static Result<std::shared_ptr<const KeySet>, std::string> read(std::string_view json,
                                                                 std::string issuer,
                                                                 std::string_view tenant);

  const std::string& issuer() const noexcept { return issuer_; }
  std::size_t size() const noexcept { return keys_.size(); }
  bool has(std::string_view key_id) const noexcept;
  /// Whether a key of this name has made `signature` for `signed_part`: RSASSA-PKCS1-v1_5 with SHA-256
  /// (RFC 7518, 3.3).
  bool verify(std::string_view key_id, std::string_view signed_part,
              std::string_view signature) const noexcept;
  /// The same issuer and the same keys.
  bool same_as(const KeySet& other) const noexcept;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(EVP_MD* digest) const noexcept { EVP_MD_free(digest); }
  };
  struct Key {
    std::string id;
    std::string modulus, exponent;  // big-endian, without leading zeros
    std::unique_ptr<EVP_PKEY, Free> key;
  };
  std::string issuer_;
  std::unique_ptr<EVP_MD, Free> digest_;
  std::vector<Key> keys_;
};

/// How workers ask for newer keys, when a token names one that is not there: the worker of the first
/// such token does, and then nobody for kEveryS, so that made-up names cause no storm. Thread: any.
class KeyRequest {
 public:
  static constexpr std::int64_t kEveryS = 300;  // protocol.md d.2

  /// A token has named an unknown key. True: newer keys are on their way, and the token may be good.
  bool want(std::int64_t now_s) noexcept {
    if (under_way_.load(std::memory_order_relaxed)) return true;
    std::int64_t asked_s = asked_s_.load(std::memory_order_relaxed);
    // A clock that was set back lets them be asked for again.
    if (asked_s != kNever && now_s >= asked_s && now_s - asked_s < kEveryS) return false;
    if (asked_s_.compare_exchange_strong(asked_s, now_s, std::memory_order_relaxed)) {
      under_way_.store(true, std::memory_order_relaxed);
      wanted_.store(true, std::memory_order_release);
    }
    return true;
  }
  /// For whoever fetches: whether keys were asked for since the last call; and that they have come.
  bool take() noexcept { return wanted_.exchange(false, std::memory_order_acquire); }
  void done() noexcept { under_way_.store(false, std::memory_order_relaxed); }

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
  std::atomic<std::int64_t> asked_s_{kNever};
  std::atomic<bool> under_way_{false};
  std::atomic<bool> wanted_{false};
};

/// The keys of all authorities, by TokenPolicy::slot().
struct KeySlot {
  std::shared_ptr<const KeySet> keys;  // null: not fetched yet
  std::shared_ptr<KeyRequest> request;
};
using KeyTable = std::vector<KeySlot>;

}  // namespace core::callers
