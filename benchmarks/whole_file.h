#pragma once

#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace peers {

/// The bytes of a file; nothing when it cannot be read.
inline std::optional<std::string> read_whole_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace peers
