#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

namespace core::http {

/// Bytes on their way out: one buffer a worker, into which every answer of a read is written, so
/// that they leave together. It grows by doubling and keeps what it has, so that it stops growing
/// after warm-up, and it never grows beyond `bytes_max`. Thread: one owner.
class OutBuffer {
 public:
  explicit OutBuffer(std::size_t bytes_max, std::size_t bytes_first = 16 << 10) noexcept
      : bytes_max_(bytes_max), bytes_first_(bytes_first) {}

  /// Room for `size` bytes behind the contents, good until the next reserve(); null when the
  /// contents would exceed the bound or there is no memory. The contents stay in both cases.
  [[nodiscard]] char* reserve(std::size_t size) noexcept {
    if (size <= capacity_ - size_) [[likely]]
      return block_.get() + size_;
    return grow(size);
  }

  /// Makes the first `size` bytes of the room part of the contents.
  void commit(std::size_t size) noexcept { size_ += size; }

  /// False, and nothing appended, where reserve() would answer null.
  [[nodiscard]] bool append(std::string_view bytes) noexcept {
    if (bytes.empty()) return true;
    char* const room = reserve(bytes.size());
    if (room == nullptr) return false;
    std::memcpy(room, bytes.data(), bytes.size());
    commit(bytes.size());
    return true;
  }

  /// Takes back what was appended behind the first `size` bytes.
  void truncate(std::size_t size) noexcept { size_ = std::min(size_, size); }
  /// Takes out what lies from `begin` to `end`, both within the contents.
  void cut(std::size_t begin, std::size_t end) noexcept {
    if (begin == end) return;
    std::memmove(block_.get() + begin, block_.get() + end, size_ - end);
    size_ -= end - begin;
  }
  void clear() noexcept { size_ = 0; }

  /// Good until the next reserve() or append().
  std::string_view view() const noexcept { return {block_.get(), size_}; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  struct Free {
    void operator()(char* block) const noexcept { std::free(block); }
  };

  char* grow(std::size_t size) noexcept {
    if (size_ > bytes_max_ || size > bytes_max_ - size_) return nullptr;
    const std::size_t wanted = std::max({size_ + size, bytes_first_, capacity_ * 2});
    const std::size_t capacity = std::min(wanted, bytes_max_);
    auto* const block = static_cast<char*>(std::realloc(block_.get(), capacity));
    if (block == nullptr) return nullptr;
    static_cast<void>(block_.release());  // realloc has taken it
    block_.reset(block);
    capacity_ = capacity;
    return block + size_;
  }

  std::unique_ptr<char, Free> block_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::size_t bytes_max_;
  std::size_t bytes_first_;
};

}  // namespace core::http
