#include "benchmarks/peers/floor/block_set.h"

#include <algorithm>
#include <memory>

#include "benchmarks/whole_file.h"

namespace peers {

std::optional<BlockSet> BlockSet::load(const std::string& path) {
  auto text = read_whole_file(path);
  if (!text) return std::nullopt;
  BlockSet set;
  set.text_ = std::make_unique<std::string>(std::move(*text));
  std::string_view rest = *set.text_;
  set.entries_.reserve(static_cast<std::size_t>(std::count(rest.begin(), rest.end(), '\n')) + 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (end > 0) set.entries_.insert(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return set;
}

}  // namespace peers
