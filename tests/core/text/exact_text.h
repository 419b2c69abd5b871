#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace core::text {

/// A copy of a text in a heap block of its very size, so that AddressSanitizer sees a read of one
/// byte too many.
class ExactText {
 public:
  explicit ExactText(std::string_view text) : size_(text.size()), block_(new char[text.size()]) {
    std::memcpy(block_.get(), text.data(), text.size());
  }
  std::string_view view() const { return {block_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<char[]> block_;
};

}  // namespace core::text
