#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/state/store.h"

namespace proxy::state {

/// What one of the machines that share a store has, and the others want: a record that its holder writes anew
/// every third of its length. Whoever wants it takes it, by compare-and-set, when its version has not changed for
/// its whole length on the own monotonic clock; no two clocks are compared. The holder counts from when it asked
/// for the last write that was acknowledged, and has it for two thirds of the length, so that it has stopped before
/// another one begins unless clocks differ by a third. What it has begun by then may still be under way.
///
/// A clean stop leaves a record that says that it is free, which is taken at once. One that is gone altogether, because
/// the store has lost it, is waited for like one that does not change: its holder may not know yet. Only whoever has
/// never seen any begins at once.
///
/// Thread: its owner's, which also tells what time it is. Answers of the store wait for the next step(); it may go
/// while one is under way.
class Lease {
 public:
  static constexpr const char* kTable = "leases";
  static constexpr std::uint64_t kPollMsMax = 250;  // of whoever wants it

  /// `holder` is of this machine alone, without a blank; the same `name` is one lease. `wake` is called on a thread
  /// of the store's when there is an answer for step(), and never again behind the destructor.
  Lease(Store& store, std::string name, std::string holder, std::uint64_t length_ms, std::function<void()> wake);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  /// Takes up what was answered and asks what is due: one question at a time.
  void step(std::uint64_t now_ms);
  bool held(std::uint64_t now_ms) const noexcept { return now_ms < held_until_ms_; }
  /// When something changes, or step() has something to ask, unless it is woken before.
  std::uint64_t due_ms() const noexcept;
  /// Gives it back, or wants it no more; held by nobody here from now on. step() does it.
  void release() noexcept;
  /// Whether that is done.
  bool released() const noexcept { return released_; }

 private:
  enum class Question : std::uint8_t { kNone, kRead, kTake, kFree };
  struct Told {
    Failure failure = Failure::kNone;
    Record record;
  };
  struct Mailbox;

  void read();
  void write(std::uint64_t expected, std::uint64_t now_ms);
  void free();
  void took(Failure failure, std::uint64_t now_ms);
  void seen(const Record& record, std::uint64_t now_ms);
  void is_mine(const Record& record, std::uint64_t now_ms);
  void watch(std::uint64_t version, std::uint64_t length_ms, std::uint64_t now_ms);
  void commit(Write write);

  Store& store_;
  const std::string name_, holder_;
  const std::uint64_t length_ms_, poll_ms_, retry_ms_;
  const std::shared_ptr<Mailbox> mailbox_;

  Question question_ = Question::kNone;
  std::uint64_t due_ms_ = 0;
  std::uint64_t held_until_ms_ = 0;
  std::string written_;                   // by the last write that was asked for
  std::uint64_t written_ms_ = 0;          // when
  std::uint64_t number_ = 0;              // of writes
  std::uint64_t renewed_ms_ = 0;          // when the last one was asked for that is known to be there
  std::optional<std::uint64_t> mine_;     // its version, while it is known to be ours
  std::optional<std::uint64_t> watched_;  // the version of another's, or 0 when it was gone
  std::uint64_t watched_ms_ = 0;          // since when
  bool ever_ = false;                     // there was a record once
  bool written_to_ = false;               // and it may be ours
  bool releasing_ = false, released_ = false;
};

}  // namespace proxy::state
