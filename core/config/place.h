#pragma once

#include <cstddef>
#include <string_view>

#include "core/config/config.h"
#include "core/config/diagnostics.h"

/// From a byte of a value back to the byte of the file that wrote it.
namespace core::config {

/// The place of byte `offset` of the text's value: exact when the text is written on one line,
/// plain or quoted, without ${env:} and ${file:}; else the place where the text begins. `offset`
/// may be value.size(), the place right behind the last character.
Mark mark_inside(const Diagnostics& diagnostics, const Text& text, std::size_t offset);

/// How many bytes of the file the text takes, quotation marks included, to the end of its first
/// line at most: what to underline. At least 1.
std::size_t written_length(const Diagnostics& diagnostics, const Text& text);

/// The byte of `file` behind the scalar that begins at `begin`, when it is quoted: behind its
/// closing quotation mark, npos when there is none.
std::size_t end_of_quoted(std::string_view file, std::size_t begin);

/// The byte of `file` that wrote byte `offset` of the value of the scalar at `begin`, or npos when
/// it cannot be told. `unescape`: the value has "${" where the file has "$${".
std::size_t offset_inside(std::string_view file, std::size_t begin, std::size_t offset,
                          bool unescape);

}  // namespace core::config
