#pragma once

#include <string.h>  // explicit_bzero() is glibc's

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace core {

/// Overwrites what `text` holds, its spare room included, in a way that no optimiser leaves out,
/// and empties it. What earlier, smaller buffers of the same string held is gone from its reach.
inline void wipe(std::string& text) noexcept {
  text.resize(text.capacity());  // does not allocate
  explicit_bzero(text.data(), text.size());
  text.clear();
}

/// A text that is overwritten before its memory is given back: a credential that we hold. Always on
/// the heap, so that moving it leaves no copy behind, as a short std::string would. Immutable.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : bytes_(new char[text.size()]), size_(text.size()) {
    if (!text.empty()) std::memcpy(bytes_.get(), text.data(), text.size());
  }
  Secret(const Secret& other) : Secret(other.view()) {}
  Secret(Secret&& other) noexcept
      : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
  Secret& operator=(Secret other) noexcept {
    bytes_.swap(other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Secret() {
    if (bytes_ != nullptr) explicit_bzero(bytes_.get(), size_);
  }

  std::string_view view() const noexcept { return {bytes_.get(), size_}; }
  bool empty() const noexcept { return size_ == 0; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

}  // namespace core
