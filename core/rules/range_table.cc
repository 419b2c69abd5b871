#include "core/rules/range_table.h"

#include <algorithm>
#include <cstring>

namespace core::rules {

RangeTable::RangeTable(std::vector<std::pair<NumberRange, std::uint32_t>> ranges) {
  std::stable_sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) {
    return a.first.min < b.first.min;
  });
  for (const auto& [range, number] : ranges) rows_.push_back({range, number, range.max});
  spread(0, rows_.size());
}

double RangeTable::spread(std::size_t begin, std::size_t end) {
  if (begin >= end) return -std::numeric_limits<double>::infinity();
  const std::size_t middle = begin + (end - begin) / 2;
  Row& row = rows_[middle];
  row.farthest = std::max({row.range.max, spread(begin, middle), spread(middle + 1, end)});
  return row.farthest;
}

NetworkTable::NetworkTable(
    const std::vector<std::pair<lists::Network, std::uint32_t>>& networks) {
  std::vector<std::string> keys;
  keys.reserve(networks.size());
  std::vector<std::pair<std::string_view, std::uint32_t>> entries;
  for (const auto& [network, number] : networks) {
    char room[kKeyBytes];
    keys.emplace_back(key_of(network, room));
    entries.emplace_back(keys.back(), number);
    (network.is_v4 ? lengths_v4_ : lengths_v6_).push_back(network.length);
  }
  for (auto* const lengths : {&lengths_v4_, &lengths_v6_}) {
    std::sort(lengths->begin(), lengths->end());
    lengths->erase(std::unique(lengths->begin(), lengths->end()), lengths->end());
  }
  table_ = KeyTable(entries);
}

std::string_view NetworkTable::key_of(const lists::Network& network, char* room) noexcept {
  std::memcpy(room, network.bytes.data(), network.bytes.size());
  room[16] = static_cast<char>(network.length);
  room[17] = static_cast<char>(network.is_v4 ? 4 : 6);
  return {room, kKeyBytes};
}

}  // namespace core::rules
