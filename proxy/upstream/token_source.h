#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/upstream/call.h"
#include "proxy/upstream/deadlines.h"
#include "proxy/upstream/options.h"

namespace proxy::upstream {

/// A backend's OAuth 2.0 token (RFC 6749, 4.4: client credentials), one for each worker. Fetched by one
/// call at a time, through the same pools and deadlines as everything else; renewed `refresh_early`
/// before it ends while the old one is still in use, so that questions do not wait for it; one that
/// nobody used meanwhile is renewed behind the next question. `expires_in` (RFC 6749, 5.1) of 0 or
/// below is for those who wait and not kept; without one, or with one that is no number, a token is
/// kept for kLifetimeMs. After a
/// failure nobody asks again for a time that doubles from 1 s to 30 s. Thread: the loop's.
class TokenSource {
 public:
  enum class Answer : std::uint8_t {
    kReady,  // token() is there
    kWait,   // the call is in line; Call::on_token() follows
    kNone,   // not to be had now
  };
  static constexpr std::uint64_t kTryMs = 5'000;     // the token server's time for one try
  static constexpr std::uint64_t kFetchMs = 10'000;  // and for all
  static constexpr std::uint64_t kRefusedMs = 10'000;
  static constexpr std::uint64_t kLifetimeMs = 300'000;  // when the server names none
  static constexpr std::size_t kTokenBytesMax = 8 << 10;

  TokenSource(Switchboard& board, const Backend& owner);
  ~TokenSource();
  TokenSource(const TokenSource&) = delete;
  TokenSource& operator=(const TokenSource&) = delete;

  Answer want(Call& call) noexcept;
  /// The backend has refused the token of this number with 401. Renewed at most once in kRefusedMs on
  /// that account: a backend that refuses every token gets no storm of them.
  Answer refused(std::uint64_t number, Call& call) noexcept;
  void leave(Call& call) noexcept { waiting_.remove(call); }

  std::string_view token() const noexcept { return token_; }
  std::uint64_t number() const noexcept { return number_; }

  bool same_as(const OauthOptions& options) const;
  void adopt(const OauthOptions& options) { options_ = options; }
  /// No token is needed any more.
  void release_waiting() noexcept;
  void hand_waiting_to(TokenSource& other) noexcept;
  void stop() noexcept;
  void sweep() noexcept;
  Backend& backend() noexcept { return *backend_; }

 private:
  bool valid() const noexcept;
  void fetch() noexcept;
  void on_fetched(const Outcome& outcome) noexcept;
  bool take(const Outcome& outcome, std::string& why);
  void on_refresh_due() noexcept;

  Switchboard& board_;
  const std::string owner_;  // the backend's name
  BackendCounters& counters_;
  OauthOptions options_;
  std::unique_ptr<Backend> backend_;  // the token server
  Deadline refresh_deadline_;
  CallList waiting_;
  std::string token_;
  std::uint64_t number_ = 0;
  std::uint64_t valid_until_ms_ = 0;
  std::uint64_t refresh_ms_ = 0;     // from when on it is to be renewed
  std::uint64_t not_before_ms_ = 0;  // after a failure
  std::uint64_t refused_ms_ = 0;     // when one was renewed for a 401; 0: never
  std::uint64_t fetch_id_ = 0;       // the call under way
  unsigned failures_ = 0;            // in a row
  bool used_ = false;                // since it was fetched
};

}  // namespace proxy::upstream
