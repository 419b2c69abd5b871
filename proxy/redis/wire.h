#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/http/out_buffer.h"
#include "proxy/net/tls_session.h"
#include "proxy/net/unique_fd.h"
#include "proxy/net/uv_handle.h"
#include "proxy/redis/options.h"
#include "proxy/upstream/addresses.h"

namespace proxy::redis {

/// One socket to the server, with TLS or without: bytes in, bytes out, and its end. It tries addresses
/// that refuse one after the other; how long all that may take its owner says, by closing it. Not to be
/// destroyed from inside a call to its owner, who may close it there. Thread: the loop's.
class Wire {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_open() noexcept = 0;
    virtual void on_bytes(std::string_view bytes) noexcept = 0;
    /// `why` is for the log: fixed words, never the other side's bytes. Not told after close().
    virtual void on_end(std::string_view why) noexcept = 0;
  };

  /// All of them outlive it. `session` is what TLS resumes with.
  Wire(uv_loop_t& loop, const Options& options, upstream::Addresses& addresses,
       net::SslSessionPtr& session, Owner& owner);
  ~Wire() { close(); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// False when no address can be begun with: the owner is not told.
  bool connect() noexcept;
  /// Takes all of `bytes`, or ends the wire (told in a later turn) when there is no memory for them.
  void write(std::string_view bytes) noexcept;
  /// Bytes that the socket has not taken yet.
  std::size_t unsent() const noexcept { return out_.size() - sent_; }
  void close() noexcept;
  bool closed() const noexcept { return state_ == State::kClosed; }
  /// The address at hand is of no use: the next wire begins with another.
  void blame_address() noexcept;

 private:
  enum class State : std::uint8_t { kNew, kConnecting, kHandshaking, kOpen, kClosed };
  static constexpr std::size_t kReceiveBytes = 64 << 10;

  static void on_poll(uv_poll_t* poll, int status, int events) noexcept;
  void on_events(int status, int events) noexcept;
  bool connect_next() noexcept;
  void on_connected() noexcept;
  void shake_hands(std::string_view received) noexcept;
  void receive() noexcept;
  void receive_cipher_text(std::string_view received) noexcept;
  bool push() noexcept;
  void watch(int events) noexcept;
  void end(std::string_view why) noexcept;

  uv_loop_t& loop_;
  const Options& options_;
  upstream::Addresses& addresses_;
  net::SslSessionPtr& session_;
  Owner& owner_;
  net::UniqueFd fd_;
  net::UvHandle<uv_poll_t> poll_;  // closed before fd_
  std::unique_ptr<net::TlsSession> tls_;
  std::unique_ptr<char[]> received_, plain_text_;  // kReceiveBytes each
  core::http::OutBuffer out_;
  std::size_t sent_ = 0;  // of out_
  upstream::Address order_[upstream::Addresses::kTriedMax];
  std::size_t order_size_ = 0, at_ = 0;
  State state_ = State::kNew;
  int watched_ = 0;
  bool broken_ = false;  // nothing more can be sent
};

}  // namespace proxy::redis
