#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace core {

/// Scratch memory of one request: a block taken once, handed out by moving a mark, given back as a
/// whole by reset(). It never grows, so the request path never reaches the heap and a request's
/// memory has a bound; allocate() answers null at that bound and the caller gives the request up
/// (its connector's `otherwise`). Untouched pages of the block cost address space, not memory.
/// Thread: one owner.
class Arena {
 public:
  explicit Arena(std::size_t capacity) : block_(new char[capacity]), capacity_(capacity) {}

  /// `size` bytes without alignment, good until reset(); null when they do not fit.
  [[nodiscard]] char* allocate(std::size_t size) noexcept {
    if (size > capacity_ - used_) {
      exhausted_ = true;
      return nullptr;
    }
    char* const bytes = block_.get() + used_;
    used_ += size;
    return bytes;
  }

  /// Takes back the last `size` bytes handed out: for writers that reserve the worst case first.
  void give_back(std::size_t size) noexcept { used_ -= size; }

  /// A copy of `text`, good until reset(); empty with a null data() when it does not fit.
  [[nodiscard]] std::string_view copy(std::string_view text) noexcept {
    char* const bytes = allocate(text.size());
    if (bytes == nullptr) return {};
    std::memcpy(bytes, text.data(), text.size());
    return {bytes, text.size()};
  }

  /// Takes back all that was handed out since used() was `used`.
  void rewind(std::size_t used) noexcept {
    used_ = used;
    exhausted_ = false;
  }

  void reset() noexcept {
    used_ = 0;
    exhausted_ = false;
  }
  /// True once an allocation was refused since the last reset().
  bool exhausted() const noexcept { return exhausted_; }
  std::size_t used() const noexcept { return used_; }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  std::unique_ptr<char[]> block_;
  std::size_t capacity_;
  std::size_t used_ = 0;
  bool exhausted_ = false;
};

}  // namespace core
