#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace proxy {

/// Records of one worker, each with a body, on their way to a thread that writes them: one producer, one
/// consumer, no lock, a fixed block of memory. A record and its body lie in one piece; what does not fit
/// in front of the block's end begins anew at its start.
template <typename Record>
class ByteRing {
 public:
  static constexpr std::size_t kBytesMin = 64 << 10;

  /// `bytes` is a power of two, at least kBytesMin.
  explicit ByteRing(std::size_t bytes) : size_(bytes), bytes_(new char[bytes]) {}

  /// A larger body never fits.
  std::size_t body_bytes_max() const noexcept { return size_ / 4; }

  /// Producer. False when there is no room, or the body is too large: the record is counted as lost.
  bool push(const Record& record, std::string_view body) noexcept {
    const std::size_t size = padded(sizeof(Head) + body.size());
    const std::uint64_t at = produced_.load(std::memory_order_relaxed);
    const std::size_t to_end = size_ - place(at);
    const std::size_t skipped = size <= to_end ? 0 : to_end;
    if (body.size() > body_bytes_max() || !has_room(at, skipped + size)) {
      dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return false;
    }
    if (skipped != 0) write_head(at, {kSkip, {}});
    const std::uint64_t begin = at + skipped;
    write_head(begin, {static_cast<std::uint32_t>(body.size()), record});
    if (!body.empty()) std::memcpy(&bytes_[place(begin)] + sizeof(Head), body.data(), body.size());
    produced_.store(begin + size, std::memory_order_release);
    return true;
  }

  /// Producer: true when the writer should not wait for its time.
  bool wants_writer() const noexcept {
    return produced_.load(std::memory_order_relaxed) - seen_consumed_ > size_ / 2;
  }

  /// Consumer: hands each waiting record and its body to `take`, and makes room behind each.
  template <typename Take>
  std::size_t drain(Take take) {
    std::size_t count = 0;
    std::uint64_t at = consumed_.load(std::memory_order_relaxed);
    const std::uint64_t last = produced_.load(std::memory_order_acquire);
    while (at != last) {
      Head head;
      std::memcpy(&head, &bytes_[place(at)], sizeof head);
      if (head.body_bytes == kSkip) {
        at += size_ - place(at);
      } else {
        take(head.record, std::string_view(&bytes_[place(at)] + sizeof head, head.body_bytes));
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
  std::size_t place(std::uint64_t at) const noexcept {
    return static_cast<std::size_t>(at & (size_ - 1));
  }
  bool has_room(std::uint64_t at, std::size_t size) noexcept {
    if (at + size - seen_consumed_ <= size_) return true;
    seen_consumed_ = consumed_.load(std::memory_order_acquire);
    return at + size - seen_consumed_ <= size_;
  }
  void write_head(std::uint64_t at, const Head& head) noexcept {
    std::memcpy(&bytes_[place(at)], &head, sizeof head);
  }

  const std::size_t size_;
  const std::unique_ptr<char[]> bytes_;
  alignas(64) std::atomic<std::uint64_t> produced_{0};
  std::uint64_t seen_consumed_ = 0;  // the producer's last look
  std::atomic<std::uint64_t> dropped_{0};
  alignas(64) std::atomic<std::uint64_t> consumed_{0};
};

}  // namespace proxy
