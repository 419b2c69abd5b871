#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace core::rules {

/// Literals to be found anywhere in a text, ASCII letter case ignored, all in one pass over the
/// text. Each literal is filed under its rarest three bytes; the pass looks three bytes up at each
/// place, most of which a bitmap of 4 KiB refuses (1 ns a byte), and compares the few literals
/// filed there. Immutable; any thread.
class LiteralTable {
 public:
  static constexpr std::size_t kBytesMin = 3;

  LiteralTable() = default;
  /// Literals of at least kBytesMin bytes, different from each other and in ASCII lower case, each
  /// with the number it stands for.
  explicit LiteralTable(const std::vector<std::pair<std::string_view, std::uint32_t>>& literals);

  bool empty() const noexcept { return literals_.empty(); }
  std::size_t size() const noexcept { return literals_.size(); }
  std::uint32_t number(std::uint32_t literal) const noexcept { return literals_[literal].number; }

  /// Calls found(literal, number) at each place where a literal stands; `literal` counts from 0.
  template <typename Found>
  void scan(std::string_view text, Found&& found) const noexcept {
    std::uint32_t gram = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      gram = ((gram << 8) | fold(text[i])) & 0xFFFFFF;
      if (i + 1 < kBytesMin) continue;
      const std::uint32_t hash = hash_of(gram);
      if (((filter_[hash >> 23] >> ((hash >> 17) & 63)) & 1) == 0) continue;
      for (std::size_t slot = (hash >> 8) & mask_; slots_[slot].count != 0;
           slot = (slot + 1) & mask_) {
        if (slots_[slot].gram != gram) continue;
        for (std::uint32_t at = slots_[slot].first; at < slots_[slot].first + slots_[slot].count;
             ++at) {
          if (stands(literals_[at], text, i + 1 - kBytesMin)) found(at, literals_[at].number);
        }
        break;
      }
    }
  }

 private:
  struct Literal {
    std::size_t offset;
    std::uint32_t size;
    std::uint32_t gram_at;  // where in the literal the three bytes stand
    std::uint32_t number;
  };
  struct Slot {
    std::uint32_t gram = 0;
    std::uint32_t first = 0;
    std::uint32_t count = 0;  // 0: an empty slot
  };
  static std::uint32_t fold(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return static_cast<unsigned char>(byte - 'A') < 26 ? byte | 0x20U : byte;
  }
  static std::uint32_t hash_of(std::uint32_t gram) noexcept { return gram * 0x9E3779B1U; }
  static std::uint32_t gram_of(std::string_view literal, std::size_t at) noexcept;
  bool stands(const Literal& literal, std::string_view text, std::size_t gram_at) const noexcept;

  std::array<std::uint64_t, 512> filter_{};
  std::vector<Slot> slots_;
  std::vector<Literal> literals_;  // those of one slot side by side
  std::string texts_;
  std::size_t mask_ = 0;
};

}  // namespace core::rules
