#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/lists/network.h"
#include "core/rules/key_table.h"
#include "core/rules/operands.h"

namespace core::rules {

/// Ranges of numbers and the number each one stands for. An interval tree without pointers: the
/// ranges sorted by where they begin, the middle of each stretch its root, with the farthest end of
/// the stretch beside it. A look-up costs the logarithm of how many there are and the ranges found.
/// Immutable; any thread.
class RangeTable {
 public:
  RangeTable() = default;
  explicit RangeTable(std::vector<std::pair<NumberRange, std::uint32_t>> ranges);

  bool empty() const noexcept { return rows_.empty(); }
  /// Calls found(number) for each range that `value`, which is finite, is in.
  template <typename Found>
  void find(double value, Found&& found) const noexcept {
    visit(0, rows_.size(), value, found);
  }

 private:
  struct Row {
    NumberRange range;
    std::uint32_t number = 0;
    double farthest = 0;  // the greatest max of the stretch that this is the middle of
  };
  double spread(std::size_t begin, std::size_t end);

  template <typename Found>
  void visit(std::size_t begin, std::size_t end, double value, Found& found) const noexcept {
    while (begin < end) {
      const std::size_t middle = begin + (end - begin) / 2;
      const Row& row = rows_[middle];
      if (row.farthest < value) return;
      visit(begin, middle, value, found);
      if (row.range.min > value) return;  // as those behind it
      if (row.range.has(value)) found(row.number);
      begin = middle + 1;
    }
  }

  std::vector<Row> rows_;
};

/// IP networks and the number each one stands for: one look-up for each length of prefix there is.
/// Immutable; any thread.
class NetworkTable {
 public:
  NetworkTable() = default;
  explicit NetworkTable(const std::vector<std::pair<lists::Network, std::uint32_t>>& networks);

  bool empty() const noexcept { return table_.empty(); }
  /// Calls found(number) for each network that `address` is in.
  template <typename Found>
  void find(const lists::Network& address, Found&& found) const noexcept {
    for (const std::uint8_t length : address.is_v4 ? lengths_v4_ : lengths_v6_) {
      if (length > address.length) return;
      char room[kKeyBytes];
      const std::uint32_t number = table_.find(key_of(address.cut(length), room));
      if (number != KeyTable::kNone) found(number);
    }
  }

 private:
  static constexpr std::size_t kKeyBytes = 18;
  static std::string_view key_of(const lists::Network& network, char* room) noexcept;

  std::vector<std::uint8_t> lengths_v4_, lengths_v6_;  // ascending
  KeyTable table_;
};

}  // namespace core::rules
