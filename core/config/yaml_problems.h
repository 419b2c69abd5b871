#pragma once

#include <cstddef>
#include <cstdint>

#include "core/config/diagnostics.h"
#include "core/config/yaml_tree.h"

namespace YAML {
class Exception;
}

/// What keeps a file from being YAML, said so that it can be put right.
namespace core::config {

/// What was read last before an error: the cause often lies there.
struct LastValue {
  std::size_t end = 0;                 // the byte of the file behind it
  const Node* quoted_lines = nullptr;  // the last quoted text, if it spans lines
};

/// False after reporting bytes that no YAML file may have.
bool check_bytes(std::uint32_t file, Diagnostics& diagnostics);

/// Puts yaml-cpp's complaint into our words, with the mistake that most often leads to it.
void report_syntax_error(const YAML::Exception& exception, std::uint32_t file,
                         const LastValue& last, Diagnostics& diagnostics);

}  // namespace core::config
