#pragma once

#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>

namespace proxy::net {

/// The keys that session tickets are sealed with (RFC 5077, 4): a caller that comes back shows its
/// ticket to whichever worker, and needs no new signature. A key is replaced after half of the time a
/// ticket is good for, and opens tickets for that time more, so whoever steals the process's memory
/// reads no older sessions than that. Thread: any; only handshakes come here.
class TicketKeys {
 public:
  explicit TicketKeys(std::uint64_t lifetime_s) : lifetime_s_(lifetime_s) {}
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  ~TicketKeys();

  std::uint64_t lifetime_s() const noexcept { return lifetime_s_; }

  /// OpenSSL's SSL_CTX_set_tlsext_ticket_key_evp_cb() at `now_s`, any clock that only goes forward:
  /// prepares the two contexts for sealing a ticket or opening one. 1: done; 2: done, and the client
  /// is to have a new ticket; 0: the key is not held, a full handshake follows; -1: no randomness.
  int prepare(std::uint64_t now_s, unsigned char name[16], unsigned char* iv,
              EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool seal) noexcept;

  std::size_t held() noexcept;

 private:
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
    std::uint64_t made_s;
  };
  bool renew(std::uint64_t now_s);

  const std::uint64_t lifetime_s_;
  std::mutex mutex_;
  std::deque<Key> keys_;  // the newest in front: it seals
};

}  // namespace proxy::net
