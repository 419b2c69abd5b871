#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

/// What lists are measured with: made-up entries, and values that are or are not among them.
namespace list_values {

/// "anna.k1234@example7.com": 22 to 30 bytes, in normal form.
inline void append_address(std::string& to, std::size_t i) {
  static constexpr std::string_view kNames[] = {"anna", "mohammed", "li", "kristina", "jo"};
  to += kNames[i % 5];
  to += ".k";
  to += std::to_string(i);
  to += "@example";
  to += std::to_string(i % 97);
  to += ".com";
}

inline void append_domain(std::string& to, std::size_t i) {
  to += "company";
  to += std::to_string(i);
  to += i % 3 == 0 ? ".co.test" : ".example";
}

using Append = void (*)(std::string&, std::size_t);

/// The file of a list of `count` entries.
inline std::string file_of(Append append, std::size_t count) {
  std::string contents;
  for (std::size_t i = 0; i < count; ++i) {
    append(contents, 2 * i);
    contents += '\n';
  }
  return contents;
}

/// `count` different values, one after the other in memory and in random order. Entries have even
/// numbers and strangers odd ones, so that a length tells nothing.
class Values {
 public:
  Values(Append append, bool present, std::size_t count) {
    std::vector<std::size_t> order(count);
    for (std::size_t i = 0; i < count; ++i) order[i] = 2 * i + (present ? 0 : 1);
    std::shuffle(order.begin(), order.end(), std::mt19937_64(1));
    for (const std::size_t i : order) {
      const std::size_t begin = text_.size();
      append(text_, i);
      ends_.push_back({begin, text_.size() - begin});
    }
  }
  std::string_view next() {
    const Place place = ends_[next_];
    next_ = next_ + 1 == ends_.size() ? 0 : next_ + 1;
    return {text_.data() + place.begin, place.size};
  }

 private:
  struct Place {
    std::size_t begin, size;
  };
  std::string text_;
  std::vector<Place> ends_;
  std::size_t next_ = 0;
};

}  // namespace list_values
