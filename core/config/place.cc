#include "core/config/place.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace core::config {
namespace {

constexpr std::size_t kUnknown = std::string_view::npos;

struct Step {
  std::size_t read;   // bytes of the file
  std::size_t wrote;  // bytes of the value
};

std::size_t utf8_length(std::uint32_t code_point) {
  return code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
}

/// One escape sequence of a double-quoted scalar (YAML 1.2.2, 5.7); `at` is its backslash.
Step escape_at(std::string_view file, std::size_t at) {
  if (at + 1 >= file.size()) return {1, 0};
  switch (file[at + 1]) {
    case 'N':
    case '_':
      return {2, 2};  // U+0085, U+00A0
    case 'L':
    case 'P':
      return {2, 3};  // U+2028, U+2029
    case 'x':
    case 'u':
    case 'U': {
      const std::size_t digits = file[at + 1] == 'x' ? 2 : file[at + 1] == 'u' ? 4 : 8;
      std::uint32_t code_point = 0;
      const char* const begin = file.data() + at + 2;
      std::from_chars(begin, begin + std::min(digits, file.size() - at - 2), code_point, 16);
      return {2 + digits, utf8_length(code_point)};
    }
    default:
      return {2, 1};
  }
}

}  // namespace

std::size_t end_of_quoted(std::string_view file, std::size_t begin) {
  const char quote = file[begin];
  for (std::size_t i = begin + 1; i < file.size(); ++i) {
    if (quote == '"' && file[i] == '\\') {
      ++i;
    } else if (file[i] == quote) {
      if (quote == '\'' && i + 1 < file.size() && file[i + 1] == quote) {
        ++i;
      } else {
        return i + 1;
      }
    }
  }
  return kUnknown;
}

std::size_t offset_inside(std::string_view file, std::size_t begin, std::size_t offset,
                          bool unescape) {
  if (begin >= file.size()) return kUnknown;
  const char quote = file[begin];
  const bool quoted = quote == '"' || quote == '\'';
  if (quote == '|' || quote == '>') return kUnknown;
  std::size_t at = begin + (quoted ? 1 : 0);
  for (std::size_t wrote = 0; wrote < offset;) {
    if (at >= file.size() || file[at] == '\n' || file[at] == '\r') return kUnknown;
    Step step{1, 1};
    if (quote == '"' && file[at] == '\\') {
      if (at + 1 < file.size() && (file[at + 1] == '\n' || file[at + 1] == '\r')) return kUnknown;
      step = escape_at(file, at);
    } else if (quote == '\'' && file[at] == quote) {
      if (at + 1 >= file.size() || file[at + 1] != quote) return kUnknown;
      step.read = 2;
    } else if (quote == '"' && file[at] == quote) {
      return kUnknown;
    } else if (unescape && file.substr(at, 3) == "$${") {
      step = {2, 1};
    }
    if (wrote + step.wrote > offset) return at;  // in the middle of an escaped character
    wrote += step.wrote;
    at += step.read;
  }
  return std::min(at, file.size());
}

Mark mark_inside(const Diagnostics& diagnostics, const Text& text, std::size_t offset) {
  if (text.mark.line == 0 || text.secret) return text.mark;
  const std::size_t at = offset_inside(diagnostics.text(text.mark.file),
                                       diagnostics.offset_of(text.mark), offset, true);
  return at == kUnknown ? text.mark : diagnostics.mark_at(text.mark.file, at);
}

std::size_t written_length(const Diagnostics& diagnostics, const Text& text) {
  if (text.mark.line == 0) return 1;
  const std::string_view file = diagnostics.text(text.mark.file);
  const std::size_t begin = diagnostics.offset_of(text.mark);
  if (begin >= file.size()) return 1;
  std::size_t line_end = std::min(file.find('\n', begin), file.size());
  while (line_end > begin && (file[line_end - 1] == ' ' || file[line_end - 1] == '\r')) --line_end;
  std::size_t end = line_end;
  if (file[begin] == '"' || file[begin] == '\'') {
    end = std::min(end_of_quoted(file, begin), line_end);
  } else if (!text.secret) {
    const std::size_t behind = offset_inside(file, begin, text.value.size(), true);
    if (behind != kUnknown) end = std::min(behind, line_end);
  } else {
    end = std::min(file.find(" #", begin), line_end);
  }
  return std::max<std::size_t>(end - begin, 1);
}

}  // namespace core::config
