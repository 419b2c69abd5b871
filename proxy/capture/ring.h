#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "core/rules/verdict.h"

namespace proxy::capture {

/// What became of a captured request: numbers only, as in the access log. Names come from the
/// snapshot of its generation when the line is written.
struct Record {
  std::int64_t time_us = 0;  // since 1970
  std::uint32_t generation = 0;
  std::int32_t rule = core::rules::Verdict::kNoRule;
  std::uint16_t connector = 0;
  std::uint8_t step = 0;
  std::uint8_t outcome = 0;
};

/// Captured requests of one worker on their way to the writer, bodies included: one producer, one
/// consumer, no lock, a fixed block of memory. A record and its body lie in one piece; what does
/// not fit in front of the block's end begins anew at its start.
class Ring {
 public:
  static constexpr std::size_t kBytes = 1 << 20;            // a power of two
  static constexpr std::size_t kBodyBytesMax = kBytes / 4;  // a larger body is never captured

  Ring() : bytes_(new char[kBytes]) {}

  /// Producer. False when there is no room, or the body is too large: the request is counted as
  /// lost.
  bool push(const Record& record, std::string_view body) noexcept {
    const std::size_t size = padded(sizeof(Head) + body.size());
    const std::uint64_t at = produced_.load(std::memory_order_relaxed);
    const std::size_t to_end = kBytes - static_cast<std::size_t>(at % kBytes);
    const std::size_t skipped = size <= to_end ? 0 : to_end;
    if (body.size() > kBodyBytesMax || !has_room(at, skipped + size)) {
      dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return false;
    }
    if (skipped != 0) write_head(at, {kSkip, {}});
    const std::uint64_t begin = at + skipped;
    write_head(begin, {static_cast<std::uint32_t>(body.size()), record});
    std::memcpy(&bytes_[begin % kBytes] + sizeof(Head), body.data(), body.size());
    produced_.store(begin + size, std::memory_order_release);
    return true;
  }

  /// Producer: true when the writer should not wait for its time.
  bool wants_writer() const noexcept {
    return produced_.load(std::memory_order_relaxed) - seen_consumed_ > kBytes / 2;
  }

  /// Consumer: hands each waiting record and its body to `take`, and makes room behind each.
  template <typename Take>
  std::size_t drain(Take take) {
    std::size_t count = 0;
    std::uint64_t at = consumed_.load(std::memory_order_relaxed);
    const std::uint64_t last = produced_.load(std::memory_order_acquire);
    while (at != last) {
      Head head;
      const std::size_t place = static_cast<std::size_t>(at % kBytes);
      std::memcpy(&head, &bytes_[place], sizeof head);
      if (head.body_bytes == kSkip) {
        at += kBytes - place;
      } else {
        take(head.record, std::string_view(&bytes_[place] + sizeof head, head.body_bytes));
        at += padded(sizeof head + head.body_bytes);
        ++count;
      }
      consumed_.store(at, std::memory_order_release);
    }
    return count;
  }
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Head {
    std::uint32_t body_bytes;
    Record record;
  };
  static constexpr std::uint32_t kSkip = 0xFFFFFFFF;  // up to the end of the block: nothing
  static constexpr std::size_t kUnit = 64;            // so that a head always fits before the end
  static_assert(sizeof(Head) <= kUnit);

  static constexpr std::size_t padded(std::size_t size) {
    return (size + kUnit - 1) / kUnit * kUnit;
  }
  bool has_room(std::uint64_t at, std::size_t size) noexcept {
    if (at + size - seen_consumed_ <= kBytes) return true;
    seen_consumed_ = consumed_.load(std::memory_order_acquire);
    return at + size - seen_consumed_ <= kBytes;
  }
  void write_head(std::uint64_t at, const Head& head) noexcept {
    std::memcpy(&bytes_[at % kBytes], &head, sizeof head);
  }

  std::unique_ptr<char[]> bytes_;
  alignas(64) std::atomic<std::uint64_t> produced_{0};
  std::uint64_t seen_consumed_ = 0;  // the producer's last look
  std::atomic<std::uint64_t> dropped_{0};
  alignas(64) std::atomic<std::uint64_t> consumed_{0};
};

}  // namespace proxy::capture
