#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/callers/key_set.h"
#include "core/callers/token.h"
#include "core/decisions/key.h"

namespace core::callers {

/// Verifies callers' tokens for one worker, and remembers the good ones until they expire, because a
/// caller shows the same for an hour: verifying takes 375,000 instructions (2048 bits), remembering 5,200.
/// What is remembered is a keyed hash of 128 bits (SipHash-2-4), never the token, and for one connector
/// only. Any change of the keys or the configuration forgets all of it. Thread: its worker's, but for
/// the counters.
class TokenVerifier {
 public:
  struct Options {
    std::size_t token_bytes_max = 8 << 10;
    std::size_t remembered_max = 1024;  // tokens; 0: none. Rounded up to a power of two of at least 4
    decisions::Seed seed;               // random
  };
  explicit TokenVerifier(const Options& options);

  /// What it allocates in all, once there are keys: the memory of good tokens, and what reads one.
  static std::size_t bytes(const Options& options) noexcept;

  /// Verifies with these keys from now on; what was remembered is forgotten when they are others. The
  /// first time that there are any, takes its memory. Null stands for none.
  void adopt(std::shared_ptr<const KeyTable> keys);
  /// The policies are others now.
  void forget() noexcept;

  /// kNone for a token that is good. Does not allocate for one that is remembered. `policy` is the same object
  /// from call to call, until forget().
  TokenFault check(std::string_view token, const TokenPolicy& policy, std::int64_t now_s) noexcept;

  /// Why the last token was refused.
  TokenFault fault() const noexcept { return fault_; }
  /// Whether it counts as a guess. Not when it is we who lack keys: those may make it good.
  bool blames_caller() const noexcept { return blames_caller_; }

  /// Any thread.
  struct Counters {
    std::array<std::atomic<std::uint64_t>, kTokenFaultCount> faults{};  // of those refused
    std::atomic<std::uint64_t> verified{0}, remembered{0};
  };
  const Counters& counters() const noexcept { return counters_; }

 private:
  struct Entry {
    decisions::Key hash;
    const TokenPolicy* policy = nullptr;  // null: free
    std::int64_t until_s = 0;
  };
  static constexpr std::size_t kEntriesPerBucket = 4;
  using Bucket = std::array<Entry, kEntriesPerBucket>;
  static std::size_t bucket_count(const Options& options) noexcept;

  TokenFault verify(std::string_view text, const TokenPolicy& policy, std::int64_t now_s,
                    Token& token) noexcept;

  const Options options_;
  std::shared_ptr<const KeyTable> keys_;
  std::unique_ptr<TokenReader> reader_;
  std::vector<Bucket> buckets_;  // a power of two of them, or none
  TokenFault fault_ = TokenFault::kNone;
  bool blames_caller_ = false;
  Counters counters_;
};

}  // namespace core::callers
